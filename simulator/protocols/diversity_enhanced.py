"""The Diversity-Enhanced Framework: a located persona with its own decoding takes the questionnaire and remembers."""

import dataclasses
from collections.abc import Generator
from contextlib import suppress
from functools import partial

from demoscope import seeds
from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.persona import Persona
from personas.population import Population
from personas.portrait import location
from personas.styles import portray, told_by
from simulator.answer import Answer, Status
from simulator.memory import Memory
from simulator.parsing import EMPTY, Reading
from simulator.protocols import def_prompts
from simulator.protocols.def_asking import Asking
from simulator.protocols.def_screens import Shown, draw_key, screens, show
from simulator.protocols.def_settings import DefSettings, ResolvedDef
from simulator.protocols.interface import Ability, Completion, Message, Protocol, Request, Understood
from simulator.protocols.registry import CellDescription
from simulator.respondent import Respondent
from surveys import Course, Given, Questionnaire, Skipped
from surveys.course import with_settings

ENDLESS = 10**9
"""Capacity of a running conversation: nothing of a battery is forgotten within it."""


class DiversityEnhanced:
    """DEF: place, decoding and memory length drawn once a respondent, options shuffled, memory rolling.

    Place and persona come with the population; decoding and memory length follow from seed, population and
    person, orders of options also from the battery or question, so that all cells of a wave compare the same people.
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
        told = settings.resolved()
        try:
            someone = population.people(0, 1, seed=0)[0]
            portray(someone, population, told.portrait, told.language, told.style)
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
        resolved = settings.resolved().for_questionnaire(questionnaire)
        questionnaire = questionnaire.spoken_in(resolved.language)
        key = (respondent.population, respondent.persona.number)
        memory = talk = Memory(respondent.memory_length, resolved.memory_rules)
        asking = Asking(respondent, resolved, seed)
        for replicate in range(resolved.repeats):
            course = Course(
                questionnaire,
                lambda what, name: seeds.generator(seed, what, *key, name),
                respondent.persona.attributes,
                respondent.words,
                respondent.assigned,
                resolved.presentation,
            )
            for screen in screens(course, resolved.presentation):
                if isinstance(screen, Skipped):
                    answer = Answer(
                        screen.question.id, "skipped", reason=screen.reason, replicate=replicate, presentation="{}"
                    )
                    yield Understood(answer, ())
                    continue
                place = replicate * len(questionnaire.questions) + screen.first.place
                asking.begin(place, certain=screen.first.certain)
                drawing = draw_key(screen.question, resolved.presentation, key, replicate)
                shown = show(screen, resolved, partial(seeds.generator, seed, *drawing))
                told = talk if screen.continues else memory
                readings, reply, told = yield from self._heard(shown, asking, told, resolved)
                memory = memory if screen.continues else told
                for position, (step, reading) in enumerate(zip(screen.steps, readings, strict=True)):
                    answer = Answer(
                        step.question.id,
                        reading.status,
                        reading.codes,
                        reading.number,
                        reading.text,
                        reading.reason,
                        replicate=replicate,
                        presentation=with_settings(shown.presentations[position].as_json(), step),
                        memory=told.ordinals,
                        amounts=reading.amounts,
                        ranked=step.question.kind == "ranking",
                    )
                    yield Understood(answer, (asking.exchange,), position)
                    course.hear(step.question.id, given(answer))
                talk = told
                if reply is not None:
                    talk = dataclasses.replace(told, capacity=ENDLESS).after(place, shown.text, reply)
                    memory = memory.after(place, shown.text, reply)
                    if memory.overfull:
                        forgetting = seeds.generator(seed, "memory", *key, screen.question.id, replicate)
                        memory = memory.forgetting(forgetting)

    def _heard(
        self, shown: Shown, asking: "Asking", memory: Memory, resolved: ResolvedDef
    ) -> Generator[Request | Understood, Completion | None, tuple[list[Reading], str | None, Memory]]:
        """Ask what a screen shows, and again while some of it is not understood.

        Returns what was understood of each question, the reply it was read from, and the memory that the prompt held
        in the end.
        """
        user = Message("user", shown.text)
        memory, completion = yield from asking.ask(shown, (user,), memory)
        reply = asking.whole(completion.text, shown)
        readings = _read(completion, reply, shown, resolved)
        for _ in range(resolved.ask_again):
            reason = shown.complaint(readings)
            if reason is None:
                break
            why = Message("user", def_prompts.again(user.text, reason, resolved.language))
            turns = (user, Message("assistant", reply), why) if reply else (why,)
            memory, completion = yield from asking.ask(shown, turns, memory)
            second = asking.whole(completion.text, shown)
            if second is None and completion.last.text is None:
                break  # no reply came: the one that could not be understood stands
            reply, readings = second, _read(completion, second, shown, resolved)
        return readings, reply, memory


def given(answer: Answer) -> Given | None:
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


def _read(completion: Completion, reply: str | None, shown: Shown, settings: ResolvedDef) -> list[Reading]:
    """What was understood of a reply, for each question of the screen."""
    last, n = completion.last, len(shown.screen.steps)
    if reply is None:
        declined = last.error_kind in ("filtered", "refusal")
        status: Status = "refused" if declined else "failed" if last.text is None else "invalid"
        return [Reading(status, reason=last.error or "no reply came")] * n
    if not (completion.text or "").strip():
        return [Reading("invalid", reason=EMPTY)] * n
    return shown.read(reply, settings.parsing_rules, cut=last.finish_reason == "length")


PROTOCOL = DiversityEnhanced()
