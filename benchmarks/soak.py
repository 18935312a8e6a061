"""kill -9 at random moments over small waves: after every resume 0 answers lost, 0 duplicated, 0 changed.

``python benchmarks/soak.py [--kills 100] [--seconds 3600] [--seed 1] [--victims driver,actor,node] [--quick]`` prints
one JSON line. Each kill begins a wave of its own, strikes at a moment drawn from its whole duration, start-up
included (an actor: from the moment it appears), and runs the same command again to the end; the store is checked
(``tests/stores.py``) right after the kill and at the end, when it must equal the uninterrupted one. ``--victims
frozen`` stops the raylet of a node for ``--frozen-s`` seconds (60) and lets it go on. Nodes are real Ray nodes on
this machine; Linux only.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import line, number
from tests.conftest import SURVEY, WAVE
from tests.launched import Launched, answers, finished
from tests.ray_nodes import FAST, Nodes, cluster
from tests.stores import compared, violated

KILLED = ("driver", "actor", "node")
PEOPLE = 40
ACTOR_S = 3.0
"""Seconds within which a cohort is struck after it appears; it starts and answers for about so long."""


TRIES = 5


def started(nodes: Nodes) -> list[int]:
    """A worker node; on a busy machine Ray may give up waiting for one, so it is tried again."""
    for _ in range(TRIES - 1):
        with suppress(RuntimeError):
            return nodes.worker(cores=1)
    return nodes.worker(cores=1)


class Soak:
    """Kills one after the other, and what came of them."""

    def __init__(self, folder: Path, nodes: Nodes | None, seed: int, frozen_s: float) -> None:
        self._folder = folder
        self._nodes = nodes
        self._rng = random.Random(seed)
        self._frozen_s = frozen_s
        self._worker: list[int] = []
        self.found: Counter[str] = Counter()
        self.wrong: list[str] = []
        (folder / "survey.yaml").write_text(SURVEY)
        self._whole = folder / "whole.sqlite"
        begun = time.monotonic()
        finished(self._wave("{executor: local}"), self._whole)
        self._lasts_local = time.monotonic() - begun
        self._lasts_ray: float | None = None

    def _wave(self, execution: str) -> Path:
        text = WAVE.replace("respondents: 6", f"respondents: {PEOPLE}").replace("{executor: local}", execution)
        path = self._folder / "wave.yaml"
        path.write_text(text.replace("uniform}", "uniform, latency_s: 0.1, concurrency: 4}"))
        return path

    def strike(self, victim: str, n: int) -> None:
        """One kill and its resume."""
        store = self._folder / f"{n}.sqlite"
        env = None
        if victim == "driver":
            wave, lasts = self._wave("{executor: local}"), self._lasts_local
        else:
            assert self._nodes is not None
            if not self._worker:
                self._worker = started(self._nodes)
            env = self._nodes.env
            wave = self._wave(f"{{executor: ray, cohorts: 2, address: '{self._nodes.address}'}}")
            if self._lasts_ray is None:
                begun = time.monotonic()
                finished(wave, self._folder / "first.sqlite", env)
                self._lasts_ray = time.monotonic() - begun
            lasts = self._lasts_ray
        with Launched(wave, store, env) as launched:
            if victim == "actor":
                self._await_actors(launched)
                lasts = ACTOR_S
            time.sleep(self._rng.random() * lasts)
            saved = answers(store)
            struck = self._hit(victim, launched)
            if victim == "driver":
                launched.process.wait()
            else:
                code, said = launched.end(600)
                self.found["ended by itself" if code == 0 else "paused"] += 1
                if code not in (0, 3):
                    self.wrong.append(f"{n} {victim}: exit code {code}: {said}")
        self.found[f"{victim} hit" if struck else f"{victim} was not there at that moment"] += 1
        self._judge(f"{n} {victim}", store, saved)
        finished(wave, store, env, 600)
        self._judge(f"{n} {victim}, resumed", store, saved)
        differ = compared(store, self._whole)
        self.found.update({f"rows {what}": rows for what, rows in differ.items()})
        if any(differ.values()):
            self.wrong.append(f"{n} {victim}: {differ}")
        for path in self._folder.glob(f"{n}.sqlite*"):
            path.unlink()

    def _await_actors(self, launched: Launched) -> None:
        """Wait for the first cohort: most of a small wave is the start of Ray, when there is none to strike."""
        assert self._nodes is not None
        while not self._nodes.actors() and launched.process.poll() is None:
            time.sleep(0.05)

    def _hit(self, victim: str, launched: Launched) -> bool:
        if launched.process.poll() is not None:
            return False
        if victim == "driver":
            launched.process.kill()
            return True
        assert self._nodes is not None
        if victim == "actor":
            living = self._nodes.actors()
            with suppress(ProcessLookupError):
                if living:
                    os.kill(self._rng.choice(living), signal.SIGKILL)
            return bool(living)
        raylet = self._nodes.raylet(self._worker)
        if victim == "frozen":
            os.kill(raylet, signal.SIGSTOP)
            time.sleep(self._frozen_s)
            with suppress(ProcessLookupError):
                os.kill(raylet, signal.SIGCONT)
            self._worker = self._worker if raylet in self._nodes.processes() else []
            return True
        for pid in {*self._worker, *self._nodes.below(raylet)}:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._worker = []
        return True

    def _judge(self, when: str, store: Path, saved: int) -> None:
        if not store.exists():
            return
        broken = violated(store)
        self.found["invariants broken"] += len(broken)
        self.wrong += [f"{when}: {one}" for one in broken]
        left = answers(store)
        if left < saved:
            self.found["rows lost"] += saved - left
            self.wrong.append(f"{when}: {saved} answers were saved, {left} are left")


def main() -> None:
    """Strike as often as asked for, as long as there is time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--victims", default=",".join(KILLED), help=f"of {', '.join((*KILLED, 'frozen'))}")
    parser.add_argument("--frozen-s", type=float, default=60.0)
    parser.add_argument("--quick", action="store_true", help="three drivers")
    wanted = parser.parse_args()
    victims = ["driver"] if wanted.quick else wanted.victims.split(",")
    unknown = sorted(set(victims) - {*KILLED, "frozen"})
    if unknown:
        parser.error(f"{unknown[0]!r} is no victim")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the nodes end with the block below
    begun, kills = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as name, cluster(Path(name), FAST) as nodes:
        if victims != ["driver"]:
            nodes.head(cores=1)
        soak = Soak(Path(name), nodes, wanted.seed, wanted.frozen_s)
        while kills < (3 if wanted.quick else wanted.kills) and time.monotonic() - begun < wanted.seconds:
            soak.strike(victims[kills % len(victims)], kills)
            kills += 1
            print(f"{kills}: {dict(soak.found)}", file=sys.stderr, flush=True)
    for wrong in soak.wrong:
        print(wrong, file=sys.stderr)
    zero = ("rows lost", "rows added", "rows changed", "invariants broken")
    numbers = [number(f"{what} over all rounds", soak.found[what], "", "= 0") for what in zero]
    numbers += [number(what, times) for what, times in sorted(soak.found.items()) if what not in zero]
    numbers.append(number("kills", kills, "", None if wanted.quick else ">= 100"))
    print(line("soak", numbers, seconds=round(time.monotonic() - begun), seed=wanted.seed))


if __name__ == "__main__":
    main()
