"""Files and batches of an OpenAI-compatible provider, through the openai package."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from typing import Any, TypeVar

import openai

from simulator.backends.openai_api.batch_files import Json
from simulator.backends.openai_api.replies import Failure

T = TypeVar("T")

TRIES = 8
"""How often a call about files and batches is repeated by the openai package when it fails on the way."""

HANGS = 3
"""How often a call is begun when nothing comes back; the creation of a batch only once."""

FILE_S = 900.0
"""Seconds that a call with a file in it has beyond all others: 90 MB at 100 kB a second."""


class OpenAIProvider:
    """Fulfils :class:`simulator.backends.openai_api.batch_files.Provider` over an open client.

    ``told`` makes what an exception says fit for people, so that it holds no key. A call has ``timeout_s`` seconds,
    repetitions by the openai package included; one with a file in it has :data:`FILE_S` more.
    """

    def __init__(
        self, client: openai.AsyncOpenAI, told: Callable[[Exception], str] = str, timeout_s: float = 120.0
    ) -> None:
        self._client = client.with_options(max_retries=TRIES)
        self._told = told
        self._timeout_s = timeout_s

    async def upload(self, content: bytes) -> str:
        """Take in a file of requests and return its id."""

        async def sent() -> str:
            return (await self._client.files.create(file=("requests.jsonl", content), purpose="batch")).id

        return await self._within(self._timeout_s + FILE_S, sent)

    async def create(self, file: str, path: str, window: str, metadata: dict[str, str]) -> str:
        """Begin a batch over an uploaded file and return its id.

        Never repeated by itself: a batch whose creation was not confirmed may exist, and the next run looks.
        """
        body = {"input_file_id": file, "endpoint": path, "completion_window": window, "metadata": metadata}
        once = self._client.with_options(max_retries=0)
        made = await self._within(self._timeout_s, lambda: once.post("/batches", body=body, cast_to=object), times=1)
        return str(_object(made)["id"])

    async def look(self, batch: str) -> Json:
        """What has become of a batch."""
        return await self._got(f"/batches/{batch}")

    async def batches(self) -> list[Json]:
        """All batches of the account, newest first."""
        found: list[Json] = []
        params: dict[str, object] = {"limit": 100}
        while True:
            page = await self._got("/batches", params)
            batches = [_object(batch) for batch in page["data"]]
            found += batches
            if not page.get("has_more") or not batches:
                return found
            params["after"] = batches[-1]["id"]

    async def content(self, file: str) -> bytes:
        """A file's content."""

        async def read() -> bytes:
            return await (await self._client.files.content(file)).aread()

        return await self._within(self._timeout_s + FILE_S, read)

    async def _got(self, path: str, params: dict[str, object] | None = None) -> Json:
        options: Any = {"params": params or {}}
        return _object(
            await self._within(self._timeout_s, lambda: self._client.get(path, cast_to=object, options=options))
        )

    async def _within(self, seconds: float, call: Callable[[], Awaitable[T]], times: int = HANGS) -> T:
        """What a call returns; one that hangs is given up after so many seconds, and begun again ``times`` in all."""
        for _ in range(times):
            try:
                async with asyncio.timeout(seconds):
                    with self._as_failures():
                        return await call()
            except TimeoutError:
                continue
        raise Failure("timeout", f"the provider gave no reply within {seconds:g} s, {times} times")

    @contextmanager
    def _as_failures(self) -> Any:
        try:
            yield
        except openai.APITimeoutError:
            raise TimeoutError from None
        except openai.APIStatusError as error:
            raise Failure("server", self._told(error), status=error.status_code) from None
        except openai.APIError as error:
            raise Failure("network", self._told(error)) from None


def _object(found: object) -> Json:
    if not isinstance(found, dict):
        raise Failure("malformed", "the provider described a batch by something that is no JSON object")
    return found
