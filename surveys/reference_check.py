"""What of a survey's file matched the questions and groupings of a mapping."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from demoscope.columns import Column
from demoscope.documents import Document


class ColumnCheck(Document):
    """What stands in the column of a question or a grouping, in rows of the file."""

    name: str
    """Question or grouping."""
    column: str
    matched: dict[str, int]
    """Option or level -> rows; those that nobody has are there with 0."""
    missing: int
    """Rows without an answer: empty, or a value that was named as missing."""
    unmatched: dict[str, int]
    """Value -> rows: neither an option or level nor named as missing."""

    @property
    def rows(self) -> int:
        """Rows that fit an option or a level."""
        return sum(self.matched.values())


class ReferenceCheck(Document):
    """What of a file matched."""

    reference: str
    file: str
    rows: int
    """Rows of the file."""
    counted: int
    """Rows that are counted: those that ``only`` keeps and whose weight is not 0."""
    weighted: float | None
    """Sum of their weights; absent without weights."""
    effective: float | None
    """Kish's effective number of people; absent without weights."""
    questions: tuple[ColumnCheck, ...]
    groups: tuple[ColumnCheck, ...]
    not_in_file: tuple[str, ...]
    """Questions of the questionnaire that no column answers."""
    not_countable: tuple[str, ...]
    """Questions whose answers are no single choice."""

    @property
    def clean(self) -> bool:
        """Whether every value is an option, a level or missing."""
        return not any(one.unmatched for one in (*self.questions, *self.groups))


def check_column(
    name: str,
    column_name: str,
    column: Column,
    found: Sequence[str | None],
    matches: Sequence[bool],
    known: Iterable[str],
    counted: NDArray[np.bool_],
) -> ColumnCheck:
    """What stands in a column, in the rows that are counted.

    Parameters
    ----------
    found : sequence of str or None
        For each distinct value of the column the option or level that it is, the value itself when it is none, and
        ``None`` when it is missing.
    matches : sequence of bool
        For each of them, whether it is one.
    known : iterable of str
        The options or levels that there are.
    counted : array, shape (n_rows,)
        Whether a row is counted.
    """
    rows = np.bincount(column.positions[counted], minlength=len(column.texts)).tolist()
    matched = Counter(dict.fromkeys(known, 0))
    unmatched: Counter[str] = Counter()
    missing = 0
    for value, fits, n in zip(found, matches, rows, strict=True):
        if value is None:
            missing += n
        elif fits:
            matched[value] += n
        elif n:
            unmatched[value] += n
    return ColumnCheck(
        name=name, column=column_name, matched=dict(matched), missing=missing, unmatched=dict(unmatched.most_common())
    )
