"""The benchmark's data set: respondents with recoded answers in range, and what is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from demoscope.columns import Column, whole_number
from demoscope.errors import DocumentError
from surveys.formats.wvs.metadata import Metadata
from surveys.formats.wvs.reading import RawSurvey, read_survey
from surveys.formats.wvs.wave7 import DEMOGRAPHICS, DUPLICATED, ORDINAL_DEMOGRAPHICS, PERSON, RECODES, ROWS, SCALES

Answers = NDArray[np.int16]
Positions = NDArray[np.int64]
Duplicates = Literal["drop_all", "keep_first"]
OutOfRange = Literal["missing", "refuse", "keep"]

LARGEST_KEPT = 99
"""Largest answer out of range that is kept: as large as an evaluation takes a person's answer to be."""

NO_ANSWER = np.iinfo(np.int16).min
"""Stands for no answer."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Respondents of the survey as the benchmark counts them."""

    source: str
    """File that they were read from."""
    version: str | None
    """What the file says of itself."""
    people: Positions
    """(n,) identifiers, in the order of the file."""
    answers: Mapping[str, Answers]
    """Value question -> (n,) answers after recoding; :data:`NO_ANSWER` where there is none."""
    demographics: Mapping[str, Column]
    """Demographic column -> codes and texts as they stand in the file."""
    metadata: Metadata
    """Wordings and labels."""
    notes: tuple[str, ...]
    """What a reader must know: rows that were left out, answers out of range."""

    def __len__(self) -> int:
        return len(self.people)

    @cached_property
    def texts(self) -> Mapping[str, Column]:
        """Demographic columns in words: a code becomes its label where one is known, as published."""
        return {name: self._in_words(name, column) for name, column in self.demographics.items()}

    def codes(self, column: str) -> NDArray[np.int64]:
        """(n,) codes of a demographic column; :data:`NO_ANSWER` for what is no whole number."""
        found = self.demographics[column]
        codes = [int(text) if text.removeprefix("-").isdigit() else NO_ANSWER for text in found.texts]
        return np.array(codes, np.int64)[found.positions]

    @property
    def away(self) -> Mapping[str, tuple[str, ...]]:
        """Demographic column -> its texts that say that nothing is known: those of negative codes alone."""
        found: dict[str, tuple[str, ...]] = {}
        for name, column in self.demographics.items():
            words = [self._word(name, text) for text in column.texts]
            known = {word for text, word in zip(column.texts, words, strict=True) if not text.startswith("-")}
            found[name] = tuple(sorted({word for word in words if word} - known))
        return found

    def _in_words(self, name: str, column: Column) -> Column:
        return Column.of([self._word(name, text) for text in column.texts], column.positions)

    def _word(self, name: str, text: str) -> str:
        code = int(text) if text.removeprefix("-").isdigit() else None
        if name in ORDINAL_DEMOGRAPHICS:
            low, high = ORDINAL_DEMOGRAPHICS[name]
            return text if code is not None and low <= code <= high else ""
        return (self.metadata.label(name, code) if code is not None else None) or text


def prepare(
    path: Path,
    metadata: Metadata | None = None,
    *,
    duplicates: Duplicates = "drop_all",
    out_of_range: OutOfRange = "missing",
) -> Dataset:
    """The data set of the user's file: respondents once each, answers recoded and in range.

    Parameters
    ----------
    path : Path
        The file of wave 7: CSV, SPSS or Stata.
    metadata : Metadata, optional
        Wordings and labels; those of an SPSS or Stata file serve where it has none.
    duplicates : {"drop_all", "keep_first"}
        What becomes of an identifier that stands on several rows: WorldValuesBench leaves all of them out,
        IndieValueCatalog keeps the first.
    out_of_range : {"missing", "refuse", "keep"}
        What becomes of a recoded answer outside its scale. The published code keeps it and prints a warning.

    Raises
    ------
    DocumentError
        If the file is another one, an identifier or an answer is no number, or (``refuse``) out of range.
    """
    raw = read_survey(path)
    ids = raw.columns[PERSON].read(whole_number, f"{raw.source}, {PERSON}", "number of a respondent")
    people = np.array(ids, np.int64)[raw.columns[PERSON].positions]
    kept, notes = _once(people, duplicates)
    version = (raw.version or "").strip().removeprefix("v")
    expected = next((rows for start, rows in ROWS.items() if version.startswith(start)), None)
    if expected is not None and len(raw) != expected:
        notes.insert(0, f"The file has {len(raw):,} rows; version {version[:5]} is known to have {expected:,}.")
    answers = {name: _answers(raw, name, kept, out_of_range, notes) for name in SCALES}
    demographics = {name: _taken(raw.columns[name], kept) for name in DEMOGRAPHICS}
    labelled = (metadata or Metadata()).with_labels(raw.labels)
    return Dataset(raw.source, raw.version, people[kept], answers, demographics, labelled, tuple(notes))


def _once(people: Positions, duplicates: Duplicates) -> tuple[NDArray[np.intp], list[str]]:
    """Rows that are kept, in order, and what was left out."""
    distinct, first, rows = np.unique(people, return_index=True, return_counts=True)
    twice = distinct[(rows > 1) | ((distinct == DUPLICATED) & (duplicates == "drop_all"))]
    kept = np.flatnonzero(~np.isin(people, twice)) if duplicates == "drop_all" else np.sort(first)
    left = len(people) - len(kept)
    named = ", ".join(map(str, twice[:5].tolist())) + (" ..." if len(twice) > 5 else "")
    return kept, [f"{left:,} rows were left out: the identifier {named} stands on several."] if left else []


def _answers(
    raw: RawSurvey, name: str, kept: NDArray[np.intp], out_of_range: OutOfRange, notes: list[str]
) -> Answers:
    scale, recode, column = SCALES[name], RECODES.get(name, {}), raw.columns[name]
    codes = column.read(lambda text: whole_number(text) if text else None, f"{raw.source}, {name}", "answer")
    values = np.full(max(len(codes), 1), NO_ANSWER, np.int16)
    outside = np.zeros(max(len(codes), 1), bool)
    for place, code in enumerate(codes):
        answer = recode.get(code, code) if code is not None else None
        if answer is None or answer < 0:
            continue
        outside[place] = not scale.minimum <= answer <= scale.maximum
        if outside[place] and out_of_range == "keep" and answer > LARGEST_KEPT:
            row = int(np.argmax(column.positions == place)) + 1
            raise DocumentError(
                f"{raw.source}: {name} is {answer} on row {row}; answers are kept up to {LARGEST_KEPT}. Make "
                "those out of range missing (`--out-of-range missing`), or mend the file."
            )
        if not outside[place] or out_of_range == "keep":
            values[place] = answer
    positions = column.positions[kept]
    count = int(outside[positions].sum())
    if count:
        first = int(kept[int(np.argmax(outside[positions]))])
        told = f"{name} is {column.texts[column.positions[first]]} on row {first + 1}"
        if out_of_range == "refuse":
            raise DocumentError(
                f"{raw.source}: {told}, outside {scale.minimum} to {scale.maximum}, as {count:,} answers are. Make "
                "them missing (`--out-of-range missing`), or mend the file."
            )
        what = "kept" if out_of_range == "keep" else "made missing"
        notes.append(f"{count:,} answers to {name} lie outside {scale.minimum} to {scale.maximum} and were {what}.")
    return np.asarray(values[positions])


def _taken(column: Column, rows: NDArray[np.intp]) -> Column:
    return Column.of(column.texts, column.positions[rows])
