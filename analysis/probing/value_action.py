"""Whether what a model says it values agrees with how it rates actions that follow from it (SPEC 4.5)."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.bootstrap import limits
from analysis.choices import Floats, Integers
from analysis.yardsticks import DRAWS
from demoscope.documents import Document

Middle = Literal["split", "drop", "code"]
"""What the middle of an odd number of options counts for: half for each pole, for none, or for the last one."""

ALIKE = 1e-9
"""Spread of weights or scores up to which they are all the same but for rounding."""

FEWEST = 10
"""Questions from which on intervals are given; fewer, resampled, say too little of others."""

POLES = ("first", "last")
"""The poles of a question: its first options, and its last ones."""


class PoleCorrelation(Document):
    """Agreement of values with actions over both poles of all questions."""

    r: float
    """In [-1, 1]."""
    low: float | None
    high: float | None
    """95 %, whole questions resampled; absent with fewer than :data:`FEWEST`."""
    naive_p: float
    """As published: takes the two poles of a question for independent, which they are not."""


class ValueAction(Document):
    """Both correlations of one method."""

    pearson: PoleCorrelation
    spearman: PoleCorrelation
    questions: int


def pole_weights(shares: ArrayLike, middle: Middle = "split") -> Floats:
    """How much of each question's distribution lies at its first and at its last options.

    Parameters
    ----------
    shares : array_like, shape (n_questions, n_options)
        Distributions; NaN in columns that a question lacks.
    middle : {"split", "drop", "code"}
        Half of the middle option to each pole, to none, or all of it to the last (as the published code).

    Returns
    -------
    numpy.ndarray, shape (n_questions, 2)
        Weights of the poles; they sum to 1 unless a middle option is dropped. NaN without a distribution.

    >>> table = [[0.2, 0.4, 0.4], [0.3, 0.7, float("nan")]]
    >>> [pole_weights(table, rule).round(6).tolist() for rule in ("split", "drop", "code")]
    [[[0.4, 0.6], [0.3, 0.7]], [[0.2, 0.4], [0.3, 0.7]], [[0.2, 0.8], [0.3, 0.7]]]
    """
    table = np.asarray(shares, dtype=np.float64)
    offered = ~np.isnan(table)
    size = offered.sum(axis=1, keepdims=True)
    column = np.cumsum(offered, axis=1) - 1
    centre = (size % 2 == 1) & (column == size // 2)
    half = {"split": 0.5, "drop": 0.0, "code": 0.0}[middle]
    first = np.where(centre, half, column < size // 2)
    last = np.where(centre, 1.0 if middle == "code" else half, column >= size - size // 2)
    mass = np.where(offered, table, 0.0)
    found = np.stack([(mass * first).sum(axis=1), (mass * last).sum(axis=1)], axis=1)
    return np.where(offered.any(axis=1, keepdims=True), found, np.nan)


def pole_scores(question: ArrayLike, pole: ArrayLike, rating: ArrayLike, questions: int) -> Floats:
    """Mean rating of the actions of each pole, over scenes and phrasings.

    Parameters
    ----------
    question, pole : array_like of int, shape (n_ratings,)
        Row of the question, and 0 for the first pole, 1 for the last.
    rating : array_like, shape (n_ratings,)
        1 to 10; NaN ones are left out.
    questions : int
        Number of questions.

    Returns
    -------
    numpy.ndarray, shape (questions, 2)
        Means; NaN without any.

    >>> pole_scores([0, 0, 0], [0, 0, 1], [8, 6, 3], 1).tolist()
    [[7.0, 3.0]]
    """
    values = np.asarray(rating, dtype=np.float64)
    known = ~np.isnan(values)
    place = (np.asarray(question, dtype=np.int64) * 2 + np.asarray(pole, dtype=np.int64))[known]
    sums = np.bincount(place, weights=values[known], minlength=2 * questions)
    with np.errstate(invalid="ignore"):
        return np.asarray(sums / np.bincount(place, minlength=2 * questions)).reshape(questions, 2)


def value_action(
    weights: ArrayLike, scores: ArrayLike, rng: np.random.Generator, draws: int = DRAWS
) -> ValueAction | None:
    """Correlation of the weights of values with the ratings of actions.

    Parameters
    ----------
    weights, scores : array_like, shape (n_questions, 2)
        Of the two poles; questions with a NaN are left out.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Resamples of the questions.

    Returns
    -------
    ValueAction or None
        ``None`` with fewer than three questions, or when weights or scores are all the same.

    References
    ----------
    .. [1] Cameron, Gelbach and Miller (2008). Bootstrap-Based Improvements for Inference with Clustered Errors.

    >>> rng = np.random.default_rng(1)
    >>> found = value_action([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], [[9, 2], [6, 5], [3, 7]], rng, draws=50)
    >>> round(found.pearson.r, 3), found.questions
    (0.985, 3)
    """
    x, y = np.asarray(weights, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    known = ~(np.isnan(x) | np.isnan(y)).any(axis=1)
    x, y = x[known], y[known]
    if len(x) < 3 or np.ptp(x) <= ALIKE or np.ptp(y) <= ALIKE:
        return None
    drawn: Integers = rng.integers(len(x), size=(draws, len(x)))
    u, v = x[drawn].reshape(draws, -1), y[drawn].reshape(draws, -1)
    ranked = stats.rankdata(u, axis=1), stats.rankdata(v, axis=1)
    return ValueAction(
        pearson=_correlated(stats.pearsonr(x.ravel(), y.ravel()), _rows_correlated(u, v), len(x)),
        spearman=_correlated(stats.spearmanr(x.ravel(), y.ravel()), _rows_correlated(*ranked), len(x)),
        questions=len(x),
    )


def _correlated(found: tuple[float, float], drawn: Floats, questions: int) -> PoleCorrelation:
    low, high = (float(limit) for limit in limits(drawn))
    known = questions >= FEWEST and np.isfinite([low, high]).all()
    r, p = float(found[0]), float(found[1])
    return PoleCorrelation(r=r, low=low if known else None, high=high if known else None, naive_p=p)


def _rows_correlated(u: Floats, v: Floats) -> Floats:
    """Pearson's correlation of each row; NaN where one does not vary."""
    a, b = u - u.mean(axis=1, keepdims=True), v - v.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1)))
