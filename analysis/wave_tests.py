"""Whether a question is answered differently in two waves: tests for the same people asked twice, and for others.

p-values are drawn instead of looked up, because cells are small; none is below 1 / (draws + 1).
"""

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import NOTHING, Integers
from analysis.yardsticks import DRAWS

SIGNS_AT_ONCE = 10_000_000
"""Swaps held in memory at a time."""


def independent_p(first: ArrayLike, second: ArrayLike, rng: np.random.Generator, draws: int = DRAWS) -> float:
    """p-value of two groups of other people answering alike (Pearson's statistic, permuted).

    Parameters
    ----------
    first, second : array_like of int, shape (n_options,)
        People of each wave per option.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Permutations.

    Returns
    -------
    float
        In (0, 1]; NaN when one wave has nobody, 1 when all chose one option.

    References
    ----------
    .. [1] Good (2005). Permutation, Parametric and Bootstrap Tests of Hypotheses. Springer.

    >>> independent_p([20, 0], [0, 20], np.random.default_rng(1), draws=99)
    0.01
    """
    a, b = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    n, m = int(a.sum()), int(b.sum())
    if not n or not m:
        return float("nan")
    pooled = a + b
    drawn = rng.multivariate_hypergeometric(pooled, n, size=draws)
    expected = np.maximum(pooled * n / (n + m), 1e-300)
    found, others = ((((table - expected) ** 2) / expected).sum(axis=-1) for table in (a, drawn))
    return float((1 + (others >= found - 1e-9).sum()) / (draws + 1))


def paired_p(
    first: ArrayLike, second: ArrayLike, options: int, rng: np.random.Generator, draws: int = DRAWS
) -> float:
    """p-value of the same people answering alike on the whole (marginal homogeneity), answers swapped within people.

    Parameters
    ----------
    first, second : array_like of int, shape (n_people,)
        Column of what each chose in either wave; people with NOTHING in one are left out.
    options : int
        Number of options.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Swaps.

    Returns
    -------
    float
        In (0, 1]; NaN when nobody answered twice, 1 when nobody changed.

    References
    ----------
    .. [1] Maxwell (1970). Comparing the Classification of Subjects by Two Independent Judges. Brit. J. Psychiatry.

    >>> paired_p([0] * 10, [1] * 10, 2, np.random.default_rng(1), draws=999) < 0.01
    True
    """
    a, b = _both(first, second)
    if not len(a):
        return float("nan")
    moved = a != b
    if not moved.any():
        return 1.0
    change = np.eye(options)[b[moved]] - np.eye(options)[a[moved]]
    spread = np.maximum((change**2).sum(axis=0), 1.0)
    found = ((change.sum(axis=0) ** 2) / spread).sum()
    above, at_once = 1, max(1, SIGNS_AT_ONCE // len(change))
    for start in range(0, draws, at_once):
        signs = rng.integers(2, size=(min(at_once, draws - start), len(change))) * 2.0 - 1.0
        above += int(((((signs @ change) ** 2) / spread).sum(axis=1) >= found - 1e-9).sum())
    return above / (draws + 1)


def changed_share(first: ArrayLike, second: ArrayLike) -> float:
    """Share of the people, among those who answered twice, who gave another answer; NaN without any.

    >>> changed_share([0, 1, 1, -1], [0, 1, 0, 1])
    0.3333333333333333
    """
    a, b = _both(first, second)
    return float((a != b).mean()) if len(a) else float("nan")


def _both(first: ArrayLike, second: ArrayLike) -> tuple[Integers, Integers]:
    a, b = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if a.shape != b.shape:
        raise ValueError(f"The same people are needed in both waves, got the shapes {a.shape} and {b.shape}.")
    heard = (a != NOTHING) & (b != NOTHING)
    return a[heard], b[heard]
