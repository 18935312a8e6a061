"""How a probe ended: for every model and method, how much came to an answer."""

import sqlite3
from pathlib import Path
from typing import Any

from demoscope.documents import Document
from demoscope.errors import StoreError
from demoscope.store_file import open_for_reading
from simulator.wave import LoadedWave

PROTOCOLS = ("probe", "rate")
"""Protocols whose answers are distributions and ratings rather than a public's choices."""


class MethodOutcome(Document):
    """What one method came to with one model."""

    model: str
    protocol: str
    """probe or rate."""
    method: str
    asked: int
    """Answers wanted, questions that were passed by left out."""
    answered: int
    refused: int
    invalid: int
    failed: int
    skipped: int
    """Answers to questions that cannot be probed."""

    @property
    def understood(self) -> float:
        """Share of the answers wanted that were understood; 0 when none was wanted."""
        return self.answered / self.asked if self.asked else 0.0


class ProbeOutcome(Document):
    """What a probe came to."""

    methods: tuple[MethodOutcome, ...]

    @property
    def understood(self) -> float:
        """Share of all answers wanted that were understood; 0 when none was wanted."""
        asked = sum(one.asked for one in self.methods)
        return sum(one.answered for one in self.methods) / asked if asked else 0.0


def is_probe(loaded: LoadedWave) -> bool:
    """Whether a wave does nothing but probe and rate."""
    return all(cell.condition.protocol in PROTOCOLS for cell in loaded.cells)


def read_outcome(path: Path) -> ProbeOutcome:
    """What the store of a probe holds.

    Raises
    ------
    StoreError
        If the file is no store.
    """
    db = open_for_reading(path)
    try:
        rows = db.execute(
            """SELECT m.name, c.protocol, method, sum(asked), sum(answered), sum(refused), sum(invalid), sum(failed),
                      sum(skipped)
            FROM question_summary JOIN cells c ON c.name = cell JOIN models m ON m.id = c.model_id
            GROUP BY m.id, c.protocol, method ORDER BY m.id, c.protocol, method"""
        ).fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read ({error}); the file may be damaged.") from None
    finally:
        db.close()
    names = tuple(MethodOutcome.model_fields)
    return ProbeOutcome(methods=tuple(MethodOutcome(**dict(zip(names, row, strict=True))) for row in rows))


def render_outcome(outcome: ProbeOutcome, console: Any) -> None:
    """Print a line for each model and method."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("model", "method", "asked", "understood", "refused", "invalid", "failed", "not probed"):
        table.add_column(name, justify="left" if name in ("model", "method") else "right", overflow="fold")
    for one in outcome.methods:
        counts = (f"{n:,}" if n else "·" for n in (one.refused, one.invalid, one.failed, one.skipped))
        method = "ratings" if one.protocol == "rate" else one.method
        table.add_row(one.model, method, f"{one.asked:,}", f"{one.understood:.0%}", *counts)
    console.print(table)
