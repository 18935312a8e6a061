"""The table of a reference, counted from a survey's own file: one real person a row, as the WVS and others come."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from demoscope.columns import Column, read_columns, read_header, whole_number
from demoscope.documents import read
from demoscope.errors import DocumentError
from surveys.question import Question
from surveys.questionnaire import Questionnaire
from surveys.reference import Group, Reference

KINDS = ("single", "scale")
"""Questions whose answer is one code."""


@dataclass(frozen=True)
class ColumnOf:
    """Where the file has a grouping or question, and what its values are called in the reference."""

    column: str
    levels: Mapping[str, str] = field(default_factory=dict)
    """Value in the file -> level; values that are not named stay as they are."""


@dataclass(frozen=True)
class Counted:
    """What was written."""

    table: Path
    people: int
    questions: tuple[str, ...]
    absent: tuple[str, ...]
    """Questions that the file has no column for."""


def read_column_of(text: str) -> tuple[str, ColumnOf]:
    """A name and its column as typed.

    Raises
    ------
    DocumentError
        If it does not have the form ``NAME=COLUMN`` or ``NAME=COLUMN:VALUE=LEVEL,...``.

    >>> read_column_of("sex=Q260:1=male,2=female")
    ('sex', ColumnOf(column='Q260', levels={'1': 'male', '2': 'female'}))
    """
    name, _, rest = text.partition("=")
    column, _, recoded = rest.partition(":")
    pairs = [pair.partition("=") for pair in recoded.split(",") if pair.strip()]
    if not name.strip() or not column.strip() or not all(mark and level.strip() for _, mark, level in pairs):
        raise DocumentError(f"{text!r} names no column; write sex=Q260 or sex=Q260:1=male,2=female.")
    return name.strip(), ColumnOf(column.strip(), {value.strip(): level.strip() for value, _, level in pairs})


def count_people(
    file: Path,
    document: Path,
    questionnaire: Questionnaire,
    columns: Mapping[str, ColumnOf],
    weight: str | None = None,
) -> Counted:
    """Count a survey's file into the table that a reference names.

    A question's column is called like the question, a grouping's like the attribute it is read from, unless
    ``columns`` says otherwise. A code that the question does not offer as a substantive option, such as -1, counts
    under an empty code; somebody who fits no level of a grouping under an empty level.

    Parameters
    ----------
    file : Path
        CSV, TSV or Parquet with one person a row.
    document : Path
        The reference, whose table is written beside it and must not exist yet.
    questionnaire : Questionnaire
        The one that the reference names.
    columns : mapping of str to ColumnOf
        By question or grouping.
    weight : str, optional
        Column of survey weights; the reference must then be ``weighted: true``.

    Raises
    ------
    DocumentError
        If the document, the file or a column is missing or does not fit, or the table is there already.
    """
    reference = read(Reference, document)
    if reference.questionnaire != questionnaire.id:
        raise DocumentError(
            f"{document}: the reference is about {reference.questionnaire!r}, the questionnaire is "
            f"{questionnaire.id!r}; name the same."
        )
    if reference.weighted != (weight is not None):
        raise DocumentError(
            f"{document}: weighted is {str(reference.weighted).lower()}, but "
            f"{'no column of weights was named' if weight is None else f'counts are weighted by {weight!r}'}; "
            "make both the same, so that readers know."
        )
    asked = {question.id: question for question in questionnaire.asked if question.kind in KINDS}
    sources = {name: columns.get(name, ColumnOf(name)) for name in asked}
    groupings = {
        name: columns.get(name, columns.get(group.attribute, ColumnOf(group.attribute)))
        for name, group in reference.groups.items()
    }
    known = {group.attribute for group in reference.groups.values()} | asked.keys() | groupings.keys()
    if unknown := [name for name in columns if name not in known]:
        raise DocumentError(
            f"{unknown[0]!r} is neither a question of codes nor a grouping; those are {_told(known)}."
        )
    header = read_header(file)
    needed = [source.column for source in groupings.values()] + ([weight] if weight else [])
    needed += [sources[name].column for name in columns if name in sources]
    if missing := [name for name in needed if name not in header.names]:
        raise DocumentError(f"{file}: there is no column {missing[0]!r}; it has {_told(header.names)}.")
    present = [name for name, source in sources.items() if source.column in header.names]
    if not present:
        raise DocumentError(
            f"{file}: no column is called like a question; name them, such as {next(iter(asked))}=Q1."
        )
    table = read_columns(file, header, list(dict.fromkeys([*needed, *(sources[name].column for name in present)])))
    people = len(next(iter(table.values())))
    weights = _weights(table[weight], str(file)) if weight else [1.0] * people
    groups = [
        _levels(table[source.column], source, reference.groups[name], name) for name, source in groupings.items()
    ]
    rows: list[tuple[str, ...]] = []
    for name in present:
        codes = _codes(table[sources[name].column], sources[name], asked[name])
        counts: dict[tuple[str, ...], float] = {}
        for key, count in zip(zip(*groups, codes, strict=True), weights, strict=True):
            counts[key] = counts.get(key, 0.0) + count
        rows += [(name, *key, f"{count:.10g}") for key, count in sorted(counts.items())]
    path = document.parent / reference.table
    _write_new(path, [("question", *groupings, "code", "count"), *rows])
    return Counted(path, people, tuple(present), tuple(name for name in asked if name not in present))


def _codes(column: Column, source: ColumnOf, question: Question) -> list[str]:
    offered = {str(option.code) for option in question.choices if option.kind == "substantive"}
    texts = [source.levels.get(text, _whole(text)) for text in column.texts]
    known = np.array([text if text in offered else "" for text in texts], dtype=object)
    return [str(text) for text in known[column.positions]] if len(column.texts) else []


def _levels(column: Column, source: ColumnOf, group: Group, name: str) -> list[str]:
    found = []
    for text in column.texts:
        value = source.levels.get(text, source.levels.get(_whole(text), text))
        level = group.level({group.attribute: _number(value) if group.bands else value or ""})
        found.append(level or "")
    known = np.array(found, dtype=object)
    return [str(level) for level in known[column.positions]] if len(column.texts) else []


def _weights(column: Column, where: str) -> list[float]:
    each = np.array(column.read(_weight, where, "weight"), dtype=np.float64)
    return [float(value) for value in each[column.positions]]


def _weight(text: str) -> float:
    weight = float(text)
    if not (np.isfinite(weight) and weight >= 0):
        raise ValueError(text)
    return weight


def _whole(text: str) -> str:
    """A code as the questionnaire writes it: ``2.0`` is ``2``."""
    try:
        return str(whole_number(text))
    except (ValueError, OverflowError):
        return text


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _write_new(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
    except FileExistsError:
        raise DocumentError(
            f"{path} is there already; move it away, or name another table in the reference."
        ) from None
    except OSError as error:
        raise DocumentError(f"{path}: the table cannot be written ({error.strerror}).") from None


def _told(names: Iterable[str]) -> str:
    known = sorted(names)
    return ", ".join(known[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
