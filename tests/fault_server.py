"""An OpenAI-compatible server for tests that derives every reply from its prompt and does what servers do wrong.

``python -m tests.fault_server --port 8123 --all 0.1`` serves until it is stopped; tests use :func:`serving`.

Which request meets which fault follows from the plan's seed, the request's body and how often that body has come,
so a run repeats whatever the order of arrival. Faults are drawn independently of each other; of several that befall
one request, one decides the reply, and slowness comes on top.
"""

import argparse
import asyncio
import hashlib
import json
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.batch_desk import BatchDesk
from tests.chat_bodies import chat_reply, completion_reply, vllm_extras
from tests.derived_reply import Asked, asked, reply, turns_of

STATUS = {
    "bad_request": 400,
    "unauthorised": 401,
    "not_found": 404,
    "rate_limit": 429,
    "rate_limit_mute": 429,
    "server_error": 500,
    "unavailable": 503,
}
"""Faults that are a status code; ``rate_limit`` says when to come back, ``rate_limit_mute`` does not."""
BROKEN = (
    *("refused", "reset", "truncated_json", "wrong_json", "empty_choices", "html", "wrong_model", "hang"),
    *("duplicate",),
)
FAULTS = (*STATUS, *BROKEN, "slow")
"""Every fault, by name."""


@dataclass(frozen=True)
class Plan:
    """What goes wrong, and how often."""

    rates: dict[str, float] = field(default_factory=dict)
    """Fault -> share of requests in [0, 1]; faults not named do not happen."""
    seed: int = 0
    """Distinguishes two plans with the same rates."""
    latency_s: float = 0.0
    """Seconds that every reply takes; a slow one takes ten times as long, and 0.05 at least."""
    retry_after: str = "0.2"
    """What ``Retry-After`` says, in seconds or as an HTTP date."""
    refuse_s: float = 0.03
    """Seconds for which nobody listens after a refusal."""
    copy_after_s: float = 0.0
    """Seconds after which the second copy of a duplicate comes."""
    own_ids: bool = True
    """Whether replies have ids of their own; all have the same one otherwise."""
    only_interviews: bool = True
    """Whether requests that ask no persona anything (checks of what the server can do) are spared."""
    dead_after: int | None = None
    """Number of requests after which every one fails with 503."""
    abilities: frozenset[str] = frozenset(("logprobs", "structured", "echo", "prompt_logprobs", "seed"))
    """What the server understands; the rest it ignores, as servers do."""
    model: str = "mock"
    """The one model there is."""
    key: str | None = None
    """API key that requests must carry."""
    batch: dict[str, float] = field(default_factory=dict)
    """What goes wrong in batches: rows ``missing``, ``twice``, ``bad_request``, ``server_error``; ``expired`` is the
    share of batches that end unfinished."""
    batch_polls: int = 2
    """How many times a batch is looked at before it is done."""


@dataclass(frozen=True, slots=True)
class Event:
    """One request as the server saw it."""

    persona: str
    question: str
    seed: int | None
    fault: str | None
    """What decided the reply; ``None`` when it was given in good order."""
    at: float
    """Monotonic seconds of its arrival."""
    body: str
    """Digest of the body."""
    interview: bool
    """Whether a person was asked, not the server's abilities."""


