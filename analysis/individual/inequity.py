"""How unevenly people of different groups are predicted: sigma-inequity, with what chance alone would make of it.

Sigma of a dimension is the standard deviation of its groups' accuracies, in percentage points; the score is the mean
over dimensions. Groups of few people differ by chance, so sigma is never 0. Three things say how much of it is
chance: the permutation null (people dealt out to the groups at random), the noise that the spread within groups
implies, and sigma with that noise taken off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.individual.effects import holm_known
from analysis.individual.intervals import Interval, percentile
from analysis.individual.predictions import Floats, Ints
from analysis.yardsticks import DRAWS

NOWHERE = -1
"""Position of somebody whose level is not known."""


@dataclass(frozen=True, eq=False)
class Dimension:
    """One attribute of people, by whose levels they are grouped."""

    name: str
    levels: tuple[str, ...]
    position: Ints
    """(n_people,) level of each; :data:`NOWHERE` when it is not known."""

    @classmethod
    def of(cls, name: str, values: Sequence[str | None]) -> "Dimension":
        """A dimension of texts; levels in order of the alphabet, ``None`` and empty texts belong to none.

        >>> Dimension.of("sex", ["male", None, "female"]).position.tolist()
        [1, -1, 0]
        """
        levels = tuple(sorted({value for value in values if value}))
        place = {level: number for number, level in enumerate(levels)}
        return cls(name, levels, np.array([place.get(value or "", NOWHERE) for value in values], np.int64))

    def ordered(self, order: Sequence[str]) -> "Dimension":
        """The same with levels in this order, of those that occur."""
        levels = tuple(level for level in order if level in self.levels)
        place = {level: number for number, level in enumerate(levels)}
        told = [self.levels[position] if position >= 0 else None for position in self.position.tolist()]
        return Dimension(self.name, levels, np.array([place.get(one or "", NOWHERE) for one in told], np.int64))


@dataclass(frozen=True)
class DimensionInequity:
    """One dimension; everything in percentage points."""

    dimension: str
    groups: tuple[str, ...]
    """Levels that count."""
    means: tuple[float, ...]
    """Accuracy within each."""
    people: tuple[int, ...]
    """People within each."""
    sigma: float
    """Standard deviation of the groups' accuracies."""
    interval: Interval | None
    """Of sigma: bootstrap over people, the noise that resampling adds taken off."""
    noise: float
    """Sigma that is expected when groups do not differ, from the spread of people within them."""
    corrected: float
    """Square root of sigma squared minus noise squared; 0 when noise is the larger."""
    corrected_interval: Interval | None
    """Of ``corrected``."""
    null: float
    """Mean sigma of the permutations."""
    p: float
    """Share of permutations with a sigma as large, the observed one counted in."""
    p_holm: float = float("nan")
    """``p`` adjusted for the number of dimensions."""


@dataclass(frozen=True)
class Inequity:
    """All dimensions of one model in one condition."""

    dimensions: tuple[DimensionInequity, ...]
    skipped: Mapping[str, str]
    """Dimension -> why it has no sigma."""
    score: float
    """Mean sigma over dimensions; NaN when there is none."""
    interval: Interval | None
    null: float
    """Mean score of the permutations."""
    p: float
    noise: float
    """Mean noise over dimensions."""
    corrected: float
    """Root of the mean over dimensions of sigma squared minus noise squared; 0 when noise is the larger.

    Not the mean of the dimensions' corrected sigmas: each of these is 0 at least, so their mean never vanishes.
    """


def sigma(means: Floats, ddof: int = 1) -> float:
    """Standard deviation of groups' accuracies.

    Parameters
    ----------
    means : numpy.ndarray, shape (n_groups,)
        Percent that the people of each group have right, on average; NaN for a group of nobody.
    ddof : int
        1 divides by the number of groups less one (as the published code), 0 by their number.

    Returns
    -------
    float
        At least 0, in percentage points; NaN when there are fewer than two groups.

    References
    ----------
    .. [1] Jiang et al. (2024). arXiv:2410.03868, Value Inequity Index.

    >>> sigma(np.array([50.0, 60.0, 70.0]))  # sqrt((100 + 0 + 100) / 2)
    10.0
    """
    known = means[np.isfinite(means)]
    return float(known.std(ddof=ddof)) if known.size > max(ddof, 1) else float("nan")


