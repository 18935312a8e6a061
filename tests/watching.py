"""An executor that waits for something to come about while a wave runs, and then does something, once."""

import time
from collections.abc import Callable
from typing import Any

from simulator.cohort import Batch
from simulator.executors import LocalExecutor

PATIENCE_S = 300.0
"""Seconds after which what did not come about never will."""


class Watching(LocalExecutor):
    """Calls ``then`` once ``so`` says yes; looks before every wait for a batch."""

    def __init__(self, so: Callable[[], object], then: Callable[[], object]) -> None:
        super().__init__()
        self._so, self._then = so, then
        self._seen = False
        self._until = time.monotonic() + PATIENCE_S

    def next(self, timeout: float) -> list[tuple[int, Batch | None]]:
        if self._seen:
            return super().next(timeout)
        if self._so():
            self._seen = True
            self._then()
        assert time.monotonic() < self._until, "it did not come about"
        return super().next(min(timeout, 0.05))


def interrupt() -> Any:
    """What Ctrl-C does."""
    raise KeyboardInterrupt
