"""Whole people from weights: truncate, replicate, sample; and shares of a whole by largest remainders.

Lovelace and Ballas (2013): "Truncate, replicate, sample": a method for creating integer weights for spatial
microsimulation. Computers, Environment and Urban Systems 41.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def truncate_replicate_sample(weights: ArrayLike, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """How many times each unit appears among ``size`` whole people.

    Weights are scaled to add up to ``size``. Each unit appears as often as the whole part of its weight says, and
    once more if it is sampled, without replacement and with its fraction as probability, for the people left over.

    Parameters
    ----------
    weights : array_like, shape (n_units,)
        Finite and not negative, not all zero.
    size : int
        People in all, at least 0.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    numpy.ndarray, shape (n_units,)
        Counts that add up to ``size``; each is its scaled weight rounded down or up.

    Raises
    ------
    ValueError
        If weights are negative, not finite or all zero, or the size is negative.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> truncate_replicate_sample([2.0, 1.0, 1.0], 4, rng).tolist()
    [2, 1, 1]
    >>> counts = truncate_replicate_sample([1.5, 1.5, 1.0], 4, rng)
    >>> int(counts.sum()), int(counts[2])
    (4, 1)
    """
    whole, fractions, left = _truncated(weights, size)
    if left:
        # Systematic sampling in random order takes each unit with a probability of exactly its fraction.
        order = rng.permutation(np.flatnonzero(fractions))
        edges = np.cumsum(fractions[order]) * (left / fractions.sum())
        picked = np.searchsorted(edges, rng.random() + np.arange(left), side="right")
        whole[order[np.minimum(picked, len(order) - 1)]] += 1
    return whole


def largest_remainders(weights: ArrayLike, size: int) -> NDArray[np.int64]:
    """Whole numbers in proportion to ``weights`` that add up to ``size``: the largest fractions are rounded up.

    Parameters, errors and result are those of :func:`truncate_replicate_sample`; equal fractions go to the first.

    Examples
    --------
    >>> largest_remainders([50, 30, 20], 7).tolist()
    [4, 2, 1]
    """
    whole, fractions, left = _truncated(weights, size)
    whole[np.argsort(-fractions, kind="stable")[:left]] += 1
    return whole


def _truncated(weights: ArrayLike, size: int) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Whole parts, fractions, and how many people are left over."""
    array = np.asarray(weights, np.float64)
    if array.ndim != 1 or not np.isfinite(array).all() or (array < 0).any() or not array.sum() > 0:
        raise ValueError("Weights are finite, not negative and not all zero.")
    if size < 0:
        raise ValueError(f"A size is at least 0, got {size}.")
    scaled = array * (size / array.sum())
    # A weight that is whole but for the last bits is whole.
    nearest = np.rint(scaled)
    scaled = np.where(np.abs(scaled - nearest) < 1e-9 * np.maximum(1.0, nearest), nearest, scaled)
    whole = np.floor(scaled).astype(np.int64)
    return whole, scaled - whole, size - int(whole.sum())
