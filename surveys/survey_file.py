"""Files of surveys, a few columns at a time: CSV, TSV, Parquet, SPSS and Stata, each value as text."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demoscope.columns import PARQUET, Column, read_columns, read_header
from demoscope.errors import DocumentError

if TYPE_CHECKING:
    import pandas as pd

STATISTICAL = (".sav", ".zsav", ".dta")
TABLES = (".csv", ".tsv", *PARQUET)

_WHOLE = re.compile(r"^(-?[0-9]+)\.0*$")

Read = Callable[[Sequence[str]], dict[str, Column]]
"""Reads columns by name."""


def open_survey(path: Path) -> tuple[tuple[str, ...], Read]:
    """Names of a file's columns, and what reads some of them.

    Codes are read, not their labels. What SPSS or Stata files declare as missing is empty.

    Raises
    ------
    DocumentError
        If the file is missing, of another kind, or cannot be read.
    """
    ending = path.suffix.lower()
    if not path.is_file():
        raise DocumentError(f"{path}: no such file; `data` is relative to the folder of the mapping.")
    if ending in TABLES:
        header = read_header(path)
        return header.names, lambda names: {name: _plain(c) for name, c in read_columns(path, header, names).items()}
    if ending not in STATISTICAL:
        raise DocumentError(f"{path}: survey files end in {', '.join((*TABLES, *STATISTICAL))}.")
    try:
        import pyreadstat
    except ImportError:
        raise DocumentError(f"{path}: reading it needs pyreadstat; install `demoscope[spss]`.") from None
    read = pyreadstat.read_dta if ending == ".dta" else pyreadstat.read_sav

    def checked(**wanted: Any) -> tuple[Any, Any]:
        try:
            found: tuple[Any, Any] = read(path, disable_datetime_conversion=True, **wanted)
        except Exception as error:  # the reader has errors of its own
            raise DocumentError(f"{path}: cannot be read as {ending} ({error}).") from None
        return found

    def columns(names: Sequence[str]) -> dict[str, Column]:
        frame = checked(usecols=list(names))[0]
        return {name: _column(frame[name]) for name in names}

    return tuple(checked(metadataonly=True)[1].column_names), columns


def _plain(column: Column) -> Column:
    """The column with whole numbers written without a point, as the codes of a mapping are."""
    return Column.of([_WHOLE.sub(r"\1", text) for text in column.texts], column.positions)


def _column(values: "pd.Series[Any]") -> Column:
    """Values as texts; whole numbers without a point, nothing where they are missing."""
    import pandas as pd

    positions, distinct = pd.factorize(values, use_na_sentinel=True)
    written = [
        str(int(value))
        if isinstance(value, float | np.floating) and float(value).is_integer()
        else str(value).strip()
        for value in distinct
    ]
    return Column.of((*written, ""), np.where(positions < 0, len(written), positions))
