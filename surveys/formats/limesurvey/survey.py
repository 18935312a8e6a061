"""A survey as LimeSurvey has it: groups of questions with subquestions and answers, texts by language."""

from collections.abc import Iterator
from dataclasses import dataclass, field

Texts = dict[str, str]
"""Language -> text."""


@dataclass
class Part:
    """A subquestion or an answer option."""

    code: str
    texts: Texts = field(default_factory=dict)
    scale: int = 0
    """Which of the two scales of a dual array, or axis of a table, it belongs to."""
    assessment: str = ""
    """Assessment value of an answer."""
    relevance: str = ""
    """Condition of a subquestion."""


@dataclass
class LimeQuestion:
    """One question of a group."""

    name: str
    type: str
    """One letter or sign, such as ``L`` (list) or ``F`` (array)."""
    texts: Texts = field(default_factory=dict)
    helps: Texts = field(default_factory=dict)
    relevance: str = ""
    subquestions: list[Part] = field(default_factory=list)
    answers: list[Part] = field(default_factory=list)
    attributes: dict[str, Texts] = field(default_factory=dict)
    """Name of an attribute -> language, or ``""`` for all -> value."""
    mandatory: str = ""
    other: str = ""
    validation: str = ""
    default: str = ""
    key: str = ""
    """Number in LimeSurvey's database, by which old conditions name it."""

    def attribute(self, name: str, language: str = "") -> str:
        """Value of an attribute, in a language where it has one; empty when it is not set."""
        values = self.attributes.get(name, {})
        return values.get(language) or values.get("", "")


@dataclass
class LimeGroup:
    """A group of questions, shown on one page."""

    names: Texts = field(default_factory=dict)
    descriptions: Texts = field(default_factory=dict)
    relevance: str = ""
    randomized: str = ""
    questions: list[LimeQuestion] = field(default_factory=list)
    key: str = ""


@dataclass
class LimeSurvey:
    """A whole survey."""

    language: str = "en"
    """Language of the original."""
    titles: Texts = field(default_factory=dict)
    groups: list[LimeGroup] = field(default_factory=list)
    key: str = ""
    further: list[tuple[str, str]] = field(default_factory=list)
    """What else the file holds: where, and what."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The original's language, then the others."""
        others = {language for texts in self._texts() for language in texts} - {self.language, ""}
        return (self.language, *sorted(others))

    def _texts(self) -> Iterator[Texts]:
        yield self.titles
        for group in self.groups:
            yield group.names
            for question in group.questions:
                yield question.texts
                for part in (*question.subquestions, *question.answers):
                    yield part.texts
