"""How answers hang together: correlations between items and effects of traits, beside those of real people.

A model that gives every question the right shares may still be no public, if who says one thing says nothing about
what they say next.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import Floats

Figure = Callable[[Floats], Floats]
"""Some people (n_people, ...) -> an array of any fixed shape, such as their correlations."""


def item_correlations(values: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Pearson correlations of all pairs of items, from the people who answered both.

    Parameters
    ----------
    values : array_like, shape (n_people, n_items)
        Codes or scores, NaN where there is no answer.
    weights : array_like, shape (n_people,), optional
        How many people each stands for.

    Returns
    -------
    numpy.ndarray, shape (n_items, n_items)
        In [-1, 1], symmetric; NaN where an item does not vary among those who answered both.

    >>> item_correlations([[1, 2], [2, 4], [3, 6], [4, np.nan]]).round(6).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    table = np.asarray(values, dtype=np.float64)
    each = np.ones(len(table)) if weights is None else np.asarray(weights, dtype=np.float64)
    known = (~np.isnan(table)).astype(np.float64)
    filled = np.nan_to_num(table - _means(table))  # centred, so that squares of large codes do not cancel
    weighted = known * each[:, None]
    n = weighted.T @ known
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (filled * each[:, None]).T @ known / n  # of the row's item among those who answered the column's too
        square = (filled**2 * each[:, None]).T @ known / n - mean**2
        product = (filled * each[:, None]).T @ filled / n - mean * mean.T
        bound = np.sqrt(np.where(square > 1e-12, square, np.nan))
        return np.asarray(np.clip(product / (bound * bound.T), -1.0, 1.0))


def trait_effects(values: ArrayLike, traits: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Coefficients of a linear regression of every item on the people's traits, all items at once.

    Parameters
    ----------
    values : array_like, shape (n_people, n_items)
        Codes or scores, NaN where there is no answer.
    traits : array_like, shape (n_people, n_traits)
        Such as age in decades, or 1 for women and 0 for men; no NaN. An intercept is added.
    weights : array_like, shape (n_people,), optional
        How many people each stands for.

    Returns
    -------
    numpy.ndarray, shape (n_items, n_traits)
        Change of the item for one more of the trait. Traits that nobody answering an item differs in get 0.

    >>> trait_effects([[1.0], [3.0], [5.0]], [[0], [1], [2]]).round(6).tolist()
    [[2.0]]
    """
    table, design = np.asarray(values, dtype=np.float64), np.asarray(traits, dtype=np.float64)
    if design.ndim != 2 or len(design) != len(table) or not np.isfinite(design).all():
        raise ValueError(f"Need known traits for {len(table)} people, got the shape {design.shape}.")
    each = np.ones(len(table)) if weights is None else np.asarray(weights, dtype=np.float64)
    x = np.column_stack([np.ones(len(design)), design])
    known = (~np.isnan(table)) * each[:, None]
    squares = (known.T @ (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)).reshape(-1, x.shape[1], x.shape[1])
    products = (np.nan_to_num(table) * known).T @ x
    inverse = np.linalg.pinv(squares, rcond=1e-10, hermitian=True)
    return np.asarray(np.einsum("qij,qj->qi", inverse, products)[:, 1:])


@dataclass(frozen=True)
class Likeness:
    """Two arrays of correlations or effects beside one another."""

    mean_difference: float
    """Mean absolute difference of the entries; 0 is equality."""
    correlation: float
    """Of the entries with one another, in [-1, 1]; NaN when either side does not vary."""
    same_sign: float
    """Share of the entries with the same sign, in [0, 1]."""


def likeness(first: ArrayLike, second: ArrayLike) -> Likeness:
    """How alike two structures are, over the entries that both know; a square table counts every pair once.

    >>> likeness([[1, 0.5], [0.5, 1]], [[1, 0.2], [0.2, 1]]).mean_difference
    0.3
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"Two structures need one shape, got {a.shape} and {b.shape}.")
    if a.ndim == 2 and a.shape[0] == a.shape[1] and a.shape[0] > 1:
        pairs = np.triu_indices(len(a), 1)
        a, b = a[pairs], b[pairs]
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = a[both], b[both]
    if not len(a):
        return Likeness(float("nan"), float("nan"), float("nan"))
    varies = len(a) > 1 and a.std() > 0 and b.std() > 0
    correlation = float(np.corrcoef(a, b)[0, 1]) if varies else float("nan")
    return Likeness(float(np.abs(a - b).mean()), correlation, float((np.sign(a) == np.sign(b)).mean()))


def human_bounds(
    people: ArrayLike, figure: Figure, size: int, rng: np.random.Generator, draws: int = 100
) -> tuple[Likeness, ...]:
    """How alike people are to other people: a random part against as large a rest, many times.

    Parameters
    ----------
    people : array_like, shape (n_people, ...)
        Answers (and traits beside them, if the figure takes them apart again) of real people.
    figure : callable
        What is compared, such as :func:`item_correlations`.
    size : int
        Size of the part: as many as were simulated, or half of the people when that is less.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Number of splits.

    Returns
    -------
    tuple of Likeness
        One a split: the part against the rest, which is what a perfect public of this size would reach.

    Raises
    ------
    ValueError
        If there are fewer than four people or the part is empty.

    >>> rng = np.random.default_rng(1)
    >>> found = human_bounds(rng.normal(size=(200, 4)), item_correlations, 50, rng, draws=10)
    >>> len(found), 0 < found[0].mean_difference < 0.5
    (10, True)
    """
    table = np.asarray(people, dtype=np.float64)
    part = min(size, len(table) // 2)
    if len(table) < 4 or part < 1:
        raise ValueError(f"Splits need four people and a part of one at least, got {len(table)} and {size}.")
    found = []
    for _ in range(draws):
        order = rng.permutation(len(table))
        found.append(likeness(figure(table[order[:part]]), figure(table[order[part:]])))
    return tuple(found)


def _means(table: Floats) -> Floats:
    known = ~np.isnan(table)
    return np.asarray(np.where(known, table, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
