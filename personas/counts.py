"""Cells of a table of counts: read, checked, and drawn from."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import DocumentError
from demoscope.tables import Row, amount
from personas.attributes import Attribute
from personas.sources import JointCounts


@dataclass(frozen=True, eq=False)
class Cells:
    """Combinations of levels and how often each occurs, in an order that the file's does not change."""

    attributes: tuple[str, ...]
    """Attribute names, sorted."""
    codes: tuple[tuple[str, ...], ...]
    """Levels of each cell, in the order of ``attributes``; cells sorted."""
    counts: NDArray[np.float64]
    """Count of each cell, positive."""

    def draw(self, uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
        """Cell of each person, by one uniform number each."""
        return draw(self.counts, uniforms)


def draw(weights: NDArray[np.float64], uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """Index that each uniform number in [0, 1) falls on, with probability proportional to its weight.

    >>> draw(np.array([1.0, 0.0, 3.0]), np.array([0.0, 0.24, 0.25, 0.99])).tolist()
    [0, 0, 2, 2]
    """
    edges = np.cumsum(weights)
    return np.searchsorted(edges / edges[-1], uniforms, side="right")


def cells(source: JointCounts, rows: Iterable[Row], attributes: Mapping[str, Attribute], where: str) -> Cells:
    """Cells of a table; those without people are left out.

    Raises
    ------
    DocumentError
        If a level is unknown, a combination stands twice, or counts are negative, not finite or all zero;
        the message names table, line and level.
    """
    names = tuple(sorted(source.attributes))
    seen: dict[tuple[str, ...], int] = {}
    counts: dict[tuple[str, ...], float] = {}
    for line, row in rows:
        for name in names:
            if row[name] not in attributes[name].codes:
                raise DocumentError(
                    f"{where}:{line}: {name!r} has no level {row[name]!r}"
                    f"{_nearest(row[name], attributes[name].codes)}."
                )
        cell = tuple(row[name] for name in names)
        if cell in seen:
            raise DocumentError(
                f"{where}:{line}: {' x '.join(cell)} stands here a second time "
                f"(first on line {seen[cell]}); keep one."
            )
        seen[cell] = line
        counts[cell] = amount(row[source.count], source.count, f"{where}:{line}")
    kept = sorted(cell for cell, count in counts.items() if count > 0)
    if not kept:
        raise DocumentError(f"{where}: every count is zero; at least one combination needs people.")
    return Cells(names, tuple(kept), np.array([counts[cell] for cell in kept]))


def _nearest(code: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(code, known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; its levels are {', '.join(known)}"
