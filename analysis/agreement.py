"""How far raters agree beyond chance: a judge model with people, rules with people, people with one another."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import Floats

Metric = Literal["nominal", "ordinal", "interval"]


def cohen_kappa(first: ArrayLike, second: ArrayLike, weights: Literal["linear", "quadratic"] | None = None) -> float:
    """Agreement of two raters beyond what their own frequencies would give by chance.

    Parameters
    ----------
    first, second : array_like, shape (n_units,)
        Categories as numbers; units with a NaN on either side are left out.
    weights : {"linear", "quadratic"}, optional
        How much a disagreement between ordered categories counts, by the distance of their ranks; all the same when
        absent.

    Returns
    -------
    float
        In [-1, 1], unitless; 1 is full agreement, 0 what chance gives. NaN when both raters used one and the same
        category alone, so that chance cannot be told from agreement.

    Raises
    ------
    ValueError
        If shapes differ or no unit was rated by both.

    References
    ----------
    .. [1] Cohen (1960). A Coefficient of Agreement for Nominal Scales. Educ. Psychol. Meas. 20.

    >>> cohen_kappa([1, 1, 0, 0], [1, 0, 0, 0])  # agreed 3/4, by chance 1/2 * 1/4 + 1/2 * 3/4 = 1/2
    0.5
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"Two raters need two vectors of one length, got the shapes {a.shape} and {b.shape}.")
    both = ~(np.isnan(a) | np.isnan(b))
    if not both.any():
        raise ValueError("No unit was rated by both raters.")
    categories, places = np.unique(np.concatenate([a[both], b[both]]), return_inverse=True)
    k, n = len(categories), int(both.sum())
    table = np.bincount(places[:n] * k + places[n:], minlength=k * k).reshape(k, k) / n
    chance = np.outer(table.sum(axis=1), table.sum(axis=0))
    steps = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).astype(np.float64)
    cost = (steps > 0) * 1.0 if weights is None else steps if weights == "linear" else steps**2
    by_chance = float((chance * cost).sum())
    return 1 - float((table * cost).sum()) / by_chance if by_chance > 0 else float("nan")


def krippendorff_alpha(ratings: ArrayLike, metric: Metric = "nominal") -> float:
    """Agreement of any number of raters, with any ratings missing.

    Parameters
    ----------
    ratings : array_like, shape (n_raters, n_units)
        Categories or values as numbers, NaN where a rater did not rate a unit.
    metric : {"nominal", "ordinal", "interval"}
        How far two values are apart.

    Returns
    -------
    float
        At most 1 (full agreement); 0 is what chance gives. NaN when all ratings are the same, so that there
        is nothing to disagree about.

    Raises
    ------
    ValueError
        If no unit was rated twice.

    References
    ----------
    .. [1] Krippendorff (2011). Computing Krippendorff's Alpha-Reliability. Univ. of Pennsylvania.

    >>> round(krippendorff_alpha([[0, 1, 0, 0], [0, 1, 1, 0]]), 4)  # 1 - 7 * 2 / (2 * 5 * 3)
    0.5333
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"Ratings are a table of raters and units, got the shape {table.shape}.")
    table = table[:, (~np.isnan(table)).sum(axis=0) >= 2]  # a unit rated once can agree with nothing
    if not table.size:
        raise ValueError("No unit was rated twice.")
    values = np.unique(table[~np.isnan(table)])
    counts: Floats = np.stack([(table == value).sum(axis=0) for value in values]).astype(np.float64)
    raters = counts.sum(axis=0)
    coincidences = (counts / (raters - 1)) @ counts.T - np.diag((counts / (raters - 1)).sum(axis=1))
    totals = coincidences.sum(axis=1)
    apart = _apart(values, totals, metric)
    n = totals.sum()
    expected = float((np.outer(totals, totals) * apart).sum() / (n - 1))
    return float(1 - (coincidences * apart).sum() / expected) if expected > 0 else float("nan")


def agreement_interval(
    measure: Callable[[Floats], float], ratings: ArrayLike, rng: np.random.Generator, draws: int = 1000
) -> tuple[float, float]:
    """95 % interval of an agreement, by resampling the units that were rated.

    Parameters
    ----------
    measure : callable
        What is measured of a table of ratings (n_raters, n_units), such as :func:`krippendorff_alpha`.
    ratings : array_like, shape (n_raters, n_units)
        As :func:`krippendorff_alpha` takes them.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Resamples.

    Returns
    -------
    tuple of float
        Percentiles 2.5 and 97.5. NaN when the measure is not defined (all ratings the same) in more than one of
        twenty resamples: the units are then too few, or failures too rare, for an interval.

    >>> both = np.array([[0, 1] * 30, [0, 1] * 29 + [1, 0]])
    >>> low, high = agreement_interval(krippendorff_alpha, both, np.random.default_rng(1), draws=200)
    >>> bool(low < krippendorff_alpha(both) <= high)
    True
    """
    table = np.asarray(ratings, dtype=np.float64)
    found = np.full(draws, np.nan)
    for number in range(draws):
        try:
            found[number] = measure(table[:, rng.integers(0, table.shape[1], table.shape[1])])
        except ValueError:  # no unit of this resample was rated twice
            continue
    if np.isnan(found).mean() > 0.05:
        return float("nan"), float("nan")
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(low), float(high)


def _apart(values: Floats, totals: Floats, metric: Metric) -> Floats:
    """Squared distance between every two values."""
    if metric == "nominal":
        return np.not_equal.outer(values, values).astype(np.float64)
    if metric == "interval":
        return np.asarray(np.subtract.outer(values, values) ** 2)
    middles = np.cumsum(totals) - totals / 2  # ranks between two values, each counted half at its own
    return np.asarray(np.subtract.outer(middles, middles) ** 2)
