"""The embedded model in tests: asking it, evaluating on it by hand, and llama.cpp's own class on the same weights."""

import asyncio
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.context import Context
from simulator.backends.llama_cpp.library import amx_guard
from simulator.backends.llama_cpp.sequence import Sequence, pieces
from simulator.backends.llama_cpp.settings import KV_TYPES
from simulator.backends.llama_cpp.weights import kv_type
from simulator.backends.logits.sampling import Logits
from simulator.backends.logits.vocabulary import Vocabulary
from simulator.decoding import Decoding
from simulator.protocols.interface import Completion, Message, Request

GREEDY = Decoding(do_sample=False, max_tokens=24)

TOPICS = [
    "family",
    "politics",
    "work",
    "religion",
    "health",
    "the press",
    "the law",
    "food",
    "friends",
    "leisure time",
]


def opened(name: str, **settings: Any) -> Any:
    """A fixture of a module: a local model with these settings, closed when the module is done."""

    @pytest.fixture(scope="module")
    def backend() -> Iterator[LlamaCppBackend]:
        model = LlamaCppBackend(name, **settings)
        yield model
        asyncio.run(model.close())

    return backend


@pytest.fixture(scope="module")
def llama_of_backend(backend: LlamaCppBackend) -> Iterator[Any]:
    """llama.cpp's own class on the weights of a module's model; assign it to ``llama``."""
    with llama_class(backend, n_ctx=512) as model:
        yield model


@pytest.fixture(scope="module")
def vocabulary_of_backend(backend: LlamaCppBackend) -> Vocabulary:
    """The vocabulary of a module's model; assign it to ``vocabulary``."""
    return backend.model.vocabulary


@pytest.fixture
def ask_backend(backend: LlamaCppBackend) -> Callable[[Request], Completion]:
    """Asks a module's model; assign it to ``ask``."""
    return lambda wanted: asyncio.run(backend.complete(wanted))


def conversation(topic: str) -> tuple[Message, ...]:
    return (
        Message("system", "Act as a citizen of Austin, Texas. Pick one choice and explain it."),
        Message("user", f"How important is {topic} in your life? 1: very, 2: rather, 3: not very, 4: not at all"),
    )


def completions(backend: LlamaCppBackend, requests: list[Request]) -> list[Completion]:
    """All of them asked at the same time."""

    async def gather() -> list[Completion]:
        return await asyncio.gather(*map(backend.complete, requests))

    return asyncio.run(gather())


def said(reply: Completion) -> tuple[object, ...]:
    """Everything of a completion that must not depend on company; log-probabilities to the last bit."""
    last = reply.last
    assert last.error is None, last.error
    return reply.text, last.logprob, last.completion_tokens, last.finish_reason, reply.logprobs, reply.outside


def all_at_once(backend: LlamaCppBackend, requests: list[Request]) -> list[tuple[object, ...]]:
    return list(map(said, completions(backend, requests)))


def one_by_one(backend: LlamaCppBackend, requests: list[Request]) -> list[tuple[object, ...]]:
    return [said(asyncio.run(backend.complete(wanted))) for wanted in requests]


async def interview(
    backend: LlamaCppBackend, number: int, questions: int, decoding: Decoding, known: tuple[str, ...] = ()
) -> list[str]:
    """Questions with memory; what is known of a resumed interview is not asked again."""
    turns: tuple[Message, ...] = (Message("system", f"Act as a {20 + number} year old citizen of Reno, Nevada."),)
    replies = list(known)
    for n, topic in enumerate(TOPICS[:questions]):
        turns += (Message("user", f"How important is {topic} in your life?"),)
        if n >= len(known):
            wanted = Request("answer", n, turns, decoding, seed=100 * number + n, conversation=f"r{number}")
            reply = await backend.complete(wanted)
            assert reply.text is not None, reply.last.error
            replies.append(reply.text)
        turns += (Message("assistant", replies[n]),)
    return replies


def same_alone_evicted_or_resumed(
    numbers: tuple[int, ...],
    places: tuple[int, int],
    questions: int,
    decode: Callable[[int], Decoding],
    **settings: Any,
) -> None:
    """Interviews on many places, on few, and each begun anew after its first answer: the same answers."""

    async def wave(sequences: int) -> list[list[str]]:
        backend = LlamaCppBackend("smol", context=512, sequences=sequences, **settings)
        many = await asyncio.gather(*(interview(backend, n, questions, decode(n)) for n in numbers))
        await backend.close()
        return list(many)

    async def resumed(whole: list[list[str]]) -> None:
        backend = LlamaCppBackend("smol", context=512, sequences=places[1], **settings)
        for number, replies in zip(numbers, whole, strict=True):
            assert await interview(backend, number, questions, decode(number), tuple(replies[:1])) == replies
        await backend.close()

    whole = asyncio.run(wave(places[0]))
    assert asyncio.run(wave(places[1])) == whole
    asyncio.run(resumed(whole))


@contextmanager
def apart(backend: LlamaCppBackend, **changed: int) -> Iterator[Context]:
    """A context beside the engine's, on the same weights and with the same settings."""
    room = dataclasses.replace(backend.capacity, **{"sequences": 2, "branches": 0, **changed})
    context = Context(backend.model, backend.settings, room)
    yield context
    context.close()


def evaluated(sequence: Sequence, tokens: list[int], wanted: int = 1) -> list[Logits]:
    """The logits after each of the last ``wanted`` tokens at the end of a sequence, however many there are."""
    found: list[Logits] = []
    for start, stop in pieces(len(tokens)):
        here = min(stop - start, max(0, wanted - (len(tokens) - stop)))
        rows = sequence.feed(tokens[start:stop], max(here, min(2, wanted, stop - start)) if here else 0)
        found += [row.copy() for row in rows[len(rows) - here :]]
    return found


def begun(sequence: Sequence, prompt: list[int]) -> Logits:
    """The logits after a prompt, of which nothing is evaluated that the sequence holds."""
    return evaluated(sequence, sequence.rewind(prompt))[0]


@contextmanager
def llama_class(backend: LlamaCppBackend, **settings: Any) -> Iterator[Any]:
    """``llama_cpp.Llama`` on the weights of a backend, kept out of AMX buffers where that crashes."""
    import llama_cpp

    defaults = llama_cpp.llama_model_default_params

    def guarded() -> Any:
        params = defaults()
        if amx_guard():
            params.use_extra_bufts = False
        return params

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("llama_cpp.llama_cpp.llama_model_default_params", guarded)
        keys = KV_TYPES[kv_type(backend.settings)]
        opened = llama_cpp.Llama(
            str(backend.model.path), n_threads=1, n_threads_batch=1, verbose=False, type_k=keys, **settings
        )
    yield opened
    opened.close()


def llama_row(llama: Any) -> Logits:
    """The logits after the last token that the class evaluated."""
    import llama_cpp

    row = llama_cpp.llama_get_logits_ith(llama._ctx.ctx, -1)
    return np.ctypeslib.as_array(row, shape=(llama.n_vocab(),)).copy()


def greedy(llama: Any, prompt: list[int], ends: frozenset[int], most: int) -> tuple[list[int], list[float]]:
    """Tokens that the class writes after a prompt, an end among them, and the lead of each over the second best."""
    llama.reset()
    llama.eval(prompt)
    tokens: list[int] = []
    leads: list[float] = []
    while len(tokens) < most:
        row = llama_row(llama)
        second, first = np.partition(row, -2)[-2:]
        tokens.append(int(row.argmax()))
        leads.append(float(first - second))
        if tokens[-1] in ends:
            break
        llama.eval(tokens[-1:])
    return tokens, leads
