"""500 answers with log-probabilities from a server that fails: what is lost, swapped, made up or not recorded.

``python benchmarks/faults.py [--rate 0.1] [--timeout 2] [--quick]`` prints one JSON line: each fault alone, then all
at once; 50 answers with ``--quick``.
The server (``tests/fault_server.py``) derives every reply from persona, question and seed, so each stored answer is
compared with what it had to be (``tests/faulty_wave.py``).
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import Number, line, number
from demoscope.errors import WavePaused
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.fault_server import FAULTS, Plan, serving
from tests.faulty_wave import check, write_wave

PAUSES = 50


def measured(rates: dict[str, float], timeout_s: float, people: int) -> dict[str, Any]:
    """One wave of so many people and five questions, run again whenever it pauses."""
    with tempfile.TemporaryDirectory() as name, serving(Plan(rates=rates)) as server:
        folder = Path(name)
        path = write_wave(folder, [server.url], respondents=people, questions=5, logprobs=True, timeout_s=timeout_s)
        begun, pauses, done = time.perf_counter(), 0, False
        while not done and pauses <= PAUSES:
            try:
                with Store(folder / "a.sqlite") as store:
                    run_wave(load_wave(path), store, now=lambda: "2026-01-01T00:00:00+00:00")
                done = True
            except WavePaused:
                pauses += 1
        seconds = time.perf_counter() - begun
        verdict = check(folder / "a.sqlite", server.ledger, interrupted=pauses > 0)
    return {
        "answers": verdict.answers,
        "lost": len(verdict.lost),
        "misassigned": len(verdict.misassigned),
        "invented": len(verdict.invented),
        "unrecorded": len(verdict.unrecorded),
        "requests": verdict.requests,
        "attempts": verdict.attempts,
        "statuses": dict(verdict.statuses),
        "failed_by": {str(kind): n for kind, n in verdict.failed_by.items()},
        "pauses": pauses,
        "seconds": round(seconds, 1),
    }


def numbers_of(fault: str, found: dict[str, Any], wanted: int) -> list[Number]:
    """What one fault did, or all of them together."""
    wrong = [f"{found[key]} {key}" for key in ("lost", "misassigned", "invented", "unrecorded") if found[key]]
    ended = [f"{n} {status}" for status, n in found["statuses"].items()]
    causes = [f"{n} {kind}" for kind, n in found["failed_by"].items()]
    return [
        number(f"{fault}: lost, misassigned, invented or unrecorded {' '.join(wrong)}".strip(),
               sum(found[key] for key in ("lost", "misassigned", "invented", "unrecorded")), "", "= 0"),
        number(f"{fault}: answers ({', '.join(ended + causes)})", found["answers"], "", f"= {wanted}"),
        number(f"{fault}: attempts, {found['requests']} requests arrived", found["attempts"]),
        number(f"{fault}: pauses", found["pauses"]),
        number(f"{fault}: time", found["seconds"], "s"),
    ]  # fmt: skip


def main() -> None:
    """Every fault alone and all at once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--timeout", type=float, default=2.0, help="seconds until a hanging request is given up")
    parser.add_argument("--only", choices=[*FAULTS, "all"], help="one of them")
    parser.add_argument("--quick", action="store_true", help="ten people instead of a hundred")
    wanted = parser.parse_args()
    people = 10 if wanted.quick else 100
    plans = {fault: {fault: wanted.rate} for fault in FAULTS} | {"all": dict.fromkeys(FAULTS, wanted.rate)}
    chosen = {name: rates for name, rates in plans.items() if wanted.only in (None, name)}
    found = {name: measured(rates, wanted.timeout, people) for name, rates in chosen.items()}
    numbers = [one for name, told in found.items() for one in numbers_of(name, told, 5 * people)]
    print(line("faults", numbers, rate=wanted.rate, quick=wanted.quick))


if __name__ == "__main__":
    main()
