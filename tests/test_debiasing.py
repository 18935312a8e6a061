"""Distances from small samples: how much too large they are, and what remains when that is taken off."""

import numpy as np
import pytest

from analysis.debiasing import debiased, debiased_mean
from analysis.distances import jensen_shannon, kl_divergence, total_variation, wasserstein

REAL = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
FAR = np.array([0.02, 0.08, 0.25, 0.3, 0.35])
SEEDS = 200
ALL = pytest.mark.parametrize("distance", [kl_divergence, jensen_shannon, total_variation, wasserstein])


def drawn(shares: np.ndarray, n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Two hundred samples of one question, and the real people beside each."""
    return np.random.default_rng(seed).multinomial(n, shares, size=SEEDS), np.tile(REAL, (SEEDS, 1))


@ALL
def test_equal_publics_look_apart_and_the_interval_says_that_they_need_not_be(distance):
    simulated, real = drawn(REAL, 50)
    found = debiased(simulated, real, distance, np.random.default_rng(2))
    assert found.estimate.mean() < 0.6 * found.computed.mean()
    assert (found.low == 0).mean() > 0.93
    assert (found.low <= found.estimate).all()
    assert (found.estimate <= found.high + 1e-12).all()


@ALL
def test_intervals_hold_where_the_publics_are_apart(distance):
    simulated, real = drawn(FAR, 100)
    found = debiased(simulated, real, distance, np.random.default_rng(2))
    truth = float(distance(FAR, REAL))
    held = ((found.low <= truth) & (truth <= found.high)).mean()
    assert 0.90 <= held <= 1
    assert abs(found.estimate.mean() - truth) <= abs(found.computed.mean() - truth) + 0.005


@ALL
def test_the_debiased_mean_over_questions_is_near_the_truth_at_thirty_respondents(distance):
    simulated, real = drawn(FAR, 30)
    found = debiased_mean(simulated, real, distance, np.random.default_rng(2))
    truth = float(distance(FAR, REAL))
    assert float(found.estimate) == pytest.approx(truth, rel=0.08)
    assert abs(float(found.estimate) - truth) <= abs(float(found.computed) - truth) + 0.001
    assert np.isnan(found.low)


def test_the_interval_of_a_mean_follows_the_spread_of_resamples_and_not_their_level():
    simulated, real = drawn(FAR, 30)
    spread = np.random.default_rng(3).normal(0, 0.01, 500)
    once, shifted = (
        debiased_mean(simulated, real, total_variation, np.random.default_rng(2), resampled=spread + level)
        for level in (0.3, 0.9)
    )
    assert float(once.low) == pytest.approx(float(shifted.low))
    assert float(once.low) < float(once.estimate) < float(once.high)


def test_a_sampled_real_public_takes_more_off():
    simulated, real = drawn(REAL, 50)
    known, asked = (
        debiased_mean(simulated, real, total_variation, np.random.default_rng(2), people=people)
        for people in (None, 50)
    )
    assert asked.estimate <= known.estimate


def test_a_sample_that_happens_to_be_equal_is_still_uncertain():
    found = debiased([[10, 10]], [[0.5, 0.5]], total_variation, np.random.default_rng(1))
    assert (found.computed[0], found.estimate[0], found.low[0]) == (0, 0, 0)
    assert found.high[0] > 0.15  # 2.5 % of samples of twenty from shares of 0.7 and 0.3 are this even


def test_an_infinite_distance_has_no_bias_to_take_off():
    with pytest.raises(ValueError, match="infinite"):
        debiased([[5, 5]], [[10, 0]], kl_divergence, np.random.default_rng(1))
    with pytest.raises(ValueError, match="same questions"):
        debiased([[5, 5]], [[10, 0, 1]], total_variation, np.random.default_rng(1))
