"""``mode: batch``: requests travel in the provider's batch files and come back by key, whenever that may be.

For a protocol nothing is different: :meth:`BatchDesk.send` takes a body and gives its reply, after hours perhaps.
Bodies that come together travel together, so one file holds one step of all interviews that wait, and every question
of an interview that does not hang on an earlier reply (``simulator/lookahead.py``).

A batch is announced before it is created: its tag is saved in the store first and travels in the batch's metadata.
So after any interruption the provider's list shows which batches are this store's, and their rows are waited for
instead of being sent again. Rows that failed in a batch that has ended are sent anew.
"""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from demoscope.documents import Document
from demoscope.errors import WavePaused
from simulator.backends.interface import Parcel
from simulator.backends.openai_api.batch_files import Json, Provider, keyed_rows, reply_of, tries_before
from simulator.backends.openai_api.replies import Failure

MARK = "demoscope"
"""Name under which a batch's metadata hold its tag."""

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
"""What a provider calls a batch that nothing more comes of; with any other word it is under way."""
GONE = (404, 410)
"""HTTP statuses of a file that the provider does not keep any more."""


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
        Makes the provider's words fit for people, so that they hold no key.
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
        """Find what the batches of this store have brought or will bring.

        What failed in a batch that has ended may do better now, so it is sent anew; only before an attempt that
        succeeded or is under way does it stay, so that this attempt is come to again.
        """
        if not self._parcels:
            return
        failed: dict[str, Failure] = {}
        try:
            for batch in await self._provider.batches():  # newest first, and the newest row of a key counts
                metadata = batch.get("metadata")
                parcel = self._parcels.get(str(metadata.get(MARK))) if isinstance(metadata, dict) else None
                if parcel is None:
                    continue
                if _ended(batch):
                    replies = await self._brought(batch, failed)
                    self._start(self._announce(dataclasses.replace(parcel, fetched=True)))
                else:
                    sent = keyed_rows(await self._provider.content(batch["input_file_id"]))
                    replies = {key: asyncio.get_running_loop().create_future() for key, _ in sent}
                    self._start(self._fetch(batch["id"], parcel, replies.copy()))
                self._travelling = replies | self._travelling
                self._owed.update(() if parcel.fetched else replies)
        except (Failure, ValueError, KeyError, TypeError) as error:
            raise _paused("of an earlier run cannot be found", str(error)) from None
        lost = Failure("server", "a batch of an earlier run ended without this row")
        for key in [earlier for found in self._travelling for earlier in tries_before(found)]:
            if key not in self._travelling:
                self._travelling[key] = asyncio.get_running_loop().create_future()
                _fail([self._travelling[key]], failed.get(key, lost))

    async def _brought(self, batch: Json, failed: dict[str, Failure]) -> dict[str, asyncio.Future[Json]]:
        """Replies that a batch of an earlier run brought; what failed in it is noted in ``failed``."""
        replies: dict[str, asyncio.Future[Json]] = {}
        for key, row in await self._rows(batch):
            reply = reply_of(row, self._failure)
            if isinstance(reply, Failure):
                failed.setdefault(key, reply)
            elif key not in replies:
                replies[key] = asyncio.get_running_loop().create_future()
                replies[key].set_result(reply)
        return replies

    async def _rows(self, batch: Json) -> list[tuple[str, Json]]:
        """What a batch that has ended says of its rows; nothing any more once the provider has dropped its files."""
        found: list[tuple[str, Json]] = []
        for name in ("output_file_id", "error_file_id"):
            if batch.get(name):
                try:
                    found += keyed_rows(await self._provider.content(str(batch[name])))
                except Failure as failure:
                    if failure.status not in GONE:
                        raise
        return found

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
        """Look at a batch until it has ended, and hand every row to who waits for it; whatever happens, all hear."""
        try:
            while not _ended(state := await self._provider.look(batch)):
                await self._sleep(self._settings.poll_s)
            rows = await self._rows(state)
            if _status(state) == "failed" and not rows:
                why = self._told(json.dumps(state.get("errors"), ensure_ascii=False))
                _fail(replies.values(), _paused(f"{batch} was refused by the provider", why))
                return
            self._start(self._announce(dataclasses.replace(parcel, fetched=True)))  # before anybody reckons
            for key, row in rows:
                future = replies.get(key)
                if future is not None and not future.done():  # a row that comes twice counts once
                    reply = reply_of(row, self._failure)
                    if isinstance(reply, Failure):
                        _fail([future], reply)
                    else:
                        future.set_result(reply)
            why = f"the batch {batch} ended ({_status(state)}) without this row"
            _fail(replies.values(), Failure("server", why))
        except (Failure, ValueError, KeyError) as error:
            _fail(replies.values(), _paused(f"{batch} cannot be read", str(error)))
        except Exception as defect:
            _fail(replies.values(), defect)


def _status(batch: Json) -> str:
    return str(batch["status"]).casefold()


def _ended(batch: Json) -> bool:
    return _status(batch) in ENDED


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
