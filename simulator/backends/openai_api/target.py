"""An endpoint as a place to send to: its turn, its health, and the replies that it gave."""

import hashlib
import json
from collections import deque
from dataclasses import dataclass, field

from simulator.backends.openai_api.endpoint import Endpoint

REMEMBERED = 10_000
"""Replies that are remembered, to know one that is delivered twice."""


@dataclass(eq=False)
class Target:
    """An endpoint as a place to send to."""

    endpoint: Endpoint
    model: str
    """What it calls the model."""
    weight: float
    names: frozenset[str]
    """Names by which its replies may call the model."""
    unique_ids: bool
    """Whether its replies have ids of their own, so that one that comes twice was delivered twice."""
    opens_thoughts: bool
    """Whether its prompts may begin thoughts that the reply ends: room was given for some, or replies showed it."""
    credit: float = 0.0
    """How much it is its turn."""
    failures: int = 0
    """Failures since its last reply."""
    rests_until: float = 0.0
    """Clock reading until which others go first."""
    held_until: float = 0.0
    """Clock reading before which it asked not to be asked again."""
    latest: deque[bytes] = field(default_factory=deque)
    """Digests of its latest replies, oldest first."""
    known: set[bytes] = field(default_factory=set)
    """The same digests."""

    def delivers_twice(self, content: object) -> bool:
        """Whether this whole reply came before, id and all; it is remembered.

        The id alone says little: Ollama draws it from a thousand numbers.
        """
        digest = hashlib.blake2b(json.dumps(content).encode(), digest_size=16).digest()
        if digest in self.known:
            return True
        self.known.add(digest)
        self.latest.append(digest)
        if len(self.latest) > REMEMBERED:
            self.known.discard(self.latest.popleft())
        return False
