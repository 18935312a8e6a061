"""Tables beside documents: CSV read strictly, with mistakes named by file and line."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from demoscope.errors import DocumentError

LARGEST_AMOUNT = 1e15
"""Largest count or weight in a table; sums of larger ones would lose people."""

Row = tuple[int, Mapping[str, str]]
"""Line of a table (from 1) and its values by column."""


def file_beside(name: str) -> str:
    """``name`` if it is a bare file name; a :class:`ValueError` otherwise."""
    if Path(name).name != name or name in ("", ".", "..") or "\0" in name:
        raise ValueError(f"{name!r} must be the name of a file beside the document, not a path")
    return name


def read_table(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> list[Row]:
    """Rows of a CSV that has at least ``columns``; of ``optional`` ones that it lacks the values are empty.

    Raises
    ------
    DocumentError
        If the file cannot be read, lacks a column, has a torn row, or has no row at all.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [column for column in columns if column not in (reader.fieldnames or [])]
            if missing:
                raise DocumentError(
                    f"{path}: the column {missing[0]!r} is missing; it needs {', '.join(columns)} "
                    f"and has {', '.join(reader.fieldnames or ['none'])}."
                )
            rows: list[Row] = []
            for row in reader:
                if any(row[column] is None for column in columns) or None in row:
                    raise DocumentError(f"{path}:{reader.line_num}: this row has more or fewer values than columns.")
                values = {column: row[column].strip() for column in columns}
                values |= {column: (row.get(column) or "").strip() for column in optional}
                rows.append((reader.line_num, values))
    except OSError as error:
        raise DocumentError(f"{path}: the table cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise DocumentError(f"{path}: not UTF-8 text. Save it as UTF-8.") from None
    except csv.Error as error:
        raise DocumentError(f"{path}: not a CSV table: {error}.") from None
    if not rows:
        raise DocumentError(f"{path}: the table is empty; it needs one row at least.")
    return rows


def amount(text: str, column: str, where: str) -> float:
    """Number of at least 0 that ``text`` stands for; a :class:`DocumentError` naming ``where`` otherwise."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and 0 <= value <= LARGEST_AMOUNT):
        raise DocumentError(f"{where}: {column} must be a finite number from 0 to {LARGEST_AMOUNT:g}, got {text!r}.")
    return value


def write_new_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]], holds: str) -> None:
    """Write a CSV for people to fill in, which every spreadsheet opens as UTF-8.

    Texts that a spreadsheet would take for formulas get a leading apostrophe.

    Parameters
    ----------
    holds : str
        What a file of this name may hold already, for the message.

    Raises
    ------
    DocumentError
        If the file cannot be written or there already is one.
    """
    try:
        with path.open("x", encoding="utf-8-sig", newline="", errors="backslashreplace") as file:
            table = csv.writer(file)
            table.writerow(columns)
            table.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    except FileExistsError:
        raise DocumentError(f"{path} is there already and may hold {holds}; choose another name.") from None
    except OSError as error:
        raise DocumentError(f"{path}: the table cannot be written ({error.strerror}).") from None


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    >>> harmless("=1+1"), harmless("2: no")
    ("'=1+1", '2: no')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
