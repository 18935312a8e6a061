"""DEF, family 4: whose answers a model prefers, by the sex and age of the people who choose them.

Every option of a question has a *character*: the groups that most often choose it. A model's preferred option either
matches the people's preferred one or not, and its character says whose answer it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import NOTHING, Floats, Integers, Truths
from analysis.def_rules import DefRules
from analysis.preference import dimension_means

SEXES = ("M", "F")
AGES = ("29", "30", "50")
"""At most 29, 30 to 49, at least 50 years, as the published results write them."""


@dataclass(frozen=True)
class Matching:
    """The model's preferred options beside the people's."""

    model: Integers
    """(n_questions,) column of the option that the model prefers, the first of several; -1 without any answer."""
    people: Integers
    """(n_questions,) column of the option that most people chose; -1 without any answer."""

    @property
    def known(self) -> Truths:
        """(n_questions,) whether both sides have a preferred option."""
        return np.asarray((self.model != NOTHING) & (self.people != NOTHING))

    @property
    def matches(self) -> Truths:
        """(n_questions,) whether both prefer the same option."""
        return np.asarray(self.known & (self.model == self.people))

    def share(self, dimension: Sequence[str | None]) -> tuple[tuple[str, ...], Floats]:
        """Share of each dimension's questions that match, in [0, 1], as (names, shares).

        A question that only people answered counts as no match, as published; one that people were not asked is left
        out.
        """
        return dimension_means(np.where(self.people != NOTHING, self.matches, np.nan), dimension)


def matching(simulated: ArrayLike, observed: ArrayLike) -> Matching:
    """Preferred options of a model and of people.

    Parameters
    ----------
    simulated, observed : array_like, shape (n_questions, n_options)
        Answers per option, unreadable ones left out.

    Returns
    -------
    Matching

    >>> found = matching([[1, 4], [2, 2]], [[0, 9], [1, 3]])
    >>> found.model.tolist(), found.people.tolist(), found.matches.tolist()
    ([1, 0], [1, 1], [True, False])
    """
    return Matching(_preferred(simulated), _preferred(observed))


def characters(counts: ArrayLike, rules: DefRules) -> Truths:
    """Which groups every option belongs to: those that chose it most.

    Parameters
    ----------
    counts : array_like, shape (n_questions, n_options, n_groups)
        Real people of each group who chose each option: two sexes, or three age groups.
    rules : DefRules
        ``group_size`` compares raw counts (which favour the larger group) or shares of the group; ``ties`` is the
        code's rule that three groups tie as soon as any two counts are equal.

    Returns
    -------
    numpy.ndarray of bool, shape (n_questions, n_options, n_groups)
        True for the group at the top, for all that tie there, and for none where nobody chose the option.

    References
    ----------
    .. [1] Diversity-Enhanced Framework, preference bias (SPEC 2.5).

    >>> from analysis.def_rules import def_rules
    >>> characters([[[5, 3], [4, 4], [0, 0]]], def_rules()).tolist()
    [[[True, False], [True, True], [False, False]]]
    """
    table = np.asarray(counts, dtype=np.float64)
    if rules.group_size == "shares of the group":
        sizes = table.sum(axis=1, keepdims=True)
        table = table / np.where(sizes > 0, sizes, 1.0)
    return _at_the_top(table, rules)


def labels(belongs: ArrayLike, groups: Sequence[str]) -> list[str]:
    """Characters as the published results write them.

    Parameters
    ----------
    belongs : array_like of bool, shape (n, n_groups)
        Rows of :func:`characters`.
    groups : sequence of str
        :data:`SEXES` or :data:`AGES`.

    Returns
    -------
    list of str
        The group's name, two names joined by a hyphen, ``T`` where all tie, ``Null`` where nobody is.

    >>> labels([[1, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]], AGES)
    ['29', '30-50', 'T', 'Null']
    """
    found = []
    for row in np.asarray(belongs, dtype=np.bool_):
        names = [group for group, here in zip(groups, row, strict=True) if here]
        found.append("T" if len(names) == len(groups) else "-".join(names) or "Null")
    return found


@dataclass(frozen=True)
class Profiles:
    """Whose answers the model prefers, over some of the questions; ties count in every tied group."""

    crossed: Integers
    """(2, 3) questions by sex and age group."""
    sexes: Floats
    """(2,) share of each sex among the sexes counted, in [0, 1]; NaN without questions."""
    ages: Floats
    """(3,) share of each age group, likewise."""
    questions: int
    """Questions counted once each."""


def profiles(choice: ArrayLike, by_sex: Truths, by_age: Truths, among: ArrayLike) -> Profiles:
    """Count the characters of the model's preferred options, matching or mismatching questions alone.

    Parameters
    ----------
    choice : array_like of int, shape (n_questions,)
        Preferred column, as ``Matching.model``.
    by_sex, by_age : numpy.ndarray of bool, shapes (n_questions, n_options, 2) and (n_questions, n_options, 3)
        From :func:`characters`.
    among : array_like of bool, shape (n_questions,)
        Questions to count, such as ``matching.known & ~matching.matches``.

    Returns
    -------
    Profiles

    >>> woman, older = np.array([[[False, True]]]), np.array([[[False, True, True]]])
    >>> found = profiles([0], woman, older, [True])
    >>> found.crossed.tolist(), found.ages.tolist()
    ([[0, 0, 0], [0, 1, 1]], [0.0, 0.5, 0.5])
    """
    sex, age, kept = _chosen(choice, by_sex, by_age, among)
    crossed = np.einsum("qs,qa->sa", sex.astype(np.int64), age.astype(np.int64))
    return Profiles(crossed, _divided(sex.sum(axis=0)), _divided(age.sum(axis=0)), int(kept.sum()))


@dataclass(frozen=True)
class BiasTest:
    """Whether a model prefers one group's answers more (or less) than somebody who cares for no group."""

    share: float
    """Observed share of the group among the characters of the preferred options."""
    expected: float
    """Mean share when options are preferred at random: what the sizes of the groups alone make of it."""
    p: float
    """Two-sided."""


