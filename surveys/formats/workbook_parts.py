"""XML inside a workbook, looked through before anything builds a tree of it."""

import contextlib
from pathlib import Path
from xml.parsers import expat

from demoscope.errors import DocumentError
from surveys.formats.untrusted import DEEPEST

MOST_CELLS = 16_384
"""Cells of a row: as many as Excel has columns."""


def refuse_part(content: bytes, most: int, path: Path) -> int:
    """Refuse what is nested too deeply, too large, or could pull in or multiply anything.

    Parameters
    ----------
    content : bytes
        One file of the workbook; what is no XML is looked at as far as it seems to be.
    most : int
        Elements that it may have.
    path : Path
        The workbook, for errors.

    Returns
    -------
    int
        How many elements it has.

    Raises
    ------
    DocumentError
        If it has a document type or entities, more elements, deeper nesting, or rows of more cells than allowed.
    """
    depth = count = rows = cells = 0

    def begin(name: str, attributes: object) -> None:
        nonlocal depth, count, rows, cells
        depth, count = depth + 1, count + 1
        tag = name.rpartition(":")[2]
        rows += tag == "row"
        cells = 0 if tag == "row" else cells + (tag == "c" and rows > 0)
        if depth > DEEPEST:
            raise DocumentError(f"{path}: nested more than {DEEPEST} levels deep; save it again as .xlsx.")
        if count > most:
            raise DocumentError(
                f"{path}: has more than a million cells and other parts; no questionnaire has. Split it."
            )
        if cells > MOST_CELLS:
            raise DocumentError(f"{path}: a row has more than {MOST_CELLS:,} cells; a workbook has no more columns.")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def declare(*said: object) -> None:
        raise DocumentError(f"{path}: declares a document type or entities; save it again as .xlsx.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = declare
    with contextlib.suppress(expat.ExpatError):  # a picture, or damaged, which whoever reads it will say
        parser.Parse(content, True)
    return count
