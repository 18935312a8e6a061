"""A questionnaire in a further language: its wordings by id, and who reviewed them."""

from typing import Any

from pydantic import Field

from demoscope.documents import Document
from surveys.option import Words


class Wording(Document):
    """What one entry says in another language; what is absent is missing and reported."""

    text: Words | None = None
    """Wording of a question, item, battery or vignette; title of a section."""
    options: dict[int, Words] = Field(default_factory=dict)
    """Labels by code."""
    low_label: Words | None = None
    """What the lowest value of a scale means."""
    high_label: Words | None = None
    """What the highest value of a scale means."""
    point_labels: dict[int, Words] = Field(default_factory=dict)
    """What other points of a scale mean."""
    unit: Words | None = None
    """Unit of a number."""
    instruction: Words | None = None
    """How to answer."""
    wordings: dict[str, Words] = Field(default_factory=dict)
    """Other wordings by name."""
    factors: dict[str, dict[int, Words]] = Field(default_factory=dict)
    """Levels of a vignette or conjoint task: attribute -> place in the original, from 0 -> wording."""
    attributes: dict[str, Words] = Field(default_factory=dict)
    """What the attributes of a conjoint task are called: attribute in the original -> wording."""
    over: dict[int, Words] = Field(default_factory=dict)
    """Members of a loop: place in the original, from 0 -> wording."""
    reviewer: str | None = None
    """Who reviewed this wording; nobody yet when absent."""

    def at(self, slot: tuple[str | int, ...]) -> str | None:
        """The wording in a slot, such as ``("options", 2)``; ``None`` when it is missing.

        >>> Wording(options={2: "否"}).at(("options", 2))
        '否'
        """
        place: Any = getattr(self, str(slot[0]))
        for part in slot[1:]:
            place = place.get(part) if place is not None else None
        return place if isinstance(place, str) else None


class Translation(Document):
    """All wordings of one language."""

    title: Words | None = None
    """Title of the questionnaire."""
    words: dict[str, Wording] = Field(default_factory=dict)
    """Wordings by the id of the entry they belong to."""
