"""How fast the command line answers, and that it loads nothing heavy to do so.

usage: python benchmarks/startup.py

Prints one JSON line.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

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
    seconds()  # the first run compiles bytecode
    median = statistics.median(seconds() for _ in range(9))
    heavy = loaded()
    numbers = [
        {
            "what": "--help, median of 9",
            "value": round(median, 3),
            "unit": "s",
            "target": "< 0.4",
            "met": median < 0.4,
        },
        {"what": "heavy modules loaded by --help", "value": len(heavy), "unit": "", "target": "0", "met": not heavy},
    ]
    print(json.dumps({"benchmark": "startup", "numbers": numbers}))


if __name__ == "__main__":
    main()
