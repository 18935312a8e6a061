"""Drivers of a protocol: the same generator runs live, is replayed after a crash, or runs dry.

All of them are :func:`drive`: a replay gives it the completions that the store holds, a dry run gives it a
scripted backend and records nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol as Interface

from simulator.protocols.interface import Completion, Protocol, Request, Understood


class Listener(Interface):
    """What wants to know how an interview goes."""

    def exchange(self, request: Request, completion: Completion) -> None:
        """A model call that just happened; replayed ones are not told."""

    def answer(self, understood: Understood) -> None:
        """An answer that was understood, live or in a replay."""


async def drive(
    protocol: Protocol,
    complete: Callable[[Request], Awaitable[Completion]],
    listener: Listener,
    history: Mapping[tuple[str, int], Completion] | None = None,
) -> None:
    """Run a protocol to its end; calls whose completion is in ``history`` are not made again."""
    known = history or {}
    to_send: Completion | None = None
    try:
        while True:
            item = protocol.send(to_send)
            if isinstance(item, Understood):
                listener.answer(item)
                to_send = None
                continue
            to_send = known.get((item.step, item.ordinal))
            if to_send is None:
                to_send = await complete(item)
                listener.exchange(item, to_send)
    except StopIteration:
        return
