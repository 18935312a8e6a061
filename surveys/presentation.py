"""How a question is shown this time: in which order, under which labels, and how that is mapped back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from surveys.option import Option
from surveys.presentation_rules import FORMS, LabelStyle, PresentationRules
from surveys.question import Question

AS_WRITTEN = PresentationRules()
"""Everything in the questionnaire's order, under its codes."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """The choices of one question as one respondent sees them; what leaves it are canonical codes."""

    codes: tuple[int, ...] = ()
    """Canonical codes in the order shown; empty for open numbers and free texts."""
    lines: tuple[str, ...] = ()
    """What is listed, one line for each code: ``2: about right``; empty when nothing is listed."""
    labels: Mapping[str, int] | None = None
    """Label shown instead of the code -> canonical code; ``None`` when the codes are shown; empty without labels."""
    style: LabelStyle = "codes"
    """How labels are written."""
    also: tuple[tuple[str, str], ...] = ()
    """What else was not as written: the variant of the wording, the instruction, the mode of the battery."""

    @property
    def text(self) -> str:
        """The choice list: ``2: about right, 1: too little``; empty when nothing is listed."""
        return (" / " if self.style == "none" else ", ").join(self.lines)

    def code(self, shown: str) -> int | None:
        """Canonical code behind a label as it was shown, or ``None`` when nothing was shown under it.

        >>> Presentation((2, 1), ("A: right", "B: too little"), {"A": 2, "B": 1}).code("B")
        1
        """
        if self.labels is not None:
            return self.labels.get(shown)
        try:
            code = int(shown)
        except ValueError:
            return None
        return code if code in self.codes else None

    def label(self, code: int) -> str:
        """What stands before the wording of this option: its own label, or the code; empty without labels."""
        if self.labels is None:
            return str(code)
        return next((label for label, named in self.labels.items() if named == code), "")

    def as_json(self) -> str:
        """The codes in the order shown, and whatever is not as written; ``{}`` when nothing was listed.

        >>> Presentation((2, 1)).as_json()
        '{"codes":[2,1]}'
        """
        parts = []
        if self.codes:
            parts.append(f'"codes":[{",".join(map(str, self.codes))}]')
        if self.labels:
            parts.append(f'"labels":{json.dumps(dict(self.labels), ensure_ascii=False, separators=(",", ":"))}')
        if self.style != "codes":
            parts.append(f'"style":"{self.style}"')
        parts += [f'"{name}":{json.dumps(value, ensure_ascii=False)}' for name, value in self.also]
        return f"{{{','.join(parts)}}}"


class Presenter:
    """One question under its rules: prepared once, shown many times.

    >>> ask = Question(id="q", text="?", options=[{"code": 1, "label": "No"}, {"code": 2, "label": "Yes"}])
    >>> Presenter(ask, PresentationRules(labels="letters")).show(None).lines
    ('A. No', 'B. Yes')
    """

    def __init__(self, question: Question, rules: PresentationRules) -> None:
        rules.check(question)
        self._rules = rules
        self._options = question.listed
        self._codes = tuple(option.code for option in self._options)
        self._form = FORMS[rules.labels]
        self._movable = tuple(
            place for place, option in enumerate(self._options) if option.kind == "substantive" and not option.pinned
        )
        self._labels = tuple(rules.label(place) or "" for place in range(len(self._options)))
        self._heads = tuple(self._form.format(label=label, wording="") for label in self._labels)
        self._written = tuple(f"{option.code}: {option.label}" for option in self._options)
        self._also = tuple(_also(question, rules))
        self._scale = _scale(question, rules) if question.kind == "scale" else None
        worded = question.wordings.get(rules.wording, question.text) if rules.wording else question.text
        own = question.instruction if rules.instruction is True else rules.instruction or None
        self.item = worded
        """The wording, without what a battery says before its items."""
        self.instruction = own if isinstance(own, str) else None
        """What tells how to answer."""
        self.text = joined(question.stem, worded, self.instruction)
        """Everything that is said before the options: the battery's wording, the question's, the instruction."""
        self.draws = bool(self._movable[1:] if self._options else question.kind == "scale") and (
            rules.scale == "drawn" if question.kind == "scale" else rules.order != "fixed"
        )
        """Whether how the question is shown hangs on chance."""

    def show(self, rng: np.random.Generator | None) -> Presentation:
        """The choices as one respondent sees them.

        Parameters
        ----------
        rng : numpy.random.Generator or None
            Derived from the key of respondent and question; used only when :attr:`draws`.
        """
        if self.draws and rng is None:
            raise ValueError("What is drawn needs a generator; derive one with demoscope.seeds.generator.")
        if self._scale is not None:
            codes, lines = self._scale
            down = self._rules.scale == "descending" or (self.draws and rng is not None and rng.integers(2) == 1)
            return Presentation(*((codes[::-1], lines[::-1]) if down else (codes, lines)), also=self._also)
        places = self._places(rng) if self.draws and rng is not None else range(len(self._options))
        codes = tuple([self._codes[place] for place in places])
        style = self._rules.labels
        if style == "codes" or not codes:
            lines = tuple([self._written[place] for place in places])
            return Presentation(codes, lines, also=self._also)
        lines = tuple([head + self._options[place].label for head, place in zip(self._heads, places, strict=True)])
        labels = {} if style == "none" else dict(zip(self._labels, codes, strict=True))
        return Presentation(codes, lines, labels, style, self._also)

    def _places(self, rng: np.random.Generator) -> list[int]:
        """Places of the options in the order shown; those that may not move stay where they are."""
        movable, n = self._movable, len(self._movable)
        if self._rules.order == "shuffled":
            moved = [movable[place] for place in rng.permutation(n).tolist()]
        elif self._rules.order == "reversed":
            moved = list(movable[::-1] if rng.integers(2) == 1 else movable)
        else:
            start = int(rng.integers(n))
            moved = [*movable[start:], *movable[:start]]
        if n == len(self._options):
            return moved
        places = list(range(len(self._options)))
        for place, option in zip(movable, moved, strict=True):
            places[place] = option
        return places


