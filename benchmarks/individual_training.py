"""How fast training examples are written: a tenth of a set of 400 people for each of 253 questions.

usage: python benchmarks/individual_training.py [--quick]

Made-up answers of 3,000 people, 4 % missing; statements of the published number and mean length. The examples are
mixed+200 in both forms, as the largest composition of IndieValueCatalog, and are written to a file in the temporary
folder. Prints one JSON line.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from analysis.individual.training_export import write_lines
from benchmarks.line import line, number
from surveys.statements import (
    FORMS,
    MISSING,
    Composition,
    Form,
    KnownAnswers,
    Statement,
    StatementSet,
    StatementSets,
    training_lines,
)

TARGET = 60.0
"""MB/s."""

QUESTIONS, LENGTH = 253, 82
"""Questions of the catalogue, and characters of a statement on average."""


def generated(people: int, rng: np.random.Generator) -> KnownAnswers:
    """People whose answers are drawn alike."""
    words = "this is a statement that a person makes about how they see one matter of their life "
    sets = []
    for n in range(QUESTIONS):
        texts = [f"Answer {k} to {n}: {words}"[:LENGTH].strip() for k in range(1, 5)]
        refined = tuple(Statement(text, (code,)) for code, text in enumerate(texts, 1))
        polar = (Statement(texts[0], (1, 2)), Statement(texts[3], (3, 4)))
        sets += [StatementSet(f"Q{n}", "refined", "all", refined), StatementSet(f"Q{n}", "polar", "all", polar)]
    codes = rng.integers(1, 5, (people, QUESTIONS))
    away = rng.random(codes.shape) < 0.04
    numbers: dict[Form, np.ndarray[Any, np.dtype[np.int8]]] = {
        "refined": codes.astype(np.int8),
        "polar": ((codes + 1) // 2).astype(np.int8),
    }
    for form in FORMS:
        numbers[form][away] = MISSING
    return KnownAnswers("generated", tuple(map(str, range(people))), StatementSets(tuple(sets)), numbers)


def measure(quick: bool) -> dict[str, float]:
    """Megabytes, processor seconds and their rate; a fifth of it when quick."""
    known = generated(3_000, np.random.default_rng(1))
    composition = Composition(
        people=8 if quick else 40, target_forms=("polar", "refined"), demonstrations=("mixed", 200)
    )
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        _, size = write_lines(training_lines(known, composition, 1), Path(folder) / "training.jsonl")
        seconds = time.process_time() - began
    return {"training_mb": size / 1e6, "training_cpu_s": seconds, "training_mb_per_s": size / 1e6 / seconds}


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--quick", action="store_true", help="a fifth of it")
    found = measure(reader.parse_args().quick)
    size = {name: round(value, 1) for name, value in found.items()}
    found_rate = number("export of training examples", found["training_mb_per_s"], "MB/s", f">= {TARGET:g}")
    print(line("individual_training", [found_rate], size=size))


if __name__ == "__main__":
    main()
