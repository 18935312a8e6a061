"""A small store with a made-up wave, for tests of the analysis: a fixture, no data about anybody."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

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
            db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {schema.VERSION}")
            db.execute(
                "INSERT INTO waves VALUES ('w', 'made up', '{}', ?, '{}', ?, 7, '{}', 0, 'now', NULL)",
                ('{"title": "Tiny"}', json.dumps(reference) if reference else None),
            )
            db.execute("INSERT INTO models VALUES (1, 'model', 'scripted', '{}', NULL, NULL)")

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Insert whole rows."""
        with closing(sqlite3.connect(self.path)) as db, db:
            for row in rows:
                db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", tuple(row))

    def cell(self, number: int = 1, told: Sequence[str] = ("sex", "age"), name: str = "def x model") -> None:
        """Add a cell."""
        row = (number, name, "def", 1, "def", "demoscope", "en", None, None, "{}", json.dumps(list(told)))
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
            "questions",
            [(number, name, f"What about {name}?", kind, int(ordinal), None, None, None, None, None, None)],
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
