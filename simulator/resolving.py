"""Puts into a store what people decided about replies that no rule could read; answers stay as they are."""

from collections.abc import Sequence
from typing import Protocol

from simulator.store import Store


class Decision(Protocol):
    """One decision, checked against the store that it is about."""

    @property
    def respondent(self) -> int:
        """Number of the respondent in the store."""

    @property
    def question(self) -> str:
        """Name of the question."""

    @property
    def replicate(self) -> int:
        """Repetition of the question, from 0."""

    @property
    def code(self) -> int | None:
        """Code that the reply means; ``None`` when it means none."""


def record_resolutions(store: Store, decided: Sequence[Decision], by: str, now: str) -> int:
    """Write decisions as rows of ``resolutions``; one that says what the latest said already is not written again.

    Parameters
    ----------
    by : str
        Who decided.
    now : str
        When, UTC, ISO 8601.

    Returns
    -------
    int
        Rows written.
    """
    written = 0
    with store.transaction() as connection:
        questions = dict(connection.execute("SELECT name, id FROM questions").fetchall())
        for each in decided:
            key = (each.respondent, questions[each.question], each.replicate)
            latest = connection.execute(
                """SELECT code FROM resolutions WHERE respondent_id = ? AND question_id = ? AND method = 'text'
                AND replicate = ? ORDER BY at DESC, rowid DESC LIMIT 1""",
                key,
            ).fetchone()
            if latest is None or latest[0] != each.code:
                connection.execute(
                    "INSERT INTO resolutions VALUES (?, ?, 'text', ?, ?, ?, ?)", (*key, each.code, by, now)
                )
                written += 1
    return written
