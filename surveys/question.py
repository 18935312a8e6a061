"""What one question is: its wording, its kind and the options that can be chosen."""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from demoscope.documents import Document

Kind = Literal["single", "multiple", "scale", "number", "text"]

LARGEST = 10**15
"""Largest code or number, in either direction: what a float still tells apart."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def worded(text: str) -> str:
    """The wording without blanks around it; a :class:`ValueError` when nothing is left or it cannot be shown."""
    if _CONTROL.search(text):
        raise ValueError(f"the wording {text!r} has control characters; write plain text")
    if not text.strip():
        raise ValueError("the wording is empty; write what the respondent will read")
    return text.strip()


class Option(Document):
    """One thing that can be chosen; its code is its identity, however it is shown.

    >>> Option(code=2, label="About right").label
    'About right'
    """

    code: int = Field(ge=-LARGEST, le=LARGEST)
    """Canonical code, the only thing analyses and the store know an option by."""
    label: str = Field(min_length=1)
    """Wording shown to the respondent."""
    score: float | None = Field(default=None, allow_inf_nan=False)
    """Position on the question's substantive scale, for ordinal metrics; the order of options when absent."""
    kind: Literal["substantive", "nonresponse"] = "substantive"
    """``nonresponse`` is a declared "don't know" or "refuse": offered, choosable, kept apart in analyses."""

    @field_validator("label")
    @classmethod
    def _one_line(cls, label: str) -> str:
        if "\n" in label:
            raise ValueError("a label is one line")
        return worded(label)


class Question(Document):
    """One question, worded exactly as respondents will read it.

    >>> trust = Question(id="trust", text="Trust the press?", options=[{"code": 1, "label": "No"},
    ...                                                                {"code": 2, "label": "Yes"}])
    >>> [option.label for option in trust.choices]
    ['No', 'Yes']
    >>> [option.code for option in Question(id="q", kind="scale", text="?", minimum=1, maximum=3).choices]
    [1, 2, 3]
    """

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=80)
    """Stable name, used in the store and in exports: letters, digits and underscores."""
    text: str = Field(min_length=1)
    """Wording shown to the respondent, without the options."""
    kind: Kind = "single"
    """single choice, multiple choice, ordered numeric scale, open number, or free text."""
    options: tuple[Option, ...] = ()
    """The options of a single or multiple choice, in questionnaire order; ordinal metrics rely on it."""
    minimum: int | None = Field(default=None, ge=-LARGEST, le=LARGEST)
    """Lowest value of a scale or number."""
    maximum: int | None = Field(default=None, ge=-LARGEST, le=LARGEST)
    """Highest value of a scale or number."""
    low_label: str | None = None
    """What the lowest value of a scale means."""
    high_label: str | None = None
    """What the highest value of a scale means."""
    unit: str | None = None
    """Unit of a number, such as ``years``."""
    max_selections: int | None = None
    """How many options of a multiple choice may be chosen; all of them when absent."""
    ordinal: bool = True
    """Whether the order of the options carries meaning, so that Wasserstein distances do."""
    dimension: str | None = None
    """Value dimension the question belongs to, such as one of the nine of DEF."""
    topic: str | None = None
    """Topic within the questionnaire."""
    polarity: Literal[-1, 1] | None = None
    """1 when higher codes mean more of the dimension, -1 when they mean less."""

    _worded = field_validator("text")(worded)

    @model_validator(mode="after")
    def _kind_has_what_it_needs(self) -> Self:
        if self.kind in ("single", "multiple"):
            self._check_options()
        elif self.options:
            raise ValueError(f"a {self.kind} question has no options; leave them out or use kind: single")
        if self.kind in ("scale", "number"):
            if self.kind == "scale" and (self.minimum is None or self.maximum is None):
                raise ValueError("a scale needs its minimum and maximum")
            if self.minimum is not None and self.maximum is not None and self.minimum >= self.maximum:
                raise ValueError(f"minimum {self.minimum} must lie below maximum {self.maximum}")
            if self.kind == "scale" and self.maximum - self.minimum > 100:  # type: ignore[operator]
                raise ValueError("a scale has at most 101 points; use kind: number")
        elif self.minimum is not None or self.maximum is not None:
            raise ValueError(f"minimum and maximum belong to scales and numbers, not to kind {self.kind!r}")
        if self.max_selections is not None and self.kind != "multiple":
            raise ValueError("max_selections belongs to kind: multiple")
        return self

    def _check_options(self) -> None:
        if len(self.options) < 2:
            raise ValueError(f"a {self.kind} choice needs at least two options, this has {len(self.options)}")
        if all(option.kind == "nonresponse" for option in self.options):
            raise ValueError("every option is nonresponse; at least one must be an answer")
        for what, values in (
            ("code", [str(option.code) for option in self.options]),
            ("label", [option.label.strip().casefold() for option in self.options]),
        ):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"option {what} {twice[0]} stands twice; every {what} is used once")
        if self.max_selections is not None and not 1 <= self.max_selections <= len(self.options):
            raise ValueError(f"max_selections must lie between 1 and {len(self.options)}")

    @property
    def choices(self) -> tuple[Option, ...]:
        """Everything that can be chosen: the options, or the points of a scale; empty for numbers and texts."""
        if self.kind != "scale":
            return self.options
        assert self.minimum is not None and self.maximum is not None
        ends = {self.minimum: self.low_label, self.maximum: self.high_label}
        return tuple(
            Option(code=code, label=f"{code} ({ends[code]})" if ends.get(code) else str(code))
            for code in range(self.minimum, self.maximum + 1)
        )

    def option(self, code: int) -> Option | None:
        """The choice with this canonical code, or ``None``."""
        return next((option for option in self.choices if option.code == code), None)
