"""The protocol ``contamination``: a model continues questions that were cut, to see whether it knows them by heart.

A condition without perturbations takes the original wordings. One with ``paraphrase`` takes rephrasings, which the
model cannot have read, and so is the control. See :mod:`analysis.contamination`.
"""

import json

from pydantic import Field

from demoscope import seeds
from demoscope.documents import Document
from personas.persona import Persona
from personas.population import Population
from simulator.answer import Answer
from simulator.decoding import Decoding
from simulator.protocols.interface import Ability, Completion, Message, Protocol, Request, Understood
from simulator.protocols.registry import CellDescription
from simulator.refusal import is_self_aware
from simulator.respondent import Respondent
from surveys import Questionnaire, piping
from surveys.completion import cut, request


class ContaminationSettings(Document):
    """How questions are cut and continued.

    >>> ContaminationSettings().share
    0.5
    """

    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    """Language of the wordings, as an ISO 639-1 code; the questionnaire must have it."""
    share: float = Field(default=0.5, gt=0, lt=1)
    """Part of a question's words that is shown."""
    temperature: float = Field(default=0.0, ge=0, le=10)
    """Softmax temperature; 0 takes the likeliest word each time, so that one respondent is enough."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Nucleus probability."""
    max_tokens: int = Field(default=128, ge=1, le=10_000_000)
    """Longest continuation, in tokens."""


class ContaminationCheck:
    """One exchange for each question; the answer's text is the continuation, its presentation says what was cut."""

    name = "contamination"
    settings_model: type[Document] = ContaminationSettings

    def check(self, settings: ContaminationSettings, population: Population, where: str) -> None:
        """Every population does: nothing of it is told."""

    def describe(self, settings: ContaminationSettings, population: Population) -> CellDescription:
        """What the store records of a cell with these settings."""
        resolved = settings.model_dump(mode="json") | {"fallbacks": {}}
        return CellDescription("demoscope", settings.language, None, resolved, ())

    def answers_expected(self, settings: ContaminationSettings, questionnaire: Questionnaire) -> int:
        """One for each question that is put to models."""
        return len(questionnaire.asked)

    def abilities_needed(self, settings: ContaminationSettings) -> frozenset[Ability]:
        """Replies, nothing else."""
        return frozenset({"generate"})

    def respondent(
        self, persona: Persona, population: Population, settings: ContaminationSettings, seed: int, cell: str
    ) -> Respondent:
        """A reader; persons only tell readers apart."""
        decoding = Decoding(
            temperature=settings.temperature,
            top_p=settings.top_p,
            do_sample=settings.temperature > 0,
            max_tokens=settings.max_tokens,
        )
        return Respondent(cell, population.id, persona, "", decoding, 0, settings.language)

    def interview(
        self, respondent: Respondent, questionnaire: Questionnaire, settings: ContaminationSettings, seed: int
    ) -> Protocol:
        """Continue question by question."""
        spoken = questionnaire.spoken_in(settings.language)
        for place, question in enumerate(spoken.asked):
            if piping.places(question.text):
                yield _passed(question.id, "its wording inserts what was answered before")
                continue
            try:
                shown, rest = cut(question.text, settings.share)
            except ValueError:
                yield _passed(question.id, "too short to be cut")
                continue
            key = (respondent.cell, respondent.population, respondent.persona.number, question.id)
            completion = yield Request(
                "check",
                place,
                (Message("user", request(spoken.title, shown, settings.language)),),
                respondent.decoding,
                seeds.number(seed, "sampling", *key, "check", place),
                question=question.id,
                conversation="/".join(map(str, key)),
            )
            assert completion is not None
            presentation = json.dumps({"shown": shown, "rest": rest}, ensure_ascii=False, separators=(",", ":"))
            yield Understood(_continued(question.id, completion, presentation), (("check", place),))


def _passed(question: str, reason: str) -> Understood:
    return Understood(Answer(question, "skipped", reason=reason, presentation="{}"), ())


def _continued(question: str, completion: Completion, presentation: str) -> Answer:
    reply = completion.text
    if reply is None:
        declined = completion.last.error_kind in ("filtered", "refusal")
        reason = completion.last.error or "no reply came"
        return Answer(question, "refused" if declined else "failed", reason=reason, presentation=presentation)
    if is_self_aware(reply):
        reason = "the reply speaks as a language model"
        return Answer(question, "refused", reason=reason, presentation=presentation)
    if not reply.strip():
        return Answer(question, "invalid", reason="the reply is empty", presentation=presentation)
    return Answer(question, "answered", text=reply, presentation=presentation)


PROTOCOL = ContaminationCheck()
