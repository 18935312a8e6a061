"""A wave in several stores at once, each with its share of the people, and one store made of them again.

A shard holds and asks its own people alone, under the ids that they have in the store of a single run; who they are
hangs on the person's number, so a person answers in all cells of one shard. Shards may run on different machines.
"""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from demoscope.errors import DocumentError, StoreError
from demoscope.store_file import open_for_reading
from simulator.store import Store

MOST = 10_000
"""Shards of one wave."""

SAME = ("waves", "cells", "questions", "options", "reference_counts")
"""Tables that every shard must hold alike, but for the times in ``waves`` and what a run notes in ``models``."""

TIMES = {"waves": ("started", "finished", "versions")}
"""Columns in which shards may differ."""

STREAMED = (
    *(
        "personas",
        "respondents",
        "texts",
        "exchanges",
        "attempts",
        "answers",
        "answer_options",
        "answer_sources",
        "distributions",
    ),
    *("demonstrations", "known_answers", "scenes", "actions", "judgements", "resolutions", "batches"),
)
"""Tables whose rows are put together, parents before children."""


_ABSENT = {True: "ON CONFLICT DO NOTHING", False: "EXCEPT SELECT {columns} FROM main.{table}"}
"""What keeps out rows that are there already, by whether a table has a key."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The ``number``-th of ``of`` shares of the people of a wave, from 1."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2/8``.

        Raises
        ------
        DocumentError
            If it is something else.

        Examples
        --------
        >>> Shard.parse("2/8")
        Shard(number=2, of=8)
        """
        found = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text)
        number, of = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= number <= of <= MOST:
            raise DocumentError(
                f"{text!r} is no shard; write the number of the shard and how many there are, such as 2/8 for the "
                f"second of eight (at most {MOST:,})."
            )
        return cls(number, of)

    @property
    def whole(self) -> bool:
        """Whether it is everybody."""
        return self.of == 1

    def path_of(self, store: Path) -> Path:
        """The shard's own store: ``wave.2of8.sqlite``.

        >>> Shard(2, 8).path_of(Path("wave.sqlite")).name
        'wave.2of8.sqlite'
        """
        return store if self.whole else store.with_name(f"{store.stem}.{self.number}of{self.of}{store.suffix}")

    def has(self, person: int) -> bool:
        """Whether the person with this number in its population, from 0, is one of its own.

        >>> [person for person in range(10) if Shard(2, 4).has(person)]
        [1, 5, 9]
        """
        return person % self.of == self.number - 1

    def size(self, people: int) -> int:
        """How many of the first people are its own.

        >>> [Shard(number, 4).size(10) for number in (1, 2, 3, 4)]
        [3, 3, 2, 2]
        """
        return (people - self.number + self.of) // self.of


EVERYBODY = Shard()
"""The one shard of a wave that is not divided."""


def merge(shards: Sequence[Path], into: Path) -> int:
    """Put the rows of several stores of one wave into a new one; returns the number of its answers.

    The stores are read only. The new one appears under its name when it is complete, so a crash leaves nothing behind
    that looks whole.

    Raises
    ------
    StoreError
        If there is something under the name already, a file is no store, the stores hold different waves, or two of
        them hold different rows under one key: which of two answers counts is not for a program to decide.
    """
    if into.exists():
        raise StoreError(f"{into} is there already; give the merged store a new name, or move the old file away.")
    if len(shards) < 2 or len({shard.resolve() for shard in shards}) < len(shards):
        raise StoreError("Name at least two stores, each of them once.")
    unfinished = into.with_name(f"{into.name}.merging")
    if unfinished.exists():
        unfinished.unlink()  # what an interrupted merge left; the stores it was made of are untouched
    try:
        with closing(open_for_reading(shards[0])) as first, closing(sqlite3.connect(unfinished)) as copy:
            first.backup(copy)
        with Store(unfinished) as store:
            for shard in shards[1:]:
                open_for_reading(shard).close()
                _add(store.connection, shard, shards[0])
            store.execute("UPDATE waves SET finished = NULL")
            answers = int(store.execute("SELECT count(*) FROM answers")[0][0])
        unfinished.rename(into)
        return answers
    finally:
        for suffix in ("", "-wal", "-shm"):
            unfinished.with_name(unfinished.name + suffix).unlink(missing_ok=True)


