"""Choosing by weight: many choices at once, each from one uniform number."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


def draw(weights: Floats, uniforms: Floats) -> Indices:
    """Index that each uniform number in [0, 1) falls on, with probability proportional to its weight.

    >>> draw(np.array([1.0, 0.0, 3.0]), np.array([0.0, 0.24, 0.25, 0.99])).tolist()
    [0, 0, 2, 2]
    """
    edges = np.cumsum(weights)
    return np.searchsorted(edges / edges[-1], uniforms, side="right")


class Groups:
    """Members in groups, ready to choose within a group by weight.

    >>> towns = Groups(np.array([1, 0, 1]), np.array([1.0, 5.0, 3.0]), 2)
    >>> towns.draw(np.array([0, 1, 1]), np.array([0.9, 0.2, 0.3])).tolist()
    [1, 0, 2]
    """

    def __init__(self, group: NDArray[np.integer], weights: Floats, number: int) -> None:
        """Members with their group, from 0, and their weight; members of weight 0 are never chosen.

        Parameters
        ----------
        number : int
            How many groups there are.
        """
        kept = np.flatnonzero(weights > 0)
        self._members = kept[np.argsort(group[kept], kind="stable")]
        sorted_group = group[self._members].astype(np.intp)
        self.sizes = np.bincount(sorted_group, minlength=number)
        """Members that can be chosen, of each group."""
        self.totals = np.bincount(sorted_group, weights=weights[self._members], minlength=number).astype(np.float64)
        """Sum of the weights of each group."""
        self._first = np.cumsum(self.sizes) - self.sizes
        running = np.cumsum(weights[self._members])
        before = np.concatenate([[0.0], running])[self._first]
        self._edges = sorted_group + np.minimum(
            (running - before[sorted_group]) / np.maximum(self.totals[sorted_group], np.finfo(float).tiny), 1.0
        )

    def draw(self, groups: NDArray[np.integer], uniforms: Floats) -> Indices:
        """Member that each uniform number in [0, 1) falls on within the group wanted.

        Every group wanted must have a member.
        """
        found = np.searchsorted(self._edges, groups + uniforms, side="right")
        # Sums are rounded, so a number next to 0 or 1 may land beside its group.
        first = self._first[groups]
        return np.asarray(self._members[np.clip(found, first, first + self.sizes[groups] - 1)], np.intp)

    def first(self, ranks: Floats, wanted: NDArray[np.integer]) -> Indices:
        """The ``wanted`` members of each group that come first by ``ranks`` (one a member), group by group."""
        order = self._members[np.lexsort((ranks[self._members], np.repeat(np.arange(len(self.sizes)), self.sizes)))]
        starts = np.repeat(self._first, wanted)
        within = np.arange(len(starts)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
        return np.asarray(order[starts + within], np.intp)
