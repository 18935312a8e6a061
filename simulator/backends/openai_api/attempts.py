"""One request until it is answered or given up: endpoints by weight and health, pace, money, every try kept."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from demoscope.errors import WavePaused
from simulator.backends.openai_api.bodies import Call
from simulator.backends.openai_api.pacing import LONGEST_HOLD, Pace
from simulator.backends.openai_api.replies import Failure, Reply, Tags, Usage, read_reply, read_usage
from simulator.backends.openai_api.retrying import SAME, Retrying, seed_of_try
from simulator.backends.openai_api.settings import Prices
from simulator.backends.openai_api.spending import Purse, billed, most_tokens, worst_case
from simulator.backends.openai_api.target import Target
from simulator.protocols.interface import Attempt, ErrorKind, Request

Send = Callable[[Target, Call, dict[str, Any], Request, int], Awaitable[object]]
"""Sends a body to an endpoint and returns the JSON: at once, or by the provider's batch. The number is the try's."""

Money = Literal["unspent", "set aside", "counted"]
"""What earlier runs did about a body's money: nothing, or what they may have spent still holds its worst case, or
holds what it took."""

Counted = Callable[[dict[str, Any], Request, int], Awaitable[Money]]
"""Says that of a body, which may travel since an earlier run."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was read from a reply."""

    text: str
    """The reply as the protocol gets it."""
    logprob: float | None = None
    """Its natural log-probability."""
    found: Any = None
    """Whatever else was read."""


Read = Callable[[Reply, Call, object], Accepted]
"""Takes a reply, its call and its JSON; raises :class:`Failure` when it is not to be accepted."""


