"""Who lives in the simulated country: a population document, its tables, and drawing people from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from demoscope import documents
from demoscope.documents import Document
from demoscope.errors import DocumentError
from demoscope.seeds import uniforms
from demoscope.tables import Row, read_table
from personas.attributes import Attribute
from personas.counts import Cells, cells
from personas.geography import STATE_COLUMNS, Places, PlacesDocument, Unit, cities_of, states_of
from personas.persona import Persona, Value
from personas.phrases import Phrase
from personas.sources import JointCounts

LIBRARY = Path(__file__).parent / "library"


class PopulationDocument(Document):
    """What a population consists of, and where its shares come from."""

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=80)
    """Stable name: letters, digits and underscores; draws depend on it."""
    title: str = Field(min_length=1)
    """Who these people are."""
    year: int | None = None
    """Year that the shares describe."""
    source: str = Field(min_length=1)
    """Who counted, where the data can be had, and under which terms."""
    note: str | None = None
    """What a reader must know before using it."""
    attributes: dict[str, Attribute] = Field(min_length=1)
    """What is known of every person."""
    sources: tuple[JointCounts, ...] = Field(min_length=1)
    """Tables that the attributes are drawn from; each attribute comes from one of them."""
    places: PlacesDocument | None = None
    """Where the people live."""
    phrases: tuple[Phrase, ...] = ()
    """How a portrait tells the attributes, in this order; the first phrase whose attributes are wanted is used."""

    @model_validator(mode="after")
    def _every_attribute_has_one_source(self) -> Self:
        given: dict[str, str] = {}
        for source in self.sources:
            if source.name in given.values():
                raise ValueError(f"table {source.name!r} is a source twice; keep one")
            for name in source.attributes:
                if name not in self.attributes:
                    raise ValueError(
                        f"table {source.name!r} gives {name!r}, an attribute that nobody has; "
                        f"known here: {', '.join(self.attributes)}"
                    )
                if name in given:
                    raise ValueError(f"attribute {name!r} is given by {given[name]!r} and again by {source.name!r}")
                given[name] = source.name
        orphans = [name for name in self.attributes if name not in given]
        if orphans:
            raise ValueError(f"no table gives the attribute {orphans[0]!r}; add it to a source or remove it")
        for phrase in self.phrases:
            unknown = [name for name in phrase.tells if name not in self.attributes]
            if unknown:
                raise ValueError(f"a phrase tells {unknown[0]!r}, an attribute that nobody has")
        return self


@dataclass(frozen=True, eq=False)
class Population:
    """A population document with its tables, ready to draw people from.

    >>> adults = Population.load("us_adults_2018")
    >>> sorted(adults.people(0, 1, seed=1)[0].attributes)
    ['age', 'degree', 'race', 'sex']
    """

    document: PopulationDocument
    """What the population consists of."""
    tables: tuple[Cells, ...]
    """Cells of each source, in the order of the document."""
    places: Places | None
    """Where the people live."""

    @classmethod
    def load(cls, name: str | Path, beside: Path | None = None) -> Self:
        """Population of the library (``us_adults_2018``) or of a YAML file, relative to the folder ``beside``.

        Raises
        ------
        DocumentError
            If the document or a table beside it is missing, malformed or contradictory; the message names the
            file, the line and the level.
        """
        path = documents.find(str(name), LIBRARY, beside, "population")
        document = documents.read(PopulationDocument, path)
        rows = {s.name: read_table(path.parent / s.name, [*s.attributes, s.count]) for s in document.sources}
        places = document.places
        states: dict[str, Unit] = {}
        cities: dict[str, tuple[Unit, ...]] = {}
        if places is not None and places.states is not None:
            table = path.parent / places.states
            states = states_of(read_table(table, STATE_COLUMNS), str(table))
            cities = {} if places.cities is None else cities_of(places.cities, states)
        return cls(
            document,
            _cells(document, rows, path.parent),
            None if places is None else Places(places.country, states, cities),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Population that :meth:`as_json` wrote, without any file or gazetteer.

        Raises
        ------
        DocumentError
            If the text is not such a population.
        """
        where = "saved population"
        try:
            content: dict[str, Any] = json.loads(text)
            document = documents.build(PopulationDocument, content["document"], where)
            rows: dict[str, list[Row]] = {
                table: [(line, {k: str(v) for k, v in row.items()}) for line, row in enumerate(body, start=1)]
                for table, body in content["tables"].items()
            }
            places = content["places"] and Places(
                country=content["places"]["country"],
                states={code: Unit(*unit) for code, unit in content["places"]["states"].items()},
                cities={
                    code: tuple(Unit(*unit) for unit in units) for code, units in content["places"]["cities"].items()
                },
            )
            return cls(document, _cells(document, rows, Path(where)), places)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DocumentError(f"The {where} cannot be read ({error!r}); it was not written by as_json.") from None

    def as_json(self) -> str:
        """Document, tables and places as one JSON text, equal for equal populations.

        :meth:`from_json` draws the same people from it.
        """
        content = {
            "document": self.document.model_dump(mode="json", exclude_defaults=True),
            "tables": {
                source.name: [
                    {**dict(zip(table.attributes, codes, strict=True)), source.count: count}
                    for codes, count in zip(table.codes, table.counts.tolist(), strict=True)
                ]
                for source, table in zip(self.document.sources, self.tables, strict=True)
            },
            "places": self.places
            and {
                "country": self.places.country,
                "states": {code: [unit.name, unit.population] for code, unit in self.places.states.items()},
                "cities": {
                    code: [[unit.name, unit.population] for unit in units]
                    for code, units in self.places.cities.items()
                },
            },
        }
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def id(self) -> str:
        """Stable name of the population."""
        return self.document.id

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        """What is known of every person: name -> kind, levels with labels, bands."""
        return MappingProxyType(self.document.attributes)

    def people(self, start: int, stop: int, seed: int) -> list[Persona]:
        """People ``start`` to ``stop - 1``; each depends only on the seed, the population's id and its number.

        Parameters
        ----------
        start, stop : int
            Half-open range of people, ``0 <= start <= stop``.
        seed : int
            The wave's seed.

        Returns
        -------
        list of Persona
            In order of their numbers, each drawn independently with the shares of the tables.

        Raises
        ------
        ValueError
            If the range is none.
        """

        def draws(*key: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
            return uniforms(seed, "population", self.id, *key, start=start, stop=stop, draws=1)[:, 0]

        columns: dict[str, list[Value]] = {}
        for table in self.tables:
            chosen = table.draw(draws("cell", *table.attributes))
            for position, name in enumerate(table.attributes):
                codes = [cell[position] for cell in table.codes]
                attribute = self.document.attributes[name]
                if attribute.kind == "numeric":
                    low, high = np.array([attribute.bands[code] for code in codes])[chosen].T
                    columns[name] = (low + np.floor(draws("value", name) * (high - low + 1)).astype(int)).tolist()
                else:
                    columns[name] = [codes[cell] for cell in chosen.tolist()]
        names = sorted(columns)
        places = self.places.draw(draws("state"), draws("city")) if self.places else [None] * (stop - start)
        return [
            Persona.model_construct(number=number, attributes=dict(zip(names, values, strict=True)), place=place)
            for number, values, place in zip(
                range(start, stop), zip(*(columns[name] for name in names), strict=True), places, strict=True
            )
        ]


def load_population(name: str | Path, beside: Path | None = None) -> Population:
    """Population of the library (``us_adults_2018``) or of a YAML file, relative to the folder ``beside``."""
    return Population.load(name, beside)


def _cells(document: PopulationDocument, rows: Mapping[str, list[Row]], folder: Path) -> tuple[Cells, ...]:
    return tuple(
        cells(source, rows[source.name], document.attributes, str(folder / source.name))
        for source in document.sources
    )
