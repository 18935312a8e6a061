"""Numbers, rankings and allocations in the summary: what they come to, and what a long list leaves out."""

from pathlib import Path

import pytest

from analysis.reading import open_results
from analysis.summary import summarise
from tests.results import MadeUp, page, summary_of
from tests.test_run import run


@pytest.fixture
def asked(tmp_path: Path) -> MadeUp:
    """Four people; question 1 is a number, 2 a ranking, 3 an allocation, 4 a choice among 1,000."""
    made = MadeUp(tmp_path / "s.sqlite", reference=None)
    made.cell()
    made.people([{"sex": "female", "age": 30}] * 4)
    made.question(1, [], kind="number")
    made.question(2, ["jobs", "health", "peace"], kind="ranking", nonresponse="Don't know")
    made.question(3, ["roads", "schools"], kind="allocation")
    made.question(4, [f"town {n}" for n in range(1, 1001)])
    key = ("text", 0)
    ending = ("", "[]")
    for who, number in enumerate([1, 2, 3, 10], start=1):
        made.insert("answers", [(who, 1, *key, "answered", number, None, None, *ending)])
    for who, codes in enumerate([(1, 2, 3), (1, 3, 2), (2, 1, 3), (99,)], start=1):
        made.insert("answers", [(who, 2, *key, "answered", None, None, None, *ending)])
        made.insert("answer_options", [(who, 2, *key, code, None, rank) for rank, code in enumerate(codes, start=1)])
    for who, points in enumerate([(100,), (40, 60), (70, 30)], start=1):
        made.insert("answers", [(who, 3, *key, "answered", None, None, None, *ending)])
        rows = [(who, 3, *key, code, amount, None) for code, amount in enumerate(points, start=1)]
        made.insert("answer_options", rows)
    made.answers([(who, 4, "answered", [code]) for who, code in enumerate([7, 7, 500, 1000], start=1)])
    return made


def question(made: MadeUp, name: str):
    (cell,) = summary_of(made).cells
    return next(found for found in cell.questions if found.id == name)


def test_numbers_get_their_mean_with_an_interval_their_median_and_range(asked):
    found = question(asked, "q1").number
    assert (found.mean.mean, found.median, found.least, found.most) == ((1 + 2 + 3 + 10) / 4, (2 + 3) / 2, 1, 10)
    assert 1 <= found.mean.low < 4 < found.mean.high <= 10


def test_rankings_get_mean_ranks_and_shares_of_first_places_of_those_who_ranked(asked):
    jobs, health, peace = question(asked, "q2").shares
    assert [option.rank.mean for option in (jobs, health, peace)] == pytest.approx([4 / 3, 6 / 3, 8 / 3])
    assert [option.first for option in (jobs, health, peace)] == pytest.approx([2 / 3, 1 / 3, 0])


def test_allocations_get_mean_points_in_which_an_option_that_is_not_named_gets_none(asked):
    roads, schools = question(asked, "q3").shares
    assert (roads.points.mean, schools.points.mean) == pytest.approx(((100 + 40 + 70) / 3, (0 + 60 + 30) / 3))


def test_weights_count_in_means_and_medians(tmp_path):
    made = MadeUp(tmp_path / "w.sqlite", reference=None)
    made.cell()
    made.people([{"sex": "female", "age": 30}] * 2, weights=[3, 1])
    made.question(1, [], kind="number")
    made.insert("answers", [(who, 1, "text", 0, "answered", who, None, None, "", "[]") for who in (1, 2)])
    found = question(made, "q1").number
    assert (found.mean.mean, found.median) == ((3 * 1 + 1 * 2) / 4, 1)


def test_the_screen_shows_them_and_says_what_it_leaves_out_of_a_long_list(asked):
    shown = "\n".join(page(summary_of(asked), 100))
    assert "mean 4 (" in shown and "median 2.5  from 1 to 10" in shown
    assert "first  67%, mean rank 1.333 (" in shown
    assert "70 (" in shown and "points" in shown
    assert "town 7 " in shown and "town 500 " in shown and "town 999" not in shown
    assert "… 980 more options, 0.0% of the simulated choices; all are in --json." in shown
    assert len(question(asked, "q4").shares) == 1000
    assert shown.count("there is no human reference") == 3
    assert "a allocation" not in shown


@pytest.mark.parametrize("width", [20, 80])
def test_no_line_of_theirs_is_wider_than_the_terminal(asked, width):
    assert max(map(len, page(summary_of(asked), width))) <= width


def test_a_title_names_the_answers_that_it_inserts(asked):
    (cell,) = (summary := summary_of(asked)).cells
    piped = cell.questions[0].model_copy(update={"text": "You gave {{ money | nothing }}. Why?"})
    cell = cell.model_copy(update={"questions": (piped,)})
    assert "You gave [money]. Why?" in "\n".join(page(summary.model_copy(update={"cells": (cell,)}), 100))


SCALED = """\
id: s
title: S
questions:
- {id: warm, kind: scale, text: How warm?, minimum: 1, maximum: 5}
- {id: cold, kind: scale, text: How cold?, minimum: 1, maximum: 4}
"""


def test_answers_on_other_points_than_a_scale_has_are_scores_and_no_shares(wave_file, tmp_path):
    changed = "settings: {answer_format: constrained}\n    perturbations: [{kind: scale_points, parity: even}]"
    path = wave_file(
        ("settings: {portrait: [sex, age]}", changed), ("respondents: 6", "respondents: 40"), survey=SCALED
    )
    run(path, tmp_path / "a.sqlite")
    with open_results(tmp_path / "a.sqlite") as results:
        summary = summarise(results, draws=50)
        (mean,) = results.rows(
            "SELECT avg(value) FROM answers JOIN questions q ON q.id = question_id WHERE q.name = 'warm'"
        )[0]
    warm, cold = summary.cells[0].questions
    # Four points stand for 1, 2 1/3, 3 2/3 and 5 on the scale of five; nobody chose one of its own points.
    assert {share.simulated for share in warm.shares} == {None}
    assert warm.number is not None and warm.number.mean.mean == pytest.approx(mean)
    assert (warm.number.least, warm.number.most) == (1, 5) and warm.n_simulated == 40
    assert "another number of points" in (warm.not_compared or "")
    assert sum(share.simulated for share in cold.shares) == pytest.approx(1) and cold.number is None
    assert any(line.startswith("  mean score ") for line in page(summary, 100))
