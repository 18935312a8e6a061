"""Cells of the flat table: its columns, and texts that spreadsheets would take for formulas."""

from surveys.formats.formulas import FORMULA, NUMBER, is_formula
from surveys.option import LARGEST

COLUMNS = ("row", "id", "kind", "code", "text", "show_if")
"""Columns that are always there; languages follow ``text`` as ``text:zh``."""

WHOLE = ("minimum", "maximum", "min_selections", "max_selections", "total", "polarity", "tasks", "profiles")
"""Further columns with whole numbers."""

DECIMAL = ("score", "weight")
"""Further columns with numbers."""

YES_NO = ("whole", "ordinal", "exclusive", "pinned", "identical")
"""Further columns with yes or no."""

WORDS = ("order", "dimension", "topic", "split", "over")
"""Further columns with words."""

SETTINGS = (*WHOLE, *DECIMAL, *YES_NO, *WORDS)
"""Every further column; a table has those that it needs."""

QUESTION = (
    *("minimum", "maximum", "whole", "min_selections", "max_selections", "total", "ordinal"),
    *("dimension", "topic", "polarity", "split", "show_if"),
)
"""Columns of a question beside its id, kind and text."""

BATTERY = (
    *("minimum", "maximum", "min_selections", "max_selections", "ordinal"),
    *("order", "dimension", "topic", "show_if"),
)
"""Columns of a battery beside its id, kind and text."""


def neutral(cell: str) -> str:
    """The cell as a spreadsheet will show it instead of calculating it: an apostrophe goes before a formula.

    >>> [neutral(cell) for cell in ("=1+1", "-5", "'=x", "plain")]
    ["'=1+1", '-5', "''=x", 'plain']
    """
    return f"'{cell}" if is_formula(cell) else cell


def meant(cell: str) -> str:
    """What :func:`neutral` made of a text, turned back; a formula that stands there is only a text.

    >>> [meant(neutral(cell)) for cell in ("=1+1", "-5", "'=x", "plain")]
    ['=1+1', '-5', "'=x", 'plain']
    """
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def shown(value: object) -> str:
    """A setting as it stands in a cell."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def setting(column: str, cell: str) -> object:
    """The value of a setting; a :class:`ValueError` that says what would be right."""
    text = cell.strip()
    if column == "code" or column in WHOLE:
        number = _decimal(text, column)
        if not number.is_integer():
            raise ValueError(f"{column} must be a whole number, got {text[:40]!r}")
        return int(number)
    if column in DECIMAL:
        return _decimal(text, column)
    if column in YES_NO:
        if text.lower() in ("yes", "true", "1"):
            return True
        if text.lower() in ("no", "false", "0"):
            return False
        raise ValueError(f"{column} must be yes or no, got {text[:40]!r}")
    return cell


def _decimal(text: str, column: str) -> float:
    if NUMBER.fullmatch(text.lower()) and abs(number := float(text)) <= LARGEST:
        return number
    raise ValueError(f"{column} must be a number, got {text[:40]!r}")
