"""The people of a draw as a file."""

from pathlib import Path
from typing import Literal

from demoscope.errors import DocumentError
from personas.people import People


def write_people(people: People, path: Path, how: Literal["csv", "parquet"]) -> None:
    """Write one row a person: number, attributes as codes and numbers, place, weight.

    Raises
    ------
    DocumentError
        If the file cannot be written.
    """
    frame = people.frame()
    try:
        if how == "csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_parquet(path, index=False)
    except OSError as error:
        raise DocumentError(f"{path}: cannot be written ({error.strerror or error}).") from None
