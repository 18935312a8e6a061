"""Whether one answer stands however one asks, and not only because one place is always taken."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import ArrayLike

from analysis.choices import NOTHING, Integers
from analysis.probing.robustness import favourites

TIED = -2
"""Stands for an option where several lead alike: an answer, but nobody's favourite."""


@dataclass(frozen=True)
class Steadiness:
    """One question, by one method."""

    favourite: int
    """Column of the option that leads in most ways of asking; the first of several, NOTHING where none ever led."""
    ways: int
    """Ways of asking that were answered."""
    held: int
    """Ways in which the favourite leads."""
    at_place: int
    """Most ways in which the option that leads stands in one position, or under one label."""
    by_place: int
    """Most ways in which one option would lead if one position, or one label, were always taken."""
    p: float
    """Probability that some option would lead in as many ways if each way led to any option alike."""
    alike: bool = False
    """Whether drawing a few texts alone may explain that not every way leads to the same option."""

    @property
    def share(self) -> float:
        """Share of the ways in which the favourite leads."""
        return self.held / self.ways

    @property
    def place_share(self) -> float:
        """Share of the ways in which one position, or one label, leads, whatever stands there."""
        return self.at_place / self.ways


def steadiness(
    leading: ArrayLike, places: Sequence[ArrayLike], options: int, alike: bool = False
) -> Steadiness | None:
    """How steadily one question is answered.

    Parameters
    ----------
    leading : array_like of int, shape (n_ways,)
        As :func:`leaders` gives it for each way of asking.
    places : sequence of array_like of int, shape (n_ways, n_options)
        Where each option stood in each way: its positions, and the ranks of its labels;
        :data:`~analysis.choices.NOTHING` where that is not known.
    options : int
        Number of options.
    alike : bool
        Whether sampled answers differ between the ways by no more than chance.

    Returns
    -------
    Steadiness or None
        ``None`` when nothing was answered.

    >>> turned = [[0, 1], [1, 0]]  # the order is turned in the second way; the first option leads in both
    >>> found = steadiness([0, 0], [turned], 2)
    >>> found.held, found.at_place, found.by_place, found.p  # always the first place would lead to each option once
    (2, 1, 1, 0.5)
    """
    each = np.asarray(leading, dtype=np.int64)
    heard = each != NOTHING
    ways = int(heard.sum())
    if not ways:
        return None
    alone = each[heard & (each != TIED)]
    counts = np.bincount(alone, minlength=options)
    held = int(counts.max())
    at_place = by_place = 0
    for where in places:
        table = np.asarray(where, dtype=np.int64)
        shown = heard & (table != NOTHING).all(axis=1)
        led = shown & (each != TIED)
        stood = np.bincount(table[led, each[led]], minlength=1)
        at_place = max(at_place, int(stood.max()))
        by_place = max(by_place, _most_by_place(table[shown], options))
    p = mode_p(held, ways, options) if held else 1.0
    return Steadiness(int(counts.argmax()) if held else NOTHING, ways, held, at_place, by_place, p, alike)


def leaders(shares: ArrayLike) -> Integers:
    """Column of the option that leads alone: :data:`TIED` where several do, NOTHING without an answer.

    Parameters
    ----------
    shares : array_like, shape (..., n_options)
        Distributions.

    Returns
    -------
    numpy.ndarray of int, shape (...)
        Columns.

    >>> leaders([[0.4, 0.4, 0.2], [0.1, 0.9, float("nan")], [float("nan")] * 3]).tolist()
    [-2, 1, -1]
    """
    table = np.asarray(shares, dtype=np.float64)
    first = favourites(table)
    highest = np.max(np.where(np.isnan(table), -np.inf, table), axis=-1, keepdims=True)
    several = (np.where(np.isnan(table), -np.inf, table) >= highest - 1e-12).sum(axis=-1) > 1
    return np.where((first != NOTHING) & several, TIED, first)


def _most_by_place(where: Integers, options: int) -> int:
    """Most ways in which one option stands in one place."""
    return int((where[:, :, None] == np.arange(options)).sum(axis=0).max(initial=0))


def mode_p(held: int, ways: int, options: int) -> float:
    """Probability that some option leads in at least ``held`` of the ways, if any option led alike in each.

    Parameters
    ----------
    held, ways, options : int
        ``1 <= held <= ways``, and at least two options.

    Returns
    -------
    float
        In (0, 1].

    Raises
    ------
    ValueError
        If the numbers are impossible.

    >>> mode_p(3, 3, 4)  # any first, then the same twice: 1/4 * 1/4
    0.0625
    """
    if not 1 <= held <= ways or options < 2:
        raise ValueError(f"Need 1 <= held <= ways and two options or more, got {held}, {ways} and {options}.")
    below = np.array([1 / math.factorial(count) for count in range(min(held, ways + 1))])
    power = polynomial.polypow(below, options) if len(below) > 1 else np.ones(1)
    coefficient = float(power[ways]) if ways < len(power) else 0.0
    return float(min(1.0, max(0.0, 1 - coefficient * math.factorial(ways) / float(options) ** ways)))
