"""WorldValuesBench: each question by itself, with or without a person's attributes, answered as a score."""

from typing import Literal

from pydantic import Field

from demoscope import seeds
from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.persona import Persona
from personas.population import Population
from personas.styles import interview as told_in_interview
from personas.styles import usual
from simulator.answer import Answer, Status
from simulator.constraint import JsonConstraint
from simulator.decoding import Decoding
from simulator.protocols.interface import FURTHER, Ability, Completion, Message, Protocol, Request, Understood
from simulator.protocols.registry import CellDescription
from simulator.protocols.wvb_prompts import EXPLANATION, SCORE, Variant, prompt
from simulator.protocols.wvb_reading import score_in
from simulator.refusal import is_declining, is_self_aware
from simulator.respondent import Respondent
from surveys import Question, Questionnaire
from surveys.presentation import Presentation

STOP = "\n\n"
"""Ends a reply, as published."""

WORDS = 200
"""Characters of the explanation in a constrained reply."""


class WvbSettings(Document):
    """How WorldValuesBench asks.

    >>> WvbSettings().temperature_of(told=True), WvbSettings().temperature_of(told=False)
    (0.0, 0.7)
    """

    attributes: tuple[str, ...] | None = None
    """Attributes that are told as questions and answers, in this order; all that the population has questions for
    when absent, and none with `[]`: then the model is to assume who the person is."""
    variant: Variant = "vicuna"
    """Whose published prompt is used."""
    temperature: float | None = Field(default=None, ge=0, le=10)
    """Softmax temperature; as published when absent: 0 with attributes, 0.7 without."""
    max_tokens: int = Field(default=256, ge=1, le=10_000_000)
    """Longest reply, in tokens."""
    replicates: int = Field(default=1, ge=1, le=10_000, strict=True)
    """How often each person is asked each question. One call a pair is as published, also without attributes, where
    all calls of a question share one prompt; more of them sample the model's answers more finely."""
    ask_again: int = Field(default=2, ge=0, le=100, strict=True)
    """How often at most a question is asked anew when no score can be read; every reply is kept, the last one
    counts."""
    again_temperature: float = Field(default=0.7, ge=0, le=10)
    """Temperature of further tries after greedy ones, which would only say the same again."""
    answer_format: Literal["text", "constrained"] = "text"
    """Free replies that are parsed, or replies that can only be such an object, with a score in range."""

    def temperature_of(self, told: bool) -> float:
        """Temperature of the first try."""
        return self.temperature if self.temperature is not None else 0.0 if told else 0.7


class WorldValuesBench:
    """One call a question, no memory: what would Person X answer, and why?"""

    name = "wvb"
    settings_model: type[Document] = WvbSettings

    def check(self, settings: WvbSettings, population: Population, where: str) -> None:
        """Refuse attributes that the population cannot tell as answers in an interview."""
        try:
            someone = population.people(0, 1, seed=0)[0]
            told_in_interview(someone, population, _told(settings, population), place=False)
        except DocumentError as error:
            raise DocumentError(f"{where}: attributes: {error}") from None

    def describe(self, settings: WvbSettings, population: Population) -> CellDescription:
        """What the store records of a cell with these settings."""
        told = _told(settings, population)
        resolved = settings.model_dump(mode="json") | {
            "attributes": list(told),
            "temperature": settings.temperature_of(bool(told)),
            "fallbacks": {},
        }
        return CellDescription("code", "en", None, resolved, told)

    def answers_expected(self, settings: WvbSettings, questionnaire: Questionnaire) -> int:
        """One for each question and replicate."""
        return len(_scales(questionnaire)) * settings.replicates

    def abilities_needed(self, settings: WvbSettings) -> frozenset[Ability]:
        """Replies, nothing else."""
        return frozenset({"generate"})

    def respondent(
        self, persona: Persona, population: Population, settings: WvbSettings, seed: int, cell: str
    ) -> Respondent:
        """Person X; the portrait is the list of questions and answers."""
        told = _told(settings, population)
        return Respondent(
            cell=cell,
            population=population.id,
            persona=persona,
            portrait=told_in_interview(persona, population, told, place=False),
            decoding=Decoding(temperature=settings.temperature_of(bool(told)), max_tokens=settings.max_tokens),
            memory_length=0,
            told=told,
        )

    def interview(
        self, respondent: Respondent, questionnaire: Questionnaire, settings: WvbSettings, seed: int
    ) -> Protocol:
        """Ask every question, each in a conversation of its own; one answer for each, always."""
        questions = _scales(questionnaire)
        for replicate in range(settings.replicates):
            for place, question in enumerate(questions, replicate * len(questions)):
                if respondent.assigned is not None and question.id not in respondent.assigned:
                    continue
                exchange, answer = ("answer", place), Answer(question.id, "failed")
                for tried in range(settings.ask_again + 1):
                    if tried:
                        exchange = ("again", FURTHER * place + tried - 1)
                    completion = yield _request(*exchange, question, respondent, settings, seed)
                    assert completion is not None
                    answer = _read(completion, question, replicate)
                    if answer.status == "answered" or answer.number is not None:
                        break
                yield Understood(answer, (exchange,))


