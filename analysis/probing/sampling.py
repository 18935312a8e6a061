"""What drawing a few texts alone would change: sampled answers differ between two ways of asking by chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import Floats, Integers
from analysis.probing.robustness import mean_shares, pairwise, question_mean
from analysis.yardsticks import DRAWS


@dataclass(frozen=True)
class Floor:
    """What would be found if every way of asking drew from one and the same distribution."""

    mismatch: float
    """Mean mismatch rate."""
    js: float
    """Mean Jensen-Shannon distance."""


def sampling_floor(
    shares: ArrayLike,
    samples: ArrayLike,
    rng: np.random.Generator,
    *,
    unread: ArrayLike = 0.0,
    base: float = np.e,
    squared: bool = False,
    draws: int = 100,
) -> Floor | None:
    """Mismatch and distance between the ways that the number of sampled texts alone brings about.

    Parameters
    ----------
    shares : array_like, shape (n_groups, n_ways, n_questions, n_options)
        Distributions of the texts that were read; NaN where none was. In each group, such as a style, one
        distribution is drawn from for all ways; distributions are averaged over the groups before ways are compared.
    samples : array_like of int, shape (n_groups, n_ways, n_questions)
        Texts that were read.
    rng : numpy.random.Generator
        Source of chance.
    unread : array_like, shape (n_groups, n_ways, n_questions), optional
        Share of the texts that could not be read, which is spread over the options.
    base, squared
        Of the Jensen-Shannon distance.
    draws : int
        Repetitions.

    Returns
    -------
    Floor or None
        ``None`` when nothing was asked in two ways.

    >>> floor = sampling_floor([[[[0.5, 0.5]], [[0.5, 0.5]]]], [[[10], [10]]], np.random.default_rng(1), draws=1000)
    >>> 0.3 < floor.mismatch < 0.55  # even a model that never changes seems to
    True
    """
    table, sizes = np.asarray(shares, dtype=np.float64), np.asarray(samples, dtype=np.int64)
    if table.shape[1] < 2 or np.isnan(table).all():
        return None
    pooled = [_pooled(each, size) for each, size in zip(table, sizes, strict=True)]
    lost = np.broadcast_to(np.asarray(unread, dtype=np.float64), sizes.shape)[..., None]
    options = (~np.isnan(table)).sum(axis=-1, keepdims=True)
    found = []
    for _ in range(draws):
        drawn = np.stack([_redrawn(*each, rng) for each in zip(table, pooled, sizes, strict=True)])
        changes = pairwise(mean_shares(drawn * (1 - lost) + lost / np.maximum(options, 1)), base, squared)
        found.append((float(question_mean(changes.mismatch)), float(question_mean(changes.js))))
    mismatch, js = np.mean(found, axis=0)
    return None if np.isnan(mismatch) else Floor(float(mismatch), float(js))


def changed_p(shares: ArrayLike, samples: ArrayLike, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Probability that one distribution for all ways of asking would give sampled answers as different as these.

    A likelihood-ratio test of homogeneity, its distribution drawn instead of looked up, because cells are small.

    Parameters
    ----------
    shares : array_like, shape (n_ways, n_questions, n_options)
        Distributions of the texts that were read; NaN where none was.
    samples : array_like of int, shape (n_ways, n_questions)
        Texts that were read.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Repetitions; no p-value is below 1 / (draws + 1).

    Returns
    -------
    numpy.ndarray, shape (n_questions,)
        p-values, not adjusted; NaN where fewer than two ways were answered.

    References
    ----------
    .. [1] Davison and Hinkley (1997). Bootstrap Methods and their Application, ch. 4. Cambridge.

    >>> table = [[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]]
    >>> p = changed_p(table, [[10, 10], [10, 10]], np.random.default_rng(1), draws=200)
    >>> bool(p[0] < 0.01), float(p[1])
    (True, 1.0)
    """
    table, sizes = np.asarray(shares, dtype=np.float64), np.asarray(samples, dtype=np.int64)
    heard = ~np.isnan(table).all(axis=2)
    pooled = _pooled(table, sizes)
    found = _ratio(table, sizes)
    above = np.ones(table.shape[1])
    for _ in range(draws):
        above += _ratio(_redrawn(table, pooled, sizes, rng), sizes) >= found - 1e-9
    return np.where(heard.sum(axis=0) > 1, above / (draws + 1), np.nan)


def _pooled(table: Floats, sizes: Integers) -> Floats:
    """One distribution a question, by the number of texts."""
    weights = np.where(np.isnan(table).all(axis=2), 0, sizes)[..., None]
    with np.errstate(invalid="ignore"):
        mean = (np.nan_to_num(table) * weights).sum(axis=0) / weights.sum(axis=0)
    return np.where(np.isnan(table).all(axis=0), np.nan, mean)


def _ratio(table: Floats, sizes: Integers) -> Floats:
    """Log-likelihood of a distribution for each way over that of one for all, (n_questions,)."""
    pooled = _pooled(table, sizes)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(table > 0, table * (np.log(table) - np.log(pooled)), 0.0)
    return np.asarray((np.nan_to_num(terms) * sizes[..., None]).sum(axis=(0, 2)))


def _redrawn(table: Floats, pooled: Floats, sizes: Integers, rng: np.random.Generator) -> Floats:
    """As many texts of the pooled distributions, NaN where the table is."""
    heard = ~np.isnan(table).all(axis=2)
    chances = np.nan_to_num(np.broadcast_to(pooled, table.shape))
    drawn = np.full(table.shape, np.nan)
    if heard.any():
        own = chances[heard]
        counts = rng.multinomial(sizes[heard], own / own.sum(axis=1, keepdims=True))
        drawn[heard] = counts / sizes[heard][:, None]
    return np.where(np.isnan(table), np.nan, drawn)
