"""How many requests an endpoint bears at once: found out, not guessed."""

import asyncio
from collections import deque
from collections.abc import Callable

START = 64
"""Requests under way at once before anything is known of the endpoint."""


class Window:
    """Requests under way at once, adapted to what the endpoint bears.

    It doubles in each round trip while it is full and nothing speaks against it. A request to slow down (429) halves
    it, once for all requests that were under way together, and from then on it grows by one in each round trip.
    Nothing else shrinks it: an endpoint that fails is not one that asks for less.

    Parameters
    ----------
    start : int
        Requests at once in the beginning.
    clock : callable
        Seconds, going forward.
    """

    def __init__(self, start: int, clock: Callable[[], float]) -> None:
        self.size = float(max(start, 1))
        """Requests that may be under way at once."""
        self.under_way = 0
        """Requests that are."""
        self._clock = clock
        self._most: int | None = None
        self._free_growth = True
        self._round = 0
        self._held_until = 0.0
        self._waiting: deque[asyncio.Future[bool]] = deque()

    def at_most(self, most: int | None) -> None:
        """Never have more under way than this; 0 lets nobody in, ``None`` is no bound."""
        self._most = most
        self._admit()

    async def enter(self) -> int | None:
        """Wait for a place, first come first served.

        Returns the round, to be given back to :meth:`leave`; ``None`` as soon as the endpoint asks for rest, so that
        nobody who waits for it holds places elsewhere meanwhile.
        """
        if self.held_s:
            return None
        if self._waiting or not self._open:
            place: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            try:
                if not await place:
                    return None
            except asyncio.CancelledError:
                if place.done() and not place.cancelled() and place.result():
                    self.under_way -= 1
                    self._admit()
                raise
        else:
            self.under_way += 1
        return self._round

    async def rested(self) -> None:
        """Wait until nobody has to wait because the endpoint asked for it."""
        while seconds := self.held_s:
            await asyncio.sleep(seconds)

    def leave(self, entered: int, *, throttled: bool = False, replied: bool = False) -> None:
        """Give a place back, and say whether the endpoint asked to slow down, or replied in full."""
        if throttled:
            self._shrink(entered)
        elif replied and self.under_way >= int(self.size):
            self.size += 1.0 if self._free_growth else 1 / self.size
        self.under_way -= 1
        self._admit()

    def hold(self, seconds: float) -> None:
        """Let nobody in for so long, as the endpoint asked."""
        self._held_until = max(self._held_until, self._clock() + seconds)
        while self.held_s and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(False)

    @property
    def held_s(self) -> float:
        """Seconds for which nobody will be let in."""
        return max(0.0, self._held_until - self._clock())

    @property
    def _open(self) -> bool:
        places = self.size if self._most is None else min(self.size, self._most)
        return self.under_way < int(places) and self._clock() >= self._held_until

    def _shrink(self, entered: int) -> None:
        if entered == self._round:  # the others of that round were under way before the cut could help
            self._round += 1
            self.size = max(1.0, self.size / 2)
            self._free_growth = False

    def _admit(self) -> None:
        while self._waiting and self._open:
            place = self._waiting.popleft()
            if not place.done():
                self.under_way += 1
                place.set_result(True)
