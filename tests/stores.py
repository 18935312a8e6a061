"""What two stores must have in common to hold the same wave, and what must hold in any store, whatever happened."""

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


KEYS = {
    "answers": ("respondent_id", "question_id", "method", "replicate"),
    "answer_options": ("respondent_id", "question_id", "method", "replicate", "code"),
    "exchanges": ("cell_id", "subject_id", "step", "ordinal"),
    "attempts": ("cell_id", "subject_id", "step", "ordinal", "attempt"),
    "answer_sources": (
        *("respondent_id", "question_id", "method", "replicate"),
        *("cell_id", "subject_id", "step", "ordinal", "place"),
    ),
    "respondents": ("id",),
    "texts": ("id",),
}
"""What names a row, by table."""

ORPHANS = {
    "attempts without an exchange": "SELECT count(*) FROM attempts a WHERE NOT EXISTS (SELECT 1 FROM exchanges e "
    "WHERE (e.cell_id, e.subject_id, e.step, e.ordinal) = (a.cell_id, a.subject_id, a.step, a.ordinal))",
    "exchanges without an attempt": "SELECT count(*) FROM exchanges e WHERE NOT EXISTS (SELECT 1 FROM attempts a "
    "WHERE (e.cell_id, e.subject_id, e.step, e.ordinal) = (a.cell_id, a.subject_id, a.step, a.ordinal))",
    "answers read from an exchange that is not there": "SELECT count(*) FROM answer_sources s WHERE NOT EXISTS "
    "(SELECT 1 FROM exchanges e WHERE (e.cell_id, e.subject_id, e.step, e.ordinal) = "
    "(s.cell_id, s.subject_id, s.step, s.ordinal))",
    "answered choices without an option": "SELECT count(*) FROM answers a JOIN questions q ON q.id = a.question_id "
    "WHERE a.status = 'answered' AND q.kind IN ('single', 'multiple', 'ranking', 'scale') "
    # A scale that was shown with other points has no such code; texts that reword a question show none.
    "AND NOT (q.kind = 'scale' AND a.value IS NOT NULL) AND a.presentation <> '' AND NOT EXISTS "
    "(SELECT 1 FROM answer_options o WHERE (o.respondent_id, o.question_id, o.method, o.replicate) = "
    "(a.respondent_id, a.question_id, a.method, a.replicate))",
}
"""What no transaction may leave behind."""


def violated(path: Path) -> list[str]:
    """Invariants that a store breaks, for people; none may be, whenever its writer died.

    SQLite's own checks, foreign keys, every view readable, and no row without those that it was saved with.
    """
    with closing(sqlite3.connect(path)) as db:
        found = [f"integrity: {row[0]}" for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [f"foreign key: {row}" for row in db.execute("PRAGMA foreign_key_check")]
        for (view,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
            try:
                db.execute(f"SELECT * FROM {view}").fetchall()
            except sqlite3.Error as error:
                found.append(f"view {view}: {error}")
        for what, sql in ORPHANS.items():
            number = db.execute(sql).fetchone()[0]
            found += [f"{number} {what}"] if number else []
    return found


def sound(path: Path) -> bool:
    """Whether a store breaks none of them."""
    return violated(path) == []


def compared(path: Path, whole: Path) -> dict[str, int]:
    """How a store differs from the one of an uninterrupted run: rows lost, added and changed, over all tables.

    A row that is there twice under one key, which a primary key rules out, would count as added.
    """
    here, there = content(path), content(whole)
    found = {"lost": 0, "added": 0, "changed": 0}
    for table in here.keys() | there.keys():
        mine, other = here.get(table, []), there.get(table, [])
        size = len(KEYS.get(table, ()))
        if not size:
            found["changed"] += mine != other
            continue
        ours, theirs = {row[:size]: row for row in mine}, {row[:size]: row for row in other}
        found["lost"] += len(theirs.keys() - ours.keys())
        found["added"] += len(ours.keys() - theirs.keys()) + len(mine) - len(ours)
        found["changed"] += sum(ours[key] != theirs[key] for key in ours.keys() & theirs.keys())
    return found


SAME = {"lost": 0, "added": 0, "changed": 0}
"""What :func:`compared` finds between equal stores."""


def count(path: Path, sql: str) -> int:
    """First value of a query."""
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute(sql).fetchone()[0])
