"""On how many questions a model comes near to people: the threshold curves of WorldValuesBench."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.worldvaluesbench.distances import Floats

SLACK = 1e-12
"""Distances this little above a threshold meet it, so that 0.15 meets 0.15 however it was computed."""

PUBLISHED = tuple(i / 20 for i in range(9))
"""Thresholds that the published figure shows: 0 to 0.4 by 0.05."""

ALL = tuple(i / 20 for i in range(21))
"""Thresholds that the paper names: 0 to 1 by 0.05."""


def met(distances: ArrayLike, thresholds: ArrayLike = PUBLISHED) -> NDArray[np.int64]:
    """Number of questions whose distance lies at a threshold or below it.

    Parameters
    ----------
    distances : array_like, shape (n_questions,)
        Distances of the questions; NaN meets nothing.
    thresholds : array_like, shape (n_thresholds,)
        Distances, in [0, 1].

    Returns
    -------
    numpy.ndarray, shape (n_thresholds,)
        Counts, at most ``n_questions``.

    >>> met([0.1, 0.15, 0.3], [0.1, 0.15, 0.4]).tolist()
    [1, 2, 3]
    """
    values = np.asarray(distances, dtype=np.float64)
    bounds = np.asarray(thresholds, dtype=np.float64) + SLACK
    return np.asarray((values[:, None] <= bounds).sum(axis=0), np.int64)


def shares(distances: ArrayLike, thresholds: ArrayLike = PUBLISHED) -> Floats:
    """Share of questions that meet each threshold, in [0, 1]; parameters are those of :func:`met`."""
    values = np.asarray(distances, dtype=np.float64)
    return np.asarray(met(values, thresholds) / max(len(values), 1))
