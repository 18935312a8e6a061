"""Evaluating files of scores: what is read, what is counted, how results are broken down, shown and written."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from analysis.worldvaluesbench.commands import app
from analysis.worldvaluesbench.demographics import read_demographics
from analysis.worldvaluesbench.distances import MISSING
from analysis.worldvaluesbench.evaluation import evaluate
from analysis.worldvaluesbench.figures import write_figures
from analysis.worldvaluesbench.intervals import Resamples
from analysis.worldvaluesbench.people import HumanAnswers, read_humans
from analysis.worldvaluesbench.rules import Rules
from analysis.worldvaluesbench.scores import read_scores, write_scores
from analysis.worldvaluesbench.screen import csv_rows, render
from demoscope.errors import DocumentError
from surveys.formats.wvs.wave7 import DEMOGRAPHICS, SCALES, Scale
from tests.conftest import SHARED

CODEBOOK = SHARED / "data" / "wvb" / "codebook.json"
PEOPLE = [101, 102, 103, 104]
PLAIN = Rules(draws=0)
HUMAN = {"Q1": [1, 1, 2, 4], "Q122": [0, 2, 2, None], "Q165": [1, 2, 1, 2]}


def rows(**scores):
    return [(q, str(p), str(s)) for q, values in scores.items() for p, s in zip(PEOPLE, values, strict=True)]


@pytest.fixture
def files(tmp_path):
    """A reference of four people, a sample that tells their groups, and a model's scores."""
    table = pd.DataFrame({"D_INTERVIEW": PEOPLE, **HUMAN}).astype("Int64")
    table.to_csv(tmp_path / "people.tsv", sep="\t", index=False)
    groups = {
        "Continent": ["Asia", "Asia", "Europe", "Europe"],
        "Urban / Rural": ["Urban", "Rural", "Urban", "Rural"],
    }
    sample = pd.DataFrame({"Question": "Q1", "D_INTERVIEW": PEOPLE, **groups})
    sample.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    write_scores(tmp_path / "model.tsv", rows(Q1=[1, 1, 1, 1], Q122=[3, 0, "", "none"], Q165=["1.0", 2, 1, 2]))
    return tmp_path


def found(files, *names, rules=PLAIN, by=()):
    systems = [read_scores(files / name) for name in names or ("model.tsv",)]
    demographics = read_demographics(by, files / "samples.tsv", None) if by else None
    return evaluate(systems, read_humans(files / "people.tsv"), rules, demographics)


def test_model_rows_without_a_score_leave_the_people_of_the_file_where_they_are(files):
    one = {q.question: q for q in found(files).systems[0].questions}["Q122"]
    # Scores 3 (out of range, at 1.5) and 0 against 0, 2, 2 on 0..2: F - G is 1/2 - 1/3 on [0, 1] and 1/2 on [1, 1.5].
    assert (one.rows, one.scores, one.people, one.out_of_range) == (4, 2, 3, 1)
    assert one.distance == pytest.approx(1 / 6 + 1 / 4)


def test_tables_with_commas_semicolons_points_and_parquet_are_read_alike(files, tmp_path):
    expected = read_scores(files / "model.tsv")
    text = (files / "model.tsv").read_text()
    (tmp_path / "a.csv").write_text("\ufeff" + text.replace("\t", ","), encoding="utf-8")
    (tmp_path / "b.csv").write_text(text.replace("\t", ";").replace("101", "101.0"))
    frame = pd.read_csv(files / "model.tsv", sep="\t")
    frame[["SCORE", "QUESTION_ID", "PARTICIPANT_ID"]].to_parquet(tmp_path / "c.parquet")
    for name in ("a.csv", "b.csv", "c.parquet"):
        read = read_scores(tmp_path / name)
        assert read.questions == expected.questions
        assert read.people.tolist() == expected.people.tolist()
        assert np.array_equal(read.values, expected.values, equal_nan=True), name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "QUESTION_ID\tPERSON\tSCORE\nQ1\t101\t1\n",
            "the column 'PARTICIPANT_ID' is missing.*there are QUESTION_ID",
        ),
        ("QUESTION_ID\tPARTICIPANT_ID\tSCORE\nQ42\t101\t1\n", "'Q42' is no value question"),
        ("QUESTION_ID\tPARTICIPANT_ID\tSCORE\nQ1\t101\t1\nQ1\tx\t1\n", "PARTICIPANT_ID: row 2 has 'x'"),
        ("QUESTION_ID\tPARTICIPANT_ID\tSCORE\n", "the file has no rows"),
        ("QUESTION_ID\tPARTICIPANT_ID\tSCORE\nQ1\t101\n", "bad.tsv:2: 2 values for 3 columns; the file is torn"),
        ("QUESTION_ID\tPARTICIPANT_ID\tSCORE\nQ1\t7\t1\n", "knows none of its persons"),
        ("QUESTION_ID\tPARTICIPANT_ID\tSCORE\nQ2\t101\t1\n", "no human answers for its questions"),
    ],
)
def test_a_file_that_cannot_be_evaluated_says_why(files, text, message):
    (files / "bad.tsv").write_text(text)
    with pytest.raises(DocumentError, match=message):
        found(files, "bad.tsv")


def test_a_reference_that_is_none_says_what_one_looks_like(tmp_path):
    (tmp_path / "a.json").write_text('{"Q1": [1, 2]}')
    (tmp_path / "b.json").write_text("[]")
    (tmp_path / "c.csv").write_text("a,b\n1,2\n")
    (tmp_path / "d.csv").write_text("D_INTERVIEW,Q1\n5,1\n5,2\n")
    (tmp_path / "e.csv").write_bytes(b"D_INTERVIEW,Q1\n5,\xff\n" * 3)
    told = {
        "a.json": "4 answers",
        "b.json": "people per answer",
        "c.csv": "a reference is",
        "d.csv": "more than once",
    }
    for name, message in {**told, "e.csv": "no UTF-8", ".": "holds no answers"}.items():
        with pytest.raises(DocumentError, match=message):
            read_humans(tmp_path / name)


