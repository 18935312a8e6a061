"""How a notebook shows an object: small HTML tables in which every text is text and nothing else."""

from collections.abc import Iterable, Sequence
from html import escape

LONGEST = 400
"""Characters of a text that are shown; the rest is said to be there."""

MOST = 60
"""Rows of a table that are shown; the others are counted."""


def text(value: object) -> str:
    """A value as HTML: escaped, of bounded length, and nothing at all where there is none.

    >>> text("<script>"), text(None), text(1200), text("x" * 401)[-10:]
    ('&lt;script&gt;', '', '1,200', '… (1 more)')
    """
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    written = str(value).encode("utf-8", "replace").decode()  # halves of characters are in no file
    more = len(written) - LONGEST
    return escape(written[:LONGEST]) + (f"… ({more:,} more)" if more > 0 else "")


def heading(words: str, *remarks: str | None) -> str:
    """A bold line, and below it the remarks that there are."""
    lines = [f"<strong>{text(words)}</strong>", *(text(remark) for remark in remarks if remark)]
    return f'<p dir="auto">{"<br>".join(lines)}</p>'


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], most: int = MOST) -> str:
    """A table of values; numbers stand to the right.

    Parameters
    ----------
    rows : iterable of sequence
        As many values each as there are columns.
    most : int
        Rows shown; below them stands how many there are more.
    """
    found = list(rows)
    head = "".join(f'<th style="text-align:left">{text(name)}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in found[:most])
    left = len(found) - most
    more = f"<p>{left:,} more rows</p>" if left > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(value: object) -> str:
    side = "right" if isinstance(value, int | float) and not isinstance(value, bool) else "left"
    return f'<td dir="auto" style="text-align:{side}">{text(value)}</td>'


def percent(share: float | None) -> str:
    """A share in [0, 1] as a whole percentage; nothing where there is none.

    >>> percent(0.256), percent(None)
    ('26%', '')
    """
    return "" if share is None else f"{share:.0%}"


def page(*parts: str) -> str:
    """Parts put together."""
    return f"<div>{''.join(parts)}</div>"
