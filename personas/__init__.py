"""Who answers: personas drawn from designed populations."""

from personas.attributes import Attribute
from personas.document import PopulationDocument
from personas.persona import Persona, Place
from personas.population import Population, load_population
from personas.portrait import describe, location
from personas.styles import portray, statements

__all__ = [
    "Attribute",
    "Persona",
    "Place",
    "Population",
    "PopulationDocument",
    "describe",
    "load_population",
    "location",
    "portray",
    "statements",
]
