"""What a baseline is given: people whose answers are all known, and what is known of those it is asked about."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.individual.predictions import Floats, Ints
from surveys.statements.known import Numbers
from surveys.statements.sets import MISSING


@dataclass(frozen=True, eq=False)
class Problem:
    """Targets to be predicted from demonstrations, for many people at once."""

    demonstrations: Numbers
    """(n_others, n_demonstrated) answers of other people to the questions that demonstrations come from."""
    demonstration_sizes: Ints
    """(n_demonstrated,) statements of each."""
    targets: Numbers
    """(n_others, n_targets) their answers to the targets."""
    target_sizes: Ints
    """(n_targets,) statements of each."""
    known: Numbers
    """(n_people, n_demonstrated) what is told of the people who are asked about."""

    def __post_init__(self) -> None:
        widths = {self.demonstrations.shape[1], len(self.demonstration_sizes), self.known.shape[1]}
        if len(widths) != 1 or self.targets.shape[1] != len(self.target_sizes):
            raise ValueError("Others and people need the same demonstrated questions, and every target its size.")
        if len(self.demonstrations) != len(self.targets):
            raise ValueError(
                f"{len(self.demonstrations)} others have demonstrations, {len(self.targets)} have targets."
            )

    @property
    def told(self) -> float:
        """Demonstrations that are told of a person, on average."""
        return float((self.known != MISSING).sum(axis=1).mean()) if len(self.known) else 0.0

    def of_others(self, rows: Ints, rng: np.random.Generator) -> "Problem":
        """The others among themselves: some are asked about, by as many demonstrations, the rest are known.

        Parameters
        ----------
        rows : numpy.ndarray
            Positions of the others who are asked about.
        """
        rest = np.setdiff1d(np.arange(len(self.targets)), rows)
        return Problem(
            self.demonstrations[rest],
            self.demonstration_sizes,
            self.targets[rest],
            self.target_sizes,
            masked(self.demonstrations[rows], round(self.told), rng),
        )


def masked(answers: Numbers, kept: int, rng: np.random.Generator) -> Numbers:
    """Answers of which only some are kept, drawn for each person; all others become missing.

    >>> (masked(np.array([[1, 2, 1, -1]], np.int8), 2, np.random.default_rng(1)) != MISSING).sum()
    np.int64(2)
    """
    order = rng.random(answers.shape)
    order[answers == MISSING] = 2.0
    ranks = order.argsort(axis=1).argsort(axis=1)
    return np.where(ranks < kept, answers, MISSING).astype(np.int8)


def one_hot(answers: Numbers, sizes: Ints, missing: bool = False) -> NDArray[np.float32]:
    """A column a statement: 1 where it is true of a person.

    Parameters
    ----------
    answers : numpy.ndarray of int8, shape (n_people, n_questions)
        Numbers from 1; :data:`MISSING` where not known.
    sizes : numpy.ndarray, shape (n_questions,)
        Statements of each question.
    missing : bool
        Whether each question gets a further column, 1 where nothing is known.

    Returns
    -------
    numpy.ndarray, shape (n_people, sum of sizes)

    >>> one_hot(np.array([[2, -1]], np.int8), np.array([2, 3])).tolist()
    [[0.0, 1.0, 0.0, 0.0, 0.0]]
    """
    columns = np.ascontiguousarray(answers.T)
    table = np.empty((len(answers), int((sizes + missing).sum())), np.float32, order="F")
    place = 0
    for column, size in zip(columns, sizes.tolist(), strict=True):
        for number in [*range(1, size + 1), *([MISSING] if missing else [])]:
            np.equal(column, number, out=table[:, place])
            place += 1
    return table


def chances(sizes: Ints) -> Floats:
    """Chance that a guess among all statements of a question is right, for each.

    >>> chances(np.array([2, 4])).tolist()
    [0.5, 0.25]
    """
    return np.asarray(1.0 / sizes, np.float64)


def majority(targets: Numbers, sizes: Ints, missing: bool = False) -> Ints:
    """The most frequent answer of others to each target: the same for everybody.

    Parameters
    ----------
    targets : numpy.ndarray of int8, shape (n_others, n_targets)
    sizes : numpy.ndarray, shape (n_targets,)
    missing : bool
        Whether no known answer is a candidate too, as in the published code; 0 is given where it wins.

    Returns
    -------
    numpy.ndarray, shape (n_targets,)
        Numbers; the lowest of several that tie. 0 where nobody has an answer.

    >>> majority(np.array([[2, -1], [1, -1], [2, 1]], np.int8), np.array([2, 2])).tolist()
    [2, 1]
    >>> majority(np.array([[2, -1], [1, -1], [2, 1]], np.int8), np.array([2, 2]), missing=True).tolist()
    [2, 0]
    """
    found = np.zeros(len(sizes), np.int64)
    for place, size in enumerate(sizes.tolist()):
        column = targets[:, place].astype(np.int64)
        counts = np.bincount(np.where(column == MISSING, 0, column), minlength=size + 1)
        best = int(counts[1:].argmax()) + 1
        unknown = missing and counts[0] > counts[best]
        found[place] = 0 if unknown or not counts[best] else best
    return found
