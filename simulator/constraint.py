"""What a constrained reply must look like, written once and read by every backend in its own way."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from simulator.json_schema import read
from simulator.json_values import JsonObject, loads, written


@dataclass(frozen=True, slots=True)
class Constraint:
    """``prefix`` + one of ``choices`` (or ``least`` to ``most`` of them, or a whole number) + ``suffix`` + free text.

    Without choices the answer is a whole number in [``minimum``, ``maximum``], or one of ``alone``. The free text is
    one line of at most ``free_tokens`` tokens; with 0 the reply ends after the answer and has no suffix.

    >>> Constraint(("1: yes", "2: no"), prefix="Answer: ").matches("Answer: 2: no")
    True
    """

    choices: tuple[str, ...] = ()
    """What may be answered, in full, in the order shown."""
    most: int = 1
    """How many different choices may be named, separated by ``separator``."""
    least: int = 1
    """How many different choices must be named at least."""
    alone: tuple[str, ...] = ()
    """Choices that are named by themselves or not at all, whatever ``least`` says; or texts in place of a number."""
    minimum: int | None = None
    """Lowest whole number, when there are no choices."""
    maximum: int | None = None
    """Highest whole number, when there are no choices."""
    prefix: str = ""
    """Fixed text before the answer."""
    suffix: str = ""
    """Fixed text between the answer and the free text."""
    separator: str = "; "
    """Between several choices."""
    free_tokens: int = 0
    """Tokens of free text after the suffix."""

    @property
    def likely_tokens(self) -> int:
        """Tokens that a reply is likely to take, for estimates."""
        return self.free_tokens + 8

    def matches(self, text: str) -> bool:
        """Whether a whole reply obeys the constraint; the last check, whatever the backend promised."""
        if not text.startswith(self.prefix):
            return False
        rest = text[len(self.prefix) :]
        if not self.free_tokens:
            return self._is_answer(rest)
        return any(  # an option may itself contain the suffix, so every place is tried
            "\n" not in rest[found.end() :] and self._is_answer(rest[: found.start()])
            for found in re.finditer(re.escape(self.suffix), rest)
        )

    def _is_answer(self, answer: str) -> bool:
        if answer in self.alone:
            return True
        if not self.choices:
            if not re.fullmatch(r"-?[0-9]{1,15}", answer):
                return False
            low, high = self.minimum, self.maximum
            return (low is None or int(answer) >= low) and (high is None or int(answer) <= high)
        together = frozenset(self.choices) - frozenset(self.alone)
        return _names(answer, together, self.separator, self.least, self.most)


@dataclass(frozen=True, slots=True)
class JsonConstraint:
    """A JSON object, as a JSON schema says; see :mod:`simulator.json_schema` for how much of it is supported.

    >>> scale = {"type": "integer", "minimum": 1, "maximum": 5}
    >>> trust = JsonConstraint.of({"type": "object", "properties": {"trust": scale}, "required": ["trust"]})
    >>> trust.matches('{"trust": 4}'), trust.matches('{"trust": 6}')
    (True, False)
    """

    root: JsonObject
    """What the object holds."""

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Self:
        """The constraint that a JSON schema says.

        Raises
        ------
        UnsupportedSchema
            If it says what a reply cannot be held to; names the place, and what is supported.
        """
        return cls(read(schema))

    @property
    def free_tokens(self) -> int:
        """None: no free text follows the object."""
        return 0

    @property
    def likely_tokens(self) -> int:
        """Tokens that a reply is likely to take, for estimates: one for four characters of a middling object."""
        return len(self.example(0.5)) // 4 + 1

    def matches(self, text: str) -> bool:
        """Whether a whole reply is such an object: each name once, in order; spacing and escapes as JSON has them."""
        try:
            return self.root.allows(loads(text))
        except ValueError:
            return False

    def example(self, share: float) -> str:
        """An allowed reply, whose values lie at this share, from 0 to below 1, of their ranges."""
        return written(self.root.example(share))


AnyConstraint = Constraint | JsonConstraint


def _names(answer: str, choices: frozenset[str], separator: str, least: int, most: int) -> bool:
    """Whether an answer is ``least`` to ``most`` different choices; one may itself contain the separator."""
    return (least <= 1 and answer in choices) or (
        most > 1
        and any(
            answer.startswith(choice + separator)
            and _names(answer[len(choice + separator) :], choices - {choice}, separator, least - 1, most - 1)
            for choice in choices
        )
    )
