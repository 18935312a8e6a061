"""Resampling simulated respondents: how much a result would change with others of the same model.

It says nothing about the distance of the model from people.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
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
    parts = [reweighted_counts(chosen, times * weights) for times in _resamples(len(weights), rng, draws)]
    return np.vstack(parts)


def respondent_weights(weights: ArrayLike, rng: np.random.Generator, draws: int = DRAWS) -> NDArray[np.float64]:
    """What every respondent counts in many resamples: one matrix for every question, model and metric.

    Parameters
    ----------
    weights : array_like, shape (n_respondents,)
        How many people each respondent stands for.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Number of resamples.

    Returns
    -------
    numpy.ndarray, shape (draws, n_respondents)
        How often a respondent was drawn, times its weight. Use the same matrix for models that interview the same
        people, and differences between them keep what they have in common.

    Raises
    ------
    ValueError
        If there is no respondent.

    >>> respondent_weights([1, 1, 1], np.random.default_rng(1), draws=4).sum(axis=1).tolist()
    [3.0, 3.0, 3.0, 3.0]
    """
    each = np.asarray(weights, dtype=np.float64)
    if each.ndim != 1 or not len(each):
        raise ValueError(f"Need the weights of one respondent at least, as a vector, got the shape {each.shape}.")
    return np.vstack([times * each for times in _resamples(len(each), rng, draws)])


@dataclass(frozen=True)
class Resamples:
    """Which people are in which resample, for all conditions that ask the same people; a byte a person and draw."""

    people: NDArray[np.int64]
    """(n_people,) their numbers, ascending."""
    times: NDArray[np.uint8]
    """(draws, n_people) how often each was drawn."""

    @classmethod
    def draw(cls, people: NDArray[np.int64], rng: np.random.Generator, draws: int = DRAWS) -> "Resamples":
        """Resamples of all people; each as large as there are people.

        >>> Resamples.draw(np.array([3, 7]), np.random.default_rng(1), draws=5).times.sum(axis=1).tolist()
        [2, 2, 2, 2, 2]
        """
        if not len(people):
            return cls(people, np.zeros((draws, 0), dtype=np.uint8))
        return cls(people, np.vstack([times.astype(np.uint8) for times in _resamples(len(people), rng, draws)]))

    def counts(
        self, chosen: csr_matrix, people: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Weighted answers per option in every resample, (draws, n_options).

        ``chosen`` is (n_options, n_runs); ``people`` and ``weights`` are (n_runs,): who took the questionnaire in
        each run, and how many people that person stands for.
        """
        columns = np.searchsorted(self.people, people)
        at_once = max(1, CELLS_AT_ONCE // max(len(columns), 1))
        parts = [
            reweighted_counts(chosen, self.times[start : start + at_once, columns] * weights)
            for start in range(0, len(self.times), at_once)
        ]
        return np.vstack(parts)


def reweighted_counts(chosen: csr_matrix, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Answers per option under several weightings of the respondents, (draws, n_options).

    ``chosen`` is (n_options, n_respondents), as in :func:`resampled_counts`, and ``weights`` (draws, n_respondents),
    as from :func:`respondent_weights`.
    """
    return np.asarray((chosen @ np.ascontiguousarray(weights.T)).T)


def limits(draws: ArrayLike, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Limits of the central part of draws, for many quantities at once.

    Parameters
    ----------
    draws : array_like, shape (draws, ...)
        Values of each quantity; NaN where it could not be had in a draw, which is left out.
    level : float
        Share of the draws between the limits, in (0, 1).

    Returns
    -------
    low, high : numpy.ndarray, shape (...)
        Values that were drawn (no interpolation, so that infinite ones stay what they are); NaN where none was.

    >>> low, high = limits([[3.0, 1.0], [1.0, float("nan")], [2.0, float("nan")]])
    >>> low.tolist(), high.tolist()
    ([1.0, 1.0], [3.0, 1.0])
    """
    if not 0 < level < 1:
        raise ValueError(f"The level of an interval lies between 0 and 1, got {level}.")
    ordered = np.sort(np.asarray(draws, dtype=np.float64), axis=0)  # NaN last
    known = (~np.isnan(ordered)).sum(axis=0)

    def at(share: float) -> NDArray[np.float64]:
        place = np.clip(np.ceil(np.round(share * known, 9)).astype(np.int64) - 1, 0, None)
        return np.asarray(np.take_along_axis(ordered, place[None], axis=0)[0])

    return at((1 - level) / 2), at((1 + level) / 2)


def _resamples(people: int, rng: np.random.Generator, draws: int) -> Iterator[NDArray[np.int64]]:
    """How often each respondent is drawn, in blocks of resamples that fit into memory."""
    at_once = max(1, CELLS_AT_ONCE // max(people, 1))
    for start in range(0, draws, at_once):
        rows = min(at_once, draws - start)
        yield np.stack([np.bincount(rng.integers(people, size=people), minlength=people) for _ in range(rows)])