def _add(connection: sqlite3.Connection, shard: Path, first: Path) -> None:
    connection.execute("ATTACH DATABASE ? AS shard", (str(shard.resolve()),))
    try:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            versions = [connection.execute(f"PRAGMA {name}.user_version").fetchone() for name in ("main", "shard")]
            if versions[0] != versions[1]:
                raise StoreError(f"{shard} was written by an older version; continue it once with `run`, then merge.")
            for table in SAME:
                _refuse_other_wave(connection, table, shard, first)
            _refuse_other_models(connection, shard, first)
            _refuse_other_ids(connection, shard, first)
            for table in STREAMED:
                _refuse_contradictions(connection, table, shard)
                columns = ", ".join(_columns(connection, table))
                connection.execute(
                    f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM shard.{table} WHERE true "
                    f"{_ABSENT[bool(_columns(connection, table, key=True))].format(table=table, columns=columns)}"
                )
            connection.execute(
                """UPDATE main.models AS m SET
                digest = coalesce(m.digest, s.digest), settings = coalesce(m.settings, s.settings),
                committed = iif(m.committed IS NULL, s.committed, m.committed + coalesce(s.committed, 0))
                FROM shard.models s WHERE s.id = m.id"""
            )
    finally:
        connection.execute("DETACH DATABASE shard")


def _columns(connection: sqlite3.Connection, table: str, key: bool = False) -> list[str]:
    rows = connection.execute(f"PRAGMA main.table_info({table})").fetchall()
    left_out = TIMES.get(table, ())
    return [row[1] for row in rows if row[1] not in left_out and (not key or row[5])]


def _refuse_other_wave(connection: sqlite3.Connection, table: str, shard: Path, first: Path) -> None:
    columns = ", ".join(_columns(connection, table))
    for one, other in (("main", "shard"), ("shard", "main")):
        found = connection.execute(
            f"SELECT {columns} FROM {one}.{table} EXCEPT SELECT {columns} FROM {other}.{table} LIMIT 1"
        ).fetchone()
        if found:
            raise StoreError(
                f"{shard} and {first} hold different waves: their {table} differ. Merge stores that were written by "
                "`run --shard` for one wave file with as many respondents."
            )


def _refuse_other_models(connection: sqlite3.Connection, shard: Path, first: Path) -> None:
    differing = connection.execute(
        """SELECT m.name FROM main.models m LEFT JOIN shard.models s USING (id)
        WHERE s.id IS NULL OR s.name <> m.name OR s.config <> m.config OR s.digest <> m.digest
        UNION ALL SELECT s.name FROM shard.models s WHERE s.id NOT IN (SELECT id FROM main.models) LIMIT 1"""
    ).fetchone()
    if differing:
        raise StoreError(
            f"{shard} and {first} were answered by different models under the name {differing[0]!r}: their settings "
            "or weights differ. Answers of two models are not mixed; evaluate the stores side by side instead."
        )


def _refuse_other_ids(connection: sqlite3.Connection, shard: Path, first: Path) -> None:
    """A person in a cell is one respondent: the histories of stores that grew may number them differently."""
    found = connection.execute(
        """SELECT 1 FROM main.respondents m JOIN shard.respondents s USING (cell_id, persona_id)
        WHERE m.id <> s.id LIMIT 1"""
    ).fetchone()
    if found:
        raise StoreError(
            f"{shard} and {first} give the same people different numbers, since one of them grew when it held people "
            "already; nothing was merged. Merge stores that were begun by `run --shard` for the wave as it is now."
        )


def _refuse_contradictions(connection: sqlite3.Connection, table: str, shard: Path) -> None:
    """Two rows under one key must say the same, but for how long a try took."""
    key = _columns(connection, table, key=True)
    told = [name for name in _columns(connection, table) if name not in (*key, "latency_s")]
    if not key or not told:
        return
    differ = " OR ".join(f"m.{name} IS NOT s.{name}" for name in told)
    found = connection.execute(
        f"SELECT {', '.join(f'm.{name}' for name in key)} FROM main.{table} m JOIN shard.{table} s "
        f"USING ({', '.join(key)}) WHERE {differ} LIMIT 1"
    ).fetchone()
    if found:
        place = ", ".join(f"{name} {value}" for name, value in zip(key, found, strict=True))
        raise StoreError(
            f"{shard} holds another row of {table} ({place}) than the stores before it; nothing was merged. The same "
            "shard may have been run twice: name one of its stores only."
        )
