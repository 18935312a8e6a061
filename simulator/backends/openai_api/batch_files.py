"""What is asked of a provider for its batches, and the rows of its files: their keys, and the replies they bring."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from simulator.backends.openai_api.replies import Failure
from simulator.protocols.interface import Request

Json = dict[str, Any]


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


def keyed_rows(content: bytes) -> Iterator[tuple[str, Json]]:
    """Keys and rows of a file; a line that is no row with a ``custom_id`` belongs to nobody and is left out.

    >>> list(keyed_rows(b'{"custom_id": "a-1"}\\noops\\n[]\\n'))
    [('a-1', {'custom_id': 'a-1'})]
    """
    for line in content.split(b"\n"):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and isinstance(key := row.get("custom_id"), str):
            yield key, row


def reply_of(row: Json, failure: Callable[[int, Any], Failure]) -> Json | Failure:
    """The reply that a row brings, or why it brings none.

    Parameters
    ----------
    failure : callable
        What an HTTP status and a body mean.
    """
    response, error = row.get("response"), row.get("error")
    if isinstance(response, dict):
        status, body = response.get("status_code"), response.get("body")
        if status == 200 and isinstance(body, dict):
            return body
        if isinstance(status, int) and status != 200:
            return failure(status, body)
    elif response is not None:
        return Failure("malformed", f"the batch answered this row by what is no response: {json.dumps(response)}")
    said = error.get("message") if isinstance(error, dict) else error
    return Failure("server", f"the batch did not answer this row: {said or json.dumps(row)}")


def tries_before(key: str) -> Iterator[str]:
    """Keys of the earlier attempts at the same exchange.

    >>> list(tries_before("answer-1-ab-3"))
    ['answer-1-ab-1', 'answer-1-ab-2']
    """
    exchange, _, attempt = key.rpartition("-")
    for number in range(1, int(attempt) if attempt.isdecimal() else 0):
        yield f"{exchange}-{number}"
