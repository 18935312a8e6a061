"""The Diversity-Enhanced Framework: a located persona with its own decoding takes the questionnaire and remembers."""

import dataclasses
from collections.abc import Generator
from contextlib import suppress

from demoscope import seeds
from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.persona import Persona
from personas.population import Population
from personas.portrait import location
from personas.styles import portray, told_by
from simulator.answer import Answer, Status
from simulator.constraint import AnyConstraint, Constraint, JsonConstraint
from simulator.memory import Memory
from simulator.parsing import Reading, parse
from simulator.presentation import Presentation, present
from simulator.protocols import def_prompts
from simulator.protocols.def_settings import DefSettings, ResolvedDef
from simulator.protocols.interface import FURTHER, Ability, Completion, Message, Protocol, Request, Understood
from simulator.protocols.registry import CellDescription
from simulator.respondent import Respondent
from surveys import Course, Given, Question, Questionnaire, Skipped
from surveys.course import with_settings

ANSWER = "Answer: "
TRIES = 3
"""Exchanges at most for one question: the first, and two with less memory when the prompt did not fit."""


class DiversityEnhanced:
    """DEF: place, decoding and memory length drawn once a respondent, options shuffled, memory rolling.

    Place and persona come with the population; decoding and memory length follow from seed, population and
    person, presentations also from the question, so that all cells of a wave compare the same people.
    """

    name = "def"
    settings_model: type[Document] = DefSettings

    def check(self, settings: DefSettings, population: Population, where: str) -> None:
        """Refuse a portrait that the population cannot tell, and populations without a place."""
        if population.places is None:
            raise DocumentError(
                f"{where}: DEF names the country of everybody, and the population {population.id!r} has no places; "
                "add `places` with at least a country to it."
            )
        try:
            someone = population.people(0, 1, seed=0)[0]
            portray(someone, population, settings.portrait, settings.language, settings.style)
        except DocumentError as error:
            raise DocumentError(f"{where}: portrait: {error}") from None

    def describe(self, settings: DefSettings, population: Population) -> CellDescription:
        """What the store records of a cell with these settings."""
        resolved = settings.resolved()
        return CellDescription(
            resolved.profile,
            resolved.language,
            resolved.culture,
            resolved.model_dump(mode="json"),
            told_by(population, resolved.portrait, resolved.style),
        )

    def answers_expected(self, settings: DefSettings, questionnaire: Questionnaire) -> int:
        """One answer for each question that is put to models, skipped ones included, and repeat."""
        return len(questionnaire.asked) * settings.resolved().repeats

    def abilities_needed(self, settings: DefSettings) -> frozenset[Ability]:
        """Replies, nothing else."""
        return frozenset({"generate"})

    def respondent(
        self, persona: Persona, population: Population, settings: DefSettings, seed: int, cell: str
    ) -> Respondent:
        """The respondent that a persona is in a cell."""
        resolved = settings.resolved()
        place = location(
            persona,
            detail=resolved.detail if resolved.location else "country",
            language=resolved.language,
            joiner=resolved.joiner,
        )
        person = _person(persona, population, resolved)
        key = (population.id, persona.number)
        return Respondent(
            cell=cell,
            population=population.id,
            persona=persona,
            portrait=def_prompts.portrait(place, person, resolved.language),
            words=_in_words(persona, population, resolved.language),
            decoding=resolved.decoding.draw(seeds.generator(seed, "decoding", *key)),
            memory_length=resolved.memory.draw(seeds.generator(seed, "memory length", *key)),
            language=resolved.language,
            told=told_by(population, resolved.portrait, resolved.style),
        )

    def interview(
        self, respondent: Respondent, questionnaire: Questionnaire, settings: DefSettings, seed: int
    ) -> Protocol:
        """Go through the questionnaire with what is remembered of the questions before.

        One answer for each question that is put to models: as it was understood, or ``skipped`` with the reason.
        """
        resolved = settings.resolved()
        key = (respondent.population, respondent.persona.number)
        memory = Memory(respondent.memory_length, resolved.memory_rules)
        asking = _Asking(respondent, resolved, seed)
        for replicate in range(resolved.repeats):
            course = Course(
                questionnaire,
                lambda what, name: seeds.generator(seed, what, *key, name),
                respondent.persona.attributes,
                respondent.words,
                respondent.assigned,
            )
            for step in course:
                question = step.question
                if isinstance(step, Skipped):
                    answer = Answer(
                        question.id, "skipped", reason=step.reason, replicate=replicate, presentation="{}"
                    )
                    yield Understood(answer, ())
                    continue
                place = replicate * len(questionnaire.questions) + step.place
                asking.begin(place, certain=step.certain)
                shuffled = resolved.shuffle and bool(question.options)
                shuffling = (seed, "presentation", *key, question.id, replicate)
                shown = present(question, seeds.generator(*shuffling) if shuffled else None, shuffled)
                request = def_prompts.request(
                    question, shown, resolved.language, marker=asking.marker, notes=step.notes
                )
                reading, reply, memory = yield from self._heard(question, shown, request, asking, memory, resolved)
                answer = Answer(
                    question.id,
                    reading.status,
                    reading.codes,
                    reading.number,
                    reading.text,
                    reading.reason,
                    replicate=replicate,
                    presentation=with_settings(shown.as_json(), step),
                    memory=memory.ordinals,
                    amounts=reading.amounts,
                    ranked=question.kind == "ranking",
                )
                yield Understood(answer, (asking.exchange,))
                course.hear(question.id, _given(answer))
                if reply is not None:
                    memory = memory.after(place, request, reply)
                    if memory.overfull:
                        forgetting = seeds.generator(seed, "memory", *key, question.id, replicate)
                        memory = memory.forgetting(forgetting)

    def _heard(
        self,
        question: Question,
        shown: Presentation,
        request: str,
        asking: "_Asking",
        memory: Memory,
        resolved: ResolvedDef,
    ) -> Generator[Request | Understood, Completion | None, tuple[Reading, str | None, Memory]]:
        """Ask one question, and again while it is not understood.

        Returns what was understood, the reply it was read from, and the memory that the prompt held in the end.
        """
        user = Message("user", request)
        memory, completion = yield from asking.ask(question, shown, (user,), memory)
        reply = asking.whole(completion.text)
        reading = _read(completion, reply, question, shown, resolved)
        for _ in range(resolved.ask_again):
            if reading.status != "invalid":
                break
            why = Message("user", def_prompts.again(user.text, reading.reason or "", resolved.language))
            turns = (user, Message("assistant", reply), why) if reply else (why,)
            memory, completion = yield from asking.ask(question, shown, turns, memory)
            second = asking.whole(completion.text)
            if second is None and completion.last.text is None:
                break  # no reply came: the one that could not be understood stands
            reply, reading = second, _read(completion, second, question, shown, resolved)
        return reading, reply, memory


