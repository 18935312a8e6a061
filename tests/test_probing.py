"""Robustness of probed answers: mismatch, distances, averages as published, agreement, verdicts."""

import doctest
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from analysis.agreement import cohen_kappa
from analysis.choices import NOTHING
from analysis.probing.across_models import correlation, correlation_p
from analysis.probing.expressiveness import alignment, improvement, moved_mass
from analysis.probing.method_agreement import method_agreement
from analysis.probing.people_file import people_table, read_people
from analysis.probing.robustness import (
    favourites,
    js_distances,
    pairwise,
    prompt_changes,
    question_interval,
    question_mean,
    selection_changes,
)
from analysis.probing.sampling import changed_p, sampling_floor
from analysis.probing.steadiness import TIED, Steadiness, leaders, mode_p, steadiness
from analysis.probing.value_action import pole_scores, pole_weights, value_action
from analysis.probing.verdict import Thresholds, judge, sentences
from demoscope.errors import DocumentError

SHARED = Path(__file__).resolve().parents[2] / "shared"
NAN = float("nan")


def distributions(rng, *shape, options=4):
    return rng.dirichlet(np.ones(options), size=shape)


def test_distances_between_ways_are_those_of_scipy():
    a, b = distributions(np.random.default_rng(1), 2, 50)
    expected = [jensenshannon(p, q) for p, q in zip(a, b, strict=True)]
    assert js_distances(a, b) == pytest.approx(expected, abs=1e-12)
    in_bits = [jensenshannon(p, q, base=2) ** 2 for p, q in zip(a, b, strict=True)]
    assert js_distances(a, b, base=2, squared=True) == pytest.approx(in_bits, abs=1e-12)


def test_questions_of_other_lengths_stand_in_one_table():
    one = [[0.5, 0.5, NAN], [0.2, 0.3, 0.5], [NAN, NAN, NAN]]
    other = [[0.5, 0.5, NAN], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]]
    found = js_distances(one, other)
    assert found[:2] == pytest.approx([0, jensenshannon(one[1], other[1])])
    assert np.isnan(found[2])
    assert favourites(one).tolist() == [0, 2, NOTHING]


def test_prompt_robustness_is_the_mean_of_all_pairs_of_styles_at_the_baseline():
    # Favourites of the one question at the baseline: A, A, B. Pairs AA, AB, AB: 2 of 3 mismatch.
    table = np.array([[[[0.9, 0.1]], [[0, 1]]], [[[0.8, 0.2]], [[0, 1]]], [[[0.3, 0.7]], [[1, 0]]]])
    found = prompt_changes(table, baseline=0)
    assert found.pairs == ((0, 1), (0, 2), (1, 2))
    assert float(question_mean(found.mismatch)) == pytest.approx(2 / 3)
    by_hand = [jensenshannon(p, q) for p, q in (([0.9, 0.1], [0.8, 0.2]), ([0.9, 0.1], [0.3, 0.7]))]
    assert found.js[:2, 0] == pytest.approx(by_hand)


def test_selection_bias_averages_the_styles_before_layouts_are_compared():
    # Style 1 says A in both layouts (0.9), style 2 says B weakly, then strongly: means 0.65 and 0.45 for A.
    table = [[[[0.9, 0.1]], [[0.9, 0.1]]], [[[0.4, 0.6]], [[0.0, 1.0]]]]
    found = selection_changes(table)
    assert found.mismatch.tolist() == [[1.0]]
    assert found.js[0, 0] == pytest.approx(jensenshannon([0.65, 0.35], [0.45, 0.55]))


def test_means_are_taken_over_questions_then_pairs_and_intervals_resample_questions():
    values = [[0.0, 1.0, NAN], [1.0, 1.0, 0.0]]
    assert float(question_mean(values)) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert float(question_mean(values, [[2, 0, 0]])[0]) == pytest.approx((0 + 1) / 2)
    rng, covered = np.random.default_rng(2), 0
    for _ in range(200):
        _, low, high = question_interval(rng.random((3, 60)) < 0.3, rng, draws=200)
        covered += low <= 0.3 <= high
    # Binomial(200, 0.95): 190 expected; four standard deviations are 4 * sqrt(200 * 0.95 * 0.05) = 12.3.
    assert covered > 177
    assert np.isnan(question_interval([[0.5]], rng)[1])


def test_ways_need_company():
    with pytest.raises(ValueError, match="two ways"):
        pairwise([[[0.5, 0.5]]])