def _told(settings: WvbSettings, population: Population) -> tuple[str, ...]:
    return usual(population) if settings.attributes is None else settings.attributes


def _scales(questionnaire: Questionnaire) -> tuple[Question, ...]:
    """The questions, all of which have a scale."""
    for question in questionnaire.questions:
        if question.kind != "scale":
            raise DocumentError(
                f"The protocol wvb reads scores, and {question.id!r} of {questionnaire.id!r} is of kind "
                f"{question.kind!r}; use `kind: scale` questions whose wording names the scale."
            )
    return questionnaire.questions


def _request(
    step: str, ordinal: int, question: Question, respondent: Respondent, settings: WvbSettings, seed: int
) -> Request:
    person = (respondent.cell, respondent.population, respondent.persona.number)
    decoding = respondent.decoding
    if step == "again" and decoding.temperature == 0:
        decoding = Decoding(temperature=settings.again_temperature, max_tokens=settings.max_tokens)
    constraint = _constraint(question) if settings.answer_format == "constrained" else None
    return Request(
        step,
        ordinal,
        (Message("user", prompt(question.text, respondent.portrait, settings.variant)),),
        decoding,
        seeds.number(seed, "sampling", *person, question.id, step, ordinal),
        constraint=constraint,
        stop=() if constraint else (STOP,),
        question=question.id,
        conversation="/".join(map(str, (*person, question.id))),
    )


def _constraint(question: Question) -> JsonConstraint:
    score = {"type": "integer", "minimum": question.minimum, "maximum": question.maximum}
    properties = {EXPLANATION: {"type": "string", "maxLength": WORDS}, SCORE: score}
    return JsonConstraint.of({"type": "object", "properties": properties, "required": list(properties)})


def _read(completion: Completion, question: Question, replicate: int) -> Answer:
    """The answer in a reply. A score out of range is no answer, and is kept: the evaluation counts it."""
    reply, last = completion.text, completion.last
    assert question.minimum is not None and question.maximum is not None
    presentation = Presentation(tuple(range(question.minimum, question.maximum + 1))).as_json()

    def ended(status: Status, reason: str, score: float | None = None) -> Answer:
        return Answer(
            question.id, status, number=score, reason=reason, replicate=replicate, presentation=presentation
        )

    if reply is None:
        declined = last.error_kind in ("filtered", "refusal")
        return ended("refused" if declined else "failed", last.error or "no reply came")
    score = score_in(reply, question.minimum, question.maximum)
    if score is None:
        declined = is_self_aware(reply) or is_declining(reply)
        return ended("refused" if declined else "invalid", "the reply has no score that can be read")
    if not (score.is_integer() and question.minimum <= score <= question.maximum):
        return ended("invalid", f"the score {score:g} is none of {question.minimum} to {question.maximum}", score)
    return Answer(question.id, "answered", (int(score),), replicate=replicate, presentation=presentation)


PROTOCOL = WorldValuesBench()
