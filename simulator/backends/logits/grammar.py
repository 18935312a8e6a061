"""The grammar of a constraint: an automaton over bytes that says which tokens may come next.

A state is the set of ways in which the text so far can still become an allowed reply. It works on bytes, so any
tokenisation of an allowed text is allowed, and an answer cut in the middle of a character by a token is no
trouble. Only what may really come is walked, so a mask costs microseconds however large the vocabulary; inside a
string of JSON, where nearly everything may come, it is put together from tables.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.backends.logits.parts import Free, Text, Way, parts
from simulator.backends.logits.strings import StringTokens
from simulator.backends.logits.vocabulary import Vocabulary
from simulator.constraint import AnyConstraint

Ids = NDArray[np.int64]
State = frozenset[Way]


class Grammar:
    """All replies that a constraint allows, in terms of one vocabulary."""

    def __init__(self, constraint: AnyConstraint, vocabulary: Vocabulary) -> None:
        self.constraint = constraint
        """What is allowed."""
        self._vocabulary = vocabulary
        self._masks: dict[State, Ids] = {}  # inside a string, only of the tokens that leave it
        self.start: State = _settled([parts(constraint)])
        """The state of an empty reply."""

    def step(self, state: State, byte: int) -> State:
        """State after one more byte; empty when no allowed reply begins so."""
        return _settled((left, *way[1:]) for way in state if way and (left := way[0].step(byte)) is not None)

    def advance(self, state: State, text: bytes) -> State:
        """State after some bytes."""
        for byte in text:
            state = self.step(state, byte)
        return state

    def may_end(self, state: State) -> bool:
        """Whether the text so far is an allowed reply."""
        return () in state

    def is_free(self, state: State) -> bool:
        """Whether answer and suffix are complete, so that anything may follow."""
        return any(isinstance(part, Free) for part, *_ in filter(None, state))

    def must_end(self, state: State) -> bool:
        """Whether nothing may follow."""
        return not self._next_bytes(state)

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
        strings = self._vocabulary.string_tokens
        state = frozenset(_in_reach(way, strings) for way in state)
        inside = next((way for way in state if way and isinstance(way[0], Text)), None)
        mask = self._masks.get(state)
        if mask is None:
            tokens = set(self._vocabulary.ends.tolist()) if self.may_end(state) else set()
            self._walk(state - {inside}, b"", tokens)
            tokens.update(self._closing(inside) if inside else ())
            mask = self._masks[state] = np.array(sorted(tokens), dtype=np.int64)
        if inside and isinstance(text := inside[0], Text):
            return strings.mask(text.phase, text.most, tuple(mask.tolist()))
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

    def _closing(self, way: Way) -> list[int]:
        """The tokens that go on inside a string, close it and continue with what follows it."""
        text, *after = way
        assert isinstance(text, Text)
        closed = _settled([tuple(after)])
        return [
            token
            for (characters, rest), tokens in self._vocabulary.string_tokens.at(text.phase).closing.items()
            if text.fewest <= characters <= text.most and self.advance(closed, rest)
            for token in tokens
        ]

    def _next_bytes(self, state: State) -> set[int]:
        return {byte for way in state if way for byte in way[0].following()}


def _settled(ways: Iterable[Way]) -> State:
    """Ways whose first part waits for a byte, or that are complete: all others replaced by what may follow."""
    settled: set[Way] = set()
    open_ways, seen = list(ways), set[Way]()
    while open_ways:
        way = open_ways.pop()
        if way in seen:
            continue
        seen.add(way)
        if not way or way[0].following():
            settled.add(way)
        if way:
            open_ways += (instead + way[1:] for instead in way[0].ways())
    return frozenset(settled)


def _in_reach(way: Way, strings: StringTokens) -> Way:
    """A way as single tokens see it: of two lengths of a string that the same tokens fit into, one is enough."""
    if not way or not isinstance(way[0], Text):
        return way
    text, fitting = way[0], strings.at(way[0].phase)
    beyond = fitting.lengths[-1] + 1 if fitting.lengths else 0
    return replace(text, fewest=min(text.fewest, beyond), most=fitting.reach(text.most)), *way[1:]


class Grammars:
    """The grammars in use, by constraint; the least recently used are forgotten."""

    def __init__(self, vocabulary: Vocabulary, most: int = 512) -> None:
        self._vocabulary, self._most = vocabulary, most
        self._found: OrderedDict[AnyConstraint, Grammar] = OrderedDict()

    def of(self, constraint: AnyConstraint) -> Grammar:
        """Grammar of a constraint, with the masks that were computed for it before."""
        grammar = self._found.pop(constraint, None) or Grammar(constraint, self._vocabulary)
        self._found[constraint] = grammar
        if len(self._found) > self._most:
            self._found.popitem(last=False)
        return grammar
