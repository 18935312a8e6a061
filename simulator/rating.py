"""A model over the replies of a store, as a judge or a coder: what the store still lacks, and the run itself."""

import json
import sqlite3
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from demoscope.documents import build
from demoscope.errors import StoreError
from demoscope.replies import Reply, Rows
from simulator.backends.scripted import ScriptedBackend
from simulator.cohort import Assignment, CohortSpec
from simulator.demands import demands, demands_in
from simulator.executors import Executor
from simulator.interviews import Backlog, resources_of
from simulator.lookahead import dry_requests
from simulator.progress import Progress
from simulator.protocols.rater import RaterSettings, judged
from simulator.protocols.registry import ProtocolKind
from simulator.respondent import Respondent
from simulator.run import executor_for, run_work
from simulator.store import Store
from simulator.teams import Open
from simulator.wave import Condition, Execution, ModelSpec, deciding
from surveys import Questionnaire


class Rating(ABC):
    """The verdicts (or codes) that a model is to give over a store."""

    protocol: ProtocolKind
    """How it is asked."""
    free: tuple[str, ...]
    """Settings that may differ from one launch to the next: they decide how much is asked."""
    not_mixed: str
    """What to do where others differ."""

    def __init__(
        self, rows: Rows, model: ModelSpec, execution: Execution, cell: str, settings: RaterSettings
    ) -> None:
        self.rows = rows
        self.model = model
        self.execution = execution
        self.cell = cell
        self.settings = settings
        self._cell_id = 0
        found = rows("SELECT seed, questionnaire, config ->> '$.store_prompts' FROM waves", ())
        if not found:
            raise StoreError("The store holds no wave yet; launch one into it with `demoscope run`.")
        self.seed: int
        self.seed, written, self._keeps = found[0]
        self.questionnaire = build(Questionnaire, json.loads(written), "the store's questionnaire")

    @property
    @abstractmethod
    def dimensions(self) -> tuple[str, ...]:
        """What is said of each reply, one verdict for each."""

    @abstractmethod
    def wanted(self) -> Iterable[Reply]:
        """Replies that are to get verdicts, those of one respondent in a lasting order."""

    @abstractmethod
    def turns(self, reply: Reply, dimension: str) -> tuple[str, str]:
        """System turn and user turn that ask for a verdict."""

    @cached_property
    def replies(self) -> dict[int, tuple[Reply, ...]]:
        """Replies that are to get verdicts, by respondent."""
        found: dict[int, list[Reply]] = {}
        for reply in self.wanted():
            found.setdefault(reply.key.respondent, []).append(reply)
        return {respondent: tuple(replies) for respondent, replies in found.items()}

    def register(self, store: Store) -> None:
        """Put the rater into the store, or check that it is the one that was asked before.

        Raises
        ------
        StoreError
            If the store knows another rater, or another model, by this name.
        """
        with store.transaction() as connection:
            model = _model_id(connection, self.model)
            self._cell_id = self._register_cell(connection, model)

    def _register_cell(self, connection: sqlite3.Connection, model: int) -> int:
        kind = self.protocol.name
        content = {**self.settings.model_dump(mode="json"), "fallbacks": {}}
        row = connection.execute("SELECT id, model_id, settings FROM cells WHERE name = ?", (self.cell,)).fetchone()
        settings = json.dumps(content, ensure_ascii=False, sort_keys=True)
        if row is None:
            number: int = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM cells").fetchone()[0]
            connection.execute(
                "INSERT INTO cells VALUES (?, ?, ?, ?, ?, 'demoscope', 'mul', NULL, NULL, ?, '[]', NULL)",
                (number, self.cell, kind, model, kind, settings),
            )
            return number
        before = {name: value for name, value in json.loads(row[2]).items() if name not in self.free}
        after = {name: value for name, value in content.items() if name not in self.free}
        if row[1] != model or before != after:
            changed = [name for name in after if before.get(name) != after[name]] or ["model"]
            raise StoreError(
                f"The {kind} {self.settings.name!r} of this store judged otherwise before "
                f"({', '.join(changed)}). {self.not_mixed}"
            )
        connection.execute("UPDATE cells SET settings = ? WHERE id = ?", (settings, row[0]))
        return int(row[0])

    def specs(self) -> list[CohortSpec]:
        """One: the rater's model."""
        kind = self.protocol.name
        condition = Condition(name=kind, protocol=kind, settings=self.settings.model_dump(mode="json"))
        return [
            CohortSpec(
                seed=self.seed,
                questionnaire=self.questionnaire,
                model=self.model,
                resources=resources_of(self.model, self.execution),
                conditions={self._cell_id: condition},
                keep_texts=self._keeps != "hash",
            )
        ]

    def backlog(self, store: Store) -> Backlog:
        """Respondents some of whose replies lack a verdict."""
        missing = Counter(reply.key.respondent for reply, _ in self.missing())
        waiting = tuple(
            (self.model.name, Open(respondent, self._cell_id, replies[0].key.persona))
            for respondent, replies in self.replies.items()
            if missing[respondent]
        )
        model, left = self.model.name, missing.total()
        return Backlog(waiting, Counter({model: self.verdicts - left}), Counter({model: left}))

    @property
    def verdicts(self) -> int:
        """Verdicts wanted: one for each reply and dimension."""
        return sum(map(len, self.replies.values())) * len(self.dimensions)

    def missing(self) -> list[tuple[Reply, str]]:
        """Replies and dimensions for which the store has no verdict of this rater."""
        sql = "SELECT respondent_id, question_id, replicate, dimension FROM judgements WHERE judge = ?"
        known = set(self.rows(sql, (self.settings.name,)))
        return [
            (reply, dimension)
            for replies in self.replies.values()
            for reply in replies
            for dimension in self.dimensions
            if (reply.key.respondent, reply.key.question_id, reply.key.replicate, dimension) not in known
        ]

    def assignments(self, store: Store, taken: Sequence[Open]) -> list[Assignment]:
        """The respondents as subjects of the rater."""
        histories = store.histories([one.respondent_id for one in taken], self._cell_id)
        return [
            Assignment(
                one.respondent_id, self._cell_id, self._subject(one.respondent_id), histories[one.respondent_id]
            )
            for one in taken
        ]

    def demanded(self, model: str) -> frozenset[str]:
        """From a dry run over the first respondent's replies."""
        found = set(demands_in(self.model.settings))
        for respondent in list(self.replies)[:1]:
            steps = self.protocol.interview(self._subject(respondent), self.questionnaire, self.settings, self.seed)
            stand_in = ScriptedBackend("dry-run", public="modal")
            found.update(*map(demands, dry_requests(steps, stand_in.reply).values()))
        return frozenset(found)

    def _subject(self, respondent: int) -> Respondent:
        replies = self.replies[respondent]
        return judged(self.cell, replies[0].key.persona, self.settings, replies)


def run_rating(
    rating: Rating,
    store: Store,
    *,
    now: Callable[[], str],
    make_executor: Callable[[], Executor] | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Let a model give the verdicts that a store lacks, or continue; as :func:`simulator.judging.run_judge`."""
    rating.register(store)
    done = run_work(
        rating,
        store,
        now=now,
        make_executor=make_executor or (lambda: executor_for(rating.execution)),
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
    """Id of the rater's model, which may be one that answered."""
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