def test_published_correlations_give_the_published_p_values():
    path = SHARED / "targets" / "published.json"
    if not path.exists():
        pytest.skip("the published targets are not here")
    for row in json.loads(path.read_text())["probing"]["table2"]:
        # r has three decimals and p three, or four digits: as exactly as these allow.
        low, high = correlation_p(row["corr"] + 0.0005, 13), correlation_p(row["corr"] - 0.0005, 13)
        half = 0.0005 if row["p"] > 0.001 else 0.0005 * 10 ** np.floor(np.log10(row["p"]))
        assert low - half <= row["p"] <= high + half, row


def test_models_that_change_with_the_prompt_may_be_those_that_change_with_the_layout():
    a, b = [0.1, 0.3, 0.2, 0.5, NAN], [0.2, 0.5, 0.3, 0.6, 0.1]
    found = correlation(a, b)
    assert (found.n, found.r) == (4, pytest.approx(np.corrcoef(a[:4], b[:4])[0, 1]))
    assert found.low < found.r < found.high
    assert correlation([1, 2], [1, 2]) is None
    assert correlation([1, 1, 1], [1, 2, 3]) is None
    assert correlation([1, 2, 3, 4], [2, 4, 6, 8]).p == 0


def test_moved_mass_is_that_of_scipy_raw_and_divided_by_the_length_of_the_scale():
    rng = np.random.default_rng(3)
    p, q = distributions(rng, 2, 20, options=5)
    raw = [wasserstein_distance(range(5), range(5), a, b) for a, b in zip(p, q, strict=True)]
    assert moved_mass(p, q, normalised=False) == pytest.approx(raw, abs=1e-12)
    assert alignment(p, q) == pytest.approx(1 - np.array(raw) / 4, abs=1e-12)
    short = moved_mass([[0.2, 0.8, NAN, NAN]], [[30, 10, 0, 0]], normalised=False)
    assert short[0] == pytest.approx(wasserstein_distance([0, 1], [0, 1], [0.2, 0.8], [0.75, 0.25]))
    assert np.isnan(moved_mass([[0.5, 0.5]], [[0, 0]]))[0]


def test_telling_a_person_improves_by_what_it_brings_nearer():
    # People all at the first of three options. Generic: half a step of two from there, 1/4; told: 1/8.
    found = improvement([[0.5, 0.5, 0.0]], [[0.75, 0.25, 0.0]], [[9, 0, 0]])
    assert found[0] == pytest.approx(1 / 4 - 1 / 8)
    assert improvement([[0.5, 0.5, 0.0]], [[0.75, 0.25, 0.0]], [[9, 0, 0]], normalised=False)[0] == pytest.approx(
        1 / 4
    )


def test_human_distributions_are_read_as_published(tmp_path):
    path = tmp_path / "people.json"
    path.write_text(json.dumps({"Germany": {"Q1": {"1": 30, "4": 10, "-1": 7}, "Q94": {"0": 5, "2": 15, "-2": 1}}}))
    people = read_people(path)
    assert people == {"Germany": {"Q1": {0: 30.0, 3: 10.0}, "Q94": {0: 5.0, 2: 15.0}}}
    assert people_table(people["Germany"], ["Q1", "Q94", "Q2"], [4, 3, 2]).tolist() == [
        [30, 0, 0, 10],
        [5, 0, 15, 0],
        [0, 0, 0, 0],
    ]
    with pytest.raises(DocumentError, match="option 4 of 'Q1', which has 3 options"):
        people_table(people["Germany"], ["Q1"], [3])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", "expected an object, got list"),
        ("{}", "names no country"),
        ('{"US": {"Q1": 3}}', "US, Q1: expected an object"),
        ('{"US": {"Q1": {"one": 3}}}', "must be numbers"),
        ('{"US": {"Q1": {"1": -3}}}', "at least 0"),
        ("{", "not a JSON document"),
    ],
)
def test_a_file_of_people_that_is_something_else_is_refused(tmp_path, text, said):
    path = tmp_path / "people.json"
    path.write_text(text)
    with pytest.raises(DocumentError, match=said):
        read_people(path)
    with pytest.raises(DocumentError, match="cannot be read"):
        read_people(tmp_path / "none.json")


def test_agreement_of_methods_is_cohens_kappa_where_questions_are_alike():
    rng = np.random.default_rng(4)
    a = rng.integers(4, size=80)
    b = np.where(rng.random(80) < 0.6, a, rng.integers(4, size=80))
    found = method_agreement(a, b, np.full(80, 4), rng)
    assert found.kappa == pytest.approx(cohen_kappa(a, b))
    assert found.low < found.kappa < found.high
    assert found.agreed == pytest.approx((a == b).mean())


