"""Whom a model is to imagine it is, in probes and ratings: a sentence about a persona, or nothing."""

from typing import Protocol

from demoscope.errors import DocumentError
from personas.persona import Persona
from personas.population import Population
from personas.portrait import Language, describe
from personas.styles import usual

IMAGINE: dict[Language, str] = {"en": "Imagine {portrait}", "zh": "请想象：{portrait}"}
"""The published instruction is "Imagine you are a person from <country>."."""


class Imagining(Protocol):
    """Settings that say whether a person is told."""

    @property
    def person(self) -> bool:
        """Whether the model is to imagine that it is the person."""

    @property
    def attributes(self) -> tuple[str, ...] | None:
        """What is told of the person; all that the population has phrases for when absent."""


def told_attributes(settings: Imagining, population: Population) -> tuple[str, ...]:
    """Attributes that are told; none when nobody is."""
    if not settings.person:
        return ()
    return usual(population) if settings.attributes is None else settings.attributes


def imagined(persona: Persona, population: Population, settings: Imagining, language: Language = "en") -> str:
    """The sentence that tells the model who it is; empty when nobody is told, or nothing is known of the person.

    Raises
    ------
    DocumentError
        If the population lacks the words.
    """
    told = told_attributes(settings, population)
    said = describe(persona, population, told, language) if told else ""
    return IMAGINE[language].format(portrait=said[0].lower() + said[1:]) if said else ""


def check_imagined(settings: Imagining, population: Population, language: Language, where: str) -> None:
    """Refuse to tell of people what the population has no words for, by a :class:`DocumentError`."""
    if not settings.person:
        return
    if not told_attributes(settings, population):
        raise DocumentError(
            f"{where}: person: the population {population.id!r} has no phrase that tells anything of its people; "
            "add `phrases` to it, or leave `person` out."
        )
    try:
        imagined(population.people(0, 1, seed=0)[0], population, settings, language)
    except DocumentError as error:
        raise DocumentError(f"{where}: person: {error}") from None
