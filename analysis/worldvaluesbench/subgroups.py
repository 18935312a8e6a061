"""Distances within subgroups: all levels of a demographic column at once, by counting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.worldvaluesbench.distances import Floats, Grid, Ints, distance
from surveys.formats.wvs.wave7 import Scale

Positions = NDArray[np.intp]

SMALL = 10_000
"""Cells that a table of both sides may have however few rows there are."""


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


@dataclass(frozen=True, eq=False)
class Demographics:
    """What is known of the persons by whom results can be broken down."""

    people: Ints
    """(n_people,) identifiers, ascending."""
    groupings: tuple[Grouping, ...]
    """Groupings of these people."""

    def of(self, people: Ints) -> tuple[Grouping, ...]:
        """The groupings of other rows of people."""
        places = places_of(people, self.people)
        return tuple(
            Grouping(one.name, one.levels, np.where(places < 0, -1, one.positions[places])) for one in self.groupings
        )


def places_of(people: Ints, known: Ints) -> NDArray[np.int32]:
    """Place of each of ``people`` among the ``known`` ones, who are in ascending order; -1 for somebody else.

    >>> places_of(np.array([7, 5, 9]), np.array([5, 7])).tolist()
    [1, 0, -1]
    """
    if not len(known):
        return np.full(len(people), -1, np.int32)
    places = np.minimum(np.searchsorted(known, people), len(known) - 1).astype(np.int32)
    places[known[places] != people] = -1
    return places


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
    counts: Ints
    """(n_levels, n_answers) how often people gave each answer of the scale."""

    @property
    def mean(self) -> float:
        """Mean over the levels that have a distance; NaN when none has."""
        known = self.distances[np.isfinite(self.distances)]
        return float(known.mean()) if known.size else float("nan")


class Subgroups:
    """Groupings of people, ready for the answers of many questions."""

    def __init__(self, groupings: Sequence[Grouping]) -> None:
        self.groupings = tuple(groupings)
        # A level more, of those who have none; the last entry is that of rows whose person is not known.
        self._levels = [
            np.append(np.where(one.positions < 0, len(one.levels), one.positions), len(one.levels)).astype(np.int32)
            for one in groupings
        ]

    def levels(self, grouping: int, people: NDArray[np.integer]) -> NDArray[np.int32]:
        """(n_rows,) level of each row in the grouping at this place; the number of levels where it has none."""
        return np.asarray(self._levels[grouping][people])

    def of(self, model: Ints, human: Ints, scale: Scale, people: NDArray[np.integer]) -> Mapping[str, GroupDistances]:
        """Distances within every level of every grouping, for one question.

        Parameters
        ----------
        model, human : numpy.ndarray, shape (n_rows,)
            Whole answers of both sides for the same rows; ``MISSING`` where there is none.
        people : numpy.ndarray, shape (n_rows,)
            Place of each row's person in the groupings; -1 when it is not known.

        Notes
        -----
        All levels of a grouping are counted in one pass over the rows, both sides together where that table is small.
        """
        grid = Grid.of(scale, model, human)
        width = len(grid.values) + 1
        mine, theirs = grid.positions(model), grid.positions(human)
        both = mine * width + theirs
        on_scale = np.flatnonzero((grid.values >= scale.minimum) & (grid.values <= scale.maximum))
        found = {}
        for place, grouping in enumerate(self.groupings):
            n = len(grouping.levels)
            level = self.levels(place, people).astype(np.intp)
            if width * width * (n + 1) <= max(4 * len(people), SMALL):
                cells = np.bincount(level * (width * width) + both, minlength=width * width * (n + 1))
                table = cells.reshape(n + 1, width, width)[:n]
                of_model, of_people = table.sum(axis=2)[:, :-1], table.sum(axis=1)[:, :-1]
            else:
                of_model, of_people = (
                    np.bincount(level * width + side, minlength=width * (n + 1)).reshape(n + 1, width)[:n, :-1]
                    for side in (mine, theirs)
                )
            found[grouping.name] = GroupDistances(
                distance(of_model, of_people, grid.places),
                of_model.sum(axis=1),
                of_people.sum(axis=1),
                of_people[:, on_scale],
            )
        return found
