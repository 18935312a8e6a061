"""A public or one voice: disagreement within groups, structure between items, habits of answering."""

import numpy as np
import pytest
from scipy.stats import entropy, pearsonr

from analysis.choices import Scales, counted
from analysis.item_structure import human_bounds, item_correlations, likeness, trait_effects
from analysis.response_styles import response_styles
from analysis.spread import spread, spread_ratio


def test_disagreement_is_the_sample_variance_on_a_scale_of_one_and_the_corrected_entropy():
    rng = np.random.default_rng(1)
    scales = Scales.of([4, 3])
    choices = np.column_stack([rng.integers(0, 4, 30), rng.integers(0, 3, 30)])
    found = spread(counted(choices, 4), scales)
    for question, size in enumerate((4, 3)):
        answers = choices[:, question] / (size - 1)
        assert found.variance[question] == pytest.approx(answers.var(ddof=1))
        p = np.bincount(choices[:, question], minlength=size) / 30
        assert found.entropy[question] == pytest.approx(min((entropy(p) + (size - 1) / 60) / np.log(size), 1))


def test_one_voice_has_no_spread_and_groups_are_measured_apart():
    counts = [[[9, 0, 0]], [[5, 0, 5]], [[1, 0, 0]]]
    found = spread(counts, Scales.of([3]))
    assert found.variance[:2, 0] == pytest.approx([0, 10 / 9 / 4])
    assert np.isnan(found.variance[2, 0])  # one answer has no spread
    assert found.entropy[0, 0] == 0


def test_the_spread_of_groups_together_hides_one_voice_within_them():
    # Women all say 1, men all say 3: divided as a whole, one voice within each group.
    women, men = [10, 0, 0], [0, 0, 10]
    whole = spread([np.add(women, men)], Scales.of([3])).variance
    within = spread([[women], [men]], Scales.of([3])).variance
    human = spread([[[5, 0, 5]], [[5, 0, 5]]], Scales.of([3])).variance
    assert whole[0] > 0.25
    assert spread_ratio(within, human).tolist() == [0, 0]
    assert spread_ratio(human, human) == pytest.approx([1, 1])


@pytest.mark.parametrize("seed", range(5))
def test_correlations_are_scipys_over_those_who_answered_both(seed):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(80, 4)) @ rng.normal(size=(4, 4)) + 1000
    table[rng.random(table.shape) < 0.2] = np.nan
    found = item_correlations(table)
    for a in range(4):
        for b in range(4):
            both = ~np.isnan(table[:, [a, b]]).any(axis=1)
            assert found[a, b] == pytest.approx(pearsonr(table[both, a], table[both, b]).statistic)


def test_weights_count_people_as_often_as_they_stand_for():
    rng = np.random.default_rng(2)
    table, times = rng.normal(size=(30, 3)), rng.integers(1, 4, 30)
    assert item_correlations(table, times) == pytest.approx(item_correlations(np.repeat(table, times, axis=0)))
    traits = rng.normal(size=(30, 2))
    repeated = trait_effects(np.repeat(table, times, axis=0), np.repeat(traits, times, axis=0))
    assert trait_effects(table, traits, times) == pytest.approx(repeated)


def test_an_item_without_variance_correlates_with_nothing():
    found = item_correlations([[1, 5], [2, 5], [3, 5]])
    assert np.isnan(found[0, 1])
    assert found[0, 0] == 1


def test_effects_are_those_of_least_squares():
    rng = np.random.default_rng(3)
    traits = np.column_stack([rng.integers(18, 90, 50) / 10, rng.integers(0, 2, 50)])
    table = rng.normal(size=(50, 3)) + traits @ rng.normal(size=(2, 3))
    table[rng.random(table.shape) < 0.15] = np.nan
    found = trait_effects(table, traits)
    for item in range(3):
        known = ~np.isnan(table[:, item])
        design = np.column_stack([np.ones(known.sum()), traits[known]])
        assert found[item] == pytest.approx(np.linalg.lstsq(design, table[known, item])[0][1:])
    with pytest.raises(ValueError, match="known traits"):
        trait_effects(table, traits[:3])


def test_structures_are_compared_pair_by_pair():
    found = likeness([[1, 0.4, -0.2], [0.4, 1, 0.1], [-0.2, 0.1, 1]], [[1, 0.2, 0.2], [0.2, 1, 0.1], [0.2, 0.1, 1]])
    assert found.mean_difference == pytest.approx((0.2 + 0.4 + 0) / 3)
    assert found.same_sign == pytest.approx(2 / 3)
    assert np.isnan(likeness([np.nan], [1.0]).mean_difference)


def test_independent_answers_with_the_right_shares_fall_outside_the_human_bounds_and_people_within():
    rng = np.random.default_rng(4)

    def people(n: int) -> np.ndarray:
        leaning = rng.normal(size=(n, 1))
        return (rng.normal(size=(n, 12)) + leaning > 0).astype(float)

    real = people(800)
    bounds = [b.mean_difference for b in human_bounds(real, item_correlations, 200, rng, draws=60)]
    low, high = np.quantile(bounds, [0.025, 0.975])
    shuffled = np.column_stack([rng.permutation(column) for column in people(200).T])
    truth = item_correlations(real)
    assert likeness(item_correlations(people(200)), truth).mean_difference < high * 1.2
    assert likeness(item_correlations(shuffled), truth).mean_difference > 2 * high
    assert low > 0
    with pytest.raises(ValueError, match="four people"):
        human_bounds(real[:3], item_correlations, 1, rng)


def test_habits_are_counted_by_hand():
    sizes = [5, 5, 5, 5, 4, 2]
    choices = [
        [2, 2, 2, 2, 3, 0],  # always the middle, then an end
        [0, 4, 0, 4, 0, 1],  # extremes
        [1, 1, -1, 1, 2, -1],
    ]
    found = response_styles(choices, sizes, agreement=[1, 1, -1, -1, 0, 0])
    assert found.straight_lining == pytest.approx([1, 1 / 4, 2 / 2])  # the gap ends the row of the third
    assert found.midpoint == pytest.approx([1, 0, 0])
    assert found.extreme == pytest.approx([1 / 5, 1, 0])
    # Second: disagrees, agrees, agrees (reversed), disagrees: 0. Third: disagrees twice, agrees with a reversed one.
    assert found.acquiescence == pytest.approx([0, 0, -1 / 3])


def test_a_habit_that_no_answer_can_show_is_unknown():
    found = response_styles([[-1, 0], [0, 1]], [2, 2])
    assert np.isnan(found.midpoint).all()
    assert np.isnan(found.extreme).all()
    assert np.isnan(found.acquiescence).all()
    assert np.isnan(found.straight_lining[0])
    with pytest.raises(ValueError, match="one size a question"):
        response_styles([[0, 1]], [2])


def test_straight_lining_needs_neighbours_of_one_length():
    # Same column on scales of different lengths is no straight line.
    assert response_styles([[1, 1, 1]], [3, 4, 3]).straight_lining.tolist() == pytest.approx([np.nan], nan_ok=True)
