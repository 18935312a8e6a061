"""How fast people are resembled: 800 of them against 92,479 others, 253 questions, three setups, both forms.

usage: python benchmarks/individual.py [--people 800] [--others 92479] [--loop 8] [--quick]

Made-up answers with clusters and 5 % missing; statements of each question as many as in the published catalogue on
average. In every setup the 214 questions that are no targets are compared, and the nearest 1 to 100 vote on its
targets: 108 distinct probes in all. The same votes are computed by a loop over people, each of them vectorised, for
some of the people, and its time is scaled to all. Prints one JSON line.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from analysis.individual.problems import Problem
from analysis.individual.resemblance import resemblance
from benchmarks.individual_training import measure
from benchmarks.line import line, number
from surveys.statements import MISSING, probe_setups

SECONDS, BYTES, FASTER, MB_PER_S = 30.0, 3e9, 5.0, 60.0
"""Targets: resemblance in seconds and bytes, against the loop, and the export of training examples."""

CATEGORIES = (45, 11, 44, 6, 9, 10, 21, 6, 6, 12, 23, 35, 25)
"""Questions of each published category."""

MEAN_SIZE = {"polar": 567 / 253, "refined": 929 / 253}
MOST = 100


def generated(people: int, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Answers of people in thirty clusters, of whom each leans to answers of its own."""
    cluster = rng.integers(30, size=people)
    answers = np.empty((people, len(sizes)), np.int8)
    for column, size in enumerate(sizes.tolist()):
        leaning = rng.integers(size, size=30)[cluster]
        answers[:, column] = np.where(rng.random(people) < 0.5, leaning, rng.integers(size, size=people)) + 1
    answers[rng.random(answers.shape) < 0.05] = MISSING
    return answers


def problems(people: int, others: int) -> list[Problem]:
    """One problem a setup and form."""
    rng = np.random.default_rng(1)
    names = [f"Q{n}" for n in range(sum(CATEGORIES))]
    starts = np.cumsum((0, *CATEGORIES))
    categories = {
        str(n): names[start : start + size] for n, (start, size) in enumerate(zip(starts, CATEGORIES, strict=False))
    }
    setups = probe_setups(categories)
    made = []
    for mean in MEAN_SIZE.values():
        sizes = np.clip(2 + rng.poisson(mean - 2, len(names)), 2, 8).astype(np.int64)
        answers = generated(people + others, sizes, rng)
        for asked in setups.values():
            targets = np.array([names.index(question) for question in asked])
            pool = np.setdiff1d(np.arange(len(names)), targets)
            made.append(
                Problem(
                    np.ascontiguousarray(answers[people:, pool]),
                    sizes[pool],
                    np.ascontiguousarray(answers[people:, targets]),
                    sizes[targets],
                    answers[:people, pool],
                )
            )
    return made


def looped(problem: Problem, person: int) -> np.ndarray:
    """Votes of the nearest 1 to 100 for one person, (100, n_targets)."""
    known = problem.known[person]
    asked = np.where(known == MISSING, MISSING - 1, known)  # what is not known is like nobody's answer
    alike = np.count_nonzero(problem.demonstrations == asked, axis=1)
    nearest = np.argsort(-alike, kind="stable")[:MOST]
    answers = problem.targets[nearest]
    levels = np.arange(1, problem.target_sizes.max() + 1)
    given = answers[:, :, None] == levels
    counts = given.cumsum(axis=0)
    first = np.where(given.any(axis=0), given.argmax(axis=0), MOST)
    won = (counts * 1000 - first).argmax(axis=2) + 1
    return np.where(counts.any(axis=2), won, 0)


def timed_loop(made: list[Problem], people: int, votes: list[np.ndarray]) -> tuple[float, int]:
    """Seconds of processor time for these people, and how many votes differ."""
    began, different = time.process_time(), 0
    for problem, found in zip(made, votes, strict=True):
        for person in range(people):
            different += int((looped(problem, person) != found[person]).sum())
    return time.process_time() - began, different


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--people", type=int, default=800)
    reader.add_argument("--others", type=int, default=92_479)
    reader.add_argument("--loop", type=int, default=8, help="people of the loop")
    reader.add_argument("--quick", action="store_true", help="100 people against 10,000 others")
    asked = reader.parse_args()
    people, others = (100, 10_000) if asked.quick else (asked.people, asked.others)
    made = problems(people, others)
    data = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
    began, clock = time.process_time(), time.perf_counter()
    votes = [resemblance(problem, MOST) for problem in made]
    seconds, wall = time.process_time() - began, time.perf_counter() - clock
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
    loop_seconds, different = timed_loop(made, asked.loop, votes)
    scaled = loop_seconds / asked.loop * people
    assert all(problem.known.shape[1] == sum(CATEGORIES) - 39 for problem in made)

    # of the full size alone: a small one spends its time on threads
    against = None if asked.quick else f">= {FASTER:g}"
    numbers = [
        number("resemblance, both forms, three setups, N = 1 to 100", wall, "s", f"< {SECONDS:g}"),
        number("the same in processor time", seconds, "s"),
        number("memory", peak / 1e9, "GB", f"< {BYTES / 1e9:g}"),
        number("of it the answers and what was made with them", data / 1e9, "GB"),
        number(f"loop over {asked.loop} people, scaled to all (CPU)", scaled, "s"),
        number("CPU of the loop to CPU of resemblance_ratio", scaled / seconds, "", against),
        number("votes that differ", different, "votes", "= 0"),
    ]
    rate = measure(asked.quick)["training_mb_per_s"]
    numbers.append(number("export of training examples", rate, "MB/s", f">= {MB_PER_S:g}"))
    size = {"people": people, "others": others, "questions": sum(CATEGORIES), "targets": 3 * 39}
    print(line("individual", numbers, size=size))


if __name__ == "__main__":
    main()
