"""Which decoding, memory and place come closest to people, without small cells winning by luck."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import NOTHING, Floats, Integers
from analysis.distances import shares


def respondent_scores(choices: ArrayLike, observed: ArrayLike) -> tuple[Floats, Integers]:
    """Mean human probability of the options that each respondent chose.

    Parameters
    ----------
    choices : array_like of int, shape (n_respondents, n_questions)
        Column of the chosen option, -1 for none.
    observed : array_like, shape (n_questions, n_options)
        Real people per option; questions nobody real answered are left out.

    Returns
    -------
    scores : numpy.ndarray, shape (n_respondents,)
        In [0, 1]; NaN for a respondent without an answer that can be scored. The score rewards giving the most
        frequent answer: compare it between configurations, not with 1.
    answers : numpy.ndarray of int, shape (n_respondents,)
        Answers behind each score.

    References
    ----------
    .. [1] Diversity-Enhanced Framework, best and worst configurations.

    >>> scores, answers = respondent_scores([[0, 1], [1, -1]], [[3, 1], [1, 1]])
    >>> scores.tolist(), answers.tolist()  # (3/4 + 1/2) / 2, and 1/4
    ([0.625, 0.25], [2, 1])
    """
    table, counts = np.asarray(choices, dtype=np.int64), np.asarray(observed, dtype=np.float64)
    asked = counts.sum(axis=1) > 0
    likely = np.where(asked[:, None], shares(np.where(asked[:, None], counts, 1.0)), 0.0)
    kept = (table != NOTHING) & asked
    each = np.where(kept, likely[np.arange(table.shape[1]), np.where(kept, table, 0)], 0.0)
    answers = kept.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(each.sum(axis=1) / answers), np.asarray(answers)


@dataclass(frozen=True)
class Configuration:
    """One level of a factor, such as memory length 3 or Ohio."""

    level: str
    respondents: int
    mean: float
    """Mean score as it is, in [0, 1]."""
    estimate: float
    """The same, drawn towards the mean of all levels the more, the less it is known."""
    low: float
    """Lower limit of a 95 % interval of what other respondents of this level would score."""
    high: float
    """Upper limit."""


def configurations(scores: ArrayLike, levels: Sequence[str]) -> tuple[Configuration, ...]:
    """Levels of one factor from best to worst, by empirical Bayes.

    Scores of respondents spread around their level's mean (one variance, pooled over levels), and levels' means
    around a common one; both variances are estimated, the second by the method of moments. A level's estimate weighs
    its own mean and the common one by their precision. When levels differ no more than chance explains, all estimates
    agree.

    Parameters
    ----------
    scores : array_like, shape (n_respondents,)
        From :func:`respondent_scores`; NaN is left out.
    levels : sequence of str, length n_respondents
        The level that each respondent has.

    Returns
    -------
    tuple of Configuration
        Best first; levels without scores are left out.

    Raises
    ------
    ValueError
        If lengths differ, or no level has two respondents, so that chance cannot be judged.

    References
    ----------
    .. [1] Morris (1983). Parametric Empirical Bayes Inference: Theory and Applications. J. Am. Stat. Assoc. 78.

    >>> found = configurations([0.5, 0.6, 0.7, 0.2, 0.3, 0.1, 0.9], ["a"] * 3 + ["b"] * 3 + ["c"])
    >>> [(c.level, round(c.mean, 2)) for c in found], found[0].estimate < 0.9
    ([('c', 0.9), ('a', 0.6), ('b', 0.2)], True)
    """
    values, names = np.asarray(scores, dtype=np.float64), np.asarray(levels, dtype=np.str_)
    if values.shape != names.shape or values.ndim != 1:
        raise ValueError(f"Need one level a respondent, got the shapes {values.shape} and {names.shape}.")
    known = ~np.isnan(values)
    found, place, sizes = np.unique(names[known], return_inverse=True, return_counts=True)
    means = np.bincount(place, weights=values[known]) / sizes if len(found) else np.zeros(0)
    spare = int(sizes.sum()) - len(found)
    if spare < 1:
        raise ValueError("No level has two respondents with scores, so nothing tells luck from merit.")
    within = float(((values[known] - means[place]) ** 2).sum() / spare)
    between = _between(means, sizes, within)
    error = within / sizes
    weight = 1 / (between + error) if between + error.min() > 0 else np.ones(len(found))
    centre = float((weight * means).sum() / weight.sum())
    trust = between / (between + error) if between > 0 else np.zeros(len(found))
    estimate = centre + trust * (means - centre)
    spread = np.sqrt(trust * error + (1 - trust) ** 2 / weight.sum())
    order = np.lexsort((found, -estimate))
    return tuple(
        Configuration(
            level=str(found[n]),
            respondents=int(sizes[n]),
            mean=float(means[n]),
            estimate=float(estimate[n]),
            low=float(estimate[n] - 1.959963984540054 * spread[n]),
            high=float(estimate[n] + 1.959963984540054 * spread[n]),
        )
        for n in order
    )


def _between(means: Floats, sizes: Integers, within: float) -> float:
    """Variance of the levels' true means, by the moments of an unbalanced one-way layout; never below 0."""
    groups, total = len(means), int(sizes.sum())
    if groups < 2:
        return 0.0
    grand = float((sizes * means).sum() / total)
    among = float((sizes * (means - grand) ** 2).sum() / (groups - 1))
    typical = (total - float((sizes**2).sum()) / total) / (groups - 1)
    return max(0.0, (among - within) / typical)
