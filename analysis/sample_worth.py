"""How many people a simulated public is worth, and how many simulated respondents are worth asking.

A simulated public is off by what its model believes, however many respondents it has. A human sample is off by chance
alone, and less the larger it is. The two meet at a number of people.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.bootstrap import limits, respondent_weights
from analysis.distances import shares
from analysis.yardsticks import DRAWS


@dataclass(frozen=True)
class Worth:
    """The number of people whose random sample would be as far from everybody as the simulated public."""

    people: float
    """Infinite when the simulated public is no farther than its own sampling explains."""
    low: float
    high: float
    """95 %, questions resampled; NaN with fewer than two."""


def worth_in_people(
    simulated: ArrayLike,
    human: ArrayLike,
    rng: np.random.Generator,
    *,
    sampled_people: bool = True,
    draws: int = DRAWS,
) -> Worth:
    """Effective sample size of a simulated public, over all questions.

    The mean squared error of the shares of ``n`` random people is ``(1 - sum q^2) / n``. The squared distance of the
    simulated from the real shares, without what the number of simulated respondents (and of real people) adds to it
    by chance, is set equal to it, both summed over the questions.

    Parameters
    ----------
    simulated, human : array_like, shape (n_questions, n_options)
        Respondents and people per option, unweighted; columns that a question lacks are empty on both sides, and
        nobody may be missing.
    rng : numpy.random.Generator
        Source of chance.
    sampled_people : bool
        Whether the people are a sample, so that their chance is taken off as well; otherwise they are everybody.
    draws : int
        Resamples of the questions.

    Returns
    -------
    Worth
        Numbers of people.

    Raises
    ------
    ValueError
        If counts are impossible or a side has fewer than two answers to a question.

    >>> found = worth_in_people([[600, 400]], [[500, 500]], np.random.default_rng(1), sampled_people=False)
    >>> round(found.people, 1)  # 0.5 / (2 * 0.1^2 - 0.48 / 999)
    25.6
    """
    counts, people = np.asarray(simulated, dtype=np.float64), np.asarray(human, dtype=np.float64)
    p, q = shares(counts), shares(people)
    n, m = counts.sum(axis=1), people.sum(axis=1)
    if p.shape != q.shape or (n < 2).any() or (m < 2).any():
        raise ValueError("Both sides need the same options, and two answers to every question at least.")
    of_one = 1 - (q**2).sum(axis=1)
    own = (1 - (p**2).sum(axis=1)) / (n - 1)
    theirs = of_one / (m - 1) if sampled_people else 0.0
    squared = ((p - q) ** 2).sum(axis=1) - own - theirs
    times = np.vstack([np.ones(len(n)), respondent_weights(np.ones(len(n)), rng, draws)])
    found = _ratio(times @ of_one, times @ squared)
    low, high = limits(found[1:]) if len(n) > 1 else (np.asarray(np.nan), np.asarray(np.nan))
    return Worth(float(found[0]), float(low), float(high))


def _ratio(variance: ArrayLike, squared: ArrayLike) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    above, below = np.asarray(variance, dtype=np.float64), np.asarray(squared, dtype=np.float64)
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.inf)


def largest_honest_sample(
    simulated: ArrayLike, human: ArrayLike, people: ArrayLike, most: int, confidence: float = 0.95
) -> int:
    """Most simulated respondents whose confidence intervals still hold what people answer as often as they say.

    The interval of a share from ``k`` simulated respondents shrinks with ``k`` around what the model believes. The
    number sought is the largest ``k`` for which, at it and at every smaller one, the intervals miss the people's
    share on no more than half of ``1 - confidence`` of the questions; the other half is left for the sampling of the
    people, whose own interval is added.

    Parameters
    ----------
    simulated, human : array_like, shape (n_questions,)
        Share of one answer, as the model gives it with very many respondents, and among people.
    people : array_like, shape (n_questions,)
        How many people were asked.
    most : int
        Largest number tried.
    confidence : float
        Wanted of the intervals, in (0, 1).

    Returns
    -------
    int
        Number of respondents from 0 (none is honest) to ``most``.

    References
    ----------
    .. [1] Huang, Wu and Wang (2025). How Many Human Survey Respondents is a Large Language Model Worth?

    >>> largest_honest_sample([0.6, 0.5], [0.5, 0.5], [10**9, 10**9], 500)  # 1.96 * sqrt(0.24 / k) >= 0.1 up to 92
    92
    """
    p, q = np.asarray(simulated, dtype=np.float64), np.asarray(human, dtype=np.float64)
    n = np.asarray(people, dtype=np.float64)
    if p.shape != q.shape or p.ndim != 1 or not len(p) or (n < 1).any() or not 0 < confidence < 1 or most < 1:
        raise ValueError("Need one share a side for every question, people who were asked, and a number to try.")
    z = float(stats.norm.ppf((1 + confidence) / 2))
    reach = np.abs(p - q) - z * np.sqrt(q * (1 - q) / n)
    k = np.arange(1, most + 1)
    half = z * np.sqrt((p * (1 - p))[:, None] / k)
    allowed = (1 - confidence) / 2
    missed = (reach[:, None] > half + 1e-12).mean(axis=0) > allowed + 1e-12
    return int(np.argmax(missed)) if missed.any() else most
