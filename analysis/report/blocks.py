"""What a page is made of: plain data that says what is shown, and nothing of how it looks."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from markupsafe import Markup

Tone = Literal["plain", "answer", "note", "heading"]
Mark = Literal["human", "off", "worse"]
"""Like people; off, but better than guessing; no better than guessing."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of text."""

    kind: ClassVar[str] = "paragraph"
    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure that a reader takes away."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Figures side by side."""

    kind: ClassVar[str] = "tiles"
    items: tuple[Tile, ...]
    subject: int | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """One cell of a table."""

    text: str
    sort: float | str | None = None
    """What the cell is sorted by; its text when absent."""
    shade: int | None = None
    """From 0 to 9, for tables of shades."""
    mark: Mark | None = None
    href: str | None = None
    """Id of what it leads to on the same page."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; ``number`` columns are set flush right and sorted as numbers."""

    label: str
    number: bool = True
    subject: int | None = None
    """The condition that it is about, so that it can be hidden."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    values: tuple[Value, ...]
    subject: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be sorted; the first column heads its rows."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    subject: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its words."""

    kind: ClassVar[str] = "figure"
    name: str
    """File name it is saved under, without an ending."""
    title: str
    svg: Markup
    note: str = ""
    subject: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a model, exactly as it said them, cut when long."""

    kind: ClassVar[str] = "quote"
    title: str
    text: str
    subject: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A document in its own notation."""

    kind: ClassVar[str] = "source"
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that are opened when wanted."""

    kind: ClassVar[str] = "fold"
    title: str
    blocks: tuple["Block", ...]
    subject: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One question with everything about it."""

    name: str
    """Id on the page."""
    title: str
    text: str
    facts: str
    marks: tuple[str, ...]
    """What it can be filtered by."""
    sorts: tuple[float, ...]
    """Its place in the questionnaire and its distance from people."""
    blocks: tuple["Block", ...]


@dataclass(frozen=True, slots=True)
class Cards:
    """Questions that can be searched, filtered and sorted."""

    kind: ClassVar[str] = "cards"
    cards: tuple[Card, ...]


Block = Paragraph | Bullets | Tiles | Table | Figure | Quote | Source | Fold | Cards


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading."""

    name: str
    title: str
    blocks: tuple[Block, ...]
