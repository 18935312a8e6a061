"""Preference bias (DEF, family 4): whose answers a model prefers, done by hand."""

import numpy as np
import pytest

from analysis.def_rules import def_rules
from analysis.preference_bias import AGES, SEXES, bias_test, characters, labels, matching, profiles

GOOD = def_rules()


def age_label(*counts: int, **flags: str) -> str:
    return labels(characters([[counts]], def_rules(**flags))[0], AGES)[0]


@pytest.mark.parametrize(
    ("counts", "label"),
    [
        ((5, 3, 2), "29"),
        ((3, 5, 2), "30"),
        ((5, 5, 2), "29-30"),
        ((5, 2, 5), "29-50"),
        ((2, 5, 5), "30-50"),
        ((5, 5, 5), "T"),
        ((5, 2, 2), "29"),
        ((0, 0, 0), "Null"),
    ],
)
def test_an_option_belongs_to_the_age_groups_at_the_top(counts, label):
    assert age_label(*counts) == label


def test_the_published_code_calls_two_equal_low_counts_a_tie_of_all():
    assert age_label(5, 2, 2, ties="anywhere") == "T"
    assert age_label(5, 5, 2, ties="anywhere") == "29-30"
    assert age_label(5, 3, 2, ties="anywhere") == "29"


def test_sexes_tie_on_equal_counts():
    assert labels(characters([[[4, 3], [3, 4], [2, 2]]], GOOD)[0], SEXES) == ["M", "F", "T"]


def test_group_sizes_no_longer_decide_when_shares_are_compared():
    counts = [[[30, 10], [60, 30]]]  # 90 men, 40 women: 1/3 of the men and 1/4 of the women choose the first
    assert labels(characters(counts, GOOD)[0], SEXES) == ["M", "M"]
    by_share = characters(counts, def_rules(group_size="shares of the group"))
    assert labels(by_share[0], SEXES) == ["M", "F"]  # 2/3 of the men, 3/4 of the women


def test_matching_takes_the_first_of_equal_options_and_counts_silence_as_no_match():
    found = matching([[2, 2, 0], [0, 1, 4], [0, 0, 0], [1, 0, 0]], [[3, 1, 0], [0, 5, 1], [1, 0, 0], [0, 0, 0]])
    assert found.model.tolist() == [0, 2, -1, 0]
    assert found.people.tolist() == [0, 1, 0, -1]
    assert found.matches.tolist() == [True, False, False, False]
    names, share = found.share(["EVI", "EVI", "EVI", "PDI"])
    assert names == ("EVI", "PDI")
    assert share[0] == pytest.approx(1 / 3)
    assert np.isnan(share[1])  # people were not asked


def test_a_tie_counts_in_every_tied_group():
    sex = characters([[[4, 1], [2, 2]], [[4, 1], [2, 2]]], GOOD)
    age = characters([[[1, 2, 3], [3, 3, 1]], [[1, 2, 3], [3, 3, 1]]], GOOD)
    # Question 1: a man's option of the oldest; question 2: both sexes, the two younger groups.
    found = profiles([0, 1], sex, age, [True, True])
    assert found.crossed.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert found.sexes == pytest.approx([2 / 3, 1 / 3])
    assert found.ages == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    assert found.questions == 2
    nobody = profiles([0, 1], sex, age, [False, False])
    assert nobody.questions == 0
    assert np.isnan(nobody.sexes).all()


def test_matching_and_mismatching_profiles_add_up_to_all():
    rng = np.random.default_rng(3)
    people = rng.integers(0, 20, (40, 4, 2, 3))
    simulated = rng.integers(0, 20, (40, 4))
    found = matching(simulated, people.sum(axis=(2, 3)))
    sex, age = characters(people.sum(axis=3), GOOD), characters(people.sum(axis=2), GOOD)
    parts = [profiles(found.model, sex, age, among) for among in (found.matches, found.known & ~found.matches)]
    both = profiles(found.model, sex, age, found.known)
    assert (parts[0].crossed + parts[1].crossed == both.crossed).all()
    assert parts[0].questions + parts[1].questions == both.questions == 40


def test_a_model_that_prefers_mens_answers_is_found():
    counts = np.tile([[60, 30], [40, 70]], (50, 1, 1))
    found, _ = bias_test([0] * 50, characters(counts, GOOD), np.random.default_rng(1))
    assert (found.share, found.p) == (1.0, 1 / 1001)
    assert found.expected == pytest.approx(0.5, abs=0.05)


def test_a_larger_group_alone_is_no_bias():
    # 70 % of the people are women and answer like men: nearly every option is a woman's by raw counts.
    rng = np.random.default_rng(2)
    counts = np.stack([rng.multinomial(n, [0.5, 0.3, 0.2], size=60) for n in (300, 700)], axis=-1)
    _, found = bias_test(rng.integers(0, 3, 60), characters(counts, GOOD), rng)
    assert found.share > 0.95
    assert found.expected > 0.95
    assert found.p > 0.05


def test_groups_that_do_differ_make_no_bias_of_a_model_that_prefers_at_random():
    # The test keeps its level: 5 % of 400 such models are called biased.
    p = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        counts = np.stack([rng.multinomial(n, rng.dirichlet([2, 2, 2]), size=25) for n in (90, 100, 110)], axis=-1)
        p.append(bias_test(rng.integers(0, 3, 25), characters(counts, GOOD), rng, draws=200)[0].p)
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert np.mean(np.array(p) <= 0.5) == pytest.approx(
        0.5, abs=0.15
    )  # shares of few questions are few different ones


def test_mismatches_are_tested_among_the_options_that_most_people_do_not_prefer():
    # Most people prefer the women's first option; the model takes one of the two others, always the men's.
    belongs = np.tile([[False, True], [True, False], [False, True]], (20, 1, 1))
    others = np.tile([False, True, True], (20, 1))
    found, _ = bias_test([1] * 20, belongs, np.random.default_rng(3), available=others)
    assert found.expected == pytest.approx(0.5, abs=0.05)
    assert found.p < 0.01


def test_there_is_nothing_to_test_where_nobody_chose_what_the_model_prefers():
    with pytest.raises(ValueError, match="no option that real people chose"):
        bias_test([0], [[[False, False], [True, True]]], np.random.default_rng(1))
