"""Large tables column by column: each distinct text of a column is looked at once, however many rows there are."""

import codecs
import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import DocumentError

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET = (".parquet", ".pq")
LARGEST = 2**63 - 1
"""Largest whole number of a column."""
_TORN = re.compile(r"Expected (\d+) columns, got (\d+)")

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Column:
    """One column: its distinct values, and which of them each row has."""

    texts: tuple[str, ...]
    """Distinct values as text, without blanks around them; empty where there is none."""
    positions: NDArray[np.int32]
    """(n_rows,) position of each row's value among the texts."""

    @classmethod
    def of(cls, texts: Sequence[str], positions: NDArray[Any]) -> "Column":
        """A column of texts of which some may be equal, and some stand in no row.

        >>> Column.of(["1", "1.0", "1"], np.array([2, 0])).texts
        ('1',)
        """
        order: dict[str, int] = {}
        places = np.array([order.setdefault(text, len(order)) for text in texts], np.int32)[positions]
        used = np.bincount(places, minlength=len(order)) > 0
        kept = tuple(text for text, there in zip(order, used.tolist(), strict=True) if there)
        return cls(kept, (np.cumsum(used, dtype=np.int32) - 1)[places].astype(np.int32))

    def __len__(self) -> int:
        return len(self.positions)

    def read(self, read: Callable[[str], T], where: str, what: str) -> list[T]:
        """What each distinct text stands for.

        Raises
        ------
        DocumentError
            If ``read`` raises a :class:`ValueError`; the message names the first row that has the text, ``where`` and
            ``what`` it should have been.
        """
        found = []
        for place, text in enumerate(self.texts):
            try:
                found.append(read(text))
            except ValueError:
                row = int(np.argmax(self.positions == place)) + 1
                raise DocumentError(f"{where}: row {row} has {text!r}, which is no {what}.") from None
        return found


class Header(NamedTuple):
    """What the first line of a table says."""

    names: tuple[str, ...]
    """Names of the columns."""
    mark: str
    """What stands between values; empty for Parquet."""


def read_header(path: Path) -> Header:
    """Columns of a Parquet file, or of a text whose values tabs, commas or semicolons separate.

    Raises
    ------
    DocumentError
        If the file is missing, cannot be read, is empty, or is no UTF-8 text.
    """
    if path.suffix.lower() in PARQUET:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return Header(tuple(pq.read_schema(path).names), "")
        except (OSError, pa.ArrowInvalid) as error:
            raise DocumentError(_unreadable(path, error)) from None
    try:
        with path.open("rb") as file:
            line = file.readline(10_000_000)
        head = line.removeprefix(codecs.BOM_UTF8).decode("utf-8").strip("\r\n")
    except OSError as error:
        raise DocumentError(_unreadable(path, error)) from None
    except UnicodeDecodeError:
        raise DocumentError(f"{path}: the first line is no UTF-8 text. Save the table as UTF-8.") from None
    if not head.strip() or "\0" in head:
        raise DocumentError(f"{path}: no table: the first line {'is empty' if not head.strip() else 'is no text'}.")
    mark = max("\t,;", key=head.count)
    try:
        names = next(csv.reader([head], delimiter=mark))
    except csv.Error:
        raise DocumentError(
            f"{path}: the first line has line ends of another kind in it. Save the table with one kind of them."
        ) from None
    return Header(tuple(name.strip() for name in names), mark)


def read_columns(path: Path, header: Header, names: Sequence[str]) -> dict[str, Column]:
    """Columns of a table, by name.

    Parameters
    ----------
    header : Header
        What :func:`read_header` found.
    names : sequence of str
        Columns to read; each is in the header. Of columns with one name the first is read.

    Raises
    ------
    DocumentError
        If a row has more or fewer values than columns, or something is no UTF-8 text.
    """
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    names = tuple(dict.fromkeys(names))
    try:
        if header.mark and _is_one_line(path):
            return {name: Column((), np.empty(0, np.int32)) for name in names}
        if not header.mark:
            table = pq.read_table(path, columns=list(names))
        else:
            text = pa.dictionary(pa.int32(), pa.string())
            table = pc.read_csv(
                path,
                read_options=pc.ReadOptions(column_names=_numbered(header.names), skip_rows=1, block_size=8 << 20),
                parse_options=pc.ParseOptions(delimiter=header.mark, newlines_in_values=True),
                convert_options=pc.ConvertOptions(
                    include_columns=list(names), column_types=dict.fromkeys(names, text), strings_can_be_null=False
                ),
            )
    except (OSError, pa.ArrowInvalid) as error:
        raise DocumentError(_unreadable(path, error)) from None
    if header.mark and _ends_within_quotes(path):
        raise DocumentError(
            f"{path}: the last value begins with a quote and does not end; the file is cut off there."
        )
    return {name: _column(table[name]) for name in names}


def whole_number(text: str) -> int:
    """The whole number that a text stands for, with or without a point; a :class:`ValueError` for anything else.

    Numbers beyond 64 bits, which no column can hold, are none either; nor is ``1_0``.

    >>> whole_number("156070594.0"), whole_number("-4")
    (156070594, -4)
    """
    if "_" in text:
        raise ValueError(text)
    try:
        number = int(text)
    except ValueError:
        value = float(text)
        if not value.is_integer():
            raise ValueError(text) from None
        number = int(value)
    if not -LARGEST - 1 <= number <= LARGEST:
        raise ValueError(text)
    return number


def _is_one_line(path: Path) -> bool:
    """Whether there is nothing below the first line."""
    with path.open("rb") as file:
        file.readline()
        return not file.read(1)


def _ends_within_quotes(path: Path) -> bool:
    """Whether the last line of a text has no end, and opens a quote that nothing closes."""
    quotes, last = 0, b""
    with path.open("rb") as file:
        while part := file.read(1 << 22):
            quotes += part.count(b'"')
            last = (last + part)[-(1 << 16) :]
    return quotes % 2 == 1 and last.rpartition(b"\n")[2].count(b'"') % 2 == 1


def _numbered(names: Sequence[str]) -> list[str]:
    """Names, each once: a column whose name stood before cannot be asked for."""
    return [f"{name}\0{n}" if name in names[:n] else name for n, name in enumerate(names)]


def _column(values: "pa.ChunkedArray") -> Column:
    import pyarrow as pa

    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    codes = values.unify_dictionaries().combine_chunks()
    if isinstance(codes, pa.ChunkedArray):
        codes = codes.chunk(0) if codes.num_chunks else pa.array([], pa.dictionary(pa.int32(), pa.string()))
    written = ["" if value is None else _text(value) for value in codes.dictionary.to_pylist()]
    positions = codes.indices.fill_null(len(written)).to_numpy(zero_copy_only=False)
    return Column.of((*written, ""), positions)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else str(int(value)) if value.is_integer() else str(value)
    return str(value).strip()


def _unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file."
    told = str(error).splitlines()[0]
    torn = _TORN.search(told)
    if torn:
        expected, got = map(int, torn.groups())
        line = _line_with_other(path, expected)
        return f"{path}:{line}: {got} values for {expected} columns; the file is torn or cut off there."
    if "UTF8" in told or "UTF-8" in told:
        return f"{path}: holds something that is no UTF-8 text. Save the table as UTF-8."
    return f"{path}: cannot be read as a table ({getattr(error, 'strerror', None) or told})."


def _line_with_other(path: Path, columns: int) -> int:
    """First line, from 1, that has another number of values."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=read_header(path).mark)
        next((row for row in reader if row and len(row) != columns), None)
        return reader.line_num
