"""The tables of an evaluation as CSV files in a folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.individual import tables as made
from analysis.individual.evaluated import Evaluated
from analysis.individual.findings import Evaluation, Influence
from analysis.individual.predictions import IN_ORDER
from demoscope.errors import DocumentError
from surveys.statements import KnownAnswers

if TYPE_CHECKING:
    import pandas as pd


def tables(
    evaluation: Evaluation, everybody: Sequence[Evaluated], known: KnownAnswers | None = None
) -> "Iterator[tuple[str, pd.DataFrame]]":
    """Name of a file and its table, for every table of the paper; of some there may be nothing to tell."""
    if known is not None:
        yield "catalogue", made.table_1(known).to_frame()
    yield "accuracy", made.table_4(evaluation)
    yield "people", made.by_person(everybody)
    for form in IN_ORDER:
        yield f"categories_{form}", made.figure_2(evaluation, form)
        yield f"models_by_demonstrations_{form}", made.figure_6(evaluation, form)
    yield "number_of_demonstrations", made.by_number(evaluation)
    yield "statements_and_demographics", made.table_5(evaluation)
    if evaluation.inequity:
        yield "inequity", made.table_2(evaluation)
        yield "inequity_by_dimension", made.table_16(evaluation)
        yield "inequity_changes", made.inequity_changes(evaluation)
        dimensions = dict.fromkeys(each.dimension for one in evaluation.inequity for each in one.dimensions)
        for dimension in dimensions:
            yield f"groups_{file_name(dimension)}", made.figure_7(evaluation, dimension)
    if evaluation.forms:
        yield "crossed_forms", made.table_14(evaluation)
    for one in evaluation.influence:
        yield influence_file(one), made.figure_8(one)
    if evaluation.sweeps:
        yield "neighbours", made.table_20(evaluation)


def write_tables(
    evaluation: Evaluation, everybody: Sequence[Evaluated], folder: Path, known: KnownAnswers | None = None
) -> list[Path]:
    """Write every table that there is something for into a folder, as CSV; returns the files.

    Parameters
    ----------
    known : KnownAnswers, optional
        Everybody whose answers are known, for the size of the catalogue.

    Raises
    ------
    DocumentError
        If the folder cannot be written to.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables(evaluation, everybody, known):
            if table.size:
                table.to_csv(folder / f"{name}.csv", lineterminator="\n")
                written.append(folder / f"{name}.csv")
    except OSError as error:
        raise DocumentError(f"{folder}: the tables cannot be written ({error.strerror or error}).") from None
    return written


def influence_file(found: Influence) -> str:
    """Name of the file of a table of category by category."""
    return f"influence_{file_name(f'{found.model} {found.condition}')}"


def file_name(text: str) -> str:
    """A text as part of the name of a file.

    >>> file_name("Qwen/Qwen2-72B: x")
    'Qwen_Qwen2-72B_x'
    """
    return "_".join("".join(letter if letter.isalnum() or letter in "-." else " " for letter in text).split())