def test_chance_is_worked_out_for_each_number_of_options():
    # Two options: both always prefer the first, so chance agrees always. Three options: as in the doctest of kappa.
    a = [0, 0, 0, 0, 0, 0, 1, 1, NOTHING]
    b = [0, 0, 0, 0, 0, 1, 1, 1, 0]
    found = method_agreement(a, b, [2] * 4 + [3] * 5, np.random.default_rng(1))
    assert (found.agreed, found.by_chance) == (7 / 8, pytest.approx((4 * 1 + 4 * 0.5) / 8))
    assert found.kappa == pytest.approx((7 / 8 - 6 / 8) / (2 / 8))
    assert found.questions == 8
    assert method_agreement([0, 0], [0, 0], [2, 2], np.random.default_rng(1)).kappa is None
    assert method_agreement([NOTHING], [0], [2], np.random.default_rng(1)) is None


def test_sampling_a_few_texts_alone_brings_changes_about():
    # Ten texts of an even question in two ways. Both favour the first option (or tie) with p = P(X >= 5) for
    # X ~ Bin(10, 1/2) = 0.623; they mismatch with 2 p (1 - p) = 0.470.
    even = np.full((1, 2, 200, 2), 0.5)
    floor = sampling_floor(even, np.full((1, 2, 200), 10), np.random.default_rng(5))
    assert floor.mismatch == pytest.approx(0.470, abs=0.01)
    half_unread = sampling_floor(even, np.full((1, 2, 200), 10), np.random.default_rng(5), unread=0.5)
    assert half_unread.mismatch == floor.mismatch  # what is spread equally changes no favourite
    assert half_unread.js < floor.js


def test_changes_beyond_sampling_are_found_as_often_as_they_should_be():
    rng = np.random.default_rng(6)
    truth = distributions(rng, 300)
    same = rng.multinomial(10, np.broadcast_to(truth, (4, 300, 4))) / 10
    p = changed_p(same, np.full((4, 300), 10), rng, draws=200)
    # Under no change at most 5 % fall below 0.05: Binomial(300, 0.05), four deviations above 15 is 30.
    assert (p <= 0.05).sum() <= 30
    other = rng.multinomial(10, distributions(rng, 4, 300)) / 10
    assert (changed_p(other, np.full((4, 300), 10), rng, draws=200) <= 0.05).mean() > 0.8
    assert np.isnan(changed_p([[[NAN, NAN]], [[0.5, 0.5]]], [[0], [10]], rng, draws=5))[0]


def test_a_leading_option_by_chance_is_as_likely_as_counting_says():
    assert mode_p(2, 2, 4) == pytest.approx(1 / 4)
    assert mode_p(1, 5, 4) == pytest.approx(1)
    rng = np.random.default_rng(7)
    modes = [np.bincount(row).max() for row in rng.integers(3, size=(20_000, 6))]
    assert mode_p(4, 6, 3) == pytest.approx(np.mean(np.array(modes) >= 4), abs=0.015)


def test_always_taking_one_place_is_not_taken_for_an_answer():
    turned = np.array([[0, 1, 2], [2, 1, 0], [0, 1, 2], [2, 1, 0]])  # position of each option in four ways
    first = np.array([0, 2, 0, 2])  # always the first line
    found = steadiness(first, [turned], 3)
    assert (found.held, found.at_place, found.by_place) == (2, 4, 4)  # the middle option never moves
    assert judge({"token": [found]}, ["q"]).follows_place == ("q",)
    steady = steadiness([0, 0, 0, 0], [turned], 3)
    assert (steady.held, steady.at_place) == (4, 2)


def test_a_tie_is_an_answer_but_nobodys_favourite():
    assert leaders([[0.5, 0.5, 0.0], [0.2, 0.8, NAN], [NAN] * 3]).tolist() == [TIED, 1, NOTHING]
    found = steadiness([TIED, 1, NOTHING, 1], [np.zeros((4, 2), int)], 2)
    assert (found.held, found.ways) == (2, 3)
    none = steadiness([TIED, TIED], [np.zeros((2, 2), int)], 2)
    assert (none.held, none.favourite, none.p) == (0, NOTHING, 1.0)
    assert steadiness([NOTHING], [], 2) is None


