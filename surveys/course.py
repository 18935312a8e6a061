"""How one person goes through a questionnaire: what is asked next, in which words, and what is skipped and why."""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from surveys import piping
from surveys.expressions import Scope, holds
from surveys.given import Given
from surveys.order import Chance, draw_order
from surveys.question import Question
from surveys.questionnaire import Questionnaire, Split
from surveys.routing import END

SEMICOLON = {"zh": "；"}
COLON = {"zh": "："}
BRACKETS = {"zh": "（{}）"}

Profile = Mapping[str, str]
"""Attribute -> level, as drawn."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to be asked now."""

    place: int
    """Its place in this person's order, from 0, whatever was skipped before."""
    question: Question
    """Worded for this person: by its arm, with everything inserted, its profiles described."""
    notes: tuple[str, ...] = ()
    """Instructions that stand before it."""
    arm: str | None = None
    """The person's arm of the question's split."""
    profiles: tuple[Profile, ...] = ()
    """Levels drawn for a vignette (one profile) or a conjoint task."""
    certain: bool = True
    """Whether it is asked whatever was answered before."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A question that is passed by."""

    place: int
    """Its place in this person's order, from 0."""
    question: Question
    """As the questionnaire has it."""
    reason: str
    """Why, for people."""


class Course:
    """The way of one person through a questionnaire: an iterator that is told each answer before it goes on.

    It draws from its key alone, so the same person goes the same way whenever the same is answered. Notes are told
    with the next question that is asked in their section; notes, excluded questions and those that were not assigned
    to the person are no steps of their own: they are neither asked nor skipped.

    Parameters
    ----------
    questionnaire : Questionnaire
        What is gone through.
    chance : callable
        Gives the generator for a key of this person.
    attributes : mapping, optional
        What is known of the person; conditions look at it.
    words : mapping, optional
        The same in words, for wordings that insert it; ``attributes`` where something is absent.
    assigned : container of str, optional
        Ids of the questions that the person is asked; all when absent.

    >>> tea = {"id": "tea", "text": "Tea?", "options": "yes_no"}
    >>> cups = {"id": "cups", "text": "How many?", "kind": "number", "show_if": "tea == 1"}
    >>> course = Course(Questionnaire(id="q", title="Q", questions=[tea, cups]), np.random.default_rng)
    >>> next(course).question.id
    'tea'
    >>> course.hear("tea", Given((2,)))
    >>> next(course).reason
    'its condition does not hold: tea == 1'
    """

    def __init__(
        self,
        questionnaire: Questionnaire,
        chance: Chance,
        attributes: Mapping[str, str | int | float] | None = None,
        words: Mapping[str, str] | None = None,
        assigned: Container[str] | None = None,
    ) -> None:
        self._questionnaire = questionnaire
        self._chance = chance
        self._questions = questionnaire.questions
        self._order: Sequence[int] = draw_order(questionnaire.layout, chance)
        self._assigned = assigned
        self._words = words or {}
        self._answers: dict[str, Given] = {}
        self.arms: Mapping[str, str] = {split.id: _draw_arm(split, chance) for split in questionnaire.splits}
        """Split -> the person's arm."""
        self._scope = Scope(questionnaire.by_id, self._answers, attributes or {}, self.arms)
        self._place = 0
        self._target: str | None = None
        self._jumped_at = ""
        self._last: Question | None = None
        self._notes: list[Question] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Asked | Skipped:
        """The next question, asked or skipped; ends after the last."""
        self._jump()
        while self._place < len(self._order):
            place, question = self._place, self._questions[self._order[self._place]]
            self._place += 1
            if self._target == question.id:
                self._target = None
            if question.kind == "note":
                if self._reason(question) is None:
                    self._notes.append(question)
            elif question.is_asked and (self._assigned is None or question.id in self._assigned):
                reason = self._reason(question)
                if reason is None:
                    self._last = question
                    return self._asked(place, question)
                return Skipped(place, question, reason)
        raise StopIteration

    @property
    def upcoming(self) -> Question | None:
        """The question that comes next as the questionnaire has it, whether it will be asked or skipped."""
        for place in range(self._place, len(self._order)):
            question = self._questions[self._order[place]]
            if question.is_asked and (self._assigned is None or question.id in self._assigned):
                return question
        return None

    def hear(self, question_id: str, given: Given | None) -> None:
        """Take note of an answer; ``None`` when none was understood."""
        if given is not None:
            self._answers[question_id] = given

    def _jump(self) -> None:
        """Follow the first rule that holds of the question that was asked last."""
        last, self._last = self._last, None
        for rule in last.go_to if last is not None else ():
            if rule.when is None or holds(rule.when, self._scope):
                assert last is not None
                self._target, self._jumped_at = rule.to, last.id
                break

    def _reason(self, question: Question) -> str | None:
        """Why a question is not asked; ``None`` when it is."""
        if self._target == END:
            return f"the interview ended after {self._jumped_at}"
        if self._target is not None:
            return f"{self._jumped_at} led on to {self._target}"
        if question.show_if is not None and not holds(question.show_if, self._scope):
            return f"its condition does not hold: {question.show_if}"
        try:
            for text in piping.wordings(question):
                piping.filled(text, lambda name: self._known(name, question, ()))
        except piping.NotKnown as missing:
            return f"what its wording inserts is not known: {missing}"
        return None

    def _asked(self, place: int, question: Question) -> Asked:
        arm = self.arms[question.split] if question.split is not None else None
        worded = question
        if arm is not None and arm in question.wordings:
            worded = worded.model_copy(update={"text": question.wordings[arm]})
        profiles: tuple[Profile, ...] = ()
        if question.factors is not None:
            profiles = question.factors.draw(self._chance("factors", _drawn_with(question)))
        worded = piping.reworded(
            worded, lambda text: piping.filled(text, lambda n: self._known(n, question, profiles))
        )
        if len(profiles) > 1:
            worded = worded.model_copy(update={"text": f"{worded.text}\n{self._described(worded, profiles)}"})
        skippable = self._questionnaire.skippable.by_answers
        return Asked(place, worded, tuple(self._told(question)), arm, profiles, question.id not in skippable)

    def _told(self, question: Question) -> Iterator[str]:
        """Notes that have waited for this question; those of sections that were left are dropped."""
        notes, self._notes = self._notes, []
        sections = self._questionnaire.sections
        for note in notes:
            if note.section is None or note.section in sections[question.id]:
                yield piping.filled(note.text, lambda name: self._known(name, note, ()))  # noqa: B023 (used at once)

    def _known(self, name: str, question: Question, profiles: tuple[Profile, ...]) -> str | None:
        """What stands for a name in a wording; ``None`` when it is not known."""
        factors = question.factors
        if factors is not None and factors.profiles == 1 and name in factors.attributes:
            return factors.worded(name, profiles[0][name]) if profiles else ""
        head, _, part = name.partition(".")
        if head == "persona" and part:
            known = self._words.get(part, self._scope.attributes.get(part))
            return None if known is None else str(known)
        given = self._answers.get(head)
        if given is None:
            return None
        asked = self._scope.questions[head]
        return given.written(asked) if part else given.words(asked)

    def _described(self, task: Question, profiles: tuple[Profile, ...]) -> str:
        """The profiles of a conjoint task, a line each, called as its options are."""
        language = self._questionnaire.language
        colon, semicolon = COLON.get(language, ": "), SEMICOLON.get(language, "; ")
        lines = []
        assert task.factors is not None
        worded, called = task.factors.worded, task.factors.called
        around = BRACKETS.get(language, " ({})")
        for option, profile in zip(task.options, profiles, strict=False):
            levels = semicolon.join(
                f"{called.get(name, name)}{colon}{worded(name, level)}" for name, level in profile.items()
            )
            lines.append(option.label + around.format(levels))
        return "\n".join(lines)


