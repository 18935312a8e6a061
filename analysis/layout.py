"""What all parts of a summary on the terminal share: colours, tables of numbers, ranges and verdicts."""

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from analysis.findings import Measure, Range
from analysis.ink import distance

SIMULATED, HUMAN, FAINT, GOOD, BAD = "bright_cyan", "yellow", "dim", "green", "red"

WIDEST = 100
"""Cells that the summary uses at most; narrower terminals get shorter bars."""


def table(gap: int) -> Table:
    """A table with one rule below its header and ``gap`` cells between columns."""
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap, 0, 0))


def numbers(into: Table, **columns: str) -> None:
    """Add columns of numbers, which are never cut: header -> style."""
    for header, style in columns.items():
        into.add_column(header, justify="right", style=style, no_wrap=True)


def spread(found: Range) -> str:
    """Median and range.

    >>> spread(Range(median=0.1, low=0.02, high=0.3))
    '0.100 (0.020–0.300)'
    """
    return f"{distance(found.median)} ({distance(found.low)}–{distance(found.high)})"


def verdict(m: Measure, word: bool = True) -> Text:
    """A mark, and the word for it: like people, off, or no better than guessing.

    >>> people = Range(median=0.1, low=0.0, high=0.2)
    >>> [verdict(Measure(simulated=d, uniform=0.4, majority=0.5, sample=people)).plain for d in (0.2, 0.3, 0.4)]
    ['✓ human', '✗ off', '✗✗ worse']
    """
    mark, name, style = "✗✗", "worse", BAD
    if m.within_people:
        mark, name, style = "✓", "human", GOOD
    elif m.closer_than_uniform:
        mark, name = "✗", "off"
    return Text(f"{mark} {name}" if word else mark, style=style)
