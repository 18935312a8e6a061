"""What a respondent remembers of its interview: the last exchanges, cleaned, and never above its capacity."""

import dataclasses
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.protocols.interface import Message
from simulator.refusal import RefusalTest, is_self_aware

Sampling = Literal["without_replacement", "with_replacement"]
"""How the items that are kept are chosen when there are too many."""

Stored = Literal["sentence", "paper", "code"]
"""How much of a reply is kept: the answer and the first sentence of the explanation; the paper's cut, which ends
before that sentence's full stop; or the slice of the published code with its degenerate cases."""

_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？]")


@dataclass(frozen=True, slots=True)
class MemoryRules:
    """How memory is cleaned, cut and sampled; the defaults are the profile ``demoscope``."""

    sampling: Sampling = "without_replacement"
    """``with_replacement`` may remember one exchange twice, as the published code does."""
    keep_order: bool = True
    """Whether kept items go back into the order in which they happened."""
    refusal_test: RefusalTest = "search"
    """How replies that speak as a language model are found; they are not remembered."""
    stored: Stored = "sentence"
    """How much of a reply is remembered."""


@dataclass(frozen=True, slots=True)
class MemoryItem:
    """One remembered exchange."""

    ordinal: int
    """Ordinal of the ``answer`` exchange of its question, whichever exchange the answer was read from."""
    request: Message
    """What was asked, from ``Request:`` on, as a user turn."""
    answer: Message
    """What was answered, as an assistant turn."""


@dataclass(frozen=True, slots=True)
class Memory:
    """At most ``capacity`` exchanges; what was dropped once never comes back.

    >>> memory = Memory(capacity=1).after(0, "Request: Tea?", "Answer: 1: yes\\nExplanation: Warm. Nice.")
    >>> [(item.ordinal, item.answer.text) for item in memory.items]
    [(0, 'Answer: 1: yes\\nExplanation: Warm.')]
    """

    capacity: int
    """Most items remembered between two questions, at least 0."""
    rules: MemoryRules = MemoryRules()
    """How it is cleaned, cut and sampled."""
    items: tuple[MemoryItem, ...] = ()
    """What is remembered, in the order in which it is told."""

    def after(self, ordinal: int, request: str, reply: str) -> "Memory":
        """Memory with one more exchange, unless its reply has no ``Answer: `` or speaks as a language model."""
        if self.capacity == 0 or "Answer: " not in reply or is_self_aware(reply, self.rules.refusal_test):
            return self
        asked = Message("user", request[max(request.find("Request:"), 0) :])
        answered = Message("assistant", stored_answer(reply, self.rules.stored))
        return dataclasses.replace(self, items=(*self.items, MemoryItem(ordinal, asked, answered)))

    @property
    def overfull(self) -> bool:
        """Whether something must be forgotten before the next question."""
        return len(self.items) > self.capacity

    def forgetting(self, rng: np.random.Generator) -> "Memory":
        """Memory cut to its capacity by sampling; unchanged when it is not overfull.

        Parameters
        ----------
        rng : numpy.random.Generator
            Derived from the key of respondent and question, so that a replay forgets the same.
        """
        if not self.overfull:
            return self
        kept = rng.choice(
            len(self.items), size=self.capacity, replace=self.rules.sampling == "with_replacement"
        ).tolist()
        if self.rules.keep_order:
            kept.sort()
        return dataclasses.replace(self, items=tuple(self.items[place] for place in kept))

    def without_older_half(self) -> "Memory":
        """Memory without the older half of its items (the larger half of an odd number)."""
        dropped = {item.ordinal for item in sorted(self.items, key=_ordinal)[: (len(self.items) + 1) // 2]}
        return dataclasses.replace(self, items=tuple(item for item in self.items if item.ordinal not in dropped))

    @property
    def ordinals(self) -> tuple[int, ...]:
        """Ordinals of the remembered exchanges, in the order in which they are told."""
        return tuple(item.ordinal for item in self.items)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The remembered exchanges as turns of a conversation."""
        return tuple(turn for item in self.items for turn in (item.request, item.answer))


def _ordinal(item: MemoryItem) -> int:
    return item.ordinal


def stored_answer(reply: str, stored: Stored = "sentence") -> str:
    """What is kept of a reply that contains ``Answer: ``.

    >>> stored_answer("Sure. Answer: 2\\nExplanation: I pay 3.5 % tax. It hurts.")
    'Answer: 2\\nExplanation: I pay 3.5 % tax.'
    >>> stored_answer("Answer: 2\\nBecause.")
    'Answer: 2'

    References
    ----------
    Memory of the Diversity-Enhanced Framework, as the paper and its published code have it.
    """
    start = reply.find("Answer: ")
    if stored == "code":
        stop = reply.find(".", reply.find("Explanation:"))
        return reply[start : max(stop, reply.rfind("\n", 0, stop))]
    reply = reply[start:]
    explained = reply.find("Explanation:")
    if explained < 0:
        return reply.partition("\n")[0].rstrip()
    if stored == "paper":
        stop = reply.find(".", explained)
        return (reply[:stop] if stop >= 0 else reply).rstrip()
    end = _SENTENCE_END.search(reply, explained)
    return (reply[: end.end()] if end else reply).rstrip()
