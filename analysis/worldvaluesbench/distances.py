"""The distance of WorldValuesBench: Wasserstein-1 between raw answers, from counts on their grid.

Both sides are normalised by (x - minimum) / (maximum - minimum). Answers are whole numbers, so that the distance of
the raw samples is a sum over the steps between neighbouring values; nothing is lost by counting, and all groups of a
question are done at once.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surveys.formats.wvs.wave7 import Scale

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
OutOfRange = Literal["keep", "clip", "drop"]

MISSING = np.iinfo(np.int64).min
"""Stands for no answer in arrays of whole numbers."""

WIDEST = 64
"""Values between the lowest and the highest answer that are counted without looking which of them occur."""


def whole(scores: ArrayLike, scale: Scale, out_of_range: OutOfRange = "keep") -> tuple[Ints, int]:
    """Scores of a model as whole numbers, and how many lay outside the scale.

    Parameters
    ----------
    scores : array_like, shape (n_rows,)
        Scores as they were written; NaN and infinities where nothing could be read.
    scale : Scale
        Lowest and highest answer of the question.
    out_of_range : {"keep", "clip", "drop"}
        What becomes of scores outside the scale. The published evaluation keeps them: 3 on a scale from 0 to 2 lies
        at 1.5.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_rows,), and int
        Scores cut to whole numbers towards zero, :data:`MISSING` where there is none; and the count.

    >>> whole([1.9, 5, float("nan"), 0], Scale(1, 4, ""), "clip")[0].tolist()[:2]
    [1, 4]
    """
    values = np.asarray(scores, dtype=np.float64)
    there = np.isfinite(values) & (np.abs(values) < 2.0**53)
    levels = np.where(there, np.trunc(np.where(there, values, 0.0)), 0.0).astype(np.int64)
    outside = there & ((levels < scale.minimum) | (levels > scale.maximum))
    if out_of_range == "clip":
        levels = np.clip(levels, scale.minimum, scale.maximum)
    elif out_of_range == "drop":
        there &= ~outside
    return np.where(there, levels, MISSING), int(outside.sum())


@dataclass(frozen=True, eq=False)
class Grid:
    """The values that answers to one question take, and where they lie on the normalised scale."""

    values: Ints
    """(n_values,) ascending; every answer of both sides is one of them."""
    places: Floats
    """(n_values,) the values on the scale from 0 to 1; those out of range lie below or above."""

    @classmethod
    def of(cls, scale: Scale, *answers: Ints) -> "Grid":
        """The grid of a scale, widened by whatever answers lie outside it."""
        low, high = scale.minimum, scale.maximum
        for some in answers:
            there = some[some != MISSING]
            if there.size:
                low, high = min(low, int(there.min())), max(high, int(there.max()))
        if high - low < WIDEST:
            values = np.arange(low, high + 1)
        else:
            seen = [np.unique(some[some != MISSING]) for some in answers]
            values = np.unique(np.concatenate([np.arange(scale.minimum, scale.maximum + 1), *seen]))
        return cls(values, (values - scale.minimum) / (scale.maximum - scale.minimum))

    def positions(self, answers: Ints) -> NDArray[np.intp]:
        """Place of each answer among the values; ``n_values`` where there is none."""
        contiguous = len(self.values) == self.values[-1] - self.values[0] + 1
        there = answers != MISSING
        known = np.where(there, answers, self.values[0])
        found = known - self.values[0] if contiguous else np.searchsorted(self.values, known)
        return np.where(there, found, len(self.values)).astype(np.intp)

    def counts(self, answers: Ints) -> Ints:
        """How often each value was answered."""
        return np.bincount(self.positions(answers), minlength=len(self.values) + 1)[:-1].astype(np.int64)


def distance(model: ArrayLike, human: ArrayLike, places: ArrayLike) -> Floats:
    """Wasserstein-1 distance between two distributions over places on a line.

    Parameters
    ----------
    model, human : array_like, shape (..., n_places)
        Counts or shares at each place; leading axes broadcast.
    places : array_like, shape (n_places,)
        Where the places lie, ascending; in range they lie in [0, 1].

    Returns
    -------
    numpy.ndarray, shape (...)
        Distance in the unit of the places, at least 0, and at most 1 when all places lie in [0, 1]; NaN where either
        side has nobody. Equals ``scipy.stats.wasserstein_distance`` of the samples.

    >>> float(distance([0, 0, 0, 2], [2, 0, 0, 0], [0, 1 / 3, 2 / 3, 1]))
    1.0
    """
    p, q, x = (np.asarray(side, dtype=np.float64) for side in (model, human, places))
    steps = np.diff(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        ahead = np.cumsum(p, axis=-1) / p.sum(axis=-1, keepdims=True)
        ahead = ahead - np.cumsum(q, axis=-1) / q.sum(axis=-1, keepdims=True)
    return np.asarray(np.abs(ahead[..., :-1]) @ steps)


def of_answers(model: Ints, human: Ints, scale: Scale) -> float:
    """Distance between two samples of whole answers to one question; NaN when either is empty.

    >>> of_answers(np.array([4, 4]), np.array([1, 1]), Scale(1, 4, ""))
    1.0
    """
    grid = Grid.of(scale, model, human)
    return float(distance(grid.counts(model), grid.counts(human), grid.places))
