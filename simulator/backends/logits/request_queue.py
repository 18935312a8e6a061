"""How requests reach an engine that works in a thread of its own, and how each of them ends exactly once."""

import contextlib
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

from simulator.backends.logits.requests import Refused
from simulator.protocols.interface import Completion, ErrorKind

LINGER = 0.004
"""Seconds an engine waits for the next question of an interview that was just answered, before it goes on."""


class Fallible(Protocol):
    """A request as an engine works on it."""

    def failed(self, kind: ErrorKind, reason: str) -> Completion:
        """The completion of a request that came to nothing."""
        ...


W = TypeVar("W", bound=Fallible)


@dataclass(eq=False)
class Ticket(Generic[W]):
    """A request that waits for its turn, or has it. How it ended first is how it ended."""

    work: W
    future: "Future[Completion]" = field(default_factory=Future)

    def resolve(self, completion: Completion) -> None:
        """Hand the completion over, unless nobody wants it any more."""
        if self._wanted():
            self.future.set_result(completion)

    def reject(self, reason: str) -> None:
        """End it as a request that is not served."""
        self.resolve(self.work.failed("rejected", reason))

    def fail(self, error: Exception) -> None:
        """End it by what is wrong with it; an error that speaks of no request is a defect and is raised."""
        if isinstance(error, Refused):
            self.resolve(self.work.failed(error.kind, str(error)))
        elif isinstance(error, ValueError):  # the template or the vocabulary cannot write it
            self.reject(str(error))
        else:
            self.set_exception(error)

    def set_exception(self, defect: BaseException) -> None:
        """Raise a defect of the engine to whoever waits for the completion."""
        if self._wanted():
            self.future.set_exception(defect)

    def _wanted(self) -> bool:
        return not self.future.done() and self.future.set_running_or_notify_cancel()


class RequestQueue(Generic[W]):
    """Requests on their way to the one thread that serves them.

    Any thread may submit and close; only the one that serves takes, and it leaves when it ends.
    """

    def __init__(self) -> None:
        self._inbox: SimpleQueue[Ticket[W] | None] = SimpleQueue()
        self._gate = threading.Lock()  # nothing is put into the inbox after it was closed
        self._closed = False

    def submit(self, work: W) -> "Future[Completion]":
        """Take a request on, or reject it where the queue was closed; cancelling the future gives it up."""
        ticket = Ticket(work)
        with self._gate:
            if not self._closed:
                self._inbox.put(ticket)
                return ticket.future
        ticket.reject("The model was closed already.")
        return ticket.future

    def take(self, wait: float | None) -> Ticket[W] | None:
        """The next request, or ``None`` once the queue was closed.

        Parameters
        ----------
        wait : float or None
            Seconds to wait for one, 0 for not at all; ``None`` waits as long as it takes.

        Raises
        ------
        queue.Empty
            If none came in that time.
        """
        return self._inbox.get(timeout=wait)

    def close(self) -> None:
        """Take nothing on any more, and say so to the thread that serves; idempotent."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._inbox.put(None)

    def leave(self, held: Iterable[Ticket[W]], defect: BaseException | None) -> None:
        """End whatever has not ended, so that nobody waits for ever.

        Parameters
        ----------
        held : iterable of Ticket
            Those that were taken and have not ended.
        defect : BaseException or None
            What the thread that serves broke on, raised to everybody; ``None`` where it was closed.
        """
        with self._gate:
            self._closed = True
        tickets = list(held)
        with contextlib.suppress(Empty):
            while True:
                ticket = self._inbox.get_nowait()
                tickets += [ticket] if ticket else []
        for ticket in tickets:
            if defect is None:
                ticket.reject("The model was closed before this request ended.")
            else:
                ticket.set_exception(defect)
