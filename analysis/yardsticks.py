"""What a distance should be compared with: guesses that know nothing, and people themselves.

A distance between a simulated and a real public means little alone. Two baselines say what is reached without any
model; two human yardsticks say how far people are from people.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.distances import shares

DRAWS = 1000
"""Draws of each human yardstick and of the bootstrap."""


def uniform(options: int) -> NDArray[np.float64]:
    """Shares of a public that answers at random, every option alike.

    >>> uniform(4).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    return np.full(options, 1 / options)


def majority(observed: ArrayLike) -> NDArray[np.float64]:
    """Shares of a public in which everybody gives the most frequent real answer (the first, when several tie).

    >>> majority([3, 9, 4]).tolist()
    [0.0, 1.0, 0.0]
    """
    p = shares(observed)
    everybody = np.zeros_like(p)
    everybody[int(np.argmax(p))] = 1.0
    return everybody


def halves(
    observed: ArrayLike, rng: np.random.Generator, draws: int = DRAWS
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split the real people at random into two halves, many times.

    Drawn without replacement (multivariate hypergeometric). With an odd number of people the second half has one
    more. Sums of survey weights are rounded to whole people first.

    Parameters
    ----------
    observed : array_like, shape (n_options,)
        Real people per option, at least two of them.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Number of splits.

    Returns
    -------
    first, second : numpy.ndarray, shape (draws, n_options)
        Counts of both halves; every pair adds up to the people.

    Raises
    ------
    ValueError
        If there are fewer than two people.

    >>> first, second = halves([30, 10], np.random.default_rng(1), draws=5)
    >>> (first + second).tolist()[0], set(first.sum(axis=1).tolist())
    ([30, 10], {20})
    """
    people = np.rint(np.asarray(observed, dtype=np.float64)).astype(np.int64)
    total = int(people.sum())
    if people.min() < 0 or total < 2:
        raise ValueError(f"Two halves need at least two people, got the counts {people.tolist()}.")
    first = rng.multivariate_hypergeometric(people, total // 2, size=draws, method="marginals")
    return first, people - first


def same_size(observed: ArrayLike, size: int, rng: np.random.Generator, draws: int = DRAWS) -> NDArray[np.int64]:
    """Random samples of real people, each as large as the simulated public.

    Drawn with replacement (multinomial from the real shares): the real survey stands for a public much larger than
    itself, so a sample may be larger than the survey, and one of the survey's own size is not perfect by force.

    Parameters
    ----------
    observed : array_like, shape (n_options,)
        Real people per option, counts or shares.
    size : int
        People in each sample: the understood answers of the simulated public, at least 1.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Number of samples.

    Returns
    -------
    numpy.ndarray, shape (draws, n_options)
        Counts of each sample.

    Raises
    ------
    ValueError
        If ``size`` is below 1 or there are no people.

    >>> same_size([3, 0, 1], 20, np.random.default_rng(1), draws=2).sum(axis=1).tolist()
    [20, 20]
    """
    if size < 1:
        raise ValueError(f"A sample needs at least one person, got {size}.")
    return rng.multinomial(size, shares(observed), size=draws)


def interval(values: ArrayLike) -> tuple[float, float, float]:
    """Median and the limits of the central 95 % of draws, as (median, 2.5 %, 97.5 %).

    Limits are values that were drawn (no interpolation), so that infinite divergences stay what they are.

    >>> interval(range(1, 1001))
    (500.0, 25.0, 975.0)
    """
    low, median, high = np.quantile(np.asarray(values, dtype=np.float64), [0.025, 0.5, 0.975], method="inverted_cdf")
    return float(median), float(low), float(high)
