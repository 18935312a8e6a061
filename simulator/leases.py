"""Leases: how the limits and the money of one model are divided among its cohorts, wherever they run.

The driver keeps the ledger and hands a :class:`Lease` with every call to a cohort; the cohort answers with an
:class:`Account`. Nothing is given to two: a share or an allowance counts as held from before it is sent until the
cohort has said that it is smaller now, and what a dead cohort held counts as spent.
"""

import math
import time
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

EXPIRES_S = 20.0
"""Seconds without a call after which a cohort sends nothing more: nobody may be there to save what comes back."""

ROOM = 10
"""A cohort takes part in sharing only while so many of the largest requests fit into its part of a minute."""

AHEAD = 4
"""Allowance handed out ahead, in multiples of what a cohort set aside since it was heard of last."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What a cohort may use until its next lease."""

    share: float = 1.0
    """Part of the model's limits, in [0, 1]."""
    holders: int = 1
    """How many cohorts may hold a share at once."""
    allowance: float | None = None
    """Money that the cohort may have spent and set aside since it began; ``None`` without a budget."""


@dataclass(frozen=True, slots=True)
class Account:
    """How a cohort stands."""

    spent: float = 0.0
    """Money since it began; calls whose price never became known count in full."""
    reserved: float = 0.0
    """Money set aside for calls under way."""
    allowance: float = 0.0
    """Money that it may have spent and set aside, as it stands now."""
    asked: float = 0.0
    """All money that it ever set aside."""
    wanted: float = 0.0
    """Money that the first waiting call needs; 0 when none waits."""
    grain: float = 0.0
    """Its largest request, as a part of what the limits allow in a minute; 0 without limits."""


@runtime_checkable
class Leased(Protocol):
    """A backend that shares limits or money with the other cohorts of its model."""

    def lease(self, lease: Lease | None, wanting: Callable[[], None]) -> None:
        """Take a new lease; ``None``: send nothing more. Call ``wanting`` when the allowance runs short."""

    def account(self) -> Account:
        """How it stands."""


@dataclass(frozen=True)
class Budget:
    """What the settings of a model say about money and limits, for whoever divides them."""

    max_cost: float | None = None
    currency: str = ""
    """Of the prices; empty without them."""
    grain: float = 0.0
    """The smallest request, as a part of what the limits allow in a minute; 0 without limits."""

    @property
    def reckons(self) -> bool:
        """Whether it is known what calls cost."""
        return bool(self.currency) or self.max_cost is not None

    @classmethod
    def of(cls, settings: dict[str, Any]) -> "Budget":
        """Budget in the validated settings of a model; empty for models that know neither money nor limits."""
        limits = settings.get("limits") or {}
        requests, in_flight = limits.get("requests_per_minute"), limits.get("max_in_flight")
        grains = [1 / requests if requests else 0.0, 1 / (ROOM * in_flight) if in_flight else 0.0]
        if not any(grains) and any(limits.values()):
            grains.append(1e-9)
        return cls(settings.get("max_cost"), (settings.get("prices") or {}).get("currency", ""), max(grains))


def amount(money: float) -> str:
    """Money for people: four decimals, and for less than a hundredth three digits that say something.

    >>> amount(1234.5), amount(0.00001234), amount(0)
    ('1,234.5000', '0.0000123', '0.0000')
    """
    if not 0 < abs(money) < 0.01:
        return f"{money:,.4f}"
    return f"{money:.{2 - math.floor(math.log10(abs(money)))}f}"


def spent_up(model: str, budget: Budget, spent: float, wanted: float) -> str:
    """What is said when the next call could cost more than is left of ``max_cost``."""
    return (
        f"The money for the model {model!r} is used up: {amount(spent)} of {amount(budget.max_cost or 0.0)} "
        f"{budget.currency} is spent or may be, and the next call could cost up to {amount(wanted)}. What was saved "
        "is safe; raise max_cost and run the same command again."
    )


@dataclass
class _Entry:
    """One cohort in the ledger."""

    account: Account = Account()
    share: float = 0.0
    """As leased last."""
    share_held: float = 0.0
    """What it may still be using."""
    held: float = 0.0
    """Money that it may have spent by now, or set aside."""
    asked_before: float = 0.0
    busy: bool = True
    """Whether it has work, or may get some."""

    @property
    def spare(self) -> float:
        """Money that it could still set aside."""
        return self.held - self.account.spent - self.account.reserved

    @property
    def starves(self) -> bool:
        """Whether it waits for more than it could set aside."""
        return self.account.wanted > self.spare


