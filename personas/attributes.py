"""What is known of a persona: categorical and numeric attributes, with labels in several languages."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.persona import Value

Text = (
    Annotated[str, Field(min_length=1)]
    | Annotated[dict[str, Annotated[str, Field(min_length=1)]], Field(min_length=1)]
)
"""A text, or one for each language (ISO 639-1 code -> text); a plain text serves every language."""

OLDEST = 120
"""Highest age in years that a population may name."""


def in_language(text: str | Mapping[str, str], language: str, what: str) -> str:
    """``text`` in ``language``.

    >>> in_language({"en": "woman", "zh": "女性"}, "zh", "label")
    '女性'

    Raises
    ------
    DocumentError
        If the text is not given in that language.
    """
    if isinstance(text, str):
        return text
    if language not in text:
        raise DocumentError(
            f"{what} has no text in {language!r}, only in {', '.join(sorted(text))}; "
            "add it to the population document or ask in one of these."
        )
    return text[language]


class Attribute(Document):
    """One thing that is known of every persona of a population.

    >>> sex = Attribute(levels={"male": {"en": "man"}, "female": {"en": "woman"}})
    >>> sex.label("female", "en")
    'woman'
    >>> age = Attribute(kind="numeric", unit="years", bands={"18-29": (18, 29), "30+": (30, 89)})
    >>> age.codes
    ('18-29', '30+')
    """

    kind: Literal["categorical", "numeric"] = "categorical"
    """``categorical`` has levels; ``numeric`` is a whole number within bands."""
    levels: dict[str, Text] = Field(default_factory=dict)
    """Of a categorical attribute: level code -> label as it appears in a portrait, in order."""
    bands: dict[str, tuple[int, int]] = Field(default_factory=dict)
    """Of a numeric attribute: band -> lowest and highest value, both included; values are drawn uniformly within."""
    unit: str | None = None
    """Unit of a numeric attribute; ages are in ``years``."""

    @model_validator(mode="after")
    def _kind_has_what_it_needs(self) -> Self:
        wanted, unwanted = ("levels", "bands") if self.kind == "categorical" else ("bands", "levels")
        if not getattr(self, wanted):
            raise ValueError(f"a {self.kind} attribute needs its {wanted}")
        if getattr(self, unwanted):
            raise ValueError(f"a {self.kind} attribute has {wanted}, no {unwanted}; leave them out")
        if self.kind == "categorical" and self.unit is not None:
            raise ValueError("a unit belongs to kind: numeric")
        ranges = sorted((low, high, band) for band, (low, high) in self.bands.items())
        for low, high, band in ranges:
            if low > high:
                raise ValueError(f"band {band!r} runs from {low} to {high}; the lower end comes first")
            if self.unit == "years" and not 0 <= low <= high <= OLDEST:
                raise ValueError(f"band {band!r} is {low} to {high} years; ages lie between 0 and {OLDEST}")
        for (_, high, below), (low, _, above) in pairwise(ranges):
            if low <= high:
                raise ValueError(f"bands {below!r} and {above!r} overlap at {low}; every value belongs to one band")
        return self

    @property
    def codes(self) -> tuple[str, ...]:
        """Level codes or band names, in the order of the document."""
        return tuple(self.levels or self.bands)

    def label(self, value: Value, language: str) -> Value:
        """What a portrait says for ``value``: the label of a level, or the number itself.

        Raises
        ------
        DocumentError
            If a categorical attribute has no such level, or no label in that language.
        """
        if self.kind == "numeric":
            return value
        if str(value) not in self.levels:
            raise DocumentError(f"There is no level {value!r}; the levels are {', '.join(self.levels)}.")
        return in_language(self.levels[str(value)], language, f"The label of level {value!r}")
