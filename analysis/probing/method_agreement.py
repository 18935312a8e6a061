"""What the methods say to each other: whether two ways of reading a model off name the same option, beyond chance."""

import numpy as np
from numpy.typing import ArrayLike

from analysis.bootstrap import limits, respondent_weights
from analysis.choices import NOTHING, Floats
from analysis.yardsticks import DRAWS
from demoscope.documents import Document


class MethodAgreement(Document):
    """How often two methods prefer the same option."""

    agreed: float
    """Share of questions, in [0, 1]."""
    by_chance: float
    """What two methods would reach that prefer each place as often as these do, whatever stands there."""
    kappa: float | None
    """(agreed - by_chance) / (1 - by_chance); absent when chance alone agrees always."""
    low: float | None
    high: float | None
    """95 % of kappa, questions resampled."""
    questions: int


def method_agreement(
    first: ArrayLike, second: ArrayLike, sizes: ArrayLike, rng: np.random.Generator, draws: int = DRAWS
) -> MethodAgreement | None:
    """Agreement of two methods on the favourite option, corrected for chance among questions of one size.

    Cohen's kappa, with chance worked out for each number of options by itself: a favourite among two options agrees
    more easily than one among ten. Equal to Cohen's kappa where all questions have as many options.

    Parameters
    ----------
    first, second : array_like of int, shape (n_questions,)
        Columns of the favourite options; :data:`~analysis.choices.NOTHING` without.
    sizes : array_like of int, shape (n_questions,)
        Options of each question.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Resamples of the questions.

    Returns
    -------
    MethodAgreement or None
        ``None`` when no question has both favourites.

    References
    ----------
    .. [1] Cohen (1960). A Coefficient of Agreement for Nominal Scales. Educ. Psychol. Meas. 20.

    >>> found = method_agreement([0, 0, 1, 1], [0, 1, 1, 1], [2, 2, 2, 2], np.random.default_rng(1))
    >>> found.agreed, found.by_chance, found.kappa  # 1/2 * 1/4 + 1/2 * 3/4
    (0.75, 0.5, 0.5)
    """
    a, b = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    k = np.asarray(sizes, dtype=np.int64)
    both = (a != NOTHING) & (b != NOTHING)
    a, b, k = a[both], b[both], k[both]
    if not len(a):
        return None
    agreed, chance, kappa = _kappa(a, b, k, np.ones((1, len(a))))
    low = high = None
    if len(a) > 1:
        found = [
            float(limit) for limit in limits(_kappa(a, b, k, respondent_weights(np.ones(len(a)), rng, draws))[2])
        ]
        low, high = found if np.isfinite(found).all() else (None, None)
    return MethodAgreement(
        agreed=float(agreed[0]),
        by_chance=float(chance[0]),
        kappa=float(kappa[0]) if np.isfinite(kappa[0]) else None,
        low=low,
        high=high,
        questions=len(a),
    )


def _kappa(a: ArrayLike, b: ArrayLike, sizes: Floats | ArrayLike, times: Floats) -> tuple[Floats, Floats, Floats]:
    """Agreement, chance and kappa of every resample, (draws,) each; ``times`` is (draws, n_questions)."""
    one, other, k = np.asarray(a), np.asarray(b), np.asarray(sizes)
    total = times.sum(axis=1)
    agreed = times @ (one == other) / total
    chance = np.zeros(len(times))
    for size in np.unique(k):
        among = k == size
        n = times[:, among].sum(axis=1)
        columns = np.arange(int(max(one[among].max(), other[among].max())) + 1)
        left = times[:, among] @ (one[among, None] == columns)
        right = times[:, among] @ (other[among, None] == columns)
        chance += np.where(n > 0, (left * right).sum(axis=1) / np.maximum(n, 1), 0.0) / total
    with np.errstate(invalid="ignore", divide="ignore"):
        return agreed, chance, np.where(chance < 1, (agreed - chance) / (1 - chance), np.nan)
