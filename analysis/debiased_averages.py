"""Mean distances of a public from people without what the size of its sample adds, for reports."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.choices import Floats
from analysis.debiasing import Distance, debiased_mean
from analysis.findings import Estimate


def debiased_average(
    counts: Floats,
    human: Floats,
    distance: Distance,
    rng: np.random.Generator,
    resampled: Floats | None,
    places: Floats | None = None,
) -> Estimate:
    """The debiased mean distance over questions; parameters as of :func:`analysis.debiasing.debiased_mean`.

    >>> from analysis.distances import total_variation
    >>> few, people = np.array([[13.0, 7.0]]), np.array([[50.0, 50.0]])
    >>> debiased_average(few, people, total_variation, np.random.default_rng(1), None).value < 0.15
    True
    """
    found = debiased_mean(counts, human, distance, rng, resampled=resampled, places=places)
    low, high = float(found.low), float(found.high)
    known = {"low": low, "high": high} if np.isfinite([low, high]).all() else {}
    return Estimate(value=float(found.estimate), **known)


@dataclass(frozen=True)
class Sides:
    """One compared question: what a debiased distance is computed from, options in order."""

    simulated: Floats
    """(n_options,) answers, as many as the effective number of respondents."""
    human: Floats
    """(n_options,) real people."""
    scores: Floats | None
    """(n_options,) places on the scale; equally spaced when absent."""


def widened(sides: Sequence[Sides]) -> tuple[Floats, Floats, Floats]:
    """Both sides and the places of all questions as tables (n_questions, n_options of the longest).

    Options that a question does not have are empty, and their places NaN.
    """
    width = max(len(one.human) for one in sides)
    tables = np.zeros((2, len(sides), width)), np.full((len(sides), width), np.nan)
    for row, one in enumerate(sides):
        n = len(one.human)
        tables[0][0, row, :n], tables[0][1, row, :n] = one.simulated, one.human
        tables[1][row, :n] = np.arange(n) if one.scores is None else one.scores
    return tables[0][0], tables[0][1], tables[1]
