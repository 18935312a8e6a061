"""Baselines within the levels of a grouping, all levels at once."""

import numpy as np
from numpy.typing import NDArray

from analysis.worldvaluesbench.baselines import Tie
from analysis.worldvaluesbench.distances import MISSING, Floats, Ints, distance
from surveys.formats.wvs.wave7 import Scale


def uniform_within(counts: Ints, scale: Scale) -> Floats:
    """Distance, in each level, of a public that gives each answer of the scale equally often.

    Parameters
    ----------
    counts : numpy.ndarray, shape (n_levels, n_answers)
        How often people of each level gave each answer, from the lowest.

    Returns
    -------
    numpy.ndarray, shape (n_levels,)
        Distances in [0, 1]; NaN where nobody answered.

    >>> uniform_within(np.array([[4, 0], [1, 1]]), Scale(1, 2, "")).tolist()
    [0.5, 0.0]
    """
    return distance(np.ones(scale.levels), counts, _places(scale))


def majority_within(counts: Ints, scale: Scale, tie: Tie, human: Ints, level: NDArray[np.integer]) -> Floats:
    """Distance, in each level, of a public that gives the most frequent answer of the level only.

    Parameters
    ----------
    counts : numpy.ndarray, shape (n_levels, n_answers)
        How often people of each level gave each answer, from the lowest.
    tie : {"first", "lowest", "all_mean"}
        As in :func:`analysis.worldvaluesbench.baselines.majority`.
    human, level : numpy.ndarray, shape (n_rows,)
        Answer and level of each row, in their order; ``MISSING`` and ``n_levels`` where there is none.

    Returns
    -------
    numpy.ndarray, shape (n_levels,)
        Distances in [0, 1]; NaN where nobody answered.

    >>> rows, levels = np.array([2, 1, 1]), np.array([0, 0, 1])
    >>> majority_within(np.array([[1, 1], [1, 0]]), Scale(1, 2, ""), "first", rows, levels).tolist()
    [0.5, 0.0]
    """
    chosen = counts == counts.max(axis=1, keepdims=True)
    tied = np.append((chosen.sum(axis=1) > 1) & (counts.sum(axis=1) > 0), False)
    if tie == "first" and tied.any():
        rows = np.flatnonzero(tied[level] & (human != MISSING))
        rows = rows[(human[rows] >= scale.minimum) & (human[rows] <= scale.maximum)]
        rows = rows[chosen[level[rows], human[rows] - scale.minimum]]
        which, first = np.unique(level[rows], return_index=True)
        chosen[which] = np.eye(scale.levels, dtype=bool)[human[rows[first]] - scale.minimum]
    elif tie == "lowest":
        chosen = np.eye(scale.levels, dtype=bool)[chosen.argmax(axis=1)]
    found = distance(np.eye(scale.levels)[:, None], counts, _places(scale)).T
    return np.asarray(np.where(chosen, found, 0.0).sum(axis=1) / chosen.sum(axis=1) + 0 * found[:, 0])


def split_half_within(counts: Ints, scale: Scale, rng: np.random.Generator, draws: int) -> Floats:
    """Distances between random halves of the people of each level.

    Returns
    -------
    numpy.ndarray, shape (draws, n_levels)
        Distances in [0, 1]; NaN where there are fewer than two people.

    >>> split_half_within(np.array([[4, 0], [1, 0]]), Scale(1, 2, ""), np.random.default_rng(0), 1).tolist()
    [[0.0, nan]]
    """
    wanted = np.broadcast_to(counts.sum(axis=1) // 2, (draws, len(counts))).copy()
    rest = np.broadcast_to(counts.sum(axis=1), wanted.shape).copy()
    first = np.zeros((draws, *counts.shape), np.int64)
    for place in range(counts.shape[1]):
        here = np.broadcast_to(counts[:, place], wanted.shape)
        rest -= here
        first[..., place] = rng.hypergeometric(here, rest, wanted)
        wanted -= first[..., place]
    return distance(first, counts - first, _places(scale))


def same_size_within(population: Ints, counts: Ints, scale: Scale, rng: np.random.Generator, draws: int) -> Floats:
    """Distances of random samples of everybody of each level, as many as there are rows, from the people of the rows.

    Parameters
    ----------
    population : numpy.ndarray, shape (n_levels, n_answers)
        How often everybody of the level of whom an answer is known gave each.
    counts : numpy.ndarray, shape (n_levels, n_answers)
        How often the people of the rows did.

    Returns
    -------
    numpy.ndarray, shape (draws, n_levels)
        Distances in [0, 1]; NaN where nobody answered.

    >>> everybody, asked = np.array([[9, 0]]), np.array([[2, 0]])
    >>> same_size_within(everybody, asked, Scale(1, 2, ""), np.random.default_rng(0), 1).tolist()
    [[0.0]]
    """
    there = population.sum(axis=1, keepdims=True)
    even = np.full(population.shape, 1 / scale.levels)
    shares = np.where(there > 0, population / np.maximum(there, 1), even)
    drawn = rng.multinomial(counts.sum(axis=1), shares, size=(draws, len(counts)))
    return distance(drawn, counts, _places(scale))


def _places(scale: Scale) -> Floats:
    return np.linspace(0.0, 1.0, scale.levels)
