"""Whether a question is answered alike in several waves, in any way or in a trend: permutation tests.

p-values are drawn instead of looked up, because cells are small; none is below 1 / (draws + 1).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.choices import Floats, Integers
from analysis.yardsticks import DRAWS

ANSWERS_AT_ONCE = 5_000_000
"""Permuted answers held in memory at a time."""


def independent_series_p(
    counts: ArrayLike, rng: np.random.Generator, draws: int = DRAWS, scores: ArrayLike | None = None
) -> float:
    """p-value of several groups of other people answering alike: people permuted between the waves.

    Parameters
    ----------
    counts : array_like of int, shape (n_waves, n_options)
        People of each wave per option.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Permutations.
    scores : array_like, shape (n_options,), optional
        Positions of ordered options: then the test is of a trend, linear in the place of the wave; otherwise of any
        difference (Pearson's statistic).

    Returns
    -------
    float
        In (0, 1]; NaN when a wave has nobody, 1 when all chose one option.

    References
    ----------
    .. [1] Good (2005). Permutation, Parametric and Bootstrap Tests of Hypotheses. Springer.
    .. [2] Agresti (2013). Categorical Data Analysis, 3.4: linear-by-linear association.

    >>> independent_series_p([[20, 0], [10, 10], [0, 20]], np.random.default_rng(1), draws=99)
    0.01
    """
    table = np.asarray(counts, dtype=np.int64)
    sizes, options = table.sum(axis=1), table.sum(axis=0)
    if not (sizes > 0).all():
        return float("nan")
    if (options > 0).sum() < 2:
        return 1.0
    drawn = stats.random_table(sizes, options).rvs(draws, random_state=rng)
    expected = np.outer(sizes, options) / sizes.sum()
    found, others = (_statistic(each, expected, expected, scores) for each in (table[None], drawn))
    return float((1 + (others >= found[0] - 1e-9).sum()) / (draws + 1))


def panel_series_p(
    choices: ArrayLike,
    options: int,
    rng: np.random.Generator,
    draws: int = DRAWS,
    scores: ArrayLike | None = None,
) -> float:
    """p-value of the same people answering alike on the whole: each one's answers permuted between the waves.

    Parameters
    ----------
    choices : array_like of int, shape (n_people, n_waves)
        Column of the option that each chose in each wave; nobody without an answer.
    options : int
        Number of options.
    rng, draws, scores
        As for :func:`independent_series_p`.

    Returns
    -------
    float
        In (0, 1]; NaN without people, 1 when nobody changed.

    References
    ----------
    .. [1] Cochran (1950). The Comparison of Percentages in Matched Samples. Biometrika 37.

    >>> panel_series_p([[0, 0, 1]] * 12, 2, np.random.default_rng(1), draws=999) < 0.01
    True
    """
    chosen = np.asarray(choices, dtype=np.int64)
    if not len(chosen):
        return float("nan")
    moved = chosen[(chosen != chosen[:, :1]).any(axis=1)]
    if not len(moved):
        return 1.0
    waves = moved.shape[1]
    each = (moved[:, :, None] == np.arange(options)).mean(axis=1)  # (n_moved, n_options) shares of a person's answers
    expected = np.tile(each.sum(axis=0), (waves, 1))
    spread = np.tile((each * (1 - each)).sum(axis=0), (waves, 1))
    found = _statistic(_tables(moved[None], options), expected, spread, scores)[0]
    above = sum(
        int((_statistic(tables, expected, spread, scores) >= found - 1e-9).sum())
        for tables in _permuted(moved, options, rng, draws)
    )
    return (1 + above) / (draws + 1)


def _permuted(moved: Integers, options: int, rng: np.random.Generator, draws: int) -> Iterator[Integers]:
    """Tables (n_draws, n_waves, n_options) with every person's answers in another order, a part at a time."""
    at_once = max(1, ANSWERS_AT_ONCE // moved.size)
    for start in range(0, draws, at_once):
        n = min(at_once, draws - start)
        yield _tables(rng.permuted(np.broadcast_to(moved, (n, *moved.shape)), axis=2), options)


def _tables(chosen: Integers, options: int) -> Integers:
    """People per wave and option, (n_draws, n_waves, n_options), of choices (n_draws, n_people, n_waves)."""
    draws, _, waves = chosen.shape
    places = np.arange(draws)[:, None, None] * waves + np.arange(waves)
    counted = np.bincount((places * options + chosen).ravel(), minlength=draws * waves * options)
    return counted.reshape(draws, waves, options)


def _statistic(tables: Integers, expected: Floats, spread: Floats, scores: ArrayLike | None) -> Floats:
    """How far each table is from what is expected: in all its cells, or in the trend of the mean score."""
    off = tables - expected
    if scores is None:
        return np.asarray(((off**2) / np.where(spread > 0, spread, 1.0)).sum(axis=(1, 2)))
    place = np.arange(off.shape[1]) - (off.shape[1] - 1) / 2
    return np.asarray(np.abs(np.einsum("dwo,w,o->d", off, place, np.asarray(scores, dtype=np.float64))))
