"""Perturbations of what can be answered: order, labels, and how many options there are."""

import itertools
from typing import Any, Literal

import numpy as np
from pydantic import Field

from demoscope.documents import Document
from surveys.option import Option
from surveys.perturbations.change import ADDED_MIDDLE, ADDED_REFUSAL, Chance, Change, free_code
from surveys.question import Question

MIDDLE = {"en": "Neither", "zh": "居中"}
REFUSAL = {"en": "Prefer not to say", "zh": "不愿回答"}


class ReversedOptions(Document):
    """Options in the opposite order with their codes; a labelled scale counts the other way."""

    kind: Literal["reversed_options"]
    """Says what this is."""

    def apply(self, question: Question, chance: Chance, language: str) -> Change:
        """The question turned round; pinned and nonresponse options keep their place.

        On a scale the labels change ends, so that the same number means the opposite: answers are mapped back by
        ``minimum + maximum - point``. A scale without labels stays as it is.
        """
        if question.kind == "scale":
            return _turned(question)
        places = [n for n, o in enumerate(question.options) if o.kind == "substantive" and not o.pinned]
        options = list(question.options)
        for place, other in zip(places, reversed(places), strict=True):
            options[place] = question.options[other]
        if len(places) < 2:
            return Change(question)
        changed = question.model_copy(update={"options": tuple(options)})
        return Change(changed, {"order": [option.code for option in options]})


class RelabelledOptions(Document):
    """Options under other numbers than their codes; answers are mapped back."""

    kind: Literal["relabelled_options"]
    """Says what this is."""
    style: Literal["permuted", "shifted"] = "permuted"
    """The same numbers given to other options, or every number larger by `by`."""
    by: int = Field(default=10, ge=1, le=1000)
    """How much larger."""
    draw: int = Field(default=0, ge=0, lt=10_000)
    """Which of the possible draws."""

    def apply(self, question: Question, chance: Chance, language: str) -> Change:
        """The question with other numbers before its options."""
        if not question.listed:
            return Change(question)
        codes = [option.code for option in question.options]
        shifted = self.style == "shifted"
        given = [code + self.by for code in codes] if shifted else _permuted(codes, chance("labels"))
        return _recoded(question, question.options, dict(zip(given, codes, strict=True)))


