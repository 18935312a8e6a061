"""A cohort: a slice of the respondents as coroutines over one backend. Plain; an actor only carries it."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from demoscope.errors import BackendError, DemoscopeError, WavePaused
from simulator.backends.interface import Backend, ModelCard, Parcel, Patient, Resources, find_backend
from simulator.doubts import Doubts
from simulator.drivers import History, Listener, drive
from simulator.leases import EXPIRES_S, Account, Lease, Leased
from simulator.lookahead import Ahead, independent
from simulator.protocols.interface import Completion, Judged, Protocol, Request, Understood
from simulator.protocols.registry import find_protocol
from simulator.records import Recorder, Records
from simulator.respondent import Respondent
from simulator.variants import begin, varied
from simulator.wave import Condition, ModelSpec
from surveys import Questionnaire

LINGER = 0.1
"""Seconds that answers may wait for company before they travel to the store."""

Complete = Callable[[Request], Awaitable[Completion]]
"""Asks a model."""

RETURN_AT_LEAST_EVERY = 2.0
"""Seconds after which :meth:`Cohort.work` returns even with nothing to tell, so that its host sees it alive."""


@dataclass(frozen=True)
class CohortSpec:
    """Everything a cohort must know to do its work anywhere."""

    seed: int
    questionnaire: Questionnaire
    model: ModelSpec
    conditions: dict[int, Condition]
    """Conditions by cell id."""
    keep_texts: bool
    resources: Resources = field(default_factory=Resources)
    """What the cohort reserves of a machine or cluster."""
    parcels: tuple[Parcel, ...] = ()
    """The provider's batches that the store knows, for a patient backend."""


@dataclass(frozen=True)
class Assignment:
    """One respondent to be interviewed, with what is known of the interview already."""

    respondent_id: int
    cell_id: int
    respondent: Respondent
    history: History = field(default_factory=dict)


@dataclass
class Batch:
    """What a cohort has to tell: rows to save, who is done, and how many more respondents it can take."""

    records: Records = field(default_factory=Records)
    finished: list[int] = field(default_factory=list)
    free: int = 0
    card: ModelCard | None = None
    account: Account | None = None
    """How the backend stands, when it shares limits or money with others."""
    parcels: list[Parcel] = field(default_factory=list)
    """Provider's batches that are created once these are saved."""
    paused: str | None = None
    """Why nothing more can be had from the backend, for people."""
    broken: str | None = None
    """Traceback of a defect in a protocol or backend."""
    wrong: str | None = None
    """Why the backend could not be built: something for the user to mend."""


