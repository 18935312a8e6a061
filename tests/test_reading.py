"""Stores are read without being touched, and everything that is no store is refused in a sentence."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from analysis import reading
from analysis.records import NO_CODE
from demoscope.errors import StoreError
from demoscope.store_file import VERSION
from tests.results import REFERENCE, MadeUp


@pytest.fixture
def store(tmp_path: Path) -> MadeUp:
    made = MadeUp(tmp_path / "made up? #1.sqlite")
    made.cell()
    made.question(1, ["No", "Yes"], nonresponse="Don't know")
    made.question(2, ["a", "b", "c"], kind="multiple")
    made.people([{"sex": "female", "age": 30}, {"sex": "male", "age": 50}, {"age": "unknown"}])
    return made


def test_answers_are_read_in_long_form_with_those_that_choose_nothing(store):
    store.answers([(1, 1, "answered", [2]), (2, 1, "refused", []), (1, 2, "answered", [1, 3])])
    store.answers([(3, 2, "answered", [])])
    with reading.open_results(store.path) as results:
        cell = results.cells[0]
        answers = results.answers(cell, results.respondents(cell))
        assert [part.tolist() for part in answers.of(1)] == [[0], [0], [2]]
        assert [part.tolist() for part in answers.of(2)] == [[0, 0, 2], [0, 0, 0], [1, 3, NO_CODE]]
        endings = results.endings(cell, results.respondents(cell))
        everybody, first = np.array([True, True, True]), np.array([True, False, False])
        assert endings.of(1, first) == {"answered": 1, "refused": 0, "invalid": 0, "failed": 0, "skipped": 0}
        assert endings.of(1, everybody) == {"answered": 1, "refused": 1, "invalid": 0, "failed": 0, "skipped": 0}
        assert results.questions[0].choices[2].substantive is False


def test_levels_of_a_grouping_come_from_the_personas(store):
    with reading.open_results(store.path) as results:
        assert results.reference is not None
        people = results.respondents(results.cells[0])
        groups = results.reference.groups
        assert results.levels(groups["sex"], people) == ["female", "male", None]
        assert results.levels(groups["age_group"], people) == ["18-39", "40 and over", None]


def test_real_people_are_counted_in_all_and_by_group(store):
    store.humans(1, {1: 4, 2: 6, None: 3}, sex="female", age_group="18-39")
    store.humans(1, {1: 1, 2: 2}, sex="male", age_group="")
    with reading.open_results(store.path) as results:
        assert results.human_counts() == {1: {1: 5, 2: 8, None: 3}}
        assert results.human_counts_by("sex") == {"female": {1: {1: 4, 2: 6, None: 3}}, "male": {1: {1: 1, 2: 2}}}
        assert list(results.human_counts_by("age_group")) == ["18-39"]


def answered(results: reading.Results) -> int:
    cell = results.cells[0]
    people = results.respondents(cell)
    return results.endings(cell, people).of(1, np.full(len(people.ids), True))["answered"]


def test_a_wave_may_go_on_writing_while_its_results_are_read(store):
    with closing(sqlite3.connect(store.path)) as writer:
        writer.execute("INSERT INTO answers VALUES (1, 1, 'text', 0, 'answered', NULL, NULL, NULL, '', '[]')")
        writer.commit()
        with reading.open_results(store.path) as results:
            store.answers([(2, 1, "answered", [1])])  # committed after the view was opened
            assert answered(results) == 1
        with reading.open_results(store.path) as results:
            assert answered(results) == 2


def test_reading_leaves_one_file_and_its_bytes_as_they_were(store):
    before = store.path.read_bytes()
    with reading.open_results(store.path) as results:
        assert results.cells
        with pytest.raises(StoreError, match="readonly"):
            results.rows("DELETE FROM cells")
    assert [path.name for path in store.path.parent.iterdir()] == [store.path.name]
    assert store.path.read_bytes() == before


def test_a_store_that_cannot_be_written_is_read_all_the_same(store, monkeypatch):
    monkeypatch.setattr("demoscope.store_file.os.access", lambda path, mode: False)
    with reading.open_results(store.path) as results:
        assert len(results.questions) == 2


def test_a_missing_file_a_folder_and_a_text_are_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("these are my notes, and no database at all\n" * 50)
    for name, said in (("nothing.sqlite", "no such store"), (".", "is a folder"), ("notes.txt", "not a database")):
        with pytest.raises(StoreError, match=said):
            reading.open_results(tmp_path / name)


def test_another_programs_database_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as db:
        db.execute("CREATE TABLE waves (id)")
    with pytest.raises(StoreError, match="not a store of Demoscope"):
        reading.open_results(tmp_path / "other.sqlite")


def test_a_store_of_a_newer_version_is_refused(store):
    with closing(sqlite3.connect(store.path)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StoreError, match="upgrade demoscope"):
        reading.open_results(store.path)


def test_a_store_without_a_wave_is_refused(store):
    with closing(sqlite3.connect(store.path)) as db, db:
        db.execute("DELETE FROM waves")
    with pytest.raises(StoreError, match="holds no wave yet"):
        reading.open_results(store.path)


def test_a_damaged_store_is_told_from_a_whole_one(store):
    body = bytearray(store.path.read_bytes())
    page = int.from_bytes(body[16:18], "big")
    body[page:] = np.random.default_rng(1).bytes(len(body) - page)
    store.path.write_bytes(body)
    with pytest.raises(StoreError, match=r"damaged|cannot be read"), reading.open_results(store.path) as results:
        _ = results.cells


def test_unreadable_json_names_the_store_as_damaged(tmp_path):
    made = MadeUp(tmp_path / "s.sqlite", reference={**REFERENCE, "year": "long ago"})
    made.cell()
    with reading.open_results(made.path) as results, pytest.raises(StoreError, match="its reference cannot be read"):
        _ = results.reference
    with closing(sqlite3.connect(made.path)) as db, db:
        db.execute("UPDATE cells SET told = '[oops'")
    with reading.open_results(made.path) as results, pytest.raises(StoreError, match="damaged"):
        _ = results.cells
