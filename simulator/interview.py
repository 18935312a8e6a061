"""One respondent's whole interview, as the store holds it: portrait, memory, prompts, replies, answers."""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demoscope.documents import Document
from demoscope.errors import StoreError
from demoscope.store_file import open_for_reading, unpacked
from simulator.protocols.interface import FURTHER

LATER = {"again": 1, "critique": 1, "rewrite": 2, "vote": 3}
"""Steps that follow the first exchange of a question, and in which order."""


class Turn(Document):
    """One exchange of the interview and what became of it."""

    question: str | None
    step: str
    ordinal: int
    prompt: tuple[tuple[str, str | None], ...]
    """Turns of the prompt as (role, text), memory included; a text is ``None`` when the wave kept only hashes."""
    replies: tuple[str | None, ...]
    """Raw reply of every attempt, or ``None`` where there was none."""
    errors: tuple[str | None, ...]
    status: str | None
    """Status of the answer read from it; of several, the first that was not understood."""
    chosen: tuple[str, ...]
    """Labels that were understood, of a ranking in order of preference, of an allocation with their points; or the
    number or text that was answered."""
    reason: str | None
    remembered: tuple[int, ...]
    """Ordinals of the ``answer`` exchanges of the questions that were still remembered."""


class Passed(Document):
    """A question that was skipped."""

    question: str
    reason: str | None
    replicate: int


class Interview(Document):
    """Everything the store holds of one respondent."""

    respondent: int
    cell: str
    persona: dict[str, Any]
    place: str | None
    portrait: str
    decoding: dict[str, Any]
    """As drawn for the respondent."""
    applied: dict[str, Any]
    """Settings that the backend applied otherwise than drawn, such as a temperature it cannot set."""
    memory_length: int
    turns: tuple[Turn, ...]
    skipped: tuple[Passed, ...] = ()
    """Questions that were passed by, in the order of the questionnaire."""


def read_interview(path: Path, respondent: int) -> Interview:
    """Interview of a respondent, by its number in the store.

    Raises
    ------
    StoreError
        If the store cannot be read or has no such respondent.
    """
    with _reading(path) as db:
        row = db.execute(
            """SELECT c.name, c.id, p.attributes, p.city, p.state, p.country, r.portrait, r.decoding, r.memory_length
            FROM respondents r JOIN cells c ON c.id = r.cell_id JOIN personas p ON p.id = r.persona_id
            WHERE r.id = ?""",
            (respondent,),
        ).fetchone()
        if row is None:
            last = db.execute("SELECT max(id) FROM respondents").fetchone()[0]
            there_are = f"they are numbered 1 to {last}" if last else "it has none yet"
            raise StoreError(f"{path} has no respondent {respondent}; {there_are}.")
        cell, cell_id, attributes, city, state, country, portrait, decoding, memory_length = row
        return Interview(
            respondent=respondent,
            cell=cell,
            persona=json.loads(attributes),
            place=", ".join(part for part in (city, state, country) if part) or None,
            portrait=portrait,
            decoding=json.loads(decoding),
            applied=_applied_otherwise(db, cell_id, respondent, json.loads(decoding)),
            memory_length=memory_length,
            turns=tuple(_turns(db, cell_id, respondent)),
            skipped=tuple(_skipped(db, respondent)),
        )


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_for_reading(path)
    try:
        yield connection
    except (sqlite3.Error, zlib.error, ValueError) as error:
        raise StoreError(f"{path}: cannot be read ({error}); the file may be damaged.") from None
    finally:
        connection.close()


