"""What one model, or one baseline, said of people in one condition: a row a target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.individual.told import Told
from demoscope.documents import Document
from surveys.statements.sets import Form

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
IN_ORDER: tuple[Form, ...] = ("polar", "refined")
"""Forms in the order of the published tables."""

UNANSWERED = 0
"""Stands for the number of a statement where nothing was chosen; statements are numbered from 1."""


class Condition(Document):
    """Under which the targets of people were predicted."""

    model: str
    """Name of the model, or of the baseline."""
    target_form: Form
    """Form of the statements that are chosen from."""
    demonstration_form: Form
    """Form of the statements that a person is known by."""
    demonstrations: tuple[int, int]
    """Least and most statements that are told; equal when their number is fixed."""
    demographics: bool = False
    """Whether demographic statements are told too."""
    categories: tuple[str, ...] | None = None
    """Categories that demonstrations are drawn from; all when absent."""
    other: str = ""
    """What else tells it from conditions that are otherwise the same."""

    @property
    def label(self) -> str:
        """The condition without its model.

        >>> Condition(model="m", target_form="polar", demonstration_form="refined", demonstrations=(50, 200)).label
        'polar, 50-200 refined demonstrations'
        """
        least, most = self.demonstrations
        number = "no" if not most else str(most) if least == most else f"{least}-{most}"
        form = f" {self.demonstration_form}" if most and self.demonstration_form != self.target_form else ""
        told = f"{number}{form} demonstration{'' if (least, most) == (1, 1) else 's'}"
        parts = [self.target_form, told]
        if self.categories:
            parts.append(f"of {', '.join(self.categories)}")
        if self.demographics:
            parts.append("demographics")
        if self.other:
            parts.append(self.other)
        return ", ".join(parts)

    @property
    def name(self) -> str:
        """Model and condition."""
        return f"{self.model}: {self.label}"

    @property
    def in_own_form(self) -> bool:
        """Whether people are known by statements of the form of the targets, or by none at all."""
        return self.demonstration_form == self.target_form or not self.demonstrations[1]


@dataclass(frozen=True)
class Item:
    """One question of which statements are predicted."""

    question: str
    """Name of the source question."""
    category: str
    """Category of values that it belongs to."""
    size: int
    """Number of its statements in the form of the targets."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Every target that was put to one model in one condition and whose true statement is known."""

    condition: Condition
    people: tuple[str, ...]
    """(n_people,) identifiers."""
    setups: tuple[str, ...]
    """Names of the lists of questions that are targets together."""
    items: tuple[Item, ...]
    """Questions that are targets."""
    person: Ints
    """(n_rows,) position of each row's person."""
    setup: Ints
    """(n_rows,) position of its setup."""
    item: Ints
    """(n_rows,) position of its question."""
    given: Ints
    """(n_rows,) number of the statement that was chosen; :data:`UNANSWERED` where none was."""
    truth: Ints
    """(n_rows,) number of the statement that the person holds."""
    told: Told | None = None
    """What each row's person was known by, where that is known."""
    expected: Floats | None = None
    """(n_rows,) chance that each is predicted rightly, of a guess that has not been made; nothing is given then."""
    unanswered: Mapping[str, int] = field(default_factory=dict)
    """Why nothing was chosen: refused, invalid, failed or no vote -> number of rows."""
    unknown: int = 0
    """Targets left out because the person's own answer is not known."""
    notes: tuple[str, ...] = ()
    """What else a reader must know, such as a wave that is not finished."""

    def __post_init__(self) -> None:
        sizes = {len(rows) for rows in (self.person, self.setup, self.item, self.given, self.truth)}
        if len(sizes) != 1:
            raise ValueError(f"Rows of predictions must be equally many, got {sorted(sizes)}.")
        if len(self.truth) and self.truth.min() < 1:
            raise ValueError("Every target needs the number of its true statement, from 1.")

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def right(self) -> Floats:
        """(n_rows,) 1 where the chosen statement is the true one, 0 where it is not; the chance of it for a guess."""
        return np.asarray(self.given == self.truth, np.float64) if self.expected is None else self.expected

    @property
    def answered(self) -> NDArray[np.bool_]:
        """(n_rows,) whether a statement was chosen; always so for a guess."""
        if self.expected is not None:
            return np.ones(len(self), np.bool_)
        return np.asarray(self.given != UNANSWERED)

    def by(self, model: str, given: Ints, **changes: Any) -> "Predictions":
        """What somebody else said of the same targets.

        Parameters
        ----------
        model : str
            Name of that model or baseline.
        given : numpy.ndarray, shape (n_rows,)
            Numbers of the statements it chose; :data:`UNANSWERED` where it chose none.
        changes
            Other fields that differ.
        """
        none = int((given == UNANSWERED).sum())
        told = {"given": given, "unanswered": {"no vote": none} if none else {}, "notes": (), **changes}
        return replace(self, condition=self.condition.model_copy(update={"model": model}), **told)


def categories_of(items: Sequence[Item]) -> tuple[str, ...]:
    """Categories in the order in which they first occur.

    >>> categories_of([Item("a", "Trust", 2), Item("b", "Faith", 2), Item("c", "Trust", 2)])
    ('Trust', 'Faith')
    """
    return tuple(dict.fromkeys(item.category for item in items))
