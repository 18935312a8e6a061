"""Whether a model told who to be answers more like those people: distances by moved mass, and what telling gains.

Distances are the mass that has to be moved along the scale. Normalised, 1 is everybody from one end to the other;
raw, 1 is everybody by one option, as the published code counts.
"""

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import Floats
from analysis.distances import wasserstein


def moved_mass(shares: ArrayLike, people: ArrayLike, normalised: bool = True) -> Floats:
    """Earth mover's distance of each question from people, over option indices.

    Parameters
    ----------
    shares : array_like, shape (..., n_questions, n_options)
        Distributions of a model; NaN in columns that a question lacks, and throughout where there is no answer.
    people : array_like, shape (..., n_questions, n_options)
        People per option, as counts or shares; a question without anybody is not compared.
    normalised : bool
        Divide by the length of the scale, the number of options minus 1.

    Returns
    -------
    numpy.ndarray, shape (..., n_questions)
        Distances in [0, 1], or in [0, n_options - 1] when raw; NaN where either side is missing.

    References
    ----------
    .. [1] Santurkar et al. (2023). Whose Opinions Do Language Models Reflect? ICML.
    .. [2] Shen et al. (2025). Revisiting LLM Value Probing Strategies. EMNLP. SPEC 4.5.

    >>> moved_mass([0.5, 0.5, 0.0], [10, 0, 0]).tolist(), moved_mass([0.5, 0.5, 0.0], [10, 0, 0], False).tolist()
    (0.25, 0.5)
    """
    p, q = np.broadcast_arrays(np.asarray(shares, dtype=np.float64), np.asarray(people, dtype=np.float64))
    offered = ~np.isnan(p)
    known = offered.any(axis=-1) & (np.nansum(np.where(offered, q, 0.0), axis=-1) > 0)
    found = np.full(known.shape, np.nan)
    if known.any():
        mine = offered[known]
        length = mine.sum(axis=-1) - 1.0
        places = np.where(mine, np.cumsum(mine, axis=-1) - 1.0, np.nan)
        theirs = np.where(mine, np.nan_to_num(q[known]), 0.0)
        found[known] = wasserstein(np.nan_to_num(p[known]), theirs, places) * (1.0 if normalised else length)
    return found


def alignment(shares: ArrayLike, people: ArrayLike) -> Floats:
    """How near each question is to people: 1 minus the normalised distance of :func:`moved_mass`.

    >>> alignment([0.5, 0.5, 0.0], [10, 0, 0]).tolist()
    0.75
    """
    return np.asarray(1 - moved_mass(shares, people))


def improvement(generic: ArrayLike, told: ArrayLike, people: ArrayLike, normalised: bool = True) -> Floats:
    """How much nearer to people the answers come when the model is told whom to speak for, question by question.

    Parameters
    ----------
    generic, told : array_like, shape (..., n_questions, n_options)
        Distributions without and with a person.
    people : array_like, shape (..., n_questions, n_options)
        The people of that country or group.
    normalised : bool
        As in :func:`moved_mass`.

    Returns
    -------
    numpy.ndarray, shape (..., n_questions)
        Distance without minus distance with: positive where telling helps. NaN where one of them is missing.

    >>> improvement([0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [10, 0, 0]).tolist()
    0.25
    """
    return np.asarray(moved_mass(generic, people, normalised) - moved_mass(told, people, normalised))
