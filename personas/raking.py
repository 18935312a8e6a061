"""Raking: weights made to add up to given margins by iterative proportional fitting.

Deming and Stephan (1940): On a least squares adjustment of a sampled frequency table when the expected marginal
totals are known. Annals of Mathematical Statistics 11(4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Positions = NDArray[np.integer]


MOST_AXES = 26
"""Axes of a dense table."""


class Gap(NamedTuple):
    """The cell of a margin that is furthest from its target."""

    margin: int
    """Which margin, from 0."""
    cell: int
    """Which of its cells, from 0 (of a crossed margin: counted with the last axis fastest)."""
    target: float
    achieved: float

    @property
    def size(self) -> float:
        """Absolute difference, in the unit of the weights."""
        return abs(self.target - self.achieved)


@dataclass(frozen=True, eq=False)
class Raked:
    """What raking came to."""

    weights: Floats
    """Raked weights, in the shape of the seed; zeros stay zero."""
    converged: bool
    """Whether every margin is met within the tolerance, and every weight within its bounds."""
    iterations: int
    """How many times all margins were gone through."""
    worst: Gap
    """The largest remaining gap."""


class _Margin(Protocol):
    """One margin of some weights: sums over its cells, and scaling by a factor for each cell."""

    target: Floats
    size: float
    """Sum of the target, or 1 when that is 0."""

    def totals(self, weights: Floats) -> Floats: ...

    def scale(self, weights: Floats, factors: Floats) -> None: ...


class _Axes:
    """Margin of a dense table: some of its axes, in any order."""

    def __init__(self, table: Floats, axes: Sequence[int], target: Floats) -> None:
        self.target = target.reshape(-1)
        self.size = float(target.sum()) or 1.0
        self._all = "".join(chr(ord("A") + axis) for axis in range(table.ndim))
        self._kept = "".join(self._all[axis] for axis in axes)
        self._shape = target.shape
        self._turned = np.argsort(axes)
        self._spread = [size if axis in axes else 1 for axis, size in enumerate(table.shape)]

    def totals(self, weights: Floats) -> Floats:
        # Several times faster than a sum over axes that are not the last.
        return np.asarray(np.einsum(f"{self._all}->{self._kept}", weights), np.float64).reshape(-1)

    def scale(self, weights: Floats, factors: Floats) -> None:
        weights *= factors.reshape(self._shape).transpose(self._turned).reshape(self._spread)


class _Membership:
    """Margin of a list of units: the cell that each belongs to."""

    def __init__(self, cell: Positions, target: Floats) -> None:
        self.target = target
        self.size = float(target.sum()) or 1.0
        self._cell = cell

    def totals(self, weights: Floats) -> Floats:
        return np.asarray(np.bincount(self._cell, weights=weights, minlength=len(self.target)), np.float64)

    def scale(self, weights: Floats, factors: Floats) -> None:
        weights *= factors[self._cell]


def rake_table(
    seed: ArrayLike,
    margins: Sequence[tuple[Sequence[int], ArrayLike]],
    *,
    tolerance: float = 1e-9,
    iterations: int = 1000,
) -> Raked:
    """Rake a dense table to margins over any of its axes.

    Parameters
    ----------
    seed : array_like, any shape
        Weights to start from, finite and not negative; zeros are structural and stay zero.
    margins : sequence of (axes, target)
        Axes of the table in ascending order, and the total of each of their cells, with as many dimensions.
    tolerance : float
        Largest difference between total and target, as a share of the sum of the target, that counts as met.
    iterations : int
        How many times all margins are gone through at most.

    Returns
    -------
    Raked
        Weights in the shape of ``seed``. When margins contradict each other, ``converged`` is false.

    Raises
    ------
    ValueError
        If weights or targets are negative, not finite or of the wrong shape.

    Examples
    --------
    >>> raked = rake_table([[1, 1], [1, 1]], [((0,), [30, 70]), ((1,), [40, 60])])
    >>> raked.weights.round(9).tolist()
    [[12.0, 18.0], [28.0, 42.0]]
    """
    table = _checked(seed, "the seed")
    if table.ndim > MOST_AXES:
        raise ValueError(f"A dense table has {MOST_AXES} axes at most, got {table.ndim}; rake its cells as units.")
    # With the longest axis last, sums run over long stretches of memory.
    order = sorted(range(table.ndim), key=lambda axis: table.shape[axis])
    weights = table.transpose(order).copy()
    fitted: list[_Margin] = []
    for number, (axes, target) in enumerate(margins):
        if list(axes) != sorted(set(axes)) or not set(axes) <= set(range(table.ndim)) or not axes:
            raise ValueError(f"Margin {number} names axes of 0 to {table.ndim - 1} in order, got {tuple(axes)}.")
        wanted = _checked(target, f"margin {number}")
        shape = tuple(table.shape[axis] for axis in axes)
        if wanted.shape != shape:
            raise ValueError(f"Margin {number} has the shape {wanted.shape}, its axes have {shape}.")
        fitted.append(_Axes(weights, [order.index(axis) for axis in axes], wanted))
    raked = _rake(weights, fitted, tolerance, iterations, None)
    return replace(raked, weights=np.ascontiguousarray(raked.weights.transpose(np.argsort(order))))


def rake_units(
    seed: ArrayLike,
    margins: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    tolerance: float = 1e-9,
    iterations: int = 1000,
    cap: float | None = None,
) -> Raked:
    """Rake the weights of a list of units: rows of microdata, or the occupied cells of a sparse table.

    Parameters
    ----------
    seed : array_like, shape (n_units,)
        Weights to start from, finite and not negative; zeros stay zero.
    margins : sequence of (cell, target)
        For each margin the cell of every unit (n_units,), from 0, and the total of each cell (n_cells,).
    tolerance, iterations
        As for :func:`rake_table`.
    cap : float, optional
        Largest weight allowed, as a multiple of the mean of the positive weights; heavier ones are trimmed after
        each round and the rest raked on, so that margins are still met where that is possible. At least 1.

    Returns
    -------
    Raked
        Weights (n_units,). ``converged`` is false when margins contradict each other or cannot be met under the cap.

    Raises
    ------
    ValueError
        If weights or targets are negative, not finite or of the wrong shape, or the cap is below 1.

    Examples
    --------
    >>> raked = rake_units([1, 1, 1, 0], [([0, 0, 1, 1], [50, 50])])
    >>> raked.weights.tolist()
    [25.0, 25.0, 50.0, 0.0]
    """
    weights = _checked(seed, "the seed").copy()
    if weights.ndim != 1:
        raise ValueError(f"Units have one weight each, got the shape {weights.shape}.")
    if cap is not None and not cap >= 1:
        raise ValueError(f"A cap is a multiple of the mean weight, at least 1, got {cap}.")
    fitted: list[_Margin] = []
    for number, (cell, target) in enumerate(margins):
        wanted, member = _checked(target, f"margin {number}"), np.asarray(cell)
        if wanted.ndim != 1 or member.shape != weights.shape or not np.issubdtype(member.dtype, np.integer):
            raise ValueError(f"Margin {number} needs the cell of each of the {len(weights)} units, and 1-D totals.")
        if member.size and not 0 <= member.min() <= member.max() < len(wanted):
            raise ValueError(
                f"Margin {number} has {len(wanted)} cells; units are in {member.min()} to {member.max()}."
            )
        fitted.append(_Membership(member.astype(np.intp, copy=False), wanted))
    return _rake(weights, fitted, tolerance, iterations, cap)


def _checked(numbers: ArrayLike, what: str) -> Floats:
    array = np.asarray(numbers, dtype=np.float64)
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError(f"Weights and totals are finite and not negative; {what} is not.")
    return array


def _rake(weights: Floats, margins: Sequence[_Margin], tolerance: float, iterations: int, cap: float | None) -> Raked:
    positive = int(np.count_nonzero(weights))
    done, met = 0, not margins
    while done < iterations and not met:
        done, met = done + 1, True
        for margin in margins:
            totals = margin.totals(weights)
            if np.abs(totals - margin.target).max() > tolerance * margin.size:
                margin.scale(weights, np.divide(margin.target, totals, out=np.zeros_like(totals), where=totals > 0))
                met = False
        if cap is not None and _trim(weights, cap * float(weights.sum()) / max(1, positive), tolerance):
            met = False
    worst = _worst(weights, margins)
    if not met:  # the last round may have met them
        above = cap is not None and bool((weights > cap * weights.sum() / max(1, positive) * (1 + tolerance)).any())
        met = not above and worst.size <= tolerance * margins[worst.margin].size
    return Raked(weights, met, done, worst)


def _trim(weights: Floats, highest: float, tolerance: float) -> bool:
    """Bring weights down to the highest allowed; whether any was above it."""
    above = bool((weights > highest * (1 + tolerance)).any())
    np.minimum(weights, highest, out=weights)
    return above


def _worst(weights: Floats, margins: Sequence[_Margin]) -> Gap:
    """The largest gap relative to the sum of its margin."""
    found, largest = Gap(0, 0, 0.0, 0.0), -1.0
    for number, margin in enumerate(margins):
        totals = margin.totals(weights)
        gaps = np.abs(totals - margin.target)
        cell = int(gaps.argmax())
        if (share := float(gaps[cell]) / margin.size) > largest:
            largest, found = share, Gap(number, cell, float(margin.target[cell]), float(totals[cell]))
    return found
