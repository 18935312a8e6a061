"""A store as a file: what marks it, and how everybody opens it for reading without leaving a trace."""

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demoscope.errors import StoreError

APPLICATION_ID = 0x44454D4F
"""``PRAGMA application_id`` of every store ("DEMO")."""

VERSION = 3
"""Newest version of the schema, kept in ``PRAGMA user_version``."""

_MAGIC = b"SQLite format 3\0"

LONG = 4096
"""Characters from which a stored text is compressed; shorter ones stay readable in any SQLite browser."""


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Connect to a store for reading alone, also while a wave writes it.

    Raises
    ------
    StoreError
        If the file is missing, no store, damaged, or was written by a newer version.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name the store, the SQLite file that a wave wrote.")
    if not path.exists():
        raise StoreError(f"{path}: no such store. A wave writes one: `demoscope run WAVE.yaml`.")
    try:
        connection = _connect(path)
    except sqlite3.OperationalError as error:
        raise StoreError(f"{path} cannot be opened ({error}); check that you may read it.") from None
    except sqlite3.Error as error:
        raise StoreError(f"{path} is not a store of Demoscope ({error}); choose another file.") from None
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if application != APPLICATION_ID:
            raise StoreError(f"{path} is an SQLite file but not a store of Demoscope; choose another file.")
        if version > VERSION:
            raise StoreError(
                f"{path} was written by a newer version (store version {version}, this one reads up to {VERSION}); "
                "upgrade demoscope."
            )
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"{path} cannot be read as a store ({error}); the file may be damaged.") from None
    except StoreError:
        connection.close()
        raise
    return connection


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A store for reading alone, closed at the end.

    Raises
    ------
    StoreError
        As :func:`open_for_reading`, and if what is read of it is damaged.
    """
    connection = open_for_reading(path)
    try:
        yield connection
    except (sqlite3.Error, zlib.error) as error:
        raise StoreError(f"{path} cannot be read ({error}); the file may be damaged.") from None
    finally:
        connection.close()


def is_sqlite(path: Path) -> bool:
    """Whether a file is an SQLite database, by how it begins; a missing one is none."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def _connect(path: Path) -> sqlite3.Connection:
    """Connect for reading alone.

    Where the folder can be written, SQLite may tidy its log away when this connection is the last one to close;
    a plain read-only connection would leave two files beside every store that was looked at.
    """
    uri = path.resolve().as_uri()
    modes = ["ro"]
    if os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK):
        modes = ["rw", "ro"]
    if not Path(f"{path}-wal").exists():
        modes.append("ro&immutable=1")  # a finished store where SQLite cannot make its log
    for mode in modes:
        connection = sqlite3.connect(f"{uri}?mode={mode}", uri=True, timeout=30, isolation_level=None)
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError:
            connection.close()
            if mode == modes[-1]:
                raise
        except sqlite3.Error:
            connection.close()
            raise
        else:
            return connection
    raise AssertionError("unreachable: the last mode connects or raises")


def packed(text: str) -> str | bytes:
    """Body of a text as it is stored: as it is when short, zlib-compressed UTF-8 when long."""
    return text if len(text) < LONG else zlib.compress(text.encode("utf-8", "surrogatepass"))


def unpacked(body: str | bytes) -> str:
    """Text of a stored body.

    >>> unpacked(packed("x" * 5000)) == "x" * 5000
    True
    """
    return body if isinstance(body, str) else zlib.decompress(body).decode("utf-8", "surrogatepass")
