"""What one question is: its wording, its kind, what can be answered, and when it is asked."""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from demoscope.documents import Document
from surveys.factors import Factors
from surveys.option import LARGEST, Option, Words, one_line, worded

Kind = Literal["single", "multiple", "scale", "ranking", "allocation", "number", "text", "note"]
Id = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=80)]
"""Stable name: letters, digits and underscores."""

MOST_OPTIONS = 1_000
"""Options of a question; more cannot be shown to a respondent."""

MOST_DECLINING = 10
"""Options of a scale or number, which all decline."""

LISTING: tuple[Kind, ...] = ("single", "multiple", "ranking", "allocation")
"""Kinds with options of their own."""

MEASURING: tuple[Kind, ...] = ("scale", "number")
"""Kinds whose options, if any, only decline to answer."""

Expression = Annotated[str, Field(min_length=1, max_length=2000)]
"""A condition on earlier answers and on the persona; see :mod:`surveys.expressions`."""


class GoTo(Document):
    """Where the interview goes on after a question, when a condition holds."""

    to: str
    """Id of a later question, or ``end``."""
    when: Expression | None = None
    """Condition; always when absent. The first rule that holds counts."""


class Exclusion(Document):
    """Why a question is not put to models, and who decided it."""

    reason: str
    """Such as: it needs an experience that only people have."""
    reviewer: str
    """Who decided."""


