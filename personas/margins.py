"""Margins as targets of raking: made to agree with each other, or refused because they contradict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import DocumentError
from personas.attributes import Attribute
from personas.chance import Floats
from personas.raking import rake_units
from personas.units import Units, told


@dataclass(frozen=True, eq=False)
class Target:
    """Shares that the combinations of some attributes must have."""

    name: str
    """Table that says so."""
    attributes: tuple[str, ...]
    """Attributes that are crossed, sorted."""
    shares: Floats
    """(n_combinations,) shares of all combinations, the last attribute varying fastest; they add up to 1."""

    @classmethod
    def of(cls, name: str, units: Units, attributes: Mapping[str, Attribute]) -> "Target":
        """Target that a table of counts sets."""
        sizes = _sizes(attributes)
        cells = int(np.prod([sizes[attribute] for attribute in units.attributes]))
        weights = np.bincount(units.cells(units.attributes, sizes), weights=units.weights, minlength=cells)
        return cls(name, units.attributes, weights / weights.sum())

    def cells(self, units: Units, attributes: Mapping[str, Attribute]) -> NDArray[np.int64]:
        """(n_units,) combination that each unit has.

        Raises
        ------
        DocumentError
            If an attribute is not known of all of them.
        """
        cell = units.cells(self.attributes, _sizes(attributes))
        if (cell < 0).any():
            unknown = next(name for name in self.attributes if (units.level(name) < 0).any())
            raise DocumentError(
                f"{self.name}: {unknown!r} is not known of everybody, so it cannot be raked; use `missing: drop` or "
                "`level` for it."
            )
        return cell

    def positions(self, cell: int, attributes: Mapping[str, Attribute]) -> list[int]:
        """Level of each attribute in a combination."""
        shape = [len(attributes[name].codes) for name in self.attributes]
        return [int(position) for position in np.unravel_index(cell, shape)]

    def told(self, cell: int, attributes: Mapping[str, Attribute]) -> str:
        """A combination in words: ``female x 18-24``."""
        return told(self.attributes, self.positions(cell, attributes), attributes)

    def check_filled(self, units: Units, attributes: Mapping[str, Attribute]) -> None:
        """Refuse a target for a combination that no unit has."""
        there = np.bincount(self.cells(units, attributes), weights=units.weights, minlength=len(self.shares))
        empty = (self.shares > 0) & (there == 0)
        if empty.any():
            cell = int(empty.argmax())
            raise DocumentError(
                f"{self.name}: {self.shares[cell]:.4%} of the people are {self.told(cell, attributes)} "
                f"({' x '.join(self.attributes)}), and no one like that occurs in what is raked. This cell must be "
                "filled: add such people to the joint counts or microdata, merge levels, or correct the margin."
            )

    def onto(self, attributes: Sequence[str], known: Mapping[str, Attribute]) -> Floats:
        """Shares summed over all but some of its attributes, which are in its order."""
        shape = [len(known[name].codes) for name in self.attributes]
        others = tuple(axis for axis, name in enumerate(self.attributes) if name not in attributes)
        return np.asarray(self.shares.reshape(shape).sum(axis=others)).reshape(-1)


def agreeing(
    tables: Sequence[tuple[str, Units]], attributes: Mapping[str, Attribute], agreement: float
) -> list[Target]:
    """Targets of some margins; where two tell the same level slightly differently, the earlier one is right.

    Parameters
    ----------
    tables : sequence of (name, units)
        Margins, the most trusted first.
    agreement : float
        Largest difference between the shares that two margins give the same level.

    Returns
    -------
    list of Target
        Sorted by attributes, so that the order in which margins are named changes nothing where they agree.

    Raises
    ------
    DocumentError
        If margins differ by more; the message names both tables, the level and both shares.
    """
    targets: list[Target] = []
    for name, units in tables:
        target = Target.of(name, units, attributes)
        common = [
            (earlier, shared)
            for earlier in targets
            if (shared := [one for one in target.attributes if one in earlier.attributes])
        ]
        for earlier, shared in common:
            _check_agreement(earlier, target, shared, attributes, agreement)
        targets.append(_adjusted(target, common, attributes))
    return sorted(targets, key=lambda target: target.attributes)


def _check_agreement(
    one: Target, other: Target, shared: Sequence[str], attributes: Mapping[str, Attribute], agreement: float
) -> None:
    first, second = one.onto(shared, attributes), other.onto(shared, attributes)
    differences = np.abs(first - second)
    cell = int(differences.argmax())
    if differences[cell] > agreement:
        shape = [len(attributes[name].codes) for name in shared]
        combination = told(shared, [int(n) for n in np.unravel_index(cell, shape)], attributes)
        raise DocumentError(
            f"{one.name!r} and {other.name!r} contradict each other: {combination} ({' x '.join(shared)}) is "
            f"{first[cell]:.4%} of the people in one and {second[cell]:.4%} in the other. Correct one, or let the "
            f"later give way with `raking: {{agreement: {_rounded_up(float(differences[cell]))}}}`."
        )


def _rounded_up(difference: float) -> str:
    digits = 10.0 ** np.floor(np.log10(difference))
    return f"{np.ceil(difference / digits) * digits:g}"


def _adjusted(
    target: Target, common: Sequence[tuple[Target, Sequence[str]]], attributes: Mapping[str, Attribute]
) -> Target:
    """The target, raked to what earlier ones say of the attributes that they share."""
    if not common:
        return target
    shape = [len(attributes[name].codes) for name in target.attributes]
    levels = dict(zip(target.attributes, np.unravel_index(np.arange(target.shares.size), shape), strict=True))
    margins = []
    for earlier, shared in common:
        cell = np.zeros(target.shares.size, np.int64)
        for name in shared:
            cell = cell * len(attributes[name].codes) + levels[name]
        margins.append((cell, earlier.onto(shared, attributes)))
    raked = rake_units(target.shares, margins, tolerance=1e-13).weights
    return Target(target.name, target.attributes, raked / raked.sum())


def _sizes(attributes: Mapping[str, Attribute]) -> dict[str, int]:
    return {name: len(attribute.codes) for name, attribute in attributes.items()}
