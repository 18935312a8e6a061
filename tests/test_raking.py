"""Raking and integerisation: equal to an independent implementation and to arithmetic by hand."""

import copy
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from personas.integerisation import largest_remainders, truncate_replicate_sample
from personas.raking import rake_table, rake_units


def by_ipfn(seed, margins):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ipfn import ipfn

        fit = ipfn.ipfn(
            copy.deepcopy(seed), [target for _, target in margins], [list(axes) for axes, _ in margins],
            convergence_rate=1e-13, rate_tolerance=0, max_iteration=5000,
        )  # fmt: skip
        return fit.iteration()


def random_margins(rng, shape, number):
    """A table, and margins over random sets of axes of another table, so that they agree with each other."""
    seed, truth = rng.random(shape) + 0.05, rng.random(shape) + 0.05
    margins = []
    for _ in range(number):
        axes = tuple(sorted(rng.choice(len(shape), rng.integers(1, len(shape)), replace=False).tolist()))
        others = tuple(axis for axis in range(len(shape)) if axis not in axes)
        margins.append((axes, truth.sum(axis=others)))
    return seed, margins


@pytest.mark.parametrize("number", range(12))
def test_raking_equals_ipfn_on_random_tables(number):
    rng = np.random.default_rng(number)
    shape = tuple(rng.integers(2, 6, rng.integers(2, 5)).tolist())
    seed, margins = random_margins(rng, shape, 3)
    raked = rake_table(seed, margins, tolerance=1e-14, iterations=5000)
    assert np.abs(raked.weights - by_ipfn(seed, margins)).max() < 1e-8


