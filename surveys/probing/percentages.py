"""Percentages that a model states for its options: read, checked and made into shares."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*[%％]")
TOLERANCE = 10.0
"""Percentage points by which what is stated may miss 100."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a reply states."""

    shares: tuple[float, ...] = ()
    """Share of each option, in the order of the labels, summing to 1; empty when they cannot be read."""
    missed: float = 0.0
    """How far the stated percentages are from 100 together, as a share."""
    reason: str = ""
    """Why they cannot be read, for people."""


def read_percentages(reply: str, wordings: Mapping[str, str]) -> Stated:
    """Shares that a reply states: one percentage behind every label, adding up to about 100.

    Parameters
    ----------
    reply : str
        What the model wrote.
    wordings : mapping
        Label -> wording of its option, whose own percentages are none that the model states.

    >>> read_percentages("A: 25%\\nB. Yes: 75%", {"A": "No", "B": "Yes"}).shares
    (0.25, 0.75)
    >>> read_percentages("A: 25%", {"A": "No", "B": "Yes"}).reason
    'no percentage is stated for B'
    """
    for wording in sorted(wordings.values(), key=len, reverse=True):
        if _PERCENT.search(wording):
            reply = reply.replace(wording, "")
    either = "|".join(map(re.escape, sorted(wordings, key=len, reverse=True)))
    named = re.compile(rf"(?<![\w.])({either})(?:[)\].:：=*]|\s+[-–—=]|\s*\Z)")
    found: dict[str, float] = {}
    start = 0
    for percentage in _PERCENT.finditer(reply):
        before = {match[1] for match in named.finditer(reply[start : percentage.start()])}
        start = percentage.end()
        if len(before) != 1:
            continue  # a percentage of something else
        label = before.pop()
        if label in found:
            return Stated(reason=f"two percentages are stated for {label}")
        found[label] = float(percentage[1])
    missing = [label for label in wordings if label not in found]
    if missing:
        return Stated(reason=f"no percentage is stated for {', '.join(missing)}")
    total = sum(found.values())
    if abs(total - 100) > TOLERANCE:
        return Stated(reason=f"the percentages add up to {total:g}")
    return Stated(tuple(found[label] / total for label in wordings), abs(total - 100) / 100)
