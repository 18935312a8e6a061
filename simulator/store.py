"""The store: one SQLite file that holds a wave and everything needed to redo its analysis. One writer at a time."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout
from sqlite_utils import Database

from demoscope.errors import StoreError, WavePaused
from demoscope.store_file import open_for_reading
from simulator.drivers import History
from simulator.migrations import migrate
from simulator.protocols.interface import Attempt, Completion
from simulator.records import COLUMNS, Records, Row, rated

_INSERT = {
    table: f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
    "ON CONFLICT DO NOTHING"  # a row that is there already stays; any other broken rule is an error
    for table, columns in COLUMNS.items()
}


class Store:
    """A store opened for writing; use as a context manager.

    Raises
    ------
    StoreError
        If the file is not a store, is newer than this version, cannot be written, or another wave writes it.
    """

    def __init__(self, path: Path, *, durability: str = "process") -> None:
        self.path = path
        if path.is_dir():
            raise StoreError(f"{path} is a folder; name a file, such as {path / 'wave.sqlite'}.")
        if not path.parent.is_dir():
            raise StoreError(f"{path.parent} does not exist; create the folder or choose another store.")
        if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
            raise StoreError(f"{path} cannot be written; make it and its folder writable or choose another store.")
        self._lock = FileLock(f"{path}.lock", timeout=0)
        try:
            self._lock.acquire()
        except Timeout:
            raise StoreError(
                f"{path} is being written by another wave; wait for it, or choose another store."
            ) from None
        except OSError as error:
            raise StoreError(
                f"{path} cannot be locked ({error.strerror}); free space or choose another store."
            ) from None
        try:
            self.connection = self._open(durability)
        except BaseException:
            self._release()
            raise

    def _open(self, durability: str) -> sqlite3.Connection:
        if self.path.exists() and self.path.stat().st_size:
            open_for_reading(self.path).close()  # what is no store of ours is refused before anything touches it
        connection = sqlite3.connect(self.path, timeout=30, check_same_thread=False)
        try:
            with self._told("open"):
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
                connection.execute("PRAGMA foreign_keys = ON")
                migrate(Database(connection))
        except BaseException:
            connection.close()
            raise
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it; idempotent."""
        with suppress(sqlite3.Error):  # a reader holds the log, or the disk is full: it is folded in next time
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()
        self._release()

    def _release(self) -> None:
        Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock.release()

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turn SQLite's errors into sentences; nothing of the failed transaction stays."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "full" in str(error) or "disk I/O" in str(error):
                raise WavePaused(
                    f"{self.path}: the disk is full. Everything reported as saved is safe; free some space and "
                    "run the same command again."
                ) from None
            if "locked" in str(error):
                raise WavePaused(
                    f"{self.path} is locked by another program; close it and run the same command again."
                ) from None
            raise StoreError(f"{self.path}: cannot {what} the store ({error}).") from None
        except (sqlite3.DatabaseError, ValueError) as error:
            raise StoreError(f"{self.path}: cannot {what} the store ({error}); the file may be damaged.") from None

    def write(self, records: Records) -> int:
        """Save rows in one transaction; when this returns they survive the death of any process.

        Rows that are there already stay as they are. Returns the number of answers and verdicts that were new.
        """
        with self._told("write"), self.connection as connection:
            before = connection.total_changes
            new = 0
            for item in fields(records):
                rows: Sequence[Row] = getattr(records, item.name)
                if rows:
                    before = connection.total_changes
                    connection.executemany(_INSERT[item.name], rows)
                    if item.name in ("answers", "judgements"):
                        new += connection.total_changes - before
        return new

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run one statement in a transaction of its own and return its rows."""
        with self._told("use"), self.connection as connection:
            return connection.execute(sql, values).fetchall()

    def histories(self, respondents: Sequence[int], cell: int | None = None) -> dict[int, History]:
        """What the store holds of these respondents' exchanges, for a replay: of their own cells, or of one cell
        in which others asked about them.
        """
        found: dict[int, dict[tuple[str, int], tuple[int, Completion]]] = {one: {} for one in respondents}
        marks = ", ".join("?" * len(respondents))
        rows = self.execute(
            f"""SELECT e.subject_id, e.step, e.ordinal, e.seed, e.ability = 'generate',
                a.text, a.error, a.error_kind, a.finish_reason
            FROM respondents r
            JOIN exchanges e ON e.cell_id = coalesce(?, r.cell_id) AND e.subject_id = r.id
            JOIN attempts a USING (cell_id, subject_id, step, ordinal)
            WHERE r.id IN ({marks}) ORDER BY a.attempt""",
            [cell, *respondents],
        )
        for subject, step, ordinal, seed, written, text, error, kind, finish in rows:
            attempt = Attempt(text=text, error=error, error_kind=kind, finish_reason=finish)
            _, earlier = found[subject].get((step, ordinal), (seed, None))
            attempts = (*earlier.attempts, attempt) if earlier else (attempt,)
            found[subject][step, ordinal] = (seed, Completion(attempts) if written else rated(attempts))
        return dict(found)

    def first_respondent(self) -> int | None:
        """Smallest id of a respondent; ``None`` when the store holds nobody."""
        number: int | None = self.execute("SELECT min(id) FROM respondents")[0][0]
        return number

    def respondents(self) -> Iterator[tuple[int, int, int, int]]:
        """Every respondent, person by person: id, cell id, persona id, number of answers."""
        yield from self.execute(
            """SELECT r.id, r.cell_id, r.persona_id, count(a.respondent_id)
            FROM respondents r LEFT JOIN answers a ON a.respondent_id = r.id
            GROUP BY r.id ORDER BY r.persona_id, r.cell_id"""
        )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is saved, or nothing."""
        with self._told("write"), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            yield self.connection
