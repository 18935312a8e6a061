"""The story of each persona's life, written once, checked against what is known, and kept for later waves."""

from typing import Literal

from pydantic import Field

from demoscope import seeds
from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas import backstory
from personas.backstory import contradictions, facts_of, verdict, whole_sentences
from personas.persona import Persona
from personas.population import Population
from personas.styles import usual
from simulator.answer import Answer, Status
from simulator.decoding import Decoding
from simulator.protocols.interface import Ability, Completion, Message, Protocol, Request, Understood
from simulator.protocols.registry import CellDescription
from simulator.refusal import is_self_aware
from simulator.respondent import Respondent
from surveys import Question, Questionnaire

VERDICT_TOKENS = 16
"""Tokens in which a model says whether a story contradicts what is known."""


class BackstorySettings(Document):
    """How stories are written and checked.

    >>> BackstorySettings().tries
    3
    """

    language: Literal["en", "zh"] = "en"
    """Language of the instructions and of the story, and of the question where it is translated into it."""
    portrait: tuple[str, ...] | None = None
    """Persona attributes that the story starts from; all that the population has phrases for when absent."""
    check: Literal["rules", "model"] = "rules"
    """Whether rules alone look for contradictions, or (``model``) the model is asked too, in a call of its own."""
    tries: int = Field(default=3, ge=1, le=20)
    """Stories that are written at most, until one contradicts nothing."""
    temperature: float = Field(default=1.0, ge=0, le=10)
    """Softmax temperature."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Nucleus probability."""
    max_tokens: int = Field(default=400, ge=1, le=10_000_000)
    """Longest story, in tokens; one that is cut off ends with its last whole sentence."""


class Backstory:
    """One story a person, asked for by the questionnaire's one question, of kind ``text``."""

    name = "backstory"
    settings_model: type[Document] = BackstorySettings

    def check(self, settings: BackstorySettings, population: Population, where: str) -> None:
        """Refuse attributes that the population cannot tell."""
        try:
            facts_of(population.people(0, 1, seed=0)[0], population, _told(settings, population), settings.language)
        except DocumentError as error:
            raise DocumentError(f"{where}: portrait: {error}") from None

    def describe(self, settings: BackstorySettings, population: Population) -> CellDescription:
        """What the store records of a cell with these settings."""
        resolved = settings.model_dump(mode="json") | {"fallbacks": {}}
        return CellDescription("demoscope", settings.language, None, resolved, _told(settings, population))

    def answers_expected(self, settings: BackstorySettings, questionnaire: Questionnaire) -> int:
        """One story."""
        _question(questionnaire)
        return 1

    def abilities_needed(self, settings: BackstorySettings) -> frozenset[Ability]:
        """Replies, nothing else."""
        return frozenset({"generate"})

    def respondent(
        self, persona: Persona, population: Population, settings: BackstorySettings, seed: int, cell: str
    ) -> Respondent:
        """The person whose story is to be written; the portrait holds what is known."""
        told = _told(settings, population)
        facts = facts_of(persona, population, told, settings.language)
        return Respondent(
            cell=cell,
            population=population.id,
            persona=persona,
            portrait=facts.told,
            decoding=Decoding(temperature=settings.temperature, top_p=settings.top_p, max_tokens=settings.max_tokens),
            memory_length=0,
            language=settings.language,
            told=told,
            facts=facts,
        )

    def interview(
        self, respondent: Respondent, questionnaire: Questionnaire, settings: BackstorySettings, seed: int
    ) -> Protocol:
        """Write, check, and write again with what was wrong, until a story fits or the tries are up."""
        question, facts = _question(questionnaire.spoken_in(settings.language)), respondent.facts
        assert facts is not None
        system = Message("system", backstory.WRITE[settings.language].format(facts=facts.told))
        messages: tuple[Message, ...] = (system, Message("user", question.text))
        sources: list[tuple[str, int]] = []
        answer = Answer(question.id, "failed")
        for ordinal in range(settings.tries):
            completion = yield _request(
                "backstory", ordinal, messages, respondent.decoding, question, respondent, seed
            )
            assert completion is not None
            sources = [("backstory", ordinal)]
            story, status, reason = _read(completion)
            if story is None:
                answer = Answer(question.id, status, reason=reason)
                messages = messages[:2]
                continue
            problems = contradictions(story, facts)
            if not problems and settings.check == "model":
                asked = (Message("user", backstory.CHECK[facts.language].format(facts=facts.told, story=story)),)
                exact = Decoding(do_sample=False, max_tokens=VERDICT_TOKENS)
                checked = yield _request("check", ordinal, asked, exact, question, respondent, seed)
                assert checked is not None
                sources.append(("check", ordinal))
                contradicts = verdict(checked.text or "")
            else:
                contradicts = bool(problems)
            if contradicts is False:
                answer = Answer(question.id, "answered", text=story)
                break
            if contradicts is None:
                answer = Answer(question.id, "invalid", reason="the check of the story cannot be read")
                messages = messages[:2]
                continue
            found = "; ".join(problems) or "found by the model that checks it"
            answer = Answer(question.id, "invalid", reason=f"contradicts what is known: {found}")
            again = Message("user", backstory.complaint(problems, facts.language))
            messages = (*messages[:2], Message("assistant", story), again)
        yield Understood(answer, tuple(sources))


def _told(settings: BackstorySettings, population: Population) -> tuple[str, ...]:
    return usual(population) if settings.portrait is None else settings.portrait


def _question(questionnaire: Questionnaire) -> Question:
    """The one question that asks for the story."""
    if len(questionnaire.questions) != 1 or questionnaire.questions[0].kind != "text":
        raise DocumentError(
            f"The protocol backstory asks one question of kind text, and {questionnaire.id!r} is another sort of "
            "questionnaire; use `questionnaire: backstory`, or write your own with one text question."
        )
    return questionnaire.questions[0]


def _request(
    step: str,
    ordinal: int,
    messages: tuple[Message, ...],
    decoding: Decoding,
    question: Question,
    respondent: Respondent,
    seed: int,
) -> Request:
    key = (respondent.cell, respondent.population, respondent.persona.number, question.id, step, ordinal)
    return Request(
        step,
        ordinal,
        messages,
        decoding,
        seeds.number(seed, "sampling", *key),
        question=question.id,
        conversation=f"{respondent.cell}/{respondent.population}/{respondent.persona.number}/{step}",
    )


def _read(completion: Completion) -> tuple[str | None, Status, str | None]:
    """The story, or why there is none."""
    last = completion.last
    if completion.text is None:
        return None, "refused" if last.error_kind == "filtered" else "failed", last.error or "no reply came"
    story = completion.text.strip()
    if last.finish_reason == "length":
        story = whole_sentences(story)
    if not story:
        return None, "invalid", "the reply is empty"
    if is_self_aware(story):
        return None, "refused", "the reply speaks as a language model"
    return story, "answered", None


PROTOCOL = Backstory()
