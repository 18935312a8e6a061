"""Questions that nobody gets to, found by going through a questionnaire with invented answers."""

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from surveys.course import Course, Skipped
from surveys.expressions import parse, references
from surveys.given import Given
from surveys.holding import answers_that_matter
from surveys.question import Question
from surveys.questionnaire import Questionnaire

MOST_STEPS = 40_000
"""Questions that are gone through at most, all people together."""

Attributes = Mapping[str, str | int | float]


def find_unreached(
    questionnaire: Questionnaire,
    people: Sequence[Attributes],
    chance: Callable[..., np.random.Generator],
) -> tuple[str, ...]:
    """Ids of the questions that none of these people is asked, whatever they are made to answer.

    Answers are invented at random among those that some condition tells apart. So a question that is not reached may
    still be reached by few; one that can never be reached is always found.

    Parameters
    ----------
    people : sequence of mappings
        What is known of each person; no more of them are taken than ``MOST_STEPS`` questions allow.
    chance : callable
        Gives the generator for a key, which begins with the number of the person.

    >>> tea = {"id": "tea", "text": "Tea?", "options": "yes_no"}
    >>> never = {"id": "never", "text": "Do you draw a pension?", "options": "yes_no", "show_if": "persona.age >= 65"}
    >>> asked = Questionnaire(id="q", title="Q", questions=[tea, never])
    >>> find_unreached(asked, [{"age": 30}] * 20, lambda *key: np.random.default_rng(key[0]))
    ('never',)
    """
    either = questionnaire.skippable.by_answers | questionnaire.skippable.by_person
    left = {question.id for question in questionnaire.asked if question.id in either}
    named = _named(questionnaire)
    possible: dict[str, list[Given | None] | None] = {}
    for number, attributes in enumerate(people[: max(1, MOST_STEPS // len(questionnaire.questions))]):
        if not left:
            break
        rng = chance(number, "invented answers")
        course = Course(questionnaire, partial(chance, number), attributes)
        for step in course:
            if isinstance(step, Skipped):
                continue
            question = step.question
            left.discard(question.id)
            if question.id not in possible:
                possible[question.id] = answers_that_matter(question, named.get(question.id, []))
            course.hear(question.id, _invented(question, possible[question.id], rng))
    return tuple(question.id for question in questionnaire.asked if question.id in left)


def _named(questionnaire: Questionnaire) -> dict[str, list[Any]]:
    """Question id -> numbers and texts that stand in conditions on it."""
    found: dict[str, list[Any]] = {}
    for question in questionnaire.questions:
        for text in (question.show_if, *(rule.when for rule in question.go_to)):
            if text is not None:
                tree = parse(text)
                constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
                for name in references(tree)[0]:
                    known = found.setdefault(name, [])
                    known += [constant for constant in constants if constant not in known]
    return found


def _invented(question: Question, possible: list[Given | None] | None, rng: np.random.Generator) -> Given | None:
    """An answer drawn among those that matter, or at random where these are too many to list."""
    if possible is not None:
        return possible[int(rng.integers(len(possible)))]
    codes = [option.code for option in question.options if option.code not in question.alone]
    if question.kind == "allocation":
        assert question.total is not None
        some = rng.choice(codes, int(rng.integers(1, len(codes) + 1)), replace=False).tolist()
        points = rng.multinomial(question.total, rng.dirichlet(np.ones(len(some)))).tolist()
        return Given(tuple(some), amounts=tuple(map(float, points)))
    least, most = question.selections
    if question.kind in ("multiple", "ranking"):
        return Given(tuple(rng.choice(codes, int(rng.integers(least, most + 1)), replace=False).tolist()))
    return Given((codes[int(rng.integers(len(codes)))],))
