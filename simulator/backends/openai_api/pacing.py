"""When the next request may go: limits per minute, requests under way, and what the endpoint itself asks for."""

import asyncio
import math
import re
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from types import TracebackType
from typing import Self

from demoscope.errors import WavePaused
from simulator.backends.openai_api.rates import RequestRate, TokenRate
from simulator.backends.openai_api.window import START, Window

LONGEST_HOLD = 600.0
"""Seconds that an endpoint may ask everybody to wait at once; whoever asks for more with a 429 pauses the wave."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([\d.]+)(ms|s|m|h|d)")


class Pace:
    """Lets the requests of one cohort go, each when it may.

    A turn waits for a place among the requests under way, then for the limits per minute, first come first served.
    Tokens are not known beforehand: the most that a request can use is charged at first, later the part of it that
    requests have turned out to use; what goes beyond that is charged afterwards.

    Parameters
    ----------
    requests_per_minute, input_tokens_per_minute, output_tokens_per_minute, max_in_flight : float or int, optional
        Limits of all cohorts together; no limit when absent.
    start : int
        Requests under way that an endpoint is thought to bear before it has shown more or less.
    clock : callable
        Seconds, going forward.
    """

    def __init__(
        self,
        *,
        requests_per_minute: float | None = None,
        input_tokens_per_minute: float | None = None,
        output_tokens_per_minute: float | None = None,
        max_in_flight: int | None = None,
        start: int = START,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._requests = RequestRate(requests_per_minute) if requests_per_minute else None
        self._tokens = tuple(
            TokenRate(limit, clock) if limit else None
            for limit in (input_tokens_per_minute, output_tokens_per_minute)
        )
        self._parts = [1.0, 1.0]
        self._limited = any((self._requests, *self._tokens))
        self._max_in_flight = max_in_flight
        self._start = start
        self._line = asyncio.Lock()
        self._changed = asyncio.Event()
        self._all = Window(2**31, clock)
        self._windows: dict[str, Window] = {}
        self.share(1.0)

    @property
    def grain(self) -> float:
        """The largest request so far, as a part of what the limits allow in a minute; 0 without them."""
        return max((rate.grain for rate in (self._requests, *self._tokens) if rate), default=0.0)

    def share(self, fraction: float, holders: int = 1) -> None:
        """Take this part of the limits from now on; 0 lets nothing go.

        Parameters
        ----------
        fraction : float
            In [0, 1]; over all cohorts the parts sum to at most 1.
        holders : int
            How many cohorts may hold a part at once, the same for all of them.
        """
        for rate in (self._requests, *self._tokens):
            if rate:
                rate.share(fraction, holders)
        if fraction <= 0:
            self._all.at_most(0)
        else:
            most = self._max_in_flight
            self._all.at_most(most and int(fraction * most + 1e-9))
        self._changed.set()

    def turn(self, input_tokens: float = 0, output_tokens: float = 0, endpoint: str = "") -> "Turn":
        """A turn for one request; enter it to wait, send inside.

        Parameters
        ----------
        input_tokens, output_tokens : float
            The most that the request may use.
        endpoint : str
            Where it goes: each endpoint has its own adapted number of requests under way.
        """
        return Turn(self, self._window(endpoint), input_tokens, output_tokens)

    def _window(self, endpoint: str) -> Window:
        window = self._windows.get(endpoint)
        if window is None:
            window = self._windows[endpoint] = Window(self._start, self._clock)
        return window

    def in_flight(self, endpoint: str = "") -> tuple[int, float]:
        """Requests under way at an endpoint, and how many it is thought to bear."""
        window = self._windows.get(endpoint)
        return (window.under_way, window.size) if window else (0, float(self._start))

    async def enter(self, turn: "Turn") -> None:
        """Wait until a turn may go; called by the turn.

        While its endpoint asks for rest it holds no place that another endpoint's turn could have.
        """
        went = False
        while not went:
            await turn.window.rested()
            await self._all.enter()
            try:
                entered = await turn.window.enter()
                if entered is None:
                    continue
                turn.entered = entered
                try:
                    async with self._line if self._limited else nullcontext():
                        went = await self._wait(turn)
                finally:
                    if not went:
                        turn.window.leave(entered)
            finally:
                if not went:
                    self._all.leave(0)

    def heard(self, headers: Mapping[str, str], endpoint: str = "") -> None:
        """What an endpoint says of its limits, with any response."""
        rest = rest_s(headers)
        if rest:
            self._window(endpoint).hold(min(rest, LONGEST_HOLD))

    def leave(self, turn: "Turn") -> None:
        """Take note of how a turn went; called by the turn."""
        if turn.used is not None:
            for which, used in enumerate(turn.used):
                self._learn(which, turn.most[which], turn.charged[which], used)
        turn.window.leave(turn.entered, throttled=turn.was_throttled, replied=turn.used is not None)
        self._all.leave(0)

    async def _wait(self, turn: "Turn") -> bool:
        """Wait for the limits per minute; ``False`` as soon as the endpoint asks for rest."""
        turn.charged = [math.ceil(most * part) for most, part in zip(turn.most, self._parts, strict=True)]
        pairs = zip(self._tokens, turn.charged, strict=True)
        wanted = [(rate, tokens) for rate, tokens in pairs if rate is not None and tokens]
        for rate, tokens in wanted:
            if tokens > rate.limit:
                raise WavePaused(
                    f"A request of about {tokens:,} tokens can never be sent under a limit of {rate.limit:,.0f} "
                    "tokens a minute. Raise the limit under `limits`, or shorten the prompts or replies, then run "
                    "the same command again."
                )
        while not turn.window.held_s:
            self._changed.clear()
            pause = max((rate.wait_s(tokens) for rate, tokens in wanted), default=0.0)
            if pause > 0:
                await self._sleep(pause)
                continue
            if self._requests:
                await self._requests.acquire()
                if turn.window.held_s or any(rate.wait_s(tokens) for rate, tokens in wanted):
                    continue  # something changed while it waited: its place is given up
            for rate, tokens in wanted:
                rate.take(tokens)
            return True
        return False

    async def _sleep(self, seconds: float) -> None:
        """Sleep, or until the share changes."""
        try:
            await asyncio.wait_for(self._changed.wait(), None if math.isinf(seconds) else seconds)
        except TimeoutError:
            return

    def _learn(self, which: int, most: float, charged: int, used: float | None) -> None:
        """Charge what had not been foreseen, and foresee better: quickly upwards, slowly downwards."""
        rate = self._tokens[which]
        if rate is None or used is None or not most:
            return
        if used > charged:
            rate.charge(used - charged)
        part = min(used / most, 1.0)
        self._parts[which] = max(part, self._parts[which] + 0.02 * (part - self._parts[which]))


class Turn:
    """One request's turn; made by :meth:`Pace.turn`, used as an asynchronous context."""

    __slots__ = ("_pace", "charged", "entered", "most", "used", "was_throttled", "window")

    def __init__(self, pace: Pace, window: Window, input_tokens: float, output_tokens: float) -> None:
        self._pace = pace
        self.window = window
        self.most = input_tokens, output_tokens
        self.charged = [0, 0]
        self.entered = 0
        self.used: tuple[float | None, float | None] | None = None
        self.was_throttled = False

    async def __aenter__(self) -> Self:
        await self._pace.enter(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pace.leave(self)

    def spent(self, input_tokens: float | None = None, output_tokens: float | None = None) -> None:
        """A reply came; tokens that it took, where the endpoint says so."""
        self.used = input_tokens, output_tokens

    def throttled(self, retry_after_s: float | None = None) -> None:
        """The endpoint asked to slow down (429), and perhaps to wait so long."""
        self.was_throttled = True
        if retry_after_s:
            self.window.hold(min(retry_after_s, LONGEST_HOLD))


def rest_s(headers: Mapping[str, str]) -> float:
    """Seconds until an endpoint has room again, by its ``x-ratelimit-*`` headers; 0 when it has.

    >>> rest_s({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2.5s"})
    62.5
    >>> rest_s({"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "1m2.5s"})
    0.0
    """
    rest = 0.0
    for what in ("requests", "tokens"):
        if headers.get(f"x-ratelimit-remaining-{what}", "").strip() == "0":
            rest = max(rest, duration_s(headers.get(f"x-ratelimit-reset-{what}", "")))
    return rest


def duration_s(text: str) -> float:
    """Seconds of a duration such as ``6m0s``, ``20ms`` or ``1.5``; 0 when it is none.

    >>> duration_s("6m0s"), duration_s("20ms"), duration_s("1.5"), duration_s("soon")
    (360.0, 0.02, 1.5, 0.0)
    """
    text = text.strip()
    try:
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return float(text)
        parts = _DURATION.findall(text)
        if "".join(number + unit for number, unit in parts) != text:
            return 0.0
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    except ValueError:
        return 0.0
