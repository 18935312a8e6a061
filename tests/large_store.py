"""A made-up store of any size with conditions, dimensions, subgroups and people: a fixture, no data about anybody."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from tests.results import MadeUp

DIMENSIONS = ("IDV", "MAS", "PDI", "UAI")
OPTIONS = ("Strongly disagree", "Disagree", "Neither", "Agree", "Strongly agree")
REFERENCE: dict[str, Any] = {
    "id": "made_up",
    "title": "A made-up survey",
    "year": 2018,
    "source": "Invented for tests.",
    "questionnaire": "large",
    "table": "made_up.csv",
    "groups": {
        "sex": {"attribute": "sex"},
        "age_group": {"attribute": "age", "bands": {"18-39": [18, 39], "40-64": [40, 64], "65 and over": [65, 99]}},
    },
}


def write_large_store(path: Path, people: int, questions: int, cells: int) -> MadeUp:
    """Everybody answers every question in every cell; one answer in fifty is refused, invalid or failed."""
    made = MadeUp(path, reference=REFERENCE)
    rng = np.random.default_rng(11)
    for cell in range(1, cells + 1):
        made.cell(cell, told=["sex"], name=f"condition{cell}/model")
        _rows(
            path,
            "UPDATE cells SET condition = ?, settings = ? WHERE id = ?",
            [(f"condition{cell}", '{"memory": true}', cell)],
        )
    for number in range(1, questions + 1):
        made.question(number, OPTIONS, nonresponse="Don't know")
    dimensions = [
        (DIMENSIONS[n % 4], f"How much do you agree with statement {n}?", n) for n in range(1, questions + 1)
    ]
    _rows(path, "UPDATE questions SET dimension = ?, text = ? WHERE id = ?", dimensions)
    ages = rng.integers(18, 90, people)
    who = [
        (n + 1, json.dumps({"sex": ("female", "male")[n % 2], "age": int(age)}), 1.0) for n, age in enumerate(ages)
    ]
    _rows(path, "INSERT INTO personas (id, attributes, weight) VALUES (?, ?, ?)", who)
    _rows(
        path,
        "INSERT INTO respondents VALUES (?, ?, ?, 'You are somebody.', '{\"temperature\": 1.0}', 0)",
        [(cell * people + n + 1, cell + 1, n + 1) for n in range(people) for cell in range(cells)],
    )
    for sex in ("female", "male"):
        for band in REFERENCE["groups"]["age_group"]["bands"]:
            counts = rng.multinomial(200, (0.1, 0.2, 0.3, 0.25, 0.15), size=questions)
            groups = json.dumps({"sex": sex, "age_group": band})
            human = [(n + 1, groups, c + 1, int(counts[n, c])) for n in range(questions) for c in range(5)]
            _rows(path, "INSERT INTO reference_counts VALUES (?, ?, ?, ?)", human)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA synchronous = OFF")
        for cell in range(cells):
            _cell(db, rng, cell, people, questions)
    return made


def _cell(db: sqlite3.Connection, rng: np.random.Generator, cell: int, people: int, questions: int) -> None:
    shares = rng.dirichlet(np.array([1, 2, 3, 3, 2]) * (2 + cell), size=questions)
    codes = np.stack([rng.choice(5, size=people, p=p) + 1 for p in shares], axis=1)
    lost = rng.random((people, questions))
    status = np.where(
        lost > 0.99, "invalid", np.where(lost > 0.985, "refused", np.where(lost > 0.98, "failed", "answered"))
    )
    reasons = {"answered": None, "invalid": "the reply names no option", "refused": "declined", "failed": "timeout"}

    def each() -> Iterator[tuple[int, int, int, str]]:
        for n in range(people):
            for q in range(questions):
                yield cell * people + n + 1, q + 1, int(codes[n, q]), str(status[n, q])

    shown = '{"codes": [1, 2, 3, 4, 5, 99]}'
    answers = ((r, q, s, reasons[s], shown) for r, q, _, s in each())
    db.executemany("INSERT INTO answers VALUES (?, ?, 'text', 0, ?, NULL, NULL, ?, ?, '[]')", answers)
    chosen = ((r, q, c) for r, q, c, s in each() if s == "answered")
    db.executemany("INSERT INTO answer_options VALUES (?, ?, 'text', 0, ?, NULL, NULL)", chosen)
    db.executemany(
        "INSERT INTO exchanges VALUES (?, ?, 'answer', ?, ?, 'generate', '[]', 1)",
        ((cell + 1, r, q, q) for r, q, _, _ in each()),
    )
    db.executemany(
        """INSERT INTO attempts VALUES (?, ?, 'answer', ?, 1, ?, ?, NULL, 'stop', 120, 12, 0.4, '{}',
        NULL, NULL, NULL, NULL, NULL, 0.0001)""",
        (
            (
                cell + 1,
                r,
                q,
                None if s == "failed" else f"Answer: {c}\nExplanation: so I see it.",
                "timeout" if s == "failed" else None,
            )
            for r, q, c, s in each()
        ),
    )
    db.executemany(
        "INSERT INTO answer_sources VALUES (?, ?, 'text', 0, ?, ?, 'answer', ?, 0)",
        ((r, q, cell + 1, r, q) for r, q, _, _ in each()),
    )


def _rows(path: Path, sql: str, rows: list[tuple[Any, ...]]) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany(sql, rows)
