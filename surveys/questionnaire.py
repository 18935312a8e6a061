"""A questionnaire: what is asked, in order, with the title and the source it comes from."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError, ValidationInfo, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from demoscope.documents import Document
from surveys.entries import Entry, Order
from surveys.flattening import Group, Layout, Loc, layout
from surveys.languages import Misplaced, Slot, described, side_by_side, texts, usual_options, walk
from surveys.option import Words
from surveys.presentation_rules import PresentationRules
from surveys.question import Id, Question
from surveys.routing import find_problems
from surveys.skipping import Skippable, find_skippable
from surveys.statement_templates import StatementTemplate
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
    title: Words = Field(min_length=1)
    """What people call it."""
    language: str = "en"
    """Language of the wording, as an ISO 639-1 code."""
    source: str | None = None
    """Where the questions come from and under which terms."""
    splits: tuple[Split, ...] = ()
    """Split ballots."""
    scoring: dict[str, ScoringKey] = Field(default_factory=dict)
    """Scores by name."""
    order: Order = "fixed"
    """How the entries follow each other: as written, beginning at a drawn place, or shuffled; seeded by person."""
    presentation: PresentationRules | None = None
    """How its questions are shown, where a wave's condition does not say otherwise."""
    entries: tuple[Entry, ...] = Field(min_length=1, alias="questions")
    """Questions, batteries, sections, loops, vignettes and conjoint tasks, in order."""
    statements: tuple[StatementTemplate, ...] = ()
    """The answers as first-person statements, in the questionnaire's own language, for `protocol: ivc`; those of
    questions that have none here are worded by rule."""
    translations: dict[str, Translation] = Field(default_factory=dict)
    """Further languages, by ISO 639-1 code."""

    @model_validator(mode="before")
    @classmethod
    def _one_wording_each(cls, content: Any) -> Any:
        """Write out options that are named as a usual set, and move further languages to ``translations``."""
        try:
            return usual_options(side_by_side(content)) if isinstance(content, dict) else content
        except Misplaced as error:
            raise _problems([(error.loc, str(error))]) from None

    @model_validator(mode="after")
    def _can_be_gone_through(self, info: ValidationInfo) -> "Questionnaire":
        """Every question has its own id, and every condition, jump and inserted answer can be followed."""
        if info.context and "as_written" in info.context:
            self.__dict__["as_written"] = info.context["as_written"]
        if len(self.arms) < len(self.splits):
            raise ValueError("splits: an id is used twice; every split needs its own")
        try:
            problems = list(find_problems(self.layout, self.arms, self.as_written))
        except Misplaced as error:
            problems = [(error.loc, str(error))]
        if problems:
            raise _problems(problems)
        return self

    @model_validator(mode="after")
    def _scores_are_of_its_questions(self) -> "Questionnaire":
        for name, key in self.scoring.items():
            for item in key.items:
                if item not in self.by_id:
                    raise ValueError(f"the score {name!r} is made of {item!r}, which is no question here")
                if not any(option.kind == "substantive" for option in self.by_id[item].choices):
                    raise ValueError(f"the score {name!r} is made of {item!r}, which has nothing to choose from")
        return self

    @model_validator(mode="after")
    def _statements_are_of_its_questions(self) -> "Questionnaire":
        problems: list[tuple[Loc, str]] = []
        worded: set[str] = set()
        for place, template in enumerate(self.statements):
            for name in template.questions:
                problem = self._cannot_be_worded(name, template, worded)
                if problem:
                    problems.append((("statements", place), f"{name}: {problem}"))
                worded.add(name)
        if problems:
            raise _problems(problems)
        return self

    def _cannot_be_worded(self, name: str, template: StatementTemplate, worded: set[str]) -> str | None:
        if name not in self.by_id:
            return "there is no such question here"
        if name in worded:
            return "it has statements already; word every question once"
        return template.problem(self.by_id[name])

    @cached_property
    def layout(self) -> Layout:
        """The questions on their own and in their groups."""
        return layout(self.entries, self.language, self.order)

    @property
    def questions(self) -> tuple[Question, ...]:
        """Every question on its own, in the order written: groups opened, loops gone through."""
        return self.layout.questions

    @cached_property
    def asked(self) -> tuple[Question, ...]:
        """The questions that are put to models: neither notes nor excluded."""
        return tuple(question for question in self.questions if question.is_asked)

    @cached_property
    def skippable(self) -> Skippable:
        """Which questions may be skipped: for what was answered before, or for who the person is."""
        return find_skippable(self.layout, self.arms)

    @cached_property
    def arms(self) -> dict[str, tuple[str, ...]]:
        """Splits and their arms."""
        return {split.id: tuple(split.arms) for split in self.splits}

    @cached_property
    def by_id(self) -> dict[str, Question]:
        """Every question by its id."""
        return {question.id: question for question in self.questions}

    @cached_property
    def as_written(self) -> dict[str, Question]:
        """Every question by its id in the words that ``label()`` compares: those written down, also where the
        questionnaire was translated or perturbed since."""
        return self.by_id

    @cached_property
    def sections(self) -> dict[str, frozenset[str]]:
        """Question id -> the sections it stands in, inner and outer."""
        return dict(_sections(self.layout.root, self.questions, frozenset()))

    def __repr__(self) -> str:
        return f"Questionnaire({self.id!r}, {len(self.questions):,} questions)"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from surveys.notebook import questionnaire_html

        return questionnaire_html(self)

    def __getitem__(self, question_id: str) -> Question:
        """The question with this id; :class:`KeyError` when there is none."""
        return self.by_id[question_id]

    @property
    def languages(self) -> tuple[str, ...]:
        """The questionnaire's own language, then those it is translated into."""
        return (self.language, *self.translations)

    def missing(self, language: str) -> tuple[tuple[str | None, Slot], ...]:
        """Wordings that a translation lacks: whose they are (``None``: the questionnaire's) and which.

        Raises
        ------
        KeyError
            If there is no translation into this language.
        """
        if language == self.language:
            return ()
        words = self.translations[language]
        found = texts(self.model_dump(mode="json", exclude_defaults=True))
        return tuple((name, slot) for name, slot, _ in found if _said(words, name, slot) is None)

    def in_language(self, language: str) -> "Questionnaire":
        """The questionnaire as it is worded in one of its languages, with no others beside it.

        Raises
        ------
        ValueError
            If it is not translated into this language, or not all of it; the message says what is missing.
        """
        if language == self.language and not self.translations:
            return self
        if language not in self._worded:
            self._worded[language] = self._translated(language)
        return self._worded[language]

    def spoken_in(self, language: str) -> "Questionnaire":
        """The questionnaire in this language where it is translated into it, and in its own where it is not."""
        return self.in_language(language if language in self.languages else self.language)

    @cached_property
    def _worded(self) -> dict[str, "Questionnaire"]:
        """The questionnaire in the languages that were asked for."""
        return {}

    def _translated(self, language: str) -> "Questionnaire":
        if language not in self.languages:
            raise ValueError(f"{self.id!r} is not there in {language!r}; it is in {', '.join(self.languages)}")
        own = {"translations"} if language == self.language else {"translations", "statements"}
        content = self.model_dump(mode="json", exclude_defaults=True, exclude=own)
        if language != self.language:
            if missing := self.missing(language):
                raise ValueError(f"{self.id!r} lacks wordings in {language!r}: {described(missing)}")
            words = self.translations[language]
            content = walk(content, lambda name, slot, _: _said(words, name, slot), levels="shown")
        context = {"as_written": self.as_written}
        try:
            return Questionnaire.model_validate({**content, "language": language}, context=context)
        except ValidationError as error:
            said = "; ".join(item["msg"].removeprefix("Value error, ") for item in error.errors()[:8])
            raise ValueError(f"{self.id!r} cannot be asked in {language!r}: {said}") from None


def _problems(problems: list[tuple[Loc, str]]) -> ValidationError:
    """What is wrong, each with its place in the document."""
    return ValidationError.from_exception_data(
        "Questionnaire",
        [
            InitErrorDetails(
                type=PydanticCustomError("questionnaire", "{message}", {"message": message}), loc=loc, input=None
            )
            for loc, message in problems
        ],
    )


def _sections(
    group: Group, questions: tuple[Question, ...], around: frozenset[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    inside = around | {group.id}
    for member in group.members:
        if isinstance(member, Group):
            yield from _sections(member, questions, inside)
        else:
            yield questions[member].id, inside


def _said(words: Translation, name: str | None, slot: Slot) -> str | None:
    """What a translation says in a slot; ``None`` when it is missing."""
    if name is None:
        return words.title
    wording = words.words.get(name)
    return None if wording is None else wording.at(slot)
