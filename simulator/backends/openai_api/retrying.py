"""Which failure is tried again, and after how long: a pure policy."""

from collections.abc import Iterable
from dataclasses import dataclass

from demoscope import seeds
from simulator.backends.openai_api.settings import Tries
from simulator.protocols.interface import ErrorKind

FIRST_S = 0.5
"""Seconds of the first wait, before chance shortens it."""
LONGEST_S = 60.0
"""Seconds of the longest wait that the endpoint did not ask for itself."""
SAME = frozenset({"rate_limit", "server", "network", "timeout", "denied"})
"""Failures that say nothing of the request: it is tried again as it was. Others are tried with another seed."""


@dataclass(frozen=True, slots=True)
class Retrying:
    """How often and how soon a request is tried again."""

    tries: Tries
    """Caps by kind of failure; kinds without one are never tried again."""

    def again(self, failures: Iterable[ErrorKind]) -> bool:
        """Whether to try once more, after failures of these kinds, the last one last.

        >>> retrying = Retrying(Tries(server=1))
        >>> retrying.again(["server"]), retrying.again(["server", "server"]), retrying.again(["rejected"])
        (True, False, False)
        """
        kinds = list(failures)
        return kinds.count(kinds[-1]) <= getattr(self.tries, kinds[-1], 0)

    def wait_s(self, streak: int, retry_after: float | None, seed: int) -> float:
        """Seconds to wait before the next try.

        They double with every failure in a row up to :data:`LONGEST_S` and are then shortened by chance, down to
        none, so that those who failed together do not come back together. What the endpoint asked for is waited in
        full, and the chance comes on top.

        Parameters
        ----------
        streak : int
            Failures in a row, at least 1: of this request, and not more than of its endpoint.
        """
        bound = min(FIRST_S * 2.0 ** (streak - 1), LONGEST_S)
        chance = int.from_bytes(seeds.digest(seed, "wait", streak)[:7], "little") * 2.0**-56
        if retry_after is not None:
            return retry_after + chance * min(bound, 1.0)
        return chance * bound


def seed_of_try(seed: int, kinds: Iterable[ErrorKind]) -> int:
    """Seed of the next try: the request's own, or another one once a reply came and was not accepted.

    With the same seed such a reply would only come again.

    >>> seed_of_try(7, ["server", "timeout"])
    7
    >>> seed_of_try(7, ["malformed"]) == 7
    False
    """
    unwelcome = sum(kind not in SAME for kind in kinds)
    return seeds.number(seed, "try", unwelcome) if unwelcome else seed
