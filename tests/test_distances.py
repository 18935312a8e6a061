"""Distances agree with SciPy on random tables, and with arithmetic done by hand."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance

from analysis.distances import (
    jensen_shannon,
    kl_divergence,
    shares,
    total_variation,
    wasserstein,
    without_infinity,
)


@pytest.fixture(params=range(20))
def table(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(request.param)
    options = int(rng.integers(2, 12))
    return rng.integers(1, 50, options), rng.integers(1, 50, options)


def test_wasserstein_is_scipys_over_the_length_of_the_scale(table):
    p, q = table
    places = np.arange(len(p))
    assert wasserstein(p, q) == pytest.approx(wasserstein_distance(places, places, p, q) / (len(p) - 1))


def test_wasserstein_takes_scores_in_any_order(table):
    p, q = table
    scores = np.random.default_rng(len(p)).permutation(len(p)) ** 2 * 1.5 - 3
    expected = wasserstein_distance(scores, scores, p, q) / np.ptp(scores)
    assert wasserstein(p, q, scores) == pytest.approx(expected)


def test_divergences_are_scipys(table):
    p, q = table
    assert kl_divergence(p, q) == pytest.approx(entropy(p, q))
    assert jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q))
    assert jensen_shannon(p, q, base=2, squared=True) == pytest.approx(jensenshannon(p, q, base=2) ** 2)


def test_many_draws_are_measured_at_once():
    rng = np.random.default_rng(1)
    draws, q = rng.integers(1, 9, (50, 4)), rng.integers(1, 9, 4)
    for metric in (wasserstein, kl_divergence, jensen_shannon, total_variation):
        assert metric(draws, q) == pytest.approx(np.array([metric(draw, q) for draw in draws]))


def test_wasserstein_counts_how_far_people_moved():
    # Half the panel moves one step on a three-option scale: (1/2 * 1) / (3 - 1).
    assert wasserstein([2, 2, 0], [4, 0, 0]) == pytest.approx(1 / 4)
    assert wasserstein([5, 0, 0, 0], [0, 0, 0, 5]) == 1
    # The same half moves 1 of a scale from 0 to 10.
    assert wasserstein([2, 2, 0], [4, 0, 0], scores=[0, 1, 10]) == pytest.approx(1 / 20)


def test_total_variation_is_the_share_that_would_change_its_answer():
    # (|2/4 - 1/4| + |1/4 - 1/4| + |1/4 - 2/4|) / 2
    assert total_variation([2, 1, 1], [1, 1, 2]) == pytest.approx(1 / 4)
    assert total_variation([1, 0], [0, 1]) == 1


def test_kl_is_infinite_where_only_the_model_answers_and_smoothing_makes_it_finite():
    assert kl_divergence([1, 1], [1, 0]) == np.inf
    assert kl_divergence([1, 0], [1, 1]) == pytest.approx(np.log(2))  # an unused option adds nothing
    # 0.1 on each share: (0.6, 0.6) / 1.2 against (1.1, 0.1) / 1.2
    assert kl_divergence([1, 1], [1, 0], smoothing=0.1) == pytest.approx(entropy([0.6, 0.6], [1.1, 0.1]))


def test_equal_distributions_are_zero_apart_and_never_below():
    p = [0.1, 0.2, 0.7]
    for metric in (wasserstein, kl_divergence, jensen_shannon, total_variation):
        assert metric(p, np.multiply(p, 3)) == pytest.approx(0, abs=1e-7)
        assert metric(p, np.multiply(p, 3)) >= 0


def test_an_infinite_divergence_becomes_the_largest_finite_one_plus_one():
    assert without_infinity([0.5, np.inf, 2.0]).tolist() == [0.5, 3.0, 2.0]
    assert without_infinity([np.inf, np.inf]).tolist() == [1.0, 1.0]
    assert without_infinity([[1.0, np.inf], [np.inf, 4.0]]).tolist() == [[1.0, 5.0], [2.0, 4.0]]  # by column


@pytest.mark.parametrize(
    ("counts", "said"),
    [([1], "two or more"), ([1, -1], "non-negative"), ([0, 0], "all zero"), ([1, np.nan], "finite"), (3, "two or")],
)
def test_impossible_counts_are_refused(counts, said):
    with pytest.raises(ValueError, match=said):
        shares(counts)


def test_sides_with_different_options_and_useless_settings_are_refused():
    with pytest.raises(ValueError, match="same options"):
        total_variation([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="differ"):
        wasserstein([1, 2], [2, 1], scores=[3, 3])
    with pytest.raises(ValueError, match="one score for each"):
        wasserstein([1, 2], [2, 1], scores=[1, 2, 3])
    with pytest.raises(ValueError, match="smoothing"):
        kl_divergence([1, 2], [2, 1], smoothing=-1)
    with pytest.raises(ValueError, match="base"):
        jensen_shannon([1, 2], [2, 1], base=1)
