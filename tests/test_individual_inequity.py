"""Sigma-inequity: by hand, what does not count, and what chance makes of it."""

import numpy as np
import pytest

from analysis.individual.dimensions import Grouping
from analysis.individual.inequity import Dimension, inequity, sigma
from demoscope.errors import DocumentError


def found(accuracies, *dimensions, **how):
    how = {"draws": 0, **how}
    return inequity(np.array(accuracies, float), dimensions, np.random.default_rng(1), **how)


def test_sigma_by_hand():
    # women 60 and 70, mean 65; men 40, 50 and 60, mean 50; others 80.
    people = [[60], [70], [40], [50], [60], [80]]
    sex = Dimension.of("sex", ["f", "f", "m", "m", "m", "x"])
    one = found(people, sex).dimensions[0]
    assert one.means == (65.0, 50.0, 80.0)
    assert one.sigma == pytest.approx(15.0)  # mean 65: sqrt((0 + 225 + 225) / 2)
    assert found(people, sex, ddof=0).dimensions[0].sigma == pytest.approx(np.sqrt(150))
    # within: 2 women vary by 50, 3 men by 100; squared errors 50/2 = 25 and 100/3; the one other takes the
    # pooled variance (50 + 200) / (1 + 2) = 83.3. Their mean is 47.2, so 225 - 47.2 is left.
    assert one.noise == pytest.approx(np.sqrt((25 + 100 / 3 + 250 / 3) / 3))
    assert one.corrected == pytest.approx(np.sqrt(225 - (25 + 100 / 3 + 250 / 3) / 3))


def test_noise_is_taken_off_the_score_in_squares_so_that_dimensions_below_it_count():
    people = [[60], [50], [50], [40]]
    strong, weak = Dimension.of("strong", ["a", "a", "b", "b"]), Dimension.of("weak", ["a", "b", "a", "b"])
    result = found(people, strong, weak)
    # strong: means 55 and 45, squared sigma 50; each group varies by 50, squared errors 25 and 25, so 25 is left.
    # weak: means 55 and 45 too, from 60 and 50, 50 and 40: the same 50 and 25.
    assert [one.corrected for one in result.dimensions] == pytest.approx([5.0, 5.0])
    none = Dimension.of("none", ["a", "b", "b", "a"])  # means 50 and 50: 0 less 200 / 2 and 0, halved: -50
    assert found(people, strong, none).dimensions[1].corrected == 0.0
    assert found(people, strong, none).corrected == 0.0  # 25 - 50 is below 0, though the mean of 5 and 0 is not


def test_groups_are_means_of_setups_and_the_score_is_the_mean_over_dimensions():
    nan = float("nan")
    people = [[80, 60], [50, nan], [40, 20]]
    first = Dimension.of("first", ["a", "a", "b"])
    second = Dimension.of("second", ["c", "d", "d"])
    result = found(people, first, second)
    assert result.dimensions[0].means == pytest.approx(((80 + 60 + 50) / 3, 30))
    assert result.dimensions[1].means == pytest.approx((70, (50 + 40 + 20) / 3))
    assert result.score == pytest.approx((sigma(np.array([190 / 3, 30])) + sigma(np.array([70, 110 / 3]))) / 2)


def test_a_group_that_only_appears_in_a_later_setup_keeps_all_its_data():
    nan = float("nan")
    one = found([[nan, 90], [nan, 70], [50, 50]], Dimension.of("sex", ["f", "f", "m"])).dimensions[0]
    assert dict(zip(one.groups, one.means, strict=True)) == {"f": 80.0, "m": 50.0}


def test_small_groups_unknown_levels_and_people_who_do_not_count_are_left_out():
    nan = float("nan")
    levels = Dimension.of("land", ["a", "a", "b", "b", "c", None, "c"])
    people = [[60], [60], [40], [40], [90], [0], [nan]]
    one = found(people, levels, min_group=2).dimensions[0]
    assert (one.groups, one.people) == (("a", "b"), (2, 2))  # of the two in c one has no accuracy
    assert found(people, levels).dimensions[0].groups == ("a", "b", "c")


def test_a_dimension_of_one_group_is_skipped_and_named():
    result = found([[60], [40]], Dimension.of("land", ["a", "a"]), Dimension.of("sex", ["f", "m"]))
    assert [one.dimension for one in result.dimensions] == ["sex"]
    assert result.skipped == {"land": "one group of 1 or more people"}
    assert np.isnan(found([[60], [40]], Dimension.of("land", ["a", "a"])).score)


def test_without_differences_sigma_is_what_permutations_make_and_the_corrected_one_is_near_nothing():
    rng = np.random.default_rng(2)
    people = 60 + rng.normal(0, 10, (240, 1)) + rng.normal(0, 4, (240, 3))
    levels = Dimension.of("land", [f"land {n % 12}" for n in range(240)])
    one = found(people, levels, draws=400).dimensions[0]
    # 20 people a group, who vary by 10^2 + 4^2 / 3: about sqrt(105 / 20) = 2.3 by chance
    assert one.noise == pytest.approx(2.3, rel=0.1)
    assert one.null == pytest.approx(one.noise, rel=0.1)
    assert one.p > 0.05 and one.corrected < one.sigma


def test_real_differences_are_found_and_their_size_lies_in_the_interval():
    rng = np.random.default_rng(3)
    means = np.array([-6.0, -2, 2, 6])
    group = np.arange(400) % 4
    people = 60 + means[group][:, None] + rng.normal(0, 12, (400, 3))
    one = found(people, Dimension("land", ("a", "b", "c", "d"), group), draws=400).dimensions[0]
    low, high = one.corrected_interval
    assert low < means.std(ddof=1) < high  # sqrt(80 / 3) = 5.2
    assert one.p < 0.01


def test_permutations_keep_people_whole_and_are_the_same_for_all_dimensions():
    rng = np.random.default_rng(4)
    people = rng.normal(60, 10, (100, 2))
    levels = Dimension.of("one", [f"{n % 5}" for n in range(100)])
    twin = Dimension("two", levels.levels, levels.position)
    result = found(people, levels, twin, draws=200)
    first, second = result.dimensions
    assert (first.null, first.p) == (second.null, second.p)
    assert result.p == first.p  # two dimensions that are one have the score of one
    assert first.p_holm == pytest.approx(min(1.0, 2 * first.p))


def test_attributes_become_dimensions_by_levels_and_bands():
    people = {
        "a": {"sex": "f", "age": 30, "income": 1000.5, "land": "x"},
        "b": {"sex": "m", "age": 61, "income": 2000.5, "land": "x"},
        **{str(n): {"income": n + 0.1, "age": n, "land": "x"} for n in range(20)},
    }
    bands = {"age": {"old": (40.0, 99.0), "young": (18.0, 39.0)}}
    grouping = Grouping(people, bands)
    assert grouping.names == ("age", "sex")  # everybody is of one land
    assert grouping.notes == ("People are not grouped by 'income': a number without bands.",)
    age, sex = grouping.of(("a", "b", "5"))
    assert (age.levels, age.position.tolist()) == (("old", "young"), [1, 0, -1])
    assert sex.position.tolist() == [0, 1, -1]
    with pytest.raises(DocumentError, match="'income' is a number of many values"):
        Grouping(people, bands, ["income"])
    with pytest.raises(
        DocumentError, match=r"Nobody has 'colour'; people can be grouped by age, income, land, sex\."
    ):
        Grouping(people, bands, ["colour"])
