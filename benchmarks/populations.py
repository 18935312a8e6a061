"""How fast populations are raked and drawn: one million people, against ipfn, and linear to ten million.

usage: python benchmarks/populations.py [--quick]

Every part runs in a process of its own on one core; times are processor time. Prints one JSON line.
"""

import argparse
import contextlib
import copy
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import line, number
from personas import Population
from personas.raking import rake_table

SECONDS, BYTES, FASTER, BEND = 5.0, 1e9, 10.0, 1.25
"""Targets: a million people, their memory, raking against ipfn, and time a person at 10^7 against that at 10^6."""

AGES = {"18-24": [18, 24], "25-34": [25, 34], "35-49": [35, 49], "50-64": [50, 64], "65+": [65, 95]}
LEVELS = {
    "sex": 2,
    "education": 5,
    "race": 5,
    "income": 8,
    "settlement": 2,
}
MARGINS = [("sex", "age"), ("age", "education"), ("education", "income"), ("race", "income"), ("settlement", "race")]

SHAPE = (51, 2, 7, 5, 4, 7)
"""99,960 cells, as of state, sex, age, education, race and income."""
CROSSED = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (0, 4), (3, 4), (2, 5)]


def population() -> Population:
    """Six attributes raked to five crossed margins, with states and cities of the United States."""
    rng = np.random.default_rng(1)
    attributes: dict[str, object] = {"age": {"kind": "numeric", "unit": "years", "bands": AGES}}
    attributes |= {name: {"levels": {f"{name}{n}": f"{name} {n}" for n in range(k)}} for name, k in LEVELS.items()}
    codes = {"age": list(AGES)} | {name: [f"{name}{n}" for n in range(k)] for name, k in LEVELS.items()}
    shares = {name: rng.dirichlet(np.full(len(levels), 5.0)) for name, levels in codes.items()}
    with tempfile.TemporaryDirectory() as folder:
        for one, other in MARGINS:
            joint = np.outer(shares[one], shares[other])
            lines = [
                f"{a},{b},{joint[i, j]:.12f}" for i, a in enumerate(codes[one]) for j, b in enumerate(codes[other])
            ]
            (Path(folder) / f"{one}_{other}.csv").write_text(f"{one},{other},count\n" + "\n".join(lines))
        document = {
            "id": "made_up",
            "title": "Six attributes of nobody in particular",
            "source": "drawn for this benchmark",
            "attributes": attributes,
            "sources": [
                {"kind": "margin", "table": f"{one}_{other}.csv", "attributes": [one, other]}
                for one, other in MARGINS
            ],
            "places": {"country": "United States", "states": "us_states", "cities": {"iso": "US"}},
        }
        path = Path(folder) / "made_up.yaml"
        path.write_text(json.dumps(document))
        return Population.load(path)


def draw(people: int) -> dict[str, float]:
    """Processor seconds to load and to draw a frame of so many people, and the most memory the process ever held."""
    began = time.process_time()
    made = population()
    loaded = time.process_time()
    frame = made.draw(people, seed=1)
    done = time.process_time()
    assert len(frame) == people
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"load": loaded - began, "draw": done - loaded, "peak": peak}


def columns(people: int) -> dict[str, float]:
    """Processor seconds to draw so many people column by column."""
    made = population()
    made.columns(0, 1000, seed=1)
    began = time.process_time()
    made.columns(0, people, seed=1)
    return {"draw": time.process_time() - began}


def objects(people: int) -> dict[str, float]:
    """Processor seconds to make so many persona objects, as a wave does: a few thousand at a time."""
    made = population()
    made.people(0, 1000, seed=1)
    began = time.process_time()
    for start in range(0, people, 5_000):
        made.people(start, start + 5_000, seed=1)
    return {"draw": time.process_time() - began}


def rake(repeats: int) -> dict[str, float]:
    """Median processor seconds of two ways to rake a table to the same margins, and their largest difference."""
    from ipfn import ipfn

    warnings.simplefilter("ignore")
    rng = np.random.default_rng(1)
    truth, seed = rng.lognormal(0, 1, SHAPE), rng.lognormal(0, 1, SHAPE)
    margins = [(axes, truth.sum(axis=tuple(set(range(len(SHAPE))) - set(axes)))) for axes in CROSSED]
    ours, theirs = [], []
    for _ in range(repeats):
        began = time.process_time()
        raked = rake_table(seed, margins, tolerance=1e-11)
        ours.append(time.process_time() - began)
        assert raked.converged
        table, targets, axes = (
            copy.deepcopy(seed),
            [target for _, target in margins],
            [list(axes) for axes, _ in margins],
        )
        began = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            fitted = ipfn.ipfn(table, targets, axes, convergence_rate=1e-9, rate_tolerance=0).iteration()
        theirs.append(time.process_time() - began)
    return {
        "ours": float(np.median(ours)),
        "ipfn": float(np.median(theirs)),
        "difference": float(np.abs(fitted - raked.weights).max()),
    }


def alone(part: str, number: int) -> dict[str, float]:
    """One part in a process of its own, on one core."""
    core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, __file__, "--part", part, "--number", str(number)],
        check=True, capture_output=True, text=True, env={**os.environ, **core},
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--part", choices=("draw", "columns", "objects", "rake"))
    arguments.add_argument("--number", type=int, default=0)
    arguments.add_argument("--quick", action="store_true", help="a hundredth of the people, raked once")
    given = arguments.parse_args()
    if given.part:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        parts = {"draw": draw, "columns": columns, "objects": objects, "rake": rake}
        print(json.dumps(parts[given.part](given.number)))
        return
    people, repeats = (10_000, 1) if given.quick else (1_000_000, 15)
    frame = alone("draw", people)
    seconds = frame["load"] + frame["draw"]
    personas = alone("objects", people)["draw"]
    raking = alone("rake", repeats)
    faster = raking["ipfn"] / raking["ours"]
    each = {n: alone("columns", n)["draw"] / n for n in (people // 10, people, people * 10)}
    bend, power = each[people * 10] / each[people], len(str(people))
    numbers = [
        number(f"{people:,} people of six raked attributes with places, as a frame, loading included", seconds, "s",
               f"< {SECONDS:g}"),
        number("peak memory of that process", frame["peak"] / 1e6, "MB", f"< {BYTES / 1e6:g}"),
        number(f"{people:,} people as persona objects, 5,000 at a time", personas, "s"),
        number("raking 99,960 cells to 8 crossed margins", 1000 * raking["ours"], "ms"),
        number("the same by ipfn, over that_ratio", faster, "", f">= {FASTER:g}"),
        number("largest difference of a cell (of a mean weight of 1.6)", raking["difference"], "", "< 1e-8"),
        *(number(f"time a person, drawing {n:,}", 1e6 * one, "us") for n, one in each.items()),
        number(f"time a person at 10^{power} over that at 10^{power - 1}_ratio", bend, "", f"< {BEND:g}"),
    ]  # fmt: skip
    print(line("populations", numbers))


if __name__ == "__main__":
    main()
