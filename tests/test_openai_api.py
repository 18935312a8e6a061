"""The backend for OpenAI-compatible endpoints, against real servers on loopback."""

import asyncio
import json
import math
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from demoscope.errors import BackendError, DocumentError, WavePaused
from simulator.backends.conformance import check, request
from simulator.backends.openai_api import OpenAIBackend, retrying
from simulator.backends.openai_api.forms import plain_text
from simulator.backends.openai_api.labels import label_logprobs
from simulator.backends.openai_api.replies import read_usage
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.doctor_wave import examine_models
from simulator.protocols.interface import Completion
from simulator.run import run_wave
from simulator.store import Store
from simulator.wave import load_wave
from tests.fault_server import Plan, serving
from tests.faulty_wave import write_wave

SECRET_HEADERS = ("x-api-key", "apikey", "X-ApiKey", "X-Auth", "x-goog-apikey", "X-Access-Pass")
FREE = {"decoding": Decoding(max_tokens=64)}
Answer = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


def using(backend: OpenAIBackend, work: Callable[[OpenAIBackend], Awaitable[Any]]) -> Any:
    """What ``work`` makes of the open backend."""

    async def run() -> Any:
        try:
            await backend.open()
            return await work(backend)
        finally:
            await backend.close()

    return asyncio.run(run())


def backend(*urls: str, **settings: Any) -> OpenAIBackend:
    return OpenAIBackend("m", endpoints=[{"url": url} for url in urls], **{"model": "mock", **settings})


