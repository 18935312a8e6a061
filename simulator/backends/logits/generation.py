"""One reply in the making: logits in, the tokens to evaluate next out. Knows nothing of contexts or batches.

So the same rules drive one sequence at a time or many in one batch::

    logits = evaluate(prompt + generation.opening)
    while not generation.finish_reason:
        logits = evaluate(generation.advance(logits))
"""

import codecs
import copy
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.backends.logits.grammar import Grammar
from simulator.backends.logits.sampling import Chance, choose, logprob
from simulator.backends.logits.vocabulary import Vocabulary
from simulator.decoding import Decoding


class Generation:
    """A reply that grows token by token.

    Under a grammar, text that must come is written without asking the model, in the tokens that the tokeniser
    would use; the last of them is left to the model and the mask, because the tokeniser may want to join it to
    what follows. The free text after an answer ends at a line end.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        decoding: Decoding,
        prompt: Sequence[int],
        rng: Chance,
        *,
        stop: Sequence[str] = (),
        grammar: Grammar | None = None,
    ) -> None:
        self.tokens: list[int] = []
        """Tokens of the reply so far, forced ones among them."""
        self.logprob = 0.0
        """Natural log-probability, before masks and decoding, of the tokens that the model chose."""
        self.length = 1 if grammar else 0
        """Choices by which replies of different lengths are compared: tokens that the model chose, an end of turn
        among them. A constrained answer is one choice, however many tokens it takes."""
        self.finish_reason: str | None = None
        """``stop`` or ``length`` when the reply is complete."""
        self._vocabulary, self._decoding, self._prompt = vocabulary, decoding, prompt
        self.rng = rng
        """Where its draws come from."""
        self._grammar = grammar
        self._state = grammar.start if grammar else frozenset()
        self._written = bytearray()
        self._free_from = None if grammar else 0  # byte from which the text is free
        self._limit = decoding.max_tokens
        self._stops = [text.encode() for text in stop if text] + ([b"\n"] if grammar else [])
        self.opening = self._force()
        """Tokens to evaluate right after the prompt."""

    @property
    def text(self) -> str:
        """The reply: cut before a stop string, without the beginning of a character that never ended."""
        return codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self._written))

    def advance(self, logits: NDArray[np.float32]) -> list[int]:
        """Choose the next token; the tokens to evaluate, none when the reply is complete.

        Parameters
        ----------
        logits : numpy.ndarray, shape (n_vocab,)
            What the model says after everything so far.
        """
        token = choose(logits, self._decoding, self.seen, self.rng, self.allowed)
        return self.take(token, logprob(logits, token))

    def take(self, token: int, logprob: float) -> list[int]:
        """Go on with a token that was chosen; the tokens to evaluate, none when the reply is complete.

        Parameters
        ----------
        token : int
            One of those allowed.
        logprob : float
            Its natural log-probability, before masks and decoding.
        """
        self.logprob += logprob
        self.length += self._free_from is not None
        if token in self._vocabulary.end_set:
            self.finish_reason = "stop"
            return []
        self._write(token)
        forced = [] if self.finish_reason else self._force()
        return [] if self.finish_reason else [token, *forced]

    def fork(self, rng: Chance | None = None) -> "Generation":
        """A reply of its own that begins like this one; it draws from ``rng`` if one is given."""
        twin = copy.copy(self)
        twin.tokens, twin._written = list(self.tokens), bytearray(self._written)
        twin.rng = self.rng if rng is None else rng
        return twin

    @property
    def ends(self) -> int:
        """How many tokens end a reply."""
        return len(self._vocabulary.end_set)

    @property
    def mean_logprob(self) -> float:
        """Log-probability of the choices by their number, by which samples are compared."""
        return self.logprob / self.length

    @property
    def left(self) -> int:
        """Tokens that may still come where any may, at most."""
        return self._limit - len(self.tokens)

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts that end it where anything may come."""
        return tuple(stop.decode() for stop in self._stops)

    @property
    def allowed(self) -> NDArray[np.int64] | None:
        """The only tokens that may come next, in ascending order; ``None`` where any may."""
        if self._grammar is None or self._free_from is not None:
            return None
        return self._grammar.allowed(self._state)

    @property
    def seen(self) -> NDArray[np.int64]:
        """Tokens of prompt and reply so far; none where no penalty asks for them."""
        if self._decoding.repetition_penalty in (None, 1):
            return np.array([], dtype=np.int64)
        return np.array([*self._prompt, *self.tokens], dtype=np.int64)

    def _write(self, token: int) -> None:
        """Take one token into the reply and see whether that ends it."""
        piece = self._vocabulary.pieces[token]
        self.tokens.append(token)
        before = len(self._written)
        self._written += piece
        if self._grammar is not None and self._free_from is None:
            for position, byte in enumerate(piece, start=before):
                self._state = self._grammar.step(self._state, byte)
                if self._grammar.is_free(self._state):
                    self._begin_free_text(position + 1)
                    break
            else:
                if self._grammar.must_end(self._state):
                    self.finish_reason = "stop"
        if self._free_from is not None:
            self._end_free_text(before)

    def _begin_free_text(self, position: int) -> None:
        assert self._grammar is not None
        self._free_from = position
        crossing = int(position < len(self._written))  # a token that began before belongs to the free text too
        free = self._grammar.constraint.free_tokens - crossing
        self._limit = len(self.tokens) + max(0, min(free, self._decoding.max_tokens - len(self.tokens)))

    def _end_free_text(self, before: int) -> None:
        assert self._free_from is not None
        longest = max(map(len, self._stops), default=0)
        start = max(self._free_from, before - longest + 1)
        found = [at for stop in self._stops if (at := self._written.find(stop, start)) >= 0]
        if found:
            del self._written[min(found) :]
            self.finish_reason = "stop"
        elif len(self.tokens) >= self._limit:
            self.finish_reason = "length"

    def _force(self) -> list[int]:
        """Write what must come; the tokens that did it."""
        tokens: list[int] = []
        while self._grammar is not None and self._free_from is None and not self.finish_reason:
            following = self._forced_tokens(self._grammar)
            if not following:
                break
            for token in following:
                self._write(token)
            tokens += following
        return tokens

    def _forced_tokens(self, grammar: Grammar) -> list[int]:
        text = grammar.forced(self._state)
        if text and grammar.must_end(grammar.advance(self._state, text)):
            return self._vocabulary.continuation(text)
        whole = _whole_characters(text)
        sure = self._vocabulary.continuation(whole)[:-1] if whole else []
        if sure:
            return sure
        allowed = grammar.allowed(self._state)
        return allowed.tolist() if len(allowed) == 1 else []


def _whole_characters(text: bytes) -> bytes:
    """The whole characters at the beginning of some bytes of UTF-8, which may begin and end within one.

    >>> _whole_characters("né".encode()[:2])
    b'n'
    """
    if text[:1] and text[0] & 0xC0 == 0x80:
        return b""
    return codecs.getincrementaldecoder("utf-8")().decode(text).encode()
