"""Distances between two answer distributions: pure functions over arrays, many draws at once.

Every function takes counts or shares with the options on the last axis and broadcasts over the axes before it, so
one call measures a thousand bootstrap draws. Respondents without a substantive answer are left out beforehand.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def shares(counts: ArrayLike) -> Floats:
    """Counts (or shares) divided by their total, over the last axis.

    >>> shares([1, 3]).tolist()
    [0.25, 0.75]

    Raises
    ------
    ValueError
        If there are fewer than two options, or counts are negative, not finite or all zero.
    """
    array = np.asarray(counts, dtype=np.float64)
    if array.ndim < 1 or array.shape[-1] < 2:
        raise ValueError(f"Need counts of two or more options on the last axis, got the shape {array.shape}.")
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError("Counts must be finite and non-negative.")
    totals = array.sum(axis=-1, keepdims=True)
    if not (totals > 0).all():
        raise ValueError("Counts are all zero: there is nobody to take shares of. Leave such draws out.")
    return np.asarray(array / totals)


def wasserstein(simulated: ArrayLike, observed: ArrayLike, scores: ArrayLike | None = None) -> Floats:
    """Wasserstein-1 distance between two distributions over ordered options, on a scale from 0 to 1.

    How far people would have to move, on average, to turn one distribution into the other; 1 is everybody from one
    end to the other. Divided by the length of the scale (K - 1 for K equally spaced options).

    Parameters
    ----------
    simulated, observed : array_like, shape (..., n_options)
        Counts or shares, in the order of the options; leading axes broadcast.
    scores : array_like, shape (..., n_options), optional
        Position of each option on the scale, in any order; 0, 1, ..., K - 1 when absent. Leading axes broadcast, so
        questions may have scales of their own; NaN marks a column that a question does not have, which must be
        empty on both sides.

    Returns
    -------
    numpy.ndarray, shape (...)
        Distance in [0, 1], unitless.

    Raises
    ------
    ValueError
        If counts are impossible, shapes differ, scores are infinite or all the same, or somebody chose an option
        without a score.

    References
    ----------
    .. [1] Santurkar et al. (2023). Whose Opinions Do Language Models Reflect? ICML.

    >>> float(wasserstein([2, 2, 0], [4, 0, 0]))  # half the people, one step of two: 1/2 * 1/2
    0.25
    """
    p, q = _pair(simulated, observed)
    places = np.arange(p.shape[-1], dtype=np.float64) if scores is None else np.asarray(scores, dtype=np.float64)
    if places.shape[-1:] != p.shape[-1:]:
        raise ValueError(f"Need one score for each of the {p.shape[-1]} options, got the shape {places.shape}.")
    order = np.argsort(places, axis=-1, kind="stable")  # NaN comes last
    steps = np.nan_to_num(np.diff(np.take_along_axis(places, order, axis=-1)), nan=0.0, posinf=np.inf)
    length = steps.sum(axis=-1, keepdims=True)
    if not np.isfinite(length).all() or (length <= 0).any():
        raise ValueError(f"Scores must be finite and differ, got {places.tolist()}.")
    difference = p - q
    if np.isnan(places).any() and (np.isnan(places) & ((p > 0) | (q > 0))).any():
        raise ValueError("Somebody chose an option without a score; give it one, or leave the option out.")
    if places.ndim == 1:
        difference = difference[..., order]
    else:
        shape = np.broadcast_shapes(difference.shape, order.shape)
        difference = np.take_along_axis(np.broadcast_to(difference, shape), np.broadcast_to(order, shape), axis=-1)
    ahead = np.abs(np.cumsum(difference, axis=-1)[..., :-1])
    return np.asarray((ahead * (steps / length)).sum(axis=-1))


def kl_divergence(simulated: ArrayLike, observed: ArrayLike, smoothing: float = 0.0) -> Floats:
    """Kullback-Leibler divergence of the observed from the simulated distribution, KL(simulated || observed).

    Parameters
    ----------
    simulated, observed : array_like, shape (..., n_options)
        Counts or shares; leading axes broadcast.
    smoothing : float
        Added to every share of both sides before they are normalised again; 0 leaves them as they are.

    Returns
    -------
    numpy.ndarray, shape (...)
        Divergence in nats, in [0, inf]. An option nobody simulated chose adds nothing; one that somebody simulated
        chose and nobody observed did makes it infinite.

    Raises
    ------
    ValueError
        If counts are impossible, shapes differ, or smoothing is negative.

    References
    ----------
    .. [1] Kullback and Leibler (1951). On Information and Sufficiency. Ann. Math. Statist. 22.

    >>> round(float(kl_divergence([1, 0], [1, 1])), 6), float(kl_divergence([1, 1], [1, 0]))
    (0.693147, inf)
    """
    p, q = _smoothed(simulated, observed, smoothing)
    return np.asarray(np.maximum(_relative_entropy(p, q), 0.0))


def cumulative_kl(simulated: ArrayLike, observed: ArrayLike, smoothing: float = 0.0) -> Floats:
    """The printed formula of DEF (Eq. 1): point shares weigh the logarithm of a ratio of cumulative shares.

    ``sum_i p_i ln(P_i / Q_i)`` with ``P`` and ``Q`` the cumulative shares up to option i, in their order. It is no
    divergence: it can be negative, and depends on the order. The published tables come from :func:`kl_divergence`.

    Parameters
    ----------
    simulated, observed : array_like, shape (..., n_options)
        Counts or shares, in the order of the options; leading axes broadcast.
    smoothing : float
        Added to every share of both sides before they are normalised again; 0 leaves them as they are.

    Returns
    -------
    numpy.ndarray, shape (...)
        Nats, in (-inf, inf]. Infinite where an option was simulated at or below which nobody was observed.

    Raises
    ------
    ValueError
        If counts are impossible, shapes differ, or smoothing is negative.

    References
    ----------
    .. [1] Diversity-Enhanced Framework, Eq. 1 (SPEC 2.5).

    >>> round(float(cumulative_kl([1, 1], [3, 1])), 6)  # 1/2 ln((1/2) / (3/4)) + 1/2 ln(1 / 1)
    -0.202733
    """
    p, q = _smoothed(simulated, observed, smoothing)
    p, q = np.broadcast_arrays(p, q)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(np.cumsum(p, axis=-1)) - np.log(np.cumsum(q, axis=-1))
        return np.asarray(np.where(p > 0, p * ratio, 0.0).sum(axis=-1))


def jensen_shannon(simulated: ArrayLike, observed: ArrayLike, base: float = np.e, squared: bool = False) -> Floats:
    """Jensen-Shannon distance: the root of the mean divergence of both distributions from their middle.

    Parameters
    ----------
    simulated, observed : array_like, shape (..., n_options)
        Counts or shares; leading axes broadcast. The order of options does not matter.
    base : float
        Base of the logarithm, above 1: e (as in SciPy), or 2 for a range of [0, 1].
    squared : bool
        Return the divergence instead of the distance.

    Returns
    -------
    numpy.ndarray, shape (...)
        Distance in [0, sqrt(ln 2 / ln base)], which is [0, 0.833] for base e; symmetric and always finite.

    Raises
    ------
    ValueError
        If counts are impossible, shapes differ, or the base is not above 1.

    References
    ----------
    .. [1] Lin (1991). Divergence Measures Based on the Shannon Entropy. IEEE Trans. Inf. Theory 37.
    .. [2] Endres and Schindelin (2003). A New Metric for Probability Distributions. IEEE Trans. Inf. Theory 49.

    >>> float(jensen_shannon([1, 0], [0, 1], base=2))
    1.0
    """
    if not 1 < base < np.inf:
        raise ValueError(f"The base of the logarithm must lie above 1, got {base}.")
    p, q = _pair(simulated, observed)
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / (2 * np.log(base))
    divergence = np.maximum(divergence, 0.0)  # rounding can leave -1e-17 for equal distributions
    return np.asarray(divergence if squared else np.sqrt(divergence))


def total_variation(simulated: ArrayLike, observed: ArrayLike) -> Floats:
    """Total variation distance: the share of people who would have to change their answer.

    Parameters
    ----------
    simulated, observed : array_like, shape (..., n_options)
        Counts or shares; leading axes broadcast. The order of options does not matter.

    Returns
    -------
    numpy.ndarray, shape (...)
        Distance in [0, 1], unitless.

    Raises
    ------
    ValueError
        If counts are impossible or shapes differ.

    References
    ----------
    .. [1] Levin, Peres and Wilmer (2009). Markov Chains and Mixing Times, ch. 4. AMS.

    >>> float(total_variation([2, 1, 1], [1, 1, 2]))
    0.25
    """
    p, q = _pair(simulated, observed)
    return np.asarray(np.abs(p - q).sum(axis=-1) / 2)


def without_infinity(divergences: ArrayLike) -> Floats:
    """Replace infinite and missing divergences so that they can be averaged over questions (first axis).

    An infinite one, or NaN for a question without any valid answer, becomes the largest finite one of the same column
    plus 1; where nothing is finite, 1. This is the rule of the published DEF evaluation; averages that use it say how
    many values it touched.

    Parameters
    ----------
    divergences : array_like, shape (n_questions, ...)
        Divergences of the questions, in nats.

    Returns
    -------
    numpy.ndarray, shape (n_questions, ...)
        The same, all finite.

    >>> without_infinity([0.5, float("inf"), 2.0]).tolist()
    [0.5, 3.0, 2.0]
    """
    values = np.asarray(divergences, dtype=np.float64)
    finite = np.isfinite(values)
    largest = np.where(finite, values, -np.inf).max(axis=0, initial=-np.inf)
    return np.asarray(np.where(finite, values, np.where(np.isfinite(largest), largest + 1.0, 1.0)))


def _relative_entropy(p: Floats, q: Floats) -> Floats:
    p, q = np.broadcast_arrays(p, q)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0)
    return np.asarray(terms.sum(axis=-1))


def _smoothed(simulated: ArrayLike, observed: ArrayLike, smoothing: float) -> tuple[Floats, Floats]:
    p, q = _pair(simulated, observed)
    if not 0 <= smoothing < np.inf:
        raise ValueError(f"smoothing must be a finite number of at least 0, got {smoothing}.")
    return (shares(p + smoothing), shares(q + smoothing)) if smoothing else (p, q)


def _pair(simulated: ArrayLike, observed: ArrayLike) -> tuple[Floats, Floats]:
    p, q = shares(simulated), shares(observed)
    if p.shape[-1] != q.shape[-1]:
        raise ValueError(f"Both sides need the same options, got {p.shape[-1]} and {q.shape[-1]} of them.")
    return p, q
