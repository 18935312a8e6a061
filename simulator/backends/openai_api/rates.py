"""Limits per minute that hold over all cohorts together, however their shares move, end or begin anew.

A cohort paces itself by its share; no message is needed for a request. What keeps the sum exact is that every
cohort begins with nothing saved up, and that the burst which each may have saved up later is set aside beforehand.
"""

import asyncio
import math
from collections.abc import Callable

from asyncio_throttle.throttler import Throttler

MINUTE = 60.0

MOST_AT_ONCE = 1000
"""Requests that one period of a throttler has room for, whatever the limit."""

FINEST_S = 0.001
"""Seconds that a wait lasts at least, so that rounding never makes one of no length."""


class RequestRate:
    """Requests per minute, by asyncio-throttle.

    Over ``holders`` cohorts whose shares sum to at most 1, never more than ``limit`` requests begin in any minute:
    a throttler of ``m`` requests each ``p`` seconds lets through fewer than ``m + t * m / p`` in ``t`` seconds, and
    after a change of its share it begins used up. The ``m`` of all holders are taken off the limit.

    Parameters
    ----------
    limit : float
        Requests per minute of all cohorts together.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._split = (0, 0.0)
        self._throttler: Throttler | None = None
        self._changed = asyncio.Event()
        self._waiting: asyncio.Future[None] | None = None

    @property
    def grain(self) -> float:
        """One request, as a part of what a minute allows."""
        return 1 / self._limit

    def share(self, fraction: float, holders: int) -> None:
        """Take this part of the limit from now on."""
        split = split_minute(self._limit, fraction, holders)
        if split != self._split:
            self._split, self._throttler = split, None
            self._changed.set()
            if self._waiting:
                self._waiting.cancel()

    async def acquire(self) -> None:
        """Wait until one more request may begin; one caller at a time."""
        while True:
            self._changed.clear()
            if not self._split[0]:
                await self._changed.wait()
                continue
            throttler = self._throttler or await self._used_up()
            self._waiting = asyncio.ensure_future(throttler.acquire())  # type: ignore[no-untyped-call]
            try:
                await self._waiting
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if throttler is self._throttler or (task and task.cancelling()):
                    raise
            else:
                return
            finally:
                self._waiting = None

    async def _used_up(self) -> Throttler:
        """A throttler that lets nobody through for its first period."""
        requests, period = self._split
        throttler = Throttler(requests, period, min(max(period / 50, 0.005), 0.25))
        for _ in range(requests):
            await throttler.acquire()  # type: ignore[no-untyped-call]  # at once: there is room
        self._throttler = throttler
        return throttler


def split_minute(limit: float, fraction: float, holders: int) -> tuple[int, float]:
    """Requests and seconds, so many in each, that a share of a limit per minute comes to.

    Parameters
    ----------
    limit : float
        Requests per minute of all cohorts together.
    fraction : float
        Share in [0, 1].
    holders : int
        How many cohorts may hold a share at once.

    >>> split_minute(3, 1.0, 1)  # one every 20 seconds
    (1, 20.0)
    >>> requests, seconds = split_minute(600, 0.5, 2)  # nearly 5 a second; 10 of 600 are set aside for bursts
    >>> round(60 * requests / seconds, 1)
    295.5
    """
    if fraction <= 0:
        return 0, 0.0
    burst = max(1.0, limit / (MINUTE * holders))
    per_minute = fraction * max(limit + 1 - holders * burst, min(limit, 1.0))
    requests = max(1, int(min(per_minute / MINUTE, burst, MOST_AT_ONCE)))
    return requests, MINUTE * requests / per_minute


class TokenRate:
    """Tokens per minute, as a credit that fills with time.

    Over ``holders`` cohorts whose shares sum to at most 1, never more than ``limit`` tokens are taken in any minute
    by requests no larger than the largest so far: the credit begins empty and never exceeds one burst, and the
    bursts of all holders are taken off the limit. Where fewer than two of the largest fit into a minute, each
    request counts as a whole burst, so that they keep their distance.

    Parameters
    ----------
    limit : float
        Tokens per minute of all cohorts together.
    clock : callable
        Seconds, going forward.
    """

    def __init__(self, limit: float, clock: Callable[[], float]) -> None:
        self.limit = limit
        self.largest = 0.0
        self._clock = clock
        self._at = clock()
        self._credit = 0.0
        self._fraction = 0.0
        self._holders = 1

    @property
    def grain(self) -> float:
        """The largest request so far, as a part of what a minute allows."""
        return self.largest / self.limit

    @property
    def _burst(self) -> float:
        return max(self.largest, self.limit / (MINUTE * self._holders))

    @property
    def _crowded(self) -> bool:
        return 2 * self._holders * self._burst > self.limit

    @property
    def _rate(self) -> float:
        """Credit per second."""
        if self._crowded:
            return self._fraction * self._burst / MINUTE
        return self._fraction * (self.limit - self._holders * self._burst) / MINUTE

    def share(self, fraction: float, holders: int) -> None:
        """Take this part of the limit from now on."""
        self._accrue()
        self._fraction, self._holders = fraction, holders
        self._credit = min(self._credit, self._burst)

    def wait_s(self, tokens: float) -> float:
        """Seconds until ``tokens`` can be taken; 0 when now, infinite while there is no share."""
        self._accrue()
        self.largest = max(self.largest, min(tokens, self.limit))
        missing = self._price(tokens) - self._credit
        if missing <= 0:
            return 0.0
        return max(missing / self._rate, FINEST_S) if self._rate > 0 else math.inf

    def take(self, tokens: float) -> None:
        """Use the credit for ``tokens``; call it when :meth:`wait_s` says 0."""
        self._credit -= self._price(tokens)

    def charge(self, tokens: float) -> None:
        """Use credit afterwards for tokens that nobody had foreseen; later requests wait for it."""
        self._accrue()
        self._credit -= tokens

    def _price(self, tokens: float) -> float:
        return self._burst if self._crowded else min(tokens, self.limit)

    def _accrue(self) -> None:
        now = self._clock()
        self._credit = min(self._credit + (now - self._at) * self._rate, self._burst)
        self._at = now
