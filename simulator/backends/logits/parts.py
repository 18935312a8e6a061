"""What a reply is made of, byte by byte: fixed text, choices, numbers, strings of JSON, free text.

A part either waits for a byte (``following`` and ``step``) or may be replaced, without one, by the parts that spell
it out or by nothing when it is complete (``ways``). A way on is a row of parts still to come.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from simulator.constraint import AnyConstraint, Constraint
from simulator.json_values import (
    LONGEST_NUMBER,
    JsonAnyOf,
    JsonArray,
    JsonEnum,
    JsonNumber,
    JsonString,
    Node,
    written,
)

Way = tuple["Part", ...]
Phase = tuple[bytes, ...]
"""Where in a character of a string of JSON: for each byte that must still come, the bytes that may stand there."""

NOTHING: Way = ()
ANY = bytes(range(256))
_REST = bytes(range(0x80, 0xC0))
BETWEEN: Phase = ()
"""Between two characters."""
CHARACTERS: dict[int, Phase] = (
    dict[int, Phase]({byte: BETWEEN for byte in range(0x20, 0x7F) if byte != 0x22})
    | {0x5C: (b'"\\',), 0xC2: (_REST[0x20:],)}
    | dict.fromkeys(range(0xC3, 0xE0), (_REST,))
    | dict.fromkeys(range(0xE1, 0xF0), (_REST, _REST))
    | {0xE0: (_REST[0x20:], _REST), 0xED: (_REST[:0x20], _REST)}
    | dict.fromkeys(range(0xF1, 0xF4), (_REST, _REST, _REST))
    | {0xF0: (_REST[0x10:], _REST, _REST), 0xF4: (_REST[:0x10], _REST, _REST)}
)
"""What follows the first byte of a character in a string of JSON: well-formed UTF-8 (Unicode 16, table 3-7), no
control characters (U+0000 to 1F, 7F to 9F); a quotation mark and a backslash come escaped, and nothing else does."""
_FIRST = bytes(CHARACTERS)


class Part(Protocol):
    """A piece of a reply."""

    def ways(self) -> tuple[Way, ...]:
        """What may stand in its place before another byte comes."""

    def following(self) -> bytes:
        """Bytes that it may take next."""

    def step(self, byte: int) -> "Part | None":
        """What is left of it after a byte; ``None`` when the byte does not fit."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that must come."""

    text: bytes

    def ways(self) -> tuple[Way, ...]:
        """Nothing, when all of it was written."""
        return () if self.text else (NOTHING,)

    def following(self) -> bytes:
        """The first byte."""
        return self.text[:1]

    def step(self, byte: int) -> "Literal | None":
        """The rest."""
        return Literal(self.text[1:]) if self.text and self.text[0] == byte else None


@dataclass(frozen=True, slots=True)
class Free:
    """Anything."""

    def ways(self) -> tuple[Way, ...]:
        """None: it has no end of its own."""
        return ()

    def following(self) -> bytes:
        """All bytes."""
        return ANY

    def step(self, byte: int) -> "Free":
        """The same."""
        return self


@dataclass(frozen=True, slots=True)
class Choices:
    """From ``least`` to ``most`` of some texts, all different, or one of those that stand alone."""

    texts: tuple[bytes, ...]
    most: int = 1
    separator: bytes = b""
    used: frozenset[int] = frozenset()
    """Positions of those written so far."""
    least: int = 1
    alone: tuple[bytes, ...] = ()
    """Texts that are written by themselves or not at all."""

    def ways(self) -> tuple[Way, ...]:
        """Nothing more, or any text that was not used."""
        found: tuple[Way, ...] = (NOTHING,) if self.used and len(self.used) >= self.least else ()
        if not self.used:
            found += tuple((Literal(text),) for text in self.alone)
        if len(self.used) < self.most:
            before = self.separator if self.used else b""
            for i, text in enumerate(self.texts):
                if i not in self.used:
                    found += ((Literal(before + text), replace(self, used=self.used | {i})),)
        return found

    def following(self) -> bytes:
        """None before a text is chosen."""
        return b""

    def step(self, byte: int) -> None:
        """Never."""


@dataclass(frozen=True, slots=True)
class Items:
    """From ``fewest`` to ``most`` further items of an array."""

    item: Way
    fewest: int
    most: int
    first: bool = True

    def ways(self) -> tuple[Way, ...]:
        """No more items, or one and then the others."""
        found: tuple[Way, ...] = () if self.fewest else (NOTHING,)
        if self.most:
            others = Items(self.item, max(self.fewest - 1, 0), self.most - 1, first=False)
            found += ((*(() if self.first else (Literal(b", "),)), *self.item, others),)
        return found

    def following(self) -> bytes:
        """None before it is decided whether an item follows."""
        return b""

    def step(self, byte: int) -> None:
        """Never."""


