"""Who answers: one simulated person with attributes and a place."""

from pydantic import Field

from demoscope.documents import Document

Value = str | int | float


class Place(Document):
    """Where a persona lives, from the largest unit to the smallest known."""

    country: str
    """Plain country name in the language of the population, such as ``United States``."""
    state: str | None = None
    """State, province or region."""
    city: str | None = None
    """City or town."""


class Persona(Document):
    """One person of a simulated population; equal traits are still two people.

    >>> Persona(number=0, attributes={"sex": "female", "age": 44}).attributes["age"]
    44
    """

    number: int = Field(ge=0)
    """Which person of the population this is, from 0; its seeds are derived from it."""
    attributes: dict[str, Value] = Field(default_factory=dict)
    """Attribute name -> level code (text) or number; labels stand in the population document."""
    place: Place | None = None
    """Where the person lives, when the population has places."""
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """How many people this one stands for, relative to the others."""
    source_row: str | None = None
    """Identifier of the real row this persona was taken from, when it was."""
    backstory: str | None = None
    """Story of the person's life, when one was written in an earlier wave and is told in this one."""
