"""Failures that may be the beginning of the end: kept back until the model does anything else but fail.

A request that failed for good makes its answer ``failed``, and answers are never overwritten. So while a model does
nothing but fail, what its failures led to is not handed to the store. When it replies again they were failures of
their own requests and are saved; when the wave pauses they are dropped, and the next run asks them again.
"""

from demoscope.errors import WavePaused
from simulator.protocols.interface import Completion, ErrorKind
from simulator.records import Records

DOUBTFUL: frozenset[ErrorKind | None] = frozenset({"server", "network", "timeout"})
"""Failures by the model's own fault, as far as anybody can tell."""

FAILURES = 20
"""Requests that fail in a row like this, all sent since the first did, after which the wave pauses."""
RESPONDENTS = 3
"""Respondents that these requests are of, at least: what fails for one or two alone may be due to their prompts."""


class Doubts:
    """The failures of one model since it last did anything else."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._failures: int | None = None  # of requests sent since the first; None when all is well
        self._whose: set[int] = set()
        self._failing: set[int] = set()  # respondents of the failures counted
        self._records = Records()
        self._finished: list[int] = []

    @property
    def open(self) -> bool:
        """Whether the model does nothing but fail just now; a request says so that is sent meanwhile."""
        return self._failures is not None

    def heard(self, respondent_id: int, completion: Completion, sent_in_doubt: bool) -> bool:
        """Take note of a completion; returns whether the doubt is over, so that :meth:`taken` may be saved.

        One failure may touch all that is under way, so only requests that are sent after it count. A failure after
        which the model was found well is none of the model's.

        Raises
        ------
        WavePaused
            If nothing came but failures, :data:`FAILURES` times, of :data:`RESPONDENTS` at least.
        """
        if completion.last.error_kind not in DOUBTFUL or completion.found_well:
            return self.open
        self._whose.add(respondent_id)
        if self._failures is None:
            self._failures = 0
        elif sent_in_doubt:
            self._failures += 1
            self._failing.add(respondent_id)
            if self._failures >= FAILURES and len(self._failing) >= RESPONDENTS:
                raise WavePaused(
                    f"The model {self._model!r} does nothing any more but fail: "
                    f"{(completion.last.error or '').rstrip('.')}. What was saved is safe; mend it and run the same "
                    "command again."
                )
        return False

    def records(self, respondent_id: int, well: Records) -> Records:
        """Where the rows of a respondent go: to ``well``, or apart when the interview hangs on such a failure."""
        return self._records if respondent_id in self._whose else well

    def finished(self, respondent_id: int) -> bool:
        """Keep back that an interview has ended; ``False`` when it hangs on no such failure."""
        if respondent_id not in self._whose:
            return False
        self._finished.append(respondent_id)
        return True

    def taken(self) -> tuple[Records, list[int]]:
        """What was kept back, rows and ended interviews: the failures were those of their requests alone."""
        found = self._records, self._finished
        self._failures, self._records, self._finished = None, Records(), []
        self._whose, self._failing = set(), set()
        return found
