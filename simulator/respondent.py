"""Who is interviewed: a persona as the model is told of it, with the settings it answers by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from personas.backstory import Facts
from personas.persona import Persona
from simulator.decoding import Decoding


@dataclass(frozen=True, slots=True)
class Respondent:
    """One persona in one cell; everything about it follows from the wave's seed and names."""

    cell: str
    """Name of the cell, part of the key of every sampled reply."""
    population: str
    """Id of the population the persona was drawn from, part of the key of everything the cells share."""
    persona: Persona
    """Who it is."""
    portrait: str
    """The persona as the model is told of it: the text in which the head of every prompt names the person."""
    decoding: Decoding
    """How its replies are drawn."""
    memory_length: int
    """Most exchanges it remembers, at least 0."""
    language: str = "en"
    """Language it is addressed in, as an ISO 639-1 code."""
    told: tuple[str, ...] = ()
    """Persona attributes that the portrait tells."""
    facts: Facts | None = None
    """What is known of the person, for a protocol that checks what is written about it."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Persona attributes in words of its language, for wordings that insert them."""
    assigned: frozenset[str] | None = None
    """Ids of the questions it is asked; all when absent."""
    known: Mapping[str, int] = field(default_factory=dict)
    """What the person is known to have answered: id of the question -> code."""
