"""How the file of a survey becomes a reference: which column is which question, which value which option."""

from typing import Self

from pydantic import Field, model_validator

from demoscope.documents import Document
from surveys.reference import Group, Reference

Bounds = tuple[float, float]


class Missing(Document):
    """Values that mean that somebody gave no substantive answer.

    >>> missing = Missing(values=("NA",), ranges=((-9, -1), (98, 99)))
    >>> missing.has("NA"), missing.has("-8"), missing.has("4"), missing.has("Refused")
    (True, True, False, False)
    """

    values: tuple[str | int, ...] = ()
    """Single values, as they stand in the file."""
    ranges: tuple[Bounds, ...] = ()
    """Lowest and highest number, both included."""

    @model_validator(mode="after")
    def _ranges_are_in_order(self) -> Self:
        for low, high in self.ranges:
            if low > high:
                raise ValueError(f"the range of missing values begins at {low:g} and ends at {high:g}; turn it round")
        return self

    def has(self, text: str) -> bool:
        """Whether a value, as text, is one of them."""
        if any(text == str(value) for value in self.values):
            return True
        try:
            number = float(text)
        except ValueError:
            return False
        return any(low <= number <= high for low, high in self.ranges)


class MappedQuestion(Document):
    """Where the answers to one question stand."""

    column: str = Field(min_length=1)
    """Column of the file."""
    codes: dict[str | int, int] = Field(default_factory=dict)
    """Value in the file -> code of the option; a value that is not named is the code itself."""
    missing: Missing = Missing()
    """Missing values of this column, beside those of all columns."""


class MappedGroup(Group):
    """Where one grouping stands, and how it is told from a persona's attributes."""

    column: str = Field(min_length=1)
    """Column of the file: levels, or with ``bands`` numbers."""
    codes: dict[str | int, str] = Field(default_factory=dict)
    """Value in the file -> level of the persona's attribute; a value that is not named is the level itself."""
    missing: Missing = Missing()
    """Missing values of this column, beside those of all columns."""

    @model_validator(mode="after")
    def _bands_need_no_codes(self) -> Self:
        if self.bands is not None and self.codes:
            raise ValueError("bands are read from numbers; leave out codes, or the bands")
        return self


class ReferenceMapping(Document):
    """A survey's own file as a human reference; people are counted when it is read, and only counts are kept."""

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
    restricted: bool = False
    """Whether the source forbids passing its rows on."""
    questionnaire: str
    """Id of the questionnaire whose questions are mapped."""
    data: str = Field(min_length=1, pattern=r"^[^\x00]+$")
    """The file: .csv, .tsv, .parquet, .sav, .zsav or .dta, relative to the folder of this document."""
    weight: str | None = None
    """Column of the survey weights; everybody counts as one when absent. Rows of weight 0 are left out."""
    only: dict[str, tuple[str | int, ...]] = Field(default_factory=dict)
    """Column -> values: only rows with one of them are counted, such as one country or one year."""
    missing: Missing = Missing()
    """Missing values of every mapped column. Empty cells need not be named, nor what SPSS or Stata files declare."""
    questions: dict[str, MappedQuestion | str] = Field(default_factory=dict)
    """Question id -> column, or where its answers stand. A question that is not named is looked for in a column of
    its own name, and left out when there is none."""
    groups: dict[str, MappedGroup] = Field(default_factory=dict)
    """Groupings by which people are counted: name -> where it stands."""

    def where(self, question: str) -> MappedQuestion:
        """Where the answers to a question stand, if anywhere."""
        said = self.questions.get(question, question)
        return MappedQuestion(column=said) if isinstance(said, str) else said

    @property
    def reference(self) -> Reference:
        """The reference that it becomes."""
        return Reference(
            **{name: getattr(self, name) for name in ("id", "title", "year", "source", "note", "restricted")},
            weighted=self.weight is not None,
            questionnaire=self.questionnaire,
            table=self.data.replace("\\", "/").rpartition("/")[2],
            groups={name: Group(attribute=g.attribute, bands=g.bands) for name, g in self.groups.items()},
        )
