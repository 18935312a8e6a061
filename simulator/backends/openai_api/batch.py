"""``mode: batch``: requests travel in the provider's batch files and come back by key, whenever that may be.

For a protocol nothing is different: :meth:`BatchDesk.send` takes a body and gives its reply, after hours perhaps.
Bodies that come together travel together, so one file holds one step of all interviews that wait, and every question
of an interview that does not hang on an earlier reply (``simulator/lookahead.py``).

A batch is announced before it is created: its tag is saved in the store first and travels in the batch's metadata.
So after any interruption the provider's list shows which batches are this store's, and their rows are waited for
instead of being sent again.
"""

import asyncio
import dataclasses
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import Field

from demoscope.documents import Document
from demoscope.errors import WavePaused
from simulator.backends.interface import Parcel
from simulator.backends.openai_api.replies import Failure
from simulator.protocols.interface import Request

MARK = "demoscope"
"""Name under which a batch's metadata hold its tag."""

Json = dict[str, Any]


class BatchSettings(Document):
    """How requests travel in ``mode: batch``."""

    poll_s: float = Field(default=30, gt=0, le=86_400)
    """Seconds between two looks at a batch."""
    quiet_s: float = Field(default=3, ge=0, le=3600)
    """Seconds without a further request after which a file is complete."""
    rows: int = Field(default=20_000, ge=1, le=100_000)
    """Requests in one file at most, and respondents interviewed at once."""
    megabytes: float = Field(default=90, gt=0, le=1000)
    """Size of one file at most."""
    window: str = Field(default="24h", pattern=r"^[0-9]+[hd]$")
    """Time that the provider has for a batch, in its own words."""


def key_of(request: Request, body: Mapping[str, Any], attempt: int) -> str:
    """``custom_id`` of one attempt at one exchange: the same in every run, another for any other request.

    Of the body only the model's name and the prompt count: other fields are there or not as the proofs of the day go.

    Parameters
    ----------
    attempt : int
        Number of the attempt, from 1.
    """
    wanted = {field.name: getattr(request, field.name) for field in dataclasses.fields(request)}
    wanted |= {"messages": None, "decoding": request.decoding.as_dict()}
    wanted["constraint"] = request.constraint and dataclasses.asdict(request.constraint)
    what = [wanted, *(body.get(name) for name in ("model", "messages", "prompt"))]
    digest = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:32]
    return f"{request.step}-{request.ordinal}-{digest}-{attempt}"


class Provider(Protocol):
    """The part of a provider's API that batches need; every call may raise :class:`Failure`."""

    async def upload(self, content: bytes) -> str:
        """Take in a file of requests and return its id."""

    async def create(self, file: str, path: str, window: str, metadata: dict[str, str]) -> str:
        """Begin a batch over an uploaded file and return its id."""

    async def look(self, batch: str) -> Json:
        """What has become of a batch."""

    async def batches(self) -> list[Json]:
        """All batches of the account, newest first."""

    async def content(self, file: str) -> bytes:
        """A file's content."""


@dataclass(slots=True)
class _Row:
    line: bytes
    step: str
    reply: asyncio.Future[Json]


