"""Reading scores and people for the evaluation: what is read, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.worldvaluesbench.demographics import read_demographics
from analysis.worldvaluesbench.distances import MISSING
from analysis.worldvaluesbench.evaluation import evaluate
from analysis.worldvaluesbench.people import HumanAnswers, read_humans
from analysis.worldvaluesbench.scores import read_scores, write_scores
from demoscope.errors import DocumentError
from surveys.formats.wvs.wave7 import DEMOGRAPHICS
from tests.conftest import SHARED
from tests.wvb_scores import PEOPLE, PLAIN, found, rows, written

CODEBOOK = SHARED / "data" / "wvb" / "codebook.json"


@pytest.fixture
def files(tmp_path):
    """People, their groups and a model's scores."""
    return written(tmp_path)


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
