"""The cohorts of one model as their driver sees them: who waits, who is with whom, what may be spent."""

from collections import deque
from dataclasses import dataclass, field

from simulator.cohort import CohortSpec
from simulator.leases import Ledger


@dataclass(frozen=True, slots=True)
class Open:
    """A respondent whose interview is not complete."""

    respondent_id: int
    cell_id: int
    person: int


@dataclass
class Team:
    """The cohorts of one model, and the respondents that wait for them or are with them."""

    spec: CohortSpec
    ledger: Ledger
    committed: float = 0.0
    """Money that the store says may have been spent."""
    waiting: deque[Open] = field(default_factory=deque)
    out: dict[int, dict[int, Open]] = field(default_factory=dict)
    """By handle of the cohort: the respondents it has, by id."""
    deaths: int = 0
    """Of its cohorts, since something was saved."""
    most: int = 1
    """Cohorts that it had at most when one died."""
    room: int = 0
    """Cohorts that there was room for when that was looked at last."""

    @property
    def done(self) -> bool:
        """Whether nobody is left to interview."""
        return not self.waiting and not any(self.out.values())

    @property
    def busy(self) -> set[int]:
        """Handles of the cohorts that have work, or may get some."""
        return {handle for handle, theirs in self.out.items() if theirs or self.waiting}
