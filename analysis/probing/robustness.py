"""How much the answers to the same questions change with the way of asking, averaged as published (SPEC 4.4).

Shares have questions and options on the last two axes. NaN marks columns that a question lacks; a question that is
NaN throughout was not answered, and is left out of what it would be compared in.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from analysis.bootstrap import limits, respondent_weights
from analysis.choices import NOTHING, Floats, Integers
from analysis.distances import jensen_shannon
from analysis.yardsticks import DRAWS


def favourites(shares: ArrayLike) -> Integers:
    """Column of the option with the largest share; the first of several, :data:`~analysis.choices.NOTHING` without.

    Parameters
    ----------
    shares : array_like, shape (..., n_options)
        Distributions.

    Returns
    -------
    numpy.ndarray of int, shape (...)
        Columns.

    >>> favourites([[0.4, 0.4, 0.2], [0.1, 0.9, float("nan")], [float("nan")] * 3]).tolist()
    [0, 1, -1]
    """
    table = np.asarray(shares, dtype=np.float64)
    known = ~np.isnan(table)
    return np.where(known.any(axis=-1), np.argmax(np.where(known, table, -np.inf), axis=-1), NOTHING)


def mismatches(first: ArrayLike, second: ArrayLike) -> Floats:
    """Whether the favourite options of two distributions differ.

    Parameters
    ----------
    first, second : array_like, shape (..., n_options)
        Distributions over the same options; leading axes broadcast.

    Returns
    -------
    numpy.ndarray, shape (...)
        1 where they differ, 0 where not, NaN where one side has no answer. The mean is the mismatch rate.

    >>> mismatches([[0.7, 0.3], [0.5, 0.5]], [[0.2, 0.8], [0.6, 0.4]]).tolist()
    [1.0, 0.0]
    """
    one, other = favourites(first), favourites(second)
    return np.where((one == NOTHING) | (other == NOTHING), np.nan, (one != other).astype(np.float64))


def js_distances(first: ArrayLike, second: ArrayLike, base: float = np.e, squared: bool = False) -> Floats:
    """Jensen-Shannon distance of two distributions, as :func:`analysis.distances.jensen_shannon`, each question.

    Parameters
    ----------
    first, second : array_like, shape (..., n_options)
        Distributions over the same options; leading axes broadcast.
    base : float
        Base of the logarithm.
    squared : bool
        The divergence instead of the distance.

    Returns
    -------
    numpy.ndarray, shape (...)
        In [0, 0.833] for base e; NaN where one side has no answer.

    >>> js_distances([[1, 0], [1, 0]], [[0, 1], [float("nan")] * 2], base=2).tolist()
    [1.0, nan]
    """
    p, q = np.broadcast_arrays(np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64))
    known = ~(np.isnan(p).all(axis=-1) | np.isnan(q).all(axis=-1))
    found = np.full(known.shape, np.nan)
    if known.any():
        found[known] = jensen_shannon(np.nan_to_num(p[known]), np.nan_to_num(q[known]), base, squared)
    return found


@dataclass(frozen=True)
class Changes:
    """What changes between every two ways of asking; the first axis is a pair of them."""

    pairs: tuple[tuple[int, int], ...]
    """Places of the two that are compared."""
    mismatch: Floats
    """(n_pairs, n_questions) 1 where the favourite option differs."""
    js: Floats
    """(n_pairs, n_questions) Jensen-Shannon distance."""


def pairwise(shares: ArrayLike, base: float = np.e, squared: bool = False) -> Changes:
    """Compare every two ways of asking.

    Parameters
    ----------
    shares : array_like, shape (n_ways, n_questions, n_options)
        Distributions.
    base, squared
        Of the Jensen-Shannon distance.

    Returns
    -------
    Changes
        A pair of ways on the first axis.

    Raises
    ------
    ValueError
        If there are fewer than two ways.

    >>> pairwise([[[0.9, 0.1]], [[0.8, 0.2]], [[0.3, 0.7]]]).mismatch.tolist()
    [[0.0], [1.0], [1.0]]
    """
    table = np.asarray(shares, dtype=np.float64)
    if table.ndim != 3 or len(table) < 2:
        raise ValueError(f"Need two ways of asking the same questions at least, got the shape {table.shape}.")
    pairs = tuple(combinations(range(len(table)), 2))
    one, other = np.array(pairs).T
    return Changes(pairs, mismatches(table[one], table[other]), js_distances(table[one], table[other], base, squared))


def prompt_changes(shares: ArrayLike, baseline: int = 0, base: float = np.e, squared: bool = False) -> Changes:
    """Every two prompt styles at the baseline layout of options.

    Parameters
    ----------
    shares : array_like, shape (n_styles, n_variations, n_questions, n_options)
        Distributions.
    baseline : int
        Place of the baseline among the variations.
    base, squared
        Of the Jensen-Shannon distance.

    >>> prompt_changes(np.full((3, 2, 5, 4), 0.25)).js.shape
    (3, 5)
    """
    return pairwise(np.asarray(shares, dtype=np.float64)[:, baseline], base, squared)


def selection_changes(shares: ArrayLike, base: float = np.e, squared: bool = False) -> Changes:
    """Every two layouts of the options, distributions averaged over the styles first.

    Parameters
    ----------
    shares : array_like, shape (n_styles, n_variations, n_questions, n_options)
        Distributions. A question that some style has no answer to is averaged over the others.
    base, squared
        Of the Jensen-Shannon distance.

    >>> selection_changes(np.full((3, 2, 5, 4), 0.25)).js.shape
    (1, 5)
    """
    return pairwise(mean_shares(np.asarray(shares, dtype=np.float64)), base, squared)


def mean_shares(shares: ArrayLike) -> Floats:
    """Mean distribution over the first axis, of those that have an answer; NaN where none has.

    >>> mean_shares([[0.2, 0.8], [0.6, 0.4], [float("nan")] * 2]).round(6).tolist()
    [0.4, 0.6]
    """
    table = np.asarray(shares, dtype=np.float64)
    known = ~np.isnan(table)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, table, 0.0).sum(axis=0) / known.sum(axis=0))


def question_mean(values: ArrayLike, times: ArrayLike | None = None) -> Floats:
    """Mean over questions of each pair, then over pairs, as published; optionally for resampled questions.

    Parameters
    ----------
    values : array_like, shape (n_pairs, n_questions)
        Figures; NaN ones are left out.
    times : array_like, shape (draws, n_questions), optional
        How often each question counts in each resample.

    Returns
    -------
    numpy.ndarray, shape () or (draws,)
        Means; NaN where nothing is known.

    >>> float(question_mean([[0.0, 1.0], [1.0, float("nan")]]))  # (1/2 + 1) / 2
    0.75
    """
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    counts = np.ones((1, table.shape[1])) if times is None else np.asarray(times, dtype=np.float64)
    known = ~np.isnan(table)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (counts @ np.where(known, table, 0.0).T) / (counts @ known.T)
    found = mean_shares(means.T)
    return np.asarray(found[0] if times is None else found)


def question_interval(
    values: ArrayLike, rng: np.random.Generator, draws: int = DRAWS, level: float = 0.95
) -> tuple[float, float, float]:
    """Mean as :func:`question_mean`, with the limits of a bootstrap over questions.

    How much the mean would change with other questions of the same kind; pairs are kept together.

    Returns
    -------
    (float, float, float)
        Mean and limits; limits are NaN with fewer than two questions.

    >>> question_interval([[0.5, 0.5, 0.5]], np.random.default_rng(1), draws=10)
    (0.5, 0.5, 0.5)
    """
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    table = table[:, ~np.isnan(table).all(axis=0)]
    mean = float(question_mean(table)) if table.shape[1] else float("nan")
    if table.shape[1] < 2:
        return mean, float("nan"), float("nan")
    low, high = limits(question_mean(table, respondent_weights(np.ones(table.shape[1]), rng, draws)), level)
    return mean, float(low), float(high)
