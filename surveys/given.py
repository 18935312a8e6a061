"""What a person answered, as later conditions and wordings look at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from surveys.question import Question

Sort = Literal["number", "text", "codes", "truth", "any"]
"""What a value is: a number (also one code), a text, several codes, true or false, or not known beforehand."""

SORTS: Mapping[str, Sort] = {
    "single": "number",
    "scale": "number",
    "number": "number",
    "text": "text",
    "multiple": "codes",
    "ranking": "codes",
    "allocation": "codes",
}
"""Kind of a question -> what its answer is in a condition."""

COMMA = {"zh": "、"}
"""Between the members of a list, where it is not a comma and a blank."""
COLON = {"zh": "："}
"""Before the points of an option, where it is not a colon and a blank."""
LONGEST = 500
"""Characters of an earlier free text that are inserted into a wording."""


@dataclass(frozen=True, slots=True)
class Given:
    """One understood answer, in canonical codes; there is none for what was skipped, refused or not understood."""

    codes: tuple[int, ...] = ()
    """What was chosen; of a ranking in order of preference."""
    number: float | None = None
    """The value, for open numbers."""
    text: str | None = None
    """The answer to an open question."""
    amounts: tuple[float, ...] = ()
    """Points given to each of ``codes``, for allocations."""

    def value(self, question: Question) -> float | str | tuple[int, ...]:
        """What a condition compares: a number, a text, or several codes."""
        if question.kind == "number" and not self.codes:
            return 0.0 if self.number is None else self.number
        if question.kind == "text":
            return self.text or ""
        return self.codes if SORTS[question.kind] == "codes" else self.codes[0]

    def words(self, question: Question, language: str = "en") -> str:
        """What the answer says, in the words of the question, listed as its language lists things.

        >>> ask = Question(id="q", text="?", options=[{"code": 1, "label": "Tea"}, {"code": 2, "label": "Milk"}])
        >>> Given((2,)).words(ask)
        'Milk'
        """
        if question.kind == "number" and not self.codes:
            return f"{self.number:.15g}"
        if question.kind == "text":
            return " ".join((self.text or "").split())[:LONGEST]
        labels, comma = {option.code: option.label for option in question.options}, COMMA.get(language, ", ")
        if self.amounts:
            given = zip(self.codes, self.amounts, strict=True)
            colon = COLON.get(language, ": ")
            return comma.join(f"{labels[code]}{colon}{amount:.15g}" for code, amount in given)
        return comma.join(labels.get(code, str(code)) for code in self.codes)  # the points of a scale are no options

    def written(self, question: Question) -> str:
        """The answer in codes, or its number or text."""
        return ", ".join(map(str, self.codes)) if self.codes else self.words(question)
