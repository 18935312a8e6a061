"""p-values of many comparisons, adjusted for their number."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import Floats
from demoscope.errors import DocumentError


def holm(p: ArrayLike) -> Floats:
    """Adjusted p-values that bound the chance of any false finding (family-wise error).

    Parameters
    ----------
    p : array_like, shape (n,)
        In [0, 1].

    Returns
    -------
    numpy.ndarray, shape (n,)
        In [0, 1], in the same order; never below ``p``.

    Raises
    ------
    ValueError
        If a value lies outside [0, 1].

    References
    ----------
    .. [1] Holm (1979). A Simple Sequentially Rejective Multiple Test Procedure. Scand. J. Statist. 6.

    >>> holm([0.01, 0.04, 0.03]).round(6).tolist()  # 3 * 0.01, then 2 * 0.03, then no less
    [0.03, 0.06, 0.06]
    """
    values = _checked(p)
    order = np.argsort(values, kind="stable")
    factors = len(values) - np.arange(len(values))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return adjusted


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjusted p-values that bound the expected share of false findings (false discovery rate).

    Parameters
    ----------
    p : array_like, shape (n,)
        In [0, 1].

    Returns
    -------
    numpy.ndarray, shape (n,)
        In [0, 1], in the same order; never below ``p``.

    Raises
    ------
    ValueError
        If a value lies outside [0, 1].

    References
    ----------
    .. [1] Benjamini and Hochberg (1995). Controlling the False Discovery Rate. J. R. Statist. Soc. B 57.

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(6).tolist()  # 3/1 * 0.01; 3/2 * 0.03 is more than 3/3 * 0.04
    [0.03, 0.04, 0.04]
    """
    values = _checked(p)
    order = np.argsort(-values, kind="stable")
    factors = len(values) / (len(values) - np.arange(len(values)))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.minimum.accumulate(values[order] * factors), 1.0) if len(values) else values
    return adjusted


CORRECTIONS: Mapping[str, Callable[[ArrayLike], Floats]] = {"holm": holm, "benjamini_hochberg": benjamini_hochberg}
"""By name."""


def correction_named(name: str) -> Callable[[ArrayLike], Floats]:
    """What adjusts p-values, by the name that somebody gave.

    Raises
    ------
    DocumentError
        If there is none of this name.
    """
    if name not in CORRECTIONS:
        raise DocumentError(f"There is no correction {name!r}; choose {' or '.join(CORRECTIONS)}.")
    return CORRECTIONS[name]


def _checked(p: ArrayLike) -> Floats:
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"p-values are a vector of numbers from 0 to 1, got {values.tolist()}.")
    return values
