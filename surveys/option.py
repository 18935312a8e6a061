"""One thing that can be chosen, the wordings it may have, and the usual sets of options."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from demoscope.documents import Document

LARGEST = 10**15
"""Largest code or number, in either direction: what a float still tells apart."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


def showable(text: str) -> str:
    """The text; a :class:`ValueError` when it has characters that cannot be shown or that no file can hold."""
    if _CONTROL.search(text):
        raise ValueError(
            f"the wording {text[:80]!r} has control characters or such as no file can hold; write plain text"
        )
    return text


Words = Annotated[str, AfterValidator(showable)]
"""A text that every file can hold: without control characters and such as XML forbids."""


def worded(text: str) -> str:
    """The wording without blanks around it; a :class:`ValueError` when nothing is left or it cannot be shown."""
    showable(text)
    if not text.strip():
        raise ValueError("the wording is empty; write what the respondent will read")
    return text.strip()


def one_line(label: str) -> str:
    """A wording that is one line; a :class:`ValueError` when it is not."""
    if "\n" in label:
        raise ValueError("a label is one line")
    return worded(label)


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
    exclusive: bool = False
    """In a multiple choice: whether it stands alone when it is chosen, such as "none of these"."""
    pinned: bool = False
    """Whether it keeps its place when options change their order, such as "other" at the end."""

    _one_line = field_validator("label")(one_line)


PRESETS: dict[str, dict[str, tuple[str, ...]]] = {
    "yes_no": {"en": ("Yes", "No"), "zh": ("是", "否")},
    "agree_4": {
        "en": ("Strongly disagree", "Disagree", "Agree", "Strongly agree"),
        "zh": ("非常不同意", "不同意", "同意", "非常同意"),
    },
    "agree_5": {
        "en": ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"),
        "zh": ("非常不同意", "不同意", "既不同意也不反对", "同意", "非常同意"),
    },
    "agree_7": {
        "en": (
            "Strongly disagree",
            "Disagree",
            "Somewhat disagree",
            "Neither agree nor disagree",
            "Somewhat agree",
            "Agree",
            "Strongly agree",
        ),
        "zh": ("非常不同意", "不同意", "有些不同意", "既不同意也不反对", "有些同意", "同意", "非常同意"),
    },
    "important_4": {
        "en": ("Not at all important", "Not very important", "Rather important", "Very important"),
        "zh": ("完全不重要", "不太重要", "比较重要", "非常重要"),
    },
    "often_5": {
        "en": ("Never", "Rarely", "Sometimes", "Often", "Always"),
        "zh": ("从不", "很少", "有时", "经常", "总是"),
    },
    "accurate_5": {
        "en": ("Very inaccurate", "Moderately inaccurate", "Neither", "Moderately accurate", "Very accurate"),
        "zh": ("非常不准确", "比较不准确", "说不清", "比较准确", "非常准确"),
    },
    "satisfied_5": {
        "en": ("Very dissatisfied", "Dissatisfied", "Neither", "Satisfied", "Very satisfied"),
        "zh": ("非常不满意", "不满意", "一般", "满意", "非常满意"),
    },
}
"""Sets of options by name and language; codes count from 1 in this order."""


def preset(name: str, language: str) -> tuple[Option, ...]:
    """The options of a preset in a language, coded from 1.

    >>> [option.label for option in preset("yes_no", "en")]
    ['Yes', 'No']

    Raises
    ------
    ValueError
        If there is no such preset, or none in this language.
    """
    if name not in PRESETS:
        raise ValueError(f"there is no set of options {name[:40]!r}; there are {', '.join(sorted(PRESETS))}")
    labels = PRESETS[name].get(language)
    if labels is None:
        known = ", ".join(sorted(PRESETS[name]))
        raise ValueError(f"the options {name!r} are there in {known}, not in {language!r}; write them out")
    return tuple(Option(code=code, label=label) for code, label in enumerate(labels, start=1))
