"""Where a wave stands, as lines of plain text for a terminal."""

import unicodedata
from datetime import UTC, datetime

from analysis.status import CellStatus, Status
from demoscope.terminal import plain

WIDE = 20
"""Cells of a bar."""

NAME = 32
"""Cells of a name."""


def status_lines(status: Status, width: int = 100) -> list[str]:
    """Cells with their progress, and the answers that came last.

    Parameters
    ----------
    width : int
        Columns of the terminal.
    """
    lines = [f"{_fitted(status.wave, NAME)}  {_ended(status)}", ""]
    name = max([4, *(len(_fitted(cell.name, NAME)) for cell in status.cells)])
    lines.append(f"{'cell':<{name}}  {'':{WIDE}}  {'interviewed':>17}  {'answers':>10}  understood")
    lines += [_cell(cell, name) for cell in status.cells]
    lines += [f"{_fitted(model, NAME)}: at most {spent:,.4f} spent" for model, spent in status.spent.items()]
    if status.latest:
        lines += ["", "Latest answers"]
    for answer in status.latest:
        said = _fitted(answer.said, max(width - 46, 20))
        lines.append(f"{answer.respondent:>7}  {_fitted(answer.question, 20):<20}  {answer.status:<9} {said}")
    return lines


def _cell(cell: CellStatus, name: int) -> str:
    about = "~" if cell.looked_at < cell.interviewed else ""
    understood = "\u00b7" if cell.understood is None else f"{about}{cell.understood:.1%}"
    people = f"{cell.interviewed:,} of {cell.respondents:,}"
    full = round(WIDE * cell.interviewed / cell.respondents) if cell.respondents else 0
    shown = "\u2588" * full + "\u2591" * (WIDE - full)
    answers = f"{about}{cell.answers:,}"
    return f"{_fitted(cell.name, NAME):<{name}}  {shown}  {people:>17}  {answers:>10}  {understood:>10}"


def _fitted(text: str, most: int) -> str:
    """A text of a stranger on one line of at most ``most`` cells.

    >>> _fitted("a\\x1b[31m  b\\nc", 10), _fitted("\u4f60\u597d\u4f60\u597d", 5)
    ('a b c', '\u4f60\u597d\u2026')
    """
    words = " ".join(plain(text).split())
    kept, wide = [], 0
    for letter in words:
        wide += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        kept.append(letter)
        if wide > most:
            while kept and sum(2 if unicodedata.east_asian_width(k) in "WF" else 1 for k in kept) > most - 1:
                kept.pop()
            return "".join(kept) + "\u2026"
    return words


def _ended(status: Status) -> str:
    if status.finished is not None:
        return f"finished {status.finished}"
    written = f"last written {status.written:,.0f} s ago"
    if "T" not in status.started:
        return written
    began = str(datetime.now(UTC) - datetime.fromisoformat(status.started)).partition(".")[0]
    return f"began {began} ago, {written}"
