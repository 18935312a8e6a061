"""Whether one condition predicts people better than another: the paper's test between people, ours within them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.individual.intervals import Interval, Resamples, percentile
from analysis.individual.predictions import Floats
from analysis.multiplicity import holm

SAME = 1e-9
"""Percentage points below which two accuracies are one: a t-test of values that do not vary has no answer."""


@dataclass(frozen=True)
class Difference:
    """Second condition minus first, in percentage points."""

    people: int
    """People who count in both."""
    difference: float
    """Mean over these people."""
    interval: Interval | None
    """Central 95 % of the bootstrap over people."""
    p_between: float
    """Two-sample t-test over the people of each, as published; it ignores that they are the same people."""
    p_within: float
    """Paired t-test over people who count in both."""


def difference(
    people: tuple[Sequence[str], Sequence[str]], values: tuple[Floats, Floats], resamples: Resamples | None
) -> Difference:
    """Compare the accuracies of people in two conditions.

    Parameters
    ----------
    people : two sequences of str
        Identifiers of the people of each condition.
    values : two numpy.ndarray, shape (n_people,)
        Percent that each has right; NaN for somebody who does not count.
    resamples : Resamples, optional
        Of all these people; without them there is no interval.

    Returns
    -------
    Difference
        NaN where there is no test: with fewer than two people, or when all differ by the same. p is 1 when nobody
        differs.

    References
    ----------
    .. [1] Jiang et al. (2024). arXiv:2410.03868, figure 4 (test between).

    >>> ids = ("a", "b", "c")
    >>> found = difference((ids, ids), (np.array([50.0, 60, 40]), np.array([55.0, 66, 44])), None)
    >>> round(found.difference, 3), found.p_within < 0.05 < found.p_between
    (5.0, True)
    """
    first, second = (
        {one: float(value) for one, value in zip(ids, each, strict=True) if np.isfinite(value)}
        for ids, each in zip(people, values, strict=True)
    )
    both = tuple(person for person in first if person in second)
    pairs = np.array([[first[person], second[person]] for person in both]).reshape(-1, 2)
    gains = pairs[:, 1] - pairs[:, 0]
    drawn = resamples.means(both, gains) if resamples is not None and both else np.empty(0)
    return Difference(
        people=len(both),
        difference=float(gains.mean()) if both else float("nan"),
        interval=percentile(drawn),
        p_between=_between(np.array([*first.values()]), np.array([*second.values()])),
        p_within=_within(gains),
    )


def adjusted(found: Sequence[Difference]) -> tuple[Floats, Floats]:
    """p-values between and within, each adjusted for the number of comparisons (Holm); NaN stays NaN."""
    return holm_known([one.p_between for one in found]), holm_known([one.p_within for one in found])


def holm_known(p: Sequence[float]) -> Floats:
    """Holm's adjustment of the p-values that are known.

    >>> holm_known([0.01, float("nan"), 0.04]).tolist()
    [0.02, nan, 0.04]
    """
    values = np.array(p, np.float64)
    known = np.isfinite(values)
    values[known] = holm(values[known])
    return values


def _between(first: Floats, second: Floats) -> float:
    if min(len(first), len(second)) < 2:
        return float("nan")
    if np.ptp(first) < SAME and np.ptp(second) < SAME:
        return 1.0 if abs(first[0] - second[0]) < SAME else float("nan")
    moments = (first.mean(), first.std(ddof=1), len(first), second.mean(), second.std(ddof=1), len(second))
    return float(stats.ttest_ind_from_stats(*moments).pvalue)


def _within(gains: Floats) -> float:
    if len(gains) < 2:
        return float("nan")
    if np.ptp(gains) < SAME:
        return 1.0 if abs(gains[0]) < SAME else float("nan")
    return float(stats.ttest_1samp(gains, 0.0).pvalue)
