"""How people are taken from a population: what a document or a wave may name as its design."""

from typing import Annotated, Literal, Self

from pydantic import Field, Tag, model_validator

from demoscope.documents import Document, by_kind

Size = Annotated[int, Field(ge=1, le=10_000_000, strict=True)]
Names = tuple[Annotated[str, Field(min_length=1)], ...]


class Weighted(Document):
    """Everybody is drawn independently, with the shares of the population; all weigh the same."""

    kind: Literal["weighted"] = "weighted"
    """Independent draws by weight. The first 100 of 1,000 are the 100."""


class SimpleRandom(Document):
    """Every row of the microdata has the same chance and keeps its weight; without microdata, as ``weighted``."""

    kind: Literal["random"]
    """Independent draws of rows. The first 100 of 1,000 are the 100."""


class Quota(Document):
    """How many people of each level, or of each combination of levels, there are.

    >>> Quota(attributes=("sex",), counts={"male": 50, "female": 50}).counts["male"]
    50
    """

    attributes: Names = Field(min_length=1)
    """Attributes that the quota crosses."""
    counts: dict[str, Annotated[int, Field(ge=0, strict=True)]] = Field(default_factory=dict)
    """Level code or band -> people, for one attribute; of several, codes joined by `` x `` in the order named.
    When absent, people in proportion to the population: by largest remainders, and beside other quotas each number
    rounded down or up."""

    @model_validator(mode="after")
    def _counts_are_of_the_attributes(self) -> Self:
        for cell in self.counts:
            if len(cell.split(" x ")) != len(self.attributes):
                raise ValueError(
                    f"{cell!r} must name one level of each of {', '.join(self.attributes)}, joined by ' x '"
                )
        return self


class Quotas(Document):
    """Exactly as many people as each quota says; several quotas hold at once."""

    kind: Literal["quota"]
    """Exact quotas."""
    quotas: tuple[Quota, ...] = Field(min_length=1)
    """The quotas; people within them are drawn by weight."""
    size: Size | None = None
    """People in all; as many as the wave asks when absent."""

    @model_validator(mode="after")
    def _counts_agree(self) -> Self:
        totals = {", ".join(quota.attributes): sum(quota.counts.values()) for quota in self.quotas if quota.counts}
        if self.size is not None:
            totals["size"] = self.size
        if len(set(totals.values())) > 1:
            told = "; ".join(f"{name}: {total}" for name, total in totals.items())
            raise ValueError(f"the quotas do not add up to the same number of people ({told})")
        return self


class Stratified(Document):
    """The same number of people of each combination of levels.

    >>> Stratified(kind="stratified", by=("sex", "age"), each=5).weights
    'design'
    """

    kind: Literal["stratified"]
    """Equally many of each cell."""
    by: Names = Field(min_length=1)
    """Attributes that are crossed."""
    each: Size
    """People in each cell. Rows of microdata are taken at most once: with the same chance, weighing what they weigh
    among those taken; by weight where there is one of each cell, or all weigh 1."""
    repeat: bool = False
    """Whether a row of microdata may be taken again, so that small cells can be filled."""
    empty: Literal["refuse", "skip"] = "refuse"
    """What becomes of a combination that nobody in the population has."""
    weights: Literal["design", "equal"] = "design"
    """``design``: everybody weighs as many people as they stand for, with a mean of 1; ``equal``: all weigh 1."""


class Factorial(Document):
    """Every combination of all levels, whether it occurs in the population or not."""

    kind: Literal["factorial"]
    """Full factorial over all attributes."""
    each: Size = 1
    """People of each combination; they differ in numbers within bands, and in their place."""


class EveryRow(Document):
    """Every row of the microdata once, in the order of the file, with its weight."""

    kind: Literal["every_row"]
    """All rows of the microdata."""


class Integerised(Document):
    """The weights of rows or cells made whole people by truncate, replicate, sample.

    Lovelace and Ballas (2013): Truncate, replicate, sample. Computers, Environment and Urban Systems 41.
    """

    kind: Literal["integerised"]
    """Every row or cell appears as often as its weight says, rounded up or down."""
    size: Size | None = None
    """People in all; as many as the wave asks when absent."""


_BY_KIND = by_kind(
    "weighted", "design", "weighted, random, quota, stratified, factorial, every_row, integerised and panel"
)
_Anew = (
    Annotated[Weighted, Tag("weighted")]
    | Annotated[SimpleRandom, Tag("random")]
    | Annotated[Quotas, Tag("quota")]
    | Annotated[Stratified, Tag("stratified")]
    | Annotated[Factorial, Tag("factorial")]
    | Annotated[EveryRow, Tag("every_row")]
    | Annotated[Integerised, Tag("integerised")]
)
PanelDesign = Annotated[_Anew, _BY_KIND]
"""A design that takes people anew."""


class Panel(Document):
    """The people of an earlier wave again: same population, same design, its seed.

    >>> Panel(kind="panel", seed=2018).design.kind
    'weighted'
    """

    kind: Literal["panel"]
    """A matched panel."""
    seed: int = Field(ge=0, lt=2**63, strict=True)
    """Seed of the earlier wave."""
    design: PanelDesign = Weighted()
    """Design of the earlier wave."""


Design = Annotated[_Anew | Annotated[Panel, Tag("panel")], _BY_KIND]
"""Any design; one without a ``kind`` is weighted."""