class FaultServer:
    """The application, with a ledger of what came in and what was done to it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ledger: list[Event] = []
        self.in_flight = self.peak = 0
        self.interviews = 0
        """Requests that asked a person something, so far."""
        self.port = 0
        self.batches = BatchDesk(plan.batch, plan.seed, plan.batch_polls, self.answer)
        self._seen: Counter[str] = Counter()
        self._hurried = 0
        self._listening: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._released = asyncio.Event()
        self._hurry = asyncio.Event()
        self._waits = _nobody

    @property
    def url(self) -> str:
        """Base address as clients want it."""
        return f"http://127.0.0.1:{self.port}/v1"

    def faults(self) -> Counter[str | None]:
        """How often each fault decided a reply."""
        return Counter(event.fault for event in self.ledger)

    # -- moments that a test chooses ------------------------------------------------------------------------------

    def hold(self, whom: int | Callable[[int, Asked], bool]) -> None:
        """Let requests of interviews wait for their replies from now on, until :meth:`let_go`.

        Parameters
        ----------
        whom : int or callable
            After how many more requests all wait, those that are under way among them; or which do, by number (from
            1) and what is asked of whom.
        """
        if callable(whom):
            self._waits = whom
        else:
            answered = range(self.interviews + 1, self.interviews + 1 + whom)
            self._waits = lambda number, _: number not in answered

    def let_go(self) -> None:
        """Answer everybody."""
        self._waits = _nobody

    def listen_again(self) -> None:
        """End a refusal before its time."""
        self._loop.call_soon_threadsafe(self._hurry.set)

    # -- serving -------------------------------------------------------------------------------------------------

    async def start(self, port: int = 0) -> web.AppRunner:
        """Listen on loopback; the port is chosen when it is 0."""
        application = web.Application(client_max_size=1 << 30)
        application.add_routes(
            [
                web.post("/v1/chat/completions", self._chat),
                web.post("/v1/completions", self._completions),
                web.get("/v1/models", self._models),
                *self.batches.routes(),
            ]
        )
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._loop = asyncio.get_running_loop()
        self._runner = runner
        self.port = port
        await self._listen()
        return runner

    async def _listen(self) -> None:
        assert self._runner.server is not None
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            self._runner.server, "127.0.0.1", self.port, backlog=4096, reuse_address=True
        )
        self.port = self._listening.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Let go of those who hang, and end."""
        self._released.set()
        self._hurry.set()
        self.let_go()
        if self._reopening:
            await self._reopening
        assert self._listening is not None
        self._listening.close()
        await self._runner.cleanup()

    def _refuse_for_a_moment(self) -> None:
        if self._reopening is None or self._reopening.done():
            assert self._listening is not None
            self._listening.close()
            self._reopening = asyncio.create_task(self._reopen())

    async def _reopen(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), self.plan.refuse_s)
        await self._listen()

    # -- replies -------------------------------------------------------------------------------------------------

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """The right reply to a chat body."""
        able = self.plan.abilities
        heard = dict(body)
        if "structured" not in able:
            for name in ("response_format", "guided_choice", "structured_outputs"):
                heard.pop(name, None)
        if "seed" not in able:
            heard["seed"] = random.getrandbits(32)
        said = chat_reply(heard, reply(heard), self.plan.model, logprobs="logprobs" in able)
        return said | (vllm_extras(heard) if "prompt_logprobs" in able else {})

    def _decide(self, digest: str, time: int) -> tuple[str | None, bool]:
        """The fault that decides this request, and whether it is slow as well."""
        rng = random.Random(f"{self.plan.seed} {digest} {time}")
        met = [name for name in FAULTS if rng.random() < self.plan.rates.get(name, 0.0)]
        slow = "slow" in met
        met = [name for name in met if name != "slow"]
        return (rng.choice(met) if met else None), slow

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """The reply to a text that is to be continued."""
        return completion_reply(body, "echo" in self.plan.abilities)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._handle(request, self.answer)

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        return await self._handle(request, self.complete)

    async def _models(self, request: web.Request) -> web.Response:
        if refused := self._unauthorised(request):
            return refused
        if self._dead:
            return _error(503, "gone")
        model = {"id": self.plan.model, "object": "model", "created": 0, "owned_by": "tests", "max_model_len": 8192}
        return web.json_response({"object": "list", "data": [model]})

    @property
    def _dead(self) -> bool:
        return self.plan.dead_after is not None and len(self.ledger) >= self.plan.dead_after

    def _unauthorised(self, request: web.Request) -> web.Response | None:
        if self.plan.key is None or request.headers.get("Authorization") == f"Bearer {self.plan.key}":
            return None
        return _error(401, "invalid key")

    async def _handle(self, request: web.Request, answer: Any) -> web.StreamResponse:
        if refused := self._unauthorised(request):
            return refused
        raw = await request.read()
        body = json.loads(raw)
        if body.get("model") != self.plan.model:
            return _error(404, f"The model {body.get('model')!r} does not exist.")
        digest = hashlib.blake2b(raw, digest_size=12).hexdigest()
        who = asked(body["messages"] if "messages" in body else turns_of(body["prompt"]))
        self._seen[digest] += 1
        fault, slow = None, False
        if self._dead:
            fault = "unavailable"
        elif who.is_interview or not self.plan.only_interviews:
            fault, slow = self._decide(digest, self._seen[digest])
        now = asyncio.get_running_loop().time()
        self.ledger.append(Event(who.persona, who.question, body.get("seed"), fault, now, digest, who.is_interview))
        self.interviews += who.is_interview
        number = self.interviews
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            while who.is_interview and self._waits(number, who):
                await asyncio.sleep(0.01)
            if self.plan.latency_s or slow:
                await asyncio.sleep(max(self.plan.latency_s * 10, 0.05) if slow else self.plan.latency_s)
            return await self._respond(request, fault, answer(body))
        finally:
            self.in_flight -= 1

    async def _respond(self, request: web.Request, fault: str | None, right: dict[str, Any]) -> web.StreamResponse:
        if fault in STATUS:
            headers = {"Retry-After": self.plan.retry_after} if fault == "rate_limit" else {}
            return _error(STATUS[fault], f"injected {fault}", headers)
        if fault == "hang":
            await self._released.wait()
            raise asyncio.CancelledError
        if fault == "html":
            return web.Response(text="<html><body>502 Bad Gateway</body></html>", content_type="text/html")
        if fault == "wrong_json":
            return web.json_response({"ok": True})
        if fault == "empty_choices":
            return web.json_response(right | {"choices": []})
        if fault == "wrong_model":
            return web.json_response(right | {"model": "somebody-else"})
        text = json.dumps(right if self.plan.own_ids else right | {"id": "x"}).encode()
        if fault == "truncated_json":
            return web.Response(body=text[: len(text) // 2], content_type="application/json")
        if fault == "refused":
            self._hurried = 20
            self._refuse_for_a_moment()
            return _cut(request)
        response = web.Response(body=text, content_type="application/json")
        if fault == "reset":
            return await _reset_mid_body(request, text)
        if fault == "duplicate":
            await response.prepare(request)
            await response.write_eof()
            if request.transport is not None:
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
                copied = asyncio.get_running_loop().call_later
                copied(self.plan.copy_after_s, request.transport.write, head.encode() + text)
            return response
        if self._hurried:  # after a refusal clients must connect anew, so that they meet the closed door
            self._hurried -= 1
            response.force_close()
        return response


def _nobody(_: int, __: Asked) -> bool:
    return False


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    kind = "invalid_request_error" if status < 429 else "server_error"
    return web.json_response({"error": {"message": message, "type": kind}}, status=status, headers=headers)


def _cut(request: web.Request) -> web.Response:
    """Break the connection without a word."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, not FIN
        request.transport.abort()
    return web.Response()


async def _reset_mid_body(request: web.Request, text: bytes) -> web.StreamResponse:
    """Promise the whole body, send half of it, reset the connection."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(text))})
    await response.prepare(request)
    await response.write(text[: len(text) // 2])
    await asyncio.sleep(0.005)  # long enough for the half to leave
    _cut(request)
    return response


@contextmanager
def serving(plan: Plan = Plan()) -> Iterator[FaultServer]:
    """A server on a free loopback port, in a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fault server", daemon=True)
    thread.start()

    async def make() -> FaultServer:
        server = FaultServer(plan)
        await server.start()
        return server

    server = asyncio.run_coroutine_threadsafe(make(), loop).result(60)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _serve(plan: Plan, port: int) -> None:
    server = FaultServer(plan)
    await server.start(port)
    print(server.url, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve until stopped; the first line printed is the base address."""
    parser = argparse.ArgumentParser(description="OpenAI-compatible server with faults, for tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--all", type=float, default=0, help="share of requests that each fault befalls")
    for name in FAULTS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=float)
    wanted = vars(parser.parse_args())
    rates = {name: wanted["all"] if wanted[name] is None else wanted[name] for name in FAULTS}
    asyncio.run(_serve(Plan(rates=rates, latency_s=wanted["latency_ms"] / 1000), wanted["port"]))


if __name__ == "__main__":
    main()
