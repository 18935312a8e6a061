"""DEF, family 1: how far a model's answers are distributed from people's, by question, dimension and culture.

Counts have questions and options on the last two axes (see :mod:`analysis.choices`) and any axes before them, so one
call measures a thousand resamples of the respondents and their limits are a bootstrap interval:
``limits(preference(resampled, human, ...).average)``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import Floats, Integers, Truths
from analysis.def_rules import DefRules
from analysis.distances import cumulative_kl, kl_divergence, shares, without_infinity

CLOSE = 0.5
"""KL below which the published evaluation calls a question close, in nats."""

Distance = Callable[[Floats, Floats], Floats]
"""Shares (..., n_options) on both sides -> distances (...), as in :mod:`analysis.distances`."""


@dataclass(frozen=True)
class Preference:
    """Divergences of one model and culture; leading axes, such as resamples, are those of its counts."""

    rules: DefRules
    questions: Floats
    """(..., n_questions) nats; infinite where somebody simulated chose what nobody real did, NaN where the model gave
    no valid answer or people were not asked."""
    dimensions: tuple[str, ...]
    """Names of the value dimensions, in alphabetical order."""
    dimension_means: Floats
    """(..., n_dimensions) mean over a dimension's questions, infinite and missing ones by the rules."""
    question_mean: Floats
    """(...) mean over all compared questions, by the same rules."""
    close: Integers
    """(...) questions below :data:`CLOSE`."""
    infinite: Integers
    """(...) questions that were infinite."""
    missing: Integers
    """(...) compared questions without any valid answer of the model."""

    @property
    def average(self) -> Floats:
        """(...) the figure of the published tables: mean of the dimension means, or of the questions by the rules."""
        if self.rules.average == "questions" or not self.dimensions:
            return self.question_mean
        return mean_known(self.dimension_means)


