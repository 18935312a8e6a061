"""The protocol ``judge``: a model looks at replies that a store holds, one exchange for each reply and dimension.

Its subject is the respondent who replied. `demoscope judge STORE` launches it; see :mod:`simulator.judging`.
"""

from pydantic import Field, field_validator

from demoscope.documents import Document
from demoscope.errors import DocumentError
from demoscope.replies import Reply
from personas.persona import Persona
from personas.population import Population
from simulator.constraint import Constraint
from simulator.protocols.interface import Ability, Judged, Protocol
from simulator.protocols.rater import MOST_TRIES, SEVERAL, RaterSettings, judged, until_read
from simulator.protocols.registry import CellDescription
from simulator.respondent import Respondent
from surveys import Questionnaire
from surveys.judging import AGAIN, CHOICES, DIMENSIONS, Dimension, instructions, read_verdict

MOST_QUESTIONS = 1_000_000
"""Ordinals kept for the questions of one repetition."""


class JudgeSettings(RaterSettings):
    """How replies are judged.

    >>> JudgeSettings().share
    0.01
    """

    name: str = Field(default="judge", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """What the results call the judge; `rules` are the rules, and no judge."""
    share: float = Field(default=0.01, gt=0, le=1)
    """Part of the replies that is judged; the published evaluation judges 1 %. It may grow later."""
    dimensions: tuple[Dimension, ...] = Field(default=tuple(DIMENSIONS), min_length=1)
    """What is judged, one call for each; others may be added later."""
    constrained: bool = False
    """Whether the reply must begin with Yes or No, for models that hardly follow instructions."""

    @field_validator("name")
    @classmethod
    def _is_no_rule(cls, name: str) -> str:
        if name == "rules":
            raise ValueError("`rules` is what the results call the rules; give the judge another name")
        return name

    @field_validator("dimensions")
    @classmethod
    def _are_unique(cls, dimensions: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
        if len(set(dimensions)) < len(dimensions):
            raise ValueError("a dimension is named twice; name each once")
        return dimensions


class Judge:
    """One exchange for each reply and dimension, and further ones while there is no verdict."""

    name = "judge"
    settings_model: type[Document] = JudgeSettings

    def check(self, settings: JudgeSettings, population: Population, where: str) -> None:
        """No wave asks a judge: it needs replies."""
        raise DocumentError(
            f"{where}: a judge looks at the replies of a store, so it is no condition of a wave; run the wave, then "
            "`demoscope judge STORE`."
        )

    def describe(self, settings: JudgeSettings, population: Population | None) -> CellDescription:
        """What the store records of a judge with these settings."""
        return CellDescription("demoscope", SEVERAL, None, settings.model_dump(mode="json") | {"fallbacks": {}}, ())

    def answers_expected(self, settings: JudgeSettings, questionnaire: Questionnaire) -> int:
        """None: a judge leaves verdicts."""
        return 0

    def abilities_needed(self, settings: JudgeSettings) -> frozenset[Ability]:
        """Replies, nothing else."""
        return frozenset({"generate"})

    def respondent(
        self, persona: Persona, population: Population, settings: JudgeSettings, seed: int, cell: str
    ) -> Respondent:
        """Whose replies are judged, before they are known."""
        return judged(cell, persona.number, settings, ())

    def interview(
        self, respondent: Respondent, questionnaire: Questionnaire, settings: JudgeSettings, seed: int
    ) -> Protocol:
        """Judge every reply in every dimension."""
        for reply in respondent.replies:
            for dimension in settings.dimensions:
                verdict, said = yield from until_read(
                    respondent,
                    reply,
                    settings,
                    seed,
                    place=ordinal(reply, dimension),
                    turns=instructions(dimension, reply.asked, reply.answer, reply.explanation),
                    again=AGAIN,
                    read=read_verdict,
                    constraint=_constraint(settings),
                )
                yield Judged(reply.key.question, reply.key.replicate, settings.name, dimension, verdict, said)


def ordinal(reply: Reply, dimension: Dimension, number: int = 0) -> int:
    """Ordinal of a try: by repetition, question, dimension, and number of the try, whatever else is judged.

    >>> from demoscope.replies import ReplyKey
    >>> ordinal(Reply(ReplyKey("c", 1, 1, "tea", 2, 0), "answered", "Tea?", "yes", ""), "QC", 1)
    261
    """
    place = MOST_QUESTIONS * reply.key.replicate + reply.key.question_id
    return (place * len(DIMENSIONS) + list(DIMENSIONS).index(dimension)) * MOST_TRIES + number


def _constraint(settings: JudgeSettings) -> Constraint | None:
    if not settings.constrained:
        return None
    return Constraint(CHOICES, suffix=". ", free_tokens=max(settings.max_tokens - 4, 1))


PROTOCOL = Judge()
