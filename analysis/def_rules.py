"""What DEF's evaluation leaves to choose: one profile, and flags that override it one by one."""

from typing import Any, Literal

from pydantic import Field

from demoscope.documents import Document
from demoscope.errors import DemoscopeError

Profile = Literal["paper", "code", "demoscope"]


class DefRules(Document):
    """How the six families of DEF are computed, wherever paper, published code and good sense disagree.

    Build one with :func:`def_rules`; results carry it, so that a number says how it came about.
    """

    profile: Profile = "demoscope"
    """What the flags below began as."""
    kl: Literal["ordinary", "cumulative"] = "ordinary"
    """Kullback-Leibler divergence, or the paper's formula with cumulative shares."""
    invalid: Literal["left out", "a column"] = "left out"
    """Whether answers that could not be read are an option that no human chose, which makes a KL infinite."""
    several: Literal["left out", "counted"] = "left out"
    """Whether KL and preference bias also take multiple choices, of which every chosen option counts once."""
    infinite: Literal["largest plus one", "left out"] = "largest plus one"
    """What an infinite or missing divergence counts as in averages."""
    smoothing: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Added to every share of both sides before divergences; above 0 none is infinite."""
    average: Literal["dimensions", "questions"] = "dimensions"
    """Whether every value dimension counts the same in the average, or every question."""
    components: Literal["centred", "printed"] = "centred"
    """Principal components of centred columns, or the paper's printed algebra."""
    invalid_in_scores: bool = False
    """Whether a question's mean code is divided by all answers, unreadable ones included."""
    rescaled: bool = False
    """Whether codes are put on a scale of 0 to 1, question by question, before dimension scores."""
    group_size: Literal["raw counts", "shares of the group"] = "raw counts"
    """What makes an option a man's or a woman's: more people, or a larger share of the group."""
    ties: Literal["at the top", "anywhere"] = "at the top"
    """Age groups tie when the largest counts are equal, or (published code) as soon as any two are."""
    verdict: Literal["first word", "any No"] = "first word"
    """The first yes or no of a judge decides, or (published code) any ``No`` within its text."""


PROFILES: dict[Profile, dict[str, Any]] = {
    "demoscope": {},
    "paper": {"kl": "cumulative", "components": "printed"},
    "code": {
        "invalid": "a column",
        "several": "counted",
        "invalid_in_scores": True,
        "ties": "anywhere",
        "verdict": "any No",
    },
}
"""Flags in which each profile differs from good sense."""

SILENT: dict[Profile, tuple[str, ...]] = {
    "demoscope": (),
    "paper": ("invalid", "several", "infinite", "smoothing", "invalid_in_scores", "ties", "verdict"),
    "code": ("smoothing",),
}
"""Flags that a source leaves open; they fall back to good sense, and results list them."""


def def_rules(profile: Profile = "demoscope", **flags: Any) -> DefRules:
    """The rules of a profile, with flags of one's own.

    Parameters
    ----------
    profile : {"demoscope", "paper", "code"}
        Good sense, the print, or the published code (SPEC 2.5).
    **flags
        Fields of :class:`DefRules` that override the profile.

    Raises
    ------
    ValueError
        If the profile, a flag or its value is unknown.

    >>> def_rules("code").invalid, def_rules("code", invalid="left out").invalid
    ('a column', 'left out')
    """
    if profile not in PROFILES:
        raise ValueError(f"There is no profile {profile!r}; the profiles are {', '.join(PROFILES)}.")
    return DefRules(profile=profile, **(PROFILES[profile] | flags))


def rules_named(profile: str) -> DefRules:
    """The rules of the profile that somebody typed.

    Raises
    ------
    DemoscopeError
        If there is no such profile.

    >>> rules_named("paper").kl
    'cumulative'
    """
    known = next((name for name in PROFILES if name == profile), None)
    if known is None:
        raise DemoscopeError(f"There is no profile {profile!r}; choose one of {', '.join(PROFILES)}.")
    return def_rules(known)
