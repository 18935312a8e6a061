"""What a value in a JSON reply may be, as :mod:`simulator.json_schema` reads it; JSON texts in and out."""

import json
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

DECIMALS = 6
"""Digits that a model may write after the point of a ``number``."""
LONGEST_NUMBER = 15
"""Digits of the longest whole number that a model may write."""
TYPES = {str: "string", int: "integer", bool: "boolean", type(None): "null"}
"""Types of the values that can be listed, and their names in JSON schema."""

Scalar = str | int | bool | None


@dataclass(frozen=True, slots=True)
class JsonEnum:
    """One of these values; 1 is neither 1.0 nor true."""

    values: tuple[Scalar, ...]

    def allows(self, value: Any) -> bool:
        """Whether a value read by :func:`loads` is one of these."""
        return any(type(value) is type(one) and value == one for one in self.values)

    @property
    def size(self) -> int:
        """Characters of the longest value, escapes not counted."""
        return max(len(written(value)) for value in self.values)

    def schema(self) -> dict[str, Any]:
        """The same as JSON schema, with the type where there is but one."""
        types = {TYPES[type(value)] for value in self.values}
        return ({"type": types.pop()} if len(types) == 1 else {}) | {"enum": list(self.values)}

    def example(self, share: float) -> Any:
        """The value at this share of the list."""
        return self.values[int(share * len(self.values))]


