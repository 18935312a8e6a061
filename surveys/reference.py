"""Human reference data: how many real people chose which option, by group."""

import hashlib
from functools import cached_property
from pathlib import Path

from pydantic import Field, field_validator

from demoscope.documents import Document, read
from demoscope.errors import DocumentError
from demoscope.tables import amount, file_beside, read_table


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

    @field_validator("bands")
    @classmethod
    def _bands_are_in_order(cls, bands: dict[str, tuple[int, int]] | None) -> dict[str, tuple[int, int]] | None:
        for level, (low, high) in (bands or {}).items():
            if low > high:
                raise ValueError(f"the band {level!r} begins at {low} and ends at {high}; put the lower one first")
        return bands

    def level(self, attributes: dict[str, str | int | float]) -> str | None:
        """Level of this grouping that a persona belongs to; ``None`` when its attribute fits none."""
        value = attributes.get(self.attribute)
        if value is None or self.bands is None:
            return None if value is None else str(value)
        if isinstance(value, str):
            return None
        return next((level for level, (low, high) in self.bands.items() if low <= value <= high), None)


CULTURES = ("culture", "country")
"""Groupings that tell whose people a condition is compared with (by its `culture`), the first that there is; personas
need no attribute for them."""


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

    @property
    def traits(self) -> dict[str, Group]:
        """Groupings of people within a culture."""
        return {name: group for name, group in self.groups.items() if name not in CULTURES}

    @property
    def culture(self) -> str | None:
        """The grouping that tells cultures apart, if there is one."""
        return next((name for name in CULTURES if name in self.groups), None)

    @field_validator("table")
    @classmethod
    def _table_lies_beside(cls, name: str) -> str:
        return file_beside(name)


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

    def __repr__(self) -> str:
        return f"ReferenceCounts({self.reference.id!r}, {len(self.counts):,} counts)"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from surveys.notebook import reference_html

        return reference_html(self)

    @cached_property
    def digest(self) -> str:
        """BLAKE2 hash of the counts, so that a store knows when they were changed."""
        rows = sorted(repr((c.question, c.groups, c.code, c.count)) for c in self.counts)
        return hashlib.blake2b("\n".join(rows).encode(), digest_size=12).hexdigest()


def read_reference(path: Path) -> ReferenceCounts:
    """Read a reference document and the table beside it.

    Raises
    ------
    DocumentError
        If either is missing or malformed; the message names file and line.
    """
    reference = read(Reference, path)
    table = path.parent / reference.table
    names = list(reference.groups)
    rows = read_table(table, ["question", *names, "code", "count"])
    seen: dict[tuple[str, ...], int] = {}
    counts = []
    for line, row in rows:
        where = f"{table}:{line}"
        cell = tuple(row[name] for name in ["question", *names, "code"])
        if cell in seen:
            raise DocumentError(f"{where}: this combination stands twice (first on line {seen[cell]}); keep one.")
        seen[cell] = line
        for name, group in reference.groups.items():
            if group.bands is not None and row[name] and row[name] not in group.bands:
                known = ", ".join(group.bands)
                raise DocumentError(f"{where}: {name} has no level {row[name]!r}; the document's are {known}.")
        counts.append(
            ReferenceCount(
                question=row["question"],
                groups=tuple((name, row[name]) for name in names),
                code=_code(row["code"], where),
                count=amount(row["count"], "count", where),
            )
        )
    return ReferenceCounts(reference=reference, counts=tuple(counts))


def _code(text: str, where: str) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        raise DocumentError(f"{where}: code must be a whole number, or empty for no answer, got {text!r}.") from None
