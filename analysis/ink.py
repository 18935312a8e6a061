"""Characters on a terminal: small bars, numbers, and texts of strangers made harmless."""

import math
import re
import unicodedata
from collections.abc import Sequence

from rich.cells import set_cell_size
from rich.text import Text

EIGHTHS = " ▏▎▍▌▋▊▉█"
HEIGHTS = "▁▂▃▄▅▆▇█"

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def plain(text: str) -> str:
    r"""A text from a model or a file on one line, without escape sequences, control or direction characters.

    >>> plain("a\x1b[31mred\x1b[0m\nline\u202e")
    'ared line'
    """
    text = " ".join(_ESCAPES.sub("", text).split())
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co"))


def words(text: str, width: int | None = None, style: str = "") -> Text:
    """A harmless text that is never read as markup, cut to ``width`` cells with an ellipsis.

    >>> words("[bold]neither[/bold] wins", 10).plain
    '[bold]nei…'
    """
    shown = Text(plain(text), style=style)
    if width is not None and shown.cell_len > width:
        shown = Text(set_cell_size(shown.plain, width - 1) + "…", style=style)
    return shown


def bar(share: float | None, width: int) -> str:
    """A share from 0 to 1 as a bar of ``width`` cells, exact to an eighth of a cell.

    >>> bar(0.5, 4), bar(1 / 32, 4), bar(None, 4)
    ('██  ', '▏   ', '    ')
    """
    eighths = round(min(max(share or 0.0, 0.0), 1.0) * width * 8)
    if share and not eighths:
        eighths = 1  # somebody is not nobody
    full, rest = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[rest] if rest else "")).ljust(width)


def skyline(shares: Sequence[float | None], tallest: float) -> str:
    """Shares as upright bars, one character each; ``tallest`` is the share of a full one and a dot is nobody.

    >>> skyline([0.5, 0.25, 0.0, 0.001], 0.5), skyline([None, None], 0.5)
    ('█▄·▁', '')
    """
    if None in shares:
        return ""
    heights = [math.ceil((share or 0.0) / tallest * len(HEIGHTS) - 1e-9) for share in shares] if tallest else []
    return "".join(HEIGHTS[min(height, len(HEIGHTS)) - 1] if height > 0 else "·" for height in heights)


def percent(share: float | None) -> str:
    """A share in whole percent, four cells wide.

    >>> percent(0.375), percent(0.001), percent(None)
    (' 38%', '<1% ', '   ·')
    """
    if share is None:
        return "   ·"
    return "<1% " if 0 < share < 0.005 else f"{share:4.0%}"


def distance(value: float | None) -> str:
    """A distance with three decimals.

    >>> distance(0.12345), distance(float("inf")), distance(None)
    ('0.123', '∞', '·')
    """
    if value is None:
        return "·"
    return "∞" if value == float("inf") else f"{value:.3f}"
