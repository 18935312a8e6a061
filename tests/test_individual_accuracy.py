"""Accuracy of people: what counts, means over people, intervals, both tests of a difference."""

import numpy as np
import pytest
from scipy import stats

from analysis.individual.accuracy import by_category, scores
from analysis.individual.comparisons import crossed, effects, influence
from analysis.individual.effects import difference
from analysis.individual.evaluated import Evaluated
from analysis.individual.evaluation import evaluate
from analysis.individual.findings import Rules
from analysis.individual.intervals import Resamples, normal
from tests.made_up_people import predictions

# Two people, two setups of two targets. Ann has 2 and 1 of 2 right; of Bob one target of setup 2 has no answer.
TWO = [[[1, 1], [1, 2]], [[2, 1], [0, 1]]]


def test_a_person_has_the_share_of_all_targets_over_setups_and_the_mean_is_over_people():
    found = scores(predictions(TWO))
    assert found.by_person.tolist() == [75.0, 50.0]  # 3 of 4; 2 of 4, the unanswered one counted as wrong
    assert found.by_setup.tolist() == [[100.0, 50.0], [50.0, 50.0]]
    assert found.mean == 62.5


@pytest.mark.parametrize(
    ("rule", "right", "counted"),
    [
        ("wrong", [3, 2], [4, 4]),
        ("drop_answer", [3, 2], [4, 3]),
        ("drop_setup", [3, 1], [4, 2]),  # Bob's second setup is left out as a whole
        ("drop_person", [3, 0], [4, 0]),
    ],
)
def test_targets_without_an_answer_are_wrong_or_left_out_with_their_setup_or_person(rule, right, counted):
    found = scores(predictions(TWO), rule)
    assert found.right.sum(axis=1).tolist() == right
    assert found.counted.sum(axis=1).tolist() == counted


def test_a_setup_left_out_is_left_out_of_every_category():
    # Bob's target of "trust" in setup 2 has no answer, so that of "faith" there does not count either.
    found = by_category(predictions(TWO), "drop_setup")
    assert found["faith"].counted.tolist() == [[1, 1], [1, 0]]
    assert found["trust"].by_person.tolist() == [100.0, 0.0]


def test_what_is_left_out_and_why_is_told():
    system = evaluate([predictions(TWO)], rules=Rules(unanswered="drop_setup", draws=0)).systems[0]
    assert (system.targets, system.counted, system.unanswered) == (8, 6, {"invalid": 1})
    assert [setup.people for setup in system.setups] == [2, 1]


def test_when_nobody_counts_there_is_no_accuracy():
    nothing = [[[0, 0]], [[0, 1]]]
    system = evaluate([predictions(nothing)], rules=Rules(unanswered="drop_person", draws=10)).systems[0]
    assert (system.overall.people, system.overall.mean, system.overall.interval) == (0, None, None)


def test_intervals_are_over_people():
    values = np.random.default_rng(1).normal(60, 10, 400)
    low, high = normal(values)
    margin = 1.96 * values.std() / 20  # sqrt(400) = 20
    assert (low, high) == pytest.approx((values.mean() - margin, values.mean() + margin))
    people = tuple(map(str, range(400)))
    drawn = Resamples.draw(people, np.random.default_rng(2), draws=4000).means(people, values)
    assert drawn.std() == pytest.approx(values.std() / 20, rel=0.05)


def test_the_same_people_are_drawn_for_every_model():
    everybody = Resamples.draw(("a", "b", "c"), np.random.default_rng(3), draws=50)
    some = everybody.of(("c", "a"))
    assert (some[:, 1] == everybody.times[:, 0]).all() and (some[:, 0] == everybody.times[:, 2]).all()


def test_both_tests_are_those_of_scipy_and_pairing_sees_what_is_the_same_for_everybody():
    rng = np.random.default_rng(4)
    ids = tuple(map(str, range(50)))
    first = rng.normal(60, 12, 50)
    second = first + 2 + rng.normal(0, 1, 50)
    found = difference((ids, ids), (first, second), None)
    assert found.p_between == pytest.approx(stats.ttest_ind(first, second).pvalue)
    assert found.p_within == pytest.approx(stats.ttest_rel(second, first).pvalue)
    assert found.p_within < 0.001 < 0.2 < found.p_between


def test_people_of_one_condition_alone_enter_the_test_between_but_not_the_pairs():
    found = difference((("a", "b", "c"), ("b", "c", "d")), (np.array([1.0, 2, 3]), np.array([4.0, 4, 9])), None)
    assert (found.people, found.difference) == (2, 1.5)  # b: 4 - 2, c: 4 - 3


