"""The baseline that asks for the average person of a culture: no persona, no memory, one decoding for everybody."""

from functools import cached_property
from typing import Literal

from pydantic import Field

from demoscope.documents import Document
from simulator.protocols.def_settings import DefSettings, ResolvedDef
from simulator.protocols.diversity_enhanced import DiversityEnhanced
from surveys.presentation_rules import PresentationRules


class CultureSettings(Document):
    """What the baselines share: a country, a language, and decoding that is the same for everybody.

    >>> CultureSettings().resolved().decoding.do_sample
    False
    """

    language: Literal["en", "zh"] = "en"
    """Language of the instructions, and of the questions where the questionnaire is translated into it."""
    culture: str | None = None
    """Culture the answers stand for, for the results."""
    do_sample: bool = False
    """Whether replies are sampled; greedy, as published, when not."""
    temperature: float = Field(default=1.0, ge=0, le=10)
    """Softmax temperature of sampled replies."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Nucleus probability of sampled replies."""
    max_tokens: int = Field(default=512, ge=1, le=10_000_000)
    """Longest reply, in tokens."""
    presentation: PresentationRules | None = None
    """How questions are shown; options shuffled when absent."""
    answer_format: Literal["text", "constrained"] = "text"
    """Free replies that are parsed, or replies that can only be an offered answer."""
    explanation_tokens: int = Field(default=24, ge=0)
    """Tokens of explanation after a constrained answer; none when 0."""
    ask_again: int = Field(default=1, ge=0, le=10)
    """How often a reply that cannot be understood is asked for again."""
    base_model: bool = False
    """Whether the model continues text and knows no chat."""

    def resolved(self) -> ResolvedDef:
        """The same as settings of DEF: no place, no memory, no drawn decoding."""
        return self._resolved

    @cached_property
    def _resolved(self) -> ResolvedDef:
        shared = self.model_dump(include=set(CultureSettings.model_fields))
        alike = DefSettings(**shared, location=False, memory=False, num_beams=1).resolved()
        return alike.model_copy(update={"average": 1})


class CaoSettings(CultureSettings):
    """How the average person is asked for.

    >>> CaoSettings(prompt=2).resolved().average
    2
    """

    prompt: Literal[1, 2] = 1
    """``1``: answer as an average person of the country; ``2``: what would an average person of it answer."""

    def resolved(self) -> ResolvedDef:
        """The same as settings of DEF, with the phrasing."""
        return self._resolved.model_copy(update={"average": self.prompt})


class AveragePerson(DiversityEnhanced):
    """Cao et al. (2023): each question on its own, put to the average person of a country.

    The wording is ours. Respondents differ only in the order in which options are shown.

    References
    ----------
    Cao et al. (2023). Assessing Cross-Cultural Alignment between ChatGPT and Human Societies. C3NLP.
    """

    name = "cao"
    settings_model: type[Document] = CaoSettings


PROTOCOL = AveragePerson()
