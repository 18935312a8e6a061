"""A model that codes the open answers of a store: which these are, the run, and the codes it gave."""

from collections.abc import Callable, Iterable
from pathlib import Path

from demoscope.open_answers import OpenAnswer, open_answers, write_coding_sheet
from demoscope.replies import Reply, ReplyKey, Rows
from simulator.coders import CoderDocument
from simulator.executors import Executor
from simulator.progress import Progress
from simulator.protocols.coder import PROTOCOL, CodebookSettings, dimension
from simulator.rating import Rating, run_rating
from simulator.store import Store
from surveys.codebook import Codebook
from surveys.coding import instructions


class Coding(Rating):
    """The codes that a model is to give the open answers of a store."""

    protocol = PROTOCOL
    free = ("tries",)
    not_mixed = "Codes are not mixed: give a changed codebook an `id` of its own, or the new coder a `name`."
    settings: CodebookSettings

    def __init__(self, document: CoderDocument, codebook: Codebook, rows: Rows, where: str) -> None:
        super().__init__(
            rows, document.model, document.execution, document.cell(codebook), document.settings_with(codebook)
        )
        self.answers: tuple[OpenAnswer, ...] = open_answers(rows, codebook.question, self.seed, where)
        """The answers, in the order of a coder's sheet."""

    @property
    def codebook(self) -> Codebook:
        """The codes, and the question they are of."""
        return self.settings.codebook

    @property
    def dimensions(self) -> tuple[str, ...]:
        """One: the codebook."""
        return (dimension(self.codebook),)

    def wanted(self) -> Iterable[Reply]:
        """Every understood answer, as people who code read it."""
        [(number, wording)] = self.rows("SELECT id, text FROM questions WHERE name = ?", (self.codebook.question,))
        for one in sorted(self.answers, key=lambda one: one.key):
            key = ReplyKey(one.cell, one.respondent, one.persona, self.codebook.question, number, one.replicate)
            yield Reply(key, "answered", wording, one.text, "")

    def turns(self, reply: Reply, dimension: str) -> tuple[str, str]:
        """With the codebook, the question and the answer."""
        return instructions(self.codebook, reply.asked, reply.answer)

    @property
    def coder(self) -> str:
        """What sheets call the coder: that it is a model, which one, and by which state of the codebook it coded."""
        alias = "" if self.settings.name == self.model.name else f" as {self.settings.name}"
        return f"model {self.model.name}{alias}, codebook {self.codebook.digest}"

    def codes(self) -> dict[tuple[int, int], int]:
        """Codes that this coder has given, by respondent and repetition; answers without one are left out."""
        found = self.rows(
            """SELECT j.respondent_id, j.replicate, j.verdict FROM judgements j
            JOIN questions q ON q.id = j.question_id
            WHERE q.name = ? AND j.judge = ? AND j.dimension = ? AND j.verdict IS NOT NULL""",
            (self.codebook.question, self.settings.name, dimension(self.codebook)),
        )
        return {(respondent, replicate): int(code) for respondent, replicate, code in found}

    def write_sheet(self, path: Path) -> None:
        """Write the codes as a sheet that `code read` takes; errors as :func:`write_coding_sheet`."""
        write_coding_sheet(path, self.answers, self.codes(), self.coder)


def run_coder(
    document: CoderDocument,
    codebook: Codebook,
    store: Store,
    *,
    now: Callable[[], str],
    make_executor: Callable[[], Executor] | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Coding:
    """Let a model give the codes that a store lacks, or continue.

    Parameters
    ----------
    now : callable
        Clock that returns UTC as ISO 8601.
    make_executor : callable, optional
        Makes the place where cohorts live; as the document's ``execution`` says when absent.
    progress : callable
        Told whenever codes were saved.

    Returns
    -------
    Coding
        What the store now holds of it.

    Raises
    ------
    DocumentError
        If the codebook's question is none of the store's open ones, or nobody has answered it.
    StoreError
        If the store knows another coder by this name, or another codebook by this id.
    BackendError, WavePaused
        As of a wave.
    """
    coding = Coding(document, codebook, store.execute, str(store.path))
    run_rating(coding, store, now=now, make_executor=make_executor, progress=progress)
    return coding
