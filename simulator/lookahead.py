"""Asking ahead: what an interview will ask whatever is replied can be asked all at once.

That matters where a reply takes hours, as in a provider's batch: a questionnaire without memory is then one batch
instead of one for every question. Which requests these are is found by running the interview dry with different
replies; a request that is certain to be made and always the same does not hang on them. The real run checks: a reply
asked for ahead is used only for exactly the request that was asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from simulator.backends.scripted import ScriptedBackend
from simulator.protocols.interface import Attempt, Completion, Protocol, Request

_PUBLICS = tuple(ScriptedBackend("ahead", public="uniform", seed=seed) for seed in range(2))
_FAILED = Completion((Attempt(error="asked ahead", error_kind="server"),))


def independent(interview: Callable[[], Protocol]) -> list[Request]:
    """Requests that an interview makes whatever is replied, in its order.

    Parameters
    ----------
    interview : callable
        Begins the interview anew; every call must give the same one.
    """
    runs = [dry_requests(interview(), public.reply) for public in _PUBLICS]
    runs.append(dry_requests(interview(), lambda _: _FAILED))
    first, *others = runs
    return [
        request
        for key, request in first.items()
        if request.certain and all(other.get(key) == request for other in others)
    ]


def dry_requests(interview: Protocol, reply: Callable[[Request], Completion]) -> dict[tuple[str, int], Request]:
    """What an interview asks when it is replied to like this, by step and ordinal; nothing is sent or kept."""
    found: dict[tuple[str, int], Request] = {}
    completion: Completion | None = None
    try:
        while True:
            item = interview.send(completion)
            completion = None
            if isinstance(item, Request):
                found[item.step, item.ordinal] = item
                completion = reply(item)
    except StopIteration:
        return found


class Ahead:
    """Completes the requests of one interview, those in ``requests`` all at once from the beginning."""

    def __init__(self, complete: Callable[[Request], Awaitable[Completion]], requests: Iterable[Request]) -> None:
        self._complete = complete
        self._asked = {
            (request.step, request.ordinal): (request, asyncio.ensure_future(complete(request)))
            for request in requests
        }

    async def complete(self, request: Request) -> Completion:
        """The completion asked for ahead when it was for this very request, or a new one."""
        asked, reply = self._asked.pop((request.step, request.ordinal), (None, None))
        if reply is not None and asked == request:
            return await reply
        return await self._complete(request)

    async def close(self) -> None:
        """Give up what is still out."""
        replies = [reply for _, reply in self._asked.values()]
        for reply in replies:
            reply.cancel()
        await asyncio.gather(*replies, return_exceptions=True)
