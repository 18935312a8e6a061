"""Whether two figures go together across models, such as robustness to prompts and to the layout of options."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from demoscope.documents import Document


class Correlation(Document):
    """Pearson's correlation with its test and interval; the units are independent."""

    r: float
    """In [-1, 1]."""
    n: int
    p: float
    """Two-sided, of no correlation."""
    low: float | None
    high: float | None
    """95 % by Fisher's z; absent below four units."""


def correlation_p(r: float, n: int) -> float:
    """Two-sided p-value of a Pearson correlation of independent units.

    Parameters
    ----------
    r : float
        Correlation, in [-1, 1].
    n : int
        Number of units, at least 3.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If the correlation is impossible or there are fewer than three units.

    References
    ----------
    .. [1] Student (1908). Probable Error of a Correlation Coefficient. Biometrika 6.

    >>> round(correlation_p(0.645, 13), 3)  # t = 0.645 * sqrt(11 / (1 - 0.645**2)) = 2.80
    0.017
    """
    if not -1 <= r <= 1 or n < 3:
        raise ValueError(f"Need a correlation from -1 to 1 of three units at least, got {r} of {n}.")
    if abs(r) == 1:
        return 0.0
    t = abs(r) * np.sqrt((n - 2) / (1 - r**2))
    return float(2 * stats.t.sf(t, n - 2))


def correlation(first: ArrayLike, second: ArrayLike) -> Correlation | None:
    """Correlation of two figures across models.

    Parameters
    ----------
    first, second : array_like, shape (n_models,)
        Figures; models with NaN on either side are left out.

    Returns
    -------
    Correlation or None
        ``None`` with fewer than three models, or when a figure is the same for all.

    >>> found = correlation([0.1, 0.2, 0.3, 0.4], [1, 2, 2, 4])
    >>> round(found.r, 6), found.n
    (0.923381, 4)
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = a[both], b[both]
    n = len(a)
    if n < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    r = float(np.clip(np.corrcoef(a, b)[0, 1], -1, 1))
    low = high = None
    if n > 3 and abs(r) < 1:
        reach = stats.norm.ppf(0.975) / np.sqrt(n - 3)
        low, high = float(np.tanh(np.arctanh(r) - reach)), float(np.tanh(np.arctanh(r) + reach))
    return Correlation(r=r, n=n, p=correlation_p(r, n), low=low, high=high)
