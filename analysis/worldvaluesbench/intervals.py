"""How much a distance would change with other people: resampling those for whom the model answered.

People are drawn anew, each with all their rows: the model's scores and their own answers to every question. One
draw serves all questions and all levels, since whoever answers one question far from the model may do so on others as
well; the questions stay. A resampled distance tends to lie above the distance itself, since a sample differs from its
own resamples, so intervals are shifted until their middle is the distance. They say how much it varies, not how far
chance alone lifts it above 0: that is what the baseline ``split_half`` says.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.worldvaluesbench.distances import Floats, Grid, Ints, distance
from analysis.worldvaluesbench.findings import Interval
from analysis.yardsticks import DRAWS, interval
from surveys.formats.wvs.wave7 import Scale

CLUSTERS = 1000
"""Units that are drawn at most: more people are dealt out to so many groups at random, which are drawn whole."""

BLOCK = 1000
"""Resamples that are drawn at once."""


class Resamples:
    """How often each person stands in each resample.

    Parameters
    ----------
    people : numpy.ndarray, shape (n_rows,)
        Whom each row is of.
    paired : bool
        Whether the human answer of a row is that of its person. When not, people's answers to each question are
        drawn by themselves.
    draws : int
        Number of resamples.

    References
    ----------
    .. [1] Davison and Hinkley (1997). Bootstrap Methods and their Application. Cambridge, section 3.8.
    .. [2] Wolter (2007). Introduction to Variance Estimation. Springer, chapter 2 (random groups).
    """

    def __init__(self, people: Ints, rng: np.random.Generator, *, paired: bool = True, draws: int = DRAWS) -> None:
        persons, person = np.unique(people, return_inverse=True)
        units = min(len(persons), CLUSTERS)
        self._unit = (rng.permutation(len(persons)) % units)[person]
        even = np.full(units, 1 / units)
        blocks = [min(BLOCK, draws - start) for start in range(0, draws, BLOCK)]
        self._times = np.vstack([rng.multinomial(units, even, size=block).astype(np.float32) for block in blocks])
        self._rng, self._paired = rng, paired

    def distances(
        self,
        model: Ints,
        human: Ints,
        scale: Scale,
        rows: NDArray[np.integer],
        level: NDArray[np.integer] | None = None,
        levels: int = 1,
    ) -> Floats:
        """Distances of one question in every resample, within each level of a grouping.

        Parameters
        ----------
        model, human : numpy.ndarray, shape (n_answers,)
            Whole answers of both sides; ``MISSING`` where there is none.
        rows : numpy.ndarray, shape (n_answers,)
            Which of the rows these are.
        level : numpy.ndarray, shape (n_answers,), optional
            Level of each row; ``levels`` where it has none. All rows are of one level when absent.

        Returns
        -------
        numpy.ndarray, shape (draws, levels)
            Distances; NaN in a resample that leaves a side with nobody.
        """
        grid = Grid.of(scale, model, human)
        width = len(grid.values) + 1
        shape = (-1, levels, width)
        mine, theirs = grid.positions(model), grid.positions(human)
        inside = np.zeros(len(rows), np.intp) if level is None else level.astype(np.intp)
        of_model = self._counts(rows, inside * width + mine, levels * width).reshape(shape)
        if self._paired:
            of_people = self._counts(rows, inside * width + theirs, levels * width).reshape(shape)
        else:
            there = np.bincount(theirs, minlength=width)
            drawn = self._rng.multinomial(there.sum(), there / there.sum(), size=len(self._times))
            of_people = drawn.reshape(shape).astype(np.float32)
        return distance(of_model[..., :-1], of_people[..., :-1], grid.places)

    def _counts(self, rows: NDArray[np.integer], cells: NDArray[np.intp], width: int) -> NDArray[np.float32]:
        """(draws, width) rows in each cell; cells from ``width`` on are left out.

        Sums of whole numbers below 2^24 are exact in single precision, in whatever order they are added up.
        """
        inside = cells < width
        unit = self._unit[rows[inside]]
        units = np.flatnonzero(np.bincount(unit, minlength=self._times.shape[1]))
        place = np.zeros(self._times.shape[1], np.intp)
        place[units] = np.arange(len(units))
        table = np.bincount(place[unit] * width + cells[inside], minlength=len(units) * width)
        times = self._times if len(units) == self._times.shape[1] else self._times[:, units]
        return np.asarray(times @ table.reshape(len(units), width).astype(np.float32))


class MeanDraws:
    """Mean over questions of the resamples of many levels, question by question, without keeping them all."""

    def __init__(self) -> None:
        self._sum: Floats = np.zeros(1)
        self._known: Ints = np.zeros(1, np.int64)

    def add(self, draws: Floats) -> None:
        """Count in the (draws, levels) distances of one more question."""
        known = np.isfinite(draws)
        self._sum = self._sum + np.where(known, draws, 0.0)
        self._known = self._known + known

    @property
    def mean(self) -> Floats:
        """(draws, levels); NaN where no question has a distance."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.divide(self._sum, self._known))


def mean_of(drawn: Sequence[Floats]) -> Floats:
    """Mean over questions of each resample, those left out that leave a side with nobody."""
    total = MeanDraws()
    for draws in drawn:
        total.add(draws)
    return total.mean


def limits(draws: Floats, value: float) -> Interval | None:
    """Central 95 % of draws, shifted so that their median is the value: resamples lie too high."""
    known = draws[np.isfinite(draws)]
    if not known.size:
        return None
    median, low, high = interval(known)
    return max(0.0, low - median + value), high - median + value
