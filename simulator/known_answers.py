"""Waves about real people: what they are known to have answered, and what follows from it for the wave."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from demoscope.documents import Document
from demoscope.errors import DocumentError
from surveys import Questionnaire
from surveys.statements import KnownAnswers, as_questionnaire, read_known_answers, statement_sets

SUFFIX = "_statements"
"""Ends the id of a questionnaire whose answers became statements."""


class KnownAnswersSource(Document):
    """Table of what real people answered: one of them a row, a column of option codes for each question.

    >>> KnownAnswersSource(file="people.csv", row="id", columns={"trust": "Q57"}).restricted
    False
    """

    file: str = Field(min_length=1, pattern=r"^[^\x00]+$")
    """CSV, TSV or Parquet, relative to the wave's own folder. Codes that the questionnaire does not have count as
    not known."""
    row: str = Field(min_length=1)
    """Column that identifies a person, as the `row` of the population's microdata does."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Question -> column with its codes, where the column is not called as the question."""
    restricted: bool = False
    """Whether the terms of the file forbid passing its rows on; the store says so."""


def read_people(
    source: KnownAnswersSource, questionnaire: Questionnaire, folder: Path
) -> tuple[Questionnaire, KnownAnswers]:
    """The questionnaire as statements, and who is known to agree with which.

    Raises
    ------
    DocumentError
        If the table cannot be read, or no question can become statements.
    """
    sets = statement_sets(questionnaire)
    unknown = [question for question in source.columns if question not in sets.questions]
    if unknown:
        raise DocumentError(f"columns: {unknown[0]!r} is no question of {questionnaire.id!r} that has statements.")
    path = folder / Path(source.file).expanduser()
    known = read_known_answers(path, sets, row=source.row, columns=source.columns)
    title = f"{questionnaire.title}, as statements"
    return as_questionnaire(sets, f"{questionnaire.id[:60]}{SUFFIX}", title, questionnaire.source), known


def check_people(known: KnownAnswers, population: str, rows: Iterable[str | None] | None) -> None:
    """Refuse people of whom nothing can be known: those who are no row of the table.

    Parameters
    ----------
    rows : iterable of str or None
        Row of the microdata that each person of the wave was taken from; ``None`` when they come from none.

    Raises
    ------
    DocumentError
        With who it is, and what to do.
    """
    if rows is None:
        raise DocumentError(
            f"they are answers of real people, and nobody in {population!r} comes from microdata; take the people "
            "from a file, with the column that identifies them as `row`."
        )
    for row in rows:
        if row is None or row not in known:
            raise DocumentError(
                f"{known.source} has no row {row!r}, a person of {population!r}; name the column that identifies "
                "people as `row` here and in the population's microdata."
            )