@dataclass(frozen=True, slots=True)
class Either:
    """One of several rows of parts."""

    rows: tuple[Way, ...]

    def ways(self) -> tuple[Way, ...]:
        """Any of them."""
        return self.rows

    def following(self) -> bytes:
        """None before one is chosen."""
        return b""

    def step(self, byte: int) -> None:
        """Never."""


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number without needless zeros before the point, in a range."""

    low: int
    high: int
    """Ends of the range, in units of the last decimal; some number lies between."""
    decimals: int = 0
    """Digits that may come after the point."""
    text: bytes = b""
    """What was written."""

    def ways(self) -> tuple[Way, ...]:
        """Nothing more, when it is a number in the range."""
        digits = self.text.removeprefix(b"-")
        if not digits or digits.endswith(b"."):
            return ()
        reached, _ = self._reach(digits, 0)
        low, high = self._magnitudes()
        return (NOTHING,) if low <= reached <= high else ()

    def following(self) -> bytes:
        """Bytes by which a number in the range can be reached."""
        return bytes(byte for byte in b"-.0123456789" if self._may_become(self.text + bytes([byte])))

    def step(self, byte: int) -> "Number | None":
        """The same with one more byte."""
        text = self.text + bytes([byte])
        return replace(self, text=text) if self._may_become(text) else None

    def _may_become(self, text: bytes) -> bool:
        after = replace(self, text=text)
        low, high = after._magnitudes()
        digits = text.removeprefix(b"-")
        if not digits:
            return low <= high
        whole, point, fraction = digits.partition(b".")
        if not whole.isdigit() or len(whole) > LONGEST_NUMBER or (whole[:1] == b"0" and len(whole) > 1):
            return False
        if point and (not self.decimals or len(fraction) > self.decimals or not (fraction + b"0").isdigit()):
            return False
        more = 0 if point or whole == b"0" else LONGEST_NUMBER - len(whole)
        reaches = (self._reach(digits, further) for further in range(more + 1))
        return any(least <= high and greatest >= low for least, greatest in reaches)

    def _reach(self, digits: bytes, further: int) -> tuple[int, int]:
        """Least and greatest magnitude after so many further digits before the point, and any behind it."""
        whole, _, fraction = digits.partition(b".")
        unit = 10 ** (self.decimals - len(fraction) + further)
        least = int(whole + fraction) * unit
        return least, least + unit - 1

    def _magnitudes(self) -> tuple[int, int]:
        """Ends of the range without the sign; there is no -0."""
        return (max(-self.high, 1), -self.low) if self.text[:1] == b"-" else (max(self.low, 0), self.high)


@dataclass(frozen=True, slots=True)
class Text:
    """The inside of a string of JSON."""

    fewest: int
    """Characters that must still begin."""
    most: int
    """Characters that may still begin."""
    phase: Phase = BETWEEN

    def ways(self) -> tuple[Way, ...]:
        """Nothing more, between two characters when there are enough."""
        return (NOTHING,) if not self.phase and not self.fewest else ()

    def following(self) -> bytes:
        """Bytes that go on with a character or begin one."""
        if self.phase:
            return self.phase[0]
        return _FIRST if self.most else b""

    def step(self, byte: int) -> "Text | None":
        """What is left after a byte."""
        if self.phase:
            return replace(self, phase=self.phase[1:]) if byte in self.phase[0] else None
        phase = CHARACTERS.get(byte)
        return None if phase is None or not self.most else Text(max(self.fewest - 1, 0), self.most - 1, phase)


def parts(constraint: AnyConstraint) -> Way:
    """The parts of all replies that a constraint allows."""
    if not isinstance(constraint, Constraint):
        return _json(constraint.root)
    alone = tuple(choice.encode() for choice in constraint.alone)
    if constraint.choices:
        texts = tuple(choice.encode() for choice in constraint.choices if choice not in constraint.alone)
        separator = constraint.separator.encode()
        answer: Part = Choices(texts, constraint.most, separator, least=constraint.least, alone=alone)
    else:
        answer = Number(*JsonNumber(constraint.minimum, constraint.maximum, whole=True).ends)
        answer = Either(((answer,), (Choices(alone),))) if alone else answer
    after = (Literal(constraint.suffix.encode()), Free()) if constraint.free_tokens else ()
    return Literal(constraint.prefix.encode()), answer, *after


def _json(node: Node) -> Way:
    """The parts of a value, spelt as :func:`simulator.json_values.written` does."""
    match node:
        case JsonEnum(values):
            return (Choices(tuple(written(value).encode() for value in values)),)
        case JsonString(shortest, longest):
            return Literal(b'"'), Text(shortest, longest), Literal(b'"')
        case JsonNumber():
            return (Number(*node.ends, node.decimals),)
        case JsonArray(items, fewest, most, different):
            if different and isinstance(items, JsonEnum):
                return Literal(b"["), *_different(items, fewest, most), Literal(b"]")
            return Literal(b"["), Items(_json(items), fewest, most), Literal(b"]")
        case JsonAnyOf(kinds):
            return (Either(tuple(_json(kind) for kind in kinds)),)
    found: Way = ()
    for i, (name, held) in enumerate(node.properties):
        found += (Literal(f"{', ' if i else '{'}{written(name)}: ".encode()), *_json(held))
    return *found, Literal(b"}")


def _different(items: JsonEnum, fewest: int, most: int) -> Way:
    """The inside of an array in which no value comes twice."""
    if not most:
        return NOTHING
    some = Choices(tuple(written(value).encode() for value in items.values), most, b", ", least=fewest)
    return (some,) if fewest else (Either((NOTHING, (some,))),)
