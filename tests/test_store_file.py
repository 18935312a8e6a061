"""A store as a file: told from others, read without a trace, damage told as such."""

import sqlite3
import zlib
from pathlib import Path

import pytest

from demoscope.errors import DocumentError, StoreError
from demoscope.store_file import is_sqlite, read_only
from tests.results import MadeUp


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return MadeUp(tmp_path / "s.sqlite").path


def test_a_store_is_read_and_closed_again(path: Path) -> None:
    with read_only(path) as db:
        assert db.execute("SELECT count(*) FROM waves").fetchone() == (1,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("DELETE FROM waves")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        db.execute("SELECT 1")


@pytest.mark.parametrize("error", [sqlite3.DatabaseError("malformed"), zlib.error("incorrect header")])
def test_what_is_damaged_in_a_store_is_told_as_its_damage(path: Path, error: Exception) -> None:
    with pytest.raises(StoreError, match=rf"s.sqlite cannot be read \({error}\)"), read_only(path):
        raise error


def test_other_errors_stay_what_they_are(path: Path) -> None:
    with pytest.raises(DocumentError, match="no condition"), read_only(path):
        raise DocumentError("no condition")


def test_a_database_is_told_by_how_it_begins(path: Path, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("SQLite,format\n")
    assert is_sqlite(path)
    assert not is_sqlite(tmp_path / "people.csv")
    assert not is_sqlite(tmp_path / "gone.sqlite")
    assert not is_sqlite(tmp_path)