def _also(question: Question, rules: PresentationRules) -> list[tuple[str, str]]:
    also = []
    if rules.wording in question.wordings:
        also.append(("wording", str(rules.wording)))
    if isinstance(rules.instruction, str):
        also.append(("instruction", rules.instruction))
    elif not rules.instruction and question.instruction:
        also.append(("instruction", ""))
    if question.kind == "scale" and rules.scale_labels != "given":
        also.append(("scale_labels", rules.scale_labels))
    if question.battery and rules.battery != "one_by_one":
        also.append(("battery", rules.battery))
    return also


def _scale(question: Question, rules: PresentationRules) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Codes and, where all points are told, lines of a scale."""
    assert question.minimum is not None and question.maximum is not None
    codes = tuple(range(question.minimum, question.maximum + 1))
    if rules.scale_labels != "all":
        return codes, ()
    said = {question.minimum: question.low_label, question.maximum: question.high_label, **question.point_labels}
    return codes, tuple(f"{code}: {said[code]}" if said.get(code) else str(code) for code in codes)


def joined(*parts: str | None) -> str:
    """Sentences one after the other; a blank between them unless the first ends in Chinese punctuation.

    >>> joined("Now to trust.", None, "The press?")
    'Now to trust. The press?'
    """
    text = ""
    for part in parts:
        if part:
            text += part if not text or text[-1] in "。？！：，；" else f" {part}"
    return text


class _Same:
    """A question by its identity, so that it can be looked up without comparing it."""

    __slots__ = ("question",)

    def __init__(self, question: Question) -> None:
        self.question = question

    def __hash__(self) -> int:
        return id(self.question)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.question is self.question


@lru_cache(maxsize=4096)
def _prepared(same: _Same, rules: PresentationRules) -> Presenter:
    return Presenter(same.question, rules)


def presenter(question: Question, rules: PresentationRules) -> Presenter:
    """The question prepared under these rules, kept for the next respondent.

    Raises
    ------
    ValueError
        If the rules cannot show its options without confusion.
    """
    return _prepared(_Same(question), rules)


def present(
    question: Question, rng: np.random.Generator | None, rules: PresentationRules = AS_WRITTEN
) -> Presentation:
    """Show a question once.

    >>> ask = Question(id="q", text="?", options=[{"code": 1, "label": "No"}, {"code": 2, "label": "Yes"}])
    >>> present(ask, None).text
    '1: No, 2: Yes'
    """
    return presenter(question, rules).show(rng)


def shown_again(written: str, question: Question) -> Presentation:
    """The presentation that :meth:`Presentation.as_json` wrote down, rendered anew.

    Raises
    ------
    ValueError
        If it is not the presentation of this question.
    """
    content = json.loads(written)
    codes, labels = tuple(content.get("codes", ())), content.get("labels")
    style = content.get("style", "codes")
    also = tuple((name, value) for name, value in content.items() if name not in ("codes", "labels", "style"))
    if style == "none":
        labels = {}
    shown = question.listed or tuple(option for option in question.choices if option.kind == "substantive")
    choices: dict[int, Option] = {option.code: option for option in shown}
    if set(codes) != set(choices) or len(codes) != len(choices) or (labels and set(labels.values()) != set(codes)):
        raise ValueError(f"{written} does not show question {question.id!r}, whose codes are {sorted(choices)}.")
    if question.kind == "scale":
        _, lines = _scale(question, PresentationRules(scale_labels=content.get("scale_labels", "given")))
        return Presentation(codes, lines if codes[0] < codes[-1] else lines[::-1], labels, style, also)
    named = {code: label for label, code in (labels or {}).items()}
    form = FORMS[style]
    lines = tuple(form.format(label=named.get(code, code), wording=choices[code].label) for code in codes)
    return Presentation(codes, lines, labels, style, also)
