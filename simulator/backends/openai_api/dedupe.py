"""``dedupe: greedy``: what chance has no part in is asked once, and its reply is shared."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

from simulator.protocols.interface import Completion, Request

SHARED = "shared_with"
"""Name under ``applied`` of the seed of the exchange that was really sent."""


class Deduped:
    """Sends a greedy request once; whoever asks the same again gets the same reply, recorded as shared.

    Requests are the same when everything is that could change a greedy reply: ability, prompt, decoding, form,
    stops and labels; the persona is part of the prompt. A request with chance in it is never shared: equal people
    draw for themselves. A reply that failed is not shared either; the next one asks anew.

    Parameters
    ----------
    complete : callable
        Asks the endpoint.
    sampling : bool
        Whether the endpoint heeds a temperature; without that no reply is greedy.
    """

    def __init__(self, complete: Callable[[Request], Awaitable[Completion]], *, sampling: bool = True) -> None:
        self._complete = complete
        self._sampling = sampling
        self._replies: dict[bytes, tuple[int, Completion]] = {}
        self._asking: dict[bytes, asyncio.Future[None]] = {}

    async def complete(self, request: Request) -> Completion:
        """The completion of a request, its own or a shared one."""
        if request.ability == "generate" and not (self._sampling and request.decoding.greedy):
            return await self._complete(request)
        key = identity(request)
        while (under_way := self._asking.get(key)) is not None:
            await asyncio.shield(under_way)
        known = self._replies.get(key)
        if known is not None:
            seed, completion = known
            return _shared(completion, seed)
        self._asking[key] = asyncio.get_running_loop().create_future()
        try:
            completion = await self._complete(request)
            if completion.last.error is None:
                self._replies[key] = request.seed, completion
            return completion
        finally:
            self._asking.pop(key).set_result(None)


def identity(request: Request) -> bytes:
    """Digest of everything that decides a reply without chance; the seed, the step and the subject are no part."""
    decoding = request.decoding
    content = [
        request.ability,
        [[message.role, message.text] for message in request.messages],
        [decoding.max_tokens, decoding.num_beams, decoding.repetition_penalty],
        repr(request.constraint),
        request.stop,
        request.labels,
        request.end_of_turn,
    ]
    return hashlib.blake2b(json.dumps(content).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _shared(completion: Completion, seed: int) -> Completion:
    """The same reply as one attempt that took no time and no money."""
    last = completion.last
    shared = replace(
        last,
        latency_s=0.0,
        cost=None if last.cost is None else 0.0,
        prompt_tokens=0,
        completion_tokens=0,
        cached_tokens=None,
        reasoning_tokens=None,
        applied={**last.applied, SHARED: seed},
    )
    return replace(completion, attempts=(shared,))
