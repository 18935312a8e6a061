"""One cell evaluated from its store: bias, voices, habits, configurations, insensitivity."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.compare import compare_stores
from analysis.compared import Comparison
from analysis.def_rules import def_rules
from analysis.evaluate import evaluate
from analysis.evaluated import CellEvaluation
from analysis.reading import open_results
from tests.results import MadeUp
from tests.test_compare import page, replied

GOOD = def_rules()


@pytest.fixture
def made(tmp_path: Path) -> MadeUp:
    """Twenty women who always say 1 and twenty men who always say 3; real women and men say all alike."""
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell(1)
    made.people([{"sex": "female", "age": 30}] * 20 + [{"sex": "male", "age": 60}] * 20)
    made.insert("judgements", [(1, 1, "text", 0, "glm", "IU", "No.", ""), (2, 1, "text", 0, "glm", "IU", "Yes.", "")])
    for number in (1, 2):
        made.question(number, ["No", "Perhaps", "Yes"])
        made.answers([(who, number, "answered", [1 if who <= 20 else 3]) for who in range(1, 41)])
        for sex, more in (("female", 10), ("male", 0)):
            for age_group in ("18-39", "40 and over"):
                made.humans(number, {1: 40 + more, 2: 40, 3: 50 - more}, sex=sex, age_group=age_group)
    replied(made, 1, 1, 1, "Answer: 1: No\nExplanation: I see it so.", 1)
    replied(made, 1, 2, 1, "1", 1)
    return made


def found_in(made: MadeUp) -> CellEvaluation:
    with open_results(made.path) as results:
        return evaluate(results, results.cells[0], GOOD)


def test_two_voices_look_divided_until_groups_are_told_apart(made):
    voices = {voice.grouping: voice for voice in found_in(made).voices}
    assert voices[None].variance is not None
    assert voices[None].variance > 1  # as a whole more divided than people
    assert voices["sex"].variance == 0  # one voice among women, one among men
    assert voices["sex"].entropy == 0


def test_a_grouping_whose_levels_nobody_told_has_no_bias(made):
    made.change("UPDATE reference_counts SET groups = json_set(groups, '$.sex', '')")
    assert [bias.grouping for bias in found_in(made).biases] == ["age_group"]


def test_habits_stand_beside_those_of_people(made):
    habits = found_in(made).habits
    assert (habits.straight_lining, habits.midpoint, habits.extreme) == (1, 0, 1)
    assert habits.midpoint_people == pytest.approx(160 / 520)
    assert habits.extreme_people == pytest.approx(360 / 520)


def test_agreeing_by_habit_is_measured_on_statements_alone(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell(1)
    made.people([{}] * 4)
    made.question(1, ["Strongly disagree", "Disagree", "Agree", "Strongly agree"])
    made.question(2, ["Agree", "Disagree"])
    made.question(3, ["Never", "Often"])
    # Of eight answers to statements six agree: (6 - 2) / 8 = 1/2.
    made.answers([(who, 1, "answered", [4 if who < 4 else 1]) for who in range(1, 5)])
    made.answers([(who, 2, "answered", [1 if who > 1 else 2]) for who in range(1, 5)])
    made.answers([(who, 3, "answered", [1]) for who in range(1, 5)])
    made.humans(1, {1: 30, 2: 20, 3: 20, 4: 30}, sex="female", age_group="18-39")
    made.humans(2, {1: 75, 2: 25}, sex="female", age_group="18-39")
    habits = found_in(made).habits
    assert habits.acquiescence == pytest.approx(1 / 2)
    assert habits.acquiescence_people == pytest.approx((0 + 0.5) / 2)
    assert "agreeing minus disagreeing +0.50 (people +0.25)" in page(
        compare_stores([made.path], GOOD, draws=20, details=True)
    )


def test_the_preferred_option_is_matched_and_has_its_groups(made):
    found = found_in(made)
    # Both sides tie between the first and the third option, 20 and 20, 180 and 180; the first of them counts.
    assert found.matches == 1
    sex = next(bias for bias in found.biases if bias.grouping == "sex")
    assert [(level.level, level.matching, level.mismatching) for level in sex.levels] == [
        ("female", 1.0, None),
        ("male", 0.0, None),
    ]
    assert sex.levels[0].overall == 1
    assert sex.levels[0].expected == pytest.approx(0.5, abs=0.05)  # women's, tied, men's options
    assert sex.levels[0].p is not None


def test_factors_are_ordered_from_best_to_worst(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell(1)
    made.question(1, ["No", "Yes"])
    rng = np.random.default_rng(1)
    for who in range(1, 61):
        made.insert("personas", [(who, "{}", "US", "Ohio" if who % 2 else "Utah", None, 1.0, None)])
        decoding = json.dumps({"num_beams": 1 + who % 2, "temperature": 1.0, "do_sample": True})
        made.insert("respondents", [(who, 1, who, "", decoding, 3)])
        made.answers([(who, 1, "answered", [1 if rng.random() < (0.9 if who % 2 else 0.3) else 2])])
    made.humans(1, {1: 80, 2: 20}, sex="female", age_group="18-39")
    factors = {factor.name: [level.level for level in factor.levels] for factor in found_in(made).factors}
    assert factors == {"num_beams": ["2", "1"], "place": ["Ohio", "Utah"]}  # what does not differ is no factor


def test_rules_and_judges_stand_side_by_side(made):
    found = {(each.judge, each.dimension): each for each in found_in(made).insensitivity}
    assert (found["rules", "IU"].judged, found["rules", "IU"].failures) == (2, 1)  # "1" has no markers
    assert (found["glm", "IU"].judged, found["glm", "IU"].share) == (2, 0.5)
    assert found["glm", "FF"].share is None


def test_a_store_without_people_is_evaluated_as_far_as_it_goes(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite", reference=None)
    made.cell(1)
    made.question(1, ["No", "Perhaps", "Yes"])
    made.people([{}] * 2)
    made.answers([(1, 1, "answered", [2])])
    found = found_in(made)
    assert (found.matches, found.biases, found.voices, found.factors) == (None, (), (), ())
    assert found.habits.midpoint == 1


def test_details_are_shown_below_the_comparison_and_survive_json(made):
    found = compare_stores([made.path], GOOD, draws=50, details=True)
    assert Comparison.model_validate_json(found.model_dump_json()) == found
    shown = page(found)
    assert "…" not in shown
    for words in ("answers of which sex", "straight-lining 100.0%", "glm: IU fails in 1 of 2", "everybody"):
        assert words in shown
