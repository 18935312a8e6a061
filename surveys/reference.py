"""Human reference data: how many real people chose which option, by group."""

import csv
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from demoscope.documents import Document, read
from demoscope.errors import DocumentError


class Group(Document):
    """How one grouping of the reference is told from a persona's attributes.

    >>> age = Group(attribute="age", bands={"18-29": (18, 29), "30 and over": (30, 120)})
    >>> age.level({"age": 44}), age.level({"age": 12}), Group(attribute="sex").level({"sex": "female"})
    ('30 and over', None, 'female')
    """

    attribute: str
    """Persona attribute that the grouping is read from."""
    bands: dict[str, tuple[int, int]] | None = None
    """For numeric attributes: level -> lowest and highest value, both included."""

    def level(self, attributes: dict[str, str | int | float]) -> str | None:
        """Level of this grouping that a persona belongs to; ``None`` when its attribute fits none."""
        value = attributes.get(self.attribute)
        if value is None or self.bands is None:
            return None if value is None else str(value)
        if isinstance(value, str):
            return None
        return next((level for level, (low, high) in self.bands.items() if low <= value <= high), None)


class Reference(Document):
    """Counts of real answers, with where they come from.

    The table beside the document is a CSV with the columns ``question``, one per group, ``code`` (empty for
    people without a substantive answer) and ``count``.
    """

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    """Stable name."""
    title: str
    """What people call the survey."""
    year: int
    """Year of the fieldwork."""
    source: str
    """Who collected the data, where they can be had, and under which terms."""
    note: str | None = None
    """What a reader must know before comparing."""
    weighted: bool = False
    """Whether the counts are sums of survey weights."""
    restricted: bool = False
    """Whether the source forbids passing its rows on."""
    questionnaire: str
    """Id of the questionnaire whose question ids and codes the table uses."""
    table: str
    """File name of the CSV beside this document."""
    groups: dict[str, Group] = Field(default_factory=dict)
    """Groupings by which the counts are broken down: column -> how to read it from a persona."""

    @model_validator(mode="after")
    def _table_lies_beside(self) -> Self:
        if Path(self.table).name != self.table:
            raise ValueError(f"table {self.table!r} must be the name of a file beside the document, not a path")
        return self


class ReferenceCount(Document):
    """Number of people of one combination of groups who gave one answer."""

    question: str
    groups: tuple[tuple[str, str], ...]
    code: int | None
    count: float = Field(ge=0, allow_inf_nan=False)


class ReferenceCounts(Document):
    """A reference and its table, as read."""

    reference: Reference
    counts: tuple[ReferenceCount, ...]


def read_reference(path: Path) -> ReferenceCounts:
    """Read a reference document and the table beside it.

    Raises
    ------
    DocumentError
        If either is missing or malformed; the message names file and line.
    """
    reference = read(Reference, path)
    table = path.parent / reference.table
    wanted = ["question", *reference.groups, "code", "count"]
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in wanted if name not in (rows.fieldnames or [])]
            if missing:
                raise DocumentError(f"{table}: the column {missing[0]!r} is missing; it needs {wanted}.")
            counts = tuple(_row(row, reference, table, line) for line, row in enumerate(rows, start=2))
    except OSError as error:
        raise DocumentError(f"{table}: the table of {path.name} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise DocumentError(f"{table}: not UTF-8 text. Save it as UTF-8.") from None
    return ReferenceCounts(reference=reference, counts=counts)


def _row(row: dict[str, str], reference: Reference, table: Path, line: int) -> ReferenceCount:
    try:
        return ReferenceCount(
            question=row["question"],
            groups=tuple((name, row[name]) for name in reference.groups),
            code=int(row["code"]) if row["code"] else None,
            count=float(row["count"]),
        )
    except (ValueError, TypeError):
        raise DocumentError(
            f"{table}:{line}: code must be a whole number or empty and count a number of at least 0, "
            f"got {row['code']!r} and {row['count']!r}."
        ) from None
