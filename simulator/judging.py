"""A judge over the replies of a store: what is drawn, and the run."""

from collections.abc import Callable, Iterable
from typing import cast

from demoscope.errors import DemoscopeError
from demoscope.replies import Reply, Rows, read_replies, reply_keys
from simulator.executors import Executor
from simulator.judges import JudgeDocument
from simulator.progress import Progress
from simulator.protocols.judge import PROTOCOL, JudgeSettings
from simulator.rating import Rating, run_rating
from simulator.store import Store
from surveys.judging import Dimension, instructions, is_drawn


class Judging(Rating):
    """The verdicts that a judge is to give over a store."""

    protocol = PROTOCOL
    free = ("share", "dimensions", "tries")
    not_mixed = "Verdicts of two judges are not mixed: give the new one a `name` of its own."
    settings: JudgeSettings

    def __init__(self, document: JudgeDocument, rows: Rows) -> None:
        super().__init__(rows, document.model, document.execution, document.cell, document.named)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """As the judge's document says."""
        return self.settings.dimensions

    def wanted(self) -> Iterable[Reply]:
        """Replies that are drawn; those that came without a text are left out."""
        drawn = [
            key
            for key in reply_keys(self.rows)
            if is_drawn(self.seed, key.persona, key.question, key.replicate, self.settings.share)
        ]
        return read_replies(self.rows, drawn)

    def turns(self, reply: Reply, dimension: str) -> tuple[str, str]:
        """With what was asked, the answer and its explanation."""
        return instructions(cast(Dimension, dimension), reply.asked, reply.answer, reply.explanation)


def run_judge(
    document: JudgeDocument,
    store: Store,
    *,
    now: Callable[[], str],
    make_executor: Callable[[], Executor] | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Let a judge give the verdicts that a store lacks, or continue.

    Parameters
    ----------
    now : callable
        Clock that returns UTC as ISO 8601.
    make_executor : callable, optional
        Makes the place where cohorts live; as the document's ``execution`` says when absent.
    progress : callable
        Told whenever verdicts were saved.

    Raises
    ------
    DemoscopeError
        If there is nothing to judge.
    StoreError
        If the store knows another judge by this name.
    BackendError, WavePaused
        As of a wave.
    """
    judging = Judging(document, store.execute)
    if not judging.replies:
        drawn = f"{document.settings.share:.3g} of its replies"
        raise DemoscopeError(
            f"{store.path}: nothing to judge; {drawn} came to none. Judge a larger share (--share), or run the wave "
            "first."
        )
    return run_rating(judging, store, now=now, make_executor=make_executor, progress=progress)
