"""How fast WorldValuesBench is prepared and evaluated, on a look-alike of the survey's file of full size.

usage: python benchmarks/worldvaluesbench.py [--people 94278] [--columns 600] [--loop-questions 12] [--quick]

Prepares the file (read, recode, split, sample, write TSV and Parquet) in a process of its own, then evaluates a model
that answered every question of everybody, within every level of every demographic column. The same distances are
computed by a loop over questions with pandas and scipy for some of the questions, and its time is scaled to all.
Last the command line evaluates the same answers from a Parquet file, against the folder that was prepared. Prints one
JSON line. `--quick` is a small size, at which the targets say little.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
from scipy.stats import wasserstein_distance

from analysis.worldvaluesbench.evaluation import evaluate
from analysis.worldvaluesbench.people import HumanAnswers
from analysis.worldvaluesbench.rules import Rules
from analysis.worldvaluesbench.scores import Scores
from analysis.worldvaluesbench.subgroups import Demographics, Grouping, Subgroups, places_of
from benchmarks.line import Number, line, number
from surveys.formats.wvs.dataset import NO_ANSWER, Dataset, prepare
from surveys.formats.wvs.exporting import write_sample, write_tables
from surveys.formats.wvs.probe import ProbeDesign, sample_probe
from surveys.formats.wvs.splits import published_splits
from surveys.formats.wvs.wave7 import DEMOGRAPHICS, SCALES
from tests.wvs_file import look_alike, write_csv

SECONDS, BYTES, EVALUATION, FASTER, EQUAL = 30.0, 2e9, 20.0, 20.0, 1e-12
"""Targets: preparing, its memory, evaluating, against the loop, and how far the two may differ."""


def prepared(path: Path, out: Path) -> dict[str, float]:
    """Time and memory of everything that ``wvb prepare`` does with the file, in this process."""
    started, cpu = time.perf_counter(), time.process_time()
    dataset = prepare(path)
    write_tables(dataset, published_splits(len(dataset)), out, ("parquet", "tsv"))
    write_sample(sample_probe(dataset), ProbeDesign(), out / "samples.tsv")
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def everything(dataset: Dataset) -> tuple[Scores, HumanAnswers, Demographics]:
    """A model that answered evenly at random whatever people answered, the people, and all that is known of them."""
    rng = np.random.default_rng(0)
    question, people, values = [], [], []
    for place, (name, answers) in enumerate(dataset.answers.items()):
        there = np.flatnonzero(answers != NO_ANSWER)
        question.append(np.full(len(there), place, np.int32))
        people.append(dataset.people[there])
        values.append(rng.integers(SCALES[name].minimum, SCALES[name].maximum + 1, len(there)).astype(float))
    rows = np.concatenate(question), np.concatenate(people), np.concatenate(values)
    scores = Scores("model", tuple(SCALES), *rows)
    order = np.argsort(dataset.people)
    humans = HumanAnswers("people", dataset.people[order], {q: a[order] for q, a in dataset.answers.items()})
    groupings = tuple(
        Grouping(name, dataset.texts[name].texts, dataset.texts[name].positions[order].astype(np.intp))
        for name in DEMOGRAPHICS
    )
    return scores, humans, Demographics(humans.people, groupings)


def looped(
    scores: Scores, humans: HumanAnswers, demographics: Demographics, questions: list[str]
) -> Iterator[tuple[str, str, str, float]]:
    """Distances by question, column and level, as a loop with pandas and scipy computes them."""
    rows = scores.rows()
    known = pd.DataFrame(
        {one.name: np.array([*one.levels], dtype=object)[one.positions] for one in demographics.groupings},
        index=demographics.people,
    )
    for question in questions:
        scale = SCALES[question]
        frame = pd.DataFrame({"person": scores.people[rows[question]], "model": scores.values[rows[question]]})
        answers = pd.Series(humans.answers[question], index=humans.people)
        frame["human"] = frame["person"].map(answers).astype(float)
        for side in ("model", "human"):
            frame[side] = (frame[side] - scale.minimum) / (scale.maximum - scale.minimum)
        frame = frame.join(known, on="person")
        for column in map(str, known):
            for level, part in frame.groupby(column, sort=False):
                yield question, column, str(level), float(wasserstein_distance(part["human"], part["model"]))


def compared(dataset: Dataset, loop_questions: int) -> dict[str, float]:
    """Time of the evaluation, that of the loop scaled to all questions, and the largest difference."""
    scores, humans, demographics = everything(dataset)
    started, cpu = time.perf_counter(), time.process_time()
    found = evaluate([scores], humans, Rules(draws=0), demographics)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    assert len(found.systems[0].questions) == len(SCALES)

    chosen = list(SCALES)[:: max(1, len(SCALES) // loop_questions)][:loop_questions]
    started = time.perf_counter()
    expected = {tuple(key): value for *key, value in looped(scores, humans, demographics, chosen)}
    loop_seconds = (time.perf_counter() - started) / len(chosen) * len(SCALES)

    difference, subgroups, rows = 0.0, Subgroups(demographics.groupings), scores.rows()
    for question in chosen:
        place = places_of(scores.people[rows[question]], demographics.people)
        model, human = scores.values[rows[question]].astype(np.int64), humans.of(question, place)
        ours = subgroups.of(model, human, SCALES[question], place)
        for grouping in demographics.groupings:
            for level, value in zip(grouping.levels, ours[grouping.name].distances.tolist(), strict=True):
                if np.isfinite(value):
                    difference = max(difference, abs(value - expected.pop((question, grouping.name, level))))
    assert not expected, "the loop found groups that the evaluation has not"
    return {
        "answers": len(scores),
        "groups": sum(len(one.levels) for one in demographics.groupings),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "loop_seconds": loop_seconds,
        "loop_questions": len(chosen),
        "times_faster": loop_seconds / seconds,
        "largest_difference": difference,
    }


def on_the_command_line(dataset: Dataset, prepared_folder: Path) -> dict[str, float]:
    """Time of `demoscope wvb evaluate` on a file with all answers, reading and start included."""
    scores, _, _ = everything(dataset)
    path = prepared_folder / "model.parquet"
    questions = pd.Categorical.from_codes(scores.question, pd.Index(scores.questions))
    frame = pd.DataFrame({"QUESTION_ID": questions, "PARTICIPANT_ID": scores.people, "SCORE": scores.values})
    frame.to_parquet(path)
    command = [sys.executable, "run_simulation.py", "wvb", "evaluate", str(path), "--reference", str(prepared_folder)]
    started = time.perf_counter()
    done = subprocess.run([*command, "--by", "Q260", "--draws", "0", "--json"], capture_output=True, check=True)
    seconds = time.perf_counter() - started
    found = json.loads(done.stdout)
    return {
        "answers": found["systems"][0]["scores"],
        "levels": len({one["level"] for one in found["levels"]}),
        "file_bytes": path.stat().st_size,
        "seconds": seconds,
    }


def told(preparing: dict[str, float], evaluating: dict[str, float]) -> Iterator[Number]:
    """What was measured of preparing and evaluating, against the targets."""
    yield number(
        "preparing: read, recode, split, sample, write Parquet and TSV", preparing["seconds"], "s", f"< {SECONDS:g}"
    )
    yield number("the same, processor time", preparing["cpu_seconds"], "s")
    yield number("peak memory of that process", preparing["peak_bytes"] / 1e6, "MB", f"< {BYTES / 1e6:g}")
    yield number("evaluating every question within every level", evaluating["seconds"], "s", f"< {EVALUATION:g}")
    yield number("the same, processor time", evaluating["cpu_seconds"], "s")
    yield number("the same by a loop with pandas and scipy, scaled to all questions", evaluating["loop_seconds"], "s")
    yield number("time of the loop to time of the evaluation_ratio", evaluating["times_faster"], "", f">= {FASTER:g}")
    yield number("largest difference of a distance", evaluating["largest_difference"], "", f"<= {EQUAL:g}")


def told_of_command(command: dict[str, float]) -> Iterator[Number]:
    """What was measured of the command line."""
    yield number(
        f"wvb evaluate --by Q260 of {command['answers']:,} answers in a Parquet file", command["seconds"], "s"
    )
    yield number("size of that file", command["file_bytes"] / 1e6, "MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=94_278)
    parser.add_argument("--columns", type=int, default=600)
    parser.add_argument("--loop-questions", type=int, default=12)
    parser.add_argument("--quick", action="store_true", help="3,000 people, 2 questions in the loop")
    parser.add_argument("--prepare", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.people, options.loop_questions = 3000, 2
    if options.prepare:
        print(json.dumps(prepared(*options.prepare)))
        return
    with tempfile.TemporaryDirectory() as folder:
        frame = look_alike(options.people, columns=options.columns, duplicated=min(1000, options.people // 90))
        path = write_csv(frame, Path(folder) / "wvs.csv")
        del frame
        alone = [sys.executable, __file__, "--prepare", str(path), str(Path(folder) / "out")]
        done = subprocess.run(alone, capture_output=True, text=True, check=True)
        preparing = {"file_bytes": path.stat().st_size, **json.loads(done.stdout)}
        dataset = prepare(path)
        evaluating = compared(dataset, options.loop_questions)
        command = on_the_command_line(dataset, Path(folder) / "out")
    about = {
        "people": options.people,
        "columns": options.columns,
        "answers": evaluating["answers"],
        "levels": evaluating["groups"],
        "loop_questions": evaluating["loop_questions"],
    }
    print(line("worldvaluesbench", [*told(preparing, evaluating), *told_of_command(command)], **about))


if __name__ == "__main__":
    main()
