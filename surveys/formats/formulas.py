"""Cells that a spreadsheet would calculate instead of showing them."""

import re

FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would take a cell for a formula; numbers are none.

    >>> [is_formula(cell) for cell in ("=cmd|' /C calc'!A0", "-5", "a = b")]
    [True, False, False]
    """
    return FORMULA.match(cell) is not None and NUMBER.fullmatch(cell) is None