def _given(answer: Answer) -> Given | None:
    """The answer as later conditions and wordings look at it; nothing unless it was understood."""
    if answer.status != "answered":
        return None
    return Given(answer.codes, answer.number, answer.text, answer.amounts)


def _in_words(persona: Persona, population: Population, language: str) -> dict[str, str]:
    """What is known of the person in words; what the population has no words for in this language is left out."""
    found = {}
    for name, value in persona.attributes.items():
        with suppress(DocumentError, KeyError):
            found[name] = str(population.attributes[name].label(value, language))
    return found


def _person(persona: Persona, population: Population, settings: ResolvedDef) -> str:
    """What is told of the person beside the place; own words may tell something where no attribute is named."""
    told = []
    if settings.portrait or settings.style in population.portraits:
        attributes, language, style = settings.portrait, settings.language, settings.style
        told.append(portray(persona, population, attributes, language, style, place=False))
    if settings.backstory and persona.backstory:
        told.append(persona.backstory)
    return "\n\n".join(text for text in told if text)


class _Asking:
    """The exchanges of one interview: numbers them, seeds them, and asks again with less memory when need be.

    The first exchange of the n-th question is ``answer`` n; all further ones of it are ``again`` 100 n,
    100 n + 1, and so on. So neither the ordinal nor the seed of a question hangs on what became of those before it.
    """

    def __init__(self, respondent: Respondent, settings: ResolvedDef, seed: int) -> None:
        self._respondent = respondent
        self._settings = settings
        self._seed = seed
        self._heads: dict[int | None, Message] = {}
        self._conversation = f"{respondent.cell}/{respondent.population}/{respondent.persona.number}"
        self.marker = settings.list_marker
        self.exchange = ("answer", -1)
        """Step and ordinal of the last exchange."""
        self._place = 0
        self._certain = True
        self._bare = False
        self._asked = 0

    def begin(self, place: int, *, certain: bool = True) -> None:
        """Go on to a question; ``place`` is its number in the interview, from 0, whatever was skipped before."""
        self._place = place
        self._certain = certain
        self._asked = 0

    def ask(
        self, question: Question, shown: Presentation, turns: tuple[Message, ...], memory: Memory
    ) -> Generator[Request | Understood, Completion | None, tuple[Memory, Completion]]:
        """Ask one question; returns the memory that the prompt held in the end, and what came back."""
        constrained = self._settings.answer_format == "constrained"
        constraint = self._constraint(question, shown) if constrained else None
        self._bare = isinstance(constraint, JsonConstraint)
        lead = (Message("assistant", ANSWER),) if self._settings.base_model else ()
        tries_left = TRIES
        while True:
            tries_left -= 1
            self.exchange = self._next()
            completion = yield Request(
                *self.exchange,
                (self._head(question), *memory.messages, *turns, *lead),
                self._respondent.decoding,
                self._sampling_seed(question),
                constraint=constraint,
                stop=() if constraint else ("\nRequest:",),
                question=question.id,
                conversation=self._conversation,
                certain=self._certain,
            )
            assert completion is not None
            if completion.last.error_kind != "context" or not memory.items or not tries_left:
                return memory, completion
            memory = memory.without_older_half() if tries_left > 1 else dataclasses.replace(memory, items=())

    def whole(self, text: str | None) -> str | None:
        """The reply with the ``Answer: `` that was written for a base model before it, or that an object lacks."""
        led = self._settings.base_model or self._bare
        return ANSWER + text if text is not None and led else text

    def _head(self, question: Question) -> Message:
        n = None
        if self._settings.count_choices:
            n = question.maximum if question.kind == "scale" else len(question.options) or None
        if n not in self._heads:
            text = def_prompts.head(self._respondent.portrait, self._respondent.language, n)
            self._heads[n] = Message("system", text)
        return self._heads[n]

    def _next(self) -> tuple[str, int]:
        """Step and ordinal of the next exchange of this question."""
        self._asked += 1
        return ("answer", self._place) if self._asked == 1 else ("again", FURTHER * self._place + self._asked - 2)

    def _sampling_seed(self, question: Question) -> int:
        persona = self._respondent.persona.number
        key = (self._respondent.cell, self._respondent.population, persona, question.id, *self.exchange)
        return seeds.number(self._seed, "sampling", *key)

    def _constraint(self, question: Question, shown: Presentation) -> AnyConstraint | None:
        if question.kind == "text":
            return None
        if question.kind == "allocation":
            return _points(question, shown)
        free = self._settings.explanation_tokens
        prefix = "" if self._settings.base_model else ANSWER
        suffix = "\nExplanation: " if free else ""
        if not question.options:
            return Constraint(
                minimum=question.minimum, maximum=question.maximum, prefix=prefix, suffix=suffix, free_tokens=free
            )
        texts = {option.code: option.label for option in question.options}
        choices = tuple(f"{shown.label(code)}: {texts[code]}" for code in shown.codes)
        least, most = question.selections
        alone = tuple(f"{shown.label(code)}: {texts[code]}" for code in shown.codes if code in question.alone)
        return Constraint(choices, most, least=least, alone=alone, prefix=prefix, suffix=suffix, free_tokens=free)


def _points(question: Question, shown: Presentation) -> JsonConstraint:
    """Points for every option as whole numbers; whether they add up is seen when the reply is read."""
    texts = {option.code: option.label for option in question.options}
    points = {"type": "integer", "minimum": 0, "maximum": question.total}
    names = [f"{shown.label(code)}: {texts[code]}" for code in shown.codes if code not in question.alone]
    return JsonConstraint.of({"type": "object", "properties": dict.fromkeys(names, points), "required": names})


def _read(
    completion: Completion, reply: str | None, question: Question, shown: Presentation, settings: ResolvedDef
) -> Reading:
    last = completion.last
    if reply is None:
        declined = last.error_kind in ("filtered", "refusal")
        status: Status = "refused" if declined else "failed" if last.text is None else "invalid"
        return Reading(status, reason=last.error or "no reply came")
    if not (completion.text or "").strip():
        return Reading("invalid", reason="the reply is empty")
    forced = settings.answer_format == "constrained" and question.kind != "text"
    return parse(reply, question, shown, settings.parsing_rules, cut=last.finish_reason == "length", forced=forced)


PROTOCOL = DiversityEnhanced()
