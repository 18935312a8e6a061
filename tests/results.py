"""A small store with a made-up wave, for tests of the analysis: a fixture, no data about anybody."""

import io
import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console

from analysis.findings import Summary
from analysis.reading import open_results
from analysis.screen import render
from analysis.summary import summarise
from demoscope.store_file import APPLICATION_ID, VERSION
from simulator import schema

REFERENCE: dict[str, Any] = {
    "id": "made_up",
    "title": "A made-up survey",
    "year": 2018,
    "source": "Invented for this test.",
    "questionnaire": "tiny",
    "table": "made_up.csv",
    "groups": {
        "sex": {"attribute": "sex"},
        "age_group": {"attribute": "age", "bands": {"18-39": [18, 39], "40 and over": [40, 99]}},
    },
}

Answer = tuple[int, int, str, Sequence[int]]
"""Respondent, question id, status, codes."""


class MadeUp:
    """Writes a store row by row; respondent ``i`` of the first cell is persona ``i``."""

    def __init__(self, path: Path, *, reference: dict[str, Any] | None = REFERENCE) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as db, db:
            db.executescript(schema.TABLES + schema.VIEWS)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute(
                "INSERT INTO waves VALUES ('w', 'made up', '{}', ?, '{}', ?, 7, '{}', 0, 'now', NULL)",
                ('{"title": "Tiny"}', json.dumps(reference) if reference else None),
            )
            db.execute("INSERT INTO models VALUES (1, 'model', 'scripted', '{}', NULL, NULL, NULL)")

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert whole rows."""
        with closing(sqlite3.connect(self.path)) as db, db:
            for row in rows:
                db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", tuple(row))

    def change(self, sql: str, *values: Any) -> None:
        """Run one statement."""
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute(sql, values)

    def cell(self, number: int = 1, told: Sequence[str] = ("sex", "age"), name: str = "def x model") -> None:
        """Add a cell."""
        row = (number, name, "def", 1, "def", "demoscope", "en", None, None, "{}", json.dumps(list(told)), None)
        self.insert("cells", [row])

    def question(
        self,
        number: int,
        labels: Sequence[str],
        *,
        kind: str = "single",
        ordinal: bool = True,
        nonresponse: str | None = None,
        scores: Sequence[float] | None = None,
    ) -> None:
        """Add a question whose options have the codes 1, 2, ..., and 99 for the nonresponse."""
        name = f"q{number}"
        self.insert(
            "questions (id, name, text, kind, ordinal)",
            [(number, name, f"What about {name}?", kind, int(ordinal))],
        )
        options = [
            (number, code, code, label, scores[code - 1] if scores else None, "substantive")
            for code, label in enumerate(labels, start=1)
        ]
        if nonresponse:
            options.append((number, 99, 99, nonresponse, None, "nonresponse"))
        self.insert("options", options)

    def people(self, attributes: Sequence[dict[str, Any]], weights: Sequence[float] | None = None) -> None:
        """Add a persona and a respondent of cell 1 for each."""
        for number, known in enumerate(attributes, start=1):
            weight = weights[number - 1] if weights else 1.0
            self.insert("personas", [(number, json.dumps(known), None, None, None, weight, None)])
            self.insert("respondents", [(number, 1, number, "", "{}", 0)])

    def answers(self, rows: Iterable[Answer], reason: str | None = None, replicate: int = 0) -> None:
        """Add answers with their options."""
        with closing(sqlite3.connect(self.path)) as db, db:
            for respondent, question, status, codes in rows:
                key = (respondent, question, "text", replicate)
                why = reason if status != "answered" else None
                db.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, '', '[]')", (*key, status, why))
                db.executemany(
                    "INSERT INTO answer_options VALUES (?, ?, ?, ?, ?, NULL, NULL)", [(*key, code) for code in codes]
                )

    def humans(self, question: int, counts: dict[int | None, float], **groups: str) -> None:
        """Add real people of one combination of groups."""
        self.insert("reference_counts", [(question, json.dumps(groups), code, n) for code, n in counts.items()])


def split_public(path: Path) -> MadeUp:
    """Twelve women aged 30 and eight men aged 50 of whom 15 say yes; the real public is split evenly."""
    made = MadeUp(path)
    made.cell(told=["sex"])
    made.question(1, ["No", "Perhaps", "Yes"], nonresponse="Don't know")
    made.people([{"sex": "female", "age": 30}] * 12 + [{"sex": "male", "age": 50}] * 8)
    made.answers([(who, 1, "answered", [3]) for who in range(1, 16)])
    made.answers([(16, 1, "answered", [1]), (17, 1, "answered", [1]), (18, 1, "answered", [99])])
    made.answers([(19, 1, "invalid", []), (20, 1, "refused", [])], reason="names no option")
    for sex in ("female", "male"):
        for age_group in ("18-39", "40 and over"):
            made.humans(1, {1: 50, 2: 0, 3: 50, None: 7}, sex=sex, age_group=age_group)
    return made


def summary_of(made: MadeUp) -> Summary:
    """Summarise what was made up, with few draws."""
    with open_results(made.path) as results:
        return summarise(results, draws=200)


def screen(summary: Summary, width: int = 100, **how: bool) -> str:
    """What a summary looks like on a terminal, with the codes of its colours."""
    out = io.StringIO()
    render(
        summary, Console(file=out, width=width, highlight=False, force_terminal=True, color_system="truecolor"), **how
    )
    return out.getvalue()


def page(summary: Summary, width: int) -> list[str]:
    """The lines of a summary on a terminal without colours."""
    out = io.StringIO()
    render(summary, Console(file=out, width=width, highlight=False, color_system=None))
    return out.getvalue().splitlines()
