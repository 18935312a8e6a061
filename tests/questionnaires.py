"""Questionnaires written for a test, and ways through them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from demoscope import seeds
from surveys import Course, Given, Questionnaire, Skipped

YES_NO = [{"code": 1, "label": "Yes"}, {"code": 2, "label": "No"}]


def single(name: str, **parts: Any) -> dict[str, Any]:
    """A yes/no question."""
    return {"id": name, "text": f"{name}?", "options": YES_NO, **parts}


def asking(*entries: Mapping[str, Any], **parts: Any) -> Questionnaire:
    """A questionnaire of these entries."""
    return Questionnaire.model_validate({"id": "test", "title": "Test", "questions": list(entries), **parts})


def refusal(*entries: Mapping[str, Any], **parts: Any) -> str:
    """Why a questionnaire of these entries is refused."""
    with pytest.raises(ValidationError) as caught:
        asking(*entries, **parts)
    return "\n".join(str(error["msg"]) for error in caught.value.errors())


def chance(person: int = 0, seed: int = 1) -> Callable[..., np.random.Generator]:
    """Chance of one person."""
    return lambda what, name: seeds.generator(seed, what, person, name)


def way(
    questionnaire: Questionnaire,
    answers: Mapping[str, Given] | None = None,
    *,
    person: int = 0,
    **known: Any,
) -> list[str]:
    """Ids of the questions that are asked, and `-id` of those that are skipped, when this is answered."""
    course = Course(questionnaire, chance(person), **known)
    found = []
    for step in course:
        name = step.question.id
        found.append(f"-{name}" if isinstance(step, Skipped) else name)
        if not isinstance(step, Skipped):
            course.hear(name, (answers or {}).get(name))
    return found