def preference(
    simulated: ArrayLike,
    observed: ArrayLike,
    rules: DefRules,
    *,
    dimension: Sequence[str | None] | None = None,
    invalid: ArrayLike | None = None,
    offered: ArrayLike | None = None,
) -> Preference:
    """Divergence of the simulated from the observed answers, question by question and averaged.

    Parameters
    ----------
    simulated : array_like, shape (..., n_questions, n_options)
        Simulated answers per option: counts or sums of weights.
    observed : array_like, shape (n_questions, n_options)
        Real people per option. A question that no real person answered is left out of every mean.
    rules : DefRules
        Which divergence, and what infinite and missing ones count as.
    dimension : sequence of str or None, length n_questions, optional
        Value dimension of each question; ``None`` belongs to none and counts in the question mean alone.
    invalid : array_like, shape (..., n_questions), optional
        Simulated answers that could not be read; needed where the rules make them a column.
    offered : array_like of bool, shape (n_questions, n_options), optional
        Which columns a question has; needed for smoothing where questions differ in length.

    Returns
    -------
    Preference
        Nats.

    Raises
    ------
    ValueError
        If shapes do not fit, counts are negative, or ``invalid`` is needed and absent.

    References
    ----------
    .. [1] Diversity-Enhanced Framework, Eq. 1, and its published code (SPEC 2.5).

    >>> from analysis.def_rules import def_rules
    >>> found = preference([[2, 2], [4, 0]], [[1, 1], [1, 1]], def_rules(), dimension=["IDV", "PDI"])
    >>> found.dimensions, found.dimension_means.round(3).tolist(), round(float(found.average), 3)
    (('IDV', 'PDI'), [0.0, 0.693], 0.347)
    """
    p, q = np.asarray(simulated, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    columns = np.ones(q.shape, dtype=np.bool_) if offered is None else np.asarray(offered, dtype=np.bool_)
    if p.ndim < 2 or q.ndim != 2 or p.shape[-2:] != q.shape or columns.shape != q.shape:
        raise ValueError(
            "Both sides need the same questions and options, got the shapes "
            f"{p.shape}, {q.shape} and {columns.shape}."
        )
    if rules.invalid == "a column":
        if invalid is None:
            raise ValueError("These rules count unreadable answers as a column; give their number as `invalid`.")
        p = with_invalid(p, invalid)
        q = with_invalid(q, np.zeros(len(q)))
        columns = with_invalid(columns, np.ones(len(q))) > 0
    if rules.smoothing:
        p, q = _smoothed(p, columns, rules.smoothing), _smoothed(q, columns, rules.smoothing)
    compared = q.sum(axis=-1) > 0
    values = question_distances(p, q, cumulative_kl if rules.kl == "cumulative" else kl_divergence)
    settled = settle(values, compared, rules)
    names, means = dimension_means(settled, dimension or [None] * len(q))
    return Preference(
        rules=rules,
        questions=values,
        dimensions=names,
        dimension_means=means,
        question_mean=mean_known(settled),
        close=np.asarray((values < CLOSE).sum(axis=-1)),
        infinite=np.asarray(np.isinf(values).sum(axis=-1)),
        missing=np.asarray((np.isnan(values) & compared).sum(axis=-1)),
    )


def question_distances(simulated: ArrayLike, observed: ArrayLike, distance: Distance) -> Floats:
    """Any distance of :mod:`analysis.distances`, question by question.

    Parameters
    ----------
    simulated, observed : array_like, shapes (..., n_questions, n_options), broadcasting
        Counts or shares.
    distance : callable
        Such as :func:`analysis.distances.jensen_shannon`.

    Returns
    -------
    numpy.ndarray, shape (..., n_questions)
        NaN where either side is empty.

    >>> from analysis.distances import total_variation
    >>> question_distances([[1, 1], [0, 0]], [[1, 0], [1, 0]], total_variation).tolist()
    [0.5, nan]
    """
    p, q = np.asarray(simulated, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    empty_p, empty_q = ~(p.sum(axis=-1) > 0), ~(q.sum(axis=-1) > 0)
    first = np.zeros(p.shape[-1])
    first[0] = 1.0  # an empty side is measured as if somebody had chosen the first option, and then forgotten
    p = np.where(empty_p[..., None], first, p) if empty_p.any() else p
    q = np.where(empty_q[..., None], first, q) if empty_q.any() else q
    return np.asarray(np.where(empty_p | empty_q, np.nan, distance(p, q)))


def settle(values: Floats, compared: Truths, rules: DefRules) -> Floats:
    """Divergences (..., n_questions) as averages take them: infinite and missing ones replaced or NaN, by the rules.

    Questions that people were not asked (``compared`` is false) become NaN, which means leave out.
    """
    known = np.where(compared, values, np.nan)
    if rules.infinite == "left out":
        return np.where(np.isfinite(known), known, np.nan)
    finite = np.moveaxis(without_infinity(np.moveaxis(known, -1, 0)), 0, -1)
    return np.where(compared, finite, np.nan)


def dimension_means(values: ArrayLike, dimension: Sequence[str | None]) -> tuple[tuple[str, ...], Floats]:
    """Mean over the questions of each value dimension.

    Parameters
    ----------
    values : array_like, shape (..., n_questions)
        Any figure by question; NaN is left out.
    dimension : sequence of str or None, length n_questions
        Dimension of each question; ``None`` belongs to none.

    Returns
    -------
    names : tuple of str
        In alphabetical order.
    means : numpy.ndarray, shape (..., n_dimensions)
        NaN for a dimension without any value.

    >>> dimension_means([1.0, 2.0, 4.0], ["PDI", "EVI", "PDI"])
    (('EVI', 'PDI'), array([2. , 2.5]))
    """
    numbers = np.asarray(values, dtype=np.float64)
    if len(dimension) != numbers.shape[-1]:
        raise ValueError(f"Need one dimension a question: {len(dimension)} for {numbers.shape[-1]} questions.")
    names = tuple(sorted({name for name in dimension if name is not None}))
    places = np.array([names.index(name) if name is not None else -1 for name in dimension], dtype=np.int64)
    means = [mean_known(numbers[..., places == place]) for place in range(len(names))]
    return names, np.stack(means, axis=-1) if means else np.zeros((*numbers.shape[:-1], 0))


def with_invalid(counts: ArrayLike, invalid: ArrayLike) -> Floats:
    """Counts (..., n_questions, n_options) with the unreadable answers (..., n_questions) as one more column."""
    table = np.asarray(counts, dtype=np.float64)
    last = np.broadcast_to(np.asarray(invalid, dtype=np.float64), table.shape[:-1])
    return np.concatenate([table, last[..., None]], axis=-1)


def mean_known(values: Floats) -> Floats:
    """Mean over the last axis without NaN; NaN where nothing is known.

    >>> float(mean_known(np.array([1.0, np.nan, 3.0])))
    2.0
    """
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=-1) / known.sum(axis=-1))


def _smoothed(counts: Floats, offered: Truths, smoothing: float) -> Floats:
    """Shares with something added to every option that a question has; empty questions stay empty."""
    heard = counts.sum(axis=-1, keepdims=True) > 0
    return np.where(heard & offered, shares(np.where(heard, counts, 1.0)) + smoothing, 0.0)
