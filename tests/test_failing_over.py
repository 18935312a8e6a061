"""Endpoints that serve rubbish, ask for rest, or deliver late: others stand in, and nothing goes astray."""

import asyncio
import json
import time
from typing import Any

import pytest
from aiohttp import web

from simulator.backends.conformance import request
from simulator.backends.openai_api import OpenAIBackend, retrying, transport
from simulator.protocols.interface import Completion
from tests.endpoints import FREE, application, backend, said, using


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)


def _wanted(body: dict[str, Any]) -> bool:
    """Whether this is a question of these tests, and no proof of an ability."""
    return str(body["messages"][-1]["content"]).startswith("Q ")


def test_an_endpoint_that_serves_a_page_of_html_rests_while_another_answers():
    asked = []

    async def rubbish(_: web.Request, body: dict[str, Any]) -> web.Response:
        if _wanted(body):
            asked.append(body)
            return web.Response(text="<html>login</html>", content_type="text/html")
        return web.json_response(said())

    async def well(_: web.Request, body: dict[str, Any]) -> web.Response:
        return web.json_response(said())

    with application(rubbish) as bad, application(well) as good:
        made = OpenAIBackend("m", model="mock", endpoints=[{"url": bad, "weight": 9}, {"url": good}])

        async def ask(opened: OpenAIBackend) -> list[Completion]:
            return [await opened.complete(request(f"Q {n}", **FREE)) for n in range(40)]

        replies = using(made, ask)
    # Tried again elsewhere at once; after two failures in a row it rests for 2 s, far longer than the others take.
    assert [reply.text for reply in replies] == ["Hello."] * 40
    assert max(len(reply.attempts) for reply in replies) == 2
    assert len(asked) < 20


def test_a_503_that_says_when_to_come_back_is_believed_where_every_endpoint_says_so():
    came: dict[int, list[float]] = {0: [], 1: []}

    def maintained(place: int) -> Any:
        async def answer(_: web.Request, body: dict[str, Any]) -> web.Response:
            if _wanted(body):
                came[place].append(time.monotonic())
                if len(came[place]) == 1:
                    return web.json_response({"error": "maintenance"}, status=503, headers={"Retry-After": "1"})
            return web.json_response(said())

        return answer

    with application(maintained(0)) as one, application(maintained(1)) as two:
        reply = using(backend(one, two), lambda opened: opened.complete(request("Q 1", **FREE)))
    assert [attempt.error_kind for attempt in reply.attempts] == ["server", "server", None]
    [again] = [times for times in came.values() if len(times) == 2]
    assert again[1] - again[0] >= 0.95


GEMINI = "You exceeded your current quota, please check your plan and billing details. Please retry in 0.1s."


@pytest.mark.parametrize(
    ("content", "headers", "kind"),
    [
        ([{"error": {"message": GEMINI, "details": [{"retryDelay": "0.1s"}]}}], {}, "rate_limit"),
        ({"error": {"message": "You exceeded your current quota."}}, {"Retry-After": "0.1"}, "rate_limit"),
        ({"error": {"message": "Too many requests."}}, {}, "rate_limit"),
        ({"error": {"message": "You exceeded your current quota."}}, {}, "denied"),
        ({"error": {"message": "No.", "code": "insufficient_quota"}}, {"Retry-After": "0.1"}, "denied"),
    ],
)
def test_a_quota_of_a_minute_is_told_from_credit_that_is_used_up(content, headers, kind):
    times: list[float] = []

    async def limited(_: web.Request, body: dict[str, Any]) -> web.Response:
        if _wanted(body):
            times.append(time.monotonic())
            if len(times) == 1:
                return web.json_response(content, status=429, headers=headers)
        return web.json_response(said())

    with application(limited) as url:
        reply = using(backend(url), lambda opened: opened.complete(request("Q 1", **FREE)))
    assert [attempt.error_kind for attempt in reply.attempts] == [kind, None]
    if kind == "rate_limit" and "0.1" in json.dumps([content, headers]):
        assert times[1] - times[0] >= 0.095


@pytest.mark.parametrize("ids", [False, True])
def test_a_reply_that_is_delivered_again_later_goes_to_nobody(ids, monkeypatch):
    # The second copy comes 20 ms after the first, when the connection could carry another request again; on a busy
    # machine it comes later, so the long rest of connections whose replies have no ids is longer here.
    monkeypatch.setattr(transport, "LONG_REST", 5.0)
    count, late = 0, set()
    replies: dict[str, Completion] = {}

    async def twice(asked: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        nonlocal count
        count += 1
        content = said(body["messages"][-1]["content"]) | {"id": f"reply {count if ids else 0}"}
        if not (_wanted(body) and count % 5 == 0):
            await asyncio.sleep(0.03)
            return web.json_response(content)
        text = json.dumps(content).encode()
        response, transport = web.Response(body=text, content_type="application/json"), asked.transport

        async def again() -> None:
            await asyncio.sleep(0.02)
            if transport and not transport.is_closing():
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
                transport.write(head.encode() + text)

        late.add(asyncio.create_task(again()))
        return response

    with application(twice) as url:

        async def ask(opened: OpenAIBackend) -> None:
            names = iter(range(120))

            async def one_after_another() -> None:
                for n in names:
                    replies[f"Q {n}"] = await opened.complete(request(f"Q {n}", **FREE))

            await asyncio.gather(*[one_after_another() for _ in range(6)])

        using(backend(url, tries={"malformed": 50, "network": 50}), ask)
    assert len(replies) == 120
    assert {wanted: reply.text for wanted, reply in replies.items()} == {wanted: wanted for wanted in replies}


def test_json_that_is_nested_without_end_is_no_reply():
    async def deep(_: web.Request, body: dict[str, Any]) -> web.Response:
        if _wanted(body):
            return web.Response(text="[" * 100_000 + "]" * 100_000, content_type="application/json")
        return web.json_response(said())

    with application(deep) as url:
        made = backend(url, tries={"malformed": 1})
        reply = using(made, lambda opened: opened.complete(request("Q 1", **FREE)))
    assert [attempt.error_kind for attempt in reply.attempts] == ["malformed"] * 2
    assert "nested too deeply" in str(reply.last.error)
