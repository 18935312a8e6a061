"""Text that spreadsheets show instead of running."""

import re
from collections.abc import Iterable, Sequence
from csv import writer
from io import StringIO

from demoscope.terminal import plain

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that spreadsheets take for a formula or a command."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def neutral(text: str) -> str:
    """A text that no spreadsheet runs: an apostrophe stands before what would begin a formula; numbers stay.

    Escape sequences, control characters and direction overrides are left out.

    References
    ----------
    .. [1] OWASP, CSV Injection.

    >>> neutral("=cmd|' /C calc'!A0"), neutral("-1.5"), neutral("- no"), neutral("\\x1b[31mred")
    ("'=cmd|' /C calc'!A0", '-1.5', "'- no", 'red')
    """
    text = plain(text)
    if text.lstrip(" ").startswith(STARTS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A small table as CSV, every text neutral and absent values empty."""
    out = StringIO()
    table = writer(out, lineterminator="\n")
    table.writerow([neutral(column) for column in columns])
    for row in rows:
        table.writerow(
            ["" if value is None else neutral(value) if isinstance(value, str) else value for value in row]
        )
    return out.getvalue()
