"""Files and batches as providers serve them, with what goes wrong there: rows lost, doubled, refused, expired."""

import itertools
import json
import random
from collections.abc import Callable
from typing import Any

from aiohttp import web

PAGE = 2
"""Batches on one page of the list."""

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class BatchDesk:
    """Takes in files, answers batches of them row by row, and gives the rows out shuffled."""

    def __init__(self, rates: dict[str, float], seed: int, polls: int, answer: Answer) -> None:
        self._rates = rates
        self._rng = random.Random(f"batch {seed}")
        self._polls = polls
        self._answer = answer
        self._numbers = itertools.count(1)
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.uploads = 0
        """How many files were taken in."""
        self.held = False
        """Whether no batch ends, however often it is looked at."""

    def routes(self) -> list[web.RouteDef]:
        """What the server answers for it."""
        return [
            web.post("/v1/files", self._upload),
            web.get("/v1/files/{id}/content", self._content),
            web.post("/v1/batches", self._create),
            web.get("/v1/batches", self._list),
            web.get("/v1/batches/{id}", self._look),
            web.post("/v1/batches/{id}/cancel", self._cancel),
        ]

    def _keep(self, content: bytes) -> str:
        name = f"file-{next(self._numbers)}"
        self.files[name] = content
        return name

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        part = form["file"]
        assert isinstance(part, web.FileField)
        name = self._keep(part.file.read())
        self.uploads += 1
        return web.json_response(
            {
                "id": name,
                "object": "file",
                "bytes": len(self.files[name]),
                "created_at": 0,
                "filename": part.filename,
                "purpose": str(form["purpose"]),
                "status": "processed",
            }
        )

    async def _content(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if name not in self.files:
            return _missing(name)
        return web.Response(body=self.files[name], content_type="application/octet-stream")

    async def _create(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        if wanted["input_file_id"] not in self.files:
            return _missing(wanted["input_file_id"])
        name = f"batch_{next(self._numbers)}"
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "endpoint": wanted["endpoint"],
            "input_file_id": wanted["input_file_id"],
            "completion_window": wanted["completion_window"],
            "metadata": wanted.get("metadata"),
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": next(self._numbers),
            "looks": 0,
        }
        return web.json_response(self.batches[name])

    async def _list(self, request: web.Request) -> web.Response:
        newest_first = sorted(self.batches.values(), key=lambda one: -one["created_at"])
        names = [one["id"] for one in newest_first]
        after = request.query.get("after")
        start = names.index(after) + 1 if after else 0
        page = newest_first[start : start + PAGE]
        more = start + PAGE < len(newest_first)
        return web.json_response({"object": "list", "data": page, "has_more": more})

    async def _look(self, request: web.Request) -> web.Response:
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return _missing(request.match_info["id"])
        batch["looks"] += 1
        if batch["status"] in ("validating", "in_progress"):
            batch["status"] = "in_progress"
            if batch["looks"] >= self._polls and not self.held:
                self._finish(batch)
        return web.json_response(batch)

    async def _cancel(self, request: web.Request) -> web.Response:
        batch = self.batches[request.match_info["id"]]
        batch["status"] = "cancelled"
        return web.json_response(batch)

    def _finish(self, batch: dict[str, Any]) -> None:
        """Answer every row; a batch that expires has answered some of them."""
        good: list[str] = []
        bad: list[str] = []
        expired = self._meets("expired")
        for line in self.files[batch["input_file_id"]].splitlines():
            row = json.loads(line)
            if self._meets("missing"):
                continue
            if expired and self._rng.random() < 0.5:
                bad.append(_row(row, error={"code": "batch_expired", "message": "not answered in time"}))
            elif self._meets("bad_request"):
                bad.append(_row(row, 400, {"error": {"message": "injected", "type": "invalid_request_error"}}))
            elif self._meets("server_error"):
                bad.append(_row(row, 500, {"error": {"message": "injected", "type": "server_error"}}))
            else:
                good += [_row(row, 200, self._answer(row["body"]))] * (2 if self._meets("twice") else 1)
        self._rng.shuffle(good)
        batch["status"] = "expired" if expired else "completed"
        batch["output_file_id"] = self._keep("".join(good).encode()) if good else None
        batch["error_file_id"] = self._keep("".join(bad).encode()) if bad else None

    def _meets(self, fault: str) -> bool:
        return self._rng.random() < self._rates.get(fault, 0.0)


def _row(
    row: dict[str, Any], status: int = 0, body: dict[str, Any] | None = None, error: dict[str, str] | None = None
) -> str:
    response = {"status_code": status, "request_id": row["custom_id"], "body": body} if body else None
    return json.dumps({"id": "row", "custom_id": row["custom_id"], "response": response, "error": error}) + "\n"


def _missing(name: str) -> web.Response:
    return web.json_response({"error": {"message": f"no {name}", "type": "invalid_request_error"}}, status=404)