class BatchDesk:
    """Collects bodies into batches and hands each its own reply.

    Parameters
    ----------
    parcels : iterable of Parcel
        Batches that the store knows.
    announce : callable
        Tells the store of a new batch; returns when that is saved.
    failure : callable
        What a row with this HTTP status and body means.
    new_tag : callable
        Names a new batch, never twice the same.
    told : callable
        Makes the provider's words fit to be shown.
    """

    def __init__(
        self,
        provider: Provider,
        settings: BatchSettings,
        path: str,
        *,
        parcels: Iterable[Parcel],
        announce: Callable[[Parcel], Awaitable[None]],
        failure: Callable[[int, Any], Failure],
        new_tag: Callable[[], str],
        told: Callable[[str], str] = str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._provider = provider
        self._settings = settings
        self._path = path
        self._parcels = {parcel.tag: parcel for parcel in parcels}
        self._announce = announce
        self._failure = failure
        self._new_tag = new_tag
        self._told = told
        self._sleep = sleep
        self._gathered: dict[str, _Row] = {}
        self._travelling: dict[str, asyncio.Future[Json]] = {}
        self._owed: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Event()
        self._recovered: asyncio.Task[None] | None = None

    async def holds(self, key: str) -> bool:
        """Whether a reply of this key is under way, or has come from a batch of an earlier run."""
        await self._begin()
        return key in self._travelling

    def owes(self, key: str) -> bool:
        """Whether an earlier run set the worst case of this row aside and never learned what it took."""
        return key in self._owed

    async def send(self, key: str, step: str, body: Json) -> Json:
        """The reply to a body, from a batch that is under way or from the next one.

        Raises
        ------
        Failure
            If the provider could not answer this row.
        WavePaused
            If the provider refused the whole batch.
        """
        await self._begin()
        reply = self._travelling.get(key)
        if reply is None:
            reply = asyncio.get_running_loop().create_future()
            row = {"custom_id": key, "method": "POST", "url": self._path, "body": body}
            self._gathered[key] = _Row(json.dumps(row, ensure_ascii=False).encode() + b"\n", step, reply)
            self._travelling[key] = reply
            self._arrived.set()
        try:
            return await asyncio.shield(reply)
        finally:
            if reply.done():
                self._travelling.pop(key, None)

    async def close(self) -> None:
        """Stop looking; what is under way at the provider stays there and is found again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for reply in self._travelling.values():
            reply.cancel()

    async def _begin(self) -> None:
        """Find what is under way already, once."""
        if self._recovered is None:
            self._recovered = self._start(self._recover())
            self._start(self._collect())
        await asyncio.shield(self._recovered)

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _recover(self) -> None:
        """Find the batches of this store that are under way or done already."""
        if not self._parcels:
            return
        try:
            for batch in await self._provider.batches():
                tag = (batch.get("metadata") or {}).get(MARK)
                parcel = self._parcels.get(str(tag))
                if parcel is not None and batch["status"] != "failed":  # a refused one has answered nothing
                    rows = [json.loads(line) for line in _lines(await self._provider.content(batch["input_file_id"]))]
                    replies = {row["custom_id"]: asyncio.get_running_loop().create_future() for row in rows}
                    self._travelling = replies | self._travelling
                    self._owed.update(() if parcel.fetched else replies)
                    self._start(self._fetch(batch["id"], parcel, replies))
        except (Failure, ValueError, KeyError) as error:
            raise _paused("of an earlier run cannot be found", str(error)) from None

    async def _collect(self) -> None:
        """Turn what was gathered into batches, whenever nothing more comes for a while."""
        while True:
            await self._arrived.wait()
            while self._arrived.is_set():
                self._arrived.clear()
                await self._sleep(self._settings.quiet_s)
            for rows in self._files():
                self._start(self._dispatch(rows))

    def _files(self) -> list[dict[str, _Row]]:
        """What was gathered, divided so that no file is too long or too large."""
        files: list[dict[str, _Row]] = []
        size = 0
        for key, row in self._gathered.items():
            full = files and len(files[-1]) < self._settings.rows
            if not full or size + len(row.line) > self._settings.megabytes * 1e6:
                files.append({})
                size = 0
            files[-1][key] = row
            size += len(row.line)
        self._gathered = {}
        return files

    async def _dispatch(self, rows: dict[str, _Row]) -> None:
        """Announce, upload, create; then wait for the replies."""
        tag, step = self._new_tag(), ", ".join(sorted({row.step for row in rows.values()}))
        replies = {key: row.reply for key, row in rows.items()}
        try:
            parcel = Parcel(tag, step)
            await self._announce(parcel)
            file = await self._provider.upload(b"".join(row.line for row in rows.values()))
            batch = await self._provider.create(file, self._path, self._settings.window, {MARK: tag})
        except (Failure, WavePaused) as error:
            _fail(replies.values(), _paused("cannot be begun", str(error)))
            return
        except Exception as defect:  # whoever waits must hear of it
            _fail(replies.values(), defect)
            return
        await self._fetch(batch, parcel, replies)

    async def _fetch(self, batch: str, parcel: Parcel, replies: dict[str, asyncio.Future[Json]]) -> None:
        """Look at a batch until it has ended, and hand every row to who waits for it."""
        try:
            while True:
                state = await self._provider.look(batch)
                if state["status"] not in ("validating", "in_progress", "finalizing", "cancelling"):
                    break
                await self._sleep(self._settings.poll_s)
            files = [state.get(name) for name in ("output_file_id", "error_file_id")]
            rows = [json.loads(line) for file in files if file for line in _lines(await self._provider.content(file))]
        except (Failure, ValueError, KeyError) as error:
            _fail(replies.values(), _paused(f"{batch} cannot be read", str(error)))
            return
        except Exception as defect:
            _fail(replies.values(), defect)
            return
        if state["status"] == "failed" and not rows:
            told = self._told(json.dumps(state.get("errors"), ensure_ascii=False))
            _fail(replies.values(), _paused(f"{batch} was refused by the provider", told))
            return
        self._start(self._announce(dataclasses.replace(parcel, fetched=True)))  # before anybody reckons
        for row in rows:
            reply = replies.pop(str(row.get("custom_id")), None)  # a row that comes twice counts once
            if reply is not None and not reply.done():
                self._hand_over(row, reply)
        _fail(replies.values(), Failure("server", f"the batch {batch} ended ({state['status']}) without this row"))

    def _hand_over(self, row: Json, reply: asyncio.Future[Json]) -> None:
        response = row.get("response") or {}
        status, body = response.get("status_code"), response.get("body")
        if status == 200 and isinstance(body, dict):
            reply.set_result(body)
        elif isinstance(status, int) and status != 200:
            _fail([reply], self._failure(status, body))
        else:
            error = row.get("error") or {}
            _fail([reply], Failure("server", f"the batch did not answer this row: {error.get('message', row)}"))


def _lines(content: bytes) -> list[bytes]:
    return [line for line in content.split(b"\n") if line.strip()]


def _fail(replies: Iterable[asyncio.Future[Json]], error: Exception) -> None:
    for reply in replies:
        if not reply.done():
            reply.set_exception(error)
            reply.exception()  # whoever waited may be gone


def _paused(what: str, why: str) -> WavePaused:
    return WavePaused(
        f"A batch {what} ({why}). What was saved is safe; mend it and run the same command again, which goes on "
        "with what the provider has."
    )
