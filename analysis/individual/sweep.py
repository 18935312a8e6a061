"""How many neighbours to ask: the accuracy of every N, and the best one chosen on people who are not tested."""

from dataclasses import dataclass

import numpy as np

from analysis.individual.predictions import Floats, Ints

PUBLISHED_N = 24
"""Neighbours of the published cluster, chosen on the people it was tested on."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """The number of neighbours of each half of the people, chosen on the other half."""

    first: int
    """N of the first half, chosen on the second."""
    second: int
    everybody: int
    """N chosen on the very people it is tested on: optimistic, as published."""
    by_person: Ints
    """(n_people,) N of the half that each belongs to."""


def best(accuracy: Floats) -> int:
    """The N, from 1, of the highest mean accuracy; the smallest of several.

    Parameters
    ----------
    accuracy : numpy.ndarray, shape (n_people, n_voters)
        What each person has right with the first N voters; NaN for somebody who does not count.

    >>> best(np.array([[40.0, 50.0, 50.0], [40.0, 60.0, 60.0]]))
    2
    """
    known = np.isfinite(accuracy).all(axis=1)
    if not known.any():
        return 1
    return int(np.round(accuracy[known].mean(axis=0), 9).argmax()) + 1


def choose(accuracy: Floats, halves: tuple[Ints, Ints]) -> Chosen:
    """Choose N for each half on the other, so that nobody is tested with an N that they helped to choose.

    Parameters
    ----------
    accuracy : numpy.ndarray, shape (n_people, n_voters)
        As in :func:`best`.
    halves : two numpy.ndarray
        Positions of the people of each half.

    >>> accuracy = np.array([[50.0, 70.0], [60.0, 40.0]])  # the second person's best N is 1, the first one's 2
    >>> found = choose(accuracy, (np.array([0]), np.array([1])))
    >>> found.first, found.second, found.by_person.tolist()
    (1, 2, [1, 2])
    """
    first, second = halves
    of_first, of_second = best(accuracy[second]), best(accuracy[first])
    by_person = np.empty(len(accuracy), np.int64)
    by_person[first], by_person[second] = of_first, of_second
    return Chosen(of_first, of_second, best(accuracy), by_person)
