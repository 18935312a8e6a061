"""Scenes: everyday situations with two actions, each of which fits one end of a question's answers.

What a model says it holds and what it would have somebody do are compared by them. A scene names no value; the action
``first`` suits who answers with the first half of the options (in questionnaire order), ``last`` who answers with the
other half.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from demoscope.documents import Document, find, read
from demoscope.errors import DocumentError
from surveys.languages import is_language
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
_VALUES_ZH = """
    爱国 安全 诚实 传统 道德 独立 服从 公平 公正 价值 节俭 宽容 快乐 理想 美德 民主 平等 权威 荣誉
    容忍 团结 孝顺 信任 信仰 幸福 原则 责任 正义 忠诚 重要 自由 尊严 尊重
"""
VALUE_TERMS_ZH = frozenset(_VALUES_ZH.split())
"""The same in Chinese."""


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
    """Scenes for the questions of a questionnaire, in one language or several side by side.

    A scene may be worded as ``text: {en: ..., zh: ...}``; a language that one text has, all have.
    """

    id: Id
    """Stable name."""
    questionnaire: Id
    """Id of the questionnaire that the questions belong to."""
    language: str = "en"
    """Language that the scenes were written in, as an ISO 639-1 code."""
    source: str = Field(min_length=1)
    """Who wrote them, and how they were checked."""
    scenes: tuple[Scene, ...] = Field(min_length=1)
    """The scenes."""
    translations: dict[str, tuple[Scene, ...]] = Field(default_factory=dict)
    """The same scenes in further languages, in the same order."""

    @model_validator(mode="before")
    @classmethod
    def _languages_apart(cls, content: Any) -> Any:
        return _apart(content) if isinstance(content, dict) else content

    @model_validator(mode="after")
    def _show_and_do_not_name(self) -> Self:
        for language, scenes in ((self.language, self.scenes), *self.translations.items()):
            said = "" if language == self.language else f" in {language}"
            if [scene.question for scene in scenes] != [scene.question for scene in self.scenes]:
                raise ValueError(f"the scenes{said} are not about the same questions in the same order")
            seen: set[str] = set()
            for number, scene in enumerate(scenes, start=1):
                wrong = problems(scene, language)
                if scene.text in seen:
                    wrong = (*wrong, "the same situation stands there before")
                seen.add(scene.text)
                if wrong:
                    raise ValueError(f"scene {number}, of {scene.question!r}{said}: {'; '.join(wrong)}")
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that every scene is worded in, the one they were written in first."""
        return (self.language, *self.translations)

    def worded_in(self, language: str) -> tuple[Scene, ...]:
        """The scenes in one of their languages; their numbers are the same in all.

        >>> load_scenes("values_core_scenes").worded_in("zh")[0].action("last")
        'PersonX马上推来手推车，二话不说就开始搬货架。'

        Raises
        ------
        ValueError
            If they are not worded in it.
        """
        if language not in self.languages:
            raise ValueError(f"the scenes {self.id!r} are in {', '.join(self.languages)}, not in {language!r}")
        return self.scenes if language == self.language else self.translations[language]

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


def _apart(content: dict[str, Any]) -> dict[str, Any]:
    """A set's plain data in which every text is one text, the other languages moved to ``translations``."""
    scenes = content.get("scenes")
    if not isinstance(scenes, list | tuple) or not all(isinstance(scene, dict) for scene in scenes):
        return content
    own = str(content.get("language", "en"))
    words = {(n, part): scene.get(part) for n, scene in enumerate(scenes) for part in WORDS}
    several = {key: text for key, text in words.items() if isinstance(text, dict)}
    codes = dict.fromkeys(code for text in several.values() for code in text)
    if not several or not all(map(is_language, codes)):
        return content
    if content.get("translations"):
        raise ValueError("further languages stand beside the first or under `translations`, not in both places")
    for language in dict.fromkeys((own, *codes)):
        for (n, part), text in words.items():
            if language not in (text if isinstance(text, dict) else (own,)):
                raise ValueError(f"scene {n + 1}, of {scenes[n].get('question')!r}: {part!r} lacks {language!r}")
    found = {
        language: [
            {**scene, **{part: words[n, part][language] for part in WORDS if (n, part) in several}}
            for n, scene in enumerate(scenes)
        ]
        for language in dict.fromkeys((own, *codes))
    }
    return {**content, "scenes": found.pop(own), "translations": found}


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
        named = sorted(_values_named(text, language))
        if named:
            found.append(f"the {name} names a value ({', '.join(named)}) and should show it")
    if scene.first == scene.last:
        found.append("both actions are the same")
    return tuple(found)


def _values_named(text: str, language: str) -> frozenset[str]:
    """Words of a text that name a value, in the languages for which they are listed."""
    if language == "en":
        return VALUE_WORDS & frozenset(re.findall(r"[a-z]+", text.lower()))
    return frozenset(term for term in VALUE_TERMS_ZH if term in text) if language == "zh" else frozenset()
