"""Statements that stand for the answers to a question, in two forms, and a whole survey of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Form = Literal["refined", "polar"]
FORMS: tuple[Form, ...] = ("refined", "polar")
"""``refined``: every grade of an answer by itself. ``polar``: its direction alone."""

MISSING = -1
"""Stands for no known statement in arrays of numbers."""

MOST = 100
"""Statements of one set; as many as a byte tells apart."""

OTHER = "other"
"""Category of questions that name none."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person says of themselves, and the answers that mean it."""

    text: str
    """In the first person, the first letter a capital, no full stop."""
    codes: tuple[int, ...]
    """Option codes of the question that it stands for."""


@dataclass(frozen=True)
class StatementSet:
    """The answers to one question as statements in one form; exactly one of them is true of a person.

    >>> yes, no = Statement("Family is important to me", (1, 2)), Statement("Family is not important to me", (3, 4))
    >>> family = StatementSet("Q1", "polar", "Social Values", (yes, no))
    >>> family.id, family.number_of(3), family.number_of(-1)
    ('Q1_polar', 2, None)
    """

    question: str
    """Id of the question in the survey."""
    form: Form
    category: str
    """What part of a value system it belongs to."""
    statements: tuple[Statement, ...]
    """In the order in which they are always shown."""
    wording: str = ""
    """The question as the survey words it."""
    dimension: str | None = None
    """Value dimension of the question, where it has one."""

    def __post_init__(self) -> None:
        codes = [code for statement in self.statements for code in statement.codes]
        if not 2 <= len(self.statements) <= MOST:
            raise ValueError(f"{self.id}: a set has 2 to {MOST} statements, this has {len(self.statements)}")
        if len(set(codes)) < len(codes) or not all(statement.codes for statement in self.statements):
            raise ValueError(f"{self.id}: every statement stands for codes of its own; they are {codes}")

    def __len__(self) -> int:
        return len(self.statements)

    @property
    def id(self) -> str:
        """Id of the set in a wave: the question's and the form."""
        return target_id(self.question, self.form)

    @cached_property
    def _numbers(self) -> Mapping[int, int]:
        return {code: number for number, statement in enumerate(self.statements, start=1) for code in statement.codes}

    def number_of(self, code: int) -> int | None:
        """Number (from 1) of the statement that a code means; ``None`` for codes such as refusals."""
        return self._numbers.get(code)


def target_id(question: str, form: Form) -> str:
    """Id of a question's statements in a wave.

    >>> target_id("Q1", "polar")
    'Q1_polar'
    """
    return f"{question}_{form}"


@dataclass(frozen=True, eq=False)
class StatementSets:
    """A survey as statements: every question in both forms, in the order of the survey."""

    sets: tuple[StatementSet, ...]
    """Two of each question: refined and polar, in any order."""
    _by_id: dict[tuple[str, Form], StatementSet] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.sets:
            if (one.question, one.form) in self._by_id:
                raise ValueError(f"{one.id} stands there twice")
            self._by_id[one.question, one.form] = one
        if not self.sets:
            raise ValueError("there are no statements")
        for one in self.sets:
            pair = [self._by_id.get((one.question, form)) for form in FORMS]
            if pair[0] is None or pair[1] is None:
                raise ValueError(f"{one.question} has statements in one form only; it needs {' and '.join(FORMS)}")
            if pair[0].category != pair[1].category:
                raise ValueError(f"{one.question} has a category in each form; give it one")

    @cached_property
    def questions(self) -> tuple[str, ...]:
        """Ids of the survey's questions in order: the columns of every array about them."""
        return tuple(dict.fromkeys(one.question for one in self.sets))

    @cached_property
    def category_of(self) -> Mapping[str, str]:
        """Question -> category."""
        return {question: self.of(question, "refined").category for question in self.questions}

    @cached_property
    def categories(self) -> Mapping[str, tuple[str, ...]]:
        """Category -> its questions, in the order of the survey."""
        return by_category(self.category_of)

    def of(self, question: str, form: Form) -> StatementSet:
        """The statements of a question in a form; :class:`KeyError` when there is no such question."""
        return self._by_id[question, form]

    def in_form(self, form: Form) -> tuple[StatementSet, ...]:
        """The statements of all questions in a form."""
        return tuple(self.of(question, form) for question in self.questions)

    def sizes(self, form: Form) -> NDArray[np.int64]:
        """(n_questions,) number of statements of each question; its inverse is the chance of a guess."""
        return np.array([len(one) for one in self.in_form(form)], np.int64)

    def only(self, questions: Sequence[str]) -> "StatementSets":
        """These questions alone, in the order of the survey; :class:`KeyError` when one is none of them."""
        for question in questions:
            self.of(question, "refined")
        wanted = frozenset(questions)
        return StatementSets(tuple(one for one in self.sets if one.question in wanted))


def by_category(category_of: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    """Category -> its questions; categories and questions in the order in which they come.

    >>> by_category({"a": "work", "b": "family", "c": "work"})
    {'work': ('a', 'c'), 'family': ('b',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for question, category in category_of.items():
        found[category] = (*found.get(category, ()), question)
    return found
