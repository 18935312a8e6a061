"""What a protocol offers to those who launch it, and how one is found by name."""

from dataclasses import dataclass
from typing import Any, Protocol

from demoscope.documents import Document
from personas.persona import Persona
from personas.population import Population
from simulator.plugins import find_plugin
from simulator.protocols.interface import Ability
from simulator.protocols.interface import Protocol as Interview
from simulator.respondent import Respondent
from surveys import Questionnaire


@dataclass(frozen=True)
class CellDescription:
    """What the store records of a cell's protocol."""

    profile: str
    """paper, code or demoscope."""
    language: str
    """Language the respondents are addressed in."""
    culture: str | None
    """Culture the respondents stand for, when the condition names one."""
    settings: dict[str, Any]
    """Every setting as it is applied, JSON-able, with ``fallbacks``: what the profile's source leaves open."""
    told: tuple[str, ...]
    """Persona attributes that the model is told."""


class ProtocolKind(Protocol):
    """What an entry point of ``demoscope.protocols`` names."""

    name: str
    """Name in wave files."""
    settings_model: type[Document]
    """Settings that a condition may give; unknown ones are refused when the wave is read."""

    def check(self, settings: Any, population: Population, where: str) -> None:
        """Refuse settings that do not fit the population, by a :class:`DocumentError` that names ``where``."""

    def describe(self, settings: Any, population: Population) -> CellDescription:
        """What the store records of a cell with these settings."""

    def answers_expected(self, settings: Any, questionnaire: Questionnaire) -> int:
        """How many answers one respondent's interview ends in."""

    def abilities_needed(self, settings: Any) -> frozenset[Ability]:
        """What the interview asks of a backend; a model that lacks some of it is refused before it is asked."""

    def respondent(self, persona: Persona, population: Population, settings: Any, seed: int, cell: str) -> Respondent:
        """The respondent that a persona is in a cell: portrait, decoding and memory length from the names alone."""

    def interview(self, respondent: Respondent, questionnaire: Questionnaire, settings: Any, seed: int) -> Interview:
        """The whole interview as a generator; see :mod:`simulator.protocols.interface`."""


def find_protocol(name: str) -> ProtocolKind:
    """Protocol of this name; a :class:`DocumentError` when none is installed."""
    protocol: ProtocolKind = find_plugin("protocol", name)
    return protocol
