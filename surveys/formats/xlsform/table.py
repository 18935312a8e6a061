"""Sheets of an XLSForm: rows by column, wordings by language."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from surveys.formats.draft import Draft
from surveys.formats.workbook import Sheet

_SPLIT = re.compile(r"\s*::?\s*")
WORDED = ("label", "hint", "constraint_message", "required_message", "guidance_hint")
_SAME = {
    **{"begin_group": "begin group", "end_group": "end group", "begin_repeat": "begin repeat"},
    **{"end_repeat": "end repeat", "select one": "select_one", "select multiple": "select_multiple"},
    **{"select all that apply": "select_multiple", "int": "integer", "string": "text"},
    **{"list name": "list_name", "value": "name", "caption": "label", "relevance": "relevant"},
}


@dataclass
class Row:
    """One row; what is never taken from it is reported by :meth:`close`."""

    where: str
    cells: Mapping[str, str]
    said: Mapping[str, Mapping[str, str]]
    """Wordings by column and language; the language is empty where the column names none."""
    _taken: set[str] = field(default_factory=set)

    def take(self, column: str) -> str:
        """The cell without blanks around it; empty when there is none."""
        self._taken.add(column)
        return self.cells.get(column, "").strip()

    def words(self, column: str) -> Mapping[str, str]:
        """A wording by language."""
        self._taken.add(column)
        return self.said.get(column, {})

    def close(self, draft: Draft, why: str = "respondents here have nothing like it") -> None:
        """Report every cell that nobody took."""
        for column, cell in self.cells.items():
            if column not in self._taken and cell.strip():
                draft.leave_out(self.where, f"{column}: {cell.strip()[:120]}", why)
        for column, words in self.said.items():
            if column not in self._taken:
                for language, text in words.items():
                    draft.leave_out(self.where, f"{column} {language}: {text[:120]}".replace(" :", ":"), why)


def rows(sheet: Sheet, name: str) -> Iterator[Row]:
    """The rows below the header."""
    if not sheet:
        return
    header = [_column(cell) for cell in sheet[0][1]]
    for number, cells in sheet[1:]:
        plain: dict[str, str] = {}
        said: dict[str, dict[str, str]] = {}
        for position, cell in enumerate(cells):
            if not cell.strip():
                continue
            column, language = header[position] if position < len(header) else ("", "")
            if not column:
                column = f"column {position + 1}"
            if column in WORDED:
                said.setdefault(column, {}).setdefault(language, cell)
            else:
                plain.setdefault(f"{column}::{language}" if language else column, cell)
        yield Row(f"{name} row {number}", plain, said)


def columns(sheet: Sheet) -> list[tuple[str, str]]:
    """Columns of a sheet with their languages."""
    return [_column(cell) for cell in sheet[0][1]] if sheet else []


def _column(header: str) -> tuple[str, str]:
    parts = _SPLIT.split(header.strip())
    if parts[0].lower() == "media" and len(parts) > 1:
        parts = [parts[1], *parts[2:]]
    name = parts[0].lower()
    return _SAME.get(name, name), "::".join(parts[1:])


def kind_of(cell: str) -> tuple[str, str, bool]:
    """Type of a row, its list, and whether "other" is offered.

    >>> kind_of("select_one yes_no or_other"), kind_of("begin_group")
    (('select_one', 'yes_no', True), ('begin group', '', False))
    """
    words = cell.split()
    if not words:
        return "", "", False
    for length in (4, 3, 2, 1):
        said = " ".join(words[:length]).lower()
        name = _SAME.get(said, said)
        if said in _SAME or name in ("begin group", "end group", "begin repeat", "end repeat"):
            rest = words[length:]
            break
    else:
        name, rest = words[0].lower(), words[1:]
    other = bool(rest) and rest[-1].lower() == "or_other"
    return name, (rest[0] if rest else ""), other
