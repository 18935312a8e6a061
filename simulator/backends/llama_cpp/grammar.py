"""The grammar of a constraint: an automaton over bytes that says which tokens may come next.

A state is the set of ways in which the text so far can still become an allowed reply. It works on bytes, so any
tokenisation of an allowed text is allowed, and an answer cut in the middle of a character by a token is no
trouble. Only what may really come is walked, so a mask costs microseconds however large the vocabulary.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.backends.llama_cpp.vocabulary import Vocabulary
from simulator.constraint import Constraint

Ids = NDArray[np.int64]

LONGEST_NUMBER = 15
"""Digits of the longest whole number that may be answered."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way on: the bytes that must come, and what follows them."""

    rest: bytes
    """What must still be written; for ``number``, what was written."""
    kind: Literal["choice", "number", "end", "free"]
    """Part of a choice, of a number, of the suffix (empty: the reply may end here), or free text."""
    used: frozenset[int] = frozenset()
    """Positions of the choices named so far, this one included."""


State = frozenset[Way]


class Grammar:
    """All replies that a constraint allows, in terms of one vocabulary."""

    def __init__(self, constraint: Constraint, vocabulary: Vocabulary) -> None:
        self.constraint = constraint
        """What is allowed."""
        self._vocabulary = vocabulary
        self._choices = [choice.encode() for choice in constraint.choices]
        self._separator, self._suffix = constraint.separator.encode(), constraint.suffix.encode()
        self._masks: dict[State, Ids] = {}
        prefix = constraint.prefix.encode()
        if self._choices:
            first = {Way(prefix + text, "choice", frozenset({i})) for i, text in enumerate(self._choices)}
        else:
            first = {Way(prefix, "choice")}  # with no choice used: a number follows
        self.start: State = self._settle(first)
        """The state of an empty reply."""

    def step(self, state: State, byte: int) -> State:
        """State after one more byte; empty when no allowed reply begins so."""
        after = set()
        for way in state:
            if way.kind == "free":
                after.add(way)
            elif way.kind == "number":
                written = way.rest + bytes([byte])
                if self._may_become_number(written):
                    after.add(replace(way, rest=written))
            elif way.rest and way.rest[0] == byte:
                after.add(replace(way, rest=way.rest[1:]))
        return self._settle(after)

    def advance(self, state: State, text: bytes) -> State:
        """State after some bytes."""
        for byte in text:
            state = self.step(state, byte)
        return state

    def may_end(self, state: State) -> bool:
        """Whether the text so far is an allowed reply."""
        return any(way.kind == "end" and not way.rest for way in state)

    def is_free(self, state: State) -> bool:
        """Whether answer and suffix are complete, so that anything may follow."""
        return any(way.kind == "free" for way in state)

    def must_end(self, state: State) -> bool:
        """Whether nothing may follow."""
        return not self.is_free(state) and not self._next_bytes(state)

    def forced(self, state: State) -> bytes:
        """The bytes that must come next, whatever the model says."""
        found = bytearray()
        while not self.may_end(state) and not self.is_free(state):
            following = self._next_bytes(state)
            if len(following) != 1:
                break
            byte = following.pop()
            found.append(byte)
            state = self.step(state, byte)
        return bytes(found)

    def allowed(self, state: State) -> Ids:
        """Tokens that may come next, in ascending order; ends of turn among them where the reply may end."""
        mask = self._masks.get(state)
        if mask is None:
            tokens = set(self._vocabulary.ends.tolist()) if self.may_end(state) else set()
            self._walk(state, b"", tokens)
            mask = self._masks[state] = np.array(sorted(tokens), dtype=np.int64)
        return mask

    def _walk(self, state: State, written: bytes, tokens: set[int]) -> None:
        """Collect the tokens that spell a beginning of what may come, ``written`` being spelt already."""
        if self.is_free(state):
            tokens.update(self._vocabulary.starting_with(written))
            return
        for byte in self._next_bytes(state):
            spelt = written + bytes([byte])
            if spelt in self._vocabulary.beginnings:
                tokens.update(self._vocabulary.by_piece.get(spelt, ()))
                self._walk(self.step(state, byte), spelt, tokens)

    def _next_bytes(self, state: State) -> set[int]:
        found = {way.rest[0] for way in state if way.kind in ("choice", "end") and way.rest}
        for way in state:
            if way.kind == "number":
                found.update(b for b in b"-0123456789" if self._may_become_number(way.rest + bytes([b])))
        return found

    def _settle(self, ways: set[Way]) -> State:
        """Replace every finished part by what may follow it."""
        settled: set[Way] = set()
        open_ways = list(ways)
        while open_ways:
            way = open_ways.pop()
            if way in settled:
                continue
            if way.kind == "choice" and not way.rest:
                open_ways += self._after_choice(way)
                continue
            if way.kind == "end" and not way.rest and self.constraint.free_tokens:
                way = Way(b"", "free")
            settled.add(way)
            if way.kind == "number" and self._is_number(way.rest):
                open_ways.append(self._ending())
        return frozenset(settled)

    def _after_choice(self, way: Way) -> list[Way]:
        if not way.used:
            return [Way(b"", "number")]
        following = [self._ending()]
        if len(way.used) < self.constraint.most:
            following += [
                Way(self._separator + text, "choice", way.used | {i})
                for i, text in enumerate(self._choices)
                if i not in way.used
            ]
        return following

    def _ending(self) -> Way:
        return Way(self._suffix if self.constraint.free_tokens else b"", "end")

    def _is_number(self, written: bytes) -> bool:
        if written in (b"", b"-"):
            return False
        low, high = self._bounds()
        return low <= int(written) <= high

    def _may_become_number(self, written: bytes) -> bool:
        """Whether digits can be added, or none, to reach a whole number in the range; no needless zeros."""
        low, high = self._bounds()
        if written[:1] == b"-":
            low, high, written = -high, -low, written[1:]
            if not written:
                return high > 0
            low = max(low, 1)
        if not written.isdigit() or len(written) > LONGEST_NUMBER:
            return False
        if written[:1] == b"0":
            return written == b"0" and low <= 0 <= high
        return any(
            int(written) * 10**more <= high and (int(written) + 1) * 10**more - 1 >= low
            for more in range(LONGEST_NUMBER - len(written) + 1)
        )

    def _bounds(self) -> tuple[int, int]:
        limit = 10**LONGEST_NUMBER - 1
        low, high = self.constraint.minimum, self.constraint.maximum
        return (-limit if low is None else low), (limit if high is None else high)


class Grammars:
    """The grammars in use, by constraint; the least recently used are forgotten."""

    def __init__(self, vocabulary: Vocabulary, most: int = 512) -> None:
        self._vocabulary, self._most = vocabulary, most
        self._found: OrderedDict[Constraint, Grammar] = OrderedDict()

    def of(self, constraint: Constraint) -> Grammar:
        """Grammar of a constraint, with the masks that were computed for it before."""
        grammar = self._found.pop(constraint, None) or Grammar(constraint, self._vocabulary)
        self._found[constraint] = grammar
        if len(self._found) > self._most:
            self._found.popitem(last=False)
        return grammar
