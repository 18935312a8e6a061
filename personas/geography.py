"""Where personas live: a state by its population, and within it a city by its own.

The state, the country and whether somebody lives in the country or in a town may also be attributes of the persona,
so that they go together with the rest of the person; what is left open is drawn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from demoscope.documents import Document
from demoscope.errors import DocumentError
from demoscope.tables import Row, amount, file_beside, read_table
from personas.attributes import Attribute, in_language
from personas.chance import draw
from personas.gazetteer import NATIONWIDE, Cities, Unit, cities_of
from personas.persona import Place

LIBRARY = Path(__file__).parent / "library"
TABLES = ("us_states", "cn_provinces", "def_us_states", "def_cn_provinces")
"""Tables of states that come with Demoscope: 50 states and DC, 31 provinces, and the lists of DEF's code."""

STATE_COLUMNS = ("code", "name", "population")
RURAL = "rural"
"""Level of the settlement attribute whose people live in no city."""

Levels = Mapping[str, tuple[Sequence[str], NDArray[np.intp]]]
"""Attribute -> its codes, and each person's level as its place among them; -1 where it is not known."""


class PlacesDocument(Document):
    """Where the people of a population live."""

    country: str | None = Field(default=None, min_length=1)
    """Plain name of the country, such as ``United States``."""
    country_attribute: str | None = None
    """Instead of one country: the attribute whose level is the person's country."""
    states: str | None = None
    """File name of a CSV beside the document with ``code``, ``name`` and ``population``, or a table that comes with
    Demoscope: ``us_states`` (50 and DC), ``cn_provinces`` (31), or the lists of DEF's published code,
    ``def_us_states`` (50) and ``def_cn_provinces`` (23). One country when absent."""
    weights: Literal["population", "uniform"] = "population"
    """Whether a state is drawn by its population, or every state alike as DEF's published code does."""
    state_attribute: str | None = None
    """Attribute whose level is the code of the person's state; states are drawn, independently of everything else,
    when absent."""
    settlement_attribute: str | None = None
    """Attribute with the levels ``urban`` and ``rural``; rural people are given no city. Everybody is when absent."""
    cities: Cities | None = None
    """Cities within the states, or of the whole country; places end at the state when absent."""
    source: str | None = None
    """Who counted, and when."""

    @field_validator("states")
    @classmethod
    def _is_known_or_lies_beside(cls, states: str | None) -> str | None:
        if states is None or states in TABLES:
            return states
        if not Path(states).suffix:
            raise ValueError(
                f"no table {states!r} comes with Demoscope; there are {', '.join(TABLES)}, or a file.csv"
            )
        return file_beside(states)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.country is None) == (self.country_attribute is None):
            raise ValueError("places are in one `country`, or in that of a `country_attribute`; name one of them")
        if self.country is None and (self.states or self.cities):
            raise ValueError("states and cities belong to one `country`; leave them out or name it")
        if self.states is None and (self.state_attribute or self.weights == "uniform"):
            raise ValueError("`state_attribute` and `weights` belong to `states`; name the table of states too")
        if self.settlement_attribute and not self.cities:
            raise ValueError("`settlement_attribute` decides who lives in one of the `cities`; name these too")
        return self

    def check(self, attributes: Mapping[str, Attribute]) -> None:
        """Refuse attributes that nobody has or that cannot say where somebody lives, by a :class:`ValueError`."""
        for key in ("country_attribute", "state_attribute", "settlement_attribute"):
            name = getattr(self, key)
            if name is None:
                continue
            if name not in attributes or attributes[name].kind != "categorical":
                raise ValueError(f"places: {key} {name!r} is not a categorical attribute of the population")
            if key == "settlement_attribute" and RURAL not in attributes[name].codes:
                raise ValueError(f"places: {name!r} has no level {RURAL!r}; its levels are urban and rural")


