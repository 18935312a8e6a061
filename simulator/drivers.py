"""Drivers of a protocol: the same generator runs live, is replayed after a crash, or runs dry.

All of them are :func:`drive`: a replay gives it the completions that the store holds, a dry run gives it a
scripted backend and records nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol as Interface

from demoscope.errors import StoreError
from simulator.protocols.interface import Completion, Judged, Protocol, Request, Understood

History = Mapping[tuple[str, int], tuple[int, Completion]]
"""What exchanges came to, by step and ordinal: the seed each was asked with, and its completion."""


class Listener(Interface):
    """What wants to know how an interview goes."""

    def exchange(self, request: Request, completion: Completion) -> None:
        """A model call that just happened; replayed ones are not told."""

    def answer(self, understood: Understood | Judged) -> None:
        """An answer (or a judge's verdict) that was understood, live or in a replay."""


async def drive(
    protocol: Protocol,
    complete: Callable[[Request], Awaitable[Completion]],
    listener: Listener,
    history: History | None = None,
) -> None:
    """Run a protocol to its end; calls whose completion is in ``history`` are not made again.

    Raises
    ------
    StoreError
        If an exchange of the history was asked with another seed: it belongs to another question, and its reply
        must not become the answer to this one.
    """
    known = history or {}
    to_send: Completion | None = None
    try:
        while True:
            item = protocol.send(to_send)
            if not isinstance(item, Request):
                listener.answer(item)
                to_send = None
                continue
            seed, to_send = known.get((item.step, item.ordinal), (item.seed, None))
            if seed != item.seed:
                raise StoreError(
                    f"The store's exchange {item.step} {item.ordinal} was asked with the seed {seed}, this wave asks "
                    f"it with {item.seed}: it belongs to another question. Continue with the version that began it."
                )
            if to_send is None:
                to_send = await complete(item)
                listener.exchange(item, to_send)
    except StopIteration:
        return
