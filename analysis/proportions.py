"""Intervals of a proportion."""

import math

NORMAL_95 = 1.959963984540054


def wilson(share: float, n: float) -> tuple[float, float]:
    """95 % score interval of a proportion, which keeps its coverage near 0 and 1 and for small n.

    Parameters
    ----------
    share : float
        The observed proportion, in [0, 1].
    n : float
        What it was observed in; with unequal weights the effective number.

    Returns
    -------
    tuple of float
        Lower and upper limit, in [0, 1].

    Raises
    ------
    ValueError
        If there is no proportion or nothing was observed.

    References
    ----------
    .. [1] Wilson (1927). Probable Inference, the Law of Succession, and Statistical Inference. JASA 22.

    >>> low, high = wilson(0.0, 10)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.278)
    """
    if not 0 <= share <= 1 + 1e-9 or not n > 0:
        raise ValueError(f"A proportion lies between 0 and 1 and needs observations, got {share} of {n}.")
    p, z2 = min(share, 1.0), NORMAL_95**2
    middle, reach = p + z2 / (2 * n), math.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n**2)))
    return max(middle - reach, 0.0) / (1 + z2 / n), min((middle + reach) / (1 + z2 / n), 1.0)
