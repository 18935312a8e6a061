"""A small human sample put together with a wave: estimates as sure as the people make them, and how much is gained.

The wave answers for everybody, the people say by how much it is wrong. However wrong the model is, the estimate stays
unbiased, because only the difference between people and their simulated twins is trusted; a bad model gains nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.choices import Floats


@dataclass(frozen=True)
class Combined:
    """A mean from people and a wave, beside that from the people alone."""

    estimate: float
    low: float
    high: float
    alone: float
    """From the people alone."""
    alone_low: float
    alone_high: float
    weight: float
    """How much of the wave was used: 0 is none, 1 is all of it."""
    worth: float
    """How many people, per person asked, would have been needed for an interval as narrow without the wave."""


def prediction_powered(
    human: ArrayLike,
    twins: ArrayLike,
    others: ArrayLike,
    *,
    weight: float | None = None,
    confidence: float = 0.95,
) -> Combined:
    """Mean of a value (or share of an answer) from people, their simulated twins, and simulated others.

    Parameters
    ----------
    human : array_like, shape (n,)
        Value of each person asked: a score, or 1 where an answer was given and 0 where not.
    twins : array_like, shape (n,)
        What the model answered for each of these people.
    others : array_like, shape (m,)
        What it answered for other people drawn from the same population.
    weight : float, optional
        How much of the wave is used; the one with the narrowest interval when absent.
    confidence : float
        Coverage of the intervals, in (0, 1).

    Returns
    -------
    Combined
        Means in the units of the values.

    Raises
    ------
    ValueError
        If twins and people differ in number, or there are fewer than two people or others.

    References
    ----------
    .. [1] Angelopoulos, Bates, Fannjiang, Jordan and Zrnic (2023). Prediction-powered inference. Science 382.
    .. [2] Angelopoulos, Duchi and Zrnic (2023). PPI++: Efficient Prediction-Powered Inference.

    >>> found = prediction_powered([1, 0, 1, 0], [1, 0, 1, 0], [1, 0, 0, 0] * 25, weight=1.0)
    >>> found.estimate, found.alone  # the twins are right, so the others' share counts
    (0.25, 0.5)
    """
    return post_stratified_powered([human], [twins], [others], [1.0], weight=weight, confidence=confidence)


def post_stratified_powered(
    human: list[ArrayLike],
    twins: list[ArrayLike],
    others: list[ArrayLike],
    shares: ArrayLike,
    *,
    weight: float | None = None,
    confidence: float = 0.95,
) -> Combined:
    """The same within strata whose sizes are known, such as groups of age and sex, put together by these sizes.

    Parameters
    ----------
    human, twins, others : list of array_like
        As in :func:`prediction_powered`, one of each for every stratum.
    shares : array_like, shape (n_strata,)
        Share of the population in each; they are divided by their sum.
    weight, confidence
        As there; one weight for all strata.

    Returns
    -------
    Combined
        The people alone are post-stratified as well, so that the gain is that of the wave.

    Raises
    ------
    ValueError
        If strata do not fit one another, or one has fewer than two people or others.

    References
    ----------
    .. [1] Holt and Smith (1979). Post Stratification. J. R. Statist. Soc. A 142.
    .. [2] Fisch et al. (2024). Stratified Prediction-Powered Inference. NeurIPS.
    .. [3] Satterthwaite (1946). An Approximate Distribution of Estimates of Variance Components. Biometrics Bull. 2.

    >>> young, old = ([1, 1, 0, 1], [0, 0, 1, 0])
    >>> found = post_stratified_powered([young, old], [young, old], [young, old], [0.5, 0.5], weight=0.0)
    >>> found.estimate, found.worth  # nothing of the wave was used
    (0.5, 1.0)
    """
    size = np.asarray(shares, dtype=np.float64)
    if not len(human) == len(twins) == len(others) == len(size) or not len(size):
        raise ValueError("Every stratum needs people, their twins, others, and its share of the population.")
    if not (np.isfinite(size).all() and (size >= 0).all() and size.sum() > 0) or not 0 < confidence < 1:
        raise ValueError("Shares of strata must not be negative nor all zero, and the confidence be between 0 and 1.")
    size = size / size.sum()
    strata = [_Stratum.of(*each) for each in zip(human, twins, others, strict=True)]
    used = _best_weight(strata, size) if weight is None else weight
    (estimate, half, variance), (alone, half_alone, variance_alone) = (
        _put_together(strata, size, each, confidence) for each in (used, 0.0)
    )
    worth = variance_alone / variance if variance > 0 else 1.0 if variance_alone == 0 else float("inf")
    return Combined(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        alone=alone,
        alone_low=alone - half_alone,
        alone_high=alone + half_alone,
        weight=float(used),
        worth=worth,
    )


@dataclass(frozen=True)
class _Stratum:
    y: Floats
    f: Floats
    others: Floats

    @classmethod
    def of(cls, human: ArrayLike, twins: ArrayLike, others: ArrayLike) -> "_Stratum":
        y, f, g = (np.asarray(each, dtype=np.float64) for each in (human, twins, others))
        if y.ndim != 1 or y.shape != f.shape or g.ndim != 1 or len(y) < 2 or len(g) < 2:
            raise ValueError(
                "Every person needs a simulated twin, and there must be two people and two others at least; got "
                f"{y.shape} people, {f.shape} twins and {g.shape} others."
            )
        return cls(y, f, g)

    def mean(self, weight: float) -> float:
        return float(weight * self.others.mean() + (self.y - weight * self.f).mean())

    def variances(self, weight: float) -> tuple[float, float]:
        """Of what the people add, and of what the others add."""
        left = (self.y - weight * self.f).var(ddof=1) / len(self.y)
        return float(left), float(weight**2 * self.others.var(ddof=1) / len(self.others))


def _put_together(
    strata: list[_Stratum], size: Floats, weight: float, confidence: float
) -> tuple[float, float, float]:
    """Mean, half its interval (Student's t with Satterthwaite's degrees of freedom) and its variance."""
    mean = float(sum(share * each.mean(weight) for share, each in zip(size, strata, strict=True)))
    variance = spread = 0.0
    for share, each in zip(size, strata, strict=True):
        parts = zip(each.variances(weight), (len(each.y), len(each.others)), strict=True)
        for part, n in parts:
            variance += share**2 * part
            spread += (share**2 * part) ** 2 / (n - 1)
    if variance == 0:
        return mean, 0.0, 0.0
    return mean, float(stats.t.ppf((1 + confidence) / 2, variance**2 / spread)) * variance**0.5, float(variance)


def _best_weight(strata: list[_Stratum], size: Floats) -> float:
    """The weight with the smallest variance, within 0 and 1 (PPI++)."""
    above = below = 0.0
    for share, each in zip(size, strata, strict=True):
        above += share**2 * float(np.cov(each.y, each.f, ddof=1)[0, 1]) / len(each.y)
        below += share**2 * (each.f.var(ddof=1) / len(each.f) + each.others.var(ddof=1) / len(each.others))
    return float(np.clip(above / below, 0.0, 1.0)) if below > 0 else 0.0
