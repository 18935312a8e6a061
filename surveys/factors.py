"""What varies in a vignette or a conjoint task, and which combinations are shown together."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from demoscope.documents import Document
from surveys.option import Words

MOST_TRIED = 1_000
"""Combinations drawn for one profile until one comes that may be shown; then they are listed, or given up."""

MOST_LISTED = 20_000
"""Combinations that are listed to find the few among them that may be shown."""

Levels = Annotated[tuple[Words, ...], Field(min_length=2, max_length=100)]


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
    called: dict[str, str] = Field(default_factory=dict)
    """What attributes are called in another language, where a conjoint task names them; set by the translation."""
    without: tuple[dict[str, str], ...] = ()
    """Combinations of levels that are never shown."""
    identical: bool = False
    """Whether two profiles of one task may be alike; a profile like another of its task is drawn anew otherwise."""

    @model_validator(mode="after")
    def _levels_are_there(self) -> Self:
        for attribute, levels in self.attributes.items():
            if len(set(levels)) < len(levels):
                raise ValueError(f"the attribute {attribute!r} has a level twice")
        for attribute, levels in self.shown.items():
            if len(levels) != len(self.attributes.get(attribute, ())):
                raise ValueError(f"shown: the attribute {attribute!r} has another number of levels")
        for attribute in self.called:
            if attribute not in self.attributes:
                raise ValueError(f"called: there is no attribute {attribute!r}")
        for combination in self.without:
            for attribute, level in combination.items():
                if level not in self.attributes.get(attribute, ()):
                    raise ValueError(f"without: the attribute {attribute!r} has no level {level!r}")
        if any(not combination for combination in self.without):
            raise ValueError("without: a combination that names no attribute excludes everything; leave it out")
        self.draw(np.random.default_rng(0))
        return self

    def worded(self, attribute: str, level: str) -> str:
        """A level as it is shown, in the language of the questionnaire.

        >>> Factors(attributes={"speed": ["slow", "fast"]}, shown={"speed": ["慢", "快"]}).worded("speed", "fast")
        '快'
        """
        shown = self.shown.get(attribute)
        return level if shown is None else shown[self.attributes[attribute].index(level)]

    @property
    def combinations(self) -> int:
        """How many combinations of levels there are, excluded ones included."""
        product = 1
        for levels in self.attributes.values():
            product *= len(levels)
        return product

    def draw(self, rng: np.random.Generator) -> tuple[dict[str, str], ...]:
        """Levels of every profile: all that may be shown alike, excluded and (in one task) repeated ones drawn anew.

        The order of attributes in the document changes no draw.

        Raises
        ------
        ValueError
            If no profile that may be shown can be found.

        >>> [profile["size"] for profile in Factors(attributes={"size": ["s", "m"]}, profiles=3, identical=True).draw(
        ...     np.random.default_rng(1))]
        ['s', 'm', 'm']
        """
        found: list[dict[str, str]] = []
        for _ in range(self.profiles):
            found.append(self._drawn(rng, found))
        return tuple(found)

    def may_be_shown(self, profile: Mapping[str, str], others: Sequence[Mapping[str, str]] = ()) -> bool:
        """Whether a combination of levels may be shown beside the ``others`` of its task.

        >>> sizes = Factors(attributes={"size": ["s", "m"]}, profiles=2)
        >>> sizes.may_be_shown({"size": "s"}, [{"size": "m"}]), sizes.may_be_shown({"size": "s"}, [{"size": "s"}])
        (True, False)
        """
        excluded = any(one.items() <= profile.items() for one in self.without)
        return not excluded and (self.identical or profile not in others)

    def _drawn(self, rng: np.random.Generator, others: list[dict[str, str]]) -> dict[str, str]:
        """One combination that may be shown beside the others, all of them alike."""
        for _ in range(MOST_TRIED):
            drawn = {name: int(rng.integers(len(self.attributes[name]))) for name in sorted(self.attributes)}
            profile = {name: levels[drawn[name]] for name, levels in self.attributes.items()}
            if self.may_be_shown(profile, others):
                return profile
        if self.combinations <= MOST_LISTED:
            listed = (dict(zip(self.attributes, one, strict=True)) for one in product(*self.attributes.values()))
            if left := [profile for profile in listed if self.may_be_shown(profile, others)]:
                return left[int(rng.integers(len(left)))]
        if others:
            raise ValueError(
                f"there are too few combinations of levels for {self.profiles} different profiles; show fewer, add "
                "levels, or say `identical: true`"
            )
        raise ValueError("without excludes (nearly) every combination of levels; exclude fewer")
