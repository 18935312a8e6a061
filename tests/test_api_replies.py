"""What is read from replies, and which are not accepted."""

import asyncio
import math
from typing import Any

import pytest
from aiohttp import web

from simulator.backends.conformance import request
from simulator.backends.openai_api import OpenAIBackend, retrying
from simulator.backends.openai_api.forms import plain_text
from simulator.backends.openai_api.labels import label_logprobs
from simulator.backends.openai_api.replies import Usage, read_usage
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Completion
from tests.endpoints import FREE, application, backend, said, using
from tests.fault_server import serving


def test_thoughts_are_kept_apart_from_the_reply():
    forms = {
        "field": said("Answer: 2", reasoning_content="Hm."),
        "other": said("Answer: 2", reasoning="Hm."),
        "tags": said("<think>Hm.</think>\nAnswer: 2"),
        "open": said("Hm.</think>Answer: 2"),
    }
    for body in forms.values():
        body["usage"]["completion_tokens_details"] = {"reasoning_tokens": 1}

    async def think(_: web.Request, body: dict[str, Any]) -> web.Response:
        return web.json_response(forms.get(body["messages"][-1]["content"], said()))

    with application(think) as url:

        async def ask(opened: OpenAIBackend) -> list[Completion]:
            return [await opened.complete(request(name, **FREE)) for name in forms]

        replies = using(backend(url), ask)
    assert {(reply.text, reply.last.reasoning, reply.last.reasoning_tokens) for reply in replies} == {
        ("Answer: 2", "Hm.", 1)
    }


def test_replies_that_are_not_accepted_are_typed_and_kept():
    forms = {
        "refusal": (said("", refusal="I cannot."), "refusal", "I cannot."),
        "filter": (said("Ans", finish="content_filter"), "filtered", "Ans"),
        "cut": (said("Answer: 2: ri", finish="length"), "truncated", "Answer: 2: ri"),
        "nobody": ({"model": "mock", "choices": []}, "malformed", None),
        "stranger": (said("Hi.", model="other"), "malformed", "Hi."),
    }

    async def answer(_: web.Request, body: dict[str, Any]) -> web.Response:
        return web.json_response(forms.get(body["messages"][-1]["content"], (said(),))[0])

    with application(answer) as url:

        async def ask(opened: OpenAIBackend) -> dict[str, Completion]:
            return {name: await opened.complete(request(name, **FREE)) for name in forms}

        replies = using(backend(url, tries={"malformed": 1}), ask)
    for name, (_, kind, text) in forms.items():
        assert (replies[name].last.error_kind, replies[name].last.text) == (kind, text), name
    assert replies["cut"].text == "Answer: 2: ri"
    assert replies["refusal"].text is None
    assert [len(replies[name].attempts) for name in ("refusal", "cut", "nobody")] == [1, 1, 2]


def test_labels_that_were_not_seen_have_bounds_and_no_zero():
    # Shown are A with 0.6, B with 0.3 and I with 0.05: 0.05 is unseen, and no unseen token can have more than that.
    shown = {"A": 0.6, "B": 0.3, "I": 0.05}
    top = [{"token": token, "logprob": math.log(p), "bytes": None} for token, p in shown.items()]

    async def rate(_: web.Request, body: dict[str, Any]) -> web.Response:
        reply = said("A")
        if body.get("logprobs"):
            reply["choices"][0]["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
        return web.json_response(reply)

    wanted = request(ability="label_logprobs", labels=("A", "B", "C", "Interesting"))
    with application(rate) as url:
        reply = using(backend(url), lambda opened: opened.complete(wanted))
    assert reply.logprobs is not None
    assert reply.bounds is not None
    assert {label: round(math.exp(value), 6) for label, (value,) in reply.logprobs.items()} == {"A": 0.6, "B": 0.3}
    assert {label: round(math.exp(value), 6) for label, value in reply.bounds.items()} == {
        "C": 0.05,
        "Interesting": 0.1,  # I may be its beginning
    }
    assert reply.outside == pytest.approx(0.1)


def test_replies_whose_ids_come_again_are_replies_of_their_own():
    # Ollama draws its ids from a thousand numbers: among 200 replies about 20 ids come twice.
    count = 0

    async def draw(_: web.Request, body: dict[str, Any]) -> web.Response:
        nonlocal count
        count += 1
        return web.json_response(said(body["messages"][-1]["content"]) | {"id": f"chatcmpl-{count * count % 999}"})

    with application(draw) as url:

        async def ask(opened: OpenAIBackend) -> list[Completion]:
            assert opened.proven.unique_ids
            return await asyncio.gather(*[opened.complete(request(f"Q {n}", **FREE)) for n in range(200)])

        replies = using(backend(url), ask)
    assert [reply.text for reply in replies] == [f"Q {n}" for n in range(200)]
    assert all(len(reply.attempts) == 1 for reply in replies)


def test_thoughts_that_are_counted_in_the_total_alone_are_paid_for():
    told = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 112}
    assert read_usage({"usage": told}).output == 102
    assert read_usage({"usage": told | {"total_tokens": 12}}).output == 2


