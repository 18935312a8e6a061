"""What a perturbation makes of one question, and how its answers lead back to the canonical codes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from surveys.question import Question

Chance = Callable[[str], np.random.Generator]
"""Gives the generator for a name, such as ``text`` or ``option 2``; the same name, the same draws."""

NOTHING: Mapping[Any, Any] = MappingProxyType({})

ADDED_MIDDLE, ADDED_REFUSAL = 9001, 9002
"""Codes of options that a perturbation adds; the next free one, two further on, where a question has them already."""


@dataclass(frozen=True, slots=True)
class Change:
    """One question after one perturbation."""

    question: Question
    """As it is asked now."""
    changes: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """What was changed, for the record; empty when nothing was."""
    codes: Mapping[int, int] = field(default_factory=lambda: NOTHING)
    """Code asked now -> code before, where they differ."""
    scores: Mapping[int, float] = field(default_factory=lambda: NOTHING)
    """Point of a changed scale -> its score on the scale before; its answers have a score and no code."""


def free_code(question: Question, wanted: int) -> int:
    """A code outside the question's own, ``wanted`` unless it is taken.

    >>> free_code(Question(id="q", text="?", kind="scale", minimum=1, maximum=5), ADDED_MIDDLE)
    9001
    """
    taken = {option.code for option in question.choices}
    while wanted in taken:
        wanted += 2
    return wanted