def _turns(db: sqlite3.Connection, cell_id: int, respondent: int) -> Iterator[Turn]:
    exchanges = db.execute(
        """SELECT e.step, e.ordinal, q.name, e.prompt
        FROM exchanges e LEFT JOIN questions q ON q.id = e.question_id
        WHERE e.cell_id = ? AND e.subject_id = ?""",
        (cell_id, respondent),
    ).fetchall()
    for step, ordinal, question, prompt in sorted(exchanges, key=lambda row: _order(*row[:2])):
        key = (cell_id, respondent, step, ordinal)
        attempts = db.execute(
            """SELECT text, error FROM attempts
            WHERE cell_id = ? AND subject_id = ? AND step = ? AND ordinal = ? ORDER BY attempt""",
            key,
        ).fetchall()
        answers = db.execute(
            """SELECT a.question_id, a.method, a.replicate, a.value, a.status, a.reason, a.memory,
            iif(q.kind = 'text', a.text, NULL)
            FROM answers a JOIN questions q ON q.id = a.question_id
            JOIN answer_sources s USING (respondent_id, question_id, method, replicate)
            WHERE s.cell_id = ? AND s.subject_id = ? AND s.step = ? AND s.ordinal = ? ORDER BY s.place""",
            key,
        ).fetchall()
        telling = next((answer for answer in answers if answer[4] != "answered"), answers[0] if answers else None)
        status, reason, memory = telling[4:7] if telling else (None, None, "[]")
        yield Turn(
            question=question,
            step=step,
            ordinal=ordinal,
            prompt=tuple((role, _text(db, text_id)) for role, text_id in json.loads(prompt)),
            replies=tuple(text for text, _ in attempts),
            errors=tuple(error for _, error in attempts),
            status=status,
            chosen=tuple(
                said
                for question_id, method, replicate, value, *_, text in answers
                for said in _said(db, respondent, question_id, method, replicate, value, text)
            ),
            reason=reason,
            remembered=tuple(json.loads(memory)),
        )


def _skipped(db: sqlite3.Connection, respondent: int) -> Iterator[Passed]:
    rows = db.execute(
        """SELECT q.name, a.reason, a.replicate FROM answers a JOIN questions q ON q.id = a.question_id
        WHERE a.respondent_id = ? AND a.status = 'skipped' ORDER BY a.replicate, q.id""",
        (respondent,),
    )
    for question, reason, replicate in rows:
        yield Passed(question=question, reason=reason, replicate=replicate)


def _said(
    db: sqlite3.Connection,
    respondent: int,
    question_id: int,
    method: str,
    replicate: int,
    value: float | None,
    text: str | None,
) -> tuple[str, ...]:
    """Labels of what was chosen, or the number or text that was answered."""
    chosen = db.execute(
        """SELECT iif(ao.amount IS NULL, o.label, o.label || ': ' || format('%g', ao.amount))
        FROM answer_options ao JOIN options o USING (question_id, code)
        WHERE ao.respondent_id = ? AND ao.question_id = ? AND ao.method = ? AND ao.replicate = ?
        ORDER BY ao.rank, o.position""",
        (respondent, question_id, method, replicate),
    ).fetchall()
    if chosen:
        return tuple(label for (label,) in chosen)
    said = text if value is None else f"{value:.15g}"
    return () if said is None else (said,)


def _order(step: str, ordinal: int) -> tuple[int, int, int]:
    """Where an exchange stands in its interview: by its question, and what was asked again behind the first.

    >>> steps = [("vote", 0), ("rewrite", 0), ("draft", 1), ("critique", 0), ("draft", 0)]
    >>> sorted(steps, key=lambda one: _order(*one))
    [('draft', 0), ('critique', 0), ('rewrite', 0), ('vote', 0), ('draft', 1)]
    """
    several = step in ("again", "rewrite", "paraphrase", "translate")
    return ordinal // FURTHER if several else ordinal, LATER.get(step, 0), ordinal


def _applied_otherwise(
    db: sqlite3.Connection, cell_id: int, respondent: int, drawn: dict[str, Any]
) -> dict[str, Any]:
    """What the backend did instead of what was drawn, as the respondent's last attempt records it."""
    row = db.execute(
        "SELECT applied FROM attempts WHERE cell_id = ? AND subject_id = ? ORDER BY ordinal DESC LIMIT 1",
        (cell_id, respondent),
    ).fetchone()
    applied: dict[str, Any] = json.loads(row[0]) if row else {}
    return {name: value for name, value in applied.items() if name in drawn and drawn[name] != value}


def _text(db: sqlite3.Connection, text_id: str) -> str | None:
    row = db.execute("SELECT body FROM texts WHERE id = ?", (text_id,)).fetchone()
    return unpacked(row[0]) if row else None