class Cohort:
    """Interviews respondents as they come, each going on as soon as its own reply is there.

    ``work`` is called again and again by whoever hosts the cohort. Each call hands in new respondents and
    returns what was recorded since the last; whatever was not returned is not saved and will be asked again.
    """

    def __init__(self, spec: CohortSpec) -> None:
        self._spec = spec
        self._backend: Backend | None = None
        self._opening: asyncio.Task[Backend] | None = None
        self._lease_ends: asyncio.TimerHandle | None = None
        self._settings = {
            cell: find_protocol(condition.protocol).settings_model.model_validate(condition.settings)
            for cell, condition in spec.conditions.items()
        }
        self._asked = {
            cell: varied(spec.questionnaire, condition.perturbations, self._settings[cell], spec.seed)
            for cell, condition in spec.conditions.items()
        }
        self._question_ids = {question.id: n for n, question in enumerate(spec.questionnaire.questions, start=1)}
        self._tasks: set[asyncio.Task[None]] = set()
        self._batch = Batch()
        self._news = asyncio.Event()
        self._places: asyncio.Semaphore | None = None
        self._announced: list[asyncio.Event] = []
        self._told: list[asyncio.Event] = []
        self._doubts = Doubts(spec.model.name)

    async def work(self, assignments: Sequence[Assignment], lease: Lease | None) -> Batch:
        """Take on respondents and return what there is to tell, after a moment at the latest.

        A further call says that what the last one returned is saved. When none comes for long, the lease ends and
        nothing more is sent. Without a lease the wave takes its leave: nothing more is sent, and all is told at once.
        """
        for saved in self._told:
            saved.set()
        self._told = []
        if lease is None:
            self._renew(None)
            return self._take()
        try:
            if self._opening is None:
                self._opening = self._begin(lease)
            else:
                self._renew(lease)
            for assignment in assignments:
                task = asyncio.create_task(self._interview(assignment, self._opening.result()))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            if self._doubts.open and not self._tasks:
                self._settle_doubts()  # nobody is left who could show whether it goes on
            await self._something_to_tell()
            if self._places is None and self._opening.done():
                backend = self._opening.result()
                self._places = asyncio.Semaphore(backend.concurrency)
                self._batch.card = backend.card()
        except WavePaused as error:
            return Batch(paused=str(error))
        except DemoscopeError as error:
            return Batch(wrong=str(error))
        return self._take()

    def _begin(self, lease: Lease) -> "asyncio.Task[Backend]":
        """Build the backend and begin to open it; its host is told meanwhile what it needs."""
        model = self._spec.model
        self._backend = find_backend(model.backend)(model.name, **model.settings)
        self._renew(lease)
        opening = asyncio.create_task(self._open(self._backend))
        opening.add_done_callback(lambda _: self._news.set())
        return opening

    def _renew(self, lease: Lease | None) -> None:
        """Pass a lease on; it ends when no other follows in time."""
        if self._lease_ends is not None:
            self._lease_ends.cancel()
            self._lease_ends = None
        if isinstance(self._backend, Leased):
            self._backend.lease(lease, self._news.set)
            if lease is not None:
                self._lease_ends = asyncio.get_running_loop().call_later(EXPIRES_S, self._renew, None)

    async def _something_to_tell(self) -> None:
        """Wait for news, and then a moment for more of them."""
        try:
            await asyncio.wait_for(self._news.wait(), RETURN_AT_LEAST_EVERY)
            if self._tasks:
                await asyncio.sleep(LINGER)
        except TimeoutError:
            return

    async def _open(self, backend: Backend) -> Backend:
        """The backend, ready and able to do what the conditions need."""
        try:
            if isinstance(backend, Patient) and backend.patient:
                backend.resume(self._spec.parcels, self._announce)
            await backend.open()
            for cell, condition in self._spec.conditions.items():
                needed = find_protocol(condition.protocol).abilities_needed(self._settings[cell])
                missing = sorted(needed - backend.abilities)
                if missing:
                    raise BackendError(
                        f"The condition {condition.name!r} needs {', '.join(missing)} of the model "
                        f"{self._spec.model.name!r}, which has proved "
                        f"{', '.join(sorted(backend.abilities)) or 'nothing'}. Ask it of another model or endpoint, "
                        "or leave the condition out."
                    )
        except BaseException:
            await backend.close()
            raise
        return backend

    async def _announce(self, parcel: Parcel) -> None:
        """Tell the host of a parcel; returns when it is saved."""
        saved = asyncio.Event()
        self._batch.parcels.append(parcel)
        self._announced.append(saved)
        self._news.set()
        await saved.wait()

    def _take(self) -> Batch:
        taken, self._batch = self._batch, Batch()
        self._told, self._announced = self._announced, []
        self._news.clear()
        if isinstance(self._backend, Leased):
            taken.account = self._backend.account()
        if self._backend is not None and self._places is not None:
            running = sum(not task.done() for task in self._tasks)
            # A few respondents wait at the door, so that no place stays empty while the host is being told.
            places = self._backend.concurrency
            taken.free = max(0, places + max(1, places // 2) - running)
        return taken

    async def _interview(self, assignment: Assignment, backend: Backend) -> None:
        condition = self._spec.conditions[assignment.cell_id]
        protocol = find_protocol(condition.protocol)
        settings, asked = self._settings[assignment.cell_id], self._asked[assignment.cell_id]

        def interview() -> Protocol:
            return begin(protocol, assignment.respondent, asked, settings, self._spec.seed)

        complete = partial(self._complete, assignment.respondent_id)
        listener = _Listener(self._recorder(assignment), self._news)
        assert self._places is not None
        try:
            async with self._places:
                if isinstance(backend, Patient) and backend.patient:
                    await _drive_ahead(interview, complete, listener, assignment.history)
                else:
                    await drive(interview(), complete, listener, assignment.history)
            if not self._doubts.finished(assignment.respondent_id):
                self._batch.finished.append(assignment.respondent_id)
        except DemoscopeError as error:
            self._batch.paused = str(error)
        except Exception:
            self._batch.broken = traceback.format_exc()
        self._news.set()

    async def _complete(self, respondent_id: int, request: Request) -> Completion:
        """Ask the backend for a respondent, and stop where it does nothing any more but fail."""
        assert self._backend is not None
        in_doubt = self._doubts.open
        completion = await self._backend.complete(request)
        if self._doubts.heard(respondent_id, completion, in_doubt):
            self._settle_doubts()
        return completion

    def _settle_doubts(self) -> None:
        records, finished = self._doubts.taken()
        self._batch.records.extend(records)
        self._batch.finished += finished
        self._news.set()

    def _recorder(self, assignment: Assignment) -> Recorder:
        return Recorder(
            lambda: self._doubts.records(assignment.respondent_id, self._batch.records),
            cell_id=assignment.cell_id,
            respondent_id=assignment.respondent_id,
            question_ids=self._question_ids,
            keep_texts=self._spec.keep_texts,
        )

    async def close(self) -> None:
        """Stop every interview and give the backend back."""
        if self._lease_ends is not None:
            self._lease_ends.cancel()
        tasks = [*self._tasks, *([self._opening] if self._opening else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._backend is not None:
            await self._backend.close()


async def _drive_ahead(
    interview: Callable[[], Protocol], complete: Complete, listener: Listener, history: History
) -> None:
    """Run an interview whose replies take long: what hangs on no reply is asked at once."""
    asked = [request for request in independent(interview) if (request.step, request.ordinal) not in history]
    ahead = Ahead(complete, asked)
    try:
        await drive(interview(), ahead.complete, listener, history)
    finally:
        await ahead.close()


class _Listener:
    """Records what happens and says that there is news."""

    def __init__(self, recorder: Recorder, news: asyncio.Event) -> None:
        self._recorder = recorder
        self._news = news

    def exchange(self, request: Request, completion: Completion) -> None:
        self._recorder.exchange(request, completion)

    def answer(self, understood: Understood | Judged) -> None:
        self._recorder.answer(understood)
        self._news.set()
