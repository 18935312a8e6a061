"""One question compared with people: every distance with its bootstrap, baselines and yardsticks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis import yardsticks
from analysis.distances import jensen_shannon, kl_divergence, wasserstein, without_infinity
from analysis.findings import Measure, Range

Floats = NDArray[np.float64]
Distance = Callable[[Floats, Floats], Floats]
"""Counts (..., n_options) on both sides -> distances (...)."""


@dataclass(frozen=True)
class Counts:
    """What one question's distances are computed from; options on the last axis."""

    simulated: Floats
    """(n_options,) weighted simulated answers."""
    human: Floats
    """(n_options,) real people."""
    resampled: Floats | None
    """(draws, n_options) simulated answers in resamples of the respondents; some may be empty."""
    sample: NDArray[np.int64]
    """(draws, n_options) random samples of real people as large as the simulated public."""
    halves: tuple[NDArray[np.int64], NDArray[np.int64]] | None
    """Random halves of the real people, (draws, n_options) each."""
    scores: Floats | None
    """(n_options,) places on the scale; equally spaced when absent."""

    def w1(self) -> "Figures":
        """Wasserstein-1 distances, for ordered options."""
        return _figures(self, lambda p, q: wasserstein(p, q, self.scores))

    def kl(self) -> "Figures":
        """Kullback-Leibler divergences, in nats."""
        return _figures(self, kl_divergence)

    def js(self) -> "Figures":
        """Jensen-Shannon distances, base e."""
        return _figures(self, jensen_shannon)


@dataclass(frozen=True)
class Figures:
    """One distance with all its draws; ``resampled`` holds NaN for resamples in which nobody answered."""

    simulated: float
    uniform: float
    majority: float
    resampled: Floats | None
    sample: Floats
    halves: Floats | None

    def measure(self) -> Measure:
        """The draws as median and central 95 %."""
        low = high = None
        if self.resampled is not None and not np.isnan(self.resampled).all():
            _, low, high = yardsticks.interval(self.resampled[~np.isnan(self.resampled)])
        return Measure(
            simulated=self.simulated,
            low=low,
            high=high,
            uniform=self.uniform,
            majority=self.majority,
            sample=_range(self.sample),
            halves=None if self.halves is None else _range(self.halves),
        )


def mean(figures: Sequence[Figures]) -> Figures | None:
    """Mean of a distance over questions, draw by draw; ``None`` without questions.

    Infinite divergences are replaced first, column by column (:func:`analysis.distances.without_infinity`). The
    human yardsticks draw every question for itself, so their means assume that questions are independent; the
    bootstrap keeps respondents whole and assumes nothing.
    """
    if not figures:
        return None
    return Figures(
        simulated=float(_mean([f.simulated for f in figures])),
        uniform=float(_mean([f.uniform for f in figures])),
        majority=float(_mean([f.majority for f in figures])),
        resampled=_mean_draws([f.resampled for f in figures]),
        sample=_mean([f.sample for f in figures]),
        halves=_mean_draws([f.halves for f in figures]),
    )


def _mean(values: Sequence[float | Floats]) -> Floats:
    return np.asarray(without_infinity(np.asarray(values)).mean(axis=0))


def _mean_draws(draws: Sequence[Floats | None]) -> Floats | None:
    known = np.array([values for values in draws if values is not None])
    if not len(known):
        return None
    heard = ~np.isnan(known)
    totals = np.where(heard, without_infinity(np.where(heard, known, 0.0)), 0.0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(totals / heard.sum(axis=0))


def _figures(counts: Counts, distance: Distance) -> Figures:
    human = counts.human
    resampled = None
    if counts.resampled is not None:
        resampled = np.full(len(counts.resampled), np.nan)
        heard = counts.resampled.sum(axis=-1) > 0
        if heard.any():
            resampled[heard] = distance(counts.resampled[heard], human)
    return Figures(
        simulated=float(distance(counts.simulated, human)),
        uniform=float(distance(yardsticks.uniform(len(human)), human)),
        majority=float(distance(yardsticks.majority(human), human)),
        resampled=resampled,
        sample=distance(counts.sample.astype(np.float64), human),
        halves=None if counts.halves is None else distance(*(half.astype(np.float64) for half in counts.halves)),
    )


def _range(draws: Floats) -> Range:
    median, low, high = yardsticks.interval(draws)
    return Range(median=median, low=low, high=high)
