"""What is not a store, or cannot be written now, is refused before anything touches it."""

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest

from demoscope.errors import StoreError, WavePaused
from demoscope.store_file import VERSION
from simulator.records import Records
from simulator.store import Store


def test_a_text_file_and_a_foreign_database_are_refused_unchanged(tmp_path):
    text = tmp_path / "notes.sqlite"
    text.write_text("these are my notes, not a database, and long enough to be read as a header " * 3)
    foreign = tmp_path / "photos.sqlite"
    with closing(sqlite3.connect(foreign)) as db, db:
        db.execute("CREATE TABLE photos (id)")
    for path in (text, foreign):
        before = path.read_bytes()
        with pytest.raises(StoreError, match="not a store of Demoscope"):
            Store(path)
        assert path.read_bytes() == before


def test_a_store_of_a_newer_version_is_refused_unchanged(tmp_path):
    path = tmp_path / "a.sqlite"
    Store(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version"):
        Store(path)
    assert path.read_bytes() == before


def test_a_store_in_use_by_another_wave_is_refused(tmp_path):
    with Store(tmp_path / "a.sqlite"), pytest.raises(StoreError, match="being written by another wave"):
        Store(tmp_path / "a.sqlite")
    Store(tmp_path / "a.sqlite").close()


def test_a_wave_that_was_killed_does_not_leave_the_store_locked(tmp_path):
    path = tmp_path / "a.sqlite"
    code = "import os, sys; from pathlib import Path; from simulator.store import Store; "
    code += "s = Store(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    Store(path).close()


def test_a_folder_and_a_missing_folder_are_said_plainly(tmp_path):
    with pytest.raises(StoreError, match="is a folder"):
        Store(tmp_path)
    with pytest.raises(StoreError, match="does not exist"):
        Store(tmp_path / "absent" / "a.sqlite")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_store_is_said_plainly(tmp_path):
    path = tmp_path / "a.sqlite"
    Store(path).close()
    path.chmod(stat.S_IREAD)
    with pytest.raises(StoreError, match="cannot be written"):
        Store(path)


def test_a_failed_transaction_leaves_nothing(tmp_path):
    with Store(tmp_path / "a.sqlite") as store:
        records = Records(texts=[("a" * 24, "kept?")], answers=[(1, 1, "text", 0, "no such status") + (None,) * 5])
        with pytest.raises(StoreError):
            store.write(records)
        assert store.execute("SELECT count(*) FROM texts") == [(0,)]


def test_writing_a_row_twice_changes_nothing(tmp_path):
    with Store(tmp_path / "a.sqlite") as store:
        records = Records(texts=[("a" * 24, "once")])
        store.write(records)
        store.write(Records(texts=[("a" * 24, "twice")]))
        assert store.execute("SELECT body FROM texts") == [("once",)]


def test_a_full_disk_pauses_the_wave_and_keeps_what_was_saved(tmp_path):
    path = tmp_path / "a.sqlite"
    with Store(path) as store:
        store.write(Records(texts=[("a" * 24, "saved before")]))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 200_000, limits[1]))
        try:
            with pytest.raises(WavePaused, match="disk is full"):
                for n in range(100):
                    store.write(Records(texts=[(f"{n:024}", os.urandom(50_000))]))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, ignored)
        assert store.execute("SELECT body FROM texts WHERE id = ?", ("a" * 24,)) == [("saved before",)]
        store.write(Records(texts=[("b" * 24, "saved after")]))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_tables_and_views_of_the_contract_are_there(tmp_path):
    with Store(tmp_path / "a.sqlite") as store:
        names = {name for (name,) in store.execute("SELECT name FROM sqlite_master")}
    promised = "waves cells models questions options personas respondents answers answer_options distributions "
    promised += (
        "exchanges attempts answer_sources demonstrations known_answers judgements scenes actions resolutions "
    )
    promised += "batches reference_counts texts responses question_summary interview"
    assert set(promised.split()) <= names


@pytest.mark.parametrize("name", ["wave#1.sqlite", "50%20.sqlite", "what?.sqlite", "a b'c.sqlite"])
def test_a_store_may_have_any_name_that_a_file_may_have(tmp_path, name):
    for _ in range(2):
        Store(tmp_path / name).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
