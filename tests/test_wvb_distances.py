"""The distance, the baselines and the curves of WorldValuesBench, with their arithmetic in view."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from analysis.worldvaluesbench.baselines import majority, same_size_sample, split_half, uniform
from analysis.worldvaluesbench.distances import MISSING, Grid, distance, of_answers, whole
from analysis.worldvaluesbench.intervals import Resamples
from analysis.worldvaluesbench.subgroups import Grouping, Subgroups, crossed
from analysis.worldvaluesbench.thresholds import PUBLISHED, met, shares
from surveys.formats.wvs.wave7 import Scale

FOUR, THREE = Scale(1, 4, ""), Scale(0, 2, "")


def test_the_published_sample_comes_out_as_published():
    # Scores (4,4), (3,4), (3,3) against people (1,1), (1,2), (1,1) on scales of four: 1, 2/3 and 2/3.
    pairs = [((4, 4), (1, 1)), ((3, 4), (1, 2)), ((3, 3), (1, 1))]
    found = [of_answers(np.array(model), np.array(human), FOUR) for model, human in pairs]
    assert found == pytest.approx([1, 2 / 3, 2 / 3])


def test_a_score_out_of_range_is_kept_clipped_or_dropped_and_always_counted():
    scores = [3.0, 0.0]
    # On 0..2 a 3 lies at 1.5; against two people at 0 the distance is (1.5 + 0) / 2, clipped (1 + 0) / 2.
    people = np.array([0, 0])
    for rule, expected in (("keep", 0.75), ("clip", 0.5), ("drop", 0.0)):
        model, outside = whole(scores, THREE, rule)
        assert outside == 1
        assert of_answers(model, people, THREE) == pytest.approx(expected)


def test_scores_are_cut_towards_zero_and_what_is_no_number_is_missing():
    model, outside = whole([2.9, -0.5, float("nan"), float("inf"), 1e300], THREE)
    assert model.tolist() == [2, 0, MISSING, MISSING, MISSING] and outside == 0


@given(
    model=st.lists(st.integers(-5, 14), min_size=1, max_size=40),
    human=st.lists(st.integers(1, 10), min_size=1, max_size=40),
)
def test_the_distance_is_that_of_scipy_on_the_raw_samples(model, human):
    scale = Scale(1, 10, "")
    expected = wasserstein_distance((np.array(human) - 1) / 9, (np.array(model) - 1) / 9)
    assert of_answers(np.array(model), np.array(human), scale) == pytest.approx(expected, abs=1e-12)


def test_a_score_like_a_year_needs_no_wide_grid():
    model = np.array([2019, 1])
    assert len(Grid.of(FOUR, model).values) == 5
    assert of_answers(model, np.array([1, 1]), FOUR) == pytest.approx((2018 / 3) / 2)


def test_nobody_has_no_distance():
    assert np.isnan(of_answers(np.array([MISSING]), np.array([1]), FOUR))
    assert np.isnan(distance([0, 0], [1, 0], [0, 1]))


def test_everybody_alike_is_half_way_from_one_end():
    # Four answers alike against people at the first: (0 + 1/3 + 2/3 + 1) / 4.
    assert uniform([5, 0, 0, 0], FOUR) == pytest.approx(0.5)


@pytest.mark.parametrize(("tie", "expected"), [("first", 0.5), ("lowest", 0.5), ("all_mean", 0.5)])
def test_two_answers_alike_are_equally_far_from_the_middle(tie, expected):
    assert majority(np.array([4, 1, 1, 4]), FOUR, tie) == pytest.approx(expected)


def test_ties_of_the_majority_go_by_rows_by_scale_or_by_mean():
    # Twos and threes tie beside one 4: from 2, (0+0+1/3+1/3+2/3)/5 = 4/15; from 3, (1/3+1/3+0+0+1/3)/5 = 3/15.
    people = np.array([3, 2, 2, 3, 4])
    assert majority(people, FOUR, "first") == pytest.approx(3 / 15)
    assert majority(people, FOUR, "lowest") == pytest.approx(4 / 15)
    assert majority(people, FOUR, "all_mean") == pytest.approx(3.5 / 15)
    assert np.isnan(majority(np.array([MISSING]), FOUR))


def test_people_differ_from_their_other_half_by_chance_alone():
    rng = np.random.default_rng(1)
    small, large = (split_half([n, n, n, n], FOUR, rng, 200).mean() for n in (10, 1000))
    assert 0 < large < small < 0.2
    assert split_half([8, 0, 0, 0], FOUR, rng, 5).tolist() == [0] * 5


def test_a_sample_of_one_voice_is_as_far_as_that_voice():
    drawn = same_size_sample([0, 0, 0, 9], [4, 0, 0, 0], FOUR, np.random.default_rng(1), 3)
    assert drawn.tolist() == [1.0, 1.0, 1.0]


def test_a_threshold_is_met_exactly_whatever_the_last_bit_says():
    assert met([0.1 + 0.05, 0.15000000000000002, 0.1500001], [0.15]).tolist() == [2]
    assert shares([0.0, 0.2, float("nan"), 0.4]).tolist() == [0.25] * 4 + [0.5] * 4 + [0.75]
    assert PUBLISHED == (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)


def resampled(model, human, seed, paired=True, draws=100):
    """Distances of one question in resamples of people who have a row each."""
    rows = np.arange(len(model))
    resamples = Resamples(rows, np.random.default_rng(seed), paired=paired, draws=draws)
    return resamples.distances(model, human, FOUR, rows)[:, 0]


def test_resampled_rows_surround_the_distance_and_one_voice_does_not_vary():
    model, human = np.array([1, 2, 3, 4] * 20), np.array([1, 1, 2, 3] * 20)
    for paired in (True, False):
        draws = resampled(model, human, 3, paired=paired, draws=400)
        low, high = np.quantile(draws, [0.025, 0.975])
        assert low < of_answers(model, human, FOUR) < high
    alone = resampled(np.array([4] * 5), np.array([1] * 5), 3, draws=20)
    assert alone == pytest.approx(np.ones(20))


def test_pairs_vary_less_than_sides_when_the_model_follows_its_people():
    human = np.array([1, 4] * 50)
    together = resampled(human, human, 5)
    apart = resampled(human, human, 5, paired=False)
    assert together.max() == pytest.approx(0, abs=1e-12) and apart.mean() > 0.02


@given(st.data())
def test_subgroups_are_the_distances_of_their_rows(data):
    n = data.draw(st.integers(1, 30))
    rows = st.lists(st.sampled_from([0, 1, 2, 3, MISSING]), min_size=n, max_size=n)
    model, human = np.array(data.draw(rows)), np.array(data.draw(rows))
    names = data.draw(st.lists(st.sampled_from(["a", "b", None]), min_size=n, max_size=n))
    grouping = Grouping.of("g", names)
    both = Subgroups((grouping, crossed([grouping, grouping]))).of(model, human, THREE, np.arange(n))
    for place, level in enumerate(grouping.levels):
        chosen = np.array([name == level for name in names])
        expected = of_answers(model[chosen], human[chosen], THREE)
        assert both["g"].distances[place] == pytest.approx(expected, abs=1e-12, nan_ok=True)
        assert both["g"].model[place] == (model[chosen] != MISSING).sum()
        assert both["g"].human[place] == (human[chosen] != MISSING).sum()
    assert both["g x g"].distances == pytest.approx(both["g"].distances, nan_ok=True)