class MiddleOption(Document):
    """A middle option where there is none: of an ordinal single choice with four options, six, and so on."""

    kind: Literal["middle_option"]
    """Says what this is."""
    label: str | None = Field(default=None, min_length=1)
    """Its wording; "Neither" when absent, in the language of the questionnaire."""

    def apply(self, question: Question, chance: Chance, language: str) -> Change:
        """The question with one more option; it has a code outside the question's own and is reported apart.

        A question with two options, such as yes and no, is no scale and stays as it is.
        """
        places = [n for n, o in enumerate(question.options) if o.kind == "substantive"]
        label = self.label or MIDDLE.get(language, MIDDLE["en"])
        if (
            question.kind != "single"
            or not question.ordinal
            or len(places) % 2
            or len(places) < 4
            or _has(question, label)
        ):
            return Change(question)
        scores = [question.options[place].score for place in places]
        score = None if None in scores else (scores[len(scores) // 2 - 1] + scores[len(scores) // 2]) / 2  # type: ignore[operator]
        added = Option(code=free_code(question, ADDED_MIDDLE), label=label, score=score)
        middle = places[len(places) // 2]
        options = (*question.options[:middle], added, *question.options[middle:])
        numbers = _counted(options, added)
        recoded = _recoded(question, options, numbers)
        return Change(recoded.question, {"added": {str(added.code): label}}, recoded.codes)


class RefusalOption(Document):
    """An option to refuse where there is no nonresponse option."""

    kind: Literal["refusal_option"]
    """Says what this is."""
    label: str | None = Field(default=None, min_length=1)
    """Its wording; "Prefer not to say" when absent, in the language of the questionnaire."""

    def apply(self, question: Question, chance: Chance, language: str) -> Change:
        """The question with a nonresponse option at the end; its code lies outside the question's own."""
        label = self.label or REFUSAL.get(language, REFUSAL["en"])
        declared = any(option.kind == "nonresponse" for option in question.options)
        if question.kind not in ("single", "multiple") or declared or _has(question, label):
            return Change(question)
        added = Option(code=free_code(question, ADDED_REFUSAL), label=label, kind="nonresponse")
        options = (*question.options, added)
        recoded = _recoded(question, options, _counted(options, added))
        return Change(recoded.question, {"added": {str(added.code): label}}, recoded.codes)


class ScalePoints(Document):
    """An even or an odd number of points: without a middle, or with one."""

    kind: Literal["scale_points"]
    """Says what this is."""
    parity: Literal["even", "odd"]
    """What the number of points becomes; questions that have it already stay as they are."""

    def apply(self, question: Question, chance: Chance, language: str) -> Change:
        """The question with one point fewer, or (odd, of a choice) with a middle option.

        Ordinal choices lose their middle option, and all other codes stay. A scale is told with one point fewer, and
        its points have scores on the old scale: both ends are kept and the rest lies evenly between them.
        """
        if question.kind == "scale":
            return self._scale(question)
        places = [n for n, o in enumerate(question.options) if o.kind == "substantive"]
        if question.kind != "single" or not question.ordinal or (len(places) % 2 == 1) == (self.parity == "odd"):
            return Change(question)
        if self.parity == "odd":
            return MiddleOption(kind="middle_option").apply(question, chance, language)
        if len(places) < 3:
            return Change(question)
        middle = places[len(places) // 2]
        left = (*question.options[:middle], *question.options[middle + 1 :])
        return Change(question.model_copy(update={"options": left}), {"left out": question.options[middle].code})

    def _scale(self, question: Question) -> Change:
        low, high = question.minimum, question.maximum
        assert low is not None and high is not None
        points = high - low + 1
        if (points % 2 == 1) == (self.parity == "odd") or points < 3:
            return Change(question)
        last = high - 1
        scores = {point: low + (point - low) * (high - low) / (last - low) for point in range(low, last + 1)}
        changed = question.model_copy(update={"maximum": last, "point_labels": {}})
        return Change(changed, {"points": points - 1}, scores=scores)


def _permuted(codes: list[int], rng: np.random.Generator) -> list[int]:
    """The codes in another order than their own, all others alike."""
    given = codes
    while given == codes:
        given = [codes[place] for place in rng.permutation(len(codes)).tolist()]
    return given


def _has(question: Question, label: str) -> bool:
    return any(option.label.casefold() == label.casefold() for option in question.options)


def _turned(question: Question) -> Change:
    low, high = question.minimum, question.maximum
    assert low is not None and high is not None
    if not (question.low_label or question.high_label or question.point_labels):
        return Change(question)
    update: dict[str, Any] = {
        "low_label": question.high_label,
        "high_label": question.low_label,
        "point_labels": {low + high - point: label for point, label in question.point_labels.items()},
    }
    codes = {point: low + high - point for point in range(low, high + 1)}
    return Change(question.model_copy(update=update), {"turned": [low, high]}, codes)


def _counted(options: tuple[Option, ...], added: Option) -> dict[int, int]:
    """Numbers for options among which one is new: they count on as before where they counted, or it gets the next."""
    before = [option.code for option in options if option is not added]
    steps = {after - one for one, after in itertools.pairwise(before)}
    step = steps.pop() if len(steps) == 1 else 0
    if step in (1, -1) and not any(o.kind == "nonresponse" or o.pinned for o in options if o is not added):
        return {before[0] + step * place: option.code for place, option in enumerate(options)}
    return {(max(before) + 1 if option is added else option.code): option.code for option in options}


def _recoded(question: Question, options: tuple[Option, ...], codes: dict[int, int]) -> Change:
    """The question with these options, each under the number that leads to its code."""
    numbers = {code: number for number, code in codes.items()}
    recoded = tuple(option.model_copy(update={"code": numbers[option.code]}) for option in options)
    changed = question.model_copy(update={"options": recoded})
    kept = {number: code for number, code in codes.items() if number != code}
    return Change(changed, {"numbers": {str(number): code for number, code in codes.items()}} if kept else {}, kept)