def test_what_sampling_alone_explains_is_not_said_to_depend_on_the_asking():
    # 6 of 12 ways lead to the first option; by texts that differ no more than draws of one distribution do.
    shaky = Steadiness(favourite=0, ways=12, held=6, at_place=6, by_place=3, p=0.1)
    assert judge({"text": [shaky]}, ["q"]).depends == ("q",)
    assert judge({"text": [replace(shaky, alike=True)]}, ["q"]).not_told == ("q",)
    assert judge({"token": [shaky], "text": [replace(shaky, alike=True)]}, ["q"]).depends == ("q",)


def test_a_flat_answer_in_every_way_does_not_depend_on_the_asking():
    flat = steadiness(leaders(np.full((12, 4), 0.25)), [np.tile(np.arange(4), (12, 1))], 4)
    assert (flat.held, flat.ways) == (0, 12)
    assert judge({"token": [flat]}, ["q"]).not_told == ("q",)


def test_every_question_stands_in_one_place_of_the_verdict():
    orders = np.array([np.roll(np.arange(4), n) for n in range(12)])
    same, other, mixed = np.zeros(12, int), np.ones(12, int), np.array([0, 1, 2, 3] * 3)
    line = {name: steadiness(each, [orders], 4) for name, each in (("a", same), ("b", other), ("m", mixed))}
    few = steadiness([0, 0], [orders[:2]], 4)
    found = judge(
        {"token": [line["a"], line["a"], line["a"], few], "text": [line["a"], line["b"], line["m"], few]}, "wxyz"
    )
    assert (found.holds, found.differs, found.depends, found.not_told) == (("w",), ("x",), ("y",), ("z",))
    assert (found.questions, found.steady) == (4, {"token": 3, "text": 2})
    assert judge({"token": [line["a"]]}, "w", Thresholds(false_discoveries=1e-12)).not_told == ("w",)
    said = " ".join(sentences(found))
    for words in ("Of 4 questions, 1 has an answer", "1 hold within", "1 depend on how", "1 cannot be told"):
        assert words in said


def test_poles_are_halves_and_the_middle_goes_where_the_rule_says():
    five = [[0.1, 0.2, 0.3, 0.25, 0.15]]
    assert pole_weights(five, "split")[0] == pytest.approx([0.45, 0.55])
    assert pole_weights(five, "drop")[0] == pytest.approx([0.3, 0.4])
    assert pole_weights(five, "code")[0] == pytest.approx([0.3, 0.7])
    assert np.isnan(pole_weights([[NAN, NAN]])).all()


def test_ratings_are_averaged_over_scenes_and_phrasings():
    found = pole_scores([0, 0, 0, 1], [0, 0, 1, 1], [8, NAN, 3, 5], 2)
    assert found[0].tolist() == [8, 3]
    assert np.isnan(found[1, 0])
    assert found[1, 1] == 5


def test_values_that_act_as_they_say_agree_and_whole_questions_are_resampled():
    rng = np.random.default_rng(8)
    first = rng.random(40)
    weights = np.stack([first, 1 - first], axis=1)
    scores = 1 + 9 * weights + rng.normal(0, 0.5, (40, 2))
    found = value_action(weights, scores, rng, draws=300)
    assert found.pearson.r > 0.95
    assert found.pearson.low < found.pearson.r < found.pearson.high
    assert found.spearman.r > 0.9
    assert found.pearson.naive_p < 1e-30
    unrelated = value_action(weights, rng.random((40, 2)), rng, draws=300)
    assert unrelated.pearson.low < 0 < unrelated.pearson.high
    assert value_action(weights[:2], scores[:2], rng) is None
    assert value_action(np.full((5, 2), 0.5), scores[:5], rng) is None
    assert value_action(0.5 + 1e-12 * weights[:5], scores[:5], rng) is None  # the same but for rounding


def test_clustered_intervals_cover_where_the_naive_test_is_too_sure():
    # No relation: one trait of each question moves both of its ratings the same way, and weights sum to one.
    rng, covered, naive = np.random.default_rng(9), 0, 0
    for _ in range(200):
        first = rng.random(40)
        weights = np.stack([first, 1 - first], axis=1)
        tilt = rng.normal(0, 1, 40)
        found = value_action(weights, 5 + np.stack([tilt, -tilt], axis=1), rng, draws=200).pearson
        covered += found.low <= 0 <= found.high
        naive += found.naive_p < 0.05
    assert covered > 170, covered  # 190 expected of a 95 % interval; a percentile bootstrap of 40 gives a little less
    assert naive > 20, naive  # 10 expected of an honest 5 % test


def test_the_examples_of_the_page_do_what_it_says():
    page = Path(__file__).resolve().parents[1] / "docs" / "probing_evaluation.md"
    assert doctest.testfile(str(page), module_relative=False, encoding="utf-8").failed == 0
