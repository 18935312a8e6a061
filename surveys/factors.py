"""What varies in a vignette or a conjoint task, and which combinations are shown together."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from demoscope.documents import Document

Levels = Annotated[tuple[str, ...], Field(min_length=2, max_length=100)]


class Factors(Document):
    """Attributes with their levels; each respondent sees one seeded level of each, in every profile.

    >>> Factors(attributes={"price": ["low", "high"], "size": ["small", "large"]}).combinations
    4
    """

    attributes: dict[str, Levels] = Field(min_length=1, max_length=30)
    """Attribute -> its levels, in words; ``{{ price }}`` in the wording of a vignette inserts the level drawn."""
    profiles: int = Field(default=1, ge=1, le=10)
    """Profiles shown in one task: one in a vignette, two or more to choose between in a conjoint task."""
    shown: dict[str, Levels] = Field(default_factory=dict)
    """The levels as they are worded in another language, in the same order; set by the translation."""
    without: tuple[dict[str, str], ...] = ()
    """Combinations of levels that are never shown."""

    @model_validator(mode="after")
    def _levels_are_there(self) -> Self:
        for attribute, levels in self.attributes.items():
            if len(set(levels)) < len(levels):
                raise ValueError(f"the attribute {attribute!r} has a level twice")
        for attribute, levels in self.shown.items():
            if len(levels) != len(self.attributes.get(attribute, ())):
                raise ValueError(f"shown: the attribute {attribute!r} has another number of levels")
        for combination in self.without:
            for attribute, level in combination.items():
                if level not in self.attributes.get(attribute, ()):
                    raise ValueError(f"without: the attribute {attribute!r} has no level {level!r}")
        return self

    @property
    def combinations(self) -> int:
        """How many combinations of levels there are, excluded ones included."""
        product = 1
        for levels in self.attributes.values():
            product *= len(levels)
        return product