class Question(Document):
    """One question, worded exactly as respondents will read it.

    >>> trust = Question(id="trust", text="Trust the press?", options=[{"code": 1, "label": "No"},
    ...                                                                {"code": 2, "label": "Yes"}])
    >>> [option.label for option in trust.choices]
    ['No', 'Yes']
    >>> [option.code for option in Question(id="q", kind="scale", text="?", minimum=1, maximum=3).choices]
    [1, 2, 3]
    """

    id: Id
    """Stable name, used in the store and in exports: letters, digits and underscores."""
    text: str = Field(min_length=1)
    """Wording shown to the respondent, without the options; ``{{ other }}`` inserts an earlier answer."""
    kind: Kind = "single"
    """single or multiple choice, ordered numeric scale, ranking of options, allocation of points to options, open
    number, free text, or a note: an instruction between questions that nothing answers."""
    options: tuple[Option, ...] = ()
    """What can be chosen, in questionnaire order, which ordinal metrics rely on; or the name of a usual set, such as
    ``yes_no`` or ``agree_5``, in the questionnaire's language. Of a scale or number: what can be said instead,
    such as a "don't know", with ``kind: nonresponse`` and codes outside its range."""
    minimum: int | None = Field(default=None, ge=-LARGEST, le=LARGEST)
    """Lowest value of a scale or number."""
    maximum: int | None = Field(default=None, ge=-LARGEST, le=LARGEST)
    """Highest value of a scale or number."""
    low_label: str | None = None
    """What the lowest value of a scale means."""
    high_label: str | None = None
    """What the highest value of a scale means."""
    point_labels: dict[int, str] = Field(default_factory=dict)
    """What points of a scale between its ends mean, when more than the ends are labelled."""
    unit: Words | None = None
    """Unit of a number, such as ``years``."""
    whole: bool = False
    """Whether a number has no decimals."""
    min_selections: int | None = None
    """How many options of a multiple choice must be chosen at least; one when absent."""
    max_selections: int | None = None
    """How many options of a multiple choice may be chosen, or how many are ranked; all of them when absent."""
    total: int | None = Field(default=None, ge=1, le=1_000_000)
    """Points to be given out in an allocation."""
    ordinal: bool = True
    """Whether the order of the options carries meaning, so that Wasserstein distances do."""
    dimension: str | None = None
    """Value dimension the question belongs to, such as one of the nine of DEF."""
    topic: str | None = None
    """Topic within the questionnaire."""
    polarity: Literal[-1, 1] | None = None
    """1 when higher codes mean more of the dimension, -1 when they mean less."""
    instruction: str | None = None
    """What tells the respondent how to answer, shown after the wording."""
    wordings: dict[str, Words] = Field(default_factory=dict)
    """Other wordings by name: of the arms of a ``split``, or of variants that a wave may ask for."""
    split: str | None = None
    """Id of the questionnaire's split whose arm decides between ``text`` and ``wordings``."""
    show_if: Expression | None = None
    """Condition under which the question is asked; it is ``skipped`` otherwise."""
    go_to: tuple[GoTo, ...] = ()
    """Where the interview goes on after it; with the next question when no rule holds."""
    exclude: Exclusion | None = None
    """When given, the question stays in the document and is not put to models."""
    section: str | None = None
    """Id of the section it stands in; set by the section."""
    battery: str | None = None
    """Id of the battery it belongs to; set by the battery."""
    stem: str | None = None
    """Wording shared by the items of a battery, or the situation of a vignette, shown before the question's own; set
    by those."""
    experiment: str | None = None
    """Id of the vignette or conjoint it belongs to; set by those."""
    factors: Factors | None = None
    """What varies from respondent to respondent in a vignette or conjoint task; set by those."""

    _worded = field_validator("text")(worded)

    @field_validator("low_label", "high_label", "instruction", "stem")
    @classmethod
    def _said(cls, text: str | None) -> str | None:
        return None if text is None else worded(text)

    @model_validator(mode="after")
    def _kind_has_what_it_needs(self) -> Self:
        if self.kind in LISTING:
            self._check_options()
        elif self.options and self.kind not in MEASURING:
            raise ValueError(f"a {self.kind} question has no options; leave them out or use kind: single")
        self._check_range()
        if self.kind in MEASURING:
            self._check_declining()
        self._check_selections()
        if (self.total is not None) != (self.kind == "allocation"):
            raise ValueError("an allocation needs the total of its points; other kinds have none")
        if self.split is None and self.kind == "note" and self.go_to:
            raise ValueError("a note has no answer to go by; put go_to on a question")
        return self

    def _check_range(self) -> None:
        if self.kind in ("scale", "number"):
            if self.kind == "scale" and (self.minimum is None or self.maximum is None):
                raise ValueError("a scale needs its minimum and maximum")
            if self.minimum is not None and self.maximum is not None and self.minimum >= self.maximum:
                raise ValueError(f"minimum {self.minimum} must lie below maximum {self.maximum}")
            if self.kind == "scale" and self.maximum - self.minimum > 100:  # type: ignore[operator]
                raise ValueError("a scale has at most 101 points; use kind: number")
        elif self.minimum is not None or self.maximum is not None:
            raise ValueError(f"minimum and maximum belong to scales and numbers, not to kind {self.kind!r}")
        if self.point_labels and self.kind != "scale":
            raise ValueError("point_labels belong to scales")
        for point, label in self.point_labels.items():
            if not self.minimum <= point <= self.maximum:  # type: ignore[operator]
                raise ValueError(f"point_labels names {point}, which is no point of the scale")
            one_line(label)

    def _check_options(self) -> None:
        if len(self.options) < 2:
            raise ValueError(f"a {self.kind} choice needs at least two options, this has {len(self.options)}")
        if len(self.options) > MOST_OPTIONS:
            raise ValueError(
                f"a {self.kind} choice has {len(self.options):,} options; at most {MOST_OPTIONS:,} can be shown: ask "
                "in words, or in several steps"
            )
        if all(option.kind == "nonresponse" for option in self.options):
            raise ValueError("every option is nonresponse; at least one must be an answer")
        self._check_unique()
        if any(option.exclusive for option in self.options) and self.kind != "multiple":
            raise ValueError("exclusive options belong to kind: multiple")
        if all(option.exclusive or option.kind == "nonresponse" for option in self.options):
            raise ValueError("every option stands alone; at least one must go with others, or use kind: single")

    def _check_unique(self) -> None:
        codes: set[str] = set()
        labels: set[str] = set()
        for option in self.options:
            for what, value, seen in (
                ("code", str(option.code), codes),
                ("label", option.label.casefold(), labels),
            ):
                if value in seen:
                    raise ValueError(f"option {what} {value[:80]} stands twice; every {what} is used once")
                seen.add(value)

    def _check_declining(self) -> None:
        """Options of a scale or number decline, and neither their codes nor their labels can be taken for answers."""
        low, high = self.minimum, self.maximum
        said = {label.casefold() for label in (self.low_label, self.high_label, *self.point_labels.values()) if label}
        if len(self.options) > MOST_DECLINING:
            raise ValueError(f"a {self.kind} has {len(self.options):,} options; at most {MOST_DECLINING} may decline")
        self._check_unique()
        for option in self.options:
            where = f"option {option.code} of a {self.kind}"
            if option.kind != "nonresponse" or option.exclusive:
                raise ValueError(
                    f"{where}: only what declines stands beside the numbers; give it kind: nonresponse, or use kind: "
                    "single"
                )
            if (low is None or option.code >= low) and (high is None or option.code <= high):
                mend = (
                    "the number bounds that exclude it" if low is None and high is None else "one outside its range"
                )
                raise ValueError(f"{where}: the code could be an answer; give {mend}")
            if any(sign.isdigit() for sign in option.label) or option.label.casefold() in said:
                raise ValueError(f"{where}: {option.label!r} could be an answer; word it without digits")

    def _check_selections(self) -> None:
        if self.min_selections is not None and self.kind != "multiple":
            raise ValueError("min_selections belongs to kind: multiple")
        if self.max_selections is not None and self.kind not in ("multiple", "ranking"):
            raise ValueError("max_selections belongs to the kinds multiple and ranking")
        most = self.max_selections or len(self.options)
        if self.max_selections is not None and not 1 <= self.max_selections <= len(self.options):
            raise ValueError(f"max_selections must lie between 1 and {len(self.options)}")
        if self.min_selections is not None and not 0 <= self.min_selections <= most:
            raise ValueError(f"min_selections must lie between 0 and {most}")
        together = len(self.options) - len(self.alone)
        asked = self.max_selections if self.kind == "ranking" else self.min_selections
        if asked is not None and asked > together:
            what = "max_selections" if self.kind == "ranking" else "min_selections"
            raise ValueError(
                f"{what} asks for {asked} options, and only {together} can be named with others; ask for less"
            )

    @cached_property
    def choices(self) -> tuple[Option, ...]:
        """Everything that can be chosen: the points of a scale, then the options; none of texts."""
        if self.kind != "scale":
            return self.options
        assert self.minimum is not None and self.maximum is not None
        said = {self.minimum: self.low_label, self.maximum: self.high_label, **self.point_labels}
        points = (
            Option(code=code, label=f"{code} ({said[code]})" if said.get(code) else str(code))
            for code in range(self.minimum, self.maximum + 1)
        )
        return (*points, *self.options)

    @property
    def listed(self) -> tuple[Option, ...]:
        """Options that are listed under labels of their own; a scale or number has none of these."""
        return self.options if self.kind in LISTING else ()

    @cached_property
    def _by_code(self) -> dict[int, Option]:
        return {option.code: option for option in self.choices}

    def option(self, code: int) -> Option | None:
        """The choice with this canonical code, or ``None``."""
        return self._by_code.get(code)

    @property
    def is_asked(self) -> bool:
        """Whether it is put to anybody: it is no note and not excluded."""
        return self.kind != "note" and self.exclude is None

    @cached_property
    def alone(self) -> frozenset[int]:
        """Codes of a multiple choice, ranking or allocation that are given by themselves: exclusive, nonresponse."""
        if self.kind in ("single", "scale"):
            return frozenset()
        return frozenset(o.code for o in self.options if o.exclusive or o.kind == "nonresponse")

    @property
    def selections(self) -> tuple[int, int]:
        """Fewest and most options that an answer names, those aside that stand alone.

        >>> tea = [{"code": n, "label": str(n)} for n in (1, 2, 3)]
        >>> Question(id="q", text="?", kind="ranking", options=tea, max_selections=2).selections
        (2, 2)
        """
        if self.kind not in ("multiple", "ranking"):
            return 1, 1
        most = min(self.max_selections or len(self.options), len(self.options) - len(self.alone))
        return (most if self.kind == "ranking" else min(self.min_selections or 1, most)), most
