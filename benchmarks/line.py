"""The one line of JSON that every benchmark ends in."""

import json
import operator
from collections.abc import Iterable
from typing import Any

_HELD = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}

Number = dict[str, Any]
"""``what``, ``value``, ``unit``, ``target`` and ``met``."""


def number(what: str, value: float | str | None, unit: str = "", target: str | None = None) -> Number:
    """One number, held against a target such as ``>= 3``; a word in its place says why it was not measured.

    Of ``None``, which was not measured either, nobody knows whether it meets the target.

    >>> number("answers per second", 12.34567, "1/s", ">= 10")
    {'what': 'answers per second', 'value': 12.346, 'unit': '1/s', 'target': '>= 10', 'met': True}
    """
    if value is None:
        return {"what": what, "value": None, "unit": unit, "target": target, "met": None}
    if isinstance(value, str):
        return {"what": what, "value": value, "unit": unit, "target": target, "met": False if target else None}
    met = None
    if target:
        sign, _, bound = target.partition(" ")
        met = bool(_HELD[sign](value, float(bound)))
    value = float(value)
    shown = int(value) if value.is_integer() else round(value, 3) if abs(value) >= 0.01 else float(f"{value:.3g}")
    return {"what": what, "value": shown, "unit": unit, "target": target, "met": met}


def line(benchmark: str, numbers: Iterable[Number], **about: Any) -> str:
    """The line; ``about`` is what it was measured on, such as sizes."""
    return json.dumps({"benchmark": benchmark, **about, "numbers": [*numbers]})
