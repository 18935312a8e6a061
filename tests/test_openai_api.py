"""The backend for OpenAI-compatible endpoints, against real servers on loopback."""

import asyncio
import json
import resource
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiohttp import web

from demoscope.errors import DocumentError, WavePaused
from simulator.backends.conformance import check, request
from simulator.backends.openai_api import OpenAIBackend, retrying
from simulator.backends.openai_api.transport import Transport
from simulator.loading import load_wave
from simulator.protocols.interface import Completion
from simulator.run import run_wave
from simulator.store import Store
from tests.endpoints import FREE, application, backend, error, said, using
from tests.fault_server import Plan, serving
from tests.faulty_wave import write_wave


def test_it_keeps_to_every_rule_of_the_interface():
    with serving() as server:
        assert using(backend(server.url), check) == []


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


@pytest.fixture
def many_files():
    """As many files as a thousand connections take at both of their ends; some systems begin with 1,024."""
    most, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, min(allowed, 8192)), allowed))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, allowed))


def test_a_thousand_requests_are_under_way_at_once(many_files):
    with serving(Plan(latency_s=0.3)) as server:

        async def ask(opened: OpenAIBackend) -> list[Completion]:
            return await asyncio.gather(*[opened.complete(request(f"Q {n}?", **FREE)) for n in range(3000)])

        replies = using(backend(server.url, limits={"max_in_flight": 1000}), ask)
        assert all(reply.last.error is None for reply in replies)
        assert len({reply.text for reply in replies}) == 3000
        assert server.peak <= 1000


def test_interviews_take_turns_so_that_none_is_left_to_finish_alone(tmp_path: Path):
    # Two places for six people with three questions each: every first question comes before any third.
    with serving(Plan(latency_s=0.01)) as server, Store(tmp_path / "a.sqlite") as store:
        path = write_wave(tmp_path, [server.url], respondents=6, questions=3, limits={"max_in_flight": 2})
        run_wave(load_wave(path), store, now=lambda: "now")
        wordings = [wording for (wording,) in store.execute("SELECT text FROM questions ORDER BY id")]
        asked = [event.question for event in server.ledger if event.interview]
    places = [[n for n, question in enumerate(asked) if question == wording] for wording in wordings]
    assert [len(place) for place in places] == [6, 6, 6]
    assert max(places[0]) < min(places[2])


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


def test_a_store_is_bound_by_what_decides_answers_and_not_by_limits_and_prices(tmp_path: Path):
    def content(**settings: Any) -> str:
        return json.dumps(load_wave(write_wave(tmp_path, ["http://h/v1"], **settings)).content)

    assert content() == content(
        limits={"requests_per_minute": 5}, prices={"input": 1, "output": 2}, max_cost=3, timeout_s=9
    )
    assert content() != content(extra_body={"frequency_penalty": 1})
    with pytest.raises(DocumentError, match="max_cost needs prices"):
        content(max_cost=3)
    with pytest.raises(DocumentError, match="two endpoints have the same url"):
        load_wave(write_wave(tmp_path, ["http://h/v1", "http://h"]))


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


def test_a_reply_that_is_being_read_while_connections_are_opened_anew_is_a_failure_of_the_network():
    async def slowly(http: web.Request, _: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100"})
        await response.prepare(http)
        await response.write(b"{")
        await asyncio.Event().wait()
        return response

    async def exchange(url: str) -> None:
        transport = Transport(url, {}, heard=lambda _: None)
        asked = asyncio.create_task(
            transport.handle_async_request(httpx2.Request("POST", f"{url}/chat/completions", json={}))
        )
        async with asyncio.timeout(60):
            while not transport._read:  # the head of the reply has come
                await asyncio.sleep(0.001)
        await transport.reconnect()
        try:
            with pytest.raises(httpx2.ReadError):
                await asked
        finally:
            await transport.aclose()

    with application(slowly) as url:
        asyncio.run(exchange(url))


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


def test_a_day_of_rest_pauses_the_wave_and_says_so():
    async def tired(_: web.Request, body: dict[str, Any]) -> web.Response:
        if body["messages"][-1]["content"] == "one more":
            return error(429, **{"Retry-After": "86400"})
        return web.json_response(said())

    with application(tired) as url, pytest.raises(WavePaused, match="1,440 minutes"):
        using(backend(url), lambda opened: opened.complete(request("one more", **FREE)))
