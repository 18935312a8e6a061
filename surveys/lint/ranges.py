"""Ranges of numbers in labels, such as ``18-24`` and ``65 or older``: what they cover, and where they clash."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

_NUMBER = r"[$€£¥]?\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*%?"
_UNIT = r"(?:\s*(?:years?|hours?|days?|minutes?|times?|children|people|岁|年|元|小时|天|次|人|个))?"
_BETWEEN = re.compile(
    rf"^\D{{0,20}}?{_NUMBER}{_UNIT}\s*(?P<word>-|–|—|~|～|to under|to less than|but less than|to|至|到)\s*{_NUMBER}"
)
_BELOW = re.compile(
    rf"^(?:under|below|less than|fewer than|younger than|不到|低于|少于|小于)\s*{_NUMBER}|"
    rf"^{_NUMBER}{_UNIT}\s*以下",
    re.IGNORECASE,
)
_UP_TO = re.compile(
    rf"^(?:up to|at most|no more than|最多|不超过)\s*{_NUMBER}|"
    rf"^{_NUMBER}{_UNIT}\s*(?:or less|or fewer|or younger|or under|及以下)",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    rf"^(?:over|above|more than|older than|超过|多于|大于|高于)\s*{_NUMBER}",
    re.IGNORECASE,
)
_FROM = re.compile(
    rf"^(?:at least|no less than|至少)\s*{_NUMBER}|"
    rf"^{_NUMBER}{_UNIT}\s*(?:\+|or more|or older|or over|and over|and older|and above|and more|及以上|以上)",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"^{_NUMBER}{_UNIT}$", re.IGNORECASE)

_WORTH = {"k": 1e3, "thousand": 1e3, "million": 1e6, "billion": 1e9, "千": 1e3, "万": 1e4, "亿": 1e8}
_TIMES = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s?(k\b|thousand\b|million\b|billion\b|[千万亿])", re.IGNORECASE)
_SHARED_TIMES = re.compile(
    r"(\d[\d,.]*)(\s*(?:-|–|—|~|～|to|至|到)\s*)(\d[\d,]*(?:\.\d+)?)(\s?(?:million\b|billion\b|[千万亿]))",
    re.IGNORECASE,
)
_BETWEEN_AND = re.compile(r"^between\s+(\S+(?: (?:million|thousand))?)\s+and\s+(?=[$€£¥]?\d)(.*)$", re.IGNORECASE)


class Span(NamedTuple):
    """What a label covers."""

    low: float
    high: float
    low_in: bool = True
    """Whether the lowest value belongs to it."""
    high_in: bool = True
    """Whether the highest value belongs to it."""


_SPANS: tuple[tuple[re.Pattern[str], Callable[[float], Span]], ...] = (
    (_UP_TO, lambda value: Span(-math.inf, value)),
    (_BELOW, lambda value: Span(-math.inf, value, high_in=False)),
    (_FROM, lambda value: Span(value, math.inf)),
    (_ABOVE, lambda value: Span(value, math.inf, low_in=False)),
    (_ALONE, lambda value: Span(value, value)),
)


def covered(label: str) -> Span | None:
    """What a label covers; ``None`` when it is no range.

    >>> covered("18-24")
    Span(low=18.0, high=24.0, low_in=True, high_in=True)
    >>> covered("Blue")
    """
    text = _written_out(label.strip())
    if found := _BETWEEN.match(text):
        low, high = _values(found)
        return Span(low, high, high_in="less" not in found["word"] and "under" not in found["word"])
    for pattern, span in _SPANS:
        if found := pattern.match(text):
            return span(_values(found)[0])
    return None


def _written_out(label: str) -> str:
    """The label with ``10k`` and ``2万`` as plain numbers, and ``between 1 and 2`` as ``1 to 2``."""
    text = _BETWEEN_AND.sub(r"\1 to \2", label)
    text = _SHARED_TIMES.sub(r"\1\4\2\3\4", text)
    return _TIMES.sub(lambda found: f"{float(found[1].replace(',', '')) * _WORTH[found[2].casefold()]:.0f}", text)


def _values(found: "re.Match[str]") -> list[float]:
    return [float(group.replace(",", "")) for group in found.groups() if group and group[0].isdigit()]


def clashes(labels: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Pairs of neighbouring ranges that overlap or leave whole numbers between them uncovered.

    Yields
    ------
    tuple of str
        ``overlap`` or ``gap``, and the two labels; nothing unless two labels at least are ranges, one of them wider
        than a single number.

    >>> list(clashes(["18-25", "25-34", "40-50"]))
    [('overlap', '18-25', '25-34'), ('gap', '25-34', '40-50')]
    """
    placed = [(span, label) for label in labels if (span := covered(label)) is not None]
    if len(placed) < 2 or all(span.low == span.high for span, _ in placed):
        return
    placed.sort(key=lambda one: (one[0].low, one[0].high))
    ends = [value for span, _ in placed for value in (span.low, span.high) if math.isfinite(value)]
    whole = all(value == math.floor(value) for value in ends)
    for (lower, first), (upper, second) in pairwise(placed):
        if whole:
            last = lower.high if lower.high_in else lower.high - 1
            following = upper.low if upper.low_in else upper.low + 1
            overlap, gap = following <= last, following > last + 1
        else:
            touching = upper.low == lower.high
            overlap = upper.low < lower.high or (touching and lower.high_in and upper.low_in)
            gap = touching and not (lower.high_in or upper.low_in)
        if overlap or gap:
            yield "overlap" if overlap else "gap", first, second
