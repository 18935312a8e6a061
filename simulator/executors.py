"""Where cohorts live: in this process (here) or in Ray actors (actors.py). The driver sees no difference."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Protocol

from simulator.backends.interface import Resources
from simulator.cohort import Assignment, Batch, Cohort, CohortSpec
from simulator.leases import Lease


class Executor(Protocol):
    """Hosts cohorts; each has at most one call under way."""

    def room(self, resources: Resources) -> int:
        """How many cohorts that reserve so much the machine or cluster has room for, at least 1."""

    def start(self, spec: CohortSpec) -> int:
        """Start a cohort and return its handle."""

    def submit(self, handle: int, assignments: Sequence[Assignment], lease: Lease | None) -> None:
        """Hand a cohort respondents and a lease, none to take leave; its next batch will come from :meth:`next`."""

    def next(self, timeout: float) -> list[tuple[int, Batch | None]]:
        """Batches that came in, by handle; ``None`` for a cohort that died. Empty after ``timeout`` seconds."""

    def stop(self, handle: int) -> None:
        """End a cohort that has nothing left to do, so that others get what it reserved."""

    def close(self) -> None:
        """End all cohorts; idempotent."""


class LocalExecutor:
    """Runs cohorts in this process, on one event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cohorts", daemon=True)
        self._thread.start()
        self._cohorts: list[Cohort] = []
        self._calls: dict[Future[Batch], int] = {}

    def room(self, resources: Resources) -> int:
        """One: a single process gains nothing from more."""
        return 1

    def start(self, spec: CohortSpec) -> int:
        """Start a cohort and return its handle."""
        self._cohorts.append(Cohort(spec))
        return len(self._cohorts) - 1

    def submit(self, handle: int, assignments: Sequence[Assignment], lease: Lease | None) -> None:
        """Hand respondents and a lease to a cohort."""
        call = asyncio.run_coroutine_threadsafe(self._cohorts[handle].work(assignments, lease), self._loop)
        self._calls[call] = handle

    def next(self, timeout: float) -> list[tuple[int, Batch | None]]:
        """Batches that came in, by handle."""
        done, _ = wait(self._calls, timeout, FIRST_COMPLETED)
        return [(self._calls.pop(call), call.result()) for call in done]

    def stop(self, handle: int) -> None:
        """End a cohort and give its model's memory back."""
        asyncio.run_coroutine_threadsafe(self._cohorts[handle].close(), self._loop).result()

    def close(self) -> None:
        """End all cohorts and the loop."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for cohort in self._cohorts:
            await cohort.close()
