"""DEF, family 2: how many different replies a simulated public gives, on their wording and on their choices.

Wording is compared by 64-bit digests, so that a million replies are eight megabytes. Among ten million different
replies the chance that any two share a digest is 3 in a million.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from analysis.choices import Floats, Integers

SILENT = 0
"""Digest that stands for no reply."""

Digests = NDArray[np.uint64]


def digest(text: str) -> int:
    """64-bit digest of a reply, never :data:`SILENT`.

    >>> digest("Answer: 1") == digest("Answer: 1"), digest("Answer: 1") == digest("Answer: 1.")
    (True, False)
    """
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") or 1


def of_choices(choices: ArrayLike) -> Digests:
    """Choices (n_runs, n_questions; negative for none) as digests, so that diversity is that of the options chosen.

    >>> of_choices([[0, 2], [-1, 2]]).tolist()
    [[1, 3], [0, 3]]
    """
    table = np.asarray(choices, dtype=np.int64)
    return np.where(table < 0, SILENT, table + 1).astype(np.uint64)


@dataclass(frozen=True)
class Diversity:
    """How different the replies of one cell are."""

    value: float
    """D in [0, 1), unitless: 0 when everybody says the same to every question."""
    attainable: float
    """The largest D that so many runs can reach."""
    standard_error: float
    """Jackknife over runs; NaN with fewer than two."""
    distinct: Integers
    """(n_questions,) different replies to each question."""
    runs: int
    """Respondents (times their repeats) that could have replied."""

    @property
    def relative(self) -> float:
        """Share of the attainable diversity that is reached, in [0, 1]; NaN when none is attainable."""
        return self.value / self.attainable if self.attainable > 0 else float("nan")


def diversity(digests: ArrayLike, options: ArrayLike | None = None) -> Diversity:
    """D = (n_diff - n_ques) / (n_test n_ques): how often another reply came than the first one to a question.

    ``n_diff`` is the number of different replies summed over questions. Questions that nobody replied to are left
    out. D's largest value is (n_test - 1) / n_test, 0.95 for the published 20 runs, and not 1 as the paper says; on
    choices it is less still, because a question with K options has at most K different ones.

    Parameters
    ----------
    digests : array_like of uint64, shape (n_runs, n_questions)
        Replies, as :func:`digest` or :func:`of_choices` makes them; :data:`SILENT` where there is none.
    options : array_like of int, shape (n_questions,), optional
        How many different replies each question allows; without it, as many as there are runs.

    Returns
    -------
    Diversity
        Unitless. A bootstrap would draw replies twice and so find too few different ones; the standard error is
        therefore a jackknife.

    Raises
    ------
    ValueError
        If there is no run or no reply at all.

    References
    ----------
    .. [1] Diversity-Enhanced Framework (SPEC 2.5).
    .. [2] Heltshe and Forrester (1983). Estimating Species Richness Using the Jackknife Procedure. Biometrics 39.

    >>> found = diversity([[7, 7], [7, 8]])  # question 1: one reply, question 2: two; (3 - 2) / (2 * 2)
    >>> found.value, found.attainable
    (0.25, 0.5)
    """
    table = np.asarray(digests, dtype=np.uint64)
    if table.ndim != 2 or not len(table) or not (table != SILENT).any():
        raise ValueError(f"Need a reply at least, runs below one another, got the shape {table.shape}.")
    runs = len(table)
    distinct, once = _distinct(table)
    heard = distinct > 0
    questions = int(heard.sum())
    most = np.full(table.shape[1], runs) if options is None else np.minimum(np.asarray(options, np.int64), runs)
    return Diversity(
        value=float((distinct.sum() - questions) / (runs * questions)),
        attainable=float((most[heard] - 1).sum() / (runs * questions)),
        standard_error=_jackknife(_without_each(distinct, once)),
        distinct=distinct,
        runs=runs,
    )


@dataclass(frozen=True)
class DiversityGap:
    """How much more diverse one cell is than another that asks the same people."""

    value: float
    """Difference of D, in (-1, 1)."""
    standard_error: float
    """Jackknife over the people, each left out of both cells; NaN with fewer than two."""
    runs: int
    """People (times their repeats) in both."""


def diversity_gap(first: ArrayLike, second: ArrayLike) -> DiversityGap:
    """D of the second cell minus that of the first, over the replies that both have.

    Parameters
    ----------
    first, second : array_like of uint64, shape (n_runs, n_questions)
        Replies as for :func:`diversity`; a row is the same person in both.

    Returns
    -------
    DiversityGap
        Unitless. What makes a person differ in both cells alike cancels, so the difference is known better than
        either D.

    Raises
    ------
    ValueError
        If shapes differ, or no reply is in both.

    >>> diversity_gap([[7, 7], [7, 8]], [[5, 6], [6, 7]])  # (3 - 2) / 4 and (4 - 2) / 4
    DiversityGap(value=0.25, standard_error=0.0, runs=2)
    """
    one, other = np.asarray(first, dtype=np.uint64), np.asarray(second, dtype=np.uint64)
    if one.shape != other.shape or one.ndim != 2:
        raise ValueError(f"Two cells need the same runs and questions, got the shapes {one.shape} and {other.shape}.")
    both = (one != SILENT) & (other != SILENT)
    if not both.any():
        raise ValueError("No reply is in both cells, so their diversity cannot be compared.")
    values, left = [], []
    for table in (one, other):
        distinct, once = _distinct(np.where(both, table, np.uint64(SILENT)))
        questions = int((distinct > 0).sum())
        values.append(float((distinct.sum() - questions) / (len(table) * questions)))
        left.append(_without_each(distinct, once))
    return DiversityGap(values[1] - values[0], _jackknife(left[1] - left[0]), len(one))


def rarefied(digests: ArrayLike, runs: int) -> float:
    """Expected D of a random part of the runs, for comparing cells with different numbers of them.

    Parameters
    ----------
    digests : array_like of uint64, shape (n_runs, n_questions)
        As for :func:`diversity`.
    runs : int
        Size of the part, from 1 to the smallest number of replies to any question that was replied to.

    Returns
    -------
    float
        D in [0, 1), exact: the mean over all parts of that size, question by question.

    Raises
    ------
    ValueError
        If ``runs`` is more than the replies to a question, or below 1.

    References
    ----------
    .. [1] Hurlbert (1971). The Nonconcept of Species Diversity. Ecology 52.

    >>> round(rarefied([[7], [7], [8]], 2), 9)  # of three pairs two differ: (2/3 * 2 + 1/3 * 1 - 1) / 2
    0.333333333
    """
    table = np.asarray(digests, dtype=np.uint64)
    total, questions = 0.0, 0
    for column in table.T:
        sizes = np.unique(column[column != SILENT], return_counts=True)[1]
        n = int(sizes.sum())
        if not n:
            continue
        if not 1 <= runs <= n:
            raise ValueError(f"A part of {runs} runs cannot be drawn from {n} replies; choose 1 to {n}.")
        absent = np.where(n - sizes >= runs, np.exp(_ln_choose(n - sizes, runs) - _ln_choose(n, runs)), 0.0)
        total += float((1 - absent).sum())
        questions += 1
    if not questions:
        raise ValueError("There is no reply at all.")
    return (total - questions) / (runs * questions)


def _without_each(distinct: Integers, once: Integers) -> Floats:
    """D without each run: the replies that only it gave are gone, and there is one run less; empty for one run."""
    runs, questions = len(once), int((distinct > 0).sum())
    if runs < 2:
        return np.zeros(0)
    return np.asarray((distinct.sum() - once - questions) / ((runs - 1) * questions))


def _jackknife(left: Floats) -> float:
    """Standard error from the values without each run; NaN for fewer than two."""
    runs = len(left)
    return float(np.sqrt((runs - 1) / runs * ((left - left.mean()) ** 2).sum())) if runs > 1 else float("nan")


def _distinct(table: Digests) -> tuple[Integers, Integers]:
    """Different replies to each question, and how many replies each run alone gave."""
    order = np.argsort(table, axis=0, kind="stable")
    ordered = np.take_along_axis(table, order, axis=0)
    fresh = np.ones(table.shape, dtype=np.bool_)
    fresh[1:] = ordered[1:] != ordered[:-1]
    alone = fresh.copy()
    alone[:-1] &= fresh[1:]
    said = ordered != SILENT
    once = np.bincount(order[alone & said], minlength=len(table))
    return np.asarray((fresh & said).sum(axis=0)), once


def _ln_choose(n: ArrayLike, k: int) -> Floats:
    top = np.asarray(n, dtype=np.float64)
    return np.asarray(gammaln(top + 1) - gammaln(k + 1) - gammaln(np.maximum(top - k, 0) + 1))
