"""How values are told in a report: shares, distances, intervals, verdicts, shades."""

import math
from collections.abc import Sequence

from analysis.findings import Measure, Range
from analysis.ink import distance
from analysis.report.blocks import Mark, Value
from analysis.report.words import Words
from demoscope.terminal import plain

ABSENT = Value("·", None)

LONGEST = 2000
"""Characters of a text of strangers that are shown; longer ones say how long they are."""


def mark_of(m: Measure | None) -> Mark | None:
    """The verdict on one distance, as on the terminal (:func:`analysis.layout.verdict`)."""
    if m is None:
        return None
    return "human" if m.within_people else "off" if m.closer_than_uniform else "worse"


def measured(m: Measure | None, w: Words, mark: bool = True) -> Value:
    """A distance with its verdict."""
    if m is None:
        return ABSENT
    shown = mark_of(m) if mark else None
    said = f"{distance(m.simulated)} {w(f'mark_{shown}')}" if shown else distance(m.simulated)
    return Value(said, m.simulated, mark=shown)


def number(value: float | None, digits: int = 3) -> Value:
    """A figure with so many decimals."""
    if value is None or math.isnan(value):
        return ABSENT
    return Value("∞" if math.isinf(value) else f"{value:,.{digits}f}", value)


def count(value: float | None) -> Value:
    """A whole number."""
    return ABSENT if value is None else Value(f"{value:,.0f}", float(value))


def share(value: float | None) -> Value:
    """A share in percent with one decimal."""
    return ABSENT if value is None else Value(f"{value:.1%}", value)


def interval(low: float | None, high: float | None) -> Value:
    """Lower and upper limit of a distance, sorted by the lower."""
    return ABSENT if low is None or high is None else Value(f"{distance(low)}–{distance(high)}", low)


def ranged(found: Range | None) -> Value:
    """Median and range."""
    if found is None:
        return ABSENT
    return Value(f"{distance(found.median)} ({distance(found.low)}–{distance(found.high)})", found.median)


def shares_with_limits(value: float | None, low: float | None, high: float | None) -> Value:
    """A share in percent with its interval."""
    if value is None:
        return ABSENT
    limits = "" if low is None or high is None else f" ({low:.0%}–{high:.0%})"
    return Value(f"{value:.1%}{limits}", value)


def limited(
    value: float | None, low: float | None, high: float | None, digits: int = 3, *, sign: bool = False
) -> Value:
    """A figure with its interval, where there is one.

    >>> limited(0.5, 0.25, 0.75, 2).text
    '0.50 (0.25 – 0.75)'
    """
    if value is None or math.isnan(value):
        return ABSENT
    form = f"{'+' if sign else ''}.{digits}f"
    limits = "" if low is None or high is None else f" ({low:{form}} – {high:{form}})"
    return Value(f"{value:{form}}{limits}", value)


def p_value(value: float | None) -> Value:
    """A p-value; small ones say below which they are.

    >>> p_value(0.0002).text
    '<0.001'
    """
    return Value("<0.001", value) if value is not None and value < 0.001 else number(value)


def label(text: str) -> Value:
    """Words."""
    return Value(cut(text, 300))


def shaded(values: Sequence[float | None], digits: int = 2, most: float | None = None) -> list[Value]:
    """Figures with shades from 0 for nothing to 9 for ``most``, or the largest of them."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    top = most if most is not None else max(known, default=0.0)
    return [_shade(value, digits, top) for value in values]


def _shade(value: float | None, digits: int, top: float) -> Value:
    if value is None or math.isnan(value):
        return ABSENT
    deep = 9 if math.isinf(value) else min(int(10 * value / top), 9) if top > 0 else 0
    return Value("∞" if math.isinf(value) else f"{value:.{digits}f}", value, shade=max(deep, 0))


def brief(text: str, most: int = 100) -> str:
    """The beginning of a text on one line.

    >>> brief("one  two three", 8)
    'one two…'
    """
    words = " ".join(plain(text[: 4 * most]).split())
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def cut(text: str, most: int = LONGEST, length: int | None = None) -> str:
    """A text without control characters and direction overrides, cut where it is longer than ``most`` characters.

    >>> cut("abcdef", 3)
    'abc… [6 characters]'
    """
    whole = len(text) if length is None else length
    shown = plain(text[:most])
    return shown if whole <= most else f"{shown}… [{whole:,} characters]"
