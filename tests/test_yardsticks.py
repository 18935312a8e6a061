"""Baselines, human yardsticks, the bootstrap, and what they come to for one question."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from analysis import yardsticks
from analysis.bootstrap import resampled_counts
from analysis.comparison import Counts, Figures, mean
from analysis.distances import wasserstein


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_halves_add_up_to_the_people_and_differ_by_one_at_most(rng):
    first, second = yardsticks.halves([30, 11, 0], rng, draws=200)
    assert (first + second == [30, 11, 0]).all()
    assert set(first.sum(axis=1)) == {20}
    assert set(second.sum(axis=1)) == {21}


def test_halves_of_a_unanimous_public_are_identical(rng):
    first, second = yardsticks.halves([0, 40, 0], rng, draws=50)
    assert not wasserstein(first, second).any()


def test_halves_spread_as_the_hypergeometric_distribution_says(rng):
    # 20 of 40 drawn, half of them "yes": variance 20 * 1/2 * 1/2 * (40 - 20) / (40 - 1)
    first, _ = yardsticks.halves([20, 20], rng, draws=20_000)
    assert first[:, 0].mean() == pytest.approx(10, abs=0.05)
    assert first[:, 0].var() == pytest.approx(20 * 0.25 * 20 / 39, rel=0.05)


def test_samples_have_the_size_of_the_wave_even_when_it_is_larger_than_the_survey(rng):
    draws = yardsticks.same_size([3, 1, 0], 50, rng, draws=20_000)
    assert set(draws.sum(axis=1)) == {50}
    assert not draws[:, 2].any()
    assert draws[:, 0].mean() == pytest.approx(50 * 3 / 4, abs=0.1)
    assert draws[:, 0].var() == pytest.approx(50 * 3 / 4 * 1 / 4, rel=0.05)


def test_larger_samples_of_people_are_closer_to_the_people(rng):
    people = [30, 50, 20]
    small, large = (np.median(wasserstein(yardsticks.same_size(people, n, rng), people)) for n in (10, 1000))
    assert large < small / 5  # ten times the root: sqrt(1000 / 10)


def test_samples_and_halves_of_too_few_are_refused(rng):
    with pytest.raises(ValueError, match="at least one"):
        yardsticks.same_size([1, 1], 0, rng)
    with pytest.raises(ValueError, match="at least two"):
        yardsticks.halves([1, 0], rng)


def test_the_interval_is_made_of_values_that_were_drawn():
    assert yardsticks.interval(np.arange(1, 1001)) == (500, 25, 975)
    assert yardsticks.interval([1.0, 2.0, np.inf]) == (2.0, 1.0, np.inf)


def test_baselines_answer_at_random_and_with_the_most_frequent():
    assert yardsticks.uniform(5).tolist() == [0.2] * 5
    assert yardsticks.majority([1, 4, 4]).tolist() == [0, 1, 0]


def test_the_bootstrap_draws_respondents_whole(rng):
    # Everybody answers both questions alike, so every resample does.
    yes = rng.random(30) < 0.4
    chosen = csr_matrix(np.array([yes, ~yes, yes, ~yes], dtype=float))
    counts = resampled_counts(chosen, np.ones(30), rng, draws=500)
    assert (counts[:, :2] == counts[:, 2:]).all()
    assert (counts[:, :2].sum(axis=1) == 30).all()
    p = yes.mean()
    assert counts[:, 0].var() == pytest.approx(30 * p * (1 - p), rel=0.2)


def test_the_bootstrap_counts_weights_and_is_the_same_in_blocks(monkeypatch):
    chosen, weights = csr_matrix(np.array([[1.0, 0.0], [0.0, 1.0]])), np.array([1.0, 3.0])
    once = resampled_counts(chosen, weights, np.random.default_rng(2), draws=40)
    assert set(map(tuple, once)) == {(2, 0), (1, 3), (0, 6)}
    monkeypatch.setattr("analysis.bootstrap.CELLS_AT_ONCE", 6)
    assert (resampled_counts(chosen, weights, np.random.default_rng(2), draws=40) == once).all()


def counts(simulated: list[float], human: list[float], rng: np.random.Generator) -> Counts:
    return Counts(
        simulated=np.array(simulated),
        human=np.array(human),
        resampled=np.array([simulated, [0.0] * len(simulated)]),
        sample=yardsticks.same_size(human, 20, rng),
        halves=yardsticks.halves(human, rng),
        scores=None,
    )


def test_a_question_is_compared_with_all_baselines(rng):
    m = counts([10, 10, 0], [20, 0, 0], rng).w1().measure()
    assert m.simulated == pytest.approx(1 / 4)  # half moved one step of two
    assert m.uniform == pytest.approx(1 / 2)  # a third one step, a third two: (1 + 2) / 3 / 2
    assert m.majority == 0
    assert (m.sample.high, m.halves.high if m.halves else None) == (0, 0)  # a unanimous public has one sample
    assert (m.within_people, m.closer_than_uniform, m.closer_than_majority) == (False, True, False)
    assert (m.low, m.high) == (m.simulated, m.simulated)  # the empty resample is left out


def test_means_are_taken_draw_by_draw_and_without_infinity():
    def figures(simulated: float, resampled: list[float] | None) -> Figures:
        return Figures(simulated, 1.0, 2.0, None if resampled is None else np.array(resampled), np.ones(2), None)

    nan = float("nan")
    found = mean([figures(1.0, [1.0, nan]), figures(float("inf"), [3.0, nan]), figures(3.0, None)])
    assert found is not None
    assert found.simulated == pytest.approx((1 + 4 + 3) / 3)  # infinity counts as 3 + 1
    assert found.resampled is not None
    assert found.resampled[0] == 2  # (1 + 3) / 2
    assert np.isnan(found.resampled[1])  # nobody answered anything
    assert found.measure().low == 2
    assert mean([]) is None
