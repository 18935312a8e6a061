"""Chances made zeros and ones by lot, so that their sums stay between bounds: the flight of the cube method.

Deville and Tillé (2004): Efficient balanced sampling: the cube method. Biometrika 91(4).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from personas.chance import Floats, Indices

SMALL = 1e-9
"""Numbers below this count as zero."""


def balanced(
    chances: Floats, members: Sequence[Indices], slack: Floats, room: Floats, rng: np.random.Generator
) -> Floats:
    """Take each unit with its own chance, while the sum of every row stays where it may be.

    Parameters
    ----------
    chances : numpy.ndarray, shape (n_units,)
        Chance of each unit, in [0, 1].
    members : sequence of numpy.ndarray
        For each unit the rows whose sums it counts in.
    slack, room : numpy.ndarray, shape (n_rows,)
        How far each sum lies above its lower bound at the start, and how far the upper bound does.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    numpy.ndarray, shape (n_units,)
        0 or 1 for each unit, with its chance as expectation. At most as many as there are rows stay in between, and
        none when the rows are the margins of a two-way table and their bounds are whole.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = [np.array([0]), np.array([0]), np.array([0])]
    >>> sorted(balanced(np.array([0.5, 0.2, 0.3]), rows, np.zeros(1), np.zeros(1), rng).tolist())
    [0.0, 0.0, 1.0]
    """
    taken = chances.astype(np.float64)
    # The basis holds one variable a row: first the row's slack (-1 - row), later a unit. Moving a unit outside of it
    # moves the basis alone, until something reaches a bound and stays there.
    basis = -1 - np.arange(len(slack))
    value, highest = slack.astype(np.float64), room.astype(np.float64)
    inverse = -np.eye(len(slack))
    for unit in rng.permutation(np.flatnonzero((taken > SMALL) & (taken < 1 - SMALL))).tolist():
        moved = inverse[:, members[unit]].sum(axis=1)
        up, blocks_up = _room(value, highest, -moved)
        down, blocks_down = _room(value, highest, moved)
        up, down = min(up, 1 - taken[unit]), min(down, taken[unit])
        rises = rng.random() * (up + down) < down or up + down == 0
        step, row = (up, blocks_up) if rises else (-down, blocks_down)
        value -= moved * step
        free = 1 - taken[unit] if rises else taken[unit]
        if abs(step) >= free - SMALL:
            taken[unit] = float(rises)
            continue
        if basis[row] >= 0:
            taken[basis[row]] = np.rint(value[row])
        basis[row], value[row], highest[row] = unit, taken[unit] + step, 1.0
        inverse[row] /= moved[row]
        others = np.arange(len(slack)) != row
        inverse[others] -= np.outer(moved[others], inverse[row])
    units = basis >= 0
    taken[basis[units]] = value[units]
    nearest = np.rint(taken)
    return np.where(np.abs(taken - nearest) < 1e-6, nearest, taken)


def _room(value: Floats, highest: Floats, direction: NDArray[np.float64]) -> tuple[float, int]:
    """How far the basis can move in a direction, and which row stops it."""
    far = np.full(len(value), np.inf)
    rises, falls = direction > SMALL, direction < -SMALL
    far[rises] = (highest[rises] - value[rises]) / direction[rises]
    far[falls] = value[falls] / -direction[falls]
    row = int(far.argmin())
    return max(0.0, float(far[row])), row
