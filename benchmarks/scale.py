"""How far one wave goes: nodes, answers, the store's writer, and the start of a resume.

``python benchmarks/scale.py [--answers 100000] [--filled 2000000] [--only nodes,cost,writer,resume] [--quick]``
prints one JSON line. ``nodes``: answers per second on 1, 2 and 4 real Ray nodes with a backend that sleeps as a GPU
would. ``cost``: processor time per answer without the start, from 10,000 answers up to ``--answers``. ``writer``:
answers per second into the store (one attempt each, a prompt of 1 kB by reference). ``resume``: a wave of
``--filled`` answers of which one person's are missing, from the open store to the first new answer.
"""

import argparse
import hashlib
import os
import random
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import Number, line, number
from simulator.loading import load_wave
from simulator.progress import Progress
from simulator.records import Records
from simulator.registration import register
from simulator.run import run_wave
from simulator.store import Store
from simulator.wave import LoadedWave
from tests.conftest import WAVE
from tests.launched import Launched, answers, until
from tests.ray_nodes import cluster
from tests.stores import count

QUESTIONS = 20
BATCH = 500
"""Answers in one transaction of the writer's test."""
NODES = (1, 2, 4)
STEPS = (10_000, 100_000, 500_000, 2_000_000)


def now() -> str:
    """A time that changes no number."""
    return "2026-01-01T00:00:00+00:00"


def wave_of(folder: Path, people: int, settings: str = "public: uniform", execution: str = "executor: local") -> Path:
    """A wave of twenty questions."""
    options = "[{code: 1, label: little}, {code: 2, label: some}, {code: 3, label: much}]"
    asked = "".join(
        f"  - {{id: q{n}, text: How much does subject {n} matter to you?, options: {options}}}\n"
        for n in range(QUESTIONS)
    )
    (folder / "survey.yaml").write_text(f"id: twenty\ntitle: Twenty questions\nquestions:\n{asked}")
    text = WAVE.replace("respondents: 6", f"respondents: {people}").replace("public: uniform", settings)
    path = folder / "wave.yaml"
    path.write_text(text.replace("executor: local", execution))
    return path


def holds(store: Path, number: int) -> bool:
    """Whether so many answers are in a store."""
    return answers(store) >= number


def on_nodes(people: int, latency_s: float) -> list[Number]:
    """Answers per second between the first that was saved and the last; people grow with the nodes."""
    found: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as name, cluster(Path(name)) as nodes:
        folder, there = Path(name), 0
        nodes.head(cores=0)
        for wanted in NODES:
            for _ in range(wanted - there):
                nodes.worker(cores=1)
            there = wanted
            settings = f"public: uniform, latency_s: {latency_s}, concurrency: {people}"
            execution = f"executor: ray, cohorts: {wanted}, num_cpus: 1, address: '{nodes.address}'"
            path, store = wave_of(folder, people * wanted, settings, execution), folder / f"{wanted}.sqlite"
            with Launched(path, store, nodes.env) as launched:
                # Every place of every node is taken once each has answered a few times.
                until(partial(holds, store, 3 * people * wanted), 120, "a steady state")
                first, begun = answers(store), time.monotonic()
                last = (QUESTIONS - 3) * people * wanted
                until(partial(holds, store, last), 300, "the last answers")
                found[wanted] = (answers(store) - first) / (time.monotonic() - begun)
                launched.end(300)
    numbers = [number(f"{n} nodes: answers per second", rate, "1/s") for n, rate in found.items()]
    return numbers + [
        number(f"{n} nodes: efficiency", rate / (n * found[1]), "", ">= 0.9") for n, rate in found.items() if n > 1
    ]


