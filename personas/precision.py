"""How much a sample tells: effective size under weights, margins of error, and how many people these need."""

import math

import numpy as np
from numpy.typing import ArrayLike

Z_95 = 1.959963984540054
"""Standard normal quantile of a 95 % interval."""


def design_effect(weights: ArrayLike) -> float:
    """By how much unequal weights raise the variance of a mean: 1 plus the squared variation of the weights.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Positive weight of each person; only proportions matter.

    Returns
    -------
    float
        At least 1, unitless; 1 for equal weights.

    Raises
    ------
    ValueError
        If there is nobody, or a weight is not positive and finite.

    References
    ----------
    Kish (1965). Survey Sampling. Wiley, section 11.7.

    >>> design_effect([1, 1, 2])  # 3 * (1 + 1 + 4) / (1 + 1 + 2) ** 2
    1.125
    """
    w = np.asarray(weights, float)
    if w.ndim != 1 or not w.size or not (np.isfinite(w).all() and w.min() > 0):
        raise ValueError("Need one positive, finite weight for each of at least one person.")
    return float(w.size * np.square(w).sum() / w.sum() ** 2)


def effective_sample_size(weights: ArrayLike) -> float:
    """How many equally weighted people would tell as much, in people; see :func:`design_effect`.

    >>> round(effective_sample_size([1, 1, 2]), 3)  # (1 + 1 + 2) ** 2 / (1 + 1 + 4)
    2.667
    """
    return float(np.size(weights) / design_effect(weights))


def margin_of_error(n: float, effect: float = 1.0, share: float = 0.5) -> float:
    """Half the width of the 95 % interval of a share, by the normal approximation, as a share.

    Parameters
    ----------
    n : float
        People asked, above 0.
    effect : float
        Design effect, at least 1.
    share : float
        The share itself; one half is the worst case.

    >>> round(margin_of_error(1000), 4)
    0.031
    """
    if n <= 0 or effect < 1 or not 0 <= share <= 1:
        raise ValueError(f"Need n > 0, an effect of at least 1 and a share in [0, 1]; got {n}, {effect}, {share}.")
    return Z_95 * math.sqrt(effect * share * (1 - share) / n)


def people_needed(margin: float, effect: float = 1.0, group: float = 1.0) -> int:
    """Smallest sample in which a group's shares have at most this margin of error, at their worst.

    Parameters
    ----------
    margin : float
        Wanted half width of the 95 % interval, in (0, 1).
    effect : float
        Design effect, at least 1.
    group : float
        Share of the people who belong to the group, in (0, 1].

    >>> people_needed(0.05), people_needed(0.05, group=0.1)  # 1.96 ** 2 * 0.25 / 0.05 ** 2 = 384.1
    (385, 3842)
    """
    if not 0 < margin < 1 or effect < 1 or not 0 < group <= 1:
        raise ValueError(
            "Need a margin in (0, 1), a design effect of at least 1 and a group in (0, 1]; "
            f"got {margin}, {effect}, {group}."
        )
    return math.ceil(Z_95**2 * effect * 0.25 / margin**2 / group)
