"""A store in the browser: Datasette, read-only and on this machine alone, with prepared queries and facets."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from demoscope.errors import DemoscopeError, DocumentError
from demoscope.store_file import open_for_reading

QUERIES = {
    "shares": (
        "Shares of the answers to a question",
        """SELECT cell, code, label, count(*) AS answers,
        round(100.0 * count(*) / sum(count(*)) OVER (PARTITION BY cell), 1) AS percent
        FROM responses WHERE question = :question AND status = 'answered' GROUP BY cell, code ORDER BY cell, code""",
    ),
    "shares_by": (
        "Shares of the answers to a question by an attribute of the person",
        """SELECT cell, attributes ->> :attribute AS level, label, count(*) AS answers
        FROM responses WHERE question = :question AND status = 'answered' GROUP BY 1, 2, 3 ORDER BY 1, 2, code""",
    ),
    "not_understood": (
        "Why answers were not understood",
        """SELECT cell, question, status, reason, count(*) AS answers FROM responses
        WHERE status IN ('refused', 'invalid', 'failed') GROUP BY 1, 2, 3, 4 ORDER BY answers DESC""",
    ),
    "one_interview": (
        "One respondent's whole conversation",
        """SELECT step, ordinal, question, turn, role, text FROM interview
        WHERE respondent_id = :respondent ORDER BY ordinal, step, turn""",
    ),
    "costs": ("What each cell took", "SELECT * FROM cell_costs"),
}
"""Prepared queries: title and SQL."""

FACETS = {
    "responses": ["cell", "question", "status", "label"],
    "question_summary": ["cell"],
    "questions": ["kind", "dimension", "topic"],
}
"""Columns that each table or view can be narrowed by."""


def metadata(store: Path, report: Path | None) -> dict[str, Any]:
    """What Datasette is told of a store: what it is, prepared queries, facets."""
    linked = f' Its report: <a href="/files/{quote(report.name)}">{escape(report.name)}</a>.' if report else ""
    tables = {name: {"facets": facets} for name, facets in FACETS.items()}
    queries = {name: {"title": title, "sql": sql} for name, (title, sql) in QUERIES.items()}
    return {
        "title": "Demoscope store",
        "description_html": "Synthetic data: answers of language models in the roles of invented people, not of "
        f"people.{linked}",
        "databases": {store.stem: {"queries": queries, "tables": tables}},
    }


def command(store: Path, folder: Path, port: int, report: Path | None) -> list[str]:
    """The command that serves a store; ``folder`` takes what Datasette is told.

    The server listens on this machine alone, writes nothing, and stops queries after five seconds.

    Raises
    ------
    DocumentError
        If Datasette is not installed, or the report is no file.
    StoreError
        If the store is missing, no store, or damaged.
    """
    if importlib.util.find_spec("datasette") is None:
        raise DocumentError("Serving a store needs the package datasette; install demoscope[explore].")
    open_for_reading(store).close()
    if report is not None and not report.is_file():
        raise DocumentError(f"{report}: no such report; write one with `demoscope report {store} -o {report}`.")
    told = folder / "metadata.json"
    told.write_text(json.dumps(metadata(store, report)), encoding="utf-8")
    files = []
    if report is not None:
        shown = folder / "files"
        shown.mkdir()
        (shown / report.name).write_bytes(report.read_bytes())
        files = ["--static", f"files:{shown}"]
    settings = {"sql_time_limit_ms": 5000, "allow_download": "off", "facet_time_limit_ms": 1000}
    options = [part for name, value in settings.items() for part in ("--setting", name, str(value))]
    where = ["--host", "127.0.0.1", "--port", str(port), "--metadata", str(told)]
    return [sys.executable, "-m", "datasette", "serve", str(store), *where, *options, *files]


def serve(store: Path, port: int, report: Path | None) -> None:
    """Serve a store until it is interrupted.

    Raises
    ------
    DemoscopeError
        If Datasette is missing or ends by itself, such as for a port that is taken; or as :func:`command`.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command(store, Path(folder), port, report), check=False)
    if done.returncode > 0:
        raise DemoscopeError(
            f"Datasette ended with code {done.returncode}; is port {port} taken? Choose another: --port."
        )
