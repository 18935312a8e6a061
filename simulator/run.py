"""Run a wave: hand respondents to cohorts, save what comes back, go on where a store left off."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from demoscope.errors import BackendError, DemoscopeError, WavePaused
from simulator.backends.interface import ModelCard, Parcel
from simulator.cohort import Assignment, Batch, CohortSpec
from simulator.executors import Executor, LocalExecutor
from simulator.interviews import Backlog, Interviews, Work
from simulator.leases import Budget, Ledger, spent_up
from simulator.model_cards import record_card
from simulator.progress import ModelProgress, Progress
from simulator.registration import register
from simulator.shards import EVERYBODY, Shard
from simulator.store import Store
from simulator.teams import Team
from simulator.wave import Execution, LoadedWave

PATIENCE = 1.0
"""Seconds to wait for a batch before looking at the clock."""

GRACE = 10.0
"""Seconds that cohorts have to say how they stand when a wave with a budget is stopped; they usually take two."""

DEATHS = 3
"""Deaths of a model's cohorts, with nothing saved in between and not counting one for each cohort there was (a node
that goes takes all its cohorts along), after which the wave gives up."""

LOOK_S = 5.0
"""Seconds between two looks at whether the cluster has grown."""


def run_wave(
    loaded: LoadedWave,
    store: Store,
    *,
    now: Callable[[], str],
    make_executor: Callable[[LoadedWave], Executor] | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    shard: Shard = EVERYBODY,
) -> Progress:
    """Run a wave to its end, or continue one.

    Parameters
    ----------
    now : callable
        Clock that returns UTC as ISO 8601.
    make_executor : callable, optional
        Makes the place where cohorts live; as the wave's ``execution`` says when absent.
    progress : callable
        Told whenever answers were saved.
    shard : Shard
        Whose turn it is in this store; everybody's when absent.

    Raises
    ------
    StoreError
        If the store does not belong to this wave.
    BackendError
        If a backend cannot be built.
    WavePaused
        If a backend, the disk or Ray failed for good; the same command continues.
    """
    work = Interviews(loaded, register(store, loaded, now(), shard), shard)
    make = make_executor or executor_of
    done = run_work(work, store, now=now, make_executor=lambda: make(loaded), progress=progress)
    if shard.whole:
        store.execute("UPDATE waves SET finished = ? WHERE finished IS NULL", (now(),))
    store.execute("UPDATE batches SET state = 'ingested', ingested = ? WHERE ingested IS NULL", (now(),))
    return done


def run_work(
    work: Work,
    store: Store,
    *,
    now: Callable[[], str],
    make_executor: Callable[[], Executor],
    progress: Callable[[Progress], None],
) -> Progress:
    """Work off what is left to do, and save what comes back; what the store must hold beforehand is there.

    Parameters and errors are those of :func:`run_wave`.
    """
    run = _Run(work, store, now)
    progress(run.progress)
    if not run.done:
        executor = make_executor()
        try:
            for state in run.states(executor):
                progress(state)
        except BaseException:
            with suppress(KeyboardInterrupt, DemoscopeError):
                run.take_leave(executor)
                progress(run.progress)
            raise
        finally:
            executor.close()
    return run.progress


def executor_of(loaded: LoadedWave) -> Executor:
    """The executor that the wave asks for."""
    return executor_for(loaded.wave.execution)


def executor_for(execution: Execution) -> Executor:
    """The executor that is asked for; Ray is imported only when it is wanted."""
    if execution.executor == "local":
        return LocalExecutor()
    from simulator.actors import RayExecutor

    return RayExecutor(execution)


class _Run:
    """One run over a store."""

    def __init__(self, work: Work, store: Store, now: Callable[[], str]) -> None:
        self._work = work
        self._now = now
        self._store = store
        self._teams = {spec.model.name: self._team(spec) for spec in work.specs()}
        self._hosts: dict[int, Team] = {}
        self._calls: set[int] = set()  # handles of the cohorts whose batch is awaited
        backlog = work.backlog(store)
        for model, one in backlog.open:
            self._teams[model].waiting.append(one)
        models = tuple(self._stands(team, backlog) for team in self._teams.values())
        saved = sum(model.saved for model in models)
        self.progress = Progress(sum(model.total for model in models), saved, resumed=saved, models=models)

    def _stands(self, team: Team, backlog: Backlog) -> ModelProgress:
        """A model before anything is asked."""
        name, currency = team.spec.model.name, team.ledger.budget.currency
        cost = 0.0
        if currency:
            sql = """SELECT coalesce(sum(a.cost), 0) FROM models m JOIN cells c ON c.model_id = m.id
                JOIN attempts a ON a.cell_id = c.id WHERE m.name = ?"""
            [(cost,)] = self._store.execute(sql, (name,))
        return ModelProgress(name, backlog.saved[name] + backlog.missing[name], backlog.saved[name], currency, cost)

    def _team(self, spec: CohortSpec) -> Team:
        """The team of a model, with what earlier runs may have spent."""
        sql = """SELECT max(coalesce(m.committed, 0), coalesce(sum(a.cost), 0)) FROM models m
            LEFT JOIN cells c ON c.model_id = m.id LEFT JOIN attempts a ON a.cell_id = c.id
            WHERE m.name = ? GROUP BY m.id"""
        [(before,)] = self._store.execute(sql, (spec.model.name,))
        return Team(spec, Ledger(Budget.of(spec.model.settings), before), before)

    @property
    def done(self) -> bool:
        return all(team.done for team in self._teams.values())

    def states(self, executor: Executor) -> Iterator[Progress]:
        """Work until everybody has been interviewed; yields after every save."""
        for team in self._teams.values():
            if not team.done:
                team.room = self._work.execution.cohorts or executor.room(team.spec.resources)
                self._staff(executor, team, team.room)
        looked = time.monotonic()
        while not self.done:
            if time.monotonic() - looked >= LOOK_S:
                looked = time.monotonic()
                self._grow(executor)
            for handle, batch in executor.next(PATIENCE):
                self._calls.discard(handle)
                team = self._hosts[handle]
                if batch is None:
                    self._bury(handle, team)
                    if not team.out or len(team.out) < self._room(executor, team):
                        self._staff(executor, team, 1)
                    continue
                if self._save(team, batch):
                    team.deaths = 0
                    yield self.progress
                self._heed(batch)
                for respondent_id in batch.finished:
                    del team.out[handle][respondent_id]
                if batch.account:
                    team.ledger.heard(handle, batch.account)
                    self._check_money(team)
                if team.waiting or team.out[handle]:
                    self._submit(executor, team, handle, batch.free)
                else:
                    team.ledger.retire(handle)
                    del team.out[handle]
                    executor.stop(handle)
        for team in self._teams.values():
            self._commit(team, team.ledger.spent)

    def _staff(self, executor: Executor, team: Team, cohorts: int) -> None:
        """Start so many more cohorts, as far as there is somebody for each."""
        started = [self._start(executor, team) for _ in range(min(cohorts, len(team.waiting)))]
        for handle in started:
            self._submit(executor, team, handle, 0)

    def _room(self, executor: Executor, team: Team) -> int:
        """Cohorts of a model that there is room for now; none while the machines that could hold one are away."""
        try:
            return self._work.execution.cohorts or executor.room(team.spec.resources)
        except BackendError:
            return 0

    def _grow(self, executor: Executor) -> None:
        """Use machines that joined the cluster since the last look."""
        for team in self._teams.values():
            before, team.room = team.room, self._room(executor, team)
            if team.waiting:
                self._staff(executor, team, min(team.room - before, team.room - len(team.out)))

    def take_leave(self, executor: Executor) -> None:
        """Save what cohorts still have to tell, and count no more as spent than they have spent or set aside.

        What a cohort that says nothing in time could spend goes on counting as spent.
        """
        leaving = {
            handle
            for handle, team in self._hosts.items()
            if team.ledger.budget.reckons and handle in team.ledger.living
        }
        asked = leaving - self._calls
        for handle in asked:
            executor.submit(handle, [], None)
        until = time.monotonic() + GRACE
        while leaving and (left := until - time.monotonic()) > 0:
            for handle, batch in executor.next(left):
                if handle not in leaving:
                    continue
                team = self._hosts[handle]
                if batch is not None:
                    self._save(team, batch)
                if batch is not None and handle not in asked:
                    asked.add(handle)
                    executor.submit(handle, [], None)
                    continue
                leaving.discard(handle)
                if batch is not None and batch.account:
                    team.ledger.leave(handle, batch.account)
        for team in self._teams.values():
            self._commit(team, team.ledger.committed)

    def _save(self, team: Team, batch: Batch) -> bool:
        """Save what a batch has to tell; returns whether there were answers or calls in it."""
        if batch.card:
            self._record_card(batch.card)
        for parcel in batch.parcels:
            self._record_parcel(parcel, team.spec.model.name)
        if not batch.records:
            return False
        new = self._store.write(batch.records)
        self.progress = self.progress.after(team.spec.model.name, new, batch.records, team.spec.questionnaire)
        return True

    def _submit(self, executor: Executor, team: Team, handle: int, places: int) -> None:
        """Hand respondents and a lease to a cohort; the money of the lease is in the store before it can be spent."""
        assignments = self._hand_out(team, handle, places)
        lease = team.ledger.lease(handle, team.busy)
        if team.ledger.committed > team.committed:
            self._commit(team, team.ledger.committed)
        executor.submit(handle, assignments, lease)
        self._calls.add(handle)

    def _commit(self, team: Team, money: float) -> None:
        """Let the store know what may have been spent, so that a later run counts it even if this one is killed."""
        if team.ledger.budget.reckons:
            team.committed = money
            self._store.execute("UPDATE models SET committed = ? WHERE name = ?", (money, team.spec.model.name))

    def _check_money(self, team: Team) -> None:
        wanted = team.ledger.exhausted()
        if wanted is not None and team.ledger.budget.max_cost is not None:
            self._commit(team, team.ledger.spent)
            raise WavePaused(spent_up(team.spec.model.name, team.ledger.budget, team.ledger.spent, wanted))

    def _start(self, executor: Executor, team: Team) -> int:
        handle = executor.start(dataclasses.replace(team.spec, parcels=self._parcels(team.spec.model.name)))
        self._hosts[handle] = team
        team.out[handle] = {}
        team.ledger.join(handle)
        return handle

    def _bury(self, handle: int, team: Team) -> None:
        team.deaths += 1
        team.most = max(team.most, len(team.out))
        team.ledger.bury(handle)
        team.waiting.extendleft(reversed(team.out.pop(handle).values()))
        if team.deaths >= DEATHS + team.most - 1:
            raise WavePaused(
                f"The cohorts of {team.spec.model.name!r} died {team.deaths} times in a row without saving anything "
                "(out of memory is the usual cause). What was saved is safe; reserve more for each cohort or use "
                "fewer of them, then run the same command again."
            )

    def _heed(self, batch: Batch) -> None:
        if batch.wrong:
            raise BackendError(batch.wrong)
        if batch.broken:
            raise WavePaused(
                f"A defect stopped an interview; what was saved is safe. Please report it:\n{batch.broken}"
            )
        if batch.paused:
            raise WavePaused(batch.paused)

    def _hand_out(self, team: Team, handle: int, places: int) -> list[Assignment]:
        """The next respondents for a cohort, so that it has no more than its fair share of all who are left."""
        everybody = len(team.waiting) + sum(map(len, team.out.values()))
        fair = -(-everybody // len(team.out)) - len(team.out[handle])
        taken = [team.waiting.popleft() for _ in range(min(places, max(fair, 0), len(team.waiting)))]
        if not taken:
            return []
        team.out[handle].update((one.respondent_id, one) for one in taken)
        return self._work.assignments(self._store, taken)

    def _parcels(self, model: str) -> tuple[Parcel, ...]:
        """The provider's batches that may hold replies which the store does not."""
        sql = """SELECT b.id, b.step, b.state = 'fetched' FROM batches b JOIN models m ON m.id = b.model_id
            WHERE m.name = ? AND b.ingested IS NULL ORDER BY b.id"""
        return tuple(Parcel(tag, step, bool(fetched)) for tag, step, fetched in self._store.execute(sql, (model,)))

    def _record_parcel(self, parcel: Parcel, model: str) -> None:
        self._store.execute(
            """INSERT INTO batches (id, model_id, step, state, submitted)
            SELECT ?, id, ?, ?, ? FROM models WHERE name = ? ON CONFLICT (id) DO UPDATE SET state = excluded.state""",
            (parcel.tag, parcel.step, "fetched" if parcel.fetched else "announced", self._now(), model),
        )

    def _record_card(self, card: ModelCard) -> None:
        demanded = self._work.demanded(card.name) if card.missing else frozenset()
        notices = list(self.progress.notices)
        notices += [one for one in record_card(self._store, card, demanded) if one not in notices]
        self.progress = dataclasses.replace(self.progress, notices=tuple(notices))
