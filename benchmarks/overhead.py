"""What everything but the model costs: scripted respondents through Ray and the store.

usage: python benchmarks/overhead.py [--respondents 1000] [--questions 20] [--factor 10] [--quick]

Prints one JSON line. Start-up of Ray is left out of the rates and given by itself.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import line, number

WAVE = """\
name: overhead
seed: 1
questionnaire: survey.yaml
population: us_adults_2018
respondents: {respondents}
models:
  - name: uniform
    backend: scripted
    settings: {{public: uniform}}
conditions:
  - name: def
    protocol: def
    settings: {{portrait: [sex, age, degree]}}
execution: {{executor: {executor}}}
"""


def write_wave(folder: Path, respondents: int, questions: int, executor: str) -> Path:
    items = [
        {
            "id": f"q{n}",
            "text": f"Is the country spending too little or too much on matter {n}?",
            "options": [{"code": c, "label": t} for c, t in enumerate(["too little", "about right", "too much"], 1)],
        }
        for n in range(1, questions + 1)
    ]
    survey = {"id": "overhead", "title": "Overhead", "questions": items}
    (folder / "survey.yaml").write_text(json.dumps(survey))
    path = folder / f"wave-{respondents}.yaml"
    path.write_text(WAVE.format(respondents=respondents, executor=executor))
    return path


def one_run(path: Path, store: Path) -> dict[str, float]:
    """Run a wave in this process; its seconds count from the moment the first respondents are handed out."""
    from simulator.loading import load_wave
    from simulator.run import executor_of, run_wave
    from simulator.store import Store

    loaded = load_wave(path)
    handed_out: list[float] = []

    def timed_executor(loaded):  # type: ignore[no-untyped-def]
        executor = executor_of(loaded)
        submit = executor.submit

        def timed_submit(handle, assignments, lease):  # type: ignore[no-untyped-def]
            if assignments and not handed_out:
                handed_out.append(time.perf_counter())
            submit(handle, assignments, lease)

        executor.submit = timed_submit  # type: ignore[method-assign]
        return executor

    saved: list[float] = []
    began = time.perf_counter()
    with Store(store) as opened:
        state = run_wave(
            loaded,
            opened,
            now=lambda: "2026-01-01T00:00:00+00:00",
            make_executor=timed_executor,
            progress=lambda _: saved.append(time.perf_counter()),
        )
    return {
        "answers": state.saved,
        "seconds": saved[-1] - handed_out[0],
        "registration_s": saved[0] - began,
        "start_s": handed_out[0] - saved[0],
        "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def measured(folder: Path, respondents: int, questions: int, executor: str) -> dict[str, float]:
    """Run in a process of its own, so that memory is told apart."""
    path = write_wave(folder, respondents, questions, executor)
    store = folder / f"{executor}-{respondents}.sqlite"
    command = [sys.executable, __file__, "--child", str(path), str(store)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--respondents", type=int, default=1000)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--factor", type=int, default=10)
    parser.add_argument("--child", nargs=2)
    parser.add_argument("--quick", action="store_true", help="20 respondents, and twice as many")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(one_run(Path(options.child[0]), Path(options.child[1]))))
        return
    n, questions, factor = options.respondents, options.questions, options.factor
    if options.quick:
        n, factor = 20, 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = measured(folder, n, questions, "ray")
        large = measured(folder, n * factor, questions, "ray")
        local = measured(folder, n, questions, "local")
    rate = small["answers"] / small["seconds"]
    # Registration and interviews; the start of Ray and its workers is the same for both and left out.
    times = (large["registration_s"] + large["seconds"]) / (small["registration_s"] + small["seconds"])
    driver_kb = (large["peak_kb"] - small["peak_kb"]) / (n * (factor - 1))
    most = factor * 1.1
    numbers = [
        number("answers per second through Ray and the store", rate, "1/s", ">= 2000"),
        number(f"the same, {n * factor} respondents", large["answers"] / large["seconds"], "1/s"),
        number("the same, one process without Ray", local["answers"] / local["seconds"], "1/s"),
        number(f"time of {n * factor} respondents to time of {n}_ratio", times, "", f"<= {most:g}"),
        number("driver's peak memory per further respondent", driver_kb, "kB", "< 5"),
        number("registration of the smaller wave", small["registration_s"], "s"),
        number("start of Ray and its workers", small["start_s"], "s"),
    ]
    print(line("overhead", numbers, quick=options.quick))


if __name__ == "__main__":
    main()
