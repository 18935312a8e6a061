"""Files of scores: ``QUESTION_ID, PARTICIPANT_ID, SCORE``, one row an answer, as WorldValuesBench publishes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.worldvaluesbench.distances import Floats, Ints
from demoscope.columns import Column, read_columns, read_header, whole_number
from demoscope.errors import DocumentError
from surveys.formats.wvs.wave7 import SCALES

COLUMNS = ("QUESTION_ID", "PARTICIPANT_ID", "SCORE")


@dataclass(frozen=True, eq=False)
class Scores:
    """What one model answered, one row an answer, in the order of the file."""

    name: str
    """What results call the model."""
    questions: tuple[str, ...]
    """Ids of the questions, in the order in which they first appear."""
    question: NDArray[np.int32]
    """(n_rows,) position of each row's question."""
    people: Ints
    """(n_rows,) identifier of the person each row answers for."""
    values: Floats
    """(n_rows,) the score; NaN where it could not be read."""
    notes: tuple[str, ...] = ()
    """What a reader must know of where they come from, such as a wave that is not finished."""

    def __len__(self) -> int:
        return len(self.values)

    def rows(self) -> dict[str, NDArray[np.intp]]:
        """Rows of each question, in the order of the file."""
        order = np.argsort(self.question, kind="stable")
        ends = np.searchsorted(self.question[order], np.arange(1, len(self.questions)))
        return dict(zip(self.questions, np.split(order, ends), strict=True))


def read_scores(path: Path, name: str | None = None) -> Scores:
    """Scores of a file: CSV, TSV, semicolons, or Parquet; more columns than the three may stand in it.

    Parameters
    ----------
    name : str, optional
        What results call the model; the file's name without its ending when absent.

    Raises
    ------
    DocumentError
        If the file cannot be read, lacks a column, names a question that is no value question of the benchmark, or a
        person by something that is no number, or has no score that can be read.
    """
    question, person, score = columns_of(path, COLUMNS).values()
    if not len(score):
        raise DocumentError(f"{path}: the file has no rows.")
    unknown = [one for one in question.texts if one not in SCALES]
    if unknown:
        raise DocumentError(
            f"{path}: {unknown[0]!r} is no value question of WorldValuesBench; they are called Q1 to Q259, Q234A "
            "among them, without the ones it leaves out."
        )
    people = person.read(whole_number, f"{path}, PARTICIPANT_ID", "number of a person")
    values = score.read(_score, str(path), "score")
    if not np.isfinite(values).any():
        raise DocumentError(
            f"{path}: none of its {len(score):,} rows has a score that can be read; SCORE holds the number that the "
            f"model answered, and the first row has {score.texts[score.positions[0]]!r}."
        )
    return Scores(
        name or path.stem,
        question.texts,
        question.positions,
        np.array(people, np.int64)[person.positions],
        np.array(values, np.float64)[score.positions],
    )


def write_scores(path: Path, rows: Sequence[tuple[str, str, str]]) -> None:
    """Write rows of question, person and score (empty when there is none), tab-separated.

    Raises
    ------
    DocumentError
        If the file cannot be written.
    """
    lines = ["\t".join(row) + "\n" for row in (COLUMNS, *rows)]
    try:
        path.write_text("".join(lines), encoding="utf-8", newline="\n")
    except OSError as error:
        raise DocumentError(f"{path}: cannot be written ({error.strerror or error}).") from None


def columns_of(path: Path, names: Sequence[str]) -> dict[str, Column]:
    """Columns of a table of scores or persons.

    Raises
    ------
    DocumentError
        If the file cannot be read or lacks a column.
    """
    header = read_header(path)
    missing = [name for name in names if name not in header.names]
    if missing:
        there = ", ".join(header.names[:8])
        raise DocumentError(
            f"{path}: the column {missing[0]!r} is missing; needed are {', '.join(names)}, and there are {there}"
            f"{' ...' if len(header.names) > 8 else ''}."
        )
    return read_columns(path, header, names)


def _score(text: str) -> float:
    try:
        return float("nan" if "_" in text else text)
    except ValueError:
        return float("nan")
