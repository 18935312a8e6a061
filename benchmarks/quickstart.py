"""How long `make run` takes after set-up: the quickstart as a whole process, into a store of its own.

usage: python benchmarks/quickstart.py [--quick]

Prints one JSON line; ``--quick`` asks four people instead of twenty.
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 360


def main() -> None:
    parser = argparse.ArgumentParser(description="How long the quickstart takes.")
    parser.add_argument("--quick", action="store_true", help="four people instead of twenty")
    quick = parser.parse_args().quick
    text = (ROOT / "examples" / "quickstart.yaml").read_text()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "quickstart.sqlite"
        wave = Path(folder) / "quickstart.yaml"
        wave.write_text(text.replace("respondents: 20", "respondents: 4") if quick else text)
        command = [sys.executable, str(ROOT / "run_simulation.py"), "run", str(wave)]
        began = time.perf_counter()
        subprocess.run([*command, "--store", str(store)], check=True, capture_output=True)
        took = time.perf_counter() - began
        with closing(sqlite3.connect(store)) as db:
            answers, understood = db.execute("SELECT count(*), sum(status = 'answered') FROM answers").fetchone()
            prompt, reply = db.execute("SELECT sum(prompt_tokens), sum(completion_tokens) FROM attempts").fetchone()
    numbers = [
        {"what": "make run after set-up", "value": round(took, 1), "unit": "s", "target": f"< {LIMIT_S}",
         "met": took < LIMIT_S},
        {"what": "answers per second, start-up included", "value": round(answers / took, 2), "unit": "1/s",
         "target": None, "met": None},
        {"what": "answers understood", "value": round(understood / answers, 4), "unit": "share", "target": None,
         "met": None},
        {"what": "prompt tokens, kept ones included", "value": prompt, "unit": "tokens", "target": None, "met": None},
        {"what": "reply tokens", "value": reply, "unit": "tokens", "target": None, "met": None},
    ]  # fmt: skip
    print(json.dumps({"benchmark": "quickstart", "numbers": numbers}))


if __name__ == "__main__":
    main()
