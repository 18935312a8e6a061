"""How much a mean over people would change with other people: the normal interval of the paper, and a bootstrap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.bootstrap import limits
from analysis.individual.predictions import Floats
from analysis.yardsticks import DRAWS

Interval = tuple[float, float]


def normal(values: Floats) -> Interval | None:
    """1.96 standard errors around the mean, with the deviation divided by n, as published.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_people,)
        NaN for somebody who does not count.

    Returns
    -------
    tuple of float, or None
        Limits; ``None`` when nobody counts.

    >>> low, high = normal(np.array([50.0, 70.0]))  # 60 -/+ 1.96 * 10 / sqrt(2)
    >>> round(low, 2), round(high, 2)
    (46.14, 73.86)
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    margin = 1.96 * float(known.std()) / float(np.sqrt(known.size))
    return float(known.mean()) - margin, float(known.mean()) + margin


@dataclass(frozen=True, eq=False)
class Resamples:
    """Which people are in which resample; the same for every model and condition that they are in."""

    place: dict[str, int]
    """Person -> column of the resamples."""
    times: NDArray[np.float32]
    """(draws, n_people) how often each was drawn."""

    @classmethod
    def draw(cls, people: tuple[str, ...], rng: np.random.Generator, draws: int = DRAWS) -> "Resamples":
        """Draws of all people with replacement.

        >>> Resamples.draw(("ann", "bob"), np.random.default_rng(1), draws=3).times.sum(axis=1).tolist()
        [2.0, 2.0, 2.0]
        """
        n = max(len(people), 1)
        times = rng.multinomial(len(people), np.full(n, 1 / n), size=draws).astype(np.float32)
        return cls({person: place for place, person in enumerate(people)}, times[:, : len(people)])

    def of(self, people: tuple[str, ...]) -> NDArray[np.float32]:
        """(draws, n_people) how often each of these people was drawn."""
        return self.times[:, [self.place[person] for person in people]]

    def means(self, people: tuple[str, ...], values: Floats) -> Floats:
        """Means of every resample; NaN in one that holds nobody who counts.

        Parameters
        ----------
        values : numpy.ndarray, shape (n_people,) or (n_people, n_values)
            NaN for somebody who does not count.

        Returns
        -------
        numpy.ndarray, shape (draws,) or (draws, n_values)
        """
        known = np.isfinite(values)
        times = self.of(people)
        total = times @ known.astype(np.float64)
        with np.errstate(invalid="ignore"):
            return np.asarray((times @ np.where(known, values, 0.0)) / np.where(total > 0, total, np.nan))


def percentile(draws: Floats) -> Interval | None:
    """Central 95 % of draws; ``None`` when there are none.

    >>> percentile(np.arange(1.0, 1001.0))
    (25.0, 975.0)
    """
    known = draws[np.isfinite(draws)]
    if not known.size:
        return None
    low, high = limits(known)
    return float(low), float(high)
