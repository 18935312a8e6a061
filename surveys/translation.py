"""A questionnaire in a further language: its wordings by id, and who reviewed them."""

from pydantic import Field

from demoscope.documents import Document


class Wording(Document):
    """What one entry says in another language; what is absent is missing and reported."""

    text: str | None = None
    """Wording of a question, item, battery or vignette; title of a section."""
    options: dict[int, str] = Field(default_factory=dict)
    """Labels by code."""
    low_label: str | None = None
    """What the lowest value of a scale means."""
    high_label: str | None = None
    """What the highest value of a scale means."""
    point_labels: dict[int, str] = Field(default_factory=dict)
    """What other points of a scale mean."""
    unit: str | None = None
    """Unit of a number."""
    instruction: str | None = None
    """How to answer."""
    wordings: dict[str, str] = Field(default_factory=dict)
    """Other wordings by name."""
    factors: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Levels of a vignette or conjoint task by attribute, in the order of the original."""
    over: tuple[str, ...] = ()
    """Members of a loop, in the order of the original."""
    reviewer: str | None = None
    """Who reviewed this wording; nobody yet when absent."""


class Translation(Document):
    """All wordings of one language."""

    title: str | None = None
    """Title of the questionnaire."""
    words: dict[str, Wording] = Field(default_factory=dict)
    """Wordings by the id of the entry they belong to."""
