"""Where the shares of a population come from: what a document may name as a source."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, Tag, field_validator, model_validator

from demoscope.documents import Document, by_kind
from demoscope.tables import file_beside

Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]


class _Counted(Document):
    """What sources of counts share: a table beside the document, or shares written out."""

    attributes: tuple[Name, ...] = Field(min_length=1)
    """Attributes that the source gives: one, or several crossed."""
    table: str | None = None
    """File name of a CSV beside the document: a column for each attribute, with level codes or band names, and one
    of counts. Combinations that are not in it do not occur."""
    count: str = "count"
    """Column of the counts, shares or weights; only their proportions matter."""
    shares: dict[str, Share] = Field(default_factory=dict)
    """Instead of a table, for one attribute: level code or band name -> count or share."""

    @field_validator("table")
    @classmethod
    def _lies_beside(cls, table: str | None) -> str | None:
        return None if table is None else file_beside(table)

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if (self.table is None) == (not self.shares):
            raise ValueError("name a `table` or write out `shares`, one of the two")
        if self.shares and len(self.attributes) != 1:
            raise ValueError("`shares` are written out for one attribute; several crossed ones need a `table`")
        if len(set(self.attributes)) < len(self.attributes):
            raise ValueError(f"an attribute is named twice in {', '.join(self.attributes)}")
        return self

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.table or f"shares of {self.attributes[0]}"


class JointCounts(_Counted):
    """How many people (or how much weight) each combination of levels has.

    >>> JointCounts(table="adults.csv", attributes=("sex", "age")).name
    'adults.csv'
    """

    kind: Literal["joint"] = "joint"
    """Counts of combinations of attributes; margins may rake them."""


class Margin(_Counted):
    """What the population must add up to: the levels of one attribute, or of several crossed.

    Margins that share attributes are raked together; ones that do not are independent of each other.

    >>> Margin(kind="margin", attributes=("sex",), shares={"male": 49, "female": 51}).name
    'shares of sex'
    """

    kind: Literal["margin"]
    """Totals that the population is raked to."""


class Conditional(Document):
    """How some attributes are distributed for each combination of others.

    >>> Conditional(kind="conditional", table="jobs.csv", attributes=("job",), given=("sex", "age")).name
    'jobs.csv'
    """

    kind: Literal["conditional"]
    """Shares of attributes, given others."""
    table: str
    """File name of a CSV beside the document: a column for each attribute and each given one, and one of shares."""
    attributes: tuple[Name, ...] = Field(min_length=1)
    """Attributes that the table gives."""
    given: tuple[Name, ...] = Field(min_length=1)
    """Attributes that they depend on; another source gives these."""
    share: str = "share"
    """Column of the shares; they are scaled to 1 for each combination of the given attributes."""

    @field_validator("table")
    @classmethod
    def _lies_beside(cls, table: str) -> str:
        return file_beside(table)

    @model_validator(mode="after")
    def _names_are_used_once(self) -> Self:
        names = (*self.attributes, *self.given)
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name!r} is named twice; an attribute is given or depends on the given ones")
        return self

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.table


class Variable(Document):
    """Which column of the microdata holds an attribute, and how its values are read.

    >>> Variable(column="gender", codes={"1": "male", "2": "female"}, missing="drop").missing
    'drop'
    """

    column: Name
    """Column of the file."""
    codes: dict[str, str] = Field(default_factory=dict)
    """Value as it stands in the file -> level code, band name or number; others stay as they are."""
    missing: Literal["refuse", "drop", "level", "unknown"] = "refuse"
    """What becomes of rows without a value: ``refuse`` stops and says where; ``drop`` leaves the row out; ``level``
    makes it the level named by ``missing_level``; ``unknown`` keeps the person without this attribute. Nothing is
    ever imputed."""
    missing_values: tuple[str, ...] = ()
    """Values that mean "no answer" too, besides empty cells and what an SPSS or Stata file declares missing."""
    missing_level: str | None = None
    """Level code for ``missing: level``."""
    outside: Literal["refuse", "drop"] = "refuse"
    """Of a numeric attribute: what becomes of rows whose number lies in none of its bands."""

    @model_validator(mode="after")
    def _missing_level_is_there(self) -> Self:
        if (self.missing == "level") != (self.missing_level is not None):
            raise ValueError("`missing: level` and `missing_level` belong together")
        return self


class Microdata(Document):
    """A file of real people, one a row: CSV, Parquet, SPSS (.sav, .zsav) or Stata (.dta).

    >>> Microdata(kind="microdata", file="people.csv", attributes={"sex": {"column": "gender"}}).name
    'people.csv'
    """

    kind: Literal["microdata"]
    """Rows of real people."""
    file: Name
    """Path of the file, relative to the folder of the document."""
    attributes: dict[Name, Variable] = Field(min_length=1)
    """Attribute -> how it is read; a plain text names the column."""
    weight: str | None = None
    """Column of the survey weights; every row counts 1 when absent. Rows of weight 0 are left out."""
    row: str | None = None
    """Column that identifies a row; the row's number, from 1, when absent."""
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Column -> values of the rows to keep, such as one country of many."""
    labels: bool = True
    """Whether values of SPSS and Stata files are read as their labels; their raw values otherwise."""
    restricted: bool = False
    """Whether the terms of the file forbid passing its rows on; the store says so."""

    @field_validator("attributes", mode="before")
    @classmethod
    def _plain_text_is_a_column(cls, attributes: Any) -> Any:
        if not isinstance(attributes, dict):
            return attributes
        return {name: {"column": how} if isinstance(how, str) else how for name, how in attributes.items()}

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.file


Source = Annotated[
    Annotated[JointCounts, Tag("joint")]
    | Annotated[Margin, Tag("margin")]
    | Annotated[Conditional, Tag("conditional")]
    | Annotated[Microdata, Tag("microdata")],
    by_kind("joint", "source", "joint, margin, conditional and microdata"),
]
"""Any source; one without a ``kind`` holds joint counts."""
