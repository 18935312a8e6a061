"""Who answers: personas drawn from designed populations."""

from personas.attributes import Attribute
from personas.persona import Persona, Place
from personas.population import Population, PopulationDocument, load_population
from personas.portrait import describe, location

__all__ = [
    "Attribute",
    "Persona",
    "Place",
    "Population",
    "PopulationDocument",
    "describe",
    "load_population",
    "location",
]