def test_a_two_by_two_table_comes_out_as_by_hand():
    # Raking keeps the odds ratio, here (1 * 4) / (2 * 2) = 1, so each cell is row total x column total / total.
    raked = rake_table([[1, 2], [2, 4]], [((0,), [60, 40]), ((1,), [30, 70])])
    assert raked.weights == pytest.approx(np.array([[18.0, 42.0], [12.0, 28.0]]))
    assert raked.converged
    # With an odds ratio of 4 and all margins 1/2: a = x, b = 1/2 - x, x^2 / (1/2 - x)^2 = 4, so x = 1/3.
    raked = rake_table([[2, 1], [1, 2]], [((0,), [0.5, 0.5]), ((1,), [0.5, 0.5])])
    assert raked.weights == pytest.approx(np.array([[1 / 3, 1 / 6], [1 / 6, 1 / 3]]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_units_rake_like_the_table_whose_cells_they_are(number):
    rng = np.random.default_rng(number)
    shape = (3, 4, 2)
    seed, margins = random_margins(rng, shape, 3)
    positions = np.indices(shape).reshape(3, -1)
    members = [
        (np.ravel_multi_index([positions[a] for a in axes], [shape[a] for a in axes]), target.reshape(-1))
        for axes, target in margins
    ]
    table, units = rake_table(seed, margins), rake_units(seed.reshape(-1), members)
    assert units.weights == pytest.approx(table.weights.reshape(-1), abs=1e-9)
    assert (units.converged, units.iterations) == (table.converged, table.iterations)


def test_structural_zeros_stay_zero():
    raked = rake_table([[0, 1, 1], [1, 1, 1]], [((0,), [40, 60]), ((1,), [10, 50, 40])])
    assert raked.converged
    assert raked.weights[0, 0] == 0
    assert raked.weights[1, 0] == pytest.approx(10)
    assert raked.weights.sum(axis=1) == pytest.approx([40, 60])


def test_margins_that_cannot_hold_are_reported_with_the_worst():
    # The first column has people in the second row alone, who are 10; 30 are wanted.
    raked = rake_table([[0, 1], [1, 1]], [((0,), [90, 10]), ((1,), [30, 70])], iterations=200)
    assert not raked.converged
    assert raked.iterations == 200
    assert raked.worst.margin == 0  # the last margin is always met; the first pays for it
    assert raked.worst.size == pytest.approx(20)
    assert {raked.worst.target, round(raked.worst.achieved, 6)} in ({90, 70}, {10, 30})


def test_a_margin_without_anybody_to_meet_it_does_not_converge():
    raked = rake_units([1, 1], [([0, 0], [1, 1])], iterations=5)
    assert not raked.converged
    assert raked.worst.cell == 1 or raked.worst.cell == 0


def test_weights_above_the_cap_are_trimmed_and_the_margins_still_met():
    rng = np.random.default_rng(1)
    cell = np.repeat([0, 1], [900, 100])
    other = rng.integers(0, 2, 1000)
    seed = rng.lognormal(0, 1, 1000)
    margins = [(cell, [800.0, 200.0]), (other, [500.0, 500.0])]
    free, capped = rake_units(seed, margins), rake_units(seed, margins, cap=4)
    assert free.weights.max() > 4 * free.weights.mean()
    assert capped.converged
    assert capped.weights.max() <= 4 * capped.weights.mean() * (1 + 1e-6)
    assert np.bincount(cell, capped.weights) == pytest.approx([800, 200])
    assert np.bincount(other, capped.weights) == pytest.approx([500, 500])


def test_a_cap_that_cannot_hold_is_reported():
    # One person in ten must carry half of all weight: 5 times the mean, under a cap of 2.
    raked = rake_units(np.ones(10), [(np.array([1] + [0] * 9), [5.0, 5.0])], cap=2, iterations=50)
    assert not raked.converged


@pytest.mark.parametrize(
    "call",
    [
        lambda: rake_table([[1, -1]], [((0,), [1])]),
        lambda: rake_table([[1, np.inf]], [((0,), [1])]),
        lambda: rake_table([[1, 1]], [((0,), [np.nan])]),
        lambda: rake_table([[1, 1]], [((1, 0), [[1], [1]])]),
        lambda: rake_table([[1, 1]], [((0,), [1, 1])]),
        lambda: rake_units([1, 1], [([0, 2], [1, 1])]),
        lambda: rake_units([1, 1], [([0], [1, 1])]),
        lambda: rake_units([[1, 1]], []),
        lambda: rake_units([1, 1], [], cap=0.5),
    ],
)
def test_what_cannot_be_raked_is_refused(call):
    with pytest.raises(ValueError, match=r"finite|axes|shape|cells|cell of each|one weight|cap"):
        call()


def test_whole_people_are_weights_rounded_up_or_down():
    rng = np.random.default_rng(5)
    weights = rng.gamma(1, 1, 500)
    for size in (0, 1, 499, 2_000, 100_000):
        counts = truncate_replicate_sample(weights, size, rng)
        scaled = weights * size / weights.sum()
        assert counts.sum() == size
        assert ((counts == np.floor(scaled)) | (counts == np.ceil(scaled))).all()


def test_integerisation_is_unbiased():
    # Over 4,000 repetitions each fraction is a binomial share; five p-values, so each is held to 0.01 / 5.
    weights = np.array([0.5, 1.25, 0.75, 2.9, 0.6])
    rng = np.random.default_rng(8)
    ups = sum(truncate_replicate_sample(weights, 6, rng) - np.floor(weights) for _ in range(4_000))
    for up, fraction in zip(ups, weights % 1, strict=True):
        assert stats.binomtest(int(up), 4_000, fraction).pvalue > 0.01 / 5


def test_largest_remainders_come_out_as_by_hand():
    # 53, 24 and 23 of 100 share 10: 5.3, 2.4, 2.3; the one left over goes to .4.
    assert largest_remainders([53, 24, 23], 10).tolist() == [5, 3, 2]
    for wrong in ([-1, 2], [0, 0], [np.inf, 1]):
        with pytest.raises(ValueError, match="not negative and not all zero"):
            largest_remainders(wrong, 3)
    with pytest.raises(ValueError, match="at least 0"):
        largest_remainders([1], -1)


def test_a_margin_that_the_only_round_meets_counts_as_met():
    # 1 + 1 people scaled to 30 and 70 are these at once.
    raked = rake_units([1, 1], [([0, 1], [30, 70])], iterations=1)
    assert raked.weights.tolist() == [30, 70]
    assert (raked.converged, raked.iterations, raked.worst.size) == (True, 1, 0)
    assert not rake_units([1, 1], [([0, 1], [30, 70]), ([0, 1], [40, 60])], iterations=1).converged