class Attempts:
    """Sends calls to the endpoints of one model until they are answered, or as often as it may."""

    def __init__(
        self,
        name: str,
        targets: list[Target],
        *,
        pace: Pace,
        purse: Purse,
        retrying: Retrying,
        prices: Prices | None,
        estimate: bool,
        tags: Tags,
        send: Send,
        counted: Counted,
        alive: Callable[[], Awaitable[bool]],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Nothing is sent yet.

        Parameters
        ----------
        name : str
            What the wave calls the model.
        estimate : bool
            Whether anything is limited by tokens, so that they must be estimated before sending.
        counted : callable
            Whether a body travels since an earlier run, and how its money counts.
        alive : callable
            Whether an endpoint still answers what it answered when the model was opened: then a request that failed
            for good is at fault itself. Asked by one at a time.
        """
        self._name = name
        self._targets = targets
        self._pace = pace
        self._purse = purse
        self._retrying = retrying
        self._prices = prices
        self._estimate = estimate
        self._tags = tags
        self._send = send
        self._counted = counted
        self._alive = alive
        self._clock = clock
        self._sleep = sleep
        self._last_reply = float("-inf")
        self._question: asyncio.Future[bool] | None = None  # whether anybody is alive, while that is asked

    async def ask(
        self, request: Request, make: Callable[[int], Call], read: Read
    ) -> tuple[list[Attempt], Accepted | None]:
        """Try until ``read`` accepts a reply; returns every attempt and what was read.

        Parameters
        ----------
        request : Request
            What the protocol wants.
        make : callable
            Makes the call for the seed of a try.
        read : callable
            Reads a reply.

        Raises
        ------
        WavePaused
            If this was tried as often as it may, and no endpoint gave anything to anybody since the last try.
        """
        attempts: list[Attempt] = []
        kinds: list[ErrorKind] = []
        tried: set[Target] = set()
        while True:
            began = self._clock()
            call = make(seed_of_try(request.seed, kinds) if kinds else request.seed)
            target = self._choose(tried)
            tried.add(target)
            attempt, accepted, failure = await self._try(target, call, read, request, len(attempts) + 1)
            attempts.append(attempt)
            if failure is None:
                return attempts, accepted
            kinds.append(failure.kind)
            if failure.unfit and request.decoding.greedy and attempt.text in [one.text for one in attempts[:-1]]:
                return attempts, None  # it would say the same for ever
            if not self._retrying.again(kinds):
                if await self._is_down(failure, began):
                    raise WavePaused(self._down(attempts))
                return attempts, None
            asked = max(min(one.held_until for one in self._targets) - self._clock(), 0.0) or None
            if asked and asked > LONGEST_HOLD:
                raise WavePaused(
                    f"{target.endpoint.name} asks to be left alone for {asked / 60:,.0f} minutes ({failure.reason}). "
                    "What was saved is safe; run the same command again then."
                )
            streak = min(len(kinds), max(target.failures, 1))
            await self._sleep(self._retrying.wait_s(streak, asked, request.seed))

    async def _is_down(self, failure: Failure, since: float) -> bool:
        """Whether a request that was given up failed because nobody answers any more, and not by what it asks.

        When no reply came to anybody since its last try began, the endpoints are asked what they answered at first,
        once for all who want to know it at the same time.
        """
        if self._last_reply >= since or not (failure.kind in SAME or failure.kind == "malformed"):
            return False
        if self._question is None or self._question.done():
            self._question = asyncio.ensure_future(self._alive())
        alive = await asyncio.shield(self._question)
        if alive:
            self._last_reply = max(self._last_reply, since)
        return not alive

    def _choose(self, tried: Collection[Target]) -> Target:
        """The endpoint whose turn it is by weight, among those that are well and did not fail this request.

        Where none is well it is one that may be asked, and where none may be asked the first that may be again.
        """
        targets = self._targets
        if len(targets) == 1:
            return targets[0]
        now = self._clock()
        able = [target for target in targets if max(target.rests_until, target.held_until) <= now]
        able = able or [target for target in targets if target.held_until <= now]
        able = able or [min(targets, key=lambda target: target.held_until)]
        able = [target for target in able if target not in tried] or able
        for target in able:
            target.credit += target.weight
        chosen = max(able, key=lambda target: target.credit)
        chosen.credit -= sum(target.weight for target in able)
        return chosen

    async def _try(
        self, target: Target, call: Call, read: Read, request: Request, number: int
    ) -> tuple[Attempt, Accepted | None, Failure | None]:
        body = {"model": target.model, **call.body}
        prompt_most = most_tokens(call.body) if self._estimate else 0
        reserved = 0.0
        money: Money = "counted"
        if self._prices is not None:
            money = await self._counted(body, request, number)
            worst = worst_case(self._prices, prompt_most, call.output_tokens)
            if money == "set aside":
                reserved = worst
            elif money == "unspent":
                reserved = await self._purse.reserve(worst)
        usage, cost, latency = Usage(), None, None
        reply: Reply | None = None
        failure: Failure | None = None
        accepted: Accepted | None = None
        try:
            async with self._pace.turn(prompt_most, call.output_tokens, target.endpoint.name) as turn:
                sent = self._clock()
                try:
                    content = await self._send(target, call, body, request, number)
                    latency = self._clock() - sent
                    usage = read_usage(content)
                    reply = read_reply(content, self._tags)
                    await self._check(target, reply, content)
                    target.opens_thoughts |= reply.unopened
                    if target.opens_thoughts and request.constraint is None and reply.may_be_thoughts(usage):
                        reply = reply.as_thoughts()
                    turn.spent(usage.input, usage.output)
                except Failure as error:
                    latency = self._clock() - sent
                    failure = error.told(target.endpoint.told)
                    if error.kind == "rate_limit":
                        turn.throttled(error.retry_after)
                    elif error.retry_after and error.kind in SAME:
                        turn.window.hold(min(error.retry_after, LONGEST_HOLD))
            if self._prices is not None:
                cost = billed(self._prices, usage, failure.kind if failure else None)
            if failure is None:
                assert reply is not None
                try:
                    accepted = read(reply, call, content)
                except Failure as error:
                    failure = error.told(target.endpoint.told)
            self._heal(target, failure, replied=reply is not None)
        finally:
            if money == "unspent":
                self._purse.settle(reserved, cost)
            elif money == "set aside":
                self._purse.give_back(reserved, cost)
        return _attempt(target, call, reply, accepted, failure, usage, latency, cost), accepted, failure

    async def _check(self, target: Target, reply: Reply, content: object) -> None:
        """Refuse a reply of another model, and one that came before."""
        if reply.model not in target.names:
            wanted = " or ".join(sorted(target.names))
            raise Failure("malformed", f"the reply is from the model {reply.model!r}, not from {wanted}")
        if target.unique_ids and reply.id is not None and target.delivers_twice(content):
            await target.endpoint.reconnect()  # what follows on that connection would go astray as well
            raise Failure("malformed", f"the reply {reply.id!r} was delivered a second time")

    def _heal(self, target: Target, failure: Failure | None, *, replied: bool) -> None:
        """Note whether an endpoint is well; one that fails rests for longer and longer while others are.

        So does one whose replies are none, like a page of HTML; a reply that breaks its constraint is one.
        """
        now = self._clock()
        if failure is None or failure.unfit or not (failure.kind in SAME or failure.kind == "malformed"):
            target.failures = 0
            target.rests_until = 0.0
            if replied:
                self._last_reply = now
        else:
            target.failures += 1
            rest = min(0.5 * 2.0 ** min(target.failures, 10), 60.0) if target.failures > 1 else 0.0
            target.rests_until = now + max(rest, failure.retry_after or 0.0)
            target.held_until = max(target.held_until, now + (failure.retry_after or 0.0))

    def _down(self, attempts: list[Attempt]) -> str:
        last = {attempt.endpoint: attempt.error for attempt in attempts}
        told = "; ".join(f"{endpoint}: {error}" for endpoint, error in last.items())
        return (
            f"No endpoint of the model {self._name!r} answers any more; after {len(attempts)} tries the last words "
            f"were: {told}. What was saved is safe; run the same command again when it is back."
        )


def _attempt(
    target: Target,
    call: Call,
    reply: Reply | None,
    accepted: Accepted | None,
    failure: Failure | None,
    usage: Usage,
    latency: float | None,
    cost: float | None,
) -> Attempt:
    text = None if reply is None else reply.text
    if accepted is not None:
        text = accepted.text
    elif failure is not None and failure.text is not None:
        text = failure.text
    return Attempt(
        text=text,
        error=None if failure is None else failure.reason,
        error_kind=None if failure is None else failure.kind,
        finish_reason=None if reply is None else reply.finish_reason,
        prompt_tokens=usage.input,
        completion_tokens=usage.output,
        latency_s=latency,
        applied=call.applied,
        endpoint=target.endpoint.name,
        logprob=None if accepted is None else accepted.logprob,
        reasoning=None if reply is None else reply.reasoning,
        cached_tokens=usage.cached,
        reasoning_tokens=usage.reasoning,
        cost=cost,
    )