def inequity(
    accuracies: Floats,
    dimensions: Sequence[Dimension],
    rng: np.random.Generator,
    *,
    ddof: int = 1,
    min_group: int = 1,
    draws: int = DRAWS,
) -> Inequity:
    """Sigma of every dimension and the score.

    Parameters
    ----------
    accuracies : numpy.ndarray, shape (n_people, n_setups)
        Percent that each person has right in each setup; NaN where nothing counts. A group's accuracy is the mean of
        all these values of its people.
    dimensions : sequence of Dimension
        Groupings of the people.
    rng : numpy.random.Generator
        Source of the permutations and resamples, which are the same for all dimensions.
    ddof : int
        As in :func:`sigma`.
    min_group : int
        People that a group must have to count.
    draws : int
        Permutations, and resamples; 0 for neither.

    Notes
    -----
    The null deals whole people out anew, all their setups and everything that is known of them, so the dependence
    between dimensions is kept. The noise is the root of the mean squared standard error of the groups' accuracies;
    a group of one person takes the spread of the others. Resampled squares are debiased by their own noise, which
    centres them on the observed square.

    Raises
    ------
    ValueError
        If a dimension is not about these people.
    """
    known = np.isfinite(accuracies)
    people = _People(known.sum(axis=1).astype(np.float64), np.where(known, accuracies, 0.0).sum(axis=1))
    times = _times(len(accuracies), rng, draws)
    counting = np.flatnonzero(people.setups > 0)
    orders = rng.permuted(np.tile(counting, (draws, 1)), axis=1)
    found, skipped, drawn, null = [], {}, [], []
    for dimension in dimensions:
        if len(dimension.position) != len(accuracies):
            raise ValueError(
                f"{dimension.name!r} is about {len(dimension.position)} people, accuracies about {len(accuracies)}."
            )
        one = _Grouped(people, dimension, ddof, min_group)
        if not np.isfinite(one.sigma):
            skipped[dimension.name] = (
                "no group" if not one.kept.any() else "one group"
            ) + f" of {min_group} or more people"
            continue
        squares, permuted = one.resampled(times), one.permuted(orders)
        found.append(one.finding(squares, permuted))
        drawn.append(np.sqrt(np.maximum(squares, 0.0)))
        null.append(permuted)
    if not found:
        nan = float("nan")
        return Inequity((), skipped, nan, None, nan, nan, nan, nan)
    p_holm = holm_known([one.p for one in found])
    score = float(np.mean([one.sigma for one in found]))
    scores = np.mean(null, axis=0)
    return Inequity(
        dimensions=tuple(
            DimensionInequity(**{**vars(one), "p_holm": float(p)}) for one, p in zip(found, p_holm, strict=True)
        ),
        skipped=skipped,
        score=score,
        interval=percentile(np.mean(drawn, axis=0)),
        null=float(scores.mean()) if draws else float("nan"),
        p=p_value(scores, score),
        noise=float(np.mean([one.noise for one in found])),
        corrected=_root(float(np.mean([one.sigma**2 - one.noise**2 for one in found]))),
    )


def p_value(null: Floats, observed: float) -> float:
    """Share of permutations as large as what was observed, which counts as one of them; NaN without any.

    >>> p_value(np.array([1.0, 2.0, 3.0]), 2.0)  # (1 + 2) / (1 + 3)
    0.75
    """
    known = null[np.isfinite(null)]
    return float((1 + (known >= observed - 1e-12).sum()) / (1 + known.size)) if known.size else float("nan")


@dataclass(frozen=True, eq=False)
class _People:
    """What each person brings to a mean: the number of setups, and the sum of their accuracies."""

    setups: Floats
    total: Floats


