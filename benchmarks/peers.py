"""The peers' scripts against the same server, each by the Python of the environment that it is installed in."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def peer(python: Path | None, script: Path | None, *arguments: str) -> dict[str, Any]:
    """What a peer's script prints, or why there is nothing."""
    if script is None:
        return {"why": "not measured: no --peers"}
    if python is None:
        return {"why": f"not measured: no Python given in which {script.stem.removeprefix('bench_')} is installed"}
    if not script.is_file():
        return {"why": f"{script.name} is not there"}
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python), str(script), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return {"why": (done.stderr.strip().splitlines() or ["it printed nothing"])[-1][-200:]}
    return dict(json.loads(lines[-1]))


def raw_clients(wanted: argparse.Namespace, url: str, in_flight: int) -> dict[str, dict[str, Any]]:
    """What 500 calls take by clients with nothing around them, by client; empty without the peers' folder."""
    script = wanted.peers / "raw_clients.py" if wanted.peers else None
    if script is None or not script.is_file():
        return {}
    command = [sys.executable, str(script), url.split(":")[2].split("/")[0], str(in_flight)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    runs = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {run["client"]: run for run in runs}


def qstn(
    wanted: argparse.Namespace, url: str, personas: int, in_flight: tuple[int, ...], *more: str
) -> dict[str, Any]:
    """QSTN's best of several numbers in flight."""
    script = wanted.peers / "bench_qstn.py" if wanted.peers else None
    port = url.split(":")[2].split("/")[0]
    sizes = ["--personas", str(personas), "--questions", "10"]
    runs = [peer(wanted.qstn_python, script, port, *sizes, "--conc", str(n), *more) for n in in_flight]
    return max(runs, key=lambda run: run.get("answers_per_s") or 0)


def edsl(wanted: argparse.Namespace, url: str) -> dict[str, Any]:
    """EDSL with its hidden limit of 1000 requests a minute lifted."""
    script = wanted.peers / "bench_edsl.py" if wanted.peers else None
    port = url.split(":")[2].split("/")[0]
    return peer(wanted.edsl_python, script, "--agents", "50", "--questions", "10", "--port", port, "--rpm", "1e9")


def times(rate: float, other: dict[str, Any]) -> float | str:
    """How many times a peer's rate, or why that is not known."""
    return rate / other["answers_per_s"] if other.get("answers_per_s") else str(other.get("why", other))


def cpu(found: dict[str, Any], answers: int) -> float | str:
    """Milliseconds of CPU for an answer, or why that is not known."""
    return 1000 * found["cpu_s"] / answers if "cpu_s" in found else str(found.get("why"))
