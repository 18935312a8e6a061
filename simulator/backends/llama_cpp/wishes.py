"""What a request may wish of the engine."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from simulator.backends.llama_cpp.sequence import Sequence
from simulator.backends.logits.sampling import Logits
from simulator.protocols.interface import Completion


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens to evaluate at the end of a sequence, as a prompt: in calls of their own."""

    sequence: Sequence
    tokens: list[int]
    wanted: int = 1
    """After how many of the last tokens the logits are wanted: 2 where one row more takes another kernel."""


@dataclass(frozen=True, slots=True)
class Step:
    """One token for each of some sequences, which may share the call with other requests' tokens."""

    tokens: tuple[tuple[Sequence, int], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of another shape than those, which the request makes itself when it has its turn."""

    make: Callable[[], list[Logits]]
    """Makes it; the logits that are wanted, or an exception of :data:`FAILURES`."""


Wish = Piece | Step | Call
Wishes = Generator[Wish, list[Logits], Completion]
"""Receives the logits after the end of a piece, each token of a step or of a call; valid until its next wish."""
