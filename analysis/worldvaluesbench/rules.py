"""What the evaluation of WorldValuesBench leaves open, and how it was published."""

from typing import Literal

from pydantic import Field

from analysis.worldvaluesbench.baselines import Tie
from analysis.worldvaluesbench.distances import OutOfRange
from analysis.yardsticks import DRAWS
from demoscope.documents import Document


class Rules(Document):
    """What the evaluation leaves open; the defaults are what the published table was made with."""

    out_of_range: OutOfRange = "keep"
    """What becomes of scores outside a question's scale."""
    tie: Tie = "first"
    """Which of several most frequent answers the baseline ``majority`` gives."""
    aggregate: Literal["pooled", "group_mean"] = "pooled"
    """Distance of a question: of all its rows together, or the mean of those within all combinations of groups."""
    draws: int = Field(default=DRAWS, ge=0, le=100_000)
    """Resamples for intervals, and draws of the baselines of people; none when 0."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Seed of these draws."""


AS_PUBLISHED = Rules()
"""The rules of the published table."""
