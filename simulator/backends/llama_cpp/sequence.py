"""One sequence of tokens and what the model made of it, evaluating only what it has not yet seen."""

from collections.abc import Callable
from collections.abc import Sequence as Tokens
from dataclasses import dataclass
from itertools import pairwise

from simulator.backends.llama_cpp.context import CHUNK, FAILURES, Context, Row, State
from simulator.backends.logits.sampling import Logits

FRESH = 2
"""A prompt's last tokens are evaluated anew, this many at least: single tokens may take another path through the
kernels, which changes the numbers."""

BLOCK = 256
"""Keys that llama.cpp looks at are rounded up to a multiple of so many."""
WORTH_A_CALL = 40
"""Tokens that save as much by seeing one block less as a further call costs."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a sequence held, outside the context."""

    tokens: tuple[int, ...]
    """Tokens that are evaluated."""
    kept: int
    """How many of them may serve the next prompt."""
    state: State
    """Their keys and values."""


class Sequence:
    """One place of a context, with keys and values kept from one prompt to the next.

    A reply must not depend on whether an interview was resumed or its sequence given away in between. So of what
    was evaluated token by token only that is kept which evaluation as a prompt would have left just so; the rest
    is evaluated again with the prompt that holds it.
    """

    def __init__(self, context: Context, number: int, *, keeps_replies: bool = False) -> None:
        self.number = number
        """Its number in the context."""
        self.tokens: list[int] = []
        """Tokens that are evaluated."""
        self.kept = 0
        """How many of them, from the first, may serve the next prompt."""
        self.keeps_replies = keeps_replies
        """Whether tokens evaluated one by one may serve the next prompt too."""
        self.conversation = ""
        """Name of the conversation that was here last."""
        self.busy = False
        """Whether a request is at work here."""
        self.used = 0
        """When it was last given to a request, in requests."""
        self._context = context

    def shared(self, prompt: Tokens[int], fresh: int = FRESH) -> int:
        """Tokens at the beginning of a prompt that need no evaluation; the last ``fresh`` always do."""
        limit = max(0, min(self.kept, len(prompt) - fresh))
        if self.tokens[:limit] == prompt[:limit]:
            return limit
        return next(n for n in range(limit) if self.tokens[n] != prompt[n])

    def rewind(self, prompt: Tokens[int]) -> list[int]:
        """Forget what is not the beginning of this prompt; the tokens that are still to be evaluated."""
        self.cut(self.shared(prompt))
        return list(prompt[len(self.tokens) :])

    def rewind_before(self, prompt: Tokens[int]) -> list[int]:
        """The same for a prompt without its last token; never a single token, and none if there is only one."""
        stem = prompt[:-1]
        self.cut(self.shared(stem, fresh=0))
        if len(stem) - len(self.tokens) == 1:
            self.cut(max(0, len(self.tokens) - 1))
        return list(stem[len(self.tokens) :]) if len(stem) > 1 else []

    def feed(self, tokens: Tokens[int], wanted: int = 1) -> list[Logits]:
        """Evaluate tokens at the end, at most :data:`CHUNK`, in a call of their own; the last logits."""
        first, at = len(tokens) - wanted, len(self.tokens)
        rows = (Row(token, at + n, self.number, wanted=n >= first) for n, token in enumerate(tokens))
        try:
            found = self._context.evaluate(rows)
        except FAILURES:
            self.forget()
            raise
        self.took(tokens)
        return found

    def took(self, tokens: Tokens[int]) -> None:
        """Note that tokens were evaluated at the end."""
        if self.kept == len(self.tokens) and (len(tokens) > 1 or self.keeps_replies):
            self.kept += len(tokens)
        self.tokens.extend(tokens)

    def cut(self, length: int) -> None:
        """Forget everything from position ``length`` on, or all where the model's state cannot be divided."""
        if length < len(self.tokens):
            whole = self._context.cut(self.number, length)
            del self.tokens[length if whole else 0 :]
            self.kept = min(self.kept, len(self.tokens))

    def forget(self) -> None:
        """Forget everything."""
        self._context.cut(self.number, 0)
        self.tokens, self.kept, self.conversation = [], 0, ""

    def become(self, other: "Sequence") -> None:
        """Hold what another sequence holds; nothing if that fails."""
        self._hold(other.tokens, other.kept, lambda: self._context.copy(other.number, self.number))

    def save(self) -> "Saved":
        """What it holds, to be put into any place later."""
        return Saved(tuple(self.tokens), self.kept, self._context.save(self.number))

    def restore(self, saved: "Saved") -> None:
        """Hold what was saved; nothing if that fails."""
        self._hold(saved.tokens, saved.kept, lambda: self._context.restore(self.number, saved.state))

    def _hold(self, tokens: Tokens[int], kept: int, fill: Callable[[], None]) -> None:
        try:
            fill()
        except FAILURES:
            self.forget()
            raise
        self.tokens, self.kept = list(tokens), kept


def pieces(count: int, held: int = 0, most: int = CHUNK) -> list[tuple[int, int]]:
    """Pieces of at most ``most`` tokens, none of them a single token unless there is only one.

    Attention looks at keys in whole blocks, up to the block in which a piece ends; so a piece ends with a block where
    that spares more than a call costs.

    Parameters
    ----------
    count : int
        Tokens to evaluate.
    held : int
        Tokens that the sequence holds already.
    most : int
        Tokens of a piece.

    >>> pieces(513), pieces(300, held=240)
    ([(0, 256), (256, 511), (511, 513)], [(0, 272), (272, 300)])
    """
    edges = [0]
    while edges[-1] < count:
        left = BLOCK - (held + edges[-1]) % BLOCK
        size = left if left >= WORTH_A_CALL else left + BLOCK
        edges.append(min(edges[-1] + min(size, most), count))
    if len(edges) > 2 and edges[-1] - edges[-2] == 1:
        edges[-2] -= 1
    return list(pairwise(edges))
