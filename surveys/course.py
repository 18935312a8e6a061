"""How one person goes through a questionnaire: what is asked next, in which words, and what is skipped and why."""

import json
from collections import ChainMap
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from surveys import piping
from surveys.given import Given
from surveys.order import Chance, draw_order
from surveys.presentation import AS_WRITTEN
from surveys.presentation_rules import PresentationRules
from surveys.question import Question
from surveys.questionnaire import Questionnaire, Split
from surveys.routing import END
from surveys.truth import Scope, holds, is_declined

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
    rules : PresentationRules, optional
        How questions are shown: which variant of a wording counts, and which options can be told apart.

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
        rules: PresentationRules = AS_WRITTEN,
    ) -> None:
        self._questionnaire = questionnaire
        self._chance = chance
        self._questions = questionnaire.questions
        self._order: Sequence[int] = draw_order(questionnaire.layout, chance)
        self._assigned = assigned
        self._rules = rules
        self._words = words or {}
        self._answers: dict[str, Given] = {}
        self.arms: Mapping[str, str] = {split.id: _draw_arm(split, chance) for split in questionnaire.splits}
        """Split -> the person's arm."""
        self._piped: dict[str, Question] = {}
        self._asked_as: Mapping[str, Question] = ChainMap(self._piped, questionnaire.by_id)
        written = ChainMap(self._piped, questionnaire.as_written)
        self._scope = Scope(questionnaire.by_id, self._answers, attributes or {}, self.arms, written)
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
                if self._reason(question) is None and (note := self._note(question)) is not None:
                    self._notes.append(note)
            elif question.is_asked and (self._assigned is None or question.id in self._assigned):
                return self._step(place, question)
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
        return None

    def _step(self, place: int, question: Question) -> Asked | Skipped:
        """The question worded for this person, or why it is skipped."""
        reason = self._reason(question)
        if reason is not None:
            return Skipped(place, question, reason)
        arm = self.arms[question.split] if question.split is not None else None
        profiles: tuple[Profile, ...] = ()
        if question.factors is not None:
            profiles = question.factors.draw(self._chance("factors", _drawn_with(question)))
        try:
            worded = self._filled(question, arm, profiles)
        except piping.NotKnown as missing:
            return Skipped(place, question, f"what its wording inserts is not known: {missing}")
        if worded.options != question.options:
            if (reason := self._alike(worded)) is not None:
                return Skipped(place, question, reason)
            self._piped[question.id] = worded
        if len(profiles) > 1:
            worded = worded.model_copy(update={"text": f"{worded.text}\n{self._described(worded, profiles)}"})
        self._last = question
        skippable = self._questionnaire.skippable.by_answers
        return Asked(place, worded, tuple(self._told(question)), arm, profiles, question.id not in skippable)

    def _filled(self, question: Question, arm: str | None, profiles: tuple[Profile, ...]) -> Question:
        """The question as its arm or the variant asked for words it, with everything inserted."""
        return piping.reworded(
            self._chosen(question, arm),
            lambda text: piping.filled(text, lambda name: self._known(name, question, profiles)),
        )

    def _chosen(self, question: Question, arm: str | None) -> Question:
        """The question in the wording that is used; what others would insert need not be known."""
        variant = self._rules.wording
        name = variant if variant in question.wordings else arm
        as_it_is = name == variant or name not in question.wordings  # a variant is chosen where it is shown
        if not question.wordings or (as_it_is and not piping.inserts(question)):
            return question
        text = question.wordings.get(name or "", question.text)
        kept = {name: text} if name is not None and name == variant and name in question.wordings else {}
        return question.model_copy(update={"text": text, "wordings": kept})

    def _alike(self, worded: Question) -> str | None:
        """Why options cannot be told apart once answers are inserted; ``None`` when they can."""
        labels = [option.label.casefold() for option in worded.options]
        for place, option in enumerate(worded.options):
            if labels[place] in labels[:place]:
                return f"two of its options read alike once answers are inserted: {option.label}"
        try:
            self._rules.check(worded)
        except ValueError as error:
            return f"its options cannot be told apart once answers are inserted: {error}"
        return None

    def _note(self, note: Question) -> Question | None:
        """The note worded for this person; ``None`` when what it inserts is not known."""
        try:
            return self._filled(note, self.arms[note.split] if note.split is not None else None, ())
        except piping.NotKnown:
            return None

    def _told(self, question: Question) -> Iterator[str]:
        """Notes that have waited for this question; those of sections that were left are dropped."""
        notes, self._notes = self._notes, []
        sections = self._questionnaire.sections
        yield from (n.text for n in notes if n.section is None or n.section in sections[question.id])

    def _known(self, name: str, question: Question, profiles: tuple[Profile, ...]) -> str | None:
        """What stands for a name in a wording; ``None`` when it is not known."""
        factors = question.factors
        if factors is not None and factors.profiles == 1 and name in factors.attributes:
            return factors.worded(name, profiles[0][name]) if profiles else ""
        head, _, part = name.partition(".")
        if head == "persona" and part:
            known = self._words.get(part, self._scope.attributes.get(part))
            return None if known is None else str(known)
        given, asked = self._answers.get(head), self._asked_as[head]
        if given is None or is_declined(given, asked):
            return None
        return given.written(asked) if part else given.words(asked, self._questionnaire.language)

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
