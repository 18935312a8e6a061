"""Protocols that rewrite: ``paraphrase`` puts questions in other words, ``translate`` puts them in another language.

A respondent of such a wave is a writer: nothing of the person is told, and each one writes a version of its own. What
was written is kept as documents and used by other waves; see :mod:`simulator.rewordings`.
"""

import json

from pydantic import Field

from demoscope import seeds
from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.persona import Persona
from personas.population import Population
from simulator.answer import Answer
from simulator.decoding import Decoding
from simulator.protocols.interface import FURTHER, Ability, Message, Protocol, Request, Understood
from simulator.protocols.registry import CellDescription
from simulator.refusal import is_self_aware
from simulator.respondent import Respondent
from surveys import Questionnaire
from surveys.rewording import AGAIN, Part, Purpose, parts_to_paraphrase, parts_to_translate, problems, read_reply
from surveys.rewording import request as asked_for

SEVERAL = "mul"
"""ISO 639-2 for several languages: that of the instructions and that of the wordings."""


class ParaphraseSettings(Document):
    """How questions are put in other words.

    >>> ParaphraseSettings().tries
    3
    """

    tries: int = Field(default=3, ge=1, le=20)
    """Versions of a question that are written at most, until one keeps what it must."""
    temperature: float = Field(default=1.0, ge=0, le=10)
    """Softmax temperature."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Nucleus probability."""
    max_tokens: int = Field(default=512, ge=1, le=10_000_000)
    """Longest reply, in tokens."""


class TranslateSettings(ParaphraseSettings):
    """How questions are translated."""

    to: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    """Language to translate into, as an ISO 639-1 code; wordings that are there already stay."""
    temperature: float = Field(default=0.0, ge=0, le=10)
    """Softmax temperature; 0 takes the likeliest word each time."""


class Rewording:
    """One exchange for each question and try; the answers are the new wordings, as JSON."""

    def __init__(self, purpose: Purpose, settings_model: type[Document]) -> None:
        self.name: str = purpose
        self.settings_model = settings_model
        self._purpose = purpose

    def check(self, settings: ParaphraseSettings, population: Population, where: str) -> None:
        """Every population does: nothing of it is told."""

    def describe(self, settings: ParaphraseSettings, population: Population) -> CellDescription:
        """What the store records of a cell with these settings."""
        resolved = settings.model_dump(mode="json") | {"fallbacks": {}}
        return CellDescription("demoscope", SEVERAL, None, resolved, ())

    def answers_expected(self, settings: ParaphraseSettings, questionnaire: Questionnaire) -> int:
        """One answer for each question that has something to be rewritten."""
        return len(self._parts(questionnaire, settings))

    def abilities_needed(self, settings: ParaphraseSettings) -> frozenset[Ability]:
        """Replies, nothing else."""
        return frozenset({"generate"})

    def respondent(
        self, persona: Persona, population: Population, settings: ParaphraseSettings, seed: int, cell: str
    ) -> Respondent:
        """The writer; persons only tell writers apart."""
        return Respondent(
            cell=cell,
            population=population.id,
            persona=persona,
            portrait="",
            decoding=Decoding(
                temperature=settings.temperature,
                top_p=settings.top_p,
                do_sample=settings.temperature > 0,
                max_tokens=settings.max_tokens,
            ),
            memory_length=0,
            language=SEVERAL,
        )

    def interview(
        self, respondent: Respondent, questionnaire: Questionnaire, settings: ParaphraseSettings, seed: int
    ) -> Protocol:
        """Rewrite question by question, each again with what was wrong, until it can be used or the tries are up."""
        language = _target(settings) or questionnaire.language
        for place, (question, parts) in enumerate(self._parts(questionnaire, settings).items()):
            first = Message("user", asked_for(parts, self._purpose, language))
            messages: tuple[Message, ...] = (first,)
            answer, source = Answer(question, "failed"), (self.name, FURTHER * place)
            for number in range(settings.tries):
                source = (self.name, FURTHER * place + number)
                key = (respondent.cell, respondent.population, respondent.persona.number, question, *source)
                completion = yield Request(
                    *source,
                    messages,
                    respondent.decoding,
                    seeds.number(seed, "sampling", *key),
                    question=question,
                    conversation=f"{respondent.cell}/{respondent.persona.number}/{self.name}/{question}",
                    certain=number == 0,
                )
                assert completion is not None
                reply = completion.text
                if reply is None:
                    declined = completion.last.error_kind in ("filtered", "refusal")
                    reason = completion.last.error or "no reply came"
                    answer = Answer(question, "refused" if declined else "failed", reason=reason)
                    continue
                if is_self_aware(reply):
                    answer = Answer(question, "refused", reason="the reply speaks as a language model")
                    continue
                said = read_reply(reply, len(parts))
                wrong = problems(parts, said, self._purpose)
                if completion.last.finish_reason == "length":
                    wrong = ("the reply was cut off", *wrong)
                if not wrong:
                    answer = Answer(question, "answered", text=_written(parts, said))
                    break
                answer = Answer(question, "invalid", reason="; ".join(wrong))
                again = Message("user", AGAIN.format(problems="; ".join(wrong)))
                messages = (first, Message("assistant", reply), again)
            yield Understood(answer, (source,))

    def _parts(self, questionnaire: Questionnaire, settings: ParaphraseSettings) -> dict[str, tuple[Part, ...]]:
        """What is rewritten, by question, in order."""
        if self._purpose == "paraphrase":
            return {question.id: parts_to_paraphrase(question) for question in questionnaire.asked}
        target = _target(settings)
        assert target is not None
        if target == questionnaire.language:
            raise DocumentError(f"{questionnaire.id!r} is in {target!r} already; translate it into another language.")
        return parts_to_translate(questionnaire, target)


def _target(settings: ParaphraseSettings) -> str | None:
    """Language that is translated into; ``None`` for paraphrases."""
    return getattr(settings, "to", None)


def _written(parts: tuple[Part, ...], said: dict[int, str]) -> str:
    """New wordings as they are stored: a JSON list of entry, slot and text."""
    rows = [[part.entry, list(part.slot), said[number]] for number, part in enumerate(parts, start=1)]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


PARAPHRASE = Rewording("paraphrase", ParaphraseSettings)
TRANSLATE = Rewording("translate", TranslateSettings)
