"""A cohort: a slice of the respondents as coroutines over one backend. Plain; an actor only carries it."""

import asyncio
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from demoscope.errors import BackendError, DemoscopeError, WavePaused
from simulator.backends.interface import Backend, ModelCard, Parcel, Patient, find_backend
from simulator.drivers import History, Listener, drive
from simulator.lookahead import Ahead, independent
from simulator.protocols.interface import Completion, Protocol, Request, Understood
from simulator.protocols.registry import find_protocol
from simulator.records import Recorder, Records
from simulator.respondent import Respondent
from simulator.wave import Condition, ModelSpec
from surveys import Questionnaire

LINGER = 0.1
"""Seconds that answers may wait for company before they travel to the store."""

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
    parcels: tuple[str, ...] = ()
    """Tags of the provider's batches that the store knows, for a patient backend."""


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
        self._settings = {
            cell: find_protocol(condition.protocol).settings_model.model_validate(condition.settings)
            for cell, condition in spec.conditions.items()
        }
        self._question_ids = {question.id: n for n, question in enumerate(spec.questionnaire.questions, start=1)}
        self._tasks: set[asyncio.Task[None]] = set()
        self._batch = Batch()
        self._news = asyncio.Event()
        self._places: asyncio.Semaphore | None = None
        self._announced: list[asyncio.Event] = []
        self._told: list[asyncio.Event] = []

    async def work(self, assignments: Sequence[Assignment]) -> Batch:
        """Take on respondents and return what there is to tell, after a moment at the latest.

        A further call says that what the last one returned is saved.
        """
        for saved in self._told:
            saved.set()
        self._told = []
        if self._backend is None:
            try:
                self._backend = await self._open()
            except WavePaused as error:
                return Batch(paused=str(error))
            except DemoscopeError as error:
                return Batch(wrong=str(error))
            self._places = asyncio.Semaphore(self._backend.concurrency)
            self._batch.card = self._backend.card()
            self._news.set()
        for assignment in assignments:
            task = asyncio.create_task(self._interview(assignment, self._backend))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            await asyncio.wait_for(self._news.wait(), RETURN_AT_LEAST_EVERY)
            if self._tasks:
                await asyncio.sleep(LINGER)
        except TimeoutError:
            pass
        return self._take(self._backend)

    async def _open(self) -> Backend:
        """The backend, ready and able to do what the conditions need."""
        model = self._spec.model
        backend = find_backend(model.backend)(model.name, **model.settings)
        try:
            if isinstance(backend, Patient) and backend.patient:
                backend.resume(self._spec.parcels, self._announce)
            await backend.open()
            for cell, condition in self._spec.conditions.items():
                needed = find_protocol(condition.protocol).abilities_needed(self._settings[cell])
                missing = sorted(needed - backend.abilities)
                if missing:
                    raise BackendError(
                        f"The condition {condition.name!r} needs {', '.join(missing)} of the model {model.name!r}, "
                        f"which has proved {', '.join(sorted(backend.abilities)) or 'nothing'}. Ask it of another "
                        "model or endpoint, or leave the condition out."
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

    def _take(self, backend: Backend) -> Batch:
        taken, self._batch = self._batch, Batch()
        self._told, self._announced = self._announced, []
        self._news.clear()
        running = sum(not task.done() for task in self._tasks)
        # A few respondents wait at the door, so that no place stays empty while the host is being told.
        taken.free = max(0, backend.concurrency + max(1, backend.concurrency // 2) - running)
        return taken

    async def _interview(self, assignment: Assignment, backend: Backend) -> None:
        condition = self._spec.conditions[assignment.cell_id]
        protocol = find_protocol(condition.protocol)
        settings = self._settings[assignment.cell_id]

        def interview() -> Protocol:
            return protocol.interview(assignment.respondent, self._spec.questionnaire, settings, self._spec.seed)

        listener = _Listener(self._recorder(assignment), self._news)
        assert self._places is not None
        try:
            async with self._places:
                if isinstance(backend, Patient) and backend.patient:
                    await _drive_ahead(interview, backend, listener, assignment.history)
                else:
                    await drive(interview(), backend.complete, listener, assignment.history)
            self._batch.finished.append(assignment.respondent_id)
        except DemoscopeError as error:
            self._batch.paused = str(error)
        except Exception:
            self._batch.broken = traceback.format_exc()
        self._news.set()

    def _recorder(self, assignment: Assignment) -> Recorder:
        return Recorder(
            lambda: self._batch.records,
            cell_id=assignment.cell_id,
            respondent_id=assignment.respondent_id,
            question_ids=self._question_ids,
            keep_texts=self._spec.keep_texts,
        )

    async def close(self) -> None:
        """Stop every interview and give the backend back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._backend is not None:
            await self._backend.close()


async def _drive_ahead(
    interview: Callable[[], Protocol], backend: Backend, listener: Listener, history: History
) -> None:
    """Run an interview whose replies take long: what hangs on no reply is asked at once."""
    asked = [request for request in independent(interview) if (request.step, request.ordinal) not in history]
    ahead = Ahead(backend.complete, asked)
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

    def answer(self, understood: Understood) -> None:
        self._recorder.answer(understood)
        self._news.set()
