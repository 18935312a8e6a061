"""Tokens and money in the store: stored with every attempt, kept through a migration, added up by views."""

import io
import sqlite3
from contextlib import closing

import pytest
from rich.console import Console

from analysis.findings import Cost
from analysis.reading import open_results
from analysis.screen import render
from analysis.summary import summarise
from demoscope.store_file import VERSION
from simulator.decoding import Decoding
from simulator.loading import load_wave
from simulator.protocols.interface import FURTHER, Attempt, Completion, Message, Request
from simulator.records import Recorder, Records
from simulator.run import run_wave
from simulator.store import Store
from tests.stores import content


def now():
    return "2026-01-01T00:00:00+00:00"


def rows(path, sql):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def finished(wave_file, path):
    with Store(path) as store:
        run_wave(load_wave(wave_file()), store, now=now)


def test_a_store_of_the_first_version_is_migrated_and_keeps_what_it_holds(wave_file, tmp_path):
    path = tmp_path / "a.sqlite"
    finished(wave_file, path)
    before = content(path)
    with closing(sqlite3.connect(path)) as db, db:  # back to what version 1 had
        for view in ("answer_costs", "cell_costs"):
            db.execute(f"DROP VIEW {view}")
        for column in ("reasoning", "cached_tokens", "reasoning_tokens", "cost"):
            db.execute(f"ALTER TABLE attempts DROP COLUMN {column}")
        columns = "id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, backend TEXT NOT NULL, config TEXT NOT NULL"
        db.execute(f"CREATE TABLE first_models ({columns}, digest TEXT, settings TEXT)")
        db.execute("INSERT INTO first_models SELECT id, name, backend, config, digest, settings FROM models")
        for view in ("responses", "question_summary", "interview"):
            db.execute(f"DROP VIEW {view}")
        db.execute("DROP TABLE models")
        db.execute("ALTER TABLE first_models RENAME TO models")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = '2'")
        db.execute("PRAGMA user_version = 1")
    finished(wave_file, path)
    assert content(path) == before
    assert rows(path, "PRAGMA user_version") == [(VERSION,)]
    fresh = tmp_path / "fresh.sqlite"
    Store(fresh).close()
    for table in ("attempts", "models"):
        assert rows(path, f"PRAGMA table_info({table})") == rows(fresh, f"PRAGMA table_info({table})")
    assert rows(path, "SELECT sum(attempts), sum(cost) FROM answer_costs") == [(18, None)]


def test_every_attempt_is_stored_with_its_tokens_and_its_money(wave_file, tmp_path):
    path = tmp_path / "a.sqlite"
    finished(wave_file, path)
    records = Records()
    recorder = Recorder(
        lambda: records, cell_id=1, respondent_id=1, question_ids={"parks": 1, "roads": 2}, keep_texts=True
    )
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM attempts")
        db.execute("DELETE FROM exchanges")
        db.execute("DELETE FROM answer_sources")
        db.execute(
            """INSERT INTO answer_sources (respondent_id, question_id, method, replicate, cell_id, subject_id, step,
            ordinal, place) SELECT 1, q.column1, method, replicate, 1, 1, 'list', 0, q.column1
            FROM (VALUES (1), (2)) q, answers WHERE respondent_id = 1 AND question_id = 1"""
        )
    request = Request("list", 0, (Message("user", "Answer both."),), Decoding(), 7)
    failed = Attempt(error="slow down", error_kind="rate_limit", cost=0.0)
    answered = Attempt(
        "1, 2",
        prompt_tokens=100,
        completion_tokens=60,
        cached_tokens=40,
        reasoning_tokens=50,
        cost=0.5,
        reasoning="Hm.",
    )
    recorder.exchange(request, Completion((failed, answered)))
    with Store(path) as store:
        store.write(records)
    assert rows(path, "SELECT reasoning, cached_tokens, reasoning_tokens, cost FROM attempts ORDER BY attempt") == [
        (None, None, None, 0.0),
        ("Hm.", 40, 50, 0.5),
    ]
    # Two answers were read from one reply: each took half of its tokens and half of its money.
    taken = "SELECT question, attempts, prompt_tokens, cached_tokens, reasoning_tokens, cost FROM answer_costs"
    assert rows(path, taken) == [
        ("parks", 2, 50, 20, 25, 0.25),
        ("roads", 2, 50, 20, 25, 0.25),
    ]
    assert rows(path, "SELECT cell, calls, attempts, errors, prompt_tokens, cost FROM cell_costs") == [
        ("def/uniform", 1, 2, 1, 100, 0.5)
    ]


def test_what_was_asked_again_belongs_to_what_its_answer_took(wave_file, tmp_path):
    # The second question of respondent 1 is ``answer`` 1; FURTHER * 1 and the next are its further exchanges.
    path = tmp_path / "a.sqlite"
    finished(wave_file, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE attempts SET prompt_tokens = 10, cost = 0.25")
        for ordinal in (FURTHER, FURTHER + 1):
            for table in ("exchanges", "attempts"):
                columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
                changed = ", ".join({"step": "'again'", "ordinal": str(ordinal)}.get(name, name) for name in columns)
                db.execute(
                    f"INSERT INTO {table} SELECT {changed} FROM {table} "
                    "WHERE cell_id = 1 AND subject_id = 1 AND step = 'answer' AND ordinal = 1"
                )
        read = "WHERE respondent_id = 1 AND step = 'answer' AND ordinal = 1"
        db.execute(f"UPDATE answer_sources SET step = 'again', ordinal = {FURTHER + 1} {read}")
    taken = "SELECT attempts, prompt_tokens, cost FROM answer_costs WHERE respondent_id = 1 ORDER BY question"
    assert sorted(rows(path, taken)) == [(1, 10, 0.25), (1, 10, 0.25), (3, 30, 0.75)]
    assert rows(path, "SELECT sum(cost) FROM answer_costs") == rows(path, "SELECT sum(cost) FROM attempts")


def test_a_store_with_an_older_view_gets_the_newest(wave_file, tmp_path):
    path = tmp_path / "a.sqlite"
    finished(wave_file, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP VIEW answer_costs")
        db.execute("CREATE VIEW answer_costs AS SELECT 1 AS attempts")
        db.execute("PRAGMA user_version = 2")
    Store(path).close()
    assert rows(path, "SELECT sum(attempts) FROM answer_costs") == [(18,)]


@pytest.mark.parametrize("view", ["answer_costs", "cell_costs", "responses", "question_summary", "interview"])
def test_every_view_can_be_read(wave_file, tmp_path, view):
    finished(wave_file, tmp_path / "a.sqlite")
    assert rows(tmp_path / "a.sqlite", f"SELECT * FROM {view}")


def test_the_summary_tells_what_a_cell_cost(wave_file, tmp_path):
    path = tmp_path / "a.sqlite"
    finished(wave_file, path)
    with open_results(path) as results:
        assert summarise(results, draws=10).cells[0].cost is None
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("""UPDATE models SET config = '{"prices": {"currency": "EUR"}}'""")
        db.execute("UPDATE attempts SET cost = 0.25 WHERE ordinal < 2")
    with open_results(path) as results:
        summary = summarise(results, draws=10)
    # Six people and two of three questions at 0.25 each; the third broke off six times.
    assert summary.cells[0].cost == Cost(amount=3.0, currency="EUR", unknown=6)
    console = Console(width=100, record=True, file=io.StringIO())
    render(summary, console)
    assert "Cost: 3.0000 EUR, and that of 6 calls that broke off" in console.export_text()
