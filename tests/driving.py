"""A protocol driven by hand: every request is answered by a function."""

from collections.abc import Callable, Generator
from typing import Any

from simulator.protocols.interface import Completion, Request, Understood


def driven(
    run: Generator[Any, Any, Any], reply: Callable[[Request], Completion]
) -> tuple[list[Request], list[Understood]]:
    """Requests and answers of an interview, in their order."""
    requests: list[Request] = []
    understood: list[Understood] = []
    sent: Completion | None = None
    try:
        while True:
            item = run.send(sent)
            sent = None
            if isinstance(item, Understood):
                understood.append(item)
            else:
                requests.append(item)
                sent = reply(item)
    except StopIteration:
        return requests, understood
