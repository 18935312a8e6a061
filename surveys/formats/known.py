"""What conditions of a foreign file speak of: the questions read before them, and comparisons with their answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from surveys.formats.logic import Comparison, Untranslatable
from surveys.option import LARGEST


@dataclass(frozen=True)
class Known:
    """A question that conditions and wordings further down may speak of."""

    id: str
    kind: str
    codes: Mapping[str, int] = field(default_factory=dict)
    """What the file calls an option -> its code."""


def resolved(before: Mapping[str, Known], test: Comparison) -> Comparison:
    """A comparison in our words: ids for names, codes for what the file calls options.

    Parameters
    ----------
    before : mapping
        Name in the file -> question before the one with the condition.

    Raises
    ------
    Untranslatable
        If it speaks of no question before it, or compares in a way that we do not have.
    """
    known = before.get(test.name)
    if known is None:
        raise Untranslatable(f"{test.name[:60]!r} is no question before this one")
    if known.kind == "note":
        raise Untranslatable(f"nothing answers {test.name[:60]!r}")
    if test.sign == "answered":
        return Comparison(known.id, "answered")
    if known.codes:
        code = known.codes.get(_said(test.value))
        if code is None:
            raise Untranslatable(f"{test.name[:60]!r} has no option {_said(test.value)[:60]!r}")
        if test.sign not in ("==", "!=", "has") and any(str(c) != value for value, c in known.codes.items()):
            raise Untranslatable(f"the options of {test.name[:60]!r} are compared by size and are no numbers")
        return Comparison(known.id, _fitting(test, known), code)
    value = test.value
    if known.kind in ("scale", "number") and isinstance(value, str):
        value = _number(value, test.name)
    elif known.kind == "text" and test.sign == "has":
        raise Untranslatable(f"{test.name[:60]!r} is a text, and texts are not searched here")
    elif known.kind == "text" and not isinstance(value, str):
        raise Untranslatable(f"{test.name[:60]!r} is a text and is compared with a number")
    return Comparison(known.id, _fitting(test, known), value)


def _said(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(value: str, name: str) -> int | float:
    try:
        number = float(value)
    except ValueError:
        raise Untranslatable(f"{name[:60]!r} is a number and is compared with {value[:40]!r}") from None
    if not abs(number) <= LARGEST:
        raise Untranslatable(f"{name[:60]!r} is compared with {value[:40]!r}, which is too large")
    return int(number) if number.is_integer() else number


def _fitting(test: Comparison, known: Known) -> Any:
    """The sign that suits the kind: a multiple choice contains a value, anything else equals it."""
    if known.kind in ("multiple", "ranking", "allocation"):
        if known.kind != "multiple" or test.sign != "has":
            raise Untranslatable(f"{test.name[:60]!r} has several answers and is compared as if it had one")
        return "has"
    return "==" if test.sign == "has" else test.sign
