"""What a request may wish of the engine."""

from collections.abc import Generator
from dataclasses import dataclass

from simulator.backends.llama_cpp.context import Logits
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.protocols.interface import Completion


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens to evaluate at the end of a sequence, as a prompt: in calls of their own."""

    sequence: Sequence
    tokens: list[int]


@dataclass(frozen=True, slots=True)
class Step:
    """One token for each of some sequences, which may share the call with other requests' tokens."""

    tokens: tuple[tuple[Sequence, int], ...]


Wish = Piece | Step
Wishes = Generator[Wish, list[Logits], Completion]
"""Receives the logits after a piece, or after each token of a step; they are valid until the next wish."""
