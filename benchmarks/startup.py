"""How fast the command line answers, and that it loads nothing heavy to do so.

usage: python benchmarks/startup.py [--quick]

Prints one JSON line.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import line, number

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("ray", "llama_cpp", "openai", "pandas", "matplotlib")


def seconds() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, ROOT / "run_simulation.py", "--help"], check=True, capture_output=True)
    return time.perf_counter() - began


def loaded() -> list[str]:
    code = "import sys; sys.argv = ['demoscope', '--help']; import run_simulation\n"
    code += "try: run_simulation.main()\nexcept SystemExit: pass\n"
    code += f"print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    found: list[str] = json.loads(done.stdout.splitlines()[-1].replace("'", '"'))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="one start instead of nine")
    times = 1 if parser.parse_args().quick else 9
    seconds()  # the first run compiles bytecode
    median = statistics.median(seconds() for _ in range(times))
    heavy = loaded()
    numbers = [
        number(f"--help, median of {times}", median, "s", "< 0.4"),
        number("heavy modules loaded by --help", len(heavy), "", "= 0"),
    ]
    print(line("startup", numbers))


if __name__ == "__main__":
    main()
