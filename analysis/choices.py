"""The arrays that the families of DEF are computed from: who chose which option of which question.

All questions share one rectangular layout. Options stand in questionnaire order in columns 0, 1, ...; a question with
fewer options than the widest has empty columns at its end, which add nothing to any metric.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

NOTHING = -1
"""Stands for an option where none was chosen, was understood, or could be named."""


@dataclass(frozen=True)
class Scales:
    """The options of all questions.

    >>> Scales.of([2, 3]).codes.tolist()
    [[1.0, 2.0, nan], [1.0, 2.0, 3.0]]
    """

    codes: Floats
    """(n_questions, n_options) codes (or scores) in questionnaire order; NaN in columns that a question lacks."""

    @classmethod
    def of(cls, options: ArrayLike, first: int = 1) -> "Scales":
        """Questions with so many options each, coded ``first``, ``first + 1``, ..."""
        sizes = np.asarray(options, dtype=np.int64)
        columns = np.arange(int(sizes.max(initial=1)))
        return cls(np.where(columns < sizes[:, None], columns + float(first), np.nan))

    @property
    def offered(self) -> Truths:
        """(n_questions, n_options) whether a question has the column."""
        return ~np.isnan(self.codes)

    @property
    def sizes(self) -> Integers:
        """(n_questions,) options of each question."""
        return np.asarray(self.offered.sum(axis=1))

    @property
    def unit(self) -> Floats:
        """(n_questions, n_options) the codes on a scale of 0 (lowest) to 1 (highest), question by question."""
        low, high = np.nanmin(self.codes, axis=1, keepdims=True), np.nanmax(self.codes, axis=1, keepdims=True)
        return np.asarray((self.codes - low) / np.where(high > low, high - low, 1.0))


def columns_of(code: Integers, codes: Integers) -> tuple[Integers, Truths]:
    """Columns of the answers whose code a question offers, and which answers those are.

    >>> columns_of(np.array([5, 99, 1]), np.array([1, 5]))
    (array([1, 0]), array([ True, False,  True]))
    """
    known = np.isin(code, codes)
    order = np.argsort(codes)
    return order[np.searchsorted(codes, code[known], sorter=order)], known


def counted(choices: ArrayLike, options: int, weights: ArrayLike | None = None) -> Floats:
    """How many respondents chose each option.

    Parameters
    ----------
    choices : array_like of int, shape (n_respondents, n_questions)
        Column of the chosen option, or :data:`NOTHING`.
    options : int
        Columns of the widest question.
    weights : array_like, shape (n_respondents,), optional
        How many people each respondent stands for; 1 each when absent.

    Returns
    -------
    numpy.ndarray, shape (n_questions, n_options)
        Sums of weights.

    Raises
    ------
    ValueError
        If a choice is no column.

    >>> counted([[0, 2], [1, -1]], 3).tolist()
    [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    chosen = one_hot(choices, options)
    each = np.ones(chosen.shape[1]) if weights is None else np.asarray(weights, dtype=np.float64)
    return np.asarray(chosen @ each).reshape(-1, options)


def mean_code(counts: ArrayLike, codes: ArrayLike, total: ArrayLike | None = None) -> Floats:
    """Mean code of the answers to each question.

    Parameters
    ----------
    counts : array_like, shape (..., n_questions, n_options)
        Answers per option.
    codes : array_like, shape (n_questions, n_options)
        Code (or score) of each option, NaN in columns that a question lacks.
    total : array_like, shape (..., n_questions), optional
        What to divide by; the answers when absent.

    Returns
    -------
    numpy.ndarray, shape (..., n_questions)
        In units of the codes; NaN without answers.

    >>> mean_code([[1, 3], [0, 0]], [[1, 2], [1, 2]]).tolist()
    [1.75, nan]
    """
    table = np.asarray(counts, dtype=np.float64)
    answers = table.sum(axis=-1)
    divisor = answers if total is None else np.asarray(total, dtype=np.float64)
    sums = np.einsum("...qk,qk->...q", table, np.nan_to_num(np.asarray(codes, dtype=np.float64)))
    return np.where(answers > 0, sums / np.where(answers > 0, divisor, 1.0), np.nan)


def one_hot(choices: ArrayLike, options: int) -> csr_matrix:
    """Choices as a sparse table (n_questions * n_options, n_respondents) of ones, for the bootstrap.

    Row ``question * n_options + option`` says who chose that option; see :func:`counted` for the parameters.
    """
    table = np.asarray(choices, dtype=np.int64)
    if table.ndim != 2:
        raise ValueError(f"Choices are a table of respondents and questions, got the shape {table.shape}.")
    if table.size and (table.min() < NOTHING or table.max() >= options):
        raise ValueError(
            f"A choice is a column from 0 to {options - 1}, or {NOTHING} for none; "
            f"got {table.min()} to {table.max()}."
        )
    respondent, question = np.nonzero(table != NOTHING)
    rows = question * options + table[respondent, question]
    return csr_matrix((np.ones(len(rows)), (rows, respondent)), shape=(table.shape[1] * options, table.shape[0]))
