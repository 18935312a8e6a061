"""The evaluation: what is counted, how results are broken down, baselines and intervals."""

import numpy as np
import pandas as pd
import pytest

from analysis.worldvaluesbench.demographics import read_demographics
from analysis.worldvaluesbench.evaluation import evaluate
from analysis.worldvaluesbench.intervals import Resamples
from analysis.worldvaluesbench.people import HumanAnswers, read_humans
from analysis.worldvaluesbench.rules import Rules
from analysis.worldvaluesbench.scores import read_scores, write_scores
from demoscope.errors import DocumentError
from surveys.formats.wvs.wave7 import SCALES, Scale
from tests.wvb_scores import found, rows, written


@pytest.fixture
def files(tmp_path):
    """People, their groups and a model's scores."""
    return written(tmp_path)


def test_model_rows_without_a_score_leave_the_people_of_the_file_where_they_are(files):
    one = {q.question: q for q in found(files).systems[0].questions}["Q122"]
    # Scores 3 (out of range, at 1.5) and 0 against 0, 2, 2 on 0..2: F - G is 1/2 - 1/3 on [0, 1] and 1/2 on [1, 1.5].
    assert (one.rows, one.scores, one.people, one.out_of_range) == (4, 2, 3, 1)
    assert one.distance == pytest.approx(1 / 6 + 1 / 4)


def test_thresholds_go_from_0_to_1_by_a_twentieth(files):
    thresholds = found(files).systems[0].thresholds
    assert [one.threshold for one in thresholds] == [i / 20 for i in range(21)]
    # Q165 is answered as people do; Q1 lies at (0 + 0 + 1/3 + 1) / 4 = 1/3, Q122 at 5/12.
    assert [(one.threshold, one.questions) for one in thresholds if one.threshold in (0, 0.3, 0.35, 0.45)] == [
        (0, 1),
        (0.3, 1),
        (0.35, 2),
        (0.45, 3),
    ]


def test_strangers_are_counted_and_told(files):
    write_scores(files / "more.tsv", [*rows(Q1=[1, 1, 1, 1]), ("Q1", "999", "1")])
    evaluation = found(files, "more.tsv")
    assert evaluation.systems[0].strangers == 1
    assert any("1 rows are of persons that the reference does not know" in note for note in evaluation.notes)


def test_results_are_broken_down_by_group_with_rows_pooled_within(files):
    of_all = found(files, by=["continent", "urban"]).levels
    levels = {(one.grouping, one.level): one for one in of_all if one.system == "model"}
    assert set(levels) == {("Continent", "Asia"), ("Continent", "Europe"), ("Urban / Rural", "Urban"),
                           ("Urban / Rural", "Rural")}  # fmt: skip
    # Asia: Q1 1,1 against 1,1 is 0; Q122 3,0 (at 1.5, 0) against 0,2 (at 0, 1) is 1/4; Q165 as people.
    assert levels["Continent", "Asia"].mean == pytest.approx((0 + 1 / 4 + 0) / 3)
    # Europe: Q1 1,1 against 2,4 is (1/3 + 1) / 2; Q122 has no score; Q165 as people.
    assert levels["Continent", "Europe"].mean == pytest.approx((2 / 3 + 0) / 2)
    assert levels["Continent", "Europe"].questions == 2


def test_levels_have_intervals_around_their_means_where_groups_are_few(files):
    found_again = found(files, by=["urban"], rules=Rules(draws=50))
    for one in (one for one in found_again.levels if one.system == "model"):
        assert one.interval is not None and one.interval[0] <= one.mean <= one.interval[1]
    assert all(one.interval is None for one in found(files, by=["urban"]).levels)


def test_group_means_average_over_all_combinations_of_groups(files):
    rules = Rules(draws=0, aggregate="group_mean")
    one = {q.question: q for q in found(files, rules=rules, by=["continent"]).systems[0].questions}
    assert one["Q1"].distance == pytest.approx((0 + 2 / 3) / 2)
    with pytest.raises(DocumentError, match="say which"):
        found(files, rules=rules)


