"""A reference written as a document and its table of counts, without anybody's row."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from demoscope.errors import DocumentError
from surveys.reference import ReferenceCounts


def write_reference(counted: ReferenceCounts, path: Path) -> Path:
    """Write a reference that :func:`surveys.reference.read_reference` reads again, and say where its table is.

    Parameters
    ----------
    counted : ReferenceCounts
        The reference, such as one that was counted from a survey's own file.
    path : Path
        The document, ending in ``.yaml``; its table of the same name, ending in ``.csv``, is written beside it.

    Raises
    ------
    DocumentError
        If the path ends otherwise, one of the two files is there already, or cannot be written.
    """
    if path.suffix != ".yaml":
        raise DocumentError(f"{path}: a reference is a document that ends in .yaml; its table is written beside it.")
    table = path.with_suffix(".csv")
    for file in (path, table):
        if file.exists():
            raise DocumentError(f"{file} is there already; move it away, or give another name.")
    content = counted.reference.model_dump(mode="json", exclude_defaults=True) | {"table": table.name}
    names = list(counted.reference.groups)
    rows: list[list[object]] = [
        [one.question, *(dict(one.groups)[name] for name in names), "" if one.code is None else one.code, one.count]
        for one in counted.counts
    ]
    try:
        _write_table(table, [["question", *names, "code", "count"], *rows])
        with path.open("x", encoding="utf-8") as document:
            yaml.safe_dump(content, document, allow_unicode=True, sort_keys=False, width=110)
    except OSError as error:
        raise DocumentError(f"{path}: the reference cannot be written ({error.strerror}).") from None
    return table


def _write_table(path: Path, rows: Iterable[Sequence[object]]) -> None:
    with path.open("x", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
