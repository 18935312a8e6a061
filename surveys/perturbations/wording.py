"""Perturbations of the wording: typos, swapped letters, spacing, case, synonyms."""

import re
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from pydantic import Field

from demoscope.documents import Document
from surveys.perturbations.change import Chance, Change
from surveys.perturbations.synonyms import ALIKE, BESIDE, SYNONYMS
from surveys.question import Question

Language = Literal["en", "zh"]
Edit = Callable[[str, np.random.Generator], str]

_KEPT = re.compile(r"(\{\{.*?\}\}|\S*\d\S*)", re.DOTALL)
_HAN = r"\u4e00-\u9fff"
_WORD = re.compile(rf"[^\W\d_{_HAN}]{{4,}}|[{_HAN}]{{2,}}")


class _Worded(Document):
    """What all perturbations of the wording have in common."""

    draw: int = Field(default=0, ge=0, lt=10_000)
    """Which of the possible draws; conditions that differ in it alone show how much chance does."""
    of: Literal["text", "options", "both"] = "text"
    """Whether the wording of questions is changed, the labels of their options, or both."""

    def edit(self, text: str, rng: np.random.Generator, language: str) -> str:
        """The text, perturbed; placeholders and everything with a digit stay as they are."""
        parts = _KEPT.split(text)
        return "".join(part if n % 2 else self._edit(part, rng, language) for n, part in enumerate(parts))

    def _edit(self, text: str, rng: np.random.Generator, language: str) -> str:
        raise NotImplementedError

    def apply(self, question: Question, chance: Chance, language: str) -> Change:
        """The question with its wording perturbed.

        An option whose label would become that of another keeps its own.
        """
        update: dict[str, Any] = {}
        changes: dict[str, Any] = {}
        if self.of != "options":
            for name in ("stem", "text"):
                before = getattr(question, name)
                after = before and self.edit(before, chance(name), language).strip()
                if after and after != before:
                    update[name] = changes[name] = after
        if self.of != "text" and question.options:
            labels = [option.label for option in question.options]
            for place, option in enumerate(question.options):
                after = self.edit(option.label, chance(f"option {option.code}"), language).strip()
                others = {label.casefold() for n, label in enumerate(labels) if n != place}
                if after and after.casefold() not in others:
                    labels[place] = after
            if any(option.label != label for option, label in zip(question.options, labels, strict=True)):
                update["options"] = tuple(
                    option.model_copy(update={"label": label})
                    for option, label in zip(question.options, labels, strict=True)
                )
                changes["options"] = labels
        return Change(question.model_copy(update=update) if update else question, changes)


class Typos(_Worded):
    """Words with a slip of the keyboard: a letter beside, left out or doubled; a Chinese character mistaken.

    >>> Typos(kind="typos", rate=1).edit("Are {{ item }} problems?", np.random.default_rng(2), "en")
    'Are {{ item }} ptoblems?'
    """

    kind: Literal["typos"]
    """Says what this is."""
    rate: float = Field(default=0.1, gt=0, le=1)
    """Share of words that get a typo, of those with four letters or more."""

    def _edit(self, text: str, rng: np.random.Generator, language: str) -> str:
        return _WORD.sub(lambda found: _mistyped(found[0], rng) if rng.random() < self.rate else found[0], text)


class LetterSwaps(_Worded):
    """Words in which two neighbouring letters have changed places, the first and the last letter aside.

    >>> LetterSwaps(kind="letter_swaps", rate=1).edit("Trust", np.random.default_rng(1), "en")
    'Trsut'
    """

    kind: Literal["letter_swaps"]
    """Says what this is."""
    rate: float = Field(default=0.1, gt=0, le=1)
    """Share of words that are changed, of those with four letters or more."""

    def _edit(self, text: str, rng: np.random.Generator, language: str) -> str:
        def swapped(found: re.Match[str]) -> str:
            word, drawn, place = found[0], rng.random(), rng.random()
            if drawn >= self.rate:
                return word
            first = 1 + int(place * (len(word) - 3)) if len(word) > 3 else 0
            return word[:first] + word[first + 1] + word[first] + word[first + 2 :]

        return _WORD.sub(swapped, text)


class Spacing(_Worded):
    """Blanks that are doubled or left out between words."""

    kind: Literal["spacing"]
    """Says what this is."""
    rate: float = Field(default=0.1, gt=0, le=1)
    """Share of blanks that are changed."""

    def _edit(self, text: str, rng: np.random.Generator, language: str) -> str:
        def respaced(found: re.Match[str]) -> str:
            drawn, doubled = rng.random(), rng.random() < 0.5
            return found[0] if drawn >= self.rate else found[0] * 2 if doubled else ""

        return re.sub(r"(?<=\w) (?=\w)", respaced, text)


class Case(_Worded):
    """Another case: everything in capitals, in small letters, or each letter as drawn."""

    kind: Literal["case"]
    """Says what this is."""
    style: Literal["upper", "lower", "drawn"] = "upper"
    """Which case."""

    def _edit(self, text: str, rng: np.random.Generator, language: str) -> str:
        if self.style == "drawn":
            upper = rng.random(len(text)) < 0.5
            return "".join(c.upper() if up else c.lower() for c, up in zip(text, upper.tolist(), strict=True))
        return text.upper() if self.style == "upper" else text.lower()


class Synonyms(_Worded):
    """Words replaced by others that mean nearly the same, from a small table in English and Chinese.

    >>> Synonyms(kind="synonyms", rate=1).edit("A Big problem?", np.random.default_rng(1), "en")
    'A Large issue?'
    """

    kind: Literal["synonyms"]
    """Says what this is."""
    rate: float = Field(default=1.0, gt=0, le=1)
    """Share of the words in the table that are replaced."""

    def _edit(self, text: str, rng: np.random.Generator, language: str) -> str:
        table = SYNONYMS.get(language, {})
        if not table:
            return text
        edge = "" if language == "zh" else r"\b"
        words = "|".join(sorted(map(re.escape, table), key=len, reverse=True))

        def replaced(found: re.Match[str]) -> str:
            if rng.random() >= self.rate:
                return found[0]
            other = table[found[0].lower()]
            return other[0].upper() + other[1:] if found[0][0].isupper() else other

        return re.sub(f"{edge}(?:{words}){edge}", replaced, text, flags=re.IGNORECASE)


def _mistyped(word: str, rng: np.random.Generator) -> str:
    """The word with one slip; unchanged when it has no letter that can be mistaken."""
    if re.match(f"[{_HAN}]", word):
        places = [place for place, sign in enumerate(word) if sign in ALIKE]
        if not places:
            return word
        place = places[int(rng.integers(len(places)))]
        return word[:place] + ALIKE[word[place]] + word[place + 1 :]
    place, slip = 1 + int(rng.integers(len(word) - 1)), int(rng.integers(3))
    letter = word[place]
    near = BESIDE.get(letter.lower(), letter)
    other = near[int(rng.integers(len(near)))]
    return word[:place] + (other.upper() if letter.isupper() else other, "", letter * 2)[slip] + word[place + 1 :]
