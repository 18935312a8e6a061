"""Scores from the store of a wave, and a wave's scores as the files that WorldValuesBench publishes."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from analysis.worldvaluesbench.scores import COLUMNS, Scores, columns_of, write_scores
from demoscope.columns import read_header, whole_number
from demoscope.errors import DocumentError
from demoscope.store_file import read_only
from surveys.formats.wvs.wave7 import PERSON, SCALES

_CELLS = """
SELECT c.id, m.name || '_' || c.condition FROM cells c JOIN models m ON m.id = c.model_id
WHERE c.protocol = 'wvb' ORDER BY c.id
"""
_UNFINISHED = "SELECT count(*) FROM waves WHERE finished IS NULL"
_PEOPLE = "SELECT count(*) FROM respondents WHERE cell_id = ?"
_ANSWERS = """
SELECT q.name, p.source_row, coalesce(o.code, a.value)
FROM respondents r
JOIN personas p ON p.id = r.persona_id
JOIN answers a ON a.respondent_id = r.id
JOIN questions q ON q.id = a.question_id
LEFT JOIN answer_options o USING (respondent_id, question_id, method, replicate)
WHERE r.cell_id = ?
ORDER BY a.question_id, r.persona_id, a.replicate
"""


def read_store(path: Path) -> list[Scores]:
    """Scores of every condition and model of a wave that asked by the protocol ``wvb``.

    They are called by model and condition. A score out of range counts as the score it was; an answer without any is
    a row without a score. Those of a wave that is not finished carry a note of how far it came.

    Raises
    ------
    StoreError
        If the file is no store.
    DocumentError
        If nothing in it was asked by that protocol, or of people who are rows of the survey.
    """
    with read_only(path) as db:
        cells = db.execute(_CELLS).fetchall()
        unfinished = bool(db.execute(_UNFINISHED).fetchone()[0])
        found = []
        for cell, name in cells:
            scores = _scores(str(name), db.execute(_ANSWERS, (cell,)), path)
            if unfinished:
                (people,) = db.execute(_PEOPLE, (cell,)).fetchone()
                scores = replace(scores, notes=(_so_far(scores, people),))
            found.append(scores)
    if not found:
        raise DocumentError(f"{path}: no condition of this wave asked by `protocol: wvb`.")
    return found


def _scores(name: str, rows: sqlite3.Cursor, path: Path) -> Scores:
    order: dict[str, int] = {}
    question, people, values = [], [], []
    for asked, person, value in rows:
        if asked not in SCALES or not str(person or "").isdigit():
            raise DocumentError(
                f"{path}: {asked!r} of the person {person!r} is no answer to WorldValuesBench, whose questions are "
                "called as in the survey and whose persons are rows of it."
            )
        question.append(order.setdefault(asked, len(order)))
        people.append(int(person))
        values.append(np.nan if value is None else float(value))
    if not values:
        raise DocumentError(f"{path}: {name} has no answers yet; run the wave first.")
    return Scores(name, tuple(order), np.array(question, np.int32), np.array(people), np.array(values))


def _so_far(scores: Scores, people: int) -> str:
    """What to tell of a wave that is not finished."""
    there = len(np.unique(scores.people))
    return (
        f"{scores.name}: the wave is not finished; its {len(scores):,} answers so far are of {there:,} of {people:,} "
        "persons. Run it to the end."
    )


def export_scores(scores: Scores, path: Path, like: Path | None = None) -> int:
    """Write scores as ``QUESTION_ID, PARTICIPANT_ID, SCORE``; returns the number of rows.

    Parameters
    ----------
    like : Path, optional
        Sample of the probe, or assignments of a wave, whose order of rows to keep; by question and person when
        absent.

    Raises
    ------
    DocumentError
        If the sample has a pair that was not asked, or a file cannot be read or written.
    """
    told = [_written(value) for value in scores.values.tolist()]
    questions = [scores.questions[place] for place in scores.question.tolist()]
    rows = list(zip(questions, map(str, scores.people.tolist()), told, strict=True))
    if like is not None:
        by_pair: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        for row in rows:
            by_pair.setdefault(row[:2], []).append(row)
        rows = [row for pair in _pairs(like) for row in _of_pair(by_pair, pair, like, scores)]
    write_scores(path, rows)
    return len(rows)


def _written(value: float) -> str:
    """A score with all its digits; empty when there is none."""
    return "" if np.isnan(value) else str(int(value)) if value.is_integer() else repr(value)


def _pairs(path: Path) -> Sequence[tuple[str, str]]:
    assigned = COLUMNS[0] in read_header(path).names
    question, person = columns_of(path, COLUMNS[:2] if assigned else ("Question", PERSON)).values()
    people = [str(one) for one in person.read(whole_number, str(path), "number of a person")]
    return [
        (question.texts[which], people[who])
        for which, who in zip(question.positions.tolist(), person.positions.tolist(), strict=True)
    ]


def _of_pair(
    by_pair: dict[tuple[str, str], list[tuple[str, str, str]]], pair: tuple[str, str], path: Path, scores: Scores
) -> list[tuple[str, str, str]]:
    if pair not in by_pair:
        why = f"has no answer in this store. {scores.notes[0]}" if scores.notes else "was not asked in this wave."
        raise DocumentError(f"{path}: the pair {pair[0]}, {pair[1]} {why}")
    return by_pair[pair]
