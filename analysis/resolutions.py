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
from demoscope.replies import Reply
from demoscope.tables import read_table, write_new_table

KEY = ("respondent", "question", "replicate")
"""Columns by which a decision finds its reply again."""

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
    replicate: int = 0
    """Repetition of the question, from 0."""


@dataclass(frozen=True)
class Unread:
    """One reply that no rule could read."""

    reply: Reply
    reason: str
    """Why, in the words of the store."""

    @property
    def whole(self) -> str:
        """What the model said, the explanation included."""
        return (
            f"{self.reply.answer}\nExplanation: {self.reply.explanation}"
            if self.reply.explanation
            else self.reply.answer
        )


@dataclass(frozen=True)
class Resolved:
    """Choices with the resolutions merged in."""

    choices: Integers
    """(n_runs, n_questions) columns; -1 where there still is none."""
    merged: int
    """Replies that a resolution gave a choice."""
    invalid: int
    """Replies that people found to mean nothing."""


def read_resolutions(path: Path) -> tuple[Resolution, ...]:
    """Read a CSV with the columns ``respondent``, ``question`` and ``code``, a number or the word ``invalid``.

    A column ``replicate`` tells repetitions of a question apart; without it all are about the first. Rows whose
    ``code`` is empty are not decided yet and are left out.

    Raises
    ------
    DocumentError
        If the file cannot be read, lacks a column, holds something else in one, or decides one reply twice; the
        message names the line.
    """
    found: list[Resolution] = []
    seen: dict[tuple[int, str, int], int] = {}
    for line, row in read_table(path, ["respondent", "question", "code"], ["replicate"]):
        where = f"{path}:{line}"
        if not row["code"]:
            continue
        if not row["respondent"].isdecimal():
            raise DocumentError(f"{where}: respondent must be a number from 1, got {row['respondent']!r}.")
        if row["replicate"] and not row["replicate"].isdecimal():
            raise DocumentError(f"{where}: replicate must be a number from 0, got {row['replicate']!r}.")
        key = (int(row["respondent"]), row["question"], int(row["replicate"] or 0))
        if key in seen:
            raise DocumentError(
                f"{where}: respondent {key[0]}'s reply to {key[1]!r} is decided on line {seen[key]} already; "
                "keep one."
            )
        seen[key] = line
        found.append(Resolution(key[0], key[1], _code(row["code"], where), key[2]))
    return tuple(found)


def write_unread(path: Path, unread: Sequence[Unread]) -> None:
    """Write a CSV of replies that no rule could read, with an empty column ``code`` for people to fill in.

    Raises
    ------
    DocumentError
        If the file cannot be written or there already is one, which may hold somebody's work.
    """
    rows = (
        (u.reply.key.respondent, u.reply.key.question, u.reply.key.replicate, u.reply.asked, u.whole, u.reason, "")
        for u in unread
    )
    write_new_table(path, [*KEY, "asked", "reply", "reason", "code"], rows, "decisions")


def resolve(
    choices: ArrayLike,
    resolutions: Sequence[Resolution],
    respondents: Sequence[int],
    questions: Sequence[str],
    codes: ArrayLike,
    replicates: Sequence[int] | None = None,
) -> Resolved:
    """Merge resolutions into the choices that were understood automatically.

    Parameters
    ----------
    choices : array_like of int, shape (n_runs, n_questions)
        Columns, -1 where nothing was understood.
    resolutions : sequence of Resolution
        What people decided; those of other respondents are left alone.
    respondents : sequence of int, length n_runs
        Number in the store of whoever made each run.
    questions : sequence of str, length n_questions
        Their names.
    codes : array_like, shape (n_questions, n_options)
        Code of each column, as ``Scales.codes``.
    replicates : sequence of int, length n_runs, optional
        Which repetition each run is; the first when absent.

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
    repeats = replicates if replicates is not None else [0] * len(respondents)
    rows = {run: row for row, run in enumerate(zip(respondents, repeats, strict=True))}
    columns = {name: column for column, name in enumerate(questions)}
    merged = invalid = 0
    for each in resolutions:
        who = f"The resolution for respondent {each.respondent}, question {each.question!r}"
        if (each.respondent, each.replicate) not in rows:
            continue
        if each.question not in columns:
            raise DocumentError(f"{who}: there is no such question; check its name.")
        row, column = rows[each.respondent, each.replicate], columns[each.question]
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
