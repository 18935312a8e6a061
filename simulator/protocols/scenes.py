"""The protocol ``scenes``: a model writes everyday scenes for the questions, and answers four questions about each.

A respondent of such a wave is a writer: nothing of a person is told. What was kept is written as a document with
``demoscope scenes``, to be read, corrected and rated by other waves; see :mod:`simulator.scenes`.
"""

import json

from pydantic import Field

from demoscope import seeds
from demoscope.documents import Document
from personas.persona import Persona
from personas.population import Population
from simulator.answer import Answer, Status
from simulator.decoding import Decoding
from simulator.protocols.interface import Ability, Completion, Message, Protocol, Request, Understood
from simulator.protocols.registry import CellDescription
from simulator.refusal import is_self_aware
from simulator.respondent import Respondent
from surveys import Question, Questionnaire
from surveys.probing.variations import why_not_probed
from surveys.scene_writing import checking, read_checks, read_scenes, why_refused, writing
from surveys.scenes import problems

MOST = 100
"""Scenes of a question at most; the check of the k-th scene of question n has the ordinal 100 n + k."""


class ScenesSettings(Document):
    """How scenes are written and checked."""

    scenes: int = Field(default=10, ge=1, le=MOST, strict=True)
    """Scenes of each question, all asked for at once."""
    temperature: float = Field(default=1.0, ge=0, le=10)
    """Softmax temperature of the writing; checks take the likeliest reply."""
    max_tokens: int = Field(default=2048, ge=1, le=10_000_000)
    """Longest reply of the writing, in tokens."""


class WriteScenes:
    """One answer for each scene wanted: the scene as JSON where all checks say yes, or why it is not kept."""

    name = "scenes"
    settings_model: type[Document] = ScenesSettings

    def check(self, settings: ScenesSettings, population: Population, where: str) -> None:
        """Every population does: nothing of it is told."""

    def describe(self, settings: ScenesSettings, population: Population) -> CellDescription:
        """What the store records of a cell with these settings."""
        return CellDescription("demoscope", "en", None, settings.model_dump(mode="json") | {"fallbacks": {}}, ())

    def answers_expected(self, settings: ScenesSettings, questionnaire: Questionnaire) -> int:
        """As many as scenes are wanted."""
        return settings.scenes * sum(
            why_not_probed(question, questionnaire) is None for question in questionnaire.asked
        )

    def abilities_needed(self, settings: ScenesSettings) -> frozenset[Ability]:
        """Replies, nothing else."""
        return frozenset({"generate"})

    def respondent(
        self, persona: Persona, population: Population, settings: ScenesSettings, seed: int, cell: str
    ) -> Respondent:
        """The writer; persons only tell writers apart."""
        return Respondent(
            cell=cell,
            population=population.id,
            persona=persona,
            portrait="",
            decoding=Decoding(temperature=settings.temperature, max_tokens=settings.max_tokens),
            memory_length=0,
        )

    def interview(
        self, respondent: Respondent, questionnaire: Questionnaire, settings: ScenesSettings, seed: int
    ) -> Protocol:
        """Ask for the scenes of each question, then check them one by one."""
        for place, question in enumerate(questionnaire.asked):
            if why_not_probed(question, questionnaire) is not None:
                continue
            if respondent.assigned is not None and question.id not in respondent.assigned:
                continue
            request = _request("scene", place, writing(question, settings.scenes), question, respondent, seed)
            completion = yield request
            assert completion is not None
            found = read_scenes(completion.text or "", question.id)[: settings.scenes]
            for number in range(settings.scenes):
                sources: tuple[tuple[str, int], ...] = (("scene", place),)
                if number >= len(found):
                    yield Understood(_not_written(completion, question, number), sources, number)
                    continue
                scene, wrong, checks = found[number], problems(found[number]), dict[str, bool]()
                if not wrong:
                    ordinal = MOST * place + number
                    checked = yield _request("check", ordinal, checking(question, scene), question, respondent, seed)
                    assert checked is not None
                    sources = (*sources, ("check", ordinal))
                    checks = read_checks(checked.text or "")
                reason = why_refused(wrong, checks)
                text = json.dumps(scene.model_dump(exclude={"question"}), ensure_ascii=False)
                status: Status = "answered" if reason is None else "invalid"
                yield Understood(
                    Answer(question.id, status, text=text, reason=reason, replicate=number), sources, number
                )


def _not_written(completion: Completion, question: Question, number: int) -> Answer:
    """The answer in the place of a scene that the reply does not have."""
    reply = completion.text
    if reply is None:
        declined = completion.last.error_kind in ("filtered", "refusal")
        reason = completion.last.error or "no reply came"
        return Answer(question.id, "refused" if declined else "failed", reason=reason, replicate=number)
    if is_self_aware(reply):
        return Answer(question.id, "refused", reason="the reply speaks as a language model", replicate=number)
    return Answer(
        question.id, "invalid", reason="the reply has no such scene in the form asked for", replicate=number
    )


def _request(step: str, ordinal: int, said: str, question: Question, respondent: Respondent, seed: int) -> Request:
    key = (respondent.cell, respondent.population, respondent.persona.number)
    return Request(
        step,
        ordinal,
        (Message("user", said),),
        respondent.decoding if step == "scene" else Decoding(temperature=0, max_tokens=64),
        seeds.number(seed, "sampling", *key, question.id, step, ordinal),
        question=question.id,
        conversation="/".join(map(str, key)),
        certain=step == "scene",
    )


PROTOCOL = WriteScenes()
