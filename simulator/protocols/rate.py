"""The protocol ``rate``: how well the actions of everyday scenes fit the model, from 1 to 10, in three phrasings."""

import json
from typing import Literal

from pydantic import Field, field_validator

from demoscope import seeds
from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.persona import Persona
from personas.population import Population
from simulator.answer import Answer
from simulator.decoding import Decoding
from simulator.protocols.imagined import check_imagined, imagined, told_attributes
from simulator.protocols.interface import Ability, Completion, Message, Protocol, Request, Understood
from simulator.protocols.registry import CellDescription
from simulator.refusal import is_declining, is_self_aware
from simulator.respondent import Respondent
from surveys import Questionnaire
from surveys.scene_writing import HIGHEST, LOWEST, rating, read_rating
from surveys.scenes import POLES, SceneSet

Phrasing = Literal[1, 2, 3]


class RateSettings(Document):
    """How actions are rated."""

    scenes: str | SceneSet
    """Scenes and actions: ``values_core_scenes`` of the library, or the path of a YAML file."""
    phrasings: tuple[Phrasing, ...] = Field(default=(1, 2, 3), min_length=1)
    """Which of the three published phrasings ask."""
    parser: Literal["demoscope", "code"] = "demoscope"
    """How ratings are read: the first number that does not repeat the scale, or (``code``) the first whole number."""
    temperature: float = Field(default=0.0, ge=0, le=10)
    """Softmax temperature; 0 takes the likeliest word each time."""
    max_tokens: int = Field(default=20, ge=1, le=10_000_000)
    """Longest reply, in tokens."""
    person: bool = False
    """Whether the model is to imagine that it is the person."""
    attributes: tuple[str, ...] | None = None
    """Attributes of the person that are told; all that the population has phrases for when absent."""
    language: Literal["en", "zh"] = "en"
    """Language of the scenes and phrasings."""

    @field_validator("phrasings")
    @classmethod
    def _once(cls, phrasings: tuple[Phrasing, ...]) -> tuple[Phrasing, ...]:
        if len(set(phrasings)) < len(phrasings):
            raise ValueError("a phrasing is named twice")
        return phrasings

    @property
    def scene_set(self) -> SceneSet:
        """The scenes, once the wave is loaded."""
        assert isinstance(self.scenes, SceneSet), "a name is read when the wave is loaded"
        return self.scenes


class Rate:
    """One answer for each scene, action and phrasing; it belongs to the scene's question."""

    name = "rate"
    settings_model: type[Document] = RateSettings

    def check(self, settings: RateSettings, population: Population, where: str) -> None:
        """Refuse scenes that lack the language asked in, and to tell of people what there are no words for."""
        if settings.language not in settings.scene_set.languages:
            raise DocumentError(
                f"{where}: scenes: {settings.scene_set.id!r} is in {', '.join(settings.scene_set.languages)}, and "
                f"ratings are asked for in {settings.language}; set `language`, or word every scene in it."
            )
        check_imagined(settings, population, settings.language, where)

    def describe(self, settings: RateSettings, population: Population) -> CellDescription:
        """What the store records of a cell with these settings."""
        told = told_attributes(settings, population)
        resolved = settings.model_dump(mode="json") | {
            "scenes": settings.scene_set.id,
            "attributes": list(told),
            "fallbacks": {},
        }
        profile = "code" if settings.parser == "code" else "demoscope"
        return CellDescription(profile, settings.language, None, resolved, told)

    def answers_expected(self, settings: RateSettings, questionnaire: Questionnaire) -> int:
        """One for each scene of its questions, action and phrasing."""
        scenes = settings.scene_set.by_question
        rated = sum(len(scenes.get(question.id, ())) for question in questionnaire.asked)
        return rated * len(POLES) * len(settings.phrasings)

    def abilities_needed(self, settings: RateSettings) -> frozenset[Ability]:
        """Replies, nothing else."""
        return frozenset({"generate"})

    def respondent(
        self, persona: Persona, population: Population, settings: RateSettings, seed: int, cell: str
    ) -> Respondent:
        """The person that the model is to imagine it is, or nobody: then the portrait is empty."""
        return Respondent(
            cell=cell,
            population=population.id,
            persona=persona,
            portrait=imagined(persona, population, settings, settings.language),
            decoding=Decoding(temperature=settings.temperature, max_tokens=settings.max_tokens),
            memory_length=0,
            language=settings.language,
            told=told_attributes(settings, population),
        )

    def interview(
        self, respondent: Respondent, questionnaire: Questionnaire, settings: RateSettings, seed: int
    ) -> Protocol:
        """Ask for every rating, each in a conversation of its own."""
        scenes = list(enumerate(settings.scene_set.worded_in(settings.language), start=1))
        for question in questionnaire.asked:
            if respondent.assigned is not None and question.id not in respondent.assigned:
                continue
            replicate = 0
            for number, scene in scenes:
                if scene.question != question.id:
                    continue
                for pole in POLES:
                    for phrasing in settings.phrasings:
                        ordinal = (number - 1) * 6 + POLES.index(pole) * 3 + phrasing - 1
                        said = rating(scene, pole, phrasing, settings.language)
                        completion = yield _request(ordinal, said, question.id, respondent, seed)
                        assert completion is not None
                        shown = {"scene": number, "pole": pole, "phrasing": phrasing}
                        answer = _read(completion, question.id, replicate, json.dumps(shown), settings.parser)
                        yield Understood(answer, (("rate", ordinal),))
                        replicate += 1


def _request(ordinal: int, said: str, question: str, respondent: Respondent, seed: int) -> Request:
    key = (respondent.cell, respondent.population, respondent.persona.number)
    text = f"{respondent.portrait}\n{said}" if respondent.portrait else said
    return Request(
        "rate",
        ordinal,
        (Message("user", text),),
        respondent.decoding,
        seeds.number(seed, "sampling", *key, question, "rate", ordinal),
        question=question,
        conversation="/".join(map(str, key)),
    )


def _read(completion: Completion, question: str, replicate: int, shown: str, parser: str) -> Answer:
    """The rating in a reply. One out of range is no answer, and is kept."""
    reply, last = completion.text, completion.last
    if reply is None:
        declined = last.error_kind in ("filtered", "refusal")
        reason = last.error or "no reply came"
        return Answer(
            question, "refused" if declined else "failed", reason=reason, replicate=replicate, presentation=shown
        )
    found = read_rating(reply, as_published=parser == "code")
    if found is None:
        declined = is_self_aware(reply) or is_declining(reply)
        reason = "the reply declines" if declined else "the reply has no number"
        return Answer(
            question, "refused" if declined else "invalid", reason=reason, replicate=replicate, presentation=shown
        )
    if not (found.is_integer() and LOWEST <= found <= HIGHEST):
        reason = f"the rating {found:g} is none of {LOWEST} to {HIGHEST}"
        return Answer(question, "invalid", number=found, reason=reason, replicate=replicate, presentation=shown)
    return Answer(question, "answered", number=found, replicate=replicate, presentation=shown)


PROTOCOL = Rate()
