"""Which waiting requests are evaluated in one go."""

from collections.abc import Sequence
from typing import TypeVar

from simulator.backends.logits.request_queue import Ticket
from simulator.backends.transformers.rating import Rating
from simulator.backends.transformers.writing import Writing

W = TypeVar("W", Writing, Rating)


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
