"""What it costs to show a question of ten options, under several rules, its generator and its record included.

usage: python benchmarks/presenting.py [--quick]

Times are processor time, the median of five rounds of 2,000 questions. Prints one JSON line.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import line, number
from demoscope import seeds
from surveys import Question
from surveys.perturbations import perturb
from surveys.perturbations.options import MiddleOption
from surveys.presentation import presenter
from surveys.presentation_rules import PresentationRules
from surveys.questionnaire import Questionnaire

MOST, ROUNDS, QUESTIONS = 50.0, 5, 2_000
"""Target in microseconds, rounds, and questions in each."""

OPTIONS = [{"code": n, "label": f"Option number {n} of a question"} for n in range(1, 11)]
RULES = {
    "options as written": PresentationRules(),
    "options shuffled": PresentationRules(order="shuffled"),
    "options rotated under letters": PresentationRules(order="rotated", labels="letters"),
    "options reversed for one half, without labels": PresentationRules(order="reversed", labels="none"),
}


def microseconds(show: Callable[[int], object], rounds: int) -> float:
    """Processor time of one presentation, the middle of several rounds."""
    found = []
    show(0)
    for _ in range(rounds):
        began = time.process_time()
        for n in range(QUESTIONS):
            show(n)
        found.append((time.process_time() - began) / QUESTIONS * 1e6)
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="one round instead of five")
    quick = parser.parse_args().quick
    rounds = 1 if quick else ROUNDS
    question = Question(id="q", text="Which of these?", options=OPTIONS)
    numbers = []

    def row(what: str, value: float, most: float | None) -> None:
        numbers.append(number(what, value, "us", None if most is None else f"< {most:g}"))

    for what, rules in RULES.items():

        def show(n: int, rules: PresentationRules = rules) -> str:
            prepared = presenter(question, rules)
            rng = seeds.generator(1, "presentation", "people", n, "q", 0) if prepared.draws else None
            return prepared.show(rng).as_json()

        row(f"a question of ten options, {what}, written down", microseconds(show, rounds), MOST)
    row(
        "its generator alone",
        microseconds(lambda n: seeds.generator(1, "presentation", "people", n, "q", 0), rounds),
        None,
    )
    perturbed = perturb(
        Questionnaire(id="s", title="S", questions=[question]), [MiddleOption(kind="middle_option")], 1
    )
    written = presenter(perturbed.questionnaire["q"], PresentationRules()).show(None).as_json()
    row(
        "its record led back from a perturbation",
        microseconds(lambda _: perturbed.back["q"].presentation(written), rounds),
        MOST,
    )
    print(line("presenting", numbers, quick=quick))


if __name__ == "__main__":
    main()