def _drawn_with(question: Question) -> str:
    """What the draw is keyed by: all questions of a vignette see one situation, every conjoint task has its own."""
    assert question.factors is not None and question.experiment is not None
    return question.experiment if question.factors.profiles == 1 else question.id


def _draw_arm(split: Split, chance: Chance) -> str:
    """The arm of one person, by weight; the order of arms in the document changes nobody's."""
    arms = sorted(split.arms)
    ends = np.cumsum([split.arms[arm] for arm in arms])
    drawn = chance("arm", split.id).random() * ends[-1]
    return arms[min(int(np.searchsorted(ends, drawn, side="right")), len(arms) - 1)]


def with_settings(presentation: str, asked: Asked) -> str:
    """What a presentation's JSON records, with the arm and the levels drawn added.

    >>> from surveys import Question
    >>> ask = Question(id="q", text="?", kind="text")
    >>> with_settings('{"codes":[1]}', Asked(0, ask, arm="A"))
    '{"codes":[1],"arm":"A"}'
    """
    added: dict[str, Any] = {}
    if asked.arm is not None:
        added["arm"] = asked.arm
    if asked.profiles:
        added["profiles"] = [dict(profile) for profile in asked.profiles]
    if not added:
        return presentation
    content = {**json.loads(presentation), **added}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