class Ledger:
    """What the cohorts of one model hold of its limits and its money.

    At any time the shares sum to at most 1, and :attr:`committed` is at most ``budget.max_cost``.

    Parameters
    ----------
    before : float
        Money that earlier runs may have spent.
    clock : callable
        Seconds, going forward.
    """

    def __init__(self, budget: Budget, before: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self._before = before
        self._clock = clock
        self._living: dict[int, _Entry] = {}
        self._most = 1
        self._resting: list[tuple[float, float]] = []

    @property
    def committed(self) -> float:
        """Money that may have been spent by now, at most: this is what a later run counts as spent."""
        return self._before + sum(entry.held for entry in self._living.values())

    @property
    def spent(self) -> float:
        """The same without what cohorts have set aside or could set aside: all of it once nothing is under way."""
        return self._before + sum(entry.account.spent for entry in self._living.values())

    def join(self, handle: int) -> None:
        """A cohort began."""
        self._living[handle] = _Entry()
        self._most = max(self._most, len(self._living))

    def bury(self, handle: int) -> None:
        """A cohort died: what it held is spent, and its share rests until it could not use it any more."""
        entry = self._living.pop(handle)
        self._before += entry.held
        if entry.share_held and self.budget.grain:
            self._resting.append((self._clock() + EXPIRES_S, entry.share_held))

    def retire(self, handle: int) -> None:
        """A cohort has nothing left to do and nothing under way: what it held is free for the others."""
        self._before += self._living.pop(handle).account.spent

    @property
    def living(self) -> frozenset[int]:
        """Handles of the cohorts that neither died nor retired."""
        return frozenset(self._living)

    def leave(self, handle: int, account: Account) -> None:
        """A cohort ends with calls under way: what it spent and set aside counts as spent, the rest is free."""
        self._living.pop(handle)
        self._before += account.spent + account.reserved

    def heard(self, handle: int, account: Account) -> None:
        """A cohort said how it stands, and with it that its last lease has arrived."""
        entry = self._living[handle]
        entry.asked_before = entry.account.asked
        entry.account = account
        entry.share_held = entry.share
        if self.budget.reckons:
            entry.held = max(account.allowance, account.spent + account.reserved)

    def lease(self, handle: int, busy: Set[int]) -> Lease:
        """The next lease of a cohort that is new, or whose account has just come in.

        Parameters
        ----------
        busy : set of int
            Handles of the cohorts that have work.
        """
        entry = self._living[handle]
        for other, its in self._living.items():
            its.busy = other in busy
        holders = self._holders()
        entry.share = self._share(handle, entry, holders)
        entry.share_held = max(entry.share_held, entry.share)
        return Lease(entry.share, holders, self._allowance(entry))

    def exhausted(self) -> float | None:
        """Money that the next call needs, once every cohort waits for more than is left and nothing is under way."""
        if self.budget.max_cost is None:
            return None
        for entry in self._living.values():
            if entry.account.reserved or (entry.busy and not entry.starves):
                return None
        wanted = [entry.account.wanted for entry in self._living.values() if entry.starves]
        left = self.budget.max_cost - self.spent
        return min(wanted) if wanted and min(wanted) > left else None

    def _holders(self) -> int:
        grain = max([self.budget.grain, *(entry.account.grain for entry in self._living.values())])
        return min(self._most, max(1, int(1 / (ROOM * grain) + 1e-9))) if grain else self._most

    def _share(self, handle: int, entry: _Entry, holders: int) -> float:
        """An equal part for each of the first cohorts that have work, as soon as nobody holds it any more."""
        if not self.budget.grain:
            return 1.0
        taking_part = sorted(other for other, its in self._living.items() if its.busy)[:holders]
        if handle not in taking_part:
            return 0.0
        wanted = 1 / len(taking_part)
        now = self._clock()
        self._resting = [(until, share) for until, share in self._resting if until > now]
        others = sum(its.share_held for other, its in self._living.items() if other != handle)
        room = 1.0 - others - sum(share for _, share in self._resting)
        if room >= wanted / 2:  # less than half is not worth the change
            return min(wanted, room)
        return min(wanted, entry.share)

    def _allowance(self, entry: _Entry) -> float | None:
        """What is spent and set aside, what the first waiting call needs, and something for the next moments."""
        if self.budget.max_cost is None:
            return None
        account = entry.account
        in_use = account.spent + account.reserved
        room = max(0.0, self.budget.max_cost - (self.committed - entry.held) - in_use)
        fair = room / max(1, sum(other.busy for other in self._living.values()))
        ahead = min(max(AHEAD * (account.asked - entry.asked_before), account.reserved), fair)
        if any(other.starves for other in self._living.values() if other is not entry):
            ahead = 0.0
        # Who cannot have enough keeps nothing: what several hold that helps nobody is enough for one of them.
        granted = in_use + min(max(account.wanted, ahead), room) if account.wanted <= room else in_use
        entry.held = max(entry.held, granted)
        return granted