class _Grouped:
    """The people of one dimension, for the sigma that was observed and for those that are drawn."""

    def __init__(self, people: _People, dimension: Dimension, ddof: int, min_group: int) -> None:
        self._people, self._dimension, self._ddof = people, dimension, ddof
        n = len(dimension.levels)
        inside = (dimension.position >= 0) & (people.setups > 0)
        self.sizes = np.bincount(dimension.position[inside], minlength=n)
        self.kept = self.sizes >= max(min_group, 1)
        member = np.zeros((len(people.setups), n))
        member[np.flatnonzero(inside), dimension.position[inside]] = 1.0
        self._member = member[:, self.kept]
        self.means, self._errors = self._of(np.ones((1, len(people.setups))))
        self.sigma = sigma(self.means[0], ddof)

    def finding(self, squares: Floats, permuted: Floats) -> DimensionInequity:
        """What was found, with what was drawn."""
        noise_square = float(np.nanmean(self._errors[0])) if np.isfinite(self._errors[0]).any() else float("nan")
        limits = percentile(squares)
        return DimensionInequity(
            dimension=self._dimension.name,
            groups=tuple(level for level, kept in zip(self._dimension.levels, self.kept, strict=True) if kept),
            means=tuple(self.means[0].tolist()),
            people=tuple(self.sizes[self.kept].tolist()),
            sigma=self.sigma,
            interval=_roots(limits, 0.0),
            noise=_root(noise_square),
            corrected=_root(self.sigma**2 - noise_square),
            corrected_interval=_roots(limits, noise_square),
            null=float(permuted.mean()) if permuted.size else float("nan"),
            p=p_value(permuted, self.sigma),
        )

    def resampled(self, times: Floats) -> Floats:
        """(draws,) squared sigma of every resample of people, less the noise within it."""
        if not len(times):
            return np.empty(0)
        means, errors = self._of(times)
        return self._squares(means) - _row_mean(errors)

    def permuted(self, orders: NDArray[np.int64]) -> Floats:
        """(draws,) sigma with people dealt out anew; only those who have an accuracy change places."""
        counts = np.flatnonzero(self._people.setups > 0)
        member = self._member[counts]
        setups = self._people.setups[orders] @ member
        return np.asarray(np.sqrt(self._squares(self._people.total[orders] @ member / setups)))

    def _squares(self, means: Floats) -> Floats:
        """(draws,) variance of the groups' accuracies, over the groups that are there."""
        there = np.isfinite(means)
        n = there.sum(axis=1)
        centre = np.where(there, means, 0.0).sum(axis=1) / np.maximum(n, 1)
        deviations = np.where(there, means - centre[:, None], 0.0)
        enough = n > max(self._ddof, 1)
        return np.asarray(np.where(enough, (deviations**2).sum(axis=1) / np.where(enough, n - self._ddof, 1), np.nan))

    def _of(self, times: Floats) -> tuple[Floats, Floats]:
        """Means and their squared standard errors, (draws, n_groups), with every person counted ``times`` over."""
        setups, total = self._people.setups, self._people.total

        def summed(values: Floats) -> Floats:
            return np.asarray(times @ (self._member * values[:, None]))

        people, weight = summed(np.ones_like(setups)), summed(setups)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = summed(total) / weight
            # sum over people of (total - setups * mean) squared: how far each pulls the mean
            pull = np.maximum(
                summed(total**2) - 2 * means * summed(total * setups) + means**2 * summed(setups**2), 0.0
            )
            errors = pull * people / (people - 1) / weight**2
            several = people > 1
            pooled = np.where(several, pull, 0.0).sum(axis=1) / np.where(several, people - 1, 0.0).sum(axis=1)
            errors = np.where(several, errors, np.where(people > 0, pooled[:, None] * people / weight**2, np.nan))
        return means, np.asarray(errors)


def _times(people: int, rng: np.random.Generator, draws: int) -> Floats:
    return rng.multinomial(people, np.full(people, 1 / max(people, 1)), size=draws).astype(np.float64)


def _row_mean(values: Floats) -> Floats:
    there = np.isfinite(values)
    n = there.sum(axis=1)
    return np.asarray(np.where(there, values, 0.0).sum(axis=1) / np.where(n > 0, n, np.nan))


def _root(square: float) -> float:
    return float(np.sqrt(max(square, 0.0))) if np.isfinite(square) else float("nan")


def _roots(squares: Interval | None, less: float) -> Interval | None:
    return None if squares is None or not np.isfinite(less) else (_root(squares[0] - less), _root(squares[1] - less))