def test_group_means_are_compared_with_baselines_within_the_same_groups(files):
    evaluation = found(files, rules=Rules(draws=20, aggregate="group_mean"), by=["continent"])
    of = {one.name: {q.question: q.distance for q in one.questions} for one in evaluation.baselines}
    assert list(of) == ["uniform", "majority", "same_size"]
    # Q1 on 1..4, Asia 1, 1: all below the even answers, (0 + 1/3 + 2/3 + 1) / 4. Europe 2, 4: F - G at the steps is
    # 1/4, 0, 1/4, so 1/6.
    assert of["uniform"]["Q1"] == pytest.approx((1 / 2 + 1 / 6) / 2)
    # The most frequent answer is 1 in Asia; in Europe 2 comes first, and half of the people lie 2/3 from it.
    assert of["majority"]["Q1"] == pytest.approx((0 + 1 / 3) / 2)
    # Nobody in Europe scored Q122, so it is Asia alone: 0, 2 on 0..2 against 0 for everybody.
    assert of["majority"]["Q122"] == pytest.approx(1 / 2)
    assert of["same_size"]["Q1"] < 1 / 3
    assert all(one.interval is None for one in evaluation.systems)
    assert any("no intervals" in note for note in evaluation.notes)


def test_levels_have_baselines_of_their_own_people(files):
    levels = {(one.level, one.system): one for one in found(files, by=["continent"], rules=Rules(draws=40)).levels}
    assert {name for _, name in levels} == {"uniform", "majority", "split_half", "same_size", "model"}
    # Asia: Q1 1, 1 lies 0 from 1; Q122 0, 2 lies 1/2 from 0; Q165 1, 2 lies 1/2 from 1.
    assert levels["Asia", "majority"].mean == pytest.approx((0 + 1 / 2 + 1 / 2) / 3)
    assert levels["Asia", "majority"].people == 6
    # Halves of one person each: the same answers to Q1, opposite ones to the others.
    assert levels["Asia", "split_half"].mean == pytest.approx((0 + 1 + 1) / 3)
    for tie in ("lowest", "all_mean"):
        again = found(files, by=["continent"], rules=Rules(draws=0, tie=tie)).levels
        mean = next(one.mean for one in again if (one.level, one.system) == ("Asia", "majority"))
        assert mean == pytest.approx((0 + 1 / 2 + 1 / 2) / 3)


def test_baselines_within_one_level_of_everybody_are_those_of_the_whole(files):
    sample = pd.read_csv(files / "samples.tsv", sep="\t").assign(Continent="World")
    sample.to_csv(files / "samples.tsv", sep="\t", index=False)
    for tie in ("first", "lowest", "all_mean"):
        evaluation = found(files, by=["continent"], rules=Rules(draws=0, tie=tie))
        means = {one.name: one.mean for one in evaluation.baselines}
        assert {one.system: one.mean for one in evaluation.levels if one.system in means} == pytest.approx(means)


def test_repeated_rows_are_told_and_leave_the_baselines_as_they_are(files):
    once = rows(Q1=[1, 1, 1, 1])
    write_scores(files / "once.tsv", once)
    write_scores(files / "twice.tsv", [*once, *once[2:]])
    plain, repeated = (
        found(files, name, by=["continent"], rules=Rules(draws=50)) for name in ("once.tsv", "twice.tsv")
    )
    assert [one.mean for one in plain.baselines] == [one.mean for one in repeated.baselines]
    of_people = [[one for one in found.levels if one.scores == 0] for found in (plain, repeated)]
    assert of_people[0] == of_people[1] != []
    assert any("2 rows repeat a question and person" in note for note in repeated.notes)
    assert not any("repeat" in note for note in plain.notes)


