"""Distances within subgroups: all levels of a demographic column at once, by counting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.worldvaluesbench.distances import Floats, Grid, Ints, distance
from surveys.formats.wvs.wave7 import Scale

Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Grouping:
    """One demographic column: which level each row belongs to."""

    name: str
    """What results call it."""
    levels: tuple[str, ...]
    """Names of the levels."""
    positions: Positions
    """(n_rows,) level of each row; -1 where there is none."""

    @classmethod
    def of(cls, name: str, values: Sequence[str | None]) -> "Grouping":
        """Grouping by texts; levels in the order in which they first appear.

        >>> Grouping.of("sex", ["f", None, "m"]).positions.tolist()
        [0, -1, 1]
        """
        order: dict[str, int] = {}
        positions = [-1 if not value else order.setdefault(value, len(order)) for value in values]
        return cls(name, tuple(order), np.array(positions, np.intp))

    def take(self, rows: Positions) -> "Grouping":
        """The same grouping of some of the rows."""
        return Grouping(self.name, self.levels, self.positions[rows])


@dataclass(frozen=True, eq=False)
class Demographics:
    """What is known of the persons by whom results can be broken down."""

    people: Ints
    """(n_people,) identifiers, ascending."""
    groupings: tuple[Grouping, ...]
    """Groupings of these people."""

    def of(self, people: Ints) -> tuple[Grouping, ...]:
        """The groupings of rows that answer for these people."""
        place = np.minimum(np.searchsorted(self.people, people), max(len(self.people) - 1, 0))
        known = self.people[place] == people if len(self.people) else np.zeros(len(people), bool)
        return tuple(
            Grouping(one.name, one.levels, np.where(known, one.positions[place], -1)) for one in self.groupings
        )


def crossed(groupings: Sequence[Grouping]) -> Grouping:
    """All combinations of levels that occur, as one grouping.

    >>> crossed([Grouping.of("a", ["x", "x"]), Grouping.of("b", ["1", "2"])]).levels
    ('x, 1', 'x, 2')
    """
    rows = zip(*(grouping.positions.tolist() for grouping in groupings), strict=True)
    names = [
        None
        if min(places) < 0
        else ", ".join(grouping.levels[place] for grouping, place in zip(groupings, places, strict=True))
        for places in rows
    ]
    return Grouping.of(" x ".join(grouping.name for grouping in groupings), names)


@dataclass(frozen=True, eq=False)
class GroupDistances:
    """What came out for one question and one grouping, an entry a level."""

    distances: Floats
    """(n_levels,) distances; NaN where a side has nobody."""
    model: Ints
    """(n_levels,) scores of the model."""
    human: Ints
    """(n_levels,) answers of people."""

    @property
    def mean(self) -> float:
        """Mean over the levels that have a distance; NaN when none has."""
        known = self.distances[np.isfinite(self.distances)]
        return float(known.mean()) if known.size else float("nan")


@dataclass(frozen=True, eq=False)
class Subgroups:
    """Groupings of the same rows, prepared for many questions."""

    groupings: tuple[Grouping, ...]
    _keys: dict[int, list[Positions]] = field(default_factory=dict)

    def of(self, model: Ints, human: Ints, scale: Scale) -> Mapping[str, GroupDistances]:
        """Distances within every level of every grouping, for one question.

        Parameters
        ----------
        model, human : numpy.ndarray, shape (n_rows,)
            Whole answers of both sides for the same rows; ``MISSING`` where there is none.

        Notes
        -----
        Both sides of all levels of a grouping are counted in one pass over the rows, so that a question costs as many
        passes as there are groupings, however many levels they have.
        """
        grid = Grid.of(scale, model, human)
        width = len(grid.values) + 1
        answers = np.concatenate([grid.positions(model), grid.positions(human)])
        found = {}
        for grouping, keys in zip(self.groupings, self._of_width(width), strict=True):
            n = len(grouping.levels)
            counts = np.bincount(keys + answers, minlength=2 * (n + 1) * width).reshape(2, n + 1, width)
            of_model, of_people = counts[0, :n, :-1], counts[1, :n, :-1]
            found[grouping.name] = GroupDistances(
                distance(of_model, of_people, grid.places),
                of_model.sum(axis=1).astype(np.int64),
                of_people.sum(axis=1).astype(np.int64),
            )
        return found

    def _of_width(self, width: int) -> list[Positions]:
        """First place of each row's level and side in the table of counts; the same for all questions of a width."""
        if width not in self._keys:
            keys = []
            for grouping in self.groupings:
                n = len(grouping.levels)
                level = np.where(grouping.positions < 0, n, grouping.positions)
                keys.append(np.concatenate([level, level + n + 1]) * width)
            self._keys[width] = keys
        return self._keys[width]
