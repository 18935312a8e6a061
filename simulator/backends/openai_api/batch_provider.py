"""Files and batches of an OpenAI-compatible provider, through the openai package."""

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import openai

from simulator.backends.openai_api.batch import Json
from simulator.backends.openai_api.replies import Failure

TRIES = 8
"""How often a call about files and batches is repeated by the openai package when it fails on the way."""


class OpenAIProvider:
    """Fulfils :class:`simulator.backends.openai_api.batch.Provider` over an open client.

    ``told`` makes what an exception says fit for people, so that it holds no key.
    """

    def __init__(self, client: openai.AsyncOpenAI, told: Callable[[Exception], str] = str) -> None:
        self._client = client.with_options(max_retries=TRIES)
        self._told = told

    async def upload(self, content: bytes) -> str:
        """Take in a file of requests and return its id."""
        with self._as_failures():
            return (await self._client.files.create(file=("requests.jsonl", content), purpose="batch")).id

    async def create(self, file: str, path: str, window: str, metadata: dict[str, str]) -> str:
        """Begin a batch over an uploaded file and return its id.

        Never repeated by itself: a batch whose creation was not confirmed may exist, and the next run looks.
        """
        body = {"input_file_id": file, "endpoint": path, "completion_window": window, "metadata": metadata}
        with self._as_failures():
            once = self._client.with_options(max_retries=0)
            made = await once.post("/batches", body=body, cast_to=object)
        return str(_object(made)["id"])

    async def look(self, batch: str) -> Json:
        """What has become of a batch."""
        with self._as_failures():
            return _object(await self._client.get(f"/batches/{batch}", cast_to=object))

    async def batches(self) -> list[Json]:
        """All batches of the account, newest first."""
        found: list[Json] = []
        params: dict[str, object] = {"limit": 100}
        with self._as_failures():
            while True:
                page = _object(await self._client.get("/batches", cast_to=object, options={"params": params}))
                found += page["data"]
                if not page.get("has_more") or not page["data"]:
                    return found
                params["after"] = page["data"][-1]["id"]

    async def content(self, file: str) -> bytes:
        """A file's content."""
        with self._as_failures():
            return await (await self._client.files.content(file)).aread()

    @contextmanager
    def _as_failures(self) -> Any:
        try:
            yield
        except openai.APIStatusError as error:
            raise Failure("server", self._told(error), status=error.status_code) from None
        except openai.APIError as error:
            raise Failure("network", self._told(error)) from None


def _object(found: object) -> Json:
    if not isinstance(found, dict):
        raise Failure("malformed", "the provider described a batch by something that is no JSON object")
    return found
