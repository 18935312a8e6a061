"""Resampling simulated respondents: how much a result would change with others of the same model.

It says nothing about the distance of the model from people.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from analysis.yardsticks import DRAWS

CELLS_AT_ONCE = 10_000_000
"""Largest number of respondent weights held in memory at a time."""


def resampled_counts(
    chosen: csr_matrix, weights: NDArray[np.float64], rng: np.random.Generator, draws: int = DRAWS
) -> NDArray[np.float64]:
    """Answers per option in many resamples of the respondents, the same resamples for every question.

    A respondent is drawn with all its answers, so averages over questions keep the dependence between them.

    Parameters
    ----------
    chosen : scipy.sparse.csr_matrix, shape (n_options, n_respondents)
        How often each respondent chose each option; the options of all questions below one another.
    weights : numpy.ndarray, shape (n_respondents,)
        How many people each respondent stands for.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Number of resamples.

    Returns
    -------
    numpy.ndarray, shape (draws, n_options)
        Weighted counts of each resample.

    References
    ----------
    .. [1] Efron and Tibshirani (1993). An Introduction to the Bootstrap. Chapman & Hall.

    >>> one_voice = csr_matrix(np.array([[1, 1, 1], [0, 0, 0]]))
    >>> resampled_counts(one_voice, np.ones(3), np.random.default_rng(1), draws=2).tolist()
    [[3.0, 0.0], [3.0, 0.0]]
    """
    parts = [chosen @ (times.T * weights[:, None]) for times in _resamples(len(weights), rng, draws)]
    return np.asarray(np.hstack(parts).T)


def _resamples(people: int, rng: np.random.Generator, draws: int) -> Iterator[NDArray[np.int64]]:
    """How often each respondent is drawn, in blocks of resamples that fit into memory."""
    at_once = max(1, CELLS_AT_ONCE // max(people, 1))
    for start in range(0, draws, at_once):
        rows = min(at_once, draws - start)
        yield np.stack([np.bincount(rng.integers(people, size=people), minlength=people) for _ in range(rows)])
