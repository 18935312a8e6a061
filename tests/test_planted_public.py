"""A planted public is recovered: intervals cover the truth as often as they say, over two hundred waves."""

import numpy as np
import pytest

from analysis.bootstrap import limits, respondent_weights, reweighted_counts
from analysis.choices import Scales, mean_code, one_hot
from analysis.def_rules import def_rules
from analysis.preference import preference

SEEDS, PEOPLE, DRAWS = 200, 200, 400
SCALES = Scales.of([5, 4, 3])
K = 5
PLACES, SEXES, AGES = 3, 2, 3


def publics(rng: np.random.Generator) -> np.ndarray:
    """Shares (place, sex, age, question, option): every group of people answers in its own way."""
    raw = rng.dirichlet(np.full(K, 2.0), size=(PLACES, SEXES, AGES, 3)) * SCALES.offered
    return np.asarray(raw / raw.sum(axis=-1, keepdims=True))


TRUTH = publics(np.random.default_rng(12))
SHARES = TRUTH.mean(axis=(0, 1, 2))
"""All groups are as large."""


class Wave:
    """One wave of the planted public: who is asked, what they answer, and resamples of them."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.place, self.sex, self.age = (rng.integers(0, n, PEOPLE) for n in (PLACES, SEXES, AGES))
        own = TRUTH[self.place, self.sex, self.age]
        self.choices = (rng.random((PEOPLE, 3, 1)) > np.cumsum(own, axis=-1)).sum(axis=-1).clip(max=SCALES.sizes - 1)
        self.weights = respondent_weights(np.ones(PEOPLE), rng, draws=DRAWS)

    def counts(self, among: np.ndarray) -> np.ndarray:
        """(draws, question, option) resampled answers of some of them."""
        chosen = one_hot(self.choices[among], K)
        return reweighted_counts(chosen, self.weights[:, among]).reshape(DRAWS, 3, K)


@pytest.fixture(scope="module")
def waves() -> list[Wave]:
    return [Wave(seed) for seed in range(SEEDS)]


def covers(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    low, high = limits(found)
    return (low <= truth) & (truth <= high)


def nominal(covered: list[np.ndarray]) -> None:
    """Intervals of 95 % hold 93 to 97 times in a hundred, and no single figure below 90."""
    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)
    assert np.mean(covered, axis=0).min() > 0.90


def test_shares_are_covered(waves):
    offered = SCALES.offered
    everybody = np.ones(PEOPLE, dtype=bool)
    nominal([covers(wave.counts(everybody) / PEOPLE, SHARES)[offered] for wave in waves])


def test_means_are_covered(waves):
    truth = mean_code(SHARES, SCALES.codes)
    everybody = np.ones(PEOPLE, dtype=bool)
    nominal([covers(mean_code(wave.counts(everybody), SCALES.codes), truth) for wave in waves])


@pytest.mark.parametrize(("by", "axes"), [("sex", (0, 2)), ("age", (0, 1)), ("place", (1, 2))])
def test_differences_between_groups_are_covered(waves, by, axes):
    truth = mean_code(TRUTH.mean(axis=axes)[:2], SCALES.codes)
    covered = []
    for wave in waves:
        first, second = (mean_code(wave.counts(getattr(wave, by) == level), SCALES.codes) for level in (0, 1))
        covered.append(covers(first - second, truth[0] - truth[1]))
    nominal(covered)


def test_differences_between_two_models_of_the_same_people_use_what_they_share(waves):
    # The second model answers like the first but for a tenth of the people, who move one option up.
    found, apart = [], []
    for wave in waves[:50]:
        moved = wave.choices.copy()
        moved[:20, 0] = np.minimum(moved[:20, 0] + 1, 4)
        first, second = (
            reweighted_counts(one_hot(c, K), wave.weights).reshape(DRAWS, 3, K) for c in (wave.choices, moved)
        )
        found.append(np.std(mean_code(second, SCALES.codes)[:, 0] - mean_code(first, SCALES.codes)[:, 0]))
        apart.append(np.std(mean_code(first, SCALES.codes)[:, 0]) * np.sqrt(2))
    assert np.mean(found) < np.mean(apart) / 3


def test_a_distance_that_is_not_zero_is_computed_too_large_and_the_more_so_the_fewer_answer():
    rng = np.random.default_rng(9)
    excess = []
    for n in (25, 100, 400):
        simulated = np.stack([rng.multinomial(n, SHARES) for _ in range(300)])
        found = preference(simulated, TRUTH[0, 0, 0], def_rules(smoothing=1e-3), offered=SCALES.offered)
        truth = preference(SHARES, TRUTH[0, 0, 0], def_rules(smoothing=1e-3), offered=SCALES.offered)
        excess.append(float(found.question_mean.mean() - truth.question_mean))
    # About (K - 1) / 2n: options of 5, 4 and 3 give a mean of 3, and so 0.06, 0.015 and 0.004.
    assert excess == pytest.approx([3 / 50, 3 / 200, 3 / 800], rel=0.35)
