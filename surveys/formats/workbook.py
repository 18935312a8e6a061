"""Excel workbooks from elsewhere, read within limits: the values of cells, never their formulas."""

import io
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any, TypeAlias

from demoscope.errors import DocumentError
from surveys.formats.untrusted import read_bytes
from surveys.formats.workbook_parts import refuse_part

UNPACKED = 60_000_000
"""Bytes that a workbook may unpack to."""

MOST_FILES = 500
"""Files that a workbook may consist of."""

MOST_ELEMENTS = 1_000_000
"""Elements in all the XML of a workbook together."""

ROWS, COLUMNS = 20_000, 200
"""Rows and columns of a sheet that are read."""

Sheet: TypeAlias = list[tuple[int, list[str]]]
"""Number of each row that is not empty (from 1), and its cells as text."""


def read_workbook(path: Path) -> dict[str, Sheet]:
    """Every sheet of an ``.xlsx`` file by its name in lower case.

    Formulas are not calculated; what stands there is the value that the spreadsheet saved with them.

    Raises
    ------
    DocumentError
        If it is no workbook, unpacks to too much, or has entities or a document type in its XML.
    """
    openpyxl = need_openpyxl(path, "reading")
    content = read_bytes(path)
    _refuse_bombs(content, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of openpyxl, about styles and extensions that it does not keep
        try:
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            return {sheet.title.strip().lower(): _rows(sheet, path) for sheet in book.worksheets}
        except DocumentError:
            raise
        except Exception as error:  # openpyxl lets through whatever its parts raise about a damaged file
            why = f"{type(error).__name__}: {str(error)[:120]}"
            raise DocumentError(f"{path}: not a workbook that can be read ({why}). Save it again as .xlsx.") from None


def need_openpyxl(path: Path, doing: str) -> Any:
    """The package that reads and writes workbooks; ``doing`` is which of the two it is needed for."""
    try:
        import openpyxl
    except ImportError:
        raise DocumentError(f"{path}: {doing} it needs the package openpyxl; install demoscope[formats].") from None
    return openpyxl


def _rows(sheet: object, path: Path) -> Sheet:
    sheet.reset_dimensions()  # type: ignore[attr-defined]
    rows: Sheet = []
    values = sheet.iter_rows(max_row=ROWS + 1, max_col=COLUMNS, values_only=True)  # type: ignore[attr-defined]
    for number, row in enumerate(values, start=1):
        if number > ROWS:
            raise DocumentError(f"{path}: a sheet has more than {ROWS:,} rows; no questionnaire needs that.")
        cells = [_text(value) for value in row]
        if any(cells):
            rows.append((number, cells))
    return rows


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _refuse_bombs(content: bytes, path: Path) -> None:
    """Refuse what would unpack to too much, and XML that could pull in or multiply anything."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MOST_FILES:
                raise DocumentError(
                    f"{path}: consists of {len(members):,} files; a workbook has fewer than {MOST_FILES}."
                )
            bytes_left, elements_left = UNPACKED, MOST_ELEMENTS
            for member in members:
                with archive.open(member) as file:
                    unpacked = file.read(bytes_left + 1)
                bytes_left -= len(unpacked)
                if bytes_left < 0:
                    raise DocumentError(f"{path}: unpacks to more than {UNPACKED:,} bytes; no questionnaire does.")
                elements_left -= refuse_part(unpacked, elements_left, path)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        ValueError,
        EOFError,
        OSError,
    ) as error:
        raise DocumentError(f"{path}: not an .xlsx workbook ({error}). Save it again as .xlsx.") from None
