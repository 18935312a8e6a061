"""DEF, family 5: do two series of models differ? t-tests from summaries and from data, and a paired alternative."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from analysis.choices import Floats
from analysis.multiplicity import benjamini_hochberg, holm

Degrees = Literal["pooled", "welch"]
"""``pooled``: n1 + n2 - 2, as published; ``welch``: fewer where variances or sizes differ."""


@dataclass(frozen=True)
class TTest:
    """One comparison of two means."""

    t: float
    """Difference in standard errors."""
    df: float
    """Degrees of freedom."""
    difference: float
    """First mean minus second, in the units of the data."""
    standard_error: float
    """Of the difference (SED)."""
    p: float
    """Two-sided, in [0, 1]."""

    def limits(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval of the difference.

        >>> low, high = t_test_from_summaries((1.28, 0.5, 27), (0.93, 0.34, 27)).limits()
        >>> round(low, 2), round(high, 2)
        (0.12, 0.58)
        """
        if not 0 < level < 1:
            raise ValueError(f"The level of an interval lies between 0 and 1, got {level}.")
        reach = float(student.ppf((1 + level) / 2, self.df)) * self.standard_error
        return self.difference - reach, self.difference + reach


def t_test_from_summaries(
    first: tuple[float, float, int], second: tuple[float, float, int], degrees: Degrees = "pooled"
) -> TTest:
    """Compare two means known by mean, standard deviation (ddof 1) and number of values.

    t = (m1 - m2) / sqrt(s1^2 / n1 + s2^2 / n2). The published test takes n1 + n2 - 2 degrees of freedom for it, which
    is the pooled test when both sizes are equal.

    Parameters
    ----------
    first, second : tuple of (mean, standard deviation, number)
        Two values at least on each side, deviations of at least 0.
    degrees : {"pooled", "welch"}
        Degrees of freedom.

    Returns
    -------
    TTest

    Raises
    ------
    ValueError
        If a side has fewer than two values, a deviation is negative, or both are 0.

    References
    ----------
    .. [1] Diversity-Enhanced Framework, Eq. 7 and Table 3 (SPEC 2.5).
    .. [2] Welch (1947). The Generalization of "Student's" Problem. Biometrika 34.

    >>> found = t_test_from_summaries((1.28, 0.50, 27), (0.93, 0.34, 27))
    >>> round(found.t, 3), found.df, round(found.standard_error, 2), round(found.p, 3)
    (3.008, 52.0, 0.12, 0.004)
    """
    (m1, s1, n1), (m2, s2, n2) = first, second
    if min(n1, n2) < 2 or not (s1 >= 0 and s2 >= 0 and s1 + s2 > 0):
        raise ValueError(
            "Each side needs two values at least and one of them some spread, "
            f"got n = {n1}, {n2} and sd = {s1}, {s2}."
        )
    v1, v2 = s1**2 / n1, s2**2 / n2
    df = float(n1 + n2 - 2)
    if degrees == "welch":
        df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    return _tested(m1 - m2, float(np.sqrt(v1 + v2)), df)


def t_test(first: ArrayLike, second: ArrayLike, degrees: Degrees = "welch") -> TTest:
    """Compare the means of two independent samples, (n1,) and (n2,); see :func:`t_test_from_summaries`.

    Dimension means of one model are no independent sample: its questions share the model, and two models that answer
    the same questions are better compared by :func:`paired_t_test`.

    >>> found = t_test([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    >>> round(found.t, 3), round(found.df, 3)
    (-1.549, 2.941)
    """
    return t_test_from_summaries(_summary(first), _summary(second), degrees)


def paired_t_test(first: ArrayLike, second: ArrayLike) -> TTest:
    """Compare two models (or series) on the same questions or dimensions.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Values in the same order; pairs with a NaN are left out. Two pairs at least.

    Returns
    -------
    TTest
        df = n - 1.

    Raises
    ------
    ValueError
        If shapes differ, fewer than two pairs are known, or all differences are the same.

    >>> round(paired_t_test([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]).t, 3)
    -3.464
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"Pairs need two vectors of one length, got the shapes {a.shape} and {b.shape}.")
    differences = (a - b)[~np.isnan(a - b)]
    n = len(differences)
    if n < 2 or not differences.std() > 0:
        raise ValueError(f"Need two pairs at least, with differences that differ; got {differences.tolist()}.")
    return _tested(float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(n)), float(n - 1))


@dataclass(frozen=True)
class SeriesComparison:
    """Two of several series, with p-values that allow for all comparisons made."""

    first: str
    second: str
    test: TTest
    holm: float
    """p so adjusted that any false finding among all comparisons is as unlikely as it says."""
    benjamini_hochberg: float
    """p so adjusted that it bounds the expected share of false findings among the findings."""


def compare_series(
    values: Mapping[str, ArrayLike], test: Literal["pooled", "welch", "paired"] = "pooled"
) -> tuple[SeriesComparison, ...]:
    """Every pair of model series.

    Parameters
    ----------
    values : mapping of str to array_like, shape (n,)
        Values of each series, such as 3 models x 9 dimension means of KL; for ``paired`` in the same order.
    test : {"pooled", "welch", "paired"}
        The published test, Welch's, or the paired one.

    Returns
    -------
    tuple of SeriesComparison
        In the order of the mapping.

    Raises
    ------
    ValueError
        If there are fewer than two series, or one of them cannot be tested.

    >>> rows = compare_series({"a": [1, 2, 3], "b": [2, 4, 6], "c": [9, 8, 9]})
    >>> [(row.first, row.second) for row in rows]
    [('a', 'b'), ('a', 'c'), ('b', 'c')]
    """
    if len(values) < 2:
        raise ValueError(f"Need two series at least to compare, got {list(values)}.")
    pairs = list(combinations(values, 2))
    if test == "paired":
        tests = [paired_t_test(values[a], values[b]) for a, b in pairs]
    else:
        tests = [t_test(values[a], values[b], test) for a, b in pairs]
    p: Floats = np.array([one.p for one in tests])
    return tuple(
        SeriesComparison(a, b, one, float(strict), float(rate))
        for (a, b), one, strict, rate in zip(pairs, tests, holm(p), benjamini_hochberg(p), strict=True)
    )


def _summary(values: ArrayLike) -> tuple[float, float, int]:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) < 2:
        raise ValueError(f"A sample needs two values at least, got the shape {sample.shape}.")
    return float(sample.mean()), float(sample.std(ddof=1)), len(sample)


def _tested(difference: float, error: float, df: float) -> TTest:
    t = difference / error
    return TTest(t, df, difference, error, float(2 * student.sf(abs(t), df)))
