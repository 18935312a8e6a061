"""An event loop whose time passes only while everybody sleeps, so that hours of pacing take milliseconds."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any
from unittest import mock


class _Sleeper(selectors.SelectSelector):
    """Lets the clock jump instead of waiting."""

    loop: "VirtualTimeLoop"

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise AssertionError("Everybody waits for something that can never happen.")
        self.loop.now += max(timeout, 0.0)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Asyncio with a clock of its own."""

    def __init__(self) -> None:
        self.now = 1000.0
        selector = _Sleeper()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end in virtual time; asyncio-throttle reads the same clock."""
    loop = VirtualTimeLoop()
    try:
        with mock.patch("asyncio_throttle.throttler.time", mock.Mock(monotonic=loop.time)):
            return loop.run_until_complete(coroutine)
    finally:
        loop.close()


def now() -> float:
    """Seconds on the clock of the loop that runs."""
    return asyncio.get_running_loop().time()
