"""Answering by habit: straight-lining, acquiescence, midpoint and extreme responding, respondent by respondent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import NOTHING, Floats, Integers, Truths


@dataclass(frozen=True)
class ResponseStyles:
    """Four habits of every respondent, each NaN where no answer can show it."""

    straight_lining: Floats
    """(n_respondents,) longest row of the same answer, as a share of the longest row that could be one, in (0, 1]."""
    acquiescence: Floats
    """(n_respondents,) agreeing minus disagreeing answers, as a share of the statements answered, in [-1, 1]."""
    midpoint: Floats
    """(n_respondents,) share of middle answers where there is a middle, in [0, 1]."""
    extreme: Floats
    """(n_respondents,) share of first and last answers on scales of three points or more, in [0, 1]."""


def response_styles(choices: ArrayLike, sizes: ArrayLike, agreement: ArrayLike | None = None) -> ResponseStyles:
    """Measure the habits from choices on ordered scales.

    Parameters
    ----------
    choices : array_like of int, shape (n_respondents, n_questions)
        Column of the chosen option in questionnaire order, -1 for none; questions in the order in which they were
        asked. Leave questions with unordered options out.
    sizes : array_like of int, shape (n_questions,)
        Options of each question.
    agreement : array_like of int, shape (n_questions,), optional
        1 for a statement whose last option agrees, -1 whose first one does, 0 for other questions. Use statements in
        both directions, or agreement and opinion cannot be told apart.

    Returns
    -------
    ResponseStyles
        Straight-lining looks at neighbouring questions with as many options; a question without an answer ends a row.

    Raises
    ------
    ValueError
        If shapes do not fit.

    References
    ----------
    .. [1] Baumgartner and Steenkamp (2001). Response Styles in Marketing Research. J. Mark. Res. 38.
    .. [2] Johnson (2005). Ascertaining the Validity of Individual Protocols (long strings). J. Res. Pers. 39.

    >>> found = response_styles([[2, 2, 2, 0], [0, 1, 2, 2]], [5, 5, 5, 3], agreement=[1, 1, -1, 0])
    >>> found.straight_lining.round(3).tolist(), found.midpoint.tolist()
    ([1.0, 0.333], [0.75, 0.25])
    """
    table, k = np.asarray(choices, dtype=np.int64), np.asarray(sizes, dtype=np.int64)
    if table.ndim != 2 or k.shape != table.shape[1:]:
        raise ValueError(f"Need one size a question, got the shapes {table.shape} and {k.shape}.")
    said = table != NOTHING
    odd, long = (k % 2 == 1) & (k >= 3), k >= 3
    middle = said & odd & (2 * table == k - 1)
    ends = said & long & ((table == 0) | (table == k - 1))
    direction = np.zeros(len(k), np.int64) if agreement is None else np.asarray(agreement, dtype=np.int64)
    side = np.sign(2 * table - (k - 1)) * direction
    statements = said & (direction != 0)
    return ResponseStyles(
        straight_lining=_longest_rows(table, k),
        acquiescence=_share(np.where(statements, side, 0), statements),
        midpoint=_share(middle, said & odd),
        extreme=_share(ends, said & long),
    )


def _share(hits: Truths | Integers, among: Truths) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(hits.sum(axis=1) / among.sum(axis=1))


def _longest_rows(table: Integers, sizes: Integers) -> Floats:
    """Longest run of one answer over the longest run of answered neighbours with as many options."""
    people = len(table)
    same, possible, longest, most = (np.zeros(people, np.int64) for _ in range(4))
    for place in range(table.shape[1]):
        said = table[:, place] != NOTHING
        alike = np.zeros(people, np.bool_)
        near = np.zeros(people, np.bool_)
        if place and sizes[place] == sizes[place - 1]:
            near = said & (table[:, place - 1] != NOTHING)
            alike = near & (table[:, place] == table[:, place - 1])
        same = np.where(alike, same + 1, said)
        possible = np.where(near, possible + 1, said)
        longest, most = np.maximum(longest, same), np.maximum(most, possible)
    return np.where(most > 1, longest / np.maximum(most, 1), np.nan)
