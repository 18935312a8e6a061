"""Drawing people: each depends on the seed, the population and its number alone."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import DocumentError
from demoscope.seeds import generator, uniforms
from personas.allocation import Allocation, allocate, endless
from personas.attributes import Attribute
from personas.chance import Floats, Groups, draw
from personas.counts import Shares
from personas.designs import Panel, SimpleRandom
from personas.names import NAME
from personas.people import People
from personas.units import NO_NUMBER, Units

if TYPE_CHECKING:
    from personas.population import Population

CHUNK = 1 << 18
"""People drawn at a time, so that memory does not grow with intermediate numbers."""

Draws = Callable[..., Floats]
"""Uniform number of each person, for a key."""
Levels = dict[str, NDArray[np.int32]]
Numbers = dict[str, NDArray[np.int64]]


def draw_people(population: "Population", start: int, stop: int, seed: int) -> People:
    """People ``start`` to ``stop - 1`` of a population under its design.

    Raises
    ------
    ValueError
        If the range is none.
    DocumentError
        If the design has fewer people, or no size yet.
    """
    if not 0 <= start <= stop:
        raise ValueError(f"Need 0 <= start <= stop, got {start} and {stop}.")
    design = population.design
    if isinstance(design, Panel):
        seed, design = design.seed, design.design
    taken = None if endless(design) else _taken(population, seed)
    if taken and stop > taken.size:
        raise DocumentError(
            f"The design ({design.kind}) of population {population.id!r} has {taken.size:,} people; "
            f"number {stop - 1:,} is not among them."
        )
    plan = _plan(population)
    equally = isinstance(design, SimpleRandom)

    def runs() -> Iterator[People]:
        for first in range(start, stop, CHUNK):
            yield plan.chunk(population, taken, seed, first, min(first + CHUNK, stop), equally)

    if stop - start <= CHUNK:
        return plan.chunk(population, taken, seed, start, stop, equally)
    return _joined(runs(), stop - start)


@lru_cache(maxsize=4)
def _taken(population: "Population", seed: int) -> Allocation:
    """Everybody under a design of fixed size; kept, because waves ask for a few people at a time."""
    design = population.design.design if isinstance(population.design, Panel) else population.design
    size = population.size
    if size is None:
        raise DocumentError(
            f"The design ({design.kind}) of population {population.id!r} does not say how many people; "
            "give it a `size`, or a wave that has `respondents`."
        )

    def chance(*key: str | int) -> np.random.Generator:
        return generator(seed, "population", population.id, design.kind, *key)

    return allocate(design, size, population.composition, population.document.attributes, chance)


@lru_cache(maxsize=4)
def _plan(population: "Population") -> "_Plan":
    return _Plan(population)


class _Plan:
    """What every chunk of people needs: edges of the conditional tables and of the bands."""

    def __init__(self, population: "Population") -> None:
        self._attributes = population.document.attributes
        self._sizes = {name: len(attribute.codes) for name, attribute in self._attributes.items()}
        self._composition = population.composition
        self._shares = [(table, self._given(table)) for table in self._composition.shares]
        self._curves = {
            name: _by_band(self._attributes[name], weights) for name, weights in population.tables.curves.items()
        }

    def _given(self, table: Shares) -> Groups:
        cells = int(np.prod([self._sizes[name] for name in table.given]))
        return Groups(table.units.cells(table.given, self._sizes), table.units.weights, cells)

    def chunk(
        self, population: "Population", taken: Allocation | None, seed: int, start: int, stop: int, equally: bool
    ) -> People:
        """One run of people; rows of microdata with equal chances when wanted."""

        def draws(*key: str) -> Floats:
            return uniforms(seed, "population", population.id, *key, start=start, stop=stop, draws=1)[:, 0]

        n = stop - start
        levels: Levels = {}
        numbers: Numbers = {}
        weights = np.ones(n)
        rows: NDArray[np.object_] | None = None
        if taken and taken.weights is not None:
            weights = taken.weights[start:stop]
        if taken and taken.levels:
            levels = {name: column[start:stop] for name, column in taken.levels.items()}
        for position, part in enumerate(() if levels else self._composition.parts):
            if taken and position in taken.units:
                chosen = taken.units[position][start:stop]
            elif equally and part.row is not None:
                chosen = (draws("cell", *part.attributes) * len(part)).astype(np.intp)
                weights = weights * part.weights[chosen]
            else:
                chosen = draw(part.weights, draws("cell", *part.attributes))
            self._read(part, chosen, levels, numbers)
            if part.row is not None:
                rows = np.array(part.row_names, dtype=object)[part.row[chosen]]
        for table, given in self._shares:
            if table.attributes[0] in levels:
                continue
            cell = np.zeros(n, np.intp)
            for name in table.given:
                cell = cell * self._sizes[name] + levels[name]
            self._read(table.units, given.draw(cell, draws("cell", *table.attributes)), levels, numbers, table.given)
        for name, attribute in self._attributes.items():
            if attribute.kind == "numeric":
                numbers[name] = self._numbers(name, levels[name], numbers.get(name), draws)
        return self._people(population, start, levels, numbers, weights, rows, draws)

    def _read(
        self,
        units: Units,
        chosen: NDArray[np.intp],
        levels: Levels,
        numbers: Numbers,
        known: tuple[str, ...] = (),
    ) -> None:
        for name in units.attributes:
            if name not in known:
                levels[name] = units.level(name)[chosen]
        numbers.update({name: values[chosen] for name, values in units.numbers.items()})

    def _numbers(
        self, name: str, levels: NDArray[np.int32], known: NDArray[np.int64] | None, draws: Draws
    ) -> NDArray[np.int64]:
        """Number of each person: the known one, or one drawn within the band."""
        open_ = (levels >= 0) if known is None else (known == NO_NUMBER) & (levels >= 0)
        numbers = np.full(len(levels), NO_NUMBER, np.int64) if known is None else known.copy()
        if not open_.any():
            return numbers
        uniform, band = draws("value", name)[open_], levels[open_]
        if name in self._curves:
            numbers[open_] = self._curves[name].draw(band, uniform)
        else:
            attribute = self._attributes[name]
            low, high = np.array([attribute.bands[code] for code in attribute.sorted_codes], np.int64).T
            numbers[open_] = low[band] + np.floor(uniform * (high - low + 1)[band]).astype(np.int64)
        return numbers

    def _people(
        self,
        population: "Population",
        start: int,
        levels: Levels,
        numbers: Numbers,
        weights: Floats,
        rows: NDArray[np.object_] | None,
        draws: Draws,
    ) -> People:
        codes = {name: (attribute.sorted_codes, levels[name]) for name, attribute in self._attributes.items()}
        names = population.document.names
        texts: Mapping[str, NDArray[np.object_]] = {}
        if names:
            sexes, sex = codes[names.sex]
            texts = {NAME: names.draw(sexes, sex.astype(np.intp), draws("given name"), draws("family name"))}
        homes = population.places
        spots = {name: (known, level.astype(np.intp)) for name, (known, level) in codes.items()}
        places = homes.draw(draws("state"), draws("city"), spots) if homes else None
        return People(start, population.attributes, levels, numbers, texts, weights, rows, places)


def _by_band(attribute: Attribute, weights: Floats) -> Groups:
    """Values of a curve by the band they lie in."""
    band = np.zeros(len(weights), np.intp)
    inside = np.zeros(len(weights), bool)
    for position, code in enumerate(attribute.sorted_codes):
        low, high = attribute.bands[code]
        band[low : high + 1] = position
        inside[low : high + 1] = True
    return Groups(band, np.where(inside, weights, 0.0), len(attribute.bands))


def _joined(runs: Iterator[People], number: int) -> People:
    """Runs of people one after the other, each put into its place as it comes."""
    first = next(runs)
    whole = People(
        first.first,
        first.attributes,
        {name: np.empty(number, np.int32) for name in first.levels},
        {name: np.empty(number, np.int64) for name in first.numbers},
        {name: np.empty(number, object) for name in first.texts},
        np.empty(number),
        None if first.rows is None else np.empty(number, object),
        None if first.places is None else [*first.places[:1]] * number,
    )
    for run in chain([first], runs):
        here = slice(run.first - first.first, run.first - first.first + len(run))
        for mine, theirs in ((whole.levels, run.levels), (whole.numbers, run.numbers), (whole.texts, run.texts)):
            for name, column in theirs.items():
                mine[name][here] = column
        whole.weights[here] = run.weights
        if whole.rows is not None and run.rows is not None:
            whole.rows[here] = run.rows
        if whole.places is not None and run.places is not None:
            whole.places[here] = run.places
    return whole
