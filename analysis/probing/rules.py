"""Where the paper on probing, its code and good sense differ: one profile, and flags that override it."""

from typing import Any, Literal

from pydantic import Field

from analysis.probing.value_action import Middle
from analysis.probing.verdict import Thresholds
from demoscope.documents import Document, build
from demoscope.errors import DocumentError

PROFILES: dict[str, dict[str, Any]] = {
    "demoscope": {"unread": "left out", "middle": "split", "ratings": "left out", "layouts": "all"},
    "paper": {"unread": "spread", "middle": "drop", "ratings": "left out", "layouts": "published"},
    "code": {"unread": "spread", "middle": "code", "ratings": "code", "layouts": "published"},
}
"""Profile -> what it settles. The paper prints no rule for unreadable ratings."""


class ProbeRules(Document):
    """How a probe is evaluated.

    >>> rules_for("code").ratings, rules_for("paper", middle="split").middle
    ('code', 'split')
    """

    profile: Literal["demoscope", "paper", "code"] = "demoscope"
    unread: Literal["left out", "spread"] = "left out"
    """Sampled texts of which none was understood: no answer, or an equal spread over the options (as published)."""
    middle: Middle = "split"
    """What the middle of an odd number of options counts for where values meet actions."""
    ratings: Literal["left out", "code"] = "left out"
    """Ratings without a number, or outside 1 to 10: left out, or as the published code has them (-1, and as they
    are)."""
    layouts: Literal["all", "published"] = "all"
    """Layouts of the options that are compared with each other: all that were probed, or the three of the paper."""
    js_base: float = Field(default=2.718281828459045, gt=1, allow_inf_nan=False)
    """Base of the logarithm of Jensen-Shannon distances."""
    squared: bool = False
    """The divergence instead of the distance."""
    thresholds: Thresholds = Thresholds()
    """Of the verdict."""


def rules_for(profile: str = "demoscope", **flags: Any) -> ProbeRules:
    """The rules of a profile, with flags that override it.

    Raises
    ------
    DocumentError
        If there is no such profile, or a flag says something else.
    """
    if profile not in PROFILES:
        raise DocumentError(f"There is no profile {profile!r}; choose {', '.join(PROFILES)}.")
    return build(ProbeRules, {"profile": profile, **PROFILES[profile], **flags}, "probe-report")
