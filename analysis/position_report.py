"""Position and order effects of one cell, from the presentations that its store holds."""

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.position import Effect, difference, placement_effect
from analysis.presentations import choices_as_shown
from analysis.reading import Results
from analysis.records import Asked, Cell
from analysis.tallies import option_scores
from demoscope.documents import Document

FEWEST = 10
"""Answers on each side below which a question's effect is not estimated."""


class QuestionPositions(Document):
    """Effects on one question; ``None`` where its order did not vary, or too few answered."""

    question: str
    """Id of the question."""
    first: Effect | None
    """How much more often options are chosen because they stand first."""
    last: Effect | None
    """How much more often options are chosen because they stand last."""
    reversed: Effect | None
    """Mean score where options or points stood in falling order, minus that in rising order."""
    late: Effect | None
    """Mean score where the question came in the second half of the interview, minus that in the first half."""


class PositionReport(Document):
    """Effects of one cell."""

    cell: str
    """Name of the cell."""
    first: Effect | None
    """First-option preference over all questions."""
    last: Effect | None
    """Last-option preference over all questions."""
    questions: tuple[QuestionPositions, ...]
    """By question, in the order of the questionnaire."""
    answers: int
    """Choices and points that the effects were looked for in."""


@dataclass(frozen=True)
class _Shown:
    """The single answers of a cell, an entry each."""

    respondent: NDArray[np.int64]
    question: NDArray[np.int64]
    chosen: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    falling: NDArray[np.int64]
    """1 when codes were shown from high to low, 0 from low to high, -1 otherwise."""
    late: NDArray[np.bool_]


def position_report(results: Results, cell: Cell, confidence: float = 0.95) -> PositionReport:
    """Effects of the order of options and questions in one cell.

    Choices and points of scales count; nonresponse and added options, which keep their place, do not.

    Parameters
    ----------
    confidence : float
        Coverage of every interval, in (0, 1).
    """
    asked = {question.id: question for question in results.questions}
    shown = _read(results, cell, asked)
    questions = []
    for question in results.questions:
        rows = shown.question == question.id
        if question.kind not in ("single", "scale") or not rows.any():
            continue
        questions.append(_of_question(question, shown, rows, confidence))
    return PositionReport(
        cell=cell.name,
        first=placement_effect(shown.chosen, shown.first, shown.question, shown.respondent, confidence),
        last=placement_effect(shown.chosen, shown.last, shown.question, shown.respondent, confidence),
        questions=tuple(questions),
        answers=len(shown.chosen),
    )


def _of_question(question: Asked, shown: _Shown, rows: NDArray[np.bool_], confidence: float) -> QuestionPositions:
    chosen, who, asked = shown.chosen[rows], shown.respondent[rows], shown.question[rows]
    placed = option_scores(question)
    scores = np.array([placed[code] for code in chosen.tolist()], dtype=np.float64)
    falling, late = shown.falling[rows], shown.late[rows]
    known = falling >= 0

    def compared(values: NDArray[np.float64], treated: NDArray[np.bool_], of: NDArray[np.int64]) -> Effect | None:
        enough = min(treated.sum(), (~treated).sum()) >= FEWEST if len(treated) else False
        return difference(values, treated, of, confidence) if enough and question.ordinal else None

    return QuestionPositions(
        question=question.name,
        first=placement_effect(chosen, shown.first[rows], asked, who, confidence),
        last=placement_effect(chosen, shown.last[rows], asked, who, confidence),
        reversed=compared(scores[known], falling[known] == 1, who[known]),
        late=compared(scores, late, who),
    )


def _read(results: Results, cell: Cell, asked: dict[int, Asked]) -> _Shown:
    substantive = {
        number: tuple(choice.code for choice in question.choices if choice.substantive)
        for number, question in asked.items()
    }
    rows = []
    for respondent, question, code, written, place, most in choices_as_shown(results, cell):
        if asked[question].kind not in ("single", "scale") or code not in substantive[question]:
            continue
        order = _order(written, substantive[question])
        if len(order) < 2:
            continue
        ordered = sorted(order)
        falling = 0 if list(order) == ordered else 1 if list(order) == ordered[::-1] else -1
        rows.append((respondent, question, code, order[0], order[-1], falling, 2 * place > most))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 7).T
    return _Shown(
        *(columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]),
        late=columns[6].astype(bool),
    )


@lru_cache(maxsize=65536)
def _order(written: str, substantive: tuple[int, ...]) -> tuple[int, ...]:
    """Substantive codes in the order shown."""
    content = json.loads(written or "{}")
    return tuple(code for code in content.get("codes", ()) if code in substantive)
