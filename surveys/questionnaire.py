"""A questionnaire: what is asked, in order, with the title and the source it comes from."""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from demoscope.documents import Document
from surveys.entries import Entry
from surveys.flattening import flat
from surveys.option import preset
from surveys.question import Id, Question
from surveys.translation import Translation


class Split(Document):
    """A split ballot: every person belongs to one arm, drawn by weight and seeded by person."""

    id: Id
    """Name of the split; conditions may ask for it: ``form == "A"``."""
    arms: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(min_length=2)
    """Arm -> weight. A question of the split is worded by ``wordings[arm]``, or by ``text`` when there is none."""


class ScoringKey(Document):
    """How a score is made of several answers, such as a personality trait of its items."""

    items: dict[str, Literal[-1, 1]] = Field(min_length=1)
    """Question id -> 1, or -1 when the item is reversed."""
    method: Literal["mean", "sum"] = "mean"
    """How the items are put together."""


class Questionnaire(Document):
    """Questions in the order in which respondents get them.

    >>> two = [{"code": 1, "label": "No"}, {"code": 2, "label": "Yes"}]
    >>> q = Questionnaire(id="tiny", title="Tiny", questions=[{"id": "a", "text": "A?", "options": two}])
    >>> q["a"].text
    'A?'
    """

    model_config = ConfigDict(serialize_by_alias=True)

    id: Id
    """Stable name: letters, digits and underscores."""
    title: str = Field(min_length=1)
    """What people call it."""
    language: str = "en"
    """Language of the wording, as an ISO 639-1 code."""
    source: str | None = None
    """Where the questions come from and under which terms."""
    splits: tuple[Split, ...] = ()
    """Split ballots."""
    scoring: dict[str, ScoringKey] = Field(default_factory=dict)
    """Scores by name."""
    entries: tuple[Entry, ...] = Field(min_length=1, alias="questions")
    """Questions, batteries, sections, loops, vignettes and conjoint tasks, in order."""
    translations: dict[str, Translation] = Field(default_factory=dict)
    """Further languages, by ISO 639-1 code."""

    @model_validator(mode="before")
    @classmethod
    def _usual_options(cls, content: Any) -> Any:
        """Write out options that are named as a usual set."""
        if not isinstance(content, dict):
            return content
        language = content.get("language", "en")
        return {**content, "questions": _written_out(content.get("questions"), str(language))}

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "Questionnaire":
        seen: dict[str, int] = {}
        for position, question in enumerate(self.questions, start=1):
            first = seen.setdefault(question.id.casefold(), position)
            if first != position:
                raise ValueError(
                    f"question id {question.id!r} is used twice (questions {first} and {position}; case does not "
                    "count); every question needs its own"
                )
        return self

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Every question on its own, in the order written: groups opened, loops gone through."""
        return tuple(flat(self.entries))

    @cached_property
    def _by_id(self) -> dict[str, Question]:
        return {question.id: question for question in self.questions}

    def __getitem__(self, question_id: str) -> Question:
        """The question with this id; :class:`KeyError` when there is none."""
        return self._by_id[question_id]


def _written_out(entries: Any, language: str) -> Any:
    if not isinstance(entries, list | tuple):
        return entries
    written = []
    for entry in entries:
        if isinstance(entry, dict):
            entry = dict(entry)
            if isinstance(entry.get("options"), str):
                entry["options"] = preset(entry["options"], language)
            if "questions" in entry:
                entry["questions"] = _written_out(entry["questions"], language)
        written.append(entry)
    return written
