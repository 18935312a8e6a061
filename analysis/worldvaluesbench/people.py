"""The human side: answers of the survey's respondents, or how many of them gave each answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.worldvaluesbench.distances import MISSING, Ints
from analysis.worldvaluesbench.scores import columns_of, read_scores
from demoscope.columns import read_header, whole_number
from demoscope.errors import DocumentError
from surveys.formats.wvs.wave7 import PERSON, SCALES

FILES = ("full/full_value_qa.parquet", "full/full_value_qa.tsv")
"""Where a folder written by ``wvb prepare`` holds the answers."""


@dataclass(frozen=True, eq=False)
class HumanAnswers:
    """Who answered what."""

    name: str
    """File or folder that it was read from."""
    people: Ints
    """(n_people,) identifiers, ascending."""
    answers: Mapping[str, NDArray[np.int16]]
    """Question -> (n_people,) answer; :data:`NOBODY` where there is none."""
    outside: int = 0
    """Answers outside the scale of their question that the file has; they count as none."""

    def of(self, question: str, places: NDArray[np.integer]) -> Ints:
        """Answers of these people to a question, :data:`MISSING` where they gave none.

        Parameters
        ----------
        places : numpy.ndarray, shape (n_rows,)
            Place of each row's person among the people; -1 when it is not known.
        """
        known = self.answers.get(question)
        if known is None or not len(known):
            return np.full(len(places), MISSING)
        found = known[places].astype(np.int64)
        return np.where((places >= 0) & (found != NOBODY), found, MISSING)


NOBODY = np.iinfo(np.int16).min
"""Stands for no answer in :class:`HumanAnswers`."""


@dataclass(frozen=True, eq=False)
class HumanCounts:
    """How many people gave each answer, when it is not known who."""

    name: str
    """File that it was read from."""
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Question -> people per answer, from the lowest."""

    def of(self, question: str) -> Ints:
        """Answers of these people in no order of theirs; empty for a question that was not counted."""
        if question not in self.counts:
            return np.empty(0, np.int64)
        return np.repeat(np.arange(len(self.counts[question])) + SCALES[question].minimum, self.counts[question])


Humans = HumanAnswers | HumanCounts


def _whole(count: object) -> int:
    """A number of people; a :class:`TypeError` for texts, truth values and parts of people."""
    if isinstance(count, bool) or not isinstance(count, int | float) or not float(count).is_integer():
        raise TypeError(f"{count!r} is no number of people")
    return int(count)


def read_humans(path: Path) -> Humans:
    """Human answers from a folder of ``wvb prepare``, a wide table, a file of scores, or counts as JSON.

    Raises
    ------
    DocumentError
        If it is none of these; the message says what each looks like.
    """
    if path.is_dir():
        inside = next((path / name for name in FILES if (path / name).exists()), None)
        if inside is None:
            raise DocumentError(
                f"{path} holds no answers; `demoscope wvb prepare WVS.csv --out {path}` writes them into it."
            )
        return _wide(inside, str(path))
    if path.suffix.lower() == ".json":
        return _counts(path)
    names = read_header(path).names
    if PERSON in names and {"A_WAVE", "B_COUNTRY"} <= set(map(str.upper, names)):
        raise DocumentError(
            f"{path} is the survey's own file, whose answers are not put in order yet; `demoscope wvb prepare {path} "
            "--out wvb` does that, and `--reference wvb` takes what it writes."
        )
    if PERSON in names:
        return _wide(path, str(path))
    if "QUESTION_ID" in names:
        return _long(path)
    raise DocumentError(
        f"{path}: no human answers; a reference is a folder that `demoscope wvb prepare` wrote, a table with "
        f"the column {PERSON} and one for each question, a file of scores (QUESTION_ID, PARTICIPANT_ID, SCORE), or a "
        "JSON file with the number of people per answer for each question."
    )


def _wide(path: Path, name: str) -> HumanAnswers:
    questions = [question for question in read_header(path).names if question in SCALES]
    columns = columns_of(path, [PERSON, *questions])
    ids = columns[PERSON].read(whole_number, f"{path}, {PERSON}", "number of a person")
    people = np.array(ids, np.int64)[columns[PERSON].positions]
    order = np.argsort(people, kind="stable")
    answers, outside = {}, 0
    for question in questions:
        values = columns[question].read(_answer, f"{path}, {question}", "answer")
        inside, away = _on_scale(np.array(values, np.int16)[columns[question].positions][order], question)
        answers[question] = inside
        outside += away
    _check_unique(people[order], path)
    return HumanAnswers(name, people[order], answers, outside)


def _answer(text: str) -> int:
    """An answer of a prepared table; :data:`NOBODY` where there is none."""
    answer = whole_number(text) if text not in ("", "NA") else NOBODY
    if answer != NOBODY and not 0 <= answer < 100:
        raise ValueError(text)
    return answer


def _on_scale(answers: NDArray[np.int16], question: str) -> tuple[NDArray[np.int16], int]:
    """The answers, :data:`NOBODY` for those outside the question's scale, and how many these are."""
    scale = SCALES[question]
    outside = (answers != NOBODY) & ((answers < scale.minimum) | (answers > scale.maximum))
    return np.where(outside, NOBODY, answers).astype(np.int16), int(outside.sum())


def _long(path: Path) -> HumanAnswers:
    """Answers of a file of scores; negative codes of the survey are no answers."""
    scores = read_scores(path)
    people = np.unique(scores.people)
    answers, outside = {}, 0
    for question, rows in scores.rows().items():
        _check_unique(np.sort(scores.people[rows]), path, f" with {question}")
        values = scores.values[rows]
        far = np.flatnonzero(np.isfinite(values) & (values >= 100))
        if far.size:
            raise DocumentError(
                f"{path}: {values[far[0]]:.15g} is no answer of the person {int(scores.people[rows][far[0]])} to "
                f"{question}, whose scale runs from {SCALES[question].minimum} to {SCALES[question].maximum}."
            )
        there = rows[np.isfinite(values) & (values >= 0)]
        column = np.full(len(people), NOBODY, np.int16)
        column[np.searchsorted(people, scores.people[there])] = scores.values[there].astype(np.int16)
        answers[question], away = _on_scale(column, question)
        outside += away
    return HumanAnswers(str(path), people, answers, outside)


def _counts(path: Path) -> HumanCounts:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content = content.get("hist", content)
        counts = {
            question: tuple(map(_whole, about["hist"] if isinstance(about, dict) else about))
            for question, about in content.items()
        }
    except FileNotFoundError:
        raise DocumentError(f"{path}: no such file.") from None
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DocumentError(
            f'{path}: not counts of answers ({error!r}); expected {{"Q1": [219, 9, 2, 0], ...}}, people per '
            "answer from the lowest."
        ) from None
    for question, people in counts.items():
        if question not in SCALES:
            raise DocumentError(f"{path}: {question!r} is no value question of WorldValuesBench.")
        if len(people) != SCALES[question].levels or min(people) < 0:
            raise DocumentError(
                f"{path}: {question!r} has {len(people)} counts; its scale has {SCALES[question].levels} answers, "
                "and counts are at least 0."
            )
    return HumanCounts(str(path), counts)


def _check_unique(people: Ints, path: Path, where: str = "") -> None:
    twice = people[1:][people[1:] == people[:-1]]
    if twice.size:
        raise DocumentError(
            f"{path}: the person {int(twice[0])} stands there more than once{where}; keep one row of each, as "
            "`demoscope wvb prepare` does."
        )
