"""A gate before a model: while it is shut, nobody gets a reply to more than the first request of an interview.

So a test stops, kills or cuts off a wave at a place that no machine's speed decides: first answers are saved, and
nothing more can be until it opens the gate. The gate is a file and the backend an entry point, so it holds in
whatever process and on whatever node of this machine the cohorts live.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from demoscope.documents import Document
from simulator.backends.interface import ModelCard, Resources, find_backend
from simulator.protocols.interface import Completion, Request
from tests.launched import ROOT

MODEL = "backend: scripted\n    settings: {public: uniform}"
"""The model of the wave in ``tests/conftest.py``."""


class Gate:
    """Opens and shuts; made by the fixture ``gate``, open at first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def shut(self) -> None:
        """From now on only first requests are answered."""
        self._path.touch()

    def open(self) -> None:
        """Everybody is answered, those who wait as well."""
        self._path.unlink(missing_ok=True)

    def before(self, backend: str = "scripted", **settings: Any) -> tuple[str, str]:
        """What to replace in the text of a wave, so that its model stands behind the gate."""
        told = {"gate": str(self._path), "backend": backend, "settings": settings}
        return MODEL, f"backend: gated\n    settings: {json.dumps(told)}"


class GatedSettings(Document):
    """Where the gate is, and what stands behind it."""

    gate: str
    backend: str
    settings: dict[str, Any] = Field(default_factory=dict)


class Gated:
    """Any backend, behind a gate."""

    settings_model = GatedSettings
    tokens_per_second: tuple[float, float] | None = None
    tried_out: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()

    def __init__(self, name: str, *, gate: str, backend: str, settings: dict[str, Any]) -> None:
        self._gate = Path(gate)
        self._model = find_backend(backend)(name, **settings)
        self.abilities = self._model.abilities
        self.concurrency = self._model.concurrency

    @staticmethod
    def resources(settings: Mapping[str, Any]) -> Resources:
        kind = find_backend(settings["backend"])
        return kind.resources(kind.settings_model.model_validate(settings["settings"]).model_dump(mode="json"))

    async def open(self) -> None:
        await self._model.open()

    def card(self) -> ModelCard:
        return self._model.card()

    async def complete(self, request: Request) -> Completion:
        while request.ordinal and self._gate.exists():
            await asyncio.sleep(0.02)
        return await self._model.complete(request)

    async def close(self) -> None:
        await self._model.close()


def gate_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """A gate, and the backend ``gated`` for this process and for those that it starts."""
    package = folder / "gates-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: gates\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[demoscope.backends]\ngated = tests.gates:Gated\n")
    paths = [str(folder), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.syspath_prepend(folder)
    return Gate(folder / "shut")
