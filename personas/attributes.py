"""What is known of a persona: categorical and numeric attributes, with labels in several languages."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from demoscope.documents import Document
from demoscope.errors import DocumentError
from demoscope.tables import file_beside
from personas.persona import Value

Text = (
    Annotated[str, Field(min_length=1)]
    | Annotated[dict[str, Annotated[str, Field(min_length=1)]], Field(min_length=1)]
)
"""A text, or one for each language (ISO 639-1 code -> text); a plain text serves every language."""

OLDEST = 120
"""Highest age in years that a population may name."""


LONGEST_CURVE = 1_000_000
"""Highest value that a curve may tell the frequency of."""


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
    """Of a numeric attribute: band -> lowest and highest value, both included."""
    curve: str | None = None
    """Of a numeric attribute: file name of a CSV beside the document with ``value`` and ``weight``, how often each
    value occurs relative to the others of its band; all values of a band alike when absent."""
    unit: str | None = None
    """Unit of a numeric attribute; ages are in ``years``."""

    @field_validator("curve")
    @classmethod
    def _lies_beside(cls, curve: str | None) -> str | None:
        return None if curve is None else file_beside(curve)

    @model_validator(mode="after")
    def _kind_has_what_it_needs(self) -> Self:
        wanted, unwanted = ("levels", "bands") if self.kind == "categorical" else ("bands", "levels")
        if not getattr(self, wanted):
            raise ValueError(f"a {self.kind} attribute needs its {wanted}")
        if getattr(self, unwanted):
            raise ValueError(f"a {self.kind} attribute has {wanted}, no {unwanted}; leave them out")
        if self.kind == "categorical" and (self.unit is not None or self.curve is not None):
            raise ValueError("a unit belongs to kind: numeric, and so does a curve")
        ranges = sorted((low, high, band) for band, (low, high) in self.bands.items())
        for low, high, band in ranges:
            if low > high:
                raise ValueError(f"band {band!r} runs from {low} to {high}; the lower end comes first")
            if self.unit == "years" and not 0 <= low <= high <= OLDEST:
                raise ValueError(f"band {band!r} is {low} to {high} years; ages lie between 0 and {OLDEST}")
        if self.curve is not None and not 0 <= ranges[0][0] <= ranges[-1][1] <= LONGEST_CURVE:
            raise ValueError(f"a curve is for values from 0 to {LONGEST_CURVE:,}")
        for (_, high, below), (low, _, above) in pairwise(ranges):
            if low <= high:
                raise ValueError(f"bands {below!r} and {above!r} overlap at {low}; every value belongs to one band")
        return self

    @property
    def codes(self) -> tuple[str, ...]:
        """Level codes or band names, in the order of the document."""
        return tuple(self.levels or self.bands)

    @property
    def sorted_codes(self) -> tuple[str, ...]:
        """Level codes or band names by alphabet: the order that draws depend on, whatever that of the document."""
        return tuple(sorted(self.codes))

    def band_of(self, value: int) -> str | None:
        """Band that a value of a numeric attribute lies in, if any.

        >>> Attribute(kind="numeric", bands={"young": (0, 17), "adult": (18, 120)}).band_of(18)
        'adult'
        """
        return next((band for band, (low, high) in self.bands.items() if low <= value <= high), None)

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