def test_people_come_from_a_file_of_scores_too(files):
    write_scores(files / "human.tsv", rows(Q1=[1, 1, 2, 4]))
    humans = read_humans(files / "human.tsv")
    assert isinstance(humans, HumanAnswers)
    assert humans.of("Q1", np.array([3, 0, -1])).tolist() == [4, 1, MISSING]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("Q1", "101", "2"), "the person 101 stands there more than once with Q1"),
        (("Q1", "105", "65537"), "65537 is no answer of the person 105 to Q1, whose scale runs from 1 to 4"),
    ],
)
def test_a_file_of_people_is_refused_when_it_says_two_things_or_nonsense(files, row, message):
    write_scores(files / "human.tsv", [*rows(Q1=[1, 1, 2, 4]), row])
    with pytest.raises(DocumentError, match=message):
        read_humans(files / "human.tsv")


def test_negative_codes_of_people_are_no_answers_and_those_outside_a_scale_are_told(files):
    write_scores(files / "human.tsv", [*rows(Q1=[1, 1, -2, 4]), ("Q1", "105", "7")])
    pd.DataFrame({"D_INTERVIEW": [*PEOPLE, 105], "Q1": [1, 1, None, 4, 7]}).to_csv(files / "wide.csv", index=False)
    write_scores(files / "m.tsv", [*rows(Q1=[1, 1, 1, 1]), ("Q1", "105", "1")])
    for name in ("human.tsv", "wide.csv"):
        humans = read_humans(files / name)
        assert humans.of("Q1", np.arange(5)).tolist() == [1, 1, MISSING, 4, MISSING]
        evaluation = evaluate([read_scores(files / "m.tsv")], humans, PLAIN)
        # 1, 1, 4 on both sides of the table: the model at 1 lies a third of the people away, as does the majority.
        assert evaluation.systems[0].mean == pytest.approx(1 / 3)
        assert next(one.mean for one in evaluation.baselines if one.name == "majority") == pytest.approx(1 / 3)
        assert any("1 answers lie outside their scale" in note for note in evaluation.notes)


@pytest.mark.skipif(not CODEBOOK.exists(), reason="the published codebook is not at hand")
def test_labels_of_negative_codes_are_no_levels_and_all_others_are(tmp_path):
    choices = {name: about.get("choices", {}) for name, about in json.loads(CODEBOOK.read_text("utf-8")).items()
               if name in DEMOGRAPHICS}  # fmt: skip
    labels = [(str(code), label) for some in choices.values() for code, label in some.items() if label]
    table = pd.DataFrame({"D_INTERVIEW": range(len(labels)), "Continent": [label for _, label in labels]})
    table.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    (grouping,) = read_demographics(["continent"], tmp_path / "samples.tsv", None).groupings
    for (code, label), place in zip(labels, grouping.positions.tolist(), strict=True):
        assert (place < 0) == code.startswith("-"), (code, label)


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


def test_two_files_of_one_name_are_refused(files, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "model.tsv").write_bytes((files / "model.tsv").read_bytes())
    with pytest.raises(DocumentError, match="Two files are called 'model'"):
        found(files, "model.tsv", "sub/model.tsv")


def test_an_evaluation_is_shown_within_the_width_of_a_terminal(files):
    evaluation = found(files, by=["continent"], rules=Rules(draws=20))
    for width in (80, 140):
        out = io.StringIO()
        render(evaluation, Console(file=out, width=width))
        text = out.getvalue()
        assert max(map(len, text.splitlines())) <= width
        for words in ("Q122", "all questions", "out of range", "Continent", "Asia", "0.05", "model"):
            assert words in text


def test_every_figure_and_table_is_the_same_when_made_again(files):
    evaluation = found(files, by=["continent"])
    for name in ("a.svg", "b.svg"):
        write_figures(evaluation, files / name)
    assert (files / "a.svg").read_bytes() == (files / "b.svg").read_bytes()
    lines = list(csv_rows(evaluation))
    assert {len(line) for line in lines} == {11}
    with pytest.raises(DocumentError, match="figures are written as svg, png, pdf"):
        write_figures(evaluation, files / "a.gif")


def test_the_command_evaluates_breaks_down_and_writes(files):
    arguments = [
        "evaluate",
        files / "model.tsv",
        "--reference",
        files / "people.tsv",
        "--samples",
        files / "samples.tsv",
    ]
    arguments += ["--by", "urban", "--draws", 0, "--csv", files / "out.csv", "--plot", files / "out.svg", "--json"]
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0
    evaluation = json.loads(done.stdout)
    assert evaluation["out_of_range"] == "keep" and evaluation["systems"][0]["out_of_range"] == 1
    assert [one["level"] for one in evaluation["levels"] if one["system"] == "model"] == ["Urban", "Rural"]
    assert (files / "out.csv").read_text().startswith("system,grouping,level,question")
    assert (files / "out.svg").stat().st_size > 1000


def test_the_command_asks_for_a_reference_and_refuses_unknown_rules(files):
    for arguments, message in (([], "Say what the people answered"), (["--reference", str(files / "people.tsv"),
                               "--out-of-range", "round"], "'keep', 'clip' or 'drop'")):  # fmt: skip
        with pytest.raises(DocumentError, match=message):
            CliRunner().invoke(app, ["evaluate", str(files / "model.tsv"), *arguments], catch_exceptions=False)
