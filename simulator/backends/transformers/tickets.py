"""Requests that wait for their turn, and which of them are evaluated in one go."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from simulator.backends.transformers.rating import Rating
from simulator.backends.transformers.writing import Writing
from simulator.protocols.interface import Completion

W = TypeVar("W", Writing, Rating)


@dataclass(eq=False)
class Ticket(Generic[W]):
    """A request that waits for its turn, or has it."""

    work: W
    future: "Future[Completion]" = field(default_factory=Future)

    def resolve(self, completion: Completion) -> None:
        """Hand the completion over, unless nobody wants it any more."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_result(completion)


def together(tickets: Sequence[Ticket[W]], widths: Sequence[int], most: int, tokens: int) -> list[Ticket[W]]:
    """The first of these, in ascending order of their prompts, that are evaluated in one go: at least one."""
    some: list[Ticket[W]] = []
    rows = 0
    for ticket, width in zip(tickets, widths, strict=True):
        rows += width
        if some and (rows > most or rows * max(1, len(ticket.work.prompt)) > tokens):
            break
        some.append(ticket)
    return some
