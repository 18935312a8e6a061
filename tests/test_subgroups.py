"""Subgroups are compared with their own people, question by question, and the small ones claim nothing."""

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from analysis.findings import Statuses
from tests.results import REFERENCE, MadeUp, page, screen, split_public, summary_of


@pytest.fixture
def made(tmp_path: Path) -> MadeUp:
    return split_public(tmp_path / "made_up.sqlite")


def test_small_groups_claim_no_number_and_untold_groupings_are_marked(made):
    sex, age = summary_of(made).cells[0].groupings
    assert (sex.name, sex.told, age.name, age.told) == ("sex", True, "age_group", False)
    women, men = sex.levels
    assert (women.level, women.n, women.too_few) == ("female", 12, False)
    assert (men.level, men.n, men.too_few, men.questions, men.averages) == ("male", 5, True, (), None)
    shown = screen(summary_of(made))
    assert "not told to the model" in shown
    assert "too few" in shown


def test_a_subgroup_is_compared_with_its_own_people_question_by_question(made):
    made.question(2, ["tea", "coffee"], ordinal=False)
    made.answers([(who, 2, "answered", [1 if who <= 6 else 2]) for who in range(1, 12)])  # women; the twelfth refuses
    made.answers([(12, 2, "refused", []), (13, 2, "answered", [1])])
    made.humans(2, {1: 30, 2: 10, None: 4}, sex="female", age_group="18-39")
    made.humans(2, {1: 0, 2: 99}, sex="male", age_group="18-39")
    women = summary_of(made).cells[0].groupings[0].levels[0]
    first, second = women.questions
    assert (first.id, first.n_simulated, first.n_human, first.n_human_left_out) == ("q1", 12, 200, 14)
    assert [share.simulated for share in first.shares] == [0, 0, 1]  # all of them said yes
    assert [share.human for share in first.shares] == [0.5, 0, 0.5]
    assert first.w1 is not None and first.kl is not None and first.js is not None
    assert first.w1.simulated == pytest.approx(1 / 2)
    assert first.kl.simulated == pytest.approx(math.log(1 / 0.5))
    assert (first.w1.low, first.w1.high) == pytest.approx((1 / 2, 1 / 2))  # nobody to resample said otherwise
    assert first.w1.halves is not None  # of two hundred women: 100 against 100
    assert 0 < first.w1.halves.median < first.w1.sample.median  # twelve vary more
    assert second.w1 is None  # tea and coffee have no order
    assert second.statuses == Statuses(answered=11, refused=1)
    assert [share.simulated for share in second.shares] == pytest.approx([6 / 11, 5 / 11])
    assert [share.human for share in second.shares] == [0.75, 0.25]
    assert second.kl is not None
    kl = 6 / 11 * math.log(6 / 11 / 0.75) + 5 / 11 * math.log(5 / 11 / 0.25)
    assert second.kl.simulated == pytest.approx(kl)
    means = women.averages
    assert means is not None and means.kl is not None and means.w1 is not None and means.js is not None
    assert (means.questions, means.ordered) == (2, 1)
    assert means.kl.simulated == pytest.approx((math.log(2) + kl) / 2)
    assert means.w1.simulated == pytest.approx(1 / 2)
    assert means.kl.halves is not None and means.w1.halves == first.w1.halves


def test_a_subgroup_that_is_everybody_has_the_shares_and_distances_of_the_whole(tmp_path):
    made = MadeUp(tmp_path / "s.sqlite")
    made.cell()
    made.question(1, ["a", "b", "c"], nonresponse="Don't know")
    made.people([{"sex": "female"}] * 12, weights=[1, 2, 3] * 4)
    made.answers([(who, 1, "answered", [1 + who % 3]) for who in range(1, 12)])
    made.answers([(12, 1, "answered", [99])])
    made.humans(1, {1: 20, 2: 30, 3: 40, None: 5}, sex="female", age_group="18-39")
    cell = summary_of(made).cells[0]
    whole, women = cell.questions[0], cell.groupings[0].levels[0].questions[0]
    drawn = {"w1", "kl", "js"}  # draws differ: a subgroup has its own
    assert women.model_dump(exclude=drawn) == whole.model_dump(exclude=drawn)
    assert women.w1 is not None and whole.w1 is not None
    assert (women.w1.simulated, women.w1.uniform) == (whole.w1.simulated, whole.w1.uniform)


def test_sex_and_age_group_come_before_other_groupings_told_or_not(tmp_path):
    groups = {name: {"attribute": name} for name in ("degree", "race", "age_group", "sex")}
    made = MadeUp(tmp_path / "s.sqlite", reference={**REFERENCE, "groups": groups})
    made.cell(told=["race"])
    found = summary_of(made).cells[0].groupings
    assert [(g.name, g.told) for g in found] == [
        ("sex", False),
        ("age_group", False),
        ("race", True),
        ("degree", False),
    ]


def test_each_large_enough_subgroup_shows_a_line_a_question_and_what_its_bars_mean(made):
    lines = page(summary_of(made), 80)
    women = next(place for place, line in enumerate(lines) if line.startswith("  female  12 simulated"))
    # nobody, nobody, all; of the real women half and half on the same scale
    assert lines[women + 2].split()[:8] == ["q1", "··█", "0/0/100", "▄·▄", "50/0/50", "0.500", "0.693", "0.465"]
    assert not any(line.startswith("  male  5 simulated") for line in lines)
    assert any(line.startswith("█▄▁ in subgroups") for line in lines)


@pytest.mark.parametrize("width", [80, 100])
def test_questions_with_long_names_and_many_options_still_fit(tmp_path, width):
    made = MadeUp(tmp_path / "s.sqlite")
    made.cell()
    made.people([{"sex": "female_with_a_rather_long_label", "age": 30}] * 12)
    for number, options in ((1, 11), (2, 40), (3, 4)):
        made.question(number, [f"option {code}" for code in range(options)])
        made.answers([(who, number, "answered", [who % options + 1]) for who in range(1, 13)])
        humans = dict.fromkeys(range(1, options + 1), 10)
        made.humans(number, humans, sex="female_with_a_rather_long_label", age_group="18-39")
    with closing(sqlite3.connect(made.path)) as db, db:
        db.execute("UPDATE questions SET name = name || '_with_a_name_of_many_letters'")
    shown = "\n".join(page(summary_of(made), width))
    assert max(len(line) for line in shown.splitlines()) <= width
    assert "40 options" in shown
    level = summary_of(made).cells[0].groupings[0].levels[0]
    for question in level.questions:
        assert question.w1 and question.kl and question.js
        for value in (question.w1.simulated, question.kl.simulated, question.w1.sample.low, question.w1.sample.high):
            assert f"{value:.3f}" in shown
