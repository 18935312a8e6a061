"""A judge over the replies of a store: what is drawn, what the store still lacks, and the run itself."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property

from demoscope.documents import build
from demoscope.errors import DemoscopeError, StoreError
from demoscope.replies import Reply, Rows, read_replies, reply_keys
from simulator.backends.scripted import ScriptedBackend
from simulator.cohort import Assignment, CohortSpec
from simulator.demands import demands, demands_in
from simulator.executors import Executor
from simulator.interviews import Backlog, resources_of
from simulator.judges import JudgeDocument
from simulator.lookahead import dry_requests
from simulator.progress import Progress
from simulator.protocols.judge import PROTOCOL, judged
from simulator.respondent import Respondent
from simulator.run import executor_for, run_work
from simulator.store import Store
from simulator.teams import Open
from simulator.wave import Condition, Execution, ModelSpec, deciding
from surveys import Questionnaire
from surveys.judging import Dimension, is_drawn

FREE = ("share", "dimensions", "tries")
"""Settings of a judge that may differ from one launch to the next: they decide how much is judged."""


class Judging:
    """The verdicts that a judge is to give over a store."""

    def __init__(self, document: JudgeDocument, rows: Rows) -> None:
        self._document = document
        self._rows = rows
        self._settings = document.named
        self._cell = 0
        found = rows("SELECT seed, questionnaire, config ->> '$.store_prompts' FROM waves", ())
        if not found:
            raise StoreError("The store holds no wave yet; launch one into it with `demoscope run`.")
        self._seed, written, self._keeps = found[0]
        self._questionnaire = build(Questionnaire, json.loads(written), "the store's questionnaire")

    @property
    def execution(self) -> Execution:
        """As the judge's document says."""
        return self._document.execution

    @cached_property
    def replies(self) -> dict[int, tuple[Reply, ...]]:
        """Replies that are drawn, by respondent; those that came without a text are left out."""
        drawn = [
            key
            for key in reply_keys(self._rows)
            if is_drawn(self._seed, key.persona, key.question, key.replicate, self._settings.share)
        ]
        found: dict[int, list[Reply]] = {}
        for reply in read_replies(self._rows, drawn):
            found.setdefault(reply.key.respondent, []).append(reply)
        return {respondent: tuple(replies) for respondent, replies in found.items()}

    def register(self, store: Store) -> None:
        """Put the judge into the store, or check that it is the one that judged before.

        Raises
        ------
        StoreError
            If the store knows another judge, or another model, by this name.
        """
        with store.transaction() as connection:
            model = _model_id(connection, self._document.model)
            self._cell = self._cell_id(connection, model)

    def _cell_id(self, connection: sqlite3.Connection, model: int) -> int:
        about = PROTOCOL.describe(self._settings, None)
        row = connection.execute(
            "SELECT id, model_id, settings FROM cells WHERE name = ?", (self._document.cell,)
        ).fetchone()
        settings = json.dumps(about.settings, ensure_ascii=False, sort_keys=True)
        if row is None:
            number: int = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM cells").fetchone()[0]
            connection.execute(
                "INSERT INTO cells VALUES (?, ?, 'judge', ?, 'judge', ?, ?, NULL, NULL, ?, '[]', NULL)",
                (number, self._document.cell, model, about.profile, about.language, settings),
            )
            return number
        before = {name: value for name, value in json.loads(row[2]).items() if name not in FREE}
        after = {name: value for name, value in about.settings.items() if name not in FREE}
        if row[1] != model or before != after:
            changed = [name for name in after if before.get(name) != after[name]] or ["model"]
            raise StoreError(
                f"The judge {self._settings.name!r} of this store judged otherwise before "
                f"({', '.join(changed)}). Verdicts of two judges are not mixed: give the new one a `name` of its own."
            )
        connection.execute("UPDATE cells SET settings = ? WHERE id = ?", (settings, row[0]))
        return int(row[0])

    def specs(self) -> list[CohortSpec]:
        """One: the judge's model."""
        spec = self._document.model
        return [
            CohortSpec(
                seed=self._seed,
                questionnaire=self._questionnaire,
                model=spec,
                resources=resources_of(spec, self.execution),
                conditions={self._cell: self._condition},
                keep_texts=self._keeps != "hash",
            )
        ]

    @property
    def _condition(self) -> Condition:
        return Condition(name="judge", protocol="judge", settings=self._settings.model_dump(mode="json"))

    def backlog(self, store: Store) -> Backlog:
        """Respondents some of whose replies lack a verdict."""
        missing = Counter(reply.key.respondent for reply, _ in self.missing())
        waiting = tuple(
            (self._document.model.name, Open(respondent, self._cell, replies[0].key.persona))
            for respondent, replies in self.replies.items()
            if missing[respondent]
        )
        model, left = self._document.model.name, missing.total()
        return Backlog(waiting, Counter({model: self.verdicts - left}), Counter({model: left}))

    @property
    def verdicts(self) -> int:
        """Verdicts wanted: one for each reply and dimension."""
        return sum(map(len, self.replies.values())) * len(self._settings.dimensions)

    def missing(self) -> list[tuple[Reply, Dimension]]:
        """Replies and dimensions for which the store has no verdict of this judge."""
        sql = "SELECT respondent_id, question_id, replicate, dimension FROM judgements WHERE judge = ?"
        known = set(self._rows(sql, (self._settings.name,)))
        return [
            (reply, dimension)
            for replies in self.replies.values()
            for reply in replies
            for dimension in self._settings.dimensions
            if (reply.key.respondent, reply.key.question_id, reply.key.replicate, dimension) not in known
        ]

    def assignments(self, store: Store, taken: Sequence[Open]) -> list[Assignment]:
        """The respondents as subjects of the judge."""
        histories = store.histories([one.respondent_id for one in taken], self._cell)
        return [
            Assignment(one.respondent_id, self._cell, self._subject(one.respondent_id), histories[one.respondent_id])
            for one in taken
        ]

    def demanded(self, model: str) -> frozenset[str]:
        """From a dry run over the first respondent's replies."""
        found = set(demands_in(self._document.model.settings))
        for respondent in list(self.replies)[:1]:
            steps = PROTOCOL.interview(self._subject(respondent), self._questionnaire, self._settings, self._seed)
            stand_in = ScriptedBackend("dry-run", public="modal")
            found.update(*map(demands, dry_requests(steps, stand_in.reply).values()))
        return frozenset(found)

    def _subject(self, respondent: int) -> Respondent:
        replies = self.replies[respondent]
        return judged(self._document.cell, replies[0].key.persona, self._settings, replies)


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
    judging.register(store)
    done = run_work(
        judging,
        store,
        now=now,
        make_executor=make_executor or (lambda: executor_for(document.execution)),
        progress=progress,
    )
    # While the wave goes on, batches under way may be its own; it says itself when they are in.
    store.execute(
        """UPDATE batches SET state = 'ingested', ingested = ?
        WHERE ingested IS NULL AND (SELECT finished FROM waves) IS NOT NULL""",
        (now(),),
    )
    return done


def _model_id(connection: sqlite3.Connection, model: ModelSpec) -> int:
    """Id of the judge's model, which may be one that answered."""
    row = connection.execute("SELECT id, backend, config FROM models WHERE name = ?", (model.name,)).fetchone()
    if row is None:
        number: int = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM models").fetchone()[0]
        config = json.dumps(model.settings, ensure_ascii=False, sort_keys=True)
        connection.execute(
            "INSERT INTO models (id, name, backend, config) VALUES (?, ?, ?, ?)",
            (number, model.name, model.backend, config),
        )
        return number
    before = ModelSpec(name=model.name, backend=row[1], settings=json.loads(row[2]))
    if deciding(before) != deciding(model):
        raise StoreError(
            f"The store has another model that is called {model.name!r} (its backend or settings differ). Give the "
            "judge's model a name of its own, or let the store's model judge with `--model`."
        )
    return int(row[0])