def test_a_number_that_was_cut_is_no_answer():
    number = Constraint(minimum=0, maximum=20)
    assert plain_text(number, '{"answer": 1}') == "1"
    assert plain_text(number, '{"answer": 1') is None
    free = Constraint(minimum=0, maximum=20, suffix=" because ", free_tokens=8)
    assert plain_text(free, '{"answer": 1, "explanation": "it is') == "1 because it is"
    assert plain_text(free, '{"answer": 1') is None


def test_a_token_that_was_drawn_bounds_nothing():
    # Completions show the two likeliest and the one that was drawn: an unseen token can have 0.3, not only 0.01.
    shown = [("A", math.log(0.5)), ("B", math.log(0.3)), ("Z", math.log(0.01))]
    assert math.exp(label_logprobs(shown, ["C"], 2)[1]["C"]) == pytest.approx(0.19)  # 1 - 0.5 - 0.3 - 0.01
    shown[1] = ("B", math.log(0.1))
    assert math.exp(label_logprobs(shown, ["C"], 2)[1]["C"]) == pytest.approx(0.1)


def test_the_end_of_a_turn_is_refused_instead_of_left_out():
    with serving() as server:
        wanted = request(ability="score", labels=("A", "B"), end_of_turn=True)
        reply = using(backend(server.url), lambda opened: opened.complete(wanted))
    assert reply.last.error_kind == "rejected"


def test_a_greedy_reply_that_breaks_its_constraint_is_not_asked_for_for_ever(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)

    async def stubborn(_: web.Request, body: dict[str, Any]) -> web.Response:
        return web.json_response(said("I like parks."))

    wanted = request(decoding=Decoding(temperature=0.0), constraint=Constraint(("yes", "no")))
    with application(stubborn) as url:
        reply = using(backend(url), lambda opened: opened.complete(wanted))
    assert [attempt.error_kind for attempt in reply.attempts] == ["malformed"] * 2


def test_a_reply_that_thinking_left_no_room_for_says_what_to_set():
    async def think(_: web.Request, body: dict[str, Any]) -> web.Response:
        return web.json_response(said("", finish="length"))

    with application(think) as url:
        reply = using(backend(url), lambda opened: opened.complete(request(**FREE)))
    assert reply.last.error_kind == "truncated"
    assert "reasoning: {budget: 2000}" in str(reply.last.error)


def _spoken(*tokens: tuple[str, float], finish: str = "stop") -> dict[str, Any]:
    """A reply of these tokens with their log-probabilities, each beside A with -3 and B with -4."""
    beside = [{"token": "A", "logprob": -3.0}, {"token": "B", "logprob": -4.0}]
    content = [
        {"token": token, "logprob": value, "top_logprobs": [{"token": token, "logprob": value}, *beside]}
        for token, value in tokens
    ]
    reply = said("".join(token for token, _ in tokens), finish=finish)
    reply["choices"][0]["logprobs"] = {"content": content}
    return reply


def _replying(forms: dict[str, dict[str, Any]], other: dict[str, Any], **settings: Any) -> dict[str, Completion]:
    """What an endpoint's replies are read as, asked for one after another by their names."""

    async def answer(_: web.Request, body: dict[str, Any]) -> web.Response:
        return web.json_response(forms.get(body["messages"][-1]["content"], other))

    with application(answer) as url:

        async def ask(opened: OpenAIBackend) -> dict[str, Completion]:
            return {name: await opened.complete(request(name, **FREE)) for name in forms}

        found: dict[str, Completion] = using(backend(url, **settings), ask)
    return found


