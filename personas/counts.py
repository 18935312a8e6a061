"""Tables of counts and shares beside a population document, read and checked."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from demoscope.errors import DocumentError
from demoscope.tables import Row, amount
from personas.attributes import OLDEST, Attribute
from personas.chance import Floats
from personas.sources import Conditional, JointCounts, Margin
from personas.units import Units


@dataclass(frozen=True, eq=False)
class Shares:
    """A conditional table: combinations of given and resulting levels, with the share of each."""

    name: str
    """What messages call it."""
    given: tuple[str, ...]
    """Attributes it depends on, sorted."""
    units: Units
    """Combinations of all its attributes; weights are shares that add up to 1 for each given combination."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """Attributes it gives, sorted."""
        return tuple(name for name in self.units.attributes if name not in self.given)


def counted(
    source: JointCounts | Margin, rows: Iterable[Row], attributes: Mapping[str, Attribute], where: str
) -> Units:
    """Combinations of a table of counts, or of written shares; those without people are left out.

    Raises
    ------
    DocumentError
        If a level is unknown, a combination stands twice, or counts are negative, not finite or all zero;
        the message names table, line and level.
    """
    units = _units(source.attributes, source.count, rows, attributes, where)
    if not len(units):
        raise DocumentError(f"{where}: every count is zero; at least one combination needs people.")
    return units


def conditional(source: Conditional, rows: Iterable[Row], attributes: Mapping[str, Attribute], where: str) -> Shares:
    """Shares of a conditional table.

    Raises
    ------
    DocumentError
        As :func:`counted`, and if the shares of a given combination are all zero.
    """
    rows = list(rows)
    given = tuple(sorted(source.given))
    units = _units((*given, *source.attributes), source.share, rows, attributes, where)
    sizes = {name: len(attributes[name].codes) for name in given}
    cells = units.cells(given, sizes)
    kept = set(cells.tolist())
    for line, row in rows:
        cell = 0
        for name in given:
            cell = cell * sizes[name] + attributes[name].sorted_codes.index(row[name])
        if cell not in kept:
            combination = " x ".join(row[name] for name in given)
            raise DocumentError(f"{where}:{line}: every share given {combination} is zero; one level needs people.")
    _, group = np.unique(cells, return_inverse=True)
    return Shares(
        source.name, given, units.weighing(units.weights / np.bincount(group, weights=units.weights)[group])
    )


def curve(rows: Iterable[Row], attribute: Attribute, where: str) -> Floats:
    """Weight of every value of a numeric attribute, from 0 to the highest of its bands.

    Raises
    ------
    DocumentError
        If a value is no whole number, stands twice, or a band has no weight at all.
    """
    highest = max(high for _, high in attribute.bands.values())
    weights = np.zeros(highest + 1)
    seen: dict[int, int] = {}
    for line, row in rows:
        try:
            value = int(row["value"])
        except ValueError:
            raise DocumentError(f"{where}:{line}: value must be a whole number, got {row['value']!r}.") from None
        if value < 0 or (attribute.unit == "years" and value > OLDEST):
            raise DocumentError(f"{where}:{line}: {value} is impossible; ages lie between 0 and {OLDEST}.")
        if value in seen:
            raise DocumentError(f"{where}:{line}: {value} stands here a second time (first on line {seen[value]}).")
        seen[value] = line
        weight = amount(row["weight"], "weight", f"{where}:{line}")
        if value <= highest:
            weights[value] = weight
    for band, (low, high) in attribute.bands.items():
        if not weights[low : high + 1].any():
            raise DocumentError(f"{where}: no value of the band {band!r} ({low} to {high}) has any weight.")
    return weights


def _units(
    names: Sequence[str], count: str, rows: Iterable[Row], attributes: Mapping[str, Attribute], where: str
) -> Units:
    order = {name: {code: n for n, code in enumerate(attributes[name].sorted_codes)} for name in names}
    seen: dict[tuple[int, ...], int] = {}
    counts: list[float] = []
    for line, row in rows:
        for name in names:
            if row[name] not in order[name]:
                raise DocumentError(
                    f"{where}:{line}: {name!r} has no level {row[name]!r}"
                    f"{nearest(row[name], attributes[name].codes)}."
                )
        cell = tuple(order[name][row[name]] for name in names)
        if cell in seen:
            raise DocumentError(
                f"{where}:{line}: {' x '.join(row[name] for name in sorted(names))} stands here a second time "
                f"(first on line {seen[cell]}); keep one."
            )
        seen[cell] = line
        counts.append(amount(row[count], count, f"{where}:{line}"))
    return Units.of(names, list(seen), np.array(counts))


def nearest(code: str, known: Sequence[str]) -> str:
    """What ``code`` may have meant, as the end of a sentence."""
    near = difflib.get_close_matches(code, known, 1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; its levels are {', '.join(known[:20])}{' ...' if len(known) > 20 else ''}"