def cost_per_answer(most: int, steps: tuple[int, ...] = STEPS) -> list[Number]:
    """Processor time of one process per answer, registering everybody left out."""
    found: dict[int, float] = {}
    for size in sorted({size for size in steps if size <= most} | {most}):
        marks: list[tuple[float, int]] = []

        def mark(state: Progress, marks: list[tuple[float, int]] = marks) -> None:
            marks.append((time.process_time(), state.saved))

        with tempfile.TemporaryDirectory() as name:
            loaded = load_wave(wave_of(Path(name), size // QUESTIONS))
            with Store(Path(name) / "a.sqlite") as store:
                run_wave(loaded, store, now=now, progress=mark)
        (begun, first), (ended, last) = marks[0], marks[-1]  # the first is told when everybody is registered
        found[size] = (ended - begun) / (last - first) * 1e6
        print(f"{size:,} answers: {found[size]:.1f} us each", file=sys.stderr, flush=True)  # the next may take long
    least = min(found.values())
    return [number(f"{size:,} answers: processor time per answer", us, "us") for size, us in found.items()] + [
        number("largest over least processor time per answer", max(found.values()) / least, "", "<= 1.1")
    ]


def fill(store: Store, loaded: LoadedWave, people: int) -> float:
    """Write the answers of the first people as a wave would; returns the seconds that writing took."""
    cell = register(store, loaded, now())[loaded.cells[0].name]
    rng, spent = random.Random(1), 0.0
    each = BATCH // QUESTIONS
    for start in range(1, people + 1, each):
        records = Records()
        for person in range(start, min(start + each, people + 1)):
            text = hashlib.sha256(str(person).encode()).hexdigest()[:24]  # no order, as in a wave
            records.texts.append((text, rng.randbytes(512).hex()))
            for n in range(1, QUESTIONS + 1):
                code = 1 + (person + n) % 3
                key, step = (person, n, "text", 0), (cell, person, "answer", n - 1)
                records.exchanges.append((*step, n, "generate", f'[["user","{text}"]]', person * 31 + n))
                reply = f"Answer: {code}\nExplanation: That is how I have always seen it."
                times = (900, 14, 0.4, "{}", "scripted", None, None, None, None, None)
                records.attempts.append((*step, 1, reply, None, None, "stop", *times))
                records.answers.append((*key, "answered", None, None, None, '{"codes": [1, 2, 3]}', "[]"))
                records.answer_options.append((*key, code, None, None))
                records.answer_sources.append((*key, *step, 0))
        begun = time.perf_counter()
        store.write(records)
        spent += time.perf_counter() - begun
    return spent


def written_and_resumed(filled: int) -> tuple[list[Number], list[Number]]:
    """The writer's rate, and the start of a resume of what it wrote."""
    people = filled // QUESTIONS
    with tempfile.TemporaryDirectory() as name:
        path, file = wave_of(Path(name), people), Path(name) / "a.sqlite"
        with Store(file) as store:
            seconds = fill(store, load_wave(path), people - 1)
        size = file.stat().st_size / ((people - 1) * QUESTIONS)
        begun, first = time.perf_counter(), list[float]()

        def look(state: Progress) -> None:
            if state.saved > state.resumed and not first:
                first.append(time.perf_counter() - begun)

        with Store(file) as store:
            run_wave(load_wave(path), store, now=now, progress=look)
        assert count(file, "SELECT count(*) FROM answers") == people * QUESTIONS
    rate = (people - 1) * QUESTIONS / seconds
    return [
        number(f"writer over {filled:,} answers", rate, "1/s", ">= 20000"),
        number("size of the store for an answer", size, "B"),
    ], [number(f"resume of {filled:,} answers: until the first new one", first[0], "s", "< 20")]


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--answers", type=int, default=100_000, help="the most that `cost` asks for")
    parser.add_argument("--filled", type=int, default=2_000_000, help="answers in the store of `writer` and `resume`")
    parser.add_argument("--people", type=int, default=20, help="per node; each waits for one reply at a time")
    parser.add_argument("--latency", type=float, default=1.0, help="seconds that the sleeping backend takes")
    parser.add_argument("--only", default="nodes,cost,writer,resume")
    parser.add_argument("--quick", action="store_true", help="small sizes, and no nodes")
    wanted = parser.parse_args()
    only = wanted.only.split(",")
    numbers: list[Number] = []
    if "nodes" in only and not wanted.quick:
        numbers += on_nodes(wanted.people, wanted.latency)
    if "cost" in only:
        numbers += cost_per_answer(4_000, (2_000,)) if wanted.quick else cost_per_answer(wanted.answers)
    if {"writer", "resume"} & set(only):
        writer, resume = written_and_resumed(10_000 if wanted.quick else wanted.filled)
        numbers += (writer if "writer" in only else []) + (resume if "resume" in only else [])
    print(line("scale", numbers, cores=os.cpu_count(), quick=wanted.quick))


if __name__ == "__main__":
    main()
