"""How a questionnaire words the answers to its questions as first-person statements."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from demoscope.documents import Document
from surveys.option import one_line
from surveys.question import Id, Question

_SLOT = re.compile(r"\{\{\s*(question|answer)\s*\}\}")
_RANGE = re.compile(r"\s*(-?\d+)(?:\s*(?:-|to)\s*(-?\d+))?\s*")
LONGEST_RANGE = 101
"""Codes that one range may name: as many as a scale has points."""

Answers = Annotated[dict[str | int, str], Field(max_length=100)]


class StatementTemplate(Document):
    """Statements of one question, or of several that differ in a slot only.

    >>> life = StatementTemplate(
    ...     questions={"Q1": "family is", "Q2": "friends are"},
    ...     template="{{ question }} {{ answer }} in my life",
    ...     refined={1: "very important", 2: "rather important", 3: "not very important", 4: "not at all important"},
    ...     polar={"1-2": "important", "3-4": "not important"},
    ... )
    >>> life.say("Q2", life.polar["3-4"])
    'Friends are not important in my life'
    """

    questions: dict[Id, str] = Field(min_length=1)
    """Question id -> what stands in the slot ``{{ question }}``; a list of ids where the template has no such one."""
    template: str = "{{ answer }}"
    """The statement, with the slots ``{{ answer }}`` and, if wanted, ``{{ question }}``; in the first person, without
    a full stop. Its first letter becomes a capital."""
    refined: Answers = Field(min_length=2)
    """Codes -> what stands in the slot ``{{ answer }}``: every grade of the answer by itself. Codes are one code
    (``1``), a range (``1-3``) or several of these (``1, 4-5``)."""
    polar: Answers = Field(default_factory=dict)
    """The same by direction: codes of one direction together, a neutral answer by itself; as ``refined`` when
    absent."""

    @field_validator("questions", mode="before")
    @classmethod
    def _a_list_has_no_slots(cls, questions: Any) -> Any:
        return dict.fromkeys(questions, "") if isinstance(questions, list | tuple) else questions

    @model_validator(mode="after")
    def _can_be_said(self) -> Self:
        slots = _SLOT.findall(self.template)
        if slots.count("answer") < 1 or "{" in _SLOT.sub("", self.template):
            raise ValueError("the template has the slot {{ answer }}, and may have {{ question }}; no other braces")
        silent = [question for question, words in self.questions.items() if not words.strip()]
        if "question" in slots and silent:
            raise ValueError(f"the template inserts {{{{ question }}}}, and {silent[0]!r} has no words for it")
        for answers in (self.refined, self.polar):
            if len(answers) == 1:
                raise ValueError("one statement is nothing to choose from; a form has two or more")
            for question in self.questions:
                said = [one_line(self.say(question, words)).casefold() for words in answers.values()]
                twice = next((text for text in said if said.count(text) > 1), None)
                if twice:
                    raise ValueError(f"two groups of codes of {question!r} are worded alike: {twice!r}")
        for form, answers in (("refined", self.refined), ("polar", self.polar)):
            codes = [code for key in answers for code in codes_of(key)]
            twice_named = next((code for code in codes if codes.count(code) > 1), None)
            if twice_named is not None:
                raise ValueError(f"{form}: the code {twice_named} stands in two groups; every code is in one")
        return self

    def say(self, question: str, answer: str) -> str:
        """The statement of a question for the words of an answer, its first letter a capital."""
        words: Mapping[str, str] = {"question": self.questions[question], "answer": answer}
        return capitalised(_SLOT.sub(lambda slot: words[slot[1]], self.template).strip())

    def groups(self, question: str, form: str) -> list[tuple[str, tuple[int, ...]]]:
        """Statements of a question in a form (``refined`` or ``polar``), each with the codes it stands for."""
        answers = (self.polar if form == "polar" else {}) or self.refined
        return [(self.say(question, words), codes_of(key)) for key, words in answers.items()]

    def problem(self, question: Question) -> str | None:
        """Why these are no statements of a question; ``None`` when they are."""
        if question.kind not in ("single", "scale"):
            return f"it is of kind {question.kind!r}; statements are made of single choices and scales"
        substantive = [option.code for option in question.choices if option.kind == "substantive"]
        for form in ("refined", "polar"):
            codes = {code for _, group in self.groups(question.id, form) for code in group}
            missing = [code for code in substantive if code not in codes]
            if missing:
                return f"{form}: the code {missing[0]} has no statement; word all of {substantive}"
            unknown = sorted(codes - set(substantive))
            if unknown:
                return f"{form}: {unknown[0]} is none of its substantive codes {substantive}"
        return None


def codes_of(key: str | int) -> tuple[int, ...]:
    """Codes that a key of ``refined`` or ``polar`` names.

    >>> codes_of(3), codes_of("1-3"), codes_of("-1, 4 to 5")
    ((3,), (1, 2, 3), (-1, 4, 5))

    Raises
    ------
    ValueError
        If it is neither a code, nor a range, nor a list of such.
    """
    codes: list[int] = []
    for part in str(key).split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            raise ValueError(f"{key!r} names no codes; write one code (1), a range (1-3), or several (1, 4-5)")
        first, last = int(found[1]), int(found[2] or found[1])
        if not first <= last < first + LONGEST_RANGE:
            raise ValueError(f"the range {part.strip()!r} runs backwards or is longer than {LONGEST_RANGE} codes")
        codes += range(first, last + 1)
    return tuple(codes)


def capitalised(text: str) -> str:
    """The text with a capital first letter, the rest as it is.

    >>> capitalised("iPhones matter to me")
    'IPhones matter to me'
    """
    return text[:1].upper() + text[1:]
