"""What a population document may say."""

from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from demoscope.documents import Document
from personas.allocation import check_design
from personas.attributes import Attribute
from personas.composition import RakingSettings
from personas.designs import Design, Weighted
from personas.geography import PlacesDocument
from personas.names import NAME, Names
from personas.people import COLUMNS
from personas.phrases import Phrase, PortraitTemplate, check_portraits, texts_of
from personas.real_people import check_no_real_people
from personas.sources import Microdata, Source
from personas.structure import check_sources
from personas.templates import check_variable


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
    sources: tuple[Source, ...] = Field(min_length=1)
    """Tables and files that the attributes come from, in any mix; the first of two margins is trusted more."""
    raking: RakingSettings = RakingSettings()
    """How margins are met."""
    design: Design = Weighted()
    """How people are taken; a wave may name another."""
    places: PlacesDocument | None = None
    """Where the people live."""
    phrases: tuple[Phrase, ...] = ()
    """How a portrait tells the attributes, in this order; the first phrase whose attributes are wanted is used."""
    names: Names | None = None
    """Names for the people, from the list of a culture (``us``, or ``{culture: us, sex: sex}``); they become the
    attribute ``name``, which portraits may tell. Nobody has a name when absent."""
    portraits: dict[str, PortraitTemplate] = Field(default_factory=dict)
    """Portraits in your own words: name of the style -> its template."""

    real_people: bool = False
    """Whether people may be named or identified who exist. Only for those who have agreed; refused otherwise."""

    @field_validator("names", mode="before")
    @classmethod
    def _plain_text_is_a_culture(cls, names: Any) -> Any:
        return {"culture": names} if isinstance(names, str) else names

    @field_validator("attributes")
    @classmethod
    def _names_are_free(cls, attributes: dict[str, Attribute]) -> dict[str, Attribute]:
        for name in attributes:
            if name in COLUMNS:
                raise ValueError(
                    f"{name!r} is what Demoscope calls a column of its own ({', '.join(COLUMNS)}); "
                    "give the attribute another name"
                )
            check_variable(name)
        return attributes

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        check_sources(self.sources, self.attributes)
        if self.raking.cap is not None and not any(isinstance(source, Microdata) for source in self.sources):
            raise ValueError("raking: a cap trims the weights of microdata, and there are none; leave it out")
        check_design(self.design, self.attributes)
        if self.names is not None:
            self.names.check(self.attributes)
        known = (*self.attributes, *((NAME,) if self.names else ()))
        check_portraits(self.portraits, known)
        for phrase in self.phrases:
            unknown = [name for name in phrase.tells if name not in known]
            if unknown:
                raise ValueError(f"a phrase tells {unknown[0]!r}, an attribute that nobody has")
        if self.places is not None:
            self.places.check(self.attributes)
        if not self.real_people:
            labels = {
                name: [said for label in attribute.levels.values() for said in texts_of(label)]
                for name, attribute in self.attributes.items()
            }
            check_no_real_people(labels, self._wordings())
        return self

    def _wordings(self) -> Iterator[str]:
        """Every text that a portrait is made of."""
        texts = [text for phrase in self.phrases for text in (phrase.text, phrase.first)]
        for text in (*texts, *(portrait.text for portrait in self.portraits.values())):
            yield from texts_of(text)
