"""What a constrained reply must look like, written once and read by every backend in its own way."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constraint:
    """``prefix`` + one of ``choices`` (or up to ``most`` of them, or a whole number) + ``suffix`` + free text.

    Without choices the answer is a whole number in [``minimum``, ``maximum``]. The free text is one line of at
    most ``free_tokens`` tokens; with 0 the reply ends after the answer and has no suffix.

    >>> Constraint(("1: yes", "2: no"), prefix="Answer: ").matches("Answer: 2: no")
    True
    """

    choices: tuple[str, ...] = ()
    """What may be answered, in full, in the order shown."""
    most: int = 1
    """How many different choices may be named, at least one, separated by ``separator``."""
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
        if not self.choices:
            if not re.fullmatch(r"-?[0-9]{1,15}", answer):
                return False
            low, high = self.minimum, self.maximum
            return (low is None or int(answer) >= low) and (high is None or int(answer) <= high)
        return _names(answer, frozenset(self.choices), self.separator, self.most)


def _names(answer: str, choices: frozenset[str], separator: str, most: int) -> bool:
    """Whether an answer is up to ``most`` different choices; one may itself contain the separator."""
    return answer in choices or (
        most > 1
        and any(
            answer.startswith(choice + separator)
            and _names(answer[len(choice + separator) :], choices - {choice}, separator, most - 1)
            for choice in choices
        )
    )
