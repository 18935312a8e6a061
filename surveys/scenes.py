"""Scenes: everyday situations with two actions, each of which fits one end of a question's answers.

What a model says it holds and what it would have somebody do are compared by them. A scene names no value; the action
``first`` suits who answers with the first half of the options (in questionnaire order), ``last`` who answers with the
other half.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from demoscope.documents import Document, find, read
from demoscope.errors import DocumentError
from surveys.probing.variations import PROBED
from surveys.question import Id
from surveys.questionnaire import Questionnaire

Pole = Literal["first", "last"]
POLES: tuple[Pole, ...] = ("first", "last")
"""Ends of a question's answers: the first half of its options, and the other half."""

SOMEBODY = "PersonX"
"""Whom every scene is about."""
WORDS = {"text": (10, 30), "first": (10, 20), "last": (10, 20)}
"""Part of a scene -> fewest and most words, in English."""
CHARACTERS = {"text": (12, 90), "first": (10, 60), "last": (10, 60)}
"""The same in characters, for languages that write no blanks between words."""
UNSPACED = ("zh", "ja", "th")

LIBRARY = Path(__file__).parent / "library"

_VALUES = """
    authorities authority belief beliefs believe believed believes collectivism conservative democracy
    democratic dignity discipline disrespect distrust duties duty equal equality equally ethical ethics fair
    fairly fairness faith faithful freedom happiness happy hierarchy honest honesty honor honour ideal ideals
    ideology importance important independence independent individualism injustice justice liberal liberty loyal
    loyalty moral morality morals obedience obedient obey obeys patriotic patriotism pleasure principle
    principles respect respectful respects safe safety secure security solidarity thrift tolerance tolerant
    tradition traditional traditions trust trusted trusting trusts unequal unfair unhappy unjust value valued
    values valuing virtue virtues
"""
VALUE_WORDS = frozenset(_VALUES.split())
"""English words by which a text would name a value rather than show it."""


class Scene(Document):
    """One situation and two things that somebody might do in it.

    >>> Scene(question="q", text="PersonX ...", first="PersonX goes.", last="PersonX stays.").action("last")
    'PersonX stays.'
    """

    question: Id
    """Id of the question whose answers the two actions fit."""
    text: str = Field(min_length=1)
    """The situation."""
    first: str = Field(min_length=1)
    """What somebody does who answers with the first half of the options."""
    last: str = Field(min_length=1)
    """What somebody does who answers with the other half."""

    def action(self, pole: Pole) -> str:
        """The action of one pole."""
        return self.first if pole == "first" else self.last


class SceneSet(Document):
    """Scenes for the questions of a questionnaire."""

    id: Id
    """Stable name."""
    questionnaire: Id
    """Id of the questionnaire that the questions belong to."""
    language: str = "en"
    """Language of the scenes, as an ISO 639-1 code."""
    source: str = Field(min_length=1)
    """Who wrote them, and how they were checked."""
    scenes: tuple[Scene, ...] = Field(min_length=1)
    """The scenes."""

    @model_validator(mode="after")
    def _show_and_do_not_name(self) -> Self:
        seen: set[str] = set()
        for number, scene in enumerate(self.scenes, start=1):
            wrong = problems(scene, self.language)
            if scene.text in seen:
                wrong = (*wrong, "the same situation stands there before")
            seen.add(scene.text)
            if wrong:
                raise ValueError(f"scene {number}, of {scene.question!r}: {'; '.join(wrong)}")
        return self

    @cached_property
    def by_question(self) -> dict[str, tuple[Scene, ...]]:
        """Scenes of each question, in order."""
        found: dict[str, tuple[Scene, ...]] = {}
        for scene in self.scenes:
            found[scene.question] = (*found.get(scene.question, ()), scene)
        return found

    def check(self, questionnaire: Questionnaire, where: str) -> None:
        """Refuse scenes of another questionnaire, or about questions that have no two poles.

        Raises
        ------
        DocumentError
            With what is wrong; the message begins with ``where``.
        """
        if self.questionnaire != questionnaire.id:
            raise DocumentError(
                f"{where}: the scenes {self.id!r} belong to the questionnaire {self.questionnaire!r}, not to "
                f"{questionnaire.id!r}; name others, or leave them out."
            )
        for name in self.by_question:
            question = questionnaire.by_id.get(name)
            if question is None:
                what = f"a question that {questionnaire.id!r} does not have"
            elif question.kind not in PROBED:
                what = f"a question of kind {question.kind}; scenes fit questions with one option to choose"
            else:
                continue
            raise DocumentError(f"{where}: {self.id!r} has scenes about {name!r}, {what}.")


def load_scenes(name: str, beside: Path | None = None) -> SceneSet:
    """Scenes of the library (``values_core_scenes``) or of a YAML file, relative to the folder ``beside``.

    >>> len(load_scenes("values_core_scenes").scenes) >= 100
    True
    """
    return read(SceneSet, find(name, LIBRARY, beside, "set of scenes"))


def problems(scene: Scene, language: str = "en") -> tuple[str, ...]:
    """What keeps a scene from being used, for people; nothing when it can be.

    Lengths are those of the paper: 10 to 30 words for a situation, 10 to 20 for an action.

    >>> problems(Scene(question="q", text="PersonX is free.", first="PersonX trusts.", last="PersonX goes."))[0]
    'the situation has 3 words, and 10 to 30 are wanted'
    """
    found = []
    limits = CHARACTERS if language in UNSPACED else WORDS
    for part, (fewest, most) in limits.items():
        text: str = getattr(scene, part)
        name = "situation" if part == "text" else f"action {part!r}"
        size = len(text) if language in UNSPACED else len(text.split())
        unit = "characters" if language in UNSPACED else "words"
        if not fewest <= size <= most:
            found.append(f"the {name} has {size} {unit}, and {fewest} to {most} are wanted")
        if SOMEBODY not in text:
            found.append(f"the {name} does not say what {SOMEBODY} does")
        named = sorted(VALUE_WORDS & set(re.findall(r"[a-z]+", text.lower()))) if language == "en" else []
        if named:
            found.append(f"the {name} names a value ({', '.join(named)}) and should show it")
    if scene.first == scene.last:
        found.append("both actions are the same")
    return tuple(found)
