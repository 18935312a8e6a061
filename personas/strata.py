"""Combinations of levels that people are taken by, across the parts of a population."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import DocumentError
from personas.attributes import Attribute
from personas.chance import Floats, Groups, Indices
from personas.composition import Composition
from personas.units import MOST_CELLS

Cells = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Strata:
    """Every combination of the levels of some attributes, with the share of the population that has it."""

    attributes: tuple[str, ...]
    """Attributes that are crossed, part by part."""
    shape: tuple[int, ...]
    """Number of levels of each."""
    shares: Floats
    """(n_cells,) share of each combination, the last attribute varying fastest; 0 where nobody has it."""
    parts: tuple[int, ...]
    """Parts of the population that hold the attributes."""
    groups: tuple[Groups, ...]
    """Units of each of these parts by the combination they have there."""

    @classmethod
    def of(cls, by: Sequence[str], composition: Composition, known: Mapping[str, Attribute]) -> "Strata":
        """Strata of a composition in which no attribute in ``by`` is drawn from a conditional table afterwards."""
        sizes = {name: len(attribute.codes) for name, attribute in known.items()}
        held = [
            (n, part, [name for name in part.attributes if name in by]) for n, part in enumerate(composition.parts)
        ]
        held = [(n, part, names) for n, part, names in held if names]
        attributes = tuple(name for _, _, names in held for name in names)
        shape = tuple(sizes[name] for name in attributes)
        if np.prod(shape, dtype=float) > MOST_CELLS:
            raise DocumentError(
                f"The design crosses {', '.join(by)}: more than {MOST_CELLS:,} combinations; cross fewer attributes."
            )
        groups = []
        shares = np.ones(1)
        for _, part, names in held:
            cell = part.cells(names, sizes)
            here = Groups(
                np.maximum(cell, 0),
                np.where(cell >= 0, part.weights, 0.0),
                int(np.prod([sizes[one] for one in names])),
            )
            groups.append(here)
            shares = np.multiply.outer(shares, here.totals / here.totals.sum()).reshape(-1)
        return cls(attributes, shape, shares, tuple(n for n, _, _ in held), tuple(groups))

    def told(self, cell: int, known: Mapping[str, Attribute]) -> str:
        """A combination in words."""
        return " x ".join(self.codes(cell, known))

    def codes(self, cell: int, known: Mapping[str, Attribute]) -> tuple[str, ...]:
        """Level codes of a combination, in the order of ``attributes``."""
        positions = np.unravel_index(cell, self.shape)
        return tuple(known[name].sorted_codes[int(n)] for name, n in zip(self.attributes, positions, strict=True))

    def within(self, cells: Cells) -> list[tuple[int, Groups, Cells]]:
        """For each part: its position, its groups, and the group of each of ``cells`` there."""
        indices = np.unravel_index(cells, [len(group.sizes) for group in self.groups])
        return list(zip(self.parts, self.groups, indices, strict=True))

    def onto(self, names: Sequence[str]) -> Indices:
        """(n_cells,) combination of some of the attributes that each cell has, in their order here."""
        levels = dict(zip(self.attributes, np.unravel_index(np.arange(len(self.shares)), self.shape), strict=True))
        cell = np.zeros(len(self.shares), np.intp)
        for name in self.attributes:
            if name in names:
                cell = cell * self.shape[self.attributes.index(name)] + levels[name]
        return cell
