"""What to compare a model with: every answer alike, the most frequent answer, and other people.

All distances are those of :mod:`analysis.worldvaluesbench.distances`, on the normalised scale.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.worldvaluesbench.distances import MISSING, Floats, Grid, Ints, distance
from analysis.yardsticks import DRAWS, halves, same_size
from surveys.formats.wvs.wave7 import Scale

Tie = Literal["first", "lowest", "all_mean"]


def uniform(human: ArrayLike, scale: Scale) -> float:
    """Distance of a public that gives each answer of the scale equally often.

    Parameters
    ----------
    human : array_like, shape (n_levels,)
        How often people gave each answer, from the lowest.

    >>> round(uniform([4, 0], Scale(1, 2, "")), 3)
    0.5
    """
    counts = np.asarray(human, dtype=np.float64)
    return float(distance(np.ones(len(counts)), counts, _places(scale)))


def majority(human: Ints, scale: Scale, tie: Tie = "first") -> float:
    """Distance of a public that gives the most frequent human answer only.

    Parameters
    ----------
    human : numpy.ndarray, shape (n_rows,)
        Answers of people in the order of the rows; :data:`MISSING` where there is none.
    tie : {"first", "lowest", "all_mean"}
        Which of several most frequent answers it is: the one that comes first in the rows (as published), the lowest,
        or the mean of the distances of all of them.

    Returns
    -------
    float
        Distance in [0, 1]; NaN when nobody answered.

    >>> majority(np.array([2, 1, 1, 2]), Scale(1, 2, ""), "first")
    0.5
    """
    answers = human[human != MISSING]
    if not answers.size:
        return float("nan")
    grid = Grid.of(scale, answers)
    counts = grid.counts(answers)
    modes = np.flatnonzero(counts == counts.max())
    if tie == "first":
        positions = grid.positions(answers)
        modes = positions[np.isin(positions, modes)][:1]
    elif tie == "lowest":
        modes = modes[:1]
    return float(np.mean(distance(np.eye(len(counts))[modes], counts, grid.places)))


def split_half(human: ArrayLike, scale: Scale, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Distances between random halves of the people themselves: what chance alone brings about.

    Parameters
    ----------
    human : array_like, shape (n_levels,)
        How often people gave each answer; two people at least.

    Returns
    -------
    numpy.ndarray, shape (draws,)
        Distances in [0, 1].

    Raises
    ------
    ValueError
        If there are fewer than two people.
    """
    first, second = halves(human, rng, draws)
    return distance(first, second, _places(scale))


def same_size_sample(
    population: ArrayLike, human: ArrayLike, scale: Scale, rng: np.random.Generator, draws: int = DRAWS
) -> Floats:
    """Distances of random samples of people, as many as there are rows, from the people of the rows.

    Parameters
    ----------
    population : array_like, shape (n_levels,)
        How often everybody of whom answers are known gave each answer; samples are drawn from their shares.
    human : array_like, shape (n_levels,)
        How often the people of the rows did.

    Returns
    -------
    numpy.ndarray, shape (draws,)
        Distances in [0, 1].
    """
    counts = np.asarray(human, dtype=np.float64)
    return distance(same_size(population, int(counts.sum()), rng, draws), counts, _places(scale))


def _places(scale: Scale) -> Floats:
    return np.linspace(0.0, 1.0, scale.levels)