@dataclass(frozen=True, eq=False)
class Places:
    """Countries, states and cities, ready to draw from."""

    countries: Mapping[str, str]
    """Country by level of the country attribute; the only one under ``""`` when there is none."""
    states: Mapping[str, Unit]
    """State code -> state, sorted by code; empty when places end at the country."""
    cities: Mapping[str, tuple[Unit, ...]]
    """State code (``""`` where there are no states) -> its cities, largest first; states without any are absent."""
    document: PlacesDocument
    """Which attributes say where people live."""

    @classmethod
    def read(cls, document: PlacesDocument, folder: Path, attributes: Mapping[str, Attribute]) -> Self:
        """Places of a document that stands in ``folder``.

        Raises
        ------
        DocumentError
            If a table is missing or malformed, the gazetteer has none of the cities, or a level of the state
            attribute is no state; the message names file, line and level.
        """
        states: dict[str, Unit] = {}
        codes: dict[str, str] = {}
        if document.states is not None:
            table = LIBRARY / f"{document.states}.csv" if document.states in TABLES else folder / document.states
            column = document.cities.codes if document.cities else None
            rows = read_table(table, STATE_COLUMNS + ((column,) if column else ()))
            states = states_of(rows, str(table))
            if document.cities:
                codes = {
                    row["code"]: row[column] if column else f"{document.cities.iso}.{row['code']}" for _, row in rows
                }
                codes = {code: codes[code] for code in states}
            if document.state_attribute:
                lost = [code for code in attributes[document.state_attribute].codes if code not in states]
                if lost:
                    raise DocumentError(
                        f"{table}: there is no state {lost[0]!r}, a level of {document.state_attribute!r}; the codes "
                        f"are {', '.join(states)}."
                    )
        cities = cities_of(document.cities, codes) if document.cities else {}
        return cls(_countries(document, attributes), states, cities, document)

    @classmethod
    def restored(
        cls, document: PlacesDocument, content: Mapping[str, Any], attributes: Mapping[str, Attribute]
    ) -> Self:
        """Places that :meth:`content` wrote, without any file or gazetteer."""
        return cls(
            _countries(document, attributes),
            {code: Unit(*unit) for code, unit in content["states"].items()},
            {code: tuple(Unit(*unit) for unit in units) for code, units in content["cities"].items()},
            document,
        )

    def content(self) -> dict[str, Any]:
        """States and cities as plain data, for :meth:`restored`."""
        return {
            "states": {code: [unit.name, unit.population] for code, unit in self.states.items()},
            "cities": {code: [[unit.name, unit.population] for unit in units] for code, units in self.cities.items()},
        }

    @property
    def shares(self) -> dict[str, float]:
        """Share of the people that is drawn for each state, by name; empty where nothing is drawn."""
        if not self.states or self.document.state_attribute:
            return {}
        weights = self._weights()
        return dict(
            zip((unit.name for unit in self.states.values()), (weights / weights.sum()).tolist(), strict=True)
        )

    def draw(
        self, by_state: NDArray[np.float64], by_city: NDArray[np.float64], levels: Levels | None = None
    ) -> list[Place]:
        """Place of each person, by two uniform numbers each and what the person is; equal places are one object.

        Parameters
        ----------
        by_state, by_city : array of float, shape (n,)
            Uniform numbers in [0, 1).
        levels : mapping, optional
            Levels of the attributes that the document names.
        """
        known = levels or {}
        places = np.empty(len(by_state), dtype=object)
        for country, everybody in self._by_country(known, len(by_state)):
            if not self.states:
                self._settle(places, everybody, Place(country=country), NATIONWIDE, by_city, known)
                continue
            chosen = self._states(known, by_state)
            places[chosen < 0] = Place(country=country)
            for position, (code, unit) in enumerate(self.states.items()):
                people = np.flatnonzero(chosen == position)
                self._settle(places, people, Place(country=country, state=unit.name), code, by_city, known)
        return list(places)

    def _weights(self) -> NDArray[np.float64]:
        uniform = self.document.weights == "uniform"
        return np.array([1.0 if uniform else unit.population for unit in self.states.values()])

    def _by_country(self, levels: Levels, n: int) -> Iterable[tuple[str, NDArray[np.intp]]]:
        name = self.document.country_attribute
        if name is None:
            return [(self.countries[""], np.arange(n))]
        codes, chosen = levels[name]
        if (chosen < 0).any():
            raise DocumentError(f"A person's {name!r} is not known, and it says in which country the person lives.")
        return [(self.countries[code], np.flatnonzero(chosen == position)) for position, code in enumerate(codes)]

    def _states(self, levels: Levels, by_state: NDArray[np.float64]) -> NDArray[np.intp]:
        """State of each person as its place among the states; -1 where it is not known."""
        if self.document.state_attribute is None:
            return draw(self._weights(), by_state)
        codes, chosen = levels[self.document.state_attribute]
        order = {code: position for position, code in enumerate(self.states)}
        return np.array([*(order[code] for code in codes), -1])[chosen]

    def _settle(
        self,
        places: NDArray[np.object_],
        people: NDArray[np.intp],
        around: Place,
        code: str,
        by_city: NDArray[np.float64],
        levels: Levels,
    ) -> None:
        """Give the people of a state their city, or the state alone where they live in none."""
        cities = self.cities.get(code, ())
        places[people] = around
        if not cities or not len(people):
            return
        if self.document.settlement_attribute:
            codes, chosen = levels[self.document.settlement_attribute]
            rural = [position for position, level in enumerate(codes) if level == RURAL]
            people = people[(chosen[people] >= 0) & ~np.isin(chosen[people], rural)]
        known, populations = _towns(around, cities)
        places[people] = known[draw(populations, by_city[people])]


@lru_cache(maxsize=4096)
def _towns(around: Place, cities: tuple[Unit, ...]) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Place in each city of a state, and the cities' populations; kept, as waves draw a few people at a time."""
    known = np.empty(len(cities), dtype=object)
    known[:] = [around.model_copy(update={"city": city.name}) for city in cities]
    return known, np.array([city.population for city in cities])


def _countries(document: PlacesDocument, attributes: Mapping[str, Attribute]) -> dict[str, str]:
    if document.country_attribute is None:
        return {"": document.country or ""}
    labels = attributes[document.country_attribute].levels
    return {code: in_language(label, "en", f"The label of {code!r}") for code, label in labels.items()}


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
