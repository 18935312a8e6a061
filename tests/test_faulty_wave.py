"""The check that the fault tests rely on finds whatever is wrong with a store."""

import sqlite3
from contextlib import closing

import pytest

from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.fault_server import Plan, serving
from tests.faulty_wave import check, write_wave
from tests.test_run import now

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A sound store and what the server saw."""
    folder = tmp_path_factory.mktemp("finished")
    with serving(Plan(rates={"html": 0.2})) as server:
        path = write_wave(folder, [server.url], respondents=8, questions=4, logprobs=True)
        with Store(folder / "a.sqlite") as opened:
            run_wave(load_wave(path), opened, now=now)
        ledger = list(server.ledger)
    assert check(folder / "a.sqlite", ledger).sound
    return folder / "a.sqlite", ledger


SOME = "respondent_id = 3 AND question_id = 2"


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (f"DELETE FROM answers WHERE {SOME}", "lost"),
        (f"UPDATE answer_options SET code = code % 5 + 1 WHERE {SOME}", "misassigned"),
        (
            "UPDATE answers SET text = (SELECT text FROM answers WHERE respondent_id = 4 AND question_id = 2) "
            f"WHERE {SOME}",
            "misassigned",
        ),
        ("UPDATE attempts SET logprob = logprob - 0.001 WHERE subject_id = 3 AND error IS NULL", "misassigned"),
        ("UPDATE attempts SET text = replace(text, 'reason', 'cause') WHERE subject_id = 3", "invented"),
        ("UPDATE attempts SET error = 'x', error_kind = 'server' WHERE subject_id = 3", "invented"),
        ("DELETE FROM attempts WHERE subject_id = 3", "invented"),
        ("DELETE FROM attempts WHERE error_kind = 'malformed'", "unrecorded"),
        (
            "INSERT INTO attempts (cell_id, subject_id, step, ordinal, attempt, error_kind, applied) "
            "VALUES (1, 3, 'answer', 1, 9, 'server', '{}')",
            "unrecorded",
        ),
    ],
)
def test_damage_to_a_store_is_found(finished, tmp_path, damage, found):
    store, ledger = finished
    with closing(sqlite3.connect(store)) as whole, closing(sqlite3.connect(tmp_path / "b.sqlite")) as other:
        whole.backup(other)
        with other:
            assert other.execute(damage).rowcount > 0
    assert getattr(check(tmp_path / "b.sqlite", ledger), found)
