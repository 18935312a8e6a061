"""Money: what a call costs, and a purse that sets its worst case aside before it is sent."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from demoscope.errors import WavePaused
from simulator.backends.openai_api.replies import Failure, Usage
from simulator.backends.openai_api.settings import Prices
from simulator.leases import Account, amount
from simulator.protocols.interface import ErrorKind

MILLION = 1_000_000

UNBILLED: frozenset[ErrorKind | None] = frozenset({"rejected", "context", "denied", "rate_limit", "server"})
"""Failures for which providers charge nothing when they name no usage."""


def cost_of(
    prices: Prices,
    prompt_tokens: int,
    completion_tokens: int,
    cached_tokens: int | None = None,
    reasoning_tokens: int | None = None,
) -> float:
    """Money that a call took, in the currency of the prices.

    Parameters
    ----------
    prompt_tokens, completion_tokens : int
        All tokens of the prompt and of the reply.
    cached_tokens, reasoning_tokens : int, optional
        How many of them were in the provider's cache, and how many were reasoning.

    >>> cost_of(Prices(input=2, cached_input=1, output=8), 1_000_000, 500_000, 400_000)
    5.6
    """
    cached = min(cached_tokens or 0, prompt_tokens)
    thought = min(reasoning_tokens or 0, completion_tokens)
    cached_price = prices.input if prices.cached_input is None else prices.cached_input
    thought_price = prices.output if prices.reasoning is None else prices.reasoning
    prompt = (prompt_tokens - cached) * prices.input + cached * cached_price
    reply = (completion_tokens - thought) * prices.output + thought * thought_price
    return (prompt + reply) / MILLION


def worst_case(prices: Prices, prompt_tokens: int, completion_tokens: int) -> float:
    """The most that a call can cost whose prompt and reply have at most so many tokens.

    >>> worst_case(Prices(input=2, cached_input=3, output=8), 1_000_000, 0)
    3.0
    """
    prompt = max(prices.input, prices.cached_input or 0)
    reply = max(prices.output, prices.reasoning or 0)
    return (prompt_tokens * prompt + completion_tokens * reply) / MILLION


def most_tokens(body: Mapping[str, Any], overhead: int = 16) -> int:
    """The most tokens that the prompt of a body can have: one a byte, and the marks of each of its parts.

    No byte-level vocabulary makes more tokens than bytes. Endpoints may put every field that holds more than a number
    into the prompt, as they do with schemas and tools.

    >>> most_tokens({"messages": [{"role": "user", "content": "Grüße"}], "max_tokens": 8})
    23
    >>> most_tokens({"prompt": [49, 30]})
    2
    >>> most_tokens({"prompt": "Hi", "tools": [{"name": "f"}]})  # [{"name": "f"}] has 15 bytes
    49
    """
    texts = [turn["content"] for turn in body.get("messages", ())]
    prompt = body.get("prompt", ())
    fields = [value for name, value in body.items() if name not in ("messages", "prompt", "model")]
    texts += [prompt] if isinstance(prompt, str) else []
    texts += [json.dumps(value) for value in fields if isinstance(value, dict | list | str)]
    ids = 0 if isinstance(prompt, str) else len(prompt)
    return ids + sum(len(text.encode("utf-8", "surrogatepass")) + overhead for text in texts)


@dataclass
class Bill:
    """What a call turned out to use; its tokens are ``None`` where nobody knows."""

    usage: Usage = field(default_factory=Usage)


@asynccontextmanager
async def paid(purse: "Purse", prices: Prices | None, prompt_most: int, reply_most: int) -> AsyncIterator[Bill]:
    """Send one call inside: its worst case is set aside before, what its bill says is taken after.

    A call that fails without a bill cost nothing where providers charge nothing for such a failure; otherwise all
    that was set aside may be gone, and counts as spent.
    """
    bill = Bill()
    if prices is None:
        yield bill
        return
    reserved = await purse.reserve(worst_case(prices, prompt_most, reply_most))
    cost = None
    try:
        yield bill
        cost = billed(prices, bill.usage)
    except Failure as failure:
        cost = billed(prices, bill.usage, failure.kind)
        raise
    finally:
        purse.settle(reserved, cost)


def billed(prices: Prices, usage: Usage, failed: ErrorKind | None = None) -> float | None:
    """Money that a call took; ``None`` when that cannot be known.

    >>> billed(Prices(input=1, output=1), Usage(), "rate_limit")
    0.0
    """
    if usage.input is None or usage.output is None:
        return 0.0 if failed in UNBILLED else None
    return cost_of(prices, usage.input, usage.output, usage.cached, usage.reasoning)


class Purse:
    """Money of one cohort. What calls under way may cost at worst is set aside, so it can never be overspent.

    Parameters
    ----------
    allowance : float, optional
        Money that may be spent and set aside; ``None`` is no limit.
    final : bool
        Whether the allowance is all there ever is. Otherwise :meth:`reserve` waits for a larger one.
    """

    def __init__(self, allowance: float | None = None, *, final: bool = True) -> None:
        self._allowance = allowance
        self._final = final
        self._spent = 0.0
        self._reserved = 0.0
        self._asked = 0.0
        self._under_way = 0
        self._low = 0.0
        self._wanting: Callable[[], None] | None = None
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()

    async def reserve(self, worst: float) -> float:
        """Set the worst case of one call aside, first come first served; returns it, for :meth:`settle`.

        Raises
        ------
        WavePaused
            If it does not fit into a final allowance and nothing is under way that could turn out cheaper.
        """
        if self._waiting or not self._fits(worst):
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((worst, place))
            self._serve()
            self._tell()
            try:
                await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled() and place.exception() is None:
                    self._free(worst)
                raise
            finally:
                if not place.done() or place.cancelled():
                    self._serve()
        else:
            self._take(worst)
        if self._allowance is not None and self._allowance - self._spent - self._reserved < self._low:
            self._tell()
        return worst

    def settle(self, reserved: float, cost: float | None) -> None:
        """A call is over; ``cost`` is what it took, or ``None`` when that cannot be known and all may be gone."""
        self._spent += reserved if cost is None else cost
        self._free(reserved)

    def give_back(self, reserved: float, cost: float | None) -> None:
        """A call is over that an earlier run set money aside for, which counts as spent before this purse began.

        What it did not take is free again: money spent may become negative here, and is right with what was before.
        """
        if cost is not None:
            self._spent += min(cost - reserved, 0.0)
            self._serve()

    def lease(self, allowance: float | None, wanting: Callable[[], None]) -> None:
        """Take a new allowance, never below what is spent and set aside; ``wanting`` is called when it runs short."""
        self._final = False
        self._wanting = wanting
        if allowance is not None:
            in_use = self._spent + self._reserved
            allowance = max(allowance, in_use)
            self._low = (allowance - in_use) / 2
        self._allowance = allowance
        self._serve()

    def account(self, grain: float = 0.0) -> Account:
        """How it stands; ``grain`` is of the pace."""
        self._drop_cancelled()
        return Account(
            spent=self._spent,
            reserved=self._reserved,
            allowance=self._allowance or 0.0,
            asked=self._asked,
            wanted=self._waiting[0][0] if self._waiting else 0.0,
            grain=grain,
        )

    def _fits(self, worst: float) -> bool:
        return self._allowance is None or self._spent + self._reserved + worst <= self._allowance

    def _take(self, worst: float) -> None:
        self._reserved += worst
        self._asked += worst
        self._under_way += 1

    def _free(self, reserved: float) -> None:
        self._under_way -= 1
        # Without this, sums and differences of floats would leave a trace of money set aside for nobody.
        self._reserved = self._reserved - reserved if self._under_way else 0.0
        self._serve()

    def _drop_cancelled(self) -> None:
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()

    def _serve(self) -> None:
        """Let those in front go whose worst case fits; where nothing more can come, tell them so."""
        self._drop_cancelled()
        while self._waiting:
            worst, place = self._waiting[0]
            if self._fits(worst):
                self._take(worst)
                place.set_result(None)
            elif self._final and not self._under_way:
                place.set_exception(WavePaused(_used_up(self._spent, self._allowance or 0.0, worst)))
            else:
                return
            self._waiting.popleft()
            self._drop_cancelled()

    def _tell(self) -> None:
        """Say once a lease that the allowance runs short."""
        if self._wanting is not None:
            wanting, self._wanting = self._wanting, None
            wanting()


def _used_up(spent: float, most: float, wanted: float) -> str:
    return (
        f"The money is used up: {amount(spent)} of {amount(most)} is spent, and the next call could cost up to "
        f"{amount(wanted)}. What was saved is safe; raise max_cost and run the same command again."
    )