def test_groups_that_are_nowhere_are_named_with_those_there_are(files):
    with pytest.raises(DocumentError, match=r"There is no 'party' .* there are continent, urban"):
        found(files, by=["party"])
    with pytest.raises(DocumentError, match="say who the persons are"):
        read_demographics(["urban"], None, None)


def test_a_model_is_compared_with_itself_without_attributes(files):
    write_scores(files / "m.tsv", rows(Q1=[4, 4, 4, 4], Q165=[1, 1, 1, 1]))
    write_scores(files / "m_with_demographics.tsv", rows(Q1=[1, 1, 2, 4], Q165=[1, 1, 1, 1]))
    (gain,) = found(files, "m.tsv", "m_with_demographics.tsv").gains
    # Q1: from (1 + 1 + 2/3 + 0) / 4 to 0; Q165 stays.
    assert (gain.questions, gain.nearer) == (2, 1)
    assert gain.mean == pytest.approx(-(8 / 3) / 4 / 2)


def test_intervals_come_from_the_seed_and_hold_the_baselines_of_people(files):
    again = [found(files, rules=Rules(draws=50, seed=seed)) for seed in (1, 1, 2)]
    assert again[0] == again[1] != again[2]
    assert [one.name for one in again[0].baselines] == ["uniform", "majority", "split_half", "same_size"]
    q1 = again[0].systems[0].questions[0]
    assert q1.interval is not None and q1.interval[0] <= q1.distance <= q1.interval[1]


def test_a_person_who_answers_many_questions_is_drawn_with_all_of_them(files):
    # One question or twenty of the same answers: the same people, so the mean varies just as much.
    people = list(range(1, 41))
    questions = [name for name, scale in SCALES.items() if (scale.minimum, scale.levels) == (1, 4)][:20]
    answers = np.array([1, 1, 2, 4] * 10, np.int16)
    humans = HumanAnswers("people", np.array(people), dict.fromkeys(questions, answers))
    write_scores(files / "m.tsv", [(q, str(p), str(1 + p % 3)) for q in questions for p in people])
    one = evaluate([read_scores(files / "m.tsv")], humans, Rules(draws=200)).systems[0]
    assert one.interval == pytest.approx(one.questions[0].interval)
    assert one.interval == pytest.approx(one.questions[19].interval)


def test_more_people_than_are_drawn_one_by_one_are_drawn_in_groups():
    # 5,000 people, half of whom answer 4 as the model always does: the distance is the share of the others, 1/2 with
    # the standard deviation of a binomial share.
    people = np.arange(5000)
    resamples = Resamples(people, np.random.default_rng(0), draws=1000)
    draws = resamples.distances(np.full(5000, 4), np.where(people % 2, 4, 1), Scale(1, 4, ""), people)
    assert draws.std() == pytest.approx(np.sqrt(0.25 / 5000), rel=0.1)


def test_of_people_that_were_only_counted_the_questions_are_named_whose_majority_is_tied(files):
    (files / "counts.json").write_text('{"Q1": [2, 1, 0, 1], "Q165": [2, 2]}')
    humans = read_humans(files / "counts.json")
    for tie, told in (("first", True), ("lowest", False)):
        evaluation = evaluate([read_scores(files / "model.tsv")], humans, Rules(draws=0, tie=tie))
        said = [note for note in evaluation.notes if "the lowest is the majority" in note]
        assert (
            said == ["Counts have no order of rows: of equally frequent answers the lowest is the majority on Q165."]
        ) is told


def test_samples_of_people_are_drawn_for_every_baseline_and_question_by_themselves(files):
    several = found(files, rules=Rules(draws=20))
    of = {one.name: {q.question: q.interval for q in one.questions} for one in several.baselines}
    write_scores(files / "one.tsv", rows(Q1=[1, 1, 1, 1]))
    alone = {one.name: one.questions[0] for one in found(files, "one.tsv", rules=Rules(draws=20)).baselines}
    for name in ("split_half", "same_size"):  # whatever other questions are asked
        assert alone[name].interval == of[name]["Q1"]
