"""What a questionnaire document lists: questions, and what groups or repeats them."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from demoscope.documents import Document
from surveys.factors import Factors
from surveys.option import LARGEST, Option, Words
from surveys.question import Exclusion, Expression, Id, Question

Order = Literal["fixed", "rotated", "random"]
"""How questions follow each other: as written, beginning at a drawn place, or shuffled; seeded by person."""


class Item(Document):
    """One line of a battery."""

    id: Id
    """Id of the question that the item becomes."""
    text: str = Field(min_length=1)
    """Its wording."""
    dimension: str | None = None
    """Value dimension, when the items differ in it."""
    topic: str | None = None
    """Topic, when the items differ in it."""
    polarity: Literal[-1, 1] | None = None
    """1 when higher codes mean more of the dimension, -1 when they mean less."""
    show_if: Expression | None = None
    """Condition under which the item is asked."""
    exclude: Exclusion | None = None
    """When given, the item stays in the document and is not put to models."""


class Battery(Document):
    """Items under one wording and one set of answers, also known as a matrix or grid."""

    kind: Literal["battery"]
    """Says what this entry is."""
    id: Id
    """Name of the battery."""
    text: str = Field(min_length=1)
    """Wording before the items."""
    items: tuple[Item, ...] = Field(min_length=1)
    """The lines, each a question of its own."""
    answers: Literal["single", "multiple", "scale"] = "single"
    """Kind of every item."""
    options: tuple[Option, ...] = ()
    """What can be chosen for every item, or the name of a usual set; of scales, what can be said instead."""
    minimum: int | None = Field(default=None, ge=-LARGEST, le=LARGEST)
    """Lowest value of a scale."""
    maximum: int | None = Field(default=None, ge=-LARGEST, le=LARGEST)
    """Highest value of a scale."""
    low_label: str | None = None
    """What the lowest value means."""
    high_label: str | None = None
    """What the highest value means."""
    point_labels: dict[int, str] = Field(default_factory=dict)
    """What points of a scale between its ends mean, when more than the ends are labelled."""
    min_selections: int | None = None
    """How many options of a multiple choice must be chosen at least; one when absent."""
    max_selections: int | None = None
    """How many options of a multiple choice may be chosen; all of them when absent."""
    ordinal: bool = True
    """Whether the order of the options carries meaning, so that Wasserstein distances do."""
    order: Order = "fixed"
    """How the items follow each other."""
    dimension: str | None = None
    """Value dimension of items that name none."""
    topic: str | None = None
    """Topic of items that name none."""
    instruction: str | None = None
    """What tells the respondent how to answer."""
    show_if: Expression | None = None
    """Condition under which the battery is asked."""


class Section(Document):
    """Entries that belong together, with an order and a condition of their own."""

    kind: Literal["section"]
    """Says what this entry is."""
    id: Id
    """Name of the section."""
    title: Words | None = None
    """What people call it."""
    order: Order = "fixed"
    """How its entries follow each other."""
    show_if: Expression | None = None
    """Condition under which it is asked."""
    questions: tuple["Entry", ...] = Field(min_length=1)
    """What stands in it."""


class Loop(Document):
    """Questions asked once for each member of a list; ``{{ item }}`` in their wording is the member."""

    kind: Literal["loop"]
    """Says what this entry is."""
    id: Id
    """Name of the loop."""
    over: tuple[Words, ...] | str = Field(min_length=1)
    """The members in words, or the id of an earlier multiple choice, whose chosen options are gone through."""
    order: Order = "fixed"
    """How the members follow each other; what is asked for one member stays together."""
    questions: tuple["Entry", ...] = Field(min_length=1)
    """What is asked for each member; ids get the member's number, or the option's code, after an underscore."""


class Vignette(Document):
    """A described situation that varies by seeded factors, with questions about it."""

    kind: Literal["vignette"]
    """Says what this entry is."""
    id: Id
    """Name of the vignette."""
    text: str = Field(min_length=1)
    """The situation; ``{{ attribute }}`` inserts the level that was drawn."""
    factors: Factors
    """What varies; one profile."""
    order: Order = "fixed"
    """How the questions about it follow each other."""
    questions: tuple[Question, ...] = Field(min_length=1)
    """What is asked about it; all see the same situation."""


class Conjoint(Document):
    """Tasks in which one of several profiles is chosen."""

    kind: Literal["conjoint"]
    """Says what this entry is."""
    id: Id
    """Name; tasks are the questions ``id_1``, ``id_2`` and so on, whose codes are the numbers of the profiles."""
    text: str = Field(min_length=1)
    """Wording before the profiles."""
    factors: Factors
    """What varies; two profiles or more."""
    tasks: int = Field(default=1, ge=1, le=100)
    """How many choices each respondent makes."""
    order: Order = "fixed"
    """How the tasks follow each other."""
    none: str | None = None
    """Wording of an option to choose no profile; it has the code 0."""


GROUPS = ("battery", "section", "loop", "vignette", "conjoint")
"""Kinds of entries that are not questions."""


def _tag(content: Any) -> str:
    kind = content.get("kind") if isinstance(content, dict) else getattr(content, "kind", None)
    return kind if isinstance(kind, str) and kind in GROUPS else "question"


Entry = Annotated[
    Annotated[Question, Tag("question")]
    | Annotated[Battery, Tag("battery")]
    | Annotated[Section, Tag("section")]
    | Annotated[Loop, Tag("loop")]
    | Annotated[Vignette, Tag("vignette")]
    | Annotated[Conjoint, Tag("conjoint")],
    Discriminator(_tag),
]
"""What stands in a questionnaire or a section: a question unless its kind says otherwise."""
