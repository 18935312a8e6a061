"""Units that a population is made of: combinations of levels, or rows of microdata, each with a weight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import DocumentError
from personas.attributes import Attribute
from personas.chance import Floats

UNKNOWN = -1
"""Position of a level that is not known."""

NO_NUMBER = np.iinfo(np.int64).min
"""Number that is not known more exactly than by its band."""

MOST_CELLS = 2_000_000
"""Combinations of levels that are held at a time."""

Positions = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Units:
    """Units with the level of each attribute as its place in the attribute's ``sorted_codes``."""

    attributes: tuple[str, ...]
    """Attribute names, sorted."""
    positions: Positions
    """(n_units, n_attributes); :data:`UNKNOWN` where a row of microdata has no value."""
    weights: Floats
    """(n_units,) positive; only proportions matter, except for the weights of rows."""
    numbers: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """Numeric attribute -> (n_units,) exact value, :data:`NO_NUMBER` where only the band is known; microdata only."""
    row: NDArray[np.int64] | None = None
    """(n_units,) position of the row of microdata that a unit is; None for combinations of levels."""
    row_names: tuple[str, ...] = ()
    """Identifier of each row of the microdata."""

    @classmethod
    def of(
        cls, attributes: Sequence[str], positions: Sequence[Sequence[int]] | NDArray[np.integer], weights: Floats
    ) -> Self:
        """Combinations of levels, attributes sorted by name and combinations by level; those of weight 0 left out."""
        order = sorted(range(len(attributes)), key=lambda axis: attributes[axis])
        table = np.asarray(positions, np.int32).reshape(len(weights), len(attributes))[:, order]
        kept = np.asarray(weights, np.float64) > 0
        units = cls(tuple(attributes[axis] for axis in order), table[kept], np.asarray(weights, np.float64)[kept])
        return units.take(units._sorted())

    def _sorted(self) -> NDArray[np.intp]:
        keys: list[NDArray[np.integer]] = [self.positions[:, axis] for axis in reversed(range(len(self.attributes)))]
        return np.lexsort(keys if self.row is None else [*keys, self.row])

    def __len__(self) -> int:
        return len(self.weights)

    def level(self, attribute: str) -> Positions:
        """(n_units,) positions of one attribute."""
        return np.asarray(self.positions[:, self.attributes.index(attribute)], np.int32)

    def take(self, units: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """Some of the units, in the order given."""
        return replace(
            self,
            positions=self.positions[units],
            weights=self.weights[units],
            numbers={name: values[units] for name, values in self.numbers.items()},
            row=None if self.row is None else self.row[units],
        )

    def weighing(self, weights: Floats) -> Self:
        """The same units with other weights; units of weight 0 are left out."""
        return replace(self, weights=np.asarray(weights, np.float64)).take(np.asarray(weights) > 0)

    def cells(self, attributes: Sequence[str], sizes: Mapping[str, int]) -> NDArray[np.int64]:
        """(n_units,) combination of some attributes as one number, the last fastest; -1 where one is unknown."""
        cell = np.zeros(len(self), np.int64)
        known = np.ones(len(self), bool)
        for name in attributes:
            position = self.level(name)
            known &= position >= 0
            cell = cell * sizes[name] + position
        cell[~known] = UNKNOWN
        return cell

    def joined(self, other: "Units", mine: NDArray[np.intp], theirs: NDArray[np.intp], weights: Floats) -> "Units":
        """Units that are one of these and one of ``other`` at once.

        Raises
        ------
        DocumentError
            If both are rows of microdata: a persona has one row.
        """
        if self.row is not None and other.row is not None:
            raise DocumentError("Two files of microdata cannot be joined: a persona is taken from one row.")
        names = (*self.attributes, *other.attributes)
        order = sorted(range(len(names)), key=lambda axis: names[axis])
        rows = self if self.row is not None else other
        index = mine if self.row is not None else theirs
        units = Units(
            tuple(names[axis] for axis in order),
            np.hstack([self.positions[mine], other.positions[theirs]])[:, order],
            weights,
            {
                **{name: values[mine] for name, values in self.numbers.items()},
                **{name: values[theirs] for name, values in other.numbers.items()},
            },
            None if rows.row is None else rows.row[index],
            rows.row_names,
        )
        return units.take(units._sorted())


def crossed(parts: Sequence[Units], what: str) -> Units:
    """Every combination of the units of independent parts.

    Raises
    ------
    DocumentError
        If there are more than :data:`MOST_CELLS`.
    """
    whole = parts[0]
    for part in parts[1:]:
        if len(whole) * len(part) > MOST_CELLS:
            raise DocumentError(
                f"{what}: crossing {', '.join((*whole.attributes, *part.attributes))} makes more than "
                f"{MOST_CELLS:,} combinations. Give joint counts or microdata that say which occur, or cross fewer."
            )
        mine, theirs = np.divmod(np.arange(len(whole) * len(part)), len(part))
        whole = whole.joined(part, mine, theirs, whole.weights[mine] * part.weights[theirs])
    return whole


def levels_of(attribute: str, document: Attribute) -> Units:
    """Every level of one attribute, all of equal weight."""
    n = len(document.sorted_codes)
    return Units((attribute,), np.arange(n, dtype=np.int32).reshape(n, 1), np.ones(n))


def told(
    attributes: Sequence[str], positions: Sequence[int] | NDArray[np.integer], known: Mapping[str, Attribute]
) -> str:
    """A combination of levels in words: ``female x 18-24``."""
    return " x ".join(
        known[name].sorted_codes[position] if position >= 0 else "unknown"
        for name, position in zip(attributes, positions, strict=True)
    )
