"""What people decide about replies that no rule could read (`resolutions.csv`), merged into the choices.

Answers stay as they are; a resolution stands beside them, and counts are automatic plus resolved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import NOTHING, Integers
from demoscope.errors import DocumentError
from demoscope.tables import read_table

INVALID = "invalid"
"""Stands in the column ``code`` when a person could not read the reply either."""


@dataclass(frozen=True)
class Resolution:
    """One decision about one reply."""

    respondent: int
    """Number of the respondent in the store, from 1."""
    question: str
    """Name of the question."""
    code: int | None
    """Code of the option that the reply means; ``None`` when it means none."""


@dataclass(frozen=True)
class Resolved:
    """Choices with the resolutions merged in."""

    choices: Integers
    """(n_respondents, n_questions) columns; -1 where there still is none."""
    merged: int
    """Replies that a resolution gave a choice."""
    invalid: int
    """Replies that people found to mean nothing."""


def read_resolutions(path: Path) -> tuple[Resolution, ...]:
    """Read a CSV with the columns ``respondent``, ``question`` and ``code``, a number or the word ``invalid``.

    Raises
    ------
    DocumentError
        If the file cannot be read, lacks a column, holds something else in one, or decides one reply twice; the
        message names the line.
    """
    found: list[Resolution] = []
    seen: dict[tuple[int, str], int] = {}
    for line, row in read_table(path, ["respondent", "question", "code"]):
        where = f"{path}:{line}"
        if not row["respondent"].isdigit():
            raise DocumentError(f"{where}: respondent must be a number from 1, got {row['respondent']!r}.")
        key = (int(row["respondent"]), row["question"])
        if key in seen:
            raise DocumentError(
                f"{where}: respondent {key[0]}'s reply to {key[1]!r} is decided on line {seen[key]} already; "
                "keep one."
            )
        seen[key] = line
        found.append(Resolution(*key, _code(row["code"], where)))
    return tuple(found)


def resolve(
    choices: ArrayLike,
    resolutions: Sequence[Resolution],
    respondents: Sequence[int],
    questions: Sequence[str],
    codes: ArrayLike,
) -> Resolved:
    """Merge resolutions into the choices that were understood automatically.

    Parameters
    ----------
    choices : array_like of int, shape (n_respondents, n_questions)
        Columns, -1 where nothing was understood.
    resolutions : sequence of Resolution
        What people decided; those of other respondents are left alone.
    respondents : sequence of int, length n_respondents
        Their numbers in the store.
    questions : sequence of str, length n_questions
        Their names.
    codes : array_like, shape (n_questions, n_options)
        Code of each column, as ``Scales.codes``.

    Returns
    -------
    Resolved

    Raises
    ------
    DocumentError
        If a resolution names a question or code that there is not, or a reply that was understood.

    >>> found = resolve([[0], [-1]], [Resolution(8, "trust", 2)], [7, 8], ["trust"], [[1, 2]])
    >>> found.choices.tolist(), found.merged
    ([[0], [1]], 1)
    """
    table, labels = np.array(choices, dtype=np.int64), np.asarray(codes, dtype=np.float64)
    rows = {number: row for row, number in enumerate(respondents)}
    columns = {name: column for column, name in enumerate(questions)}
    merged = invalid = 0
    for each in resolutions:
        who = f"The resolution for respondent {each.respondent}, question {each.question!r}"
        if each.respondent not in rows:
            continue
        if each.question not in columns:
            raise DocumentError(f"{who}: there is no such question; check its name.")
        row, column = rows[each.respondent], columns[each.question]
        if table[row, column] != NOTHING:
            raise DocumentError(f"{who}: the reply was understood, so there is nothing to resolve. Remove the line.")
        if each.code is None:
            invalid += 1
            continue
        place = np.flatnonzero(labels[column] == each.code)
        if not len(place):
            offered = ", ".join(f"{code:g}" for code in labels[column] if not np.isnan(code))
            raise DocumentError(f"{who}: there is no code {each.code}; the question's are {offered}.")
        table[row, column] = place[0]
        merged += 1
    return Resolved(table, merged, invalid)


def _code(text: str, where: str) -> int | None:
    if text.casefold() == INVALID:
        return None
    try:
        return int(text)
    except ValueError:
        raise DocumentError(f"{where}: code must be a whole number or the word {INVALID}, got {text!r}.") from None
