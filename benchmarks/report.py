"""What a report and an export of a million answers take, and how fast `status` is while a wave writes.

usage: python benchmarks/report.py [--quick] [--answers 1000000]

A made-up store (50 questions, 2 conditions, people with subgroups); nothing of it is about anybody. Each part runs in
a process of its own; seconds are processor time and, behind them, time on the clock. The first view is what
Chromium's own clock says of the first contentful paint, where Chromium and selenium are installed. Prints a line of
JSON.
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.line import line, number  # noqa: E402
from tests.large_store import write_large_store  # noqa: E402

QUESTIONS, CELLS = 50, 2
REPORT_S, REPORT_GB, REPORT_MB, VIEW_S, ROWS_S, STATUS_S = 30.0, 1.0, 8.0, 1.5, 200_000, 0.3
"""Targets."""

MEASURED = """
import json, resource, sys, time
sys.path.insert(0, {root!r})
sys.argv = ["demoscope", *{arguments!r}]
clock = time.perf_counter()
import run_simulation
try:
    run_simulation.main()
except SystemExit as end:
    assert not end.code, end.code
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime, time.perf_counter() - clock, used.ru_maxrss / 1e6]))
"""


def measured(*arguments: str) -> tuple[float, float, float]:
    """Processor seconds, seconds on the clock and gigabytes of one command in a process of its own."""
    code = MEASURED.format(root=str(ROOT), arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    cpu, clock, memory = json.loads(done.stdout.splitlines()[-1])
    return cpu, clock, memory


def first_view(page: Path) -> float | None:
    """Seconds until Chromium paints the first words; ``None`` where it is not installed."""
    try:
        from selenium.webdriver import Chrome, ChromeOptions
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        return None
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    try:
        browser = Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    except Exception as error:  # a driver that is absent or does not fit
        print(f"no first view: {error}", file=sys.stderr)
        return None
    try:
        times = []
        for _ in range(3):
            browser.get(page.resolve().as_uri())
            script = "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
            times.append(float(browser.execute_script(script)) / 1000)
        return sorted(times)[1]
    finally:
        browser.quit()


def status_while_writing(store: Path) -> tuple[float, float]:
    """Processor seconds and seconds on the clock of `status`, while another connection writes answers."""
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(store, timeout=30)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            number = 10_000
            while not stop.is_set():
                with db:
                    db.executemany(
                        "INSERT INTO answers VALUES (1, 1, 'text', ?, 'answered', NULL, NULL, NULL, '{}', '[]')",
                        [(number + n,) for n in range(100)],
                    )
                number += 100
                time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = sorted(measured("status", str(store))[:2] for _ in range(5))
    finally:
        stop.set()
        writer.join()
    return found[2]


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--answers", type=int, default=1_000_000)
    reader.add_argument("--quick", action="store_true", help="20,000 answers")
    reader.add_argument("--store", type=Path, help="keep the store here, and use it when it exists")
    asked = reader.parse_args()
    answers = 20_000 if asked.quick else asked.answers
    with tempfile.TemporaryDirectory() as folder:
        store = asked.store or Path(folder) / "large.sqlite"
        if not store.exists():
            write_large_store(store, answers // (QUESTIONS * CELLS), QUESTIONS, CELLS)
        page, parquet = Path(folder) / "report.html", Path(folder) / "tidy.parquet"
        cpu, clock, memory = measured("report", str(store), "-o", str(page))
        size = page.stat().st_size / 1e6
        numbers = [
            number("report, CPU", cpu, "s"),
            number("report, by the clock", clock, "s", f"< {REPORT_S:g}"),
            number("its memory", memory, "GB", f"< {REPORT_GB:g}"),
            number("its page", size, "MB", f"< {REPORT_MB:g}"),
        ]
        view = first_view(page)
        if view is not None:
            numbers.append(number("first view in Chromium", view, "s", f"< {VIEW_S:g}"))
        cpu, clock, memory = measured("export", str(store), "-o", str(parquet))
        numbers += [
            number("tidy rows to Parquet, by the clock", answers / clock, "1/s", f">= {ROWS_S}"),
            number("the same, CPU", answers / cpu, "1/s"),
            number("its memory", memory, "GB"),
        ]
        cpu, clock = status_while_writing(store)
        numbers += [
            number("status while a wave writes, by the clock, median of 5", clock, "s", f"< {STATUS_S:g}"),
            number("the same, CPU", cpu, "s"),
        ]
    print(line("report", numbers, answers=answers))


if __name__ == "__main__":
    main()