def test_half_a_surrogate_pair_becomes_a_mark_that_can_be_stored():
    half = chr(0xD83D)
    forms = {
        "text": said(f"So {half}"),
        "thoughts": said("So \ufffd", reasoning_content=half),
        "refusal": said("", refusal=f"No {half}"),
        "model": said(model=half) | {"id": half},
        "finish": said("So \ufffd", finish=half),
        "error": {"error": {"message": half}},
    }
    replies = _replying(forms, said(), tries={"malformed": 0})
    assert {replies[name].text for name in ("text", "thoughts", "finish")} == {"So \ufffd"}
    for reply in replies.values():
        for attempt in reply.attempts:
            for told in (attempt.text, attempt.error, attempt.reasoning, attempt.finish_reason):
                (told or "").encode()


def test_numbers_that_cannot_be_are_not_believed():
    assert read_usage({"usage": {"prompt_tokens": 2**70, "completion_tokens": 3}}) == Usage(output=3)
    forms = {"low": _spoken(("A", -(10**400))), "fine": _spoken(("A", -0.5))}
    replies = _replying(forms, _spoken(("A", -0.1)), logprobs=True, tries={"malformed": 0})
    assert (replies["low"].last.error_kind, replies["low"].last.logprob) == ("malformed", None)
    assert replies["fine"].last.logprob == -0.5


@pytest.mark.parametrize("budget", [0, 500])
def test_thoughts_that_the_prompt_began_and_the_limit_cut_are_no_answer(budget):
    # A reply that ended its thoughts without beginning them tells that the prompt does that; so does a budget.
    forms = {
        "whole": said("Hm.</think>Answer: 2"),
        "cut": said("Answer: 1 would be one way, but", finish="length"),
        "apart": said("Answer: 2, bec", finish="length", reasoning_content="Hm."),
    }
    names = ["cut", "apart"] if budget else list(forms)
    replies = _replying({name: forms[name] for name in names}, said(), reasoning={"budget": budget})
    cut = replies["cut"]
    assert (cut.text, cut.last.error_kind) == ("", "truncated")
    assert cut.last.reasoning == "Answer: 1 would be one way, but"
    assert replies["apart"].text == "Answer: 2, bec"


def test_a_reply_that_was_cut_is_kept_where_nothing_speaks_of_thoughts():
    assert _replying({"cut": said("Answer: 2, bec", finish="length")}, said())["cut"].text == "Answer: 2, bec"


def test_log_probabilities_of_a_reply_are_without_those_of_its_thoughts():
    thoughts = (("<think>", -0.1), ("A?", -4.0), ("</think>", -0.1), ("\n\n", -0.2))
    forms = {
        "tags": _spoken(*thoughts, ("A", -0.5), (" b", -0.25)),
        "end": _spoken(*thoughts, ("A", -0.5), (" b", -0.25), ("</s>", -7.0)),
        "astray": _spoken(*thoughts, ("A b", -0.5)),
        "none": _spoken(("A", -0.5), (" b", -0.25)),
    }
    forms["end"]["choices"][0]["message"]["content"] = "<think>A?</think>\n\nA b"
    forms["astray"]["choices"][0]["message"]["content"] = "<think>A?</think>\n\nA c"
    replies = _replying(forms, _spoken(("A", -0.1)), logprobs=True, tries={"malformed": 0})
    assert {name: replies[name].last.logprob for name in forms} == {
        "tags": -0.75,
        "end": -0.75,
        "astray": None,
        "none": -0.75,
    }
    assert replies["astray"].last.error_kind == "malformed"


def test_labels_are_read_where_the_thoughts_have_ended():
    reply = _spoken(("<think>", -0.1), ("A seems odd", -4.0), ("</think>", -0.1), ("B", -0.5))
    reply["choices"][0]["logprobs"]["content"][3]["top_logprobs"] = [
        {"token": "B", "logprob": math.log(0.6)},
        {"token": "A", "logprob": math.log(0.3)},
    ]

    async def rate(_: web.Request, body: dict[str, Any]) -> web.Response:
        return web.json_response(reply)

    wanted = request(ability="label_logprobs", labels=("A", "B"))
    with application(rate) as url:
        found = using(backend(url, reasoning={"budget": 100}), lambda opened: opened.complete(wanted))
    assert found.logprobs is not None
    assert {label: round(math.exp(value), 6) for label, (value,) in found.logprobs.items()} == {"A": 0.3, "B": 0.6}
