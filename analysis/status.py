"""Where a wave stands, read in a moment while it writes: who was interviewed, what was understood, what it cost.

Nothing large is imported here, so that looking takes no longer than a glance.
"""

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demoscope.errors import StoreError
from demoscope.store_file import read_only

LOOKED_AT = 400
"""Respondents of a cell whose answers are counted, evenly over those interviewed; of fewer, everybody's."""

LATEST = 5
"""Answers shown as the latest."""


@dataclass(frozen=True)
class LatestAnswer:
    """One of the answers of the respondents who came last."""

    respondent: int
    question: str
    status: str
    said: str
    """Labels that were chosen, or the number, text or reason."""


@dataclass(frozen=True)
class CellStatus:
    """One cell."""

    name: str
    model: str
    respondents: int
    """Planned."""
    interviewed: int
    """Respondents with an answer."""
    looked_at: int
    """Respondents whose answers the statuses below count."""
    statuses: dict[str, int]
    """Answers by status, of those who were looked at."""

    @property
    def understood(self) -> float | None:
        """Share of the asked answers that was understood; ``None`` before there are any."""
        asked = sum(count for status, count in self.statuses.items() if status != "skipped")
        return self.statuses.get("answered", 0) / asked if asked else None

    @property
    def answers(self) -> int:
        """About how many answers there are; exact where everybody was looked at."""
        total = sum(self.statuses.values())
        return round(total * self.interviewed / self.looked_at) if self.looked_at else 0


@dataclass(frozen=True)
class Status:
    """The wave."""

    wave: str
    started: str
    finished: str | None
    written: float
    """Seconds since the store was last written."""
    spent: dict[str, float]
    """Most that may have been spent, by model with a budget."""
    cells: tuple[CellStatus, ...]
    latest: tuple[LatestAnswer, ...]


def read_status(path: Path, now: float | None = None) -> Status:
    """Where the wave of a store stands.

    Large stores are not counted row by row: the answers of :data:`LOOKED_AT` respondents of each cell stand for all.

    Parameters
    ----------
    now : float, optional
        Seconds since the epoch.

    Raises
    ------
    StoreError
        If the store is missing, no store, damaged, or was written by a newer version.
    """
    with read_only(path) as db:
        files = [file for file in (path, Path(f"{path}-wal")) if file.exists()]
        age = (time.time() if now is None else now) - max(file.stat().st_mtime for file in files)
        db.execute("BEGIN")
        return _read(path, db, max(age, 0.0))


def _read(path: Path, db: sqlite3.Connection, age: float) -> Status:
    wave = db.execute("SELECT name, started, finished FROM waves").fetchone()
    if wave is None:
        raise StoreError(f"{path} holds no wave yet; launch one into it with `demoscope run`.")
    budgets: list[Any] = []
    if db.execute("SELECT 1 FROM pragma_table_info('models') WHERE name = 'committed'").fetchone():
        budgets = db.execute("SELECT name, committed FROM models WHERE committed IS NOT NULL").fetchall()
    cells = tuple(_cell(db, *row) for row in db.execute(_CELLS).fetchall())
    return Status(*(*wave, age, dict(budgets), cells, _latest(db)))


_CELLS = """SELECT c.id, c.name, m.name, (SELECT count(*) FROM respondents r WHERE r.cell_id = c.id)
FROM cells c JOIN models m ON m.id = c.model_id ORDER BY c.id"""

_INTERVIEWED = """SELECT id FROM respondents r WHERE cell_id = ?
AND EXISTS (SELECT 1 FROM answers a WHERE a.respondent_id = r.id) ORDER BY id"""


def _cell(db: sqlite3.Connection, cell: int, name: str, model: str, respondents: int) -> CellStatus:
    interviewed = [respondent for (respondent,) in db.execute(_INTERVIEWED, (cell,))]
    step = max(len(interviewed) / LOOKED_AT, 1.0)
    among = [interviewed[int(n * step)] for n in range(min(LOOKED_AT, len(interviewed)))]
    return CellStatus(name, model, respondents, len(interviewed), len(among), _statuses(db, among))


def _statuses(db: sqlite3.Connection, among: Sequence[int]) -> dict[str, int]:
    marks = ", ".join("?" * len(among))
    counted = f"SELECT status, count(*) FROM answers WHERE respondent_id IN ({marks}) AND method = 'text' GROUP BY 1"
    return dict(db.execute(counted, among).fetchall())


def _latest(db: sqlite3.Connection) -> tuple[LatestAnswer, ...]:
    rows = db.execute(
        """SELECT a.respondent_id, q.name, a.status, substr(coalesce(
            (SELECT group_concat(o.label, ', ') FROM answer_options ao JOIN options o USING (question_id, code)
             WHERE (ao.respondent_id, ao.question_id, ao.method, ao.replicate)
             = (a.respondent_id, a.question_id, a.method, a.replicate)),
            iif(a.value IS NULL, NULL, format('%g', a.value)), a.text, a.reason, ''), 1, 200)
        FROM (SELECT * FROM answers ORDER BY respondent_id DESC, question_id DESC LIMIT ?) a
        JOIN questions q ON q.id = a.question_id""",
        (LATEST,),
    )
    return tuple(LatestAnswer(respondent, question, status, str(said)) for respondent, question, status, said in rows)
