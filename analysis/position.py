"""Effects of where things stand: options that come first or last, and questions that come early or late.

Orders are drawn for every respondent and stored with the answer, so each effect is that of an experiment: what is
chosen when something stands in a place, against what is chosen when it does not. All intervals treat the respondent,
with all of its answers, as the unit that was drawn.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from demoscope.documents import Document

Floats = NDArray[np.float64]

NO_SPREAD = 1e-12
"""Standard errors below this are 0 but for rounding."""


class Effect(Document):
    """One effect with its interval."""

    estimate: float
    """The effect: a difference of shares in [-1, 1], or of mean scores."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""
    answers: int
    """Answers it rests on."""
    respondents: int
    """Respondents who gave them."""
    p: float | None = None
    """Two-sided p-value of no effect, not adjusted; absent where all on either side answered alike, which leaves
    nothing to tell it by."""

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def placement_effect(
    chosen: ArrayLike, placed: ArrayLike, questions: ArrayLike, respondents: ArrayLike, confidence: float = 0.95
) -> Effect | None:
    """How much more often an option is chosen because it stands in a place, such as first or last.

    Where people choose whatever the order, the chosen option stands in the place as often as that option does in all
    presentations of its question. The effect is the share of answers above that; it needs no order to be equally
    likely, and an option that always stands there says nothing.

    Parameters
    ----------
    chosen, placed : array_like of int, shape (n_answers,)
        Code that was chosen, and code that stood in the place.
    questions, respondents : array_like of int, shape (n_answers,)
        Which question was answered, and by whom.
    confidence : float
        Coverage of the interval, in (0, 1).

    Returns
    -------
    Effect or None
        Difference of shares in [-1, 1], unitless; ``None`` when no order varied, or fewer than two people
        answered.

    References
    ----------
    .. [1] Krosnick and Alwin (1987). An evaluation of a cognitive theory of response-order effects in survey
       measurement. Public Opinion Quarterly 51.

    >>> always_first = placement_effect([1, 2, 1, 2], [1, 2, 1, 2], [0, 0, 0, 0], [0, 1, 2, 3])
    >>> always_first.estimate
    0.5
    """
    chosen, placed = np.asarray(chosen, np.int64), np.asarray(placed, np.int64)
    questions, respondents = np.asarray(questions, np.int64), np.asarray(respondents, np.int64)
    _check_lengths(chosen, placed, questions, respondents)
    surplus, influence = np.zeros(len(chosen)), np.zeros(len(chosen))
    informative = np.zeros(len(chosen), bool)
    for question in np.unique(questions):
        rows = np.flatnonzero(questions == question)
        codes, position = np.unique(np.concatenate([chosen[rows], placed[rows]]), return_inverse=True)
        what, where = position[: len(rows)], position[len(rows) :]
        often = np.bincount(where, minlength=len(codes)) / len(rows)
        shares = np.bincount(what, minlength=len(codes)) / len(rows)
        if often.max() == 1:
            continue
        informative[rows] = True
        surplus[rows] = (what == where) - often[what]
        # How often each option stood there is an estimate too; what it adds to the error is subtracted here.
        influence[rows] = surplus[rows] - (shares[where] - float(shares @ often))
    return _clustered(surplus[informative], influence[informative], respondents[informative], confidence)


def difference(
    values: ArrayLike, treated: ArrayLike, respondents: ArrayLike, confidence: float = 0.95
) -> Effect | None:
    """Difference of means between answers that were given one way and the other.

    Parameters
    ----------
    values : array_like of float, shape (n_answers,)
        What was answered: a score, or whether an option was chosen (0 or 1).
    treated : array_like of bool, shape (n_answers,)
        Whether the answer was given under the condition, such as late in the interview.
    respondents : array_like of int, shape (n_answers,)
        Who answered.
    confidence : float
        Coverage of the interval, in (0, 1).

    Returns
    -------
    Effect or None
        Mean under the condition minus the other mean, in the unit of ``values``; ``None`` when one side is empty or
        fewer than two respondents answered.

    References
    ----------
    .. [1] Liang and Zeger (1986). Longitudinal data analysis using generalized linear models. Biometrika 73.

    >>> difference([1.0, 1.0, 3.0, 3.0], [False, False, True, True], [0, 1, 2, 3]).estimate
    2.0
    """
    values, treated = np.asarray(values, np.float64), np.asarray(treated, bool)
    respondents = np.asarray(respondents, np.int64)
    _check_lengths(values, treated, respondents)
    n, under = len(values), int(treated.sum())
    if not 0 < under < n:
        return None
    means = np.where(treated, values[treated].mean(), values[~treated].mean())
    residual = (values - means) * np.where(treated, n / under, -n / (n - under))
    effect = float(values[treated].mean() - values[~treated].mean())
    return _clustered(residual + effect, residual + effect, respondents, confidence)


def _clustered(values: Floats, influence: Floats, respondents: NDArray[np.int64], confidence: float) -> Effect | None:
    """The mean of some values, with an interval whose error is that of their influence, summed by respondent."""
    people, cluster = np.unique(respondents, return_inverse=True)
    n, clusters = len(values), len(people)
    if clusters < 2:
        return None
    mean = float(values.mean())
    sums = np.bincount(cluster, weights=influence - influence.mean(), minlength=clusters)
    error = float(np.sqrt((sums**2).sum() * clusters / (clusters - 1))) / n
    half = float(stats.t.ppf((1 + confidence) / 2, clusters - 1)) * error
    p = p_value(mean, error, clusters)
    return Effect(estimate=mean, low=mean - half, high=mean + half, answers=n, respondents=clusters, p=p)


def p_value(estimate: float, error: float, clusters: int) -> float | None:
    """Two-sided p-value that there is no effect, by Student's t with ``clusters - 1``.

    Parameters
    ----------
    estimate, error : float
        The effect and its standard error, in one unit.
    clusters : int
        Respondents.

    Returns
    -------
    float or None
        In [0, 1]; ``None`` where the error is 0 or not known, or fewer than two respondents answered.

    >>> round(p_value(1.96, 1.0, 100_000), 3), p_value(0.5, 0.0, 20)
    (0.05, None)
    """
    if clusters < 2 or not np.isfinite([estimate, error]).all() or error < NO_SPREAD:
        return None
    return float(2 * stats.t.sf(abs(estimate) / error, clusters - 1))


def _check_lengths(*arrays: NDArray[np.generic]) -> None:
    if len({len(array) for array in arrays}) > 1:
        raise ValueError(f"every answer needs an entry in each array; they have {[len(a) for a in arrays]} entries.")
