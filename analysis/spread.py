"""How far answers within a group are apart: a public disagrees, one voice does not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import Floats, Scales


@dataclass(frozen=True)
class Spread:
    """Disagreement by question; leading axes are those of the counts, such as groups."""

    variance: Floats
    """(..., n_questions) of the answers on a scale of 0 to 1: at most 1/4 among many, NaN below two answers."""
    entropy: Floats
    """(..., n_questions) in [0, 1], divided by that of equal shares; NaN without answers or with one option."""


def spread(counts: ArrayLike, scales: Scales) -> Spread:
    """Variance and entropy of the answers to each question, within each group.

    Parameters
    ----------
    counts : array_like, shape (..., n_questions, n_options)
        People per option, such as (n_groups, n_questions, n_options). Small groups may be compared with large
        ones: the variance has the divisor n - 1, the entropy Miller's correction (and is kept within [0, 1]).
    scales : Scales
        The options.

    Returns
    -------
    Spread

    References
    ----------
    .. [1] Miller (1955). Note on the Bias of Information Estimates. Information Theory in Psychology.

    >>> found = spread([[[5, 5]], [[10, 0]]], Scales.of([2]))
    >>> found.variance.round(4).tolist(), found.entropy.tolist()  # 10/9 * 1/4, and one voice
    ([[0.2778], [0.0]], [[1.0], [0.0]])
    """
    table = np.asarray(counts, dtype=np.float64)
    n = table.sum(axis=-1)
    p = table / np.where(n > 0, n, 1.0)[..., None]
    places = np.nan_to_num(scales.unit)
    mean = (p * places).sum(axis=-1)
    squares = (p * places**2).sum(axis=-1) - mean**2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(n > 1, np.maximum(squares, 0.0) * n / (n - 1), np.nan)
        surprise = -np.where(p > 0, p * np.log(p), 0.0).sum(axis=-1)
        corrected = surprise + ((table > 0).sum(axis=-1) - 1) / (2 * n)
        most = np.log(scales.sizes)
        entropy = np.where((n > 0) & (most > 0), np.clip(corrected / most, 0.0, 1.0), np.nan)
    return Spread(np.asarray(variance), np.asarray(entropy))


def spread_ratio(simulated: ArrayLike, observed: ArrayLike) -> Floats:
    """Mean simulated disagreement as a share of the real one, over what both sides know.

    Parameters
    ----------
    simulated, observed : array_like, shape (..., n_questions)
        Variances or entropies of the same groups and questions.

    Returns
    -------
    numpy.ndarray, shape (...)
        At least 0, unitless: 1 is a public as divided as people are, 0 one voice; NaN where nothing is known.

    >>> spread_ratio([0.1, 0.1], [0.2, 0.3]).round(6).tolist()
    0.4
    """
    a, b = np.asarray(simulated, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    both = ~(np.isnan(a) | np.isnan(b))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(both, a, 0.0).sum(axis=-1) / np.where(both, b, 0.0).sum(axis=-1))
