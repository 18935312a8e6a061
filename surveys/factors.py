"""What varies in a vignette or a conjoint task, and which combinations are shown together."""

from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from demoscope.documents import Document

MOST_TRIED = 1_000
"""Combinations drawn for one profile before it is given up that an allowed one comes."""

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
    without: tuple[dict[str, str], ...] = ()
    """Combinations of levels that are never shown."""

    @model_validator(mode="after")
    def _levels_are_there(self) -> Self:
        for attribute, levels in self.attributes.items():
            if len(set(levels)) < len(levels):
                raise ValueError(f"the attribute {attribute!r} has a level twice")
        for combination in self.without:
            for attribute, level in combination.items():
                if level not in self.attributes.get(attribute, ()):
                    raise ValueError(f"without: the attribute {attribute!r} has no level {level!r}")
        if any(not combination for combination in self.without):
            raise ValueError("without: a combination that names no attribute excludes everything; leave it out")
        if self.without and self.allowed(np.random.default_rng(0)) is None:
            raise ValueError("without excludes (nearly) every combination of levels; exclude fewer")
        return self

    @property
    def combinations(self) -> int:
        """How many combinations of levels there are, excluded ones included."""
        product = 1
        for levels in self.attributes.values():
            product *= len(levels)
        return product

    def draw(self, rng: np.random.Generator) -> tuple[dict[str, str], ...]:
        """Levels of every profile, each attribute by itself and every level alike, excluded combinations drawn anew.

        >>> [profile["size"] for profile in Factors(attributes={"size": ["s", "m"]}, profiles=3).draw(
        ...     np.random.default_rng(1))]
        ['s', 'm', 'm']
        """
        found = []
        for _ in range(self.profiles):
            profile = self.allowed(rng)
            if profile is None:
                raise ValueError("without excludes (nearly) every combination of levels; exclude fewer")
            found.append(profile)
        return tuple(found)

    def allowed(self, rng: np.random.Generator) -> dict[str, str] | None:
        """One combination that may be shown, all of them alike; ``None`` when none came in a thousand draws."""
        for _ in range(MOST_TRIED):
            profile = {name: levels[int(rng.integers(len(levels)))] for name, levels in self.attributes.items()}
            if not any(one.items() <= profile.items() for one in self.without):
                return profile
        return None