def bias_test(
    choice: ArrayLike,
    belongs: ArrayLike,
    rng: np.random.Generator,
    *,
    available: ArrayLike | None = None,
    draws: int = 1000,
) -> tuple[BiasTest, ...]:
    """Permutation test of the share that each group has in the characters of the model's preferred options.

    In every question the preferred option changes places with a random one; the characters of the options stay. So a
    group whose options are many, because it is large or because it is often asked for, is expected to be preferred
    often, and only what goes beyond that is bias.

    Parameters
    ----------
    choice : array_like of int, shape (n_questions,)
        Preferred column of the model, -1 for none; questions on which it prefers what nobody real chose are left out.
    belongs : array_like of bool, shape (n_questions, n_options, n_groups)
        Characters of the options, from :func:`characters`.
    rng : numpy.random.Generator
        Source of chance.
    available : array_like of bool, shape (n_questions, n_options), optional
        Options that might have been preferred, such as all but the people's when only mismatches are tested; all that
        somebody real chose when absent.
    draws : int
        Permutations.

    Returns
    -------
    tuple of BiasTest, one a group
        Shares in [0, 1]; p in (0, 1], at least 1 / (draws + 1), not adjusted for the number of groups.

    Raises
    ------
    ValueError
        If the model prefers nothing that people chose.

    References
    ----------
    .. [1] Phipson and Smyth (2010). Permutation P-values Should Never Be Zero. Stat. Appl. Genet. Mol. Biol. 9.

    >>> mens_first = np.tile([[True, False], [False, True]], (30, 1, 1))  # the other option is the women's
    >>> of_men, of_women = bias_test([0] * 30, mens_first, np.random.default_rng(1))
    >>> of_men.share, round(of_men.expected, 1), of_men.p < 0.01
    (1.0, 0.5, True)
    """
    top, column = np.asarray(belongs, dtype=np.bool_), np.asarray(choice, dtype=np.int64)
    open_to: Truths = np.asarray(top.any(axis=2))
    if available is not None:
        open_to = open_to & np.asarray(available, dtype=np.bool_)
    kept = (column != NOTHING) & np.take_along_axis(open_to, np.maximum(column, 0)[:, None], axis=1)[:, 0]
    if not kept.any():
        raise ValueError("The model prefers no option that real people chose, so there is no character to test.")
    top, column, open_to = top[kept], column[kept], open_to[kept]
    places = np.argsort(~open_to, axis=1, kind="stable")  # the options that might be preferred come first
    drawn = (rng.random((draws, len(column))) * open_to.sum(axis=1)).astype(np.int64)
    rows = np.arange(len(column))
    found = _group_shares(top[rows, column])
    null = _group_shares(top[rows, places[rows, drawn]])
    expected = null.mean(axis=0)
    beyond = (np.abs(null - expected) >= np.abs(found - expected) - 1e-12).sum(axis=0)
    p = (beyond + 1) / (draws + 1)
    return tuple(BiasTest(*each) for each in zip(found.tolist(), expected.tolist(), p.tolist(), strict=True))


def _preferred(counts: ArrayLike) -> Integers:
    table = np.asarray(counts, dtype=np.float64)
    return np.where(table.sum(axis=-1) > 0, np.argmax(table, axis=-1), NOTHING)


def _at_the_top(counts: Floats, rules: DefRules) -> Truths:
    most = counts.max(axis=-1, keepdims=True)
    top = (counts >= most * (1 - 1e-12)) & (most > 0)
    if rules.ties == "anywhere" and counts.shape[-1] > 2:
        ordered = np.sort(counts, axis=-1)
        lower_tie = (ordered[..., 1:] == ordered[..., :-1]).any(axis=-1, keepdims=True) & (
            top.sum(axis=-1, keepdims=True) == 1
        )
        top = np.where(lower_tie, True, top)  # falls through the published branches to a tie of all
    return np.asarray(top)


def _chosen(choice: ArrayLike, by_sex: Truths, by_age: Truths, among: ArrayLike) -> tuple[Truths, Truths, Truths]:
    column = np.asarray(choice, dtype=np.int64)
    kept = np.asarray(among, dtype=np.bool_) & (column != NOTHING)
    rows = np.flatnonzero(kept)
    return by_sex[rows, column[rows]], by_age[rows, column[rows]], kept


def _divided(counts: Integers) -> Floats:
    total = counts.sum()
    return np.asarray(counts / total) if total else np.full(counts.shape, np.nan)


def _group_shares(top: Truths) -> Floats:
    """Share of each group among all groups counted, over the questions (last axis but one)."""
    each = top.sum(axis=-2)
    return np.asarray(each / each.sum(axis=-1, keepdims=True))
