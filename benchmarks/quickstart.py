"""How long `make run` takes after set-up: the quickstart as a whole process, into a store of its own.

usage: python benchmarks/quickstart.py [--quick]

Prints one JSON line; ``--quick`` asks four people instead of twenty.
"""

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import line, number

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
        number("make run after set-up", took, "s", f"< {LIMIT_S}"),
        number("answers per second, start-up included", answers / took, "1/s"),
        number("answers understood", understood / answers, "share"),
        number("prompt tokens, kept ones included", prompt, "tokens"),
        number("reply tokens", reply, "tokens"),
    ]
    print(line("quickstart", numbers))


if __name__ == "__main__":
    main()
