"""A store opened for reading, at one moment: rows, columns and texts, and what is said of one that is damaged."""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import StoreError
from demoscope.store_file import open_for_reading, unpacked


def connect(path: Path) -> sqlite3.Connection:
    """Connect to a store that holds a wave; all that is read comes from one moment.

    Raises
    ------
    StoreError
        If the file is missing, no store, damaged, holds no wave, or was written by a newer version.
    """
    connection = open_for_reading(path)
    try:
        connection.execute("BEGIN")
        if connection.execute("SELECT count(*) FROM waves").fetchone()[0] != 1:
            raise StoreError(f"{path} holds no wave yet; launch one into it with `demoscope run`.")
    except StoreError:
        connection.close()
        raise
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"{path} cannot be read as a store ({error}); the file may be damaged.") from None
    return connection


class StoreReader:
    """Reads one store; use as a context manager. Whatever cannot be read raises a ``StoreError``."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; idempotent."""
        self._connection.close()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Rows of a query on the store's tables and views.

        Raises
        ------
        StoreError
            If the store is damaged.
        """
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self.damaged(str(error)) from None

    def chunks(self, sql: str, size: int) -> Iterator[list[Any]]:
        """Rows of a query, at most ``size`` at a time; errors as those of :meth:`rows`."""
        try:
            found = self._connection.execute(sql)
            while chunk := found.fetchmany(size):
                yield chunk
        except sqlite3.Error as error:
            raise self.damaged(str(error)) from None

    def array(self, sql: str, values: Sequence[Any], dtype: list[tuple[str, type]]) -> NDArray[np.void]:
        """Rows of a query as one structured array; errors as those of :meth:`rows`."""
        try:
            rows: Iterable[Any] = self._connection.execute(sql, values)
            return np.fromiter(rows, dtype=np.dtype(dtype))
        except sqlite3.Error as error:
            raise self.damaged(str(error)) from None

    def json(self, text: str) -> Any:
        """A JSON column.

        Raises
        ------
        StoreError
            If it is none.
        """
        try:
            return json.loads(text)
        except ValueError as error:
            raise self.damaged(f"a JSON column cannot be read: {error}") from None

    def body(self, text_id: str) -> str | None:
        """A message of a prompt; ``None`` when the wave kept its hash alone."""
        found = self.rows("SELECT body FROM texts WHERE id = ?", (text_id,))
        if not found:
            return None
        body = found[0][0]
        try:
            return unpacked(body if isinstance(body, bytes) else str(body))
        except (zlib.error, UnicodeDecodeError) as error:
            raise self.damaged(f"a text cannot be read: {error}") from None

    def has_column(self, table: str, column: str) -> bool:
        """Whether a table has a column; stores of older versions lack some."""
        return bool(self.rows("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", (table, column)))

    def column_or_null(self, table: str, column: str) -> str:
        """The name of a column for a query, or ``NULL`` in stores of versions that lack it."""
        return column if self.has_column(table, column) else "NULL"

    def copy_into(self, target: sqlite3.Connection) -> None:
        """Copy the whole store into an empty database; errors as those of :meth:`rows`."""
        try:
            self._connection.backup(target)
        except sqlite3.Error as error:
            raise self.damaged(str(error)) from None

    def damaged(self, what: str) -> StoreError:
        """The error that says what of the store cannot be read."""
        return StoreError(f"{self.path} is damaged ({what}); restore a copy, or launch the wave into a new store.")
