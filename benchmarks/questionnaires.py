"""How fast a long questionnaire with routing is read, planned, gone through and shown.

usage: python benchmarks/questionnaires.py [--quick]

1,000 questions, every second under a condition, every tenth with a jump, every seventh inserting an answer. Each part
runs in a process of its own; times are processor time, the median of five. Prints one JSON line.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import line, number
from demoscope import seeds

QUESTIONS, RESPONDENTS = 1_000, 10_000
LOADED, PLANNED, BYTES, PRESENTED = 0.5, 10.0, 500e6, 50.0
"""Targets: seconds to read, seconds and bytes to plan, microseconds to present a question."""

WAVE = """\
name: long
seed: 7
questionnaire: long.yaml
population: us_adults_2018
respondents: {respondents}
models: [{{name: m, backend: scripted, settings: {{public: uniform}}}}]
conditions: [{{name: def, protocol: def, settings: {{portrait: [sex, age]}}}}]
execution: {{executor: local}}
"""


def write(folder: Path, respondents: int) -> None:
    """The questionnaire and a wave that asks so many people."""
    labels = ("Strongly disagree", "Disagree", "Agree", "Strongly agree")
    options = [{"code": code, "label": label} for code, label in enumerate(labels, start=1)]
    questions = []
    for n in range(QUESTIONS):
        question = {"id": f"q{n}", "text": f"What of thing number {n} in your town?", "options": options}
        if n and n % 2 == 0:
            question["show_if"] = f"q{n - 1} >= 2 or answered(q{n // 2}) and persona.age > {n % 60}"
        if n % 10 == 3:
            question["go_to"] = [{"to": f"q{min(n + 4, QUESTIONS - 1)}", "when": f"q{n} == 1"}]
        if n % 7 == 1:
            question["text"] = f"You said {{{{ q{n - 1} | nothing }}}}. {question['text']}"
        questions.append(question)
    document = {"id": "long", "title": "Long", "questions": questions}
    plain = type("Plain", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    (folder / "long.yaml").write_text(yaml.dump(document, Dumper=plain, sort_keys=False))
    (folder / "wave.yaml").write_text(WAVE.format(respondents=respondents))


def median(what: Callable[[], object], times: int = 5) -> float:
    """Processor seconds of the middle one."""
    found = []
    for _ in range(times):
        started = time.process_time()
        what()
        found.append(time.process_time() - started)
    return statistics.median(found)


def load(folder: Path) -> dict[str, float]:
    """Reading, with nothing kept from the time before."""
    from surveys import load_questionnaire
    from surveys.expressions import parse

    def read() -> None:
        parse.cache_clear()
        load_questionnaire(str(folder / "long.yaml"))

    read()
    return {"seconds": median(read)}


def plan(folder: Path) -> dict[str, float]:
    """Planning the wave, reading included."""
    from simulator.loading import load_wave
    from simulator.plan import make_plan

    started = time.process_time()
    made = make_plan(load_wave(folder / "wave.yaml"))
    assert made.cells[0].answers == QUESTIONS * made.respondents
    seconds = time.process_time() - started
    return {"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def go(folder: Path) -> dict[str, float]:
    """Going through it once for each of some people, and presenting every question."""
    from surveys import Course, Given, Skipped, load_questionnaire
    from surveys.presentation import present
    from surveys.presentation_rules import PresentationRules

    questionnaire = load_questionnaire(str(folder / "long.yaml"))

    def everybody() -> None:
        for person in range(10):
            course = Course(questionnaire, lambda what, name: seeds.generator(1, what, name), {"age": 40 + person})
            for step in course:
                if not isinstance(step, Skipped):
                    course.hear(step.question.id, Given((1 + step.place % 4,)))

    shuffled = PresentationRules(order="shuffled")

    def shown() -> None:
        for question in questionnaire.questions:
            present(question, seeds.generator(1, "presentation", 17, question.id, 0), shuffled)

    everybody()
    return {"step": median(everybody) / 10 / QUESTIONS * 1e6, "present": median(shown) / QUESTIONS * 1e6}


PARTS = {"load": load, "plan": plan, "go": go}


def alone(part: str, folder: Path) -> dict[str, float]:
    """One part in a process of its own."""
    command = [sys.executable, __file__, "--part", part, "--folder", str(folder)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main() -> None:
    """Run all parts, or one."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--part", choices=PARTS)
    arguments.add_argument("--folder", type=Path)
    arguments.add_argument("--quick", action="store_true", help="a wave of a hundred respondents")
    given = arguments.parse_args()
    respondents = 100 if given.quick else RESPONDENTS
    if given.part:
        print(json.dumps(PARTS[given.part](given.folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, respondents)
        read, planned, gone = (alone(part, folder) for part in PARTS)
    rows = [
        ("1,000 questions with routing read", read["seconds"], "s", LOADED),
        (
            f"{respondents:,} respondents x 1,000 questions planned, reading included",
            planned["seconds"],
            "s",
            PLANNED,
        ),
        ("peak memory of that process", planned["peak"] / 1e6, "MB", BYTES / 1e6),
        ("one question presented, options shuffled, its generator included", gone["present"], "us", PRESENTED),
        ("one step of the way through it", gone["step"], "us", None),
    ]
    numbers = [number(what, value, unit, None if most is None else f"< {most:g}") for what, value, unit, most in rows]
    print(line("questionnaires", numbers))


if __name__ == "__main__":
    main()
