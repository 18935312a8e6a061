"""What two stores must have in common to hold the same wave: every table but its timings and provisions."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

TIMINGS = {"waves": {"started", "finished", "versions"}, "attempts": {"latency_s"}, "models": {"committed"}}


def content(path: Path) -> dict[str, list[Any]]:
    """Rows of every table, sorted, timings left out."""
    with closing(sqlite3.connect(path)) as db:
        tables = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith(("sqlite_", "_sqlite"))
        ]
        found = {}
        for table in tables:
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            kept = [column for column in columns if column not in TIMINGS.get(table, set())]
            found[table] = sorted(db.execute(f"SELECT {', '.join(kept)} FROM {table}").fetchall(), key=repr)
        return found


def sound(path: Path) -> bool:
    """Whether SQLite finds the file whole and every reference in it kept."""
    with closing(sqlite3.connect(path)) as db:
        whole = db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return whole and db.execute("PRAGMA foreign_key_check").fetchall() == []


def count(path: Path, sql: str) -> int:
    """First value of a query."""
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute(sql).fetchone()[0])