@dataclass(frozen=True, slots=True)
class JsonString:
    """A string of so many characters (code points)."""

    shortest: int
    longest: int

    def allows(self, value: Any) -> bool:
        """Whether a value is a string of such a length that UTF-8 can carry."""
        return isinstance(value, str) and self.shortest <= len(value) <= self.longest and is_text(value)

    @property
    def size(self) -> int:
        """Characters of the longest value, escapes not counted."""
        return self.longest + 2

    def schema(self) -> dict[str, Any]:
        """The same as JSON schema."""
        return {"type": "string", "minLength": self.shortest, "maxLength": self.longest}

    def example(self, share: float) -> str:
        """A text whose length lies at this share of the range."""
        length = self.shortest + round(share * (self.longest - self.shortest))
        return ("So it is. " * (length // 10 + 1))[:length]


@dataclass(frozen=True, slots=True)
class JsonNumber:
    """A number between two ends, ends included; ``None`` is no end."""

    minimum: int | float | None
    maximum: int | float | None
    whole: bool

    @property
    def decimals(self) -> int:
        """Digits that a model may write after the point."""
        return 0 if self.whole else DECIMALS

    @property
    def ends(self) -> tuple[int, int]:
        """Lowest and highest number that a model may write, in units of the last decimal."""
        unit = 10**self.decimals
        limit = 10**LONGEST_NUMBER * unit - 1
        low = -limit if self.minimum is None else math.ceil(_exact(self.minimum) * unit)
        high = limit if self.maximum is None else math.floor(_exact(self.maximum) * unit)
        return max(low, -limit), min(high, limit)

    def allows(self, value: Any) -> bool:
        """Whether a value is a number in the range; a whole one is written without a point."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | Decimal):
            return False
        low, high = self.minimum, self.maximum
        return (low is None or value >= _exact(low)) and (high is None or value <= _exact(high))

    @property
    def size(self) -> int:
        """Characters of the longest value, escapes not counted."""
        return max(len(str(end)) for end in self.ends) + 1

    def schema(self) -> dict[str, Any]:
        """The same as JSON schema."""
        ends = {"minimum": self.minimum, "maximum": self.maximum}
        kind = {"type": "integer" if self.whole else "number"}
        return kind | {name: end for name, end in ends.items() if end is not None}

    def example(self, share: float) -> int | float:
        """The number at this share of the range."""
        low, high = self.ends
        number = low + int(share * (high - low + 1))
        return number if self.whole else number / 10**DECIMALS


@dataclass(frozen=True, slots=True)
class JsonArray:
    """So many items of one kind."""

    items: "Node"
    fewest: int
    most: int
    different: bool = False
    """Whether no item comes twice; the items are a :class:`JsonEnum` then."""

    def allows(self, value: Any) -> bool:
        """Whether a value is such a list."""
        fits = isinstance(value, list) and self.fewest <= len(value) <= self.most
        if not fits or not all(map(self.items.allows, value)):
            return False
        return not self.different or len({written(item) for item in value}) == len(value)

    @property
    def size(self) -> int:
        """Characters of the longest value, escapes not counted."""
        return 2 + self.most * (self.items.size + 2)

    def schema(self) -> dict[str, Any]:
        """The same as JSON schema, but for ``uniqueItems``: strict endpoints refuse it, and replies are checked."""
        return {"type": "array", "items": self.items.schema(), "minItems": self.fewest, "maxItems": self.most}

    def example(self, share: float) -> list[Any]:
        """A list whose length lies at this share of the range."""
        length = self.fewest + round(share * (self.most - self.fewest))
        if not self.different or not isinstance(self.items, JsonEnum):
            return [self.items.example(share)] * length
        values = self.items.values
        return [values[(int(share * len(values)) + place) % len(values)] for place in range(length)]


@dataclass(frozen=True, slots=True)
class JsonAnyOf:
    """A value of any of several kinds."""

    kinds: tuple["Node", ...]

    def allows(self, value: Any) -> bool:
        """Whether one of the kinds allows a value."""
        return any(kind.allows(value) for kind in self.kinds)

    @property
    def size(self) -> int:
        """Characters of the longest value, escapes not counted."""
        return max(kind.size for kind in self.kinds)

    def schema(self) -> dict[str, Any]:
        """The same as JSON schema."""
        return {"anyOf": [kind.schema() for kind in self.kinds]}

    def example(self, share: float) -> Any:
        """A value of the kind at this share of the list."""
        place = share * len(self.kinds)
        return self.kinds[int(place)].example(place % 1)


@dataclass(frozen=True, slots=True)
class JsonObject:
    """All of these properties, in this order, and no other."""

    properties: tuple[tuple[str, "Node"], ...]

    def allows(self, value: Any) -> bool:
        """Whether a value read by :func:`loads` has just these properties, each once, in this order."""
        return (
            isinstance(value, Pairs)
            and [name for name, _ in value.pairs] == [name for name, _ in self.properties]
            and all(node.allows(held) for (_, node), (_, held) in zip(self.properties, value.pairs, strict=True))
        )

    @property
    def size(self) -> int:
        """Characters of the longest value, escapes not counted."""
        return 2 + sum(len(written(name)) + 4 + node.size for name, node in self.properties)

    def schema(self) -> dict[str, Any]:
        """The same as JSON schema."""
        return {
            "type": "object",
            "properties": {name: node.schema() for name, node in self.properties},
            "required": [name for name, _ in self.properties],
            "additionalProperties": False,
        }

    def example(self, share: float) -> dict[str, Any]:
        """An object whose values lie at this share of their ranges."""
        return {name: node.example(share) for name, node in self.properties}


Node = JsonEnum | JsonString | JsonNumber | JsonArray | JsonObject | JsonAnyOf


@dataclass(frozen=True, slots=True)
class Pairs:
    """An object as it was written: names may be repeated, and their order counts."""

    pairs: list[tuple[str, Any]]


def loads(text: str) -> Any:
    """Value of a JSON text: objects as :class:`Pairs`, fractions as exact decimals.

    Raises
    ------
    ValueError
        If it is no JSON: NaN and Infinity are none, and neither is what nobody can count or unpack.
    """
    try:
        return json.loads(text, object_pairs_hook=Pairs, parse_float=Decimal, parse_constant=_no_number)
    except (ArithmeticError, RecursionError) as error:
        raise ValueError(f"{text[:80]!r} is beyond what can be read.") from error


def written(value: Any) -> str:
    """The one spelling of a value that the local engine produces: a space after comma and colon, no needless escape.

    >>> print(written({"choice": "是", "why": ["a", 1]}))
    {"choice": "是", "why": ["a", 1]}
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def is_text(value: str) -> bool:
    """Whether UTF-8 can carry a text: it holds no half of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _exact(number: int | float) -> Decimal:
    return Decimal(repr(number))


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON.")
