"""The survey's file as columns: CSV (commas, semicolons or tabs), SPSS and Stata, of version 5 or 6."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from demoscope.columns import Column, read_columns, read_header
from demoscope.errors import DocumentError
from surveys.formats.wvs.wave7 import DEMOGRAPHICS, PERSON, SCALES, WHERE_TO_GET

NEEDED = (PERSON, *DEMOGRAPHICS, *SCALES)
"""Columns that WorldValuesBench reads; more may stand in the file."""

WAVE, VERSION = "A_WAVE", "VERSION"
WAVE_NUMBER = "7"


@dataclass(frozen=True, eq=False)
class RawSurvey:
    """The columns as they stand in the file."""

    source: str
    """Name of the file."""
    columns: Mapping[str, Column]
    """Column -> its values as text: whole numbers without a point, empty where there is none."""
    version: str | None
    """What the file says of itself."""
    labels: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Labels that an SPSS or Stata file brings."""

    def __len__(self) -> int:
        return len(self.columns[PERSON])


def read_survey(path: Path, needed: Sequence[str] = NEEDED) -> RawSurvey:
    """Columns of the user's file of wave 7.

    Parameters
    ----------
    needed : sequence of str
        Columns that the file must have; those of WorldValuesBench unless others are named.

    Raises
    ------
    DocumentError
        If it is another file: the message says which columns are missing, what else is wrong, and where to get it.
    """
    suffix = path.suffix.lower()
    if suffix in (".sav", ".zsav", ".dta"):
        return _statistical(path, suffix, needed)
    if suffix in (".xlsx", ".xls", ".rds", ".rdata", ".zip"):
        raise DocumentError(f"{path}: {suffix} files are not read; unpack or choose the csv, SPSS or Stata file.")
    try:
        header = read_header(path)
        names = _names(path, header.names, needed)
        columns = read_columns(path, header, list(names.values()))
    except DocumentError as error:
        message = str(error)
        raise DocumentError(message if WHERE_TO_GET in message else f"{message} {WHERE_TO_GET}") from None
    return _checked(path, {name: _tidy(columns[stands]) for name, stands in names.items()}, {})


def _names(path: Path, there: Sequence[str], needed: Sequence[str]) -> dict[str, str]:
    """Column as it is called here -> as it is called in the file, whose capitals may differ."""
    by_capitals = {name.upper(): name for name in reversed(there)}
    wanted = (*needed, WAVE, VERSION)
    names = {name: by_capitals[name.upper()] for name in wanted if name.upper() in by_capitals}
    missing = [name for name in needed if name not in names]
    if not missing:
        return names
    if len(there) == 1:
        told = f"its first line is one column, {there[0][:60]!r}, so that its values are separated by something else"
    elif len(missing) == len(needed):
        told = f"none of the columns is there; it begins with {', '.join(there[:5])}, as another wave or survey does"
    else:
        told = f"{len(missing)} of {len(needed)} columns are missing: {listed(missing)}"
    raise DocumentError(f"{path}: not the file of World Values Survey wave 7; {told}. {WHERE_TO_GET}")


def listed(columns: Sequence[str]) -> str:
    """All of the columns in few words: questions that follow each other as one.

    >>> listed(["Q9", "Q10", "Q11", "Q260", "B_COUNTRY", "Q234A"])
    'B_COUNTRY, Q234A, Q9-Q11, Q260'
    """
    numbers = sorted(int(name[1:]) for name in columns if re.fullmatch(r"Q\d+", name))
    runs = [[n for _, n in run] for _, run in groupby(enumerate(numbers), lambda placed: placed[1] - placed[0])]
    others = sorted(name for name in columns if not re.fullmatch(r"Q\d+", name))
    return ", ".join([*others, *(f"Q{run[0]}" + (f"-Q{run[-1]}" if len(run) > 1 else "") for run in runs)])


def _statistical(path: Path, suffix: str, needed: Sequence[str]) -> RawSurvey:
    try:
        import pyreadstat
    except ImportError as error:
        raise DocumentError(f"{path}: reading it needs the package {error.name}; install it.") from None
    read = pyreadstat.read_dta if suffix == ".dta" else pyreadstat.read_sav
    try:
        _, about = read(str(path), metadataonly=True)
        names = _names(path, about.column_names, needed)
        frame, _ = read(
            str(path), usecols=list(names.values()), user_missing=suffix != ".dta", disable_datetime_conversion=True
        )
    except DocumentError:
        raise
    except Exception as error:  # the reader has errors of its own
        raise DocumentError(f"{path}: cannot be read as {suffix} ({error}). {WHERE_TO_GET}") from None
    columns = {name: _of_values(frame[stands].to_numpy()) for name, stands in names.items()}
    labels = {
        name: {int(code): str(text) for code, text in about.variable_value_labels[stands].items() if _whole(code)}
        for name, stands in names.items()
        if stands in about.variable_value_labels
    }
    return _checked(path, columns, labels)


def _of_values(values: Any) -> Column:
    """A column of numbers or texts."""
    import pandas as pd

    positions, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = [str(int(value)) if _whole(value) else str(value).strip() for value in distinct]
    return Column.of([_tidied(text) for text in (*texts, "")], np.where(positions < 0, len(texts), positions))


def _whole(value: Any) -> bool:
    return not isinstance(value, str) and value == value and float(value).is_integer()


def _tidy(column: Column) -> Column:
    """The column with whole numbers written without a point, as ``1.0`` is the same answer as ``1``."""
    return Column.of([_tidied(text) for text in column.texts], column.positions)


def _tidied(text: str) -> str:
    """
    >>> _tidied("-4.0"), _tidied("2.5"), _tidied("00"), _tidied("NA")
    ('-4', '2.5', '0', '')
    """
    if text == "NA":  # what R writes where there is nothing
        return ""
    try:
        return str(int(text))
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return text
    return str(int(value)) if value.is_integer() else text


def _checked(path: Path, columns: dict[str, Column], labels: Mapping[str, Mapping[int, str]]) -> RawSurvey:
    if not len(columns[PERSON]):
        raise DocumentError(f"{path}: there are no respondents below the first line. {WHERE_TO_GET}")
    waves = [text for text in columns.pop(WAVE, Column((), np.empty(0, np.int32))).texts if text]
    others = [wave for wave in waves if wave != WAVE_NUMBER]
    if others:
        raise DocumentError(f"{path}: holds respondents of wave {', '.join(others[:5])}, not 7. {WHERE_TO_GET}")
    versions = columns.pop(VERSION, None)
    version = next((text for text in versions.texts if text), None) if versions else None
    return RawSurvey(str(path), columns, version, labels)
