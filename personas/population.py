"""Who lives in the simulated country: a population document with its tables, and drawing people from it."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from demoscope import documents
from demoscope.errors import DocumentError
from personas import countries, nationals
from personas.allocation import crossed_by, endless, size_of
from personas.attributes import Attribute
from personas.composition import Composition, compose
from personas.designs import Design, Integerised, Panel, Quotas
from personas.document import PopulationDocument
from personas.drawing import draw_people
from personas.expectation import expected
from personas.frames import Missing, framed
from personas.geography import Places
from personas.microdata import keep
from personas.names import NAME, PHRASE
from personas.people import People
from personas.persona import Persona
from personas.phrases import Phrase, PortraitTemplate
from personas.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

LIBRARY = Path(__file__).parent / "library"
MADE = {countries.PREFIX: countries.adults_of, nationals.PREFIX: nationals.nationals_of}
"""How names of populations begin that are made rather than read, and what makes them."""


@dataclass(frozen=True, eq=False)
class Population:
    """A population document with its tables, ready to draw people from.

    >>> adults = Population.load("us_adults_2018")
    >>> sorted(adults.people(0, 1, seed=1)[0].attributes)
    ['age', 'degree', 'race', 'sex']
    """

    document: PopulationDocument
    """What the population consists of."""
    tables: Tables
    """What stands beside the document."""
    places: Places | None
    """Where the people live."""

    @classmethod
    def load(cls, name: str | Path, beside: Path | None = None) -> Self:
        """Population of the library or of a YAML file, relative to ``beside``; or one that is made.

        ``country:DE`` makes the adults of a country, ``countries:Germany,Mexico`` one person of each.

        Raises
        ------
        DocumentError
            If the document or a table beside it is missing, malformed or contradictory; the message names the
            file, the line and the level.
        """
        made = next((make for prefix, make in MADE.items() if str(name).startswith(prefix)), None)
        if made is not None:
            document, content = made(str(name))
            tables = Tables.restored(document.sources, document.attributes, content, str(name))
            places = Places.read(document.places, LIBRARY, document.attributes) if document.places else None
            return cls(document, tables, places)._composed(str(name))
        path = documents.find(str(name), LIBRARY, beside, "population")
        return cls.of(documents.read(PopulationDocument, path), path.parent, str(path))

    @classmethod
    def of(cls, document: PopulationDocument, folder: Path, where: str) -> Self:
        """Population of a document whose tables stand in ``folder``; messages call it ``where``."""
        tables = Tables.read(document.sources, document.attributes, folder)
        places = Places.read(document.places, folder, document.attributes) if document.places else None
        return cls(document, tables, places)._composed(where)

    @classmethod
    def from_frame(
        cls,
        frame: "pd.DataFrame",
        id: str,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        weight: str | None = None,
        row: str | None = None,
        missing: Missing = "refuse",
        source: str = "A pandas frame",
        design: Design | None = None,
    ) -> Self:
        """Population whose people are the rows of a pandas frame.

        Parameters
        ----------
        frame : pandas.DataFrame
            One row a person, a column for each attribute.
        id : str
            Stable name of the population; draws depend on it.
        attributes : mapping, optional
            What the columns hold. When absent every column but ``weight`` and ``row`` is an attribute: whole numbers
            are numeric with one band, anything else has its distinct values as levels.
        weight, row : str, optional
            Columns of the survey weights, and of what identifies a row.
        missing : {"refuse", "drop", "unknown"}
            What becomes of rows without a value.
        source : str
            Where the people come from.
        design : Design, optional
            How people are taken; by weight when absent.

        Raises
        ------
        DocumentError
            If the frame has no such column, a value is no level of its attribute, or a weight is impossible.

        Examples
        --------
        >>> import pandas as pd
        >>> people = pd.DataFrame({"sex": ["female", "male"], "age": [44, 18], "w": [2.0, 1.0]})
        >>> Population.from_frame(people, "two", weight="w").draw(2, seed=1)["age"].tolist()
        [18, 44]
        """
        content, microdata = framed(frame, id, attributes, weight, row, missing, source)
        document = documents.build(PopulationDocument, content | ({"design": design} if design else {}), id)
        rows = keep(microdata, frame, id)
        return cls(document, Tables.of_rows(microdata, document.attributes, rows, ""), None)._composed(id)

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
            tables = Tables.restored(document.sources, document.attributes, content, where)
            spots = document.places
            places = Places.restored(spots, content["places"], document.attributes) if spots else None
            return cls(document, tables, places)._composed(where)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DocumentError(f"The {where} cannot be read ({error!r}); it was not written by as_json.") from None

    def as_json(self) -> str:
        """Document, tables and places as one JSON text, attributes and levels in the order of the document.

        :meth:`from_json` draws the same people from it, and writes the same text again.
        """
        content = {
            "document": self.document.model_dump(mode="json", exclude_defaults=True),
            **self.tables.content(),
            "places": self.places and self.places.content(),
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))

    def _composed(self, where: str) -> Self:
        """The population, once it is sure that people can be drawn from it."""
        try:
            size_of(self.design, self.composition, self.document.attributes)
        except DocumentError as error:
            raise DocumentError(f"{where}: {error}") from None
        return self

    @cached_property
    def composition(self) -> Composition:
        """What people are drawn from: independent parts with raked weights, and conditional tables."""
        document = self.document
        return compose(
            document.sources,
            self.tables.by_source,
            document.attributes,
            document.raking,
            together=crossed_by(self.design),
        )

    @property
    def id(self) -> str:
        """Stable name of the population."""
        return self.document.id

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """What is known of every person: name -> kind, levels with labels, bands."""
        names = self.document.names
        return MappingProxyType(self.document.attributes | ({NAME: names.attribute()} if names else {}))

    @cached_property
    def phrases(self) -> tuple[Phrase, ...]:
        """How portraits tell the attributes, names first."""
        return (*((PHRASE,) if self.document.names else ()), *self.document.phrases)

    @property
    def portraits(self) -> Mapping[str, PortraitTemplate]:
        """Portraits in the document's own words, by style."""
        return MappingProxyType(self.document.portraits)

    @property
    def design(self) -> Design:
        """How people are taken."""
        return self.document.design

    @property
    def size(self) -> int | None:
        """How many people the design has; None when any number can be drawn, or none was fixed yet."""
        return size_of(self.design, self.composition, self.document.attributes)

    @property
    def restricted(self) -> bool:
        """Whether the terms of its microdata forbid passing rows on."""
        return any(getattr(source, "restricted", False) for source in self.document.sources)

    def under(self, design: Design) -> Self:
        """The same population under another design.

        Raises
        ------
        DocumentError
            If the design names what nobody has, or its cells cannot be filled.
        """
        content = {**self.document.model_dump(), "design": design.model_dump()}
        document = documents.build(PopulationDocument, content, f"the design of {self.id!r}")
        return dataclasses.replace(self, document=document)._composed(f"population {self.id!r}")

    def sized(self, n: int) -> Self:
        """The population whose design has ``n`` people, where the design leaves that open.

        Raises
        ------
        DocumentError
            If the design has another number of people.
        """
        if endless(self.design):
            return self
        if self.size is None:
            panel = self.design if isinstance(self.design, Panel) else None
            inner = panel.design if panel else self.design
            assert isinstance(inner, Quotas | Integerised)
            fixed = inner.model_copy(update={"size": n})
            return self.under(panel.model_copy(update={"design": fixed}) if panel else fixed)
        if self.size != n:
            raise DocumentError(
                f"The design ({self.design.kind}) of population {self.id!r} has {self.size:,} people, and {n:,} are "
                f"wanted; ask for {self.size:,}, or change the design. Only weighted and random designs can grow."
            )
        return self

    def __repr__(self) -> str:
        return f"Population({self.id!r}, {self.document.title!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from personas.notebook import population_html

        return population_html(self)

    def columns(self, start: int, stop: int, seed: int) -> People:
        """People ``start`` to ``stop - 1`` column by column; parameters and errors are those of :meth:`people`."""
        return draw_people(self, start, stop, seed)

    def people(self, start: int, stop: int, seed: int) -> list[Persona]:
        """People ``start`` to ``stop - 1``; each depends only on the seed, the population and its number.

        Parameters
        ----------
        start, stop : int
            Half-open range of people, ``0 <= start <= stop``.
        seed : int
            The wave's seed.

        Returns
        -------
        list of Persona
            In order of their numbers.

        Raises
        ------
        ValueError
            If the range is none.
        DocumentError
            If the design has fewer people, or no size yet.
        """
        return self.columns(start, stop, seed).personas()

    def draw(self, n: int | None = None, *, seed: int) -> "pd.DataFrame":
        """People as a pandas frame: one row a person, with attributes, place, weight and source row.

        Parameters
        ----------
        n : int, optional
            How many; all that the design has when absent.
        seed : int
            Seed of the draw; equal seeds give equal people, and those of a wave with that seed.

        Raises
        ------
        DocumentError
            If the design has another number of people, or needs to be told how many.

        Examples
        --------
        >>> Population.load("us_adults_2018").draw(3, seed=1)["age"].between(18, 89).all()
        np.True_
        """
        wanted = self.size if n is None else n
        if wanted is None:
            raise DocumentError(
                f"The design ({self.design.kind}) of population {self.id!r} does not say how many people; pass n."
            )
        return self.sized(wanted).columns(0, wanted, seed).frame()

    def shares(self, *attributes: str) -> dict[tuple[str, ...], float]:
        """Share of the population that has each combination of levels, as raked: what draws by weight come to.

        A level that microdata do not know is an empty text.

        >>> women = Population.load("us_adults_2018").shares("sex")["female",]
        >>> 0.5 < women < 0.6
        True

        Raises
        ------
        DocumentError
            If there is no such attribute.
        """
        known = self.document.attributes
        for name in attributes:
            if name not in known:
                raise DocumentError(f"Population {self.id!r} knows no {name!r}; it knows {', '.join(known)}.")
        units = expected(self.composition, attributes, known)
        columns = [
            [(*known[name].sorted_codes, "")[level] for level in units.level(name).tolist()] for name in attributes
        ]
        return dict(zip(zip(*columns, strict=True), units.weights.tolist(), strict=True))


def load_population(name: str | Path, beside: Path | None = None) -> Population:
    """Population of the library (``us_adults_2018``) or of a YAML file, relative to the folder ``beside``."""
    return Population.load(name, beside)
