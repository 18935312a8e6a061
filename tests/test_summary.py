"""A summary says what came out, compares it with people, and claims nothing where there is too little."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from analysis.findings import Averages, Measure, Range, Statuses, Summary
from analysis.opening import opening
from tests.results import MadeUp, page, screen, split_public, summary_of


@pytest.fixture
def made(tmp_path: Path) -> MadeUp:
    return split_public(tmp_path / "made_up.sqlite")


def test_the_shares_and_distances_of_a_question_are_those_of_the_arithmetic(made):
    question = summary_of(made).cells[0].questions[0]
    assert (question.n_simulated, question.n_nonresponse) == (17, 1)
    assert (question.n_human, question.n_human_left_out) == (400, 28)
    assert [share.simulated for share in question.shares] == pytest.approx([2 / 17, 0, 15 / 17])
    assert [share.human for share in question.shares] == pytest.approx([0.5, 0, 0.5])
    assert question.w1 is not None
    assert question.w1.simulated == pytest.approx(15 / 17 - 1 / 2)  # moved over both steps, of two
    assert question.w1.uniform == pytest.approx((1 / 6 + 1 / 6) / 2)
    assert question.w1.majority == pytest.approx(1 / 2)
    assert question.kl is not None
    assert question.kl.uniform == float("inf")  # nobody real said perhaps
    assert not question.w1.within_people
    assert question.w1.low is not None and question.w1.high is not None
    assert question.w1.low < question.w1.simulated < question.w1.high


def test_what_was_not_understood_is_counted_with_its_reasons(made):
    cell = summary_of(made).cells[0]
    assert cell.statuses == Statuses(answered=18, refused=1, invalid=1)
    assert cell.statuses.understood == pytest.approx(18 / 20)
    assert [(reason.status, reason.reason, reason.count) for reason in cell.reasons] == [
        ("refused", "names no option", 1),
        ("invalid", "names no option", 1),
    ]


def test_the_same_store_gives_the_same_summary_and_json_gives_it_back(made):
    summary = summary_of(made)
    assert summary == summary_of(made)
    assert Summary.model_validate_json(summary.model_dump_json()) == summary


def test_a_sample_of_real_people_is_found_to_be_like_people(tmp_path):
    made = MadeUp(tmp_path / "s.sqlite")
    made.cell()
    made.people([{"sex": "female"}] * 100)
    for number in (1, 2):
        made.question(number, ["a", "b"])
        made.answers([(who, number, "answered", [1 if who <= 41 else 2]) for who in range(1, 101)])
        made.humans(number, {1: 400, 2: 600}, sex="female", age_group="18-39")
    cell = summary_of(made).cells[0]
    assert cell.averages.within_people == 2
    assert cell.opening.startswith("Hard to tell from real people: on all 2 questions")


def test_unequal_weights_weight_the_shares_and_shrink_the_human_sample(tmp_path):
    made = MadeUp(tmp_path / "s.sqlite")
    made.cell()
    made.question(1, ["a", "b"])
    made.people([{}, {}, {}, {}], weights=[3, 1, 1, 1])
    made.answers([(1, 1, "answered", [1]), *((who, 1, "answered", [2]) for who in (2, 3, 4))])
    made.humans(1, {1: 500, 2: 500})
    cell = summary_of(made).cells[0]
    assert cell.weighted
    assert [share.simulated for share in cell.questions[0].shares] == [0.5, 0.5]  # 3 of 6
    assert cell.questions[0].w1 is not None
    # Kish: 6^2 / (9 + 1 + 1 + 1) = 3 people, whose share of "a" is 0, 1/3, 2/3 or 1
    assert cell.questions[0].w1.sample.high == pytest.approx(1 / 2)
    assert "weighted by the personas' weights" in screen(summary_of(made))


def test_unordered_options_have_no_wasserstein_distance(tmp_path):
    made = MadeUp(tmp_path / "s.sqlite")
    made.cell()
    made.question(1, ["tea", "coffee"], ordinal=False)
    made.people([{}] * 3)
    made.answers([(who, 1, "answered", [1]) for who in (1, 2, 3)])
    made.humans(1, {1: 10, 2: 10})
    cell = summary_of(made).cells[0]
    assert cell.questions[0].w1 is None
    assert cell.questions[0].leading == cell.questions[0].js
    assert cell.averages.one_voice == 1
    assert (cell.averages.questions, cell.averages.ordered) == (1, 0)
    assert screen(summary_of(made))


def test_scores_of_options_decide_how_far_they_are_apart(tmp_path):
    made = MadeUp(tmp_path / "s.sqlite")
    made.cell()
    made.question(1, ["never", "monthly", "daily"], scores=[0, 1, 30])
    made.people([{}])
    made.answers([(1, 1, "answered", [2])])
    made.humans(1, {1: 10})
    question = summary_of(made).cells[0].questions[0]
    assert question.w1 is not None
    assert question.w1.simulated == pytest.approx(1 / 30)
    assert question.w1.low is None  # one respondent cannot be resampled


def test_multiple_choices_and_open_questions_are_counted_but_not_compared(tmp_path):
    made = MadeUp(tmp_path / "s.sqlite")
    made.cell()
    made.question(1, ["a", "b"], kind="multiple")
    made.question(2, [], kind="text")
    made.people([{}] * 4)
    made.answers([(1, 1, "answered", [1, 2]), (2, 1, "answered", [1]), (3, 1, "answered", [])])
    made.answers([(1, 2, "answered", []), (2, 2, "answered", [])])
    multiple, text = summary_of(made).cells[0].questions
    assert (multiple.n_simulated, text.n_simulated) == (3, 2)
    assert [share.simulated for share in multiple.shares] == pytest.approx([2 / 3, 1 / 3])
    assert "choices, not people" in (multiple.not_compared or "")
    assert "counted, not compared" in (text.not_compared or "")


def test_replicates_are_counted_together(tmp_path):
    made = MadeUp(tmp_path / "s.sqlite")
    made.cell()
    made.question(1, ["a", "b"])
    made.people([{}])
    made.answers([(1, 1, "answered", [1])])
    made.answers([(1, 1, "answered", [2])], replicate=1)
    question = summary_of(made).cells[0].questions[0]
    assert question.n_simulated == 2
    assert [share.simulated for share in question.shares] == [0.5, 0.5]


def test_without_a_reference_there_are_shares_and_no_verdict(tmp_path):
    made = MadeUp(tmp_path / "s.sqlite", reference=None)
    made.cell()
    made.question(1, ["a", "b"])
    made.people([{}, {}])
    made.answers([(1, 1, "answered", [1]), (2, 1, "answered", [2])])
    summary = summary_of(made)
    assert summary.reference is None
    assert "no human reference" in summary.cells[0].opening
    assert summary.cells[0].groupings == ()
    assert "humans" not in screen(summary)


def test_a_store_without_answers_and_one_with_two_cells_are_summarised(made):
    made.cell(2, told=[], name="none x model")
    made.insert("respondents", [(101, 2, 1, "", "{}", 0)])
    first, second = summary_of(made).cells
    assert first.questions[0].w1 is not None
    assert (second.respondents, second.heard, second.statuses.asked) == (1, 0, 0)
    assert second.opening.startswith("No answer has been saved yet")
    assert summary_of(made).understood == pytest.approx(18 / 20)
    assert "In short" in screen(summary_of(made))


def test_texts_of_strangers_stay_texts_on_the_screen(made):
    hostile = "[bold]x[/bold] \x1b[31mred\x1b[0m \x1b]0;title\x07 a\u202eb\nc"
    with closing(sqlite3.connect(made.path)) as db, db:
        db.execute("UPDATE options SET label = ? WHERE code = 1", (hostile,))
        db.execute("UPDATE questions SET text = ?", (hostile,))
        db.execute("UPDATE waves SET name = ?", (hostile,))
        db.execute("UPDATE answers SET reason = ? WHERE status = 'invalid'", (hostile + "x" * 1000,))
    shown = "\n".join(page(summary_of(made), 100))
    assert shown.count("[bold]x[/bold] red ab c") >= 3
    assert not set(shown) & {"\x1b", "\x07", "\u202e"}


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(made, width):
    lines = page(summary_of(made), width)
    assert max(len(line) for line in lines) <= min(width, 100)
    assert not any("…" in line for line in lines)


def test_without_details_only_the_verdict_and_the_means_are_shown(made):
    short, full = screen(summary_of(made), details=False), screen(summary_of(made))
    assert "What about q1?" not in short
    assert "What about q1?" in full
    assert len(short) < len(full)


def found(questions: int, within: int, uniform: int, majority: int) -> Averages:
    return Averages(
        questions=questions,
        ordered=questions,
        within_people=within,
        closer_than_uniform=uniform,
        closer_than_majority=majority,
        one_voice=0,
    )


@pytest.mark.parametrize(
    ("averages", "starts"),
    [
        (found(19, 1, 8, 8), "A poor public, no better than guessing: on 18 of 19 questions"),
        (found(20, 19, 20, 20), "Hard to tell from real people: on 1 of 20"),
        (found(20, 5, 18, 4), "Better than guessing, but no better than always naming the most frequent"),
        (found(20, 12, 18, 18), "Often like real people"),
        (found(20, 3, 18, 18), "Better than guessing, but not like real people"),
        (found(1, 0, 0, 0), "A poor public, no better than guessing: on the one question compared"),
    ],
)
def test_the_opening_says_plainly_how_good_a_public_is(averages, starts):
    assert opening(Statuses(answered=900), averages, 100, True).startswith(starts)


def test_a_public_that_is_further_on_average_is_not_called_like_people():
    people = Range(median=0.07, low=0.05, high=0.09)
    mean = Measure(simulated=0.178, uniform=0.206, majority=0.25, sample=people)
    said = opening(Statuses(answered=380), found(19, 10, 10, 12).model_copy(update={"w1": mean}), 100, True)
    assert said.startswith("Better than guessing, but not like real people: on 9 of 19 questions")
    assert said.endswith("On average it is further from people than such samples are.")


def test_the_opening_counts_the_questions_where_guessing_is_closer_and_warns_of_lost_answers():
    said = opening(Statuses(answered=600, invalid=400), found(19, 1, 8, 8), 20, True)
    assert said.startswith("Only 60% of the answers were understood")
    assert "a uniform guess is as close or closer on 11." in said
    assert "With 20 respondents even real people vary a lot" in said
    assert opening(Statuses(invalid=3), found(0, 0, 0, 0), 0, True).startswith("None of the 3 answers")


def test_a_tie_with_guessing_is_not_closer_whatever_the_last_bit_says():
    people = Range(median=0.07, low=0.01, high=0.17)
    # 30/40/30 is as far from 56/35/9 as one third each, by W1: both move the same people as far.
    tied = Measure(simulated=0.23256821134690342, uniform=0.23256821134690345, majority=0.267, sample=people)
    assert not tied.closer_than_uniform
    assert tied.closer_than_majority
