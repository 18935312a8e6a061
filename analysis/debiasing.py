"""Distances freed of the upward bias of small samples, with intervals that still hold near zero.

Two samples of one public differ, so a distance computed from few respondents is too large, and its bootstrap adds the
same excess once more. Here the sampling is turned round: which distance, if it were the true one, would on average be
computed as this large? Publics of any distance are made by moving the real shares towards (or beyond) the simulated
ones.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.bootstrap import limits
from analysis.choices import Floats, Integers
from analysis.distances import shares

Distance = Callable[..., Floats]
"""Counts or shares (..., n_options) on both sides, and places of the options where given -> distances (...)."""

AT_ONCE = 100
"""Questions whose samples are held in memory at a time."""

NEARER, BEYOND = 11, 9
"""Publics tried between the real shares and the simulated ones, and beyond these."""


@dataclass(frozen=True)
class Debiased:
    """One distance, or many: arrays of one shape."""

    computed: Floats
    """From the counts as they are; too large on average."""
    estimate: Floats
    """The true distance that would on average be computed as this; never below 0."""
    low: Floats
    """Lower 95 % limit: 0 when equal publics would often be computed as this far apart."""
    high: Floats
    """Upper 95 % limit; that of the farthest public tried, when it would still be reached."""


def debiased(
    simulated: ArrayLike,
    observed: ArrayLike,
    distance: Distance,
    rng: np.random.Generator,
    *,
    people: float | None = None,
    draws: int = 200,
) -> Debiased:
    """Debiased distance of each question, with a 95 % interval.

    Parameters
    ----------
    simulated : array_like, shape (n_questions, n_options)
        Simulated answers, each from a respondent of its own; for weighted ones, scale the counts to the effective
        number first. Nobody may be missing: leave empty questions out.
    observed : array_like, shape (n_questions, n_options)
        Real people.
    distance : callable
        Such as :func:`analysis.distances.total_variation`. It must be finite here: smooth a KL.
    rng : numpy.random.Generator
        Source of chance.
    people : float, optional
        How many real people were asked, if their sampling is to count as well; the real shares are taken as known
        when absent.
    draws : int
        Samples at each of the distances tried.

    Returns
    -------
    Debiased
        Arrays of shape (n_questions,), in the units of the distance.

    Raises
    ------
    ValueError
        If counts are impossible or a distance is infinite.

    References
    ----------
    .. [1] Gouriéroux, Renault and Touzi (2000). Calibration by Simulation for Small Sample Bias Correction.
    .. [2] Neyman (1937). Outline of a Theory of Statistical Estimation (intervals by inversion of tests).

    >>> from analysis.distances import total_variation
    >>> found = debiased([[13, 7]], [[50, 50]], total_variation, np.random.default_rng(1))
    >>> round(float(found.computed[0]), 3), bool(found.estimate[0] < 0.15), float(found.low[0])
    (0.15, True, 0.0)
    """
    computed, truth, sampled = _sampled(simulated, observed, distance, rng, people, draws)
    ordered = np.sort(sampled, axis=0)
    tail = max(0, round(0.025 * draws) - 1)
    return Debiased(
        computed=computed,
        estimate=_inverted(sampled.mean(axis=0), truth, computed),
        low=_inverted(ordered[draws - 1 - tail], truth, computed),
        high=_inverted(ordered[tail], truth, computed),
    )


def debiased_mean(
    simulated: ArrayLike,
    observed: ArrayLike,
    distance: Distance,
    rng: np.random.Generator,
    *,
    resampled: ArrayLike | None = None,
    people: float | None = None,
    places: ArrayLike | None = None,
    draws: int = 50,
) -> Debiased:
    """Debiased mean distance over questions, with a 95 % interval.

    All questions are moved together, so that questions computed as too near and too far make up for one another; a
    mean of :func:`debiased` estimates, none of which is below 0, would stay too large. Parameters as there, and:

    Parameters
    ----------
    resampled : array_like, shape (resamples,), optional
        The mean distance in resamples of whole respondents. How far they spread around their mean says how exactly
        the computed one is known; that they are themselves too large plays no part.
    places : array_like, shape (n_questions, n_options), optional
        Places of each question's options on its scale, the third argument of the distance; NaN where a question has
        no such option (:func:`analysis.distances.wasserstein`).

    Returns
    -------
    Debiased
        Scalars, in the units of the distance; limits are NaN without ``resampled``.

    >>> from analysis.distances import total_variation
    >>> rng = np.random.default_rng(1)
    >>> found = debiased_mean([[13, 7], [8, 12]], [[5, 5], [5, 5]], total_variation, rng)
    >>> round(float(found.computed), 3), bool(found.estimate < found.computed)
    (0.125, True)
    """
    each, truths, sampled = _sampled(simulated, observed, distance, rng, people, draws, places)
    curve, truth, computed = sampled.mean(axis=(0, 1))[None], truths.mean(axis=0)[None], each.mean()
    low = high = np.asarray(np.nan)
    if resampled is not None:
        around = np.asarray(resampled, dtype=np.float64)
        least, most = limits(around - around[~np.isnan(around)].mean())
        low, high = (_inverted(curve, truth, computed - reach[None])[0] for reach in (most, least))
    return Debiased(computed, _inverted(curve, truth, computed[None])[0], low, high)


def _sampled(
    simulated: ArrayLike,
    observed: ArrayLike,
    distance: Distance,
    rng: np.random.Generator,
    people: float | None,
    draws: int,
    places: ArrayLike | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Computed distances (questions), true ones of the publics tried (questions, steps), and samples of them."""
    counts = np.asarray(simulated, dtype=np.float64)
    p, q = shares(counts), shares(observed)
    if p.shape != q.shape or p.ndim != 2:
        raise ValueError(f"Both sides need the same questions and options, got the shapes {p.shape} and {q.shape}.")
    sizes = np.maximum(np.rint(counts.sum(axis=1)), 1).astype(np.int64)
    moved = _publics(p, q, sizes)
    scales = None if places is None else np.asarray(places, dtype=np.float64)
    computed = distance(p, q, *(() if scales is None else (scales,)))
    truth = distance(moved, q[:, None], *(() if scales is None else (scales[:, None],)))
    truth[:, 0] = 0.0  # but for rounding
    sampled = np.empty((draws, *moved.shape[:2]))
    for start in range(0, len(q), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        shape = (draws, *moved[part].shape[:2])
        drawn = rng.multinomial(sizes[part, None], moved[part], size=shape).astype(np.float64)
        against: Floats = q[part, None]
        if people is not None:
            against = rng.multinomial(round(people), against, size=shape).astype(np.float64)
        sampled[:, part] = distance(drawn, against, *(() if scales is None else (scales[part, None],)))
    if not (np.isfinite(computed).all() and np.isfinite(truth).all() and np.isfinite(sampled).all()):
        raise ValueError("A distance is infinite, so its bias is too; smooth it, or leave the question out.")
    return computed, truth, sampled


def _publics(p: Floats, q: Floats, sizes: Integers) -> Floats:
    """Shares (questions, steps, options): the real ones, the simulated ones, some between and some beyond."""
    direction = p - q
    apart = np.abs(direction).sum(axis=1) / 2
    same = apart < 1e-9  # then any direction does: from the most frequent option to the next
    first, second = np.argsort(-q, axis=1, kind="stable")[:, :2].T
    rows = np.arange(len(q))
    direction[rows[same], first[same]], direction[rows[same], second[same]] = -1.0, 1.0
    reach = 2 * np.sqrt(p.shape[1] / sizes)
    steps = np.concatenate(
        [
            apart[:, None] * np.linspace(0, 1, NEARER),
            apart[:, None] + reach[:, None] * np.linspace(0, 1, BEYOND + 1)[1:],
        ],
        axis=1,
    )
    moved = np.maximum(
        q[:, None] + (steps / np.where(same, 1.0, apart)[:, None])[..., None] * direction[:, None], 0.0
    )
    return np.asarray(moved / moved.sum(axis=-1, keepdims=True))


def _inverted(curve: Floats, truth: Floats, computed: Floats) -> Floats:
    """True distance at which the curve reaches what was computed, question by question."""
    rising, true = np.maximum.accumulate(curve, axis=-1), np.maximum.accumulate(truth, axis=-1)
    return np.array([np.interp(c, r, t) for c, r, t in zip(computed, rising, true, strict=True)])
