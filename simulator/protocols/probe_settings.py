"""What a probe's condition may say, and what follows from its profile."""

from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from demoscope.documents import Document
from simulator.answer import Method
from surveys.probing.shares import SpaceRule
from surveys.probing.styles import Style, published
from surveys.probing.variations import Variation

Parser = Literal["demoscope", "code"]

PROFILES: dict[str, dict[str, Any]] = {
    "demoscope": {"space": "both", "include_eot": False, "parser": "demoscope"},
    "paper": {"space": "both", "include_eot": False},
    "code": {"space": "code", "include_eot": True, "parser": "code"},
}
"""Profile -> what it settles; the paper does not print how replies are read."""


class ProbeSettings(Document):
    """How a probe asks: one style, one variation of the options, one person or nobody.

    >>> ProbeSettings(profile="code").resolved().space
    'code'
    """

    style: str | Style = "default"
    """``default``, ``prefixed`` or ``one_shot``, or your own: ``name``, ``system``, ``user``, ``assistant`` with the
    places ``{person}``, ``{question}`` and ``{options}``, and ``percentages`` with such turns for ``verbalized``."""
    variation: str | Variation = "baseline"
    """``baseline``, ``reversed_labels``, ``reversed_texts``, ``numbers``, ``lower_case``, ``shuffled`` or
    ``shuffled_texts`` (with a seed: ``shuffled:7``), or your own: ``name``, ``labels``, ``label_order``, ``order``,
    ``seed``."""
    methods: tuple[Method, ...] = Field(default=("token", "sequence"), min_length=1)
    """How answers are read off: ``token``, ``sequence``, ``text``, ``verbalized``."""
    profile: Literal["demoscope", "paper", "code"] = "demoscope"
    """Whose rules hold where ``space``, ``include_eot`` and ``parser`` say nothing."""
    space: SpaceRule | None = None
    """Which forms of labels and options count: ``both``, with and without a leading space; ``none`` without; ``only``
    with it; ``code``: the literal rule of the published code."""
    include_eot: bool | None = None
    """Whether the end of the turn counts in the perplexity of an option."""
    parser: Parser | None = None
    """How free replies are read: by the labels that were shown, or (``code``) by the published pattern."""
    scored: Literal["line", "wording", "label"] = "line"
    """What ``sequence`` rates: the option's whole line, as published, its wording, or its label alone."""
    samples: int = Field(default=10, ge=1, le=10_000, strict=True)
    """Replies that ``text`` samples."""
    temperature: float = Field(default=1.0, ge=0, le=10)
    """Softmax temperature of ``text``; ``verbalized`` takes the likeliest reply."""
    max_tokens: int = Field(default=64, ge=1, le=10_000_000)
    """Longest reply of ``text``, in tokens."""
    person: bool = False
    """Whether the model is to imagine that it is the person; if not, nobody is told and one respondent is enough."""
    attributes: tuple[str, ...] | None = None
    """Attributes of the person that are told; all that the population has phrases for when absent."""
    language: Literal["en", "zh"] = "en"
    """Language of the questions, the published styles and the person."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(set(self.methods)) < len(self.methods):
            raise ValueError("a method is named twice")
        if isinstance(self.style, str):
            published(self.style, self.language)
        if isinstance(self.variation, str):
            Variation.model_validate(self.variation)
        if "verbalized" in self.methods and self.resolved_style.percentages is None:
            raise ValueError("verbalized needs a style that asks for percentages; add `percentages` to it")
        if self.attributes is not None and not self.person:
            raise ValueError("attributes are told of a person; set `person: true` or leave them out")
        return self

    @cached_property
    def resolved_style(self) -> Style:
        """The style with its turns."""
        return published(self.style, self.language) if isinstance(self.style, str) else self.style

    @cached_property
    def resolved_variation(self) -> Variation:
        """The variation, written out."""
        return Variation.model_validate(self.variation)

    def resolved(self) -> "Resolved":
        """The settings with what follows from the profile."""
        known = PROFILES["demoscope"] | PROFILES[self.profile]
        said = {name: getattr(self, name) for name in known if getattr(self, name) is not None}
        return Resolved(**{**known, **said})

    @property
    def fallbacks(self) -> dict[str, Any]:
        """What the profile leaves open and the settings do not say, as demoscope does it."""
        open_ = PROFILES["demoscope"].keys() - PROFILES[self.profile].keys()
        return {name: PROFILES["demoscope"][name] for name in sorted(open_) if getattr(self, name) is None}


class Resolved(Document):
    """The rules by which answers are read off."""

    space: SpaceRule
    """Which forms count."""
    include_eot: bool
    """Whether the end of the turn counts."""
    parser: Parser
    """How free replies are read."""
