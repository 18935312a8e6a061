"""Distributions freed of what place and label add: averaged over layouts, and calibrated by the estimated bias."""

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import Floats


def calibrated(shares: ArrayLike, added: ArrayLike) -> Floats:
    """Distributions without what place and label add to the logarithm of each share.

    Parameters
    ----------
    shares : array_like, shape (..., n_options)
        Distributions; NaN stays NaN.
    added : array_like, shape (..., n_options)
        As :meth:`analysis.probing.place_bias.PlaceBias.added` gives it, in nats.

    Returns
    -------
    numpy.ndarray, shape (..., n_options)
        Shares that sum to 1. An option that was never chosen stays at 0: what is not there cannot be calibrated.

    References
    ----------
    .. [1] Zheng et al. (2024). Large Language Models Are Not Robust Multiple Choice Selectors. ICLR.
    .. [2] Zhao et al. (2021). Calibrate Before Use. ICML.

    >>> calibrated([0.75, 0.25], np.log([3, 1])).tolist()  # the first place is taken three times as readily
    [0.5, 0.5]
    """
    table = np.asarray(shares, dtype=np.float64)
    bias = np.asarray(added, dtype=np.float64)
    weights = table * np.exp(-(bias - bias.min(axis=-1, keepdims=True)))
    with np.errstate(invalid="ignore"):
        return np.asarray(weights / np.nansum(weights, axis=-1, keepdims=True))