def said(text: str = "Hello.", *, finish: str = "stop", model: str = "mock", **message: Any) -> dict[str, Any]:
    """A chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
    usage = {"prompt_tokens": 10, "completion_tokens": 2}
    return {"model": model, "choices": [choice], "usage": usage}


@contextmanager
def application(answer: Answer) -> Iterator[str]:
    """A bare server with one route; its base URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> tuple[web.AppRunner, int]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await answer(request, await request.json())

        app = web.Application()
        app.add_routes([web.post("/v1/chat/completions", handle)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, runner.addresses[0][1]

    runner, port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_it_keeps_to_every_rule_of_the_interface():
    with serving() as server:
        assert using(backend(server.url), check) == []


def test_what_an_endpoint_ignores_is_not_proved():
    with serving(Plan(abilities=frozenset({"seed"}))) as server:
        proven = using(backend(server.url), _proven)
    assert (proven.structured, proven.top_logprobs, proven.score) == (None, 0, None)
    assert proven.seed
    assert {"logprobs", "constrained replies", "score"} <= set(proven.missing)
    with serving(Plan(abilities=frozenset({"logprobs"}))) as server:
        assert not using(backend(server.url), _proven).seed


async def _proven(opened: OpenAIBackend) -> Any:
    return opened.proven


def test_a_key_reaches_the_endpoint_and_nothing_else(monkeypatch, tmp_path):
    key = "sk-very-secret-0123456789"
    monkeypatch.setenv("TEST_KEY", key)
    file = tmp_path / "key"
    file.write_text(key + "\n")
    with serving(Plan(key=key)) as server:
        for place in ({"key_env": "TEST_KEY"}, {"key_file": str(file)}):
            made = OpenAIBackend("m", model="mock", endpoints=[{"url": server.url, **place}])
            reply = using(made, lambda opened: opened.complete(request(**FREE)))
            assert reply.last.error is None
            assert key not in repr(made.settings) + repr(made.card()) + repr(reply)
        with pytest.raises(BackendError) as caught:
            using(backend(server.url), _proven)
    assert "401" in str(caught.value)


def test_a_key_that_an_endpoint_repeats_is_cut_out_of_its_error(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-parrot-42")

    async def parrot(request: web.Request, _: Any) -> web.Response:
        return web.json_response({"error": {"message": f"Bad {request.headers['Authorization']}"}}, status=401)

    with application(parrot) as url:
        made = OpenAIBackend("m", model="mock", endpoints=[{"url": url, "key_env": "TEST_KEY"}])
        with pytest.raises(BackendError) as caught:
            using(made, _proven)
    assert "[key]" in str(caught.value)
    assert "parrot-42" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://user:password@host/v1"},
        {"url": "https://host/v1?key=abc"},
        {"url": "host/v1"},
        {"url": "http://host/v1", "headers": {"Authorization": "Bearer sk-1"}},
        *({"url": "http://host/v1", "headers": {name: "sk-1"}} for name in SECRET_HEADERS),
        {"url": "http://host/v1", "key_env": "sk-1234-5678"},
        {"url": "http://host/v1", "key_file": "keys/mine"},
        {"url": "http://host/v1", "key_env": "A", "key_file": "/b"},
    ],
)
def test_an_endpoint_that_would_write_a_secret_down_is_refused_without_repeating_it(wrong):
    with pytest.raises(BackendError) as caught:
        OpenAIBackend("m", endpoints=[wrong])
    assert "sk-1" not in str(caught.value)
    assert "password@" not in str(caught.value)


def test_a_missing_key_is_named_by_its_place(monkeypatch, tmp_path):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    for place, words in (
        ({"key_env": "NO_SUCH_KEY"}, "environment variable NO_SUCH_KEY holds no key"),
        ({"key_file": str(tmp_path / "none")}, "cannot be read"),
    ):
        made = OpenAIBackend("m", model="mock", endpoints=[{"url": "http://127.0.0.1:9/v1", **place}])
        with pytest.raises(BackendError, match=words):
            using(made, _proven)


def test_a_model_that_is_not_named_is_the_only_one_the_endpoint_lists():
    with serving() as server:
        assert using(backend(server.url, model=None), _proven).names == {"mock"}


def test_endpoints_of_two_models_are_not_mixed():
    with serving() as one, serving(Plan(model="other")) as two:
        made = OpenAIBackend("m", endpoints=[{"url": one.url, "model": "mock"}, {"url": two.url, "model": "other"}])
        assert using(made, _proven).names == {"mock", "other"}  # whoever names both says that they are the same
        with pytest.raises(BackendError, match="do not have the same model"):
            using(backend(one.url, two.url, model=None), _proven)


def test_requests_are_shared_by_weight():
    with serving() as one, serving() as two:
        made = OpenAIBackend(
            "m", model="mock", endpoints=[{"url": one.url, "weight": 3}, {"url": two.url, "weight": 1}]
        )

        async def ask(opened: OpenAIBackend) -> list[Completion]:
            return [await opened.complete(request(f"Question {n}?", **FREE)) for n in range(40)]

        replies = using(made, ask)
    places = [reply.last.endpoint for reply in replies]
    assert sorted(places.count(place) for place in set(places)) == [10, 30]


def test_nobody_listening_pauses_and_does_not_look_like_a_mistake():
    with serving() as server:
        url = server.url
    with pytest.raises(WavePaused, match="does not answer"):
        using(backend(url, tries={"network": 0}), _proven)


def test_a_thousand_requests_are_under_way_at_once():
    with serving(Plan(latency_s=0.3)) as server:

        async def ask(opened: OpenAIBackend) -> list[Completion]:
            return await asyncio.gather(*[opened.complete(request(f"Q {n}?", **FREE)) for n in range(3000)])

        replies = using(backend(server.url, limits={"max_in_flight": 1000}), ask)
        assert all(reply.last.error is None for reply in replies)
        assert len({reply.text for reply in replies}) == 3000
        assert server.peak <= 1000


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


def test_a_bad_request_fails_alone_and_a_long_prompt_is_told_apart():
    async def refuse(_: web.Request, body: dict[str, Any]) -> web.Response:
        text = body["messages"][-1]["content"]
        if text == "long":
            error = {"message": "This model's maximum context length is 8 tokens", "code": "context_length_exceeded"}
            return web.json_response({"error": error}, status=400)
        if text == "bad":
            return web.json_response({"error": {"message": "no"}}, status=400)
        return web.json_response(said())

    with application(refuse) as url:

        async def ask(opened: OpenAIBackend) -> list[Completion]:
            return [await opened.complete(request(text, **FREE)) for text in ("bad", "long", "fine")]

        bad, long, fine = using(backend(url), ask)
    assert (bad.last.error_kind, bad.last.error, len(bad.attempts)) == ("rejected", "HTTP 400: no", 1)
    assert long.last.error_kind == "context"
    assert fine.text == "Hello."


def test_a_request_that_breaks_the_server_fails_alone_while_the_endpoint_lives():
    async def crash(_: web.Request, body: dict[str, Any]) -> web.Response:
        if body["messages"][-1]["content"] == "poison":
            return web.json_response({"error": "boom"}, status=500)
        return web.json_response(said())

    with application(crash) as url:
        made = backend(url, tries={"server": 1})
        reply = using(made, lambda opened: opened.complete(request("poison", **FREE)))
    assert [attempt.error_kind for attempt in reply.attempts] == ["server", "server"]


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


def test_the_doctor_says_what_the_endpoints_of_a_wave_can_do(tmp_path: Path):
    with serving() as server:
        [found] = examine_models(load_wave(write_wave(tmp_path, [server.url])))
        assert found.ok
        assert "mock by chat; proved generate, label_logprobs, score" in found.found
        [missing] = examine_models(load_wave(write_wave(tmp_path, [server.url], model="nobody")))
        assert not missing.ok
        assert "404" in missing.found


def test_a_store_is_bound_by_what_decides_answers_and_not_by_limits_and_prices(tmp_path: Path):
    def content(**settings: Any) -> str:
        return json.dumps(load_wave(write_wave(tmp_path, ["http://h/v1"], **settings)).content)

    assert content() == content(
        limits={"requests_per_minute": 5}, prices={"input": 1, "output": 2}, max_cost=3, timeout_s=9
    )
    assert content() != content(extra_body={"frequency_penalty": 1})
    with pytest.raises(DocumentError, match="max_cost needs prices"):
        content(max_cost=3)


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


def test_connections_that_are_opened_anew_cost_tries_and_never_the_wave(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)
    with serving(Plan(latency_s=0.01)) as server:

        async def ask(opened: OpenAIBackend) -> list[Completion]:
            [target] = opened._asking._attempts._targets  # type: ignore[union-attr]
            asked = [asyncio.create_task(opened.complete(request(f"Q {n}?", **FREE))) for n in range(300)]
            for _ in range(5):
                await asyncio.sleep(0.01)
                await target.endpoint.reconnect()
            return await asyncio.gather(*asked)

        replies = using(backend(server.url), ask)
    assert all(reply.last.error is None for reply in replies)
    assert {a.error_kind for reply in replies for a in reply.attempts} <= {None, "network"}


def test_two_requests_that_fail_together_fail_alone_while_the_endpoint_lives(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)

    async def crash(_: web.Request, body: dict[str, Any]) -> web.Response:
        if "poison" in body["messages"][-1]["content"]:
            return web.json_response({"error": "boom"}, status=500)
        return web.json_response(said())

    with application(crash) as url:

        async def ask(opened: OpenAIBackend) -> list[Completion]:
            return await asyncio.gather(*[opened.complete(request(f"poison {n}", **FREE)) for n in range(4)])

        replies = using(backend(url, tries={"server": 1}), ask)
    assert [reply.last.error_kind for reply in replies] == ["server"] * 4


def flaky(broken: Callable[[int], web.Response | None]) -> Answer:
    """An endpoint that says what the request says, unless ``broken`` has another response to the n-th request."""
    count = 0

    async def answer(_: web.Request, body: dict[str, Any]) -> web.Response:
        nonlocal count
        count += 1
        return broken(count) or web.json_response(said(f"{body.get('seed')}") | {"id": f"reply {count}"})

    return answer


def error(status: int, **headers: str) -> web.Response:
    return web.json_response({"error": {"message": "no"}}, status=status, headers=headers)


def test_a_wrong_name_in_one_of_the_first_replies_is_not_taken_for_the_models(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)
    for nth in (1, 2):
        with application(
            flaky(lambda n, nth=nth: web.json_response(said(model="other")) if n == nth else None)
        ) as url:
            assert using(backend(url), _proven).names == {"mock"}
    by_turns = flaky(lambda n: web.json_response(said(model="other")) if n % 2 else None)
    with (
        application(by_turns) as url,
        pytest.raises(BackendError, match=r"'other' \(4 of 7 replies\), 'mock' \(3 of"),
    ):
        using(backend(url), _proven)
    with application(by_turns) as url:
        assert using(backend(url, answers_as=["mock", "other"]), _proven).names == {"mock", "other"}
    with application(by_turns) as url, pytest.raises(BackendError, match="answers_as"):
        using(backend(url, answers_as=["third"]), _proven)


def test_faults_at_the_start_hide_no_ability(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)
    html = "<html>502</html>"
    broken = [error(503), error(401), web.Response(text=html, content_type="text/html")]
    for response in broken:
        made = flaky(lambda n, response=response: copy_of(response) if n % 3 else None)
        with application(made) as url:
            assert using(backend(url), _proven).seed


def copy_of(response: web.Response) -> web.Response:
    return web.Response(status=response.status, body=response.body, content_type=response.content_type)


def test_an_endpoint_that_is_down_at_the_start_pauses_and_one_that_refuses_is_a_mistake(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)
    with application(flaky(lambda _: error(503))) as url, pytest.raises(WavePaused, match="503"):
        using(backend(url), _proven)
    with application(flaky(lambda _: error(403))) as url, pytest.raises(BackendError, match="403"):
        using(backend(url), _proven)


def test_an_endpoint_that_is_away_at_the_start_is_named_and_the_others_do_all(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)
    with serving() as gone:
        away = gone.url
    with serving() as there:

        async def ask(opened: OpenAIBackend) -> tuple[Any, Completion]:
            return opened.card(), await opened.complete(request(**FREE))

        card, reply = using(backend(away, there.url), ask)
    assert reply.last.error is None
    assert card.digest is None
    assert [away in one for one in card.settings["absent"]] == [True]


def test_a_key_in_an_error_that_comes_with_status_200_is_cut_out(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-parrot-42")

    async def parrot(request: web.Request, body: dict[str, Any]) -> web.Response:
        if body["messages"][-1]["content"] == "leak":
            return web.json_response({"error": {"message": f"Bad {request.headers['Authorization']}"}})
        return web.json_response(said())

    with application(parrot) as url:
        made = OpenAIBackend(
            "m", model="mock", endpoints=[{"url": url, "key_env": "TEST_KEY"}], tries={"malformed": 0}
        )
        reply = using(made, lambda opened: opened.complete(request("leak", **FREE)))
    assert "[key]" in str(reply.last.error)
    assert "parrot-42" not in repr(reply)


def test_a_proxys_password_is_in_no_error(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://user:hush-hush@127.0.0.1:{port}")
        made = backend("https://model.example/v1", tries={"network": 0})
        try:
            with pytest.raises(WavePaused) as caught:
                await made.open()
        finally:
            server.close()
            await server.wait_closed()
        assert "407" in str(caught.value)
        assert "hush" not in str(caught.value)

    asyncio.run(run())


@pytest.mark.parametrize(
    "body",
    [{"api_key": "sk-1"}, {"extra": {"apiKey": "sk-1"}}, {"tools": [{"authorization": "sk-1"}]}, {"max_tokens": 9}],
)
def test_a_body_that_would_hold_a_secret_or_overrule_the_wave_is_refused(body):
    with pytest.raises(BackendError) as caught:
        backend("http://host/v1", extra_body=body)
    assert "sk-1" not in str(caught.value)
    harmless = {
        "prompt_cache_key": "a",
        "truncate_prompt_tokens": 1,
        "chat_template_kwargs": {"enable_thinking": False},
    }
    assert backend("http://host/v1", extra_body=harmless).settings.extra_body == harmless


def test_only_headers_that_the_wave_sets_are_sent(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-another")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Other: mine")
    seen: set[str] = set()

    async def listen(request: web.Request, _: dict[str, Any]) -> web.Response:
        seen.update(request.headers)
        return web.json_response(said())

    with application(listen) as url:
        using(OpenAIBackend("m", model="mock", endpoints=[{"url": url, "headers": {"X-Ours": "1"}}]), _proven)
    assert "X-Ours" in seen or "x-ours" in seen
    assert {name.lower() for name in seen} <= {
        *("host", "accept", "accept-encoding", "content-type", "content-length", "user-agent", "x-ours"),
    }


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


def test_rate_limit_headers_are_heard_with_good_replies_too():
    last = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300ms"}
    times: list[float] = []

    async def tell(_: web.Request, body: dict[str, Any]) -> web.Response:
        asked = body["messages"][-1]["content"] == "the last one"
        times.append(time.monotonic())
        return web.json_response(said(), headers=last if asked else {})

    with application(tell) as url:

        async def ask(opened: OpenAIBackend) -> None:
            for text in ("the last one", "next"):
                await opened.complete(request(text, **FREE))

        using(backend(url), ask)
    assert times[-1] - times[-2] >= 0.3


def test_a_greedy_reply_that_breaks_its_constraint_is_not_asked_for_for_ever(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)

    async def stubborn(_: web.Request, body: dict[str, Any]) -> web.Response:
        return web.json_response(said("I like parks."))

    wanted = request(decoding=Decoding(temperature=0.0), constraint=Constraint(("yes", "no")))
    with application(stubborn) as url:
        reply = using(backend(url), lambda opened: opened.complete(wanted))
    assert [attempt.error_kind for attempt in reply.attempts] == ["malformed"] * 2


def test_a_day_of_rest_pauses_the_wave_and_says_so():
    async def tired(_: web.Request, body: dict[str, Any]) -> web.Response:
        if body["messages"][-1]["content"] == "one more":
            return error(429, **{"Retry-After": "86400"})
        return web.json_response(said())

    with application(tired) as url, pytest.raises(WavePaused, match="1,440 minutes"):
        using(backend(url), lambda opened: opened.complete(request("one more", **FREE)))


def test_a_reply_that_thinking_left_no_room_for_says_what_to_set():
    async def think(_: web.Request, body: dict[str, Any]) -> web.Response:
        return web.json_response(said("", finish="length"))

    with application(think) as url:
        reply = using(backend(url), lambda opened: opened.complete(request(**FREE)))
    assert reply.last.error_kind == "truncated"
    assert "reasoning: {budget: 2000}" in str(reply.last.error)


def test_who_runs_a_wave_is_told_once_what_its_endpoints_have_not_proved(tmp_path: Path):
    told: list[tuple[str, ...]] = []
    with serving() as server, Store(tmp_path / "a.sqlite") as store:
        path = write_wave(tmp_path, [server.url], respondents=2, questions=1)
        run_wave(load_wave(path), store, now=lambda: "now", progress=lambda state: told.append(state.notices))
    [notice] = told[-1]
    assert "have not proved repetition_penalty, continued replies, so none of that is applied" in notice
