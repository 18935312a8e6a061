"""People who gave the same answers: their nearest neighbours predict the others.

Similarities are products of one-hot answers, block by block of the others, so that neither a loop over people nor a
table of everybody's statements is needed.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.individual.predictions import UNANSWERED, Ints
from analysis.individual.problems import Problem, one_hot
from surveys.statements.known import Numbers
from surveys.statements.sets import MISSING

Similarity = Literal["matrix", "count", "share"]
"""How alike two people are.

``matrix``: number of questions that both answered alike, as the published matrix version. ``count``: also those to
which neither has a known answer, as the published count version. ``share``: ``matrix`` divided by the number of
questions to which both have one.
"""

Tie = Literal["similar", "lowest"]
"""Which of several most frequent answers wins: that of the most similar voter among them, or the lowest number."""

OTHERS_AT_ONCE = 8192
"""Others whose answers are spread out at a time."""

PAIRS_AT_ONCE = 100_000_000
"""Similarities that are held at a time."""

PEOPLE_AT_ONCE = 100
"""People whose votes are counted at a time. None of the three changes a result."""


def similarities(problem: Problem, similarity: Similarity = "matrix") -> NDArray[np.float32]:
    """How alike each person is to each of the others.

    Returns
    -------
    numpy.ndarray, shape (n_people, n_others)
        At least 0: questions, or for ``share`` a number up to 1 (0 where no question is known of both).

    >>> both = np.array([[1, -1, 2]], np.int8)
    >>> others = np.array([[1, -1, 1], [-1, 1, 2]], np.int8)
    >>> problem = Problem(others, np.array([2, 2, 2]), others[:, :0], np.empty(0, np.int64), both)
    >>> [similarities(problem, how).tolist() for how in ("matrix", "count", "share")]
    [[[1.0, 1.0]], [[2.0, 1.0]], [[0.5, 1.0]]]
    """
    sizes, others = problem.demonstration_sizes, problem.demonstrations
    asked = one_hot(problem.known, sizes, missing=similarity == "count")
    there = (problem.known != MISSING).astype(np.float32)
    found = np.empty((len(problem.known), len(others)), np.float32)
    for start in range(0, len(others), OTHERS_AT_ONCE):
        block = others[start : start + OTHERS_AT_ONCE]
        alike = asked @ one_hot(block, sizes, missing=similarity == "count").T
        if similarity == "share":
            alike /= np.maximum(there @ (block != MISSING).astype(np.float32).T, 1.0)
        found[:, start : start + len(block)] = alike
    return found


def nearest(problem: Problem, most: int, similarity: Similarity = "matrix") -> NDArray[np.int64]:
    """The others who are most alike, the nearest first; of equally similar ones the first comes first.

    Parameters
    ----------
    most : int
        How many, at least 1; all others when there are fewer.

    Returns
    -------
    numpy.ndarray, shape (n_people, min(most, n_others))
        Positions among the others.
    """
    n = len(problem.demonstrations)
    kept = min(most, n)
    found = np.empty((len(problem.known), kept), np.int64)
    for people in _blocks(len(problem.known), max(1, PAIRS_AT_ONCE // max(n, 1))):
        part = Problem(
            problem.demonstrations,
            problem.demonstration_sizes,
            problem.targets,
            problem.target_sizes,
            problem.known[people],
        )
        for place, row in zip(range(people.start, people.stop), similarities(part, similarity), strict=True):
            least = np.partition(row, n - kept)[n - kept]
            candidates = np.flatnonzero(row >= least)
            found[place] = candidates[np.argsort(-row[candidates], kind="stable")[:kept]]
    return found


def votes(answers: Numbers, sizes: Ints, tie: Tie = "similar", missing: bool = False) -> Numbers:
    """The most frequent answer of the nearest N, for every N.

    Parameters
    ----------
    answers : numpy.ndarray of int8, shape (n_people, n_voters, n_targets)
        Answers of each person's neighbours, the nearest first; :data:`MISSING` where not known.
    sizes : numpy.ndarray, shape (n_targets,)
        Statements of each target.
    tie : {"similar", "lowest"}
        Which of several most frequent answers wins.
    missing : bool
        Whether no known answer is a candidate too, as in the published code; it gives :data:`UNANSWERED` where it
        wins and loses every tie.

    Returns
    -------
    numpy.ndarray of int8, shape (n_people, n_voters, n_targets)
        What the first, the first two, ... voters give; :data:`UNANSWERED` where none of them has a known answer.

    >>> votes(np.array([[[2], [1], [1]]], np.int8), np.array([2])).ravel().tolist()  # 2; 2 and 1 tie; 1 twice
    [2, 2, 1]
    """
    voters = answers.shape[1]
    best = np.zeros(answers.shape, np.int32)
    winner = np.full(answers.shape, UNANSWERED, np.int8)
    candidates = [*range(1, int(sizes.max(initial=0)) + 1), *([MISSING] if missing else [])]
    for number in candidates:
        given = answers == number
        weight = np.cumsum(given, axis=1, dtype=np.int32)
        if tie == "similar":
            # among equally many votes the one whose first voter is nearer; that of a missing answer is never
            nearness = 0 if number == MISSING else voters - given.argmax(axis=1, keepdims=True).astype(np.int32)
            weight = np.where(weight > 0, weight * (voters + 1) + nearness, 0)
        wins = weight > best
        np.copyto(best, weight, where=wins)
        winner[wins] = UNANSWERED if number == MISSING else number
    return winner


def resemblance(
    problem: Problem,
    most: int,
    similarity: Similarity = "matrix",
    tie: Tie = "similar",
    missing: bool = False,
) -> Numbers:
    """What the 1, 2, ..., ``most`` nearest others give for every target.

    Returns
    -------
    numpy.ndarray of int8, shape (n_people, min(most, n_others), n_targets)
        Numbers of statements; :data:`UNANSWERED` where there is no vote.

    References
    ----------
    .. [1] Jiang et al. (2024). arXiv:2410.03868, tables 4 and 20 (there ``count``, ``lowest``, ``missing``).
    """
    neighbours = nearest(problem, most, similarity)
    parts = [
        votes(problem.targets[neighbours[people]], problem.target_sizes, tie, missing)
        for people in _blocks(len(neighbours), PEOPLE_AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty((0, neighbours.shape[1], len(problem.target_sizes)), np.int8)


def _blocks(people: int, at_once: int) -> Iterator[slice]:
    for start in range(0, people, at_once):
        yield slice(start, min(start + at_once, people))
