"""Matrix factorisation: people and statements as vectors, so that a few answers place a person among the others.

One-hot answers less their shares are approximated by products of short vectors, by alternating least squares over the
known answers alone. Somebody who is asked about is folded in: the vector that fits what is known of them best.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.individual.predictions import UNANSWERED, Ints
from analysis.individual.problems import Problem, one_hot
from analysis.individual.threads import one_thread
from surveys.statements.known import Numbers
from surveys.statements.sets import MISSING

Table = NDArray[np.float32]

RANKS = (2, 4, 8, 16)
PENALTIES = (1.0, 10.0, 100.0)
"""What is chosen from."""

HELD_OUT = 0.2
"""Share of the others on whom the choice is made."""

MOST_CHOOSING = 5000
"""Others that the choice is made with at most; all of them are learned from afterwards."""

ROUNDS = 10
"""Alternations; more change predictions of hardly anybody."""


class Settings(NamedTuple):
    """What a factorisation leaves open."""

    rank: int = 8
    """Length of the vectors."""
    penalty: float = 10.0
    """Weight of the squared lengths of vectors, in answers."""


@dataclass(frozen=True, eq=False)
class Factorisation:
    """What was learned of the statements."""

    sizes: Ints
    """(n_questions,) statements of each question."""
    shares: Table
    """(n_statements,) how frequent each is among those whose answer is known."""
    vectors: Table
    """(n_statements, rank)"""
    penalty: float

    @classmethod
    def learn(
        cls, answers: Numbers, sizes: Ints, settings: Settings, rng: np.random.Generator, rounds: int = ROUNDS
    ) -> "Factorisation":
        """Learn from people whose answers are known.

        Parameters
        ----------
        answers : numpy.ndarray of int8, shape (n_people, n_questions)
            Numbers from 1; :data:`~analysis.individual.problems.MISSING` where not known.
        sizes : numpy.ndarray, shape (n_questions,)
            Statements of each question.
        settings : Settings
            Rank and penalty.
        rng : numpy.random.Generator
            Source of the vectors that are begun with.
        rounds : int
            Alternations.

        References
        ----------
        .. [1] Koren, Bell and Volinsky (2009). Matrix Factorization Techniques for Recommender Systems. Computer 42.
        """
        known = (answers != MISSING).astype(np.float32)
        spread = one_hot(answers, sizes)
        question = np.repeat(np.arange(len(sizes)), sizes)
        counts = np.maximum(known.sum(axis=0), 1.0)[question]
        shares = spread.sum(axis=0) / counts
        spread -= known[:, question] * shares
        vectors = (0.1 * rng.standard_normal((len(question), settings.rank))).astype(np.float32)
        ridge = settings.penalty * np.eye(settings.rank, dtype=np.float32)
        for _ in range(rounds):
            people = _fitted(spread, known, vectors, question, ridge)
            squares = np.einsum("ij,ik->ijk", people, people).reshape(len(people), -1)
            systems = (known.T @ squares).reshape(-1, settings.rank, settings.rank)[question] + ridge
            vectors = np.linalg.solve(systems, (spread.T @ people)[..., None])[..., 0].astype(np.float32)
        return cls(sizes, shares, vectors, settings.penalty)

    def scores(self, answers: Numbers) -> Table:
        """(n_people, n_statements) how well each statement fits people of whom these answers are known.

        Shares plus what a person's vector adds to them: not quite probabilities, but the largest is the best guess.
        """
        known = (answers != MISSING).astype(np.float32)
        question = np.repeat(np.arange(len(self.sizes)), self.sizes)
        spread = one_hot(answers, self.sizes) - known[:, question] * self.shares
        ridge = self.penalty * np.eye(self.vectors.shape[1], dtype=np.float32)
        people = _fitted(spread, known, self.vectors, question, ridge)
        return np.asarray(self.shares + people @ self.vectors.T, np.float32)


def factorised(problem: Problem, rng: np.random.Generator, settings: Settings | None = None) -> Ints:
    """The best guess for every target, (n_people, n_targets); settings are chosen among others when absent.

    A target that none of the others has an answer to stays :data:`UNANSWERED`.
    """
    chosen = settings or choose(problem, rng)
    with one_thread() if len(problem.targets) <= MOST_CHOOSING else nullcontext():
        return _given(problem, rng, chosen)


def _given(problem: Problem, rng: np.random.Generator, chosen: Settings) -> Ints:
    answers = np.hstack([problem.demonstrations, problem.targets])
    sizes = np.concatenate([problem.demonstration_sizes, problem.target_sizes])
    learned = Factorisation.learn(answers, sizes, chosen, rng)
    unknown = np.full((len(problem.known), len(problem.target_sizes)), MISSING, np.int8)
    scores = learned.scores(np.hstack([problem.known, unknown]))[:, int(problem.demonstration_sizes.sum()) :]
    starts = np.cumsum(problem.target_sizes) - problem.target_sizes
    given = np.empty(unknown.shape, np.int64)
    for place, (start, size) in enumerate(zip(starts.tolist(), problem.target_sizes.tolist(), strict=True)):
        given[:, place] = scores[:, start : start + size].argmax(axis=1) + 1
    given[:, (problem.targets == MISSING).all(axis=0)] = UNANSWERED
    return given


def choose(problem: Problem, rng: np.random.Generator) -> Settings:
    """Rank and penalty that predict some of the others best from the rest, with as many demonstrations.

    Nobody who is asked about has a part in it.
    """
    others = rng.permutation(len(problem.targets))[:MOST_CHOOSING]
    small = Problem(
        problem.demonstrations[others],
        problem.demonstration_sizes,
        problem.targets[others],
        problem.target_sizes,
        problem.known,
    )
    asked = np.arange(max(1, int(HELD_OUT * len(others))))
    if len(others) < 2:
        return Settings()
    trial, truth = small.of_others(asked, rng), small.targets[asked]
    state = rng.integers(2**63)

    def right(settings: Settings) -> int:
        given = factorised(trial, np.random.default_rng(state), settings)
        return int(((given == truth) & (truth != MISSING)).sum())

    return max((Settings(rank, penalty) for rank in RANKS for penalty in PENALTIES), key=right)


def _fitted(spread: Table, known: Table, vectors: Table, question: Ints, ridge: Table) -> Table:
    """(n_people, rank) vectors that fit the known answers of each person best."""
    rank = vectors.shape[1]
    squares = np.zeros((known.shape[1], rank * rank), np.float32)
    np.add.at(squares, question, np.einsum("ij,ik->ijk", vectors, vectors).reshape(len(vectors), -1))
    systems = (known @ squares).reshape(-1, rank, rank) + ridge
    return np.asarray(np.linalg.solve(systems, (spread @ vectors)[..., None])[..., 0], np.float32)