def test_equal_conditions_do_not_differ():
    same = np.array([50.0, 60.0])
    found = difference((("a", "b"), ("a", "b")), (same, same), None)
    assert (found.difference, found.p_within, found.p_between) == (0.0, 1.0, 1.0)
    constant = difference((("a", "b"), ("a", "b")), (same, same + 5), None)
    assert np.isnan(constant.p_within)  # everybody gains the same: no spread to test it by


def systems(*conditions):
    rng = np.random.default_rng(5)
    return [
        Evaluated(predictions(rng.integers(1, 3, (10, 2, 4)).tolist(), **condition), Rules(), False)
        for condition in conditions
    ]


def test_numbers_of_demonstrations_and_demographics_are_compared_within_a_model():
    series = systems(
        {"demonstrations": (0, 0), "demographics": True},
        {"demonstrations": (0, 0)},
        {"demonstrations": (50, 50)},
        {"demonstrations": (200, 200)},
        {"demonstrations": (200, 200), "demographics": True},
        {"demonstrations": (50, 50), "model": "other"},
    )
    found = [
        (one.family, one.first.split(": polar, ")[1], one.second.split(": polar, ")[1])
        for one in effects(series, None)
    ]
    none, fifty, many = "no demonstrations", "50 demonstrations", "200 demonstrations"
    assert found == [
        ("demonstrations", none, fifty),
        ("demonstrations", fifty, many),
        ("demonstrations", f"{none}, demographics", f"{many}, demographics"),
        ("demographics", none, f"{none}, demographics"),
        ("demographics", many, f"{many}, demographics"),
        ("statements or demographics", f"{none}, demographics", fifty),
        ("statements or demographics", f"{none}, demographics", many),
        ("model", fifty, fifty),
    ]


def test_models_are_compared_where_they_were_told_the_same():
    made = [predictions([[[1, 2]]] * 3, model="base"), predictions([[[1, 1]], [[1, 1]], [[1, 2]]], model="taught")]
    apart = predictions([[[1, 1]]] * 3, model="taught", demonstrations=(0, 0))
    (one,) = [
        one
        for one in effects([Evaluated(each, Rules(), False) for each in (*made, apart)], None)
        if one.family == "model"
    ]
    # 50, 50, 50 against 100, 100, 50.
    assert (one.first, one.second) == ("base: polar, 50 demonstrations", "taught: polar, 50 demonstrations")
    assert one.difference == pytest.approx(100 / 3)
    assert one.p_within == pytest.approx(stats.ttest_1samp([50, 50, 0], 0).pvalue)


def test_p_values_are_adjusted_within_their_family():
    series = systems(*({"demonstrations": (n, n)} for n in (0, 50, 100, 200)))
    found = effects(series, None)
    raw, adjusted = [one.p_within for one in found], [one.p_within_holm for one in found]
    assert len(found) == 3 and min(adjusted) == pytest.approx(min(1.0, 3 * min(raw)))


def test_categories_known_by_become_columns_and_categories_predicted_rows():
    # Known by trust, both trust targets are right and no faith target; known by faith the other way round.
    by_trust = predictions([[[1, 2, 1, 2]]] * 3, categories=("trust",))
    by_faith = predictions([[[2, 1, 2, 1]]] * 3, categories=("faith",))
    (found,) = influence([Evaluated(one, Rules(), False) for one in (by_trust, by_faith)])
    assert (found.targets, found.demonstrations) == (("trust", "faith"), ("trust", "faith"))
    assert found.accuracy == ((100.0, 0.0), (0.0, 100.0))


def test_forms_are_crossed_and_only_own_forms_make_the_mean_of_both():
    right, half = [[[1, 1]]] * 2, [[[1, 2]]] * 2
    forms = {("polar", "polar"): right, ("refined", "polar"): half, ("refined", "refined"): half}
    made = [predictions(given, demonstration_form=d, target_form=t) for (d, t), given in forms.items()]
    (table,) = crossed([Evaluated(one, Rules(), False) for one in made], None)
    assert {d: {t: cell.mean for t, cell in row.items()} for d, row in table.accuracy.items()} == {
        "polar": {"polar": 100.0},
        "refined": {"polar": 50.0, "refined": 50.0},
    }
    (both,) = evaluate(made, rules=Rules(draws=0)).both
    assert (both.polar, both.refined, both.all.mean) == (100.0, 50.0, 75.0)
