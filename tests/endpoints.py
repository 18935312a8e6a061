"""Endpoints of a few lines each, and backends that are opened at them for one piece of work."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from simulator.backends.openai_api import OpenAIBackend
from simulator.decoding import Decoding

FREE = {"decoding": Decoding(max_tokens=64)}
"""What a request of :mod:`simulator.backends.conformance` needs to ask for free text."""

Answer = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]
"""What an endpoint does with a request and its JSON."""


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
    """A backend of the model ``mock`` at these endpoints."""
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

    runner, port = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def proven(opened: OpenAIBackend) -> Any:
    """What an open backend has proved."""
    return opened.proven


def flaky(broken: Callable[[int], web.Response | None]) -> Answer:
    """An endpoint that says what the request says, unless ``broken`` has another response to the n-th request."""
    count = 0

    async def answer(_: web.Request, body: dict[str, Any]) -> web.Response:
        nonlocal count
        count += 1
        return broken(count) or web.json_response(said(f"{body.get('seed')}") | {"id": f"reply {count}"})

    return answer


def error(status: int, **headers: str) -> web.Response:
    """A failure as endpoints tell it."""
    return web.json_response({"error": {"message": "no"}}, status=status, headers=headers)
