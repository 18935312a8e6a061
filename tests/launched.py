"""A wave launched by the command, as a user does it, and how to disturb it: for tests and ``benchmarks/soak.py``."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.stores import count

ROOT = Path(__file__).resolve().parents[1]


def answers(store: Path) -> int:
    """Answers in a store, 0 while there is none."""
    with suppress(Exception):  # the file or its tables are not there yet, or a full disk is in the way
        return count(store, "SELECT count(*) FROM answers") if store.exists() else 0
    return 0


def until(so: Callable[[], bool], seconds: float = 300.0, what: str = "it") -> None:
    """Wait for something to come about."""
    deadline = time.monotonic() + seconds
    while not so():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about in {seconds:g} s")
        time.sleep(0.05)


def descendants(ancestor: int, name: str) -> list[int]:
    """Living processes below a process whose command line begins so, in the order of their ids."""
    parents: dict[int, tuple[int, str]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            if fields[0] != "Z":
                parents[int(folder.name)] = int(fields[1]), (folder / "cmdline").read_text()
    found = []
    for pid, (_, called) in parents.items():
        walk = pid
        while walk in parents and walk != ancestor:
            walk = parents[walk][0]
        if walk == ancestor and pid != ancestor and called.startswith(name):
            found.append(pid)
    return sorted(found)


class Launched:
    """``demoscope run`` in a process group of its own; whatever is left of it ends with the ``with`` block."""

    def __init__(
        self,
        wave: Path,
        store: Path,
        env: Mapping[str, str] | None = None,
        within: tuple[str, ...] = (),
    ) -> None:
        self.store = store
        command = [*within, sys.executable, str(ROOT / "run_simulation.py"), "run", str(wave), "--store", str(store)]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(env) if env is not None else None,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def reach(self, number: int, seconds: float = 300.0) -> None:
        """Wait until so many answers are saved, or the command has ended."""
        until(lambda: answers(self.store) >= number or self.process.poll() is not None, seconds, f"{number} answers")

    def actors(self) -> list[int]:
        """Processes of its cohorts, when it runs a Ray of its own."""
        return descendants(self.process.pid, "ray::CohortActor")

    def end(self, seconds: float = 300.0) -> tuple[int, str]:
        """Wait for its end; returns the exit code and what it said."""
        _, said = self.process.communicate(timeout=seconds)
        assert "Traceback" not in said, said
        return self.process.returncode, said


def finished(wave: Path, store: Path, env: Mapping[str, str] | None = None, seconds: float = 300.0) -> str:
    """Run the command to its end, which must be a good one; returns what it said."""
    with Launched(wave, store, env) as launched:
        code, said = launched.end(seconds)
    assert code == 0, said
    return said
