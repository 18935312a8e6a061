"""Files for `wvb evaluate` and `wvb export` that are not what they should be, and waves that are not finished."""

import re
import sqlite3
from contextlib import closing

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.worldvaluesbench.commands import app
from analysis.worldvaluesbench.demographics import read_demographics
from analysis.worldvaluesbench.evaluation import evaluate
from analysis.worldvaluesbench.figures import draw
from analysis.worldvaluesbench.people import read_humans
from analysis.worldvaluesbench.rules import Rules
from analysis.worldvaluesbench.scores import Scores, read_scores, write_scores
from analysis.worldvaluesbench.stores import export_scores, read_store
from demoscope.columns import whole_number
from demoscope.errors import DocumentError
from simulator.store import Store

PEOPLE = [101, 102, 103, 104]
HEAD = "QUESTION_ID\tPARTICIPANT_ID\tSCORE\n"


@pytest.fixture
def people(tmp_path):
    pd.DataFrame({"D_INTERVIEW": PEOPLE, "Q1": [1, 1, 2, 4]}).to_csv(tmp_path / "people.tsv", sep="\t", index=False)
    return tmp_path / "people.tsv"


def model(path, values=(1, 2, 3, 4), question="Q1"):
    write_scores(path, [(question, str(person), str(value)) for person, value in zip(PEOPLE, values, strict=True)])
    return path


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def test_whole_numbers_fit_into_64_bits():
    assert whole_number(str(2**63 - 1)) == 2**63 - 1 and whole_number(str(-(2**63))) == -(2**63)
    for text in (str(2**63), "9" * 30, "1e30", "1_0", "nan", "1.5"):
        with pytest.raises(ValueError, match=re.escape(text)):
            whole_number(text)


@pytest.mark.parametrize("text", ["9" * 20, "1e300", "inf"])
def test_persons_with_identifiers_that_are_too_long_are_told_by_row(text, tmp_path, people):
    (tmp_path / "m.tsv").write_text(f"{HEAD}Q1\t101\t1\nQ1\t{text}\t1\n")
    with pytest.raises(DocumentError, match="PARTICIPANT_ID: row 2 has"):
        read_scores(tmp_path / "m.tsv")
    people.write_text(f"D_INTERVIEW\tQ1\tContinent\n{text}\t1\tAsia\n")
    with pytest.raises(DocumentError, match="D_INTERVIEW: row 1 has"):
        read_humans(people)
    with pytest.raises(DocumentError, match="D_INTERVIEW: row 1 has"):
        read_demographics(["continent"], people, None)


def test_a_file_without_any_score_says_so(tmp_path):
    model(tmp_path / "m.tsv", ("", "x", "", "1_0"))
    with pytest.raises(DocumentError, match=r"none of its 4 rows has a score that can be read.*the first row has ''"):
        read_scores(tmp_path / "m.tsv")
    assert np.isnan(read_scores(model(tmp_path / "m.tsv", ("1_0", 1, 2, 3))).values[0])


def test_a_quoted_value_that_does_not_end_is_a_file_that_was_cut(tmp_path):
    (tmp_path / "m.csv").write_text('QUESTION_ID,PARTICIPANT_ID,SCORE\nQ1,101,"1"\nQ1,102,"1')
    with pytest.raises(DocumentError, match="the file is cut off there"):
        read_scores(tmp_path / "m.csv")
    (tmp_path / "m.csv").write_text('QUESTION_ID,PARTICIPANT_ID,SCORE\nQ1,101,"1"\nQ1,102,"1"')
    assert len(read_scores(tmp_path / "m.csv")) == 2


def test_a_first_line_alone_is_a_file_without_rows(tmp_path):
    for end in ("", "\n"):
        (tmp_path / "m.tsv").write_text(HEAD.rstrip("\n") + end)
        with pytest.raises(DocumentError, match="the file has no rows"):
            read_scores(tmp_path / "m.tsv")


def test_the_survey_itself_is_no_reference_and_says_what_to_do(tmp_path):
    (tmp_path / "wvs.csv").write_text("version,A_WAVE,B_COUNTRY,D_INTERVIEW,Q1\n5,7,20,101,-1\n")
    with pytest.raises(DocumentError, match=r"is the survey's own file.*demoscope wvb prepare .*wvs.csv --out wvb"):
        read_humans(tmp_path / "wvs.csv")


def test_cells_of_a_reference_that_say_na_are_empty(people):
    people.write_text("D_INTERVIEW\tQ1\n101\tNA\n102\t3\n")
    humans = read_humans(people)
    assert humans.of("Q1", np.array([0, 1])).tolist() == humans.of("Q1", np.array([-1, 1])).tolist()


@pytest.mark.parametrize("count", ["1.5", "true", '"1234"', "null", "1e999"])
def test_counts_are_whole_numbers_of_people(count, tmp_path):
    (tmp_path / "c.json").write_text(f'{{"Q1": [1, 2, 3, {count}]}}')
    with pytest.raises(DocumentError, match="not counts of answers"):
        read_humans(tmp_path / "c.json")
    (tmp_path / "c.json").write_text('{"Q1": [1, 2, 3, 4.0]}')
    assert len(read_humans(tmp_path / "c.json").of("Q1")) == 10


def test_outputs_that_cannot_be_written_are_refused_before_anything_is_read(tmp_path):
    nowhere = ("evaluate", tmp_path / "no.tsv", "--reference", tmp_path / "no.json")
    for arguments, message in (
        (("--plot", tmp_path / "a.gif"), "figures are written as svg, png, pdf"),
        (("--plot", tmp_path / "no" / "a.svg"), "no such folder to write into"),
        (("--csv", tmp_path / "no" / "a.csv"), "no such folder to write into"),
        (("--csv", tmp_path), "is a folder"),
    ):
        with pytest.raises(DocumentError, match=message):
            call(*nowhere, *arguments)


def test_a_model_has_one_colour_and_mark_wherever_it_is_drawn(tmp_path, people):
    names = ("a", "b", "a_with_demographics", "b_with_demographics")
    systems = [read_scores(model(tmp_path / f"{name}.tsv")) for name in names]
    figure = draw(evaluate(systems, read_humans(people), Rules(draws=0)))
    looks: dict[str, set[object]] = {}
    for axes in figure.axes:
        for line in axes.get_lines():
            look = (matplotlib.colors.to_hex(line.get_color()), line.get_marker())
            looks.setdefault(line.get_label(), set()).add(look)
    assert set(looks) == {"uniform", "majority", *names}
    assert all(len(some) == 1 for some in looks.values())
    assert len(set.union(*looks.values())) == 6


def test_scores_are_exported_with_all_their_digits(tmp_path):
    values = np.array([1234567.0, 2.0, 2.5, np.nan])
    scores = Scores("m", ("Q1",), np.zeros(4, np.int32), np.array(PEOPLE), values)
    export_scores(scores, tmp_path / "m.tsv")
    assert [line.split("\t")[2] for line in (tmp_path / "m.tsv").read_text().splitlines()[1:]] == [
        "1234567",
        "2",
        "2.5",
        "",
    ]


def test_scores_are_exported_in_the_order_of_assignments_too(tmp_path):
    scores = Scores("m", ("Q1",), np.zeros(2, np.int32), np.array([101, 102]), np.array([1.0, 2.0]))
    (tmp_path / "assignments.csv").write_text("QUESTION_ID,PARTICIPANT_ID\nQ1,102\nQ1,101\n")
    assert export_scores(scores, tmp_path / "m.tsv", tmp_path / "assignments.csv") == 2
    assert (tmp_path / "m.tsv").read_text() == f"{HEAD}Q1\t102\t2\nQ1\t101\t1\n"
    (tmp_path / "assignments.csv").write_text("QUESTION_ID,PARTICIPANT_ID\nQ1,103\n")
    with pytest.raises(DocumentError, match=r"the pair Q1, 103 was not asked in this wave\."):
        export_scores(scores, tmp_path / "m.tsv", tmp_path / "assignments.csv")


@pytest.fixture
def store(tmp_path):
    """A store with the tables that scores are read from: two of three persons have answered."""
    path = tmp_path / "wave.sqlite"
    with Store(path):
        pass
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("INSERT INTO waves VALUES ('w', 'w', '{}', '{}', '{}', NULL, 0, '{}', 0, 'now', NULL)")
        db.execute("INSERT INTO models (id, name, backend, config) VALUES (1, 'm', 'scripted', '{}')")
        db.execute(
            "INSERT INTO cells (id, name, condition, model_id, protocol, profile, language, settings, told) "
            "VALUES (1, 'c', 'plain', 1, 'wvb', 'code', 'en', '{}', '[]')"
        )
        db.execute("INSERT INTO questions (id, name, text, kind, ordinal) VALUES (1, 'Q1', '?', 'scale', 1)")
        for n, person in enumerate(PEOPLE[:3], start=1):
            db.execute(
                "INSERT INTO personas (id, attributes, weight, source_row) VALUES (?, '{}', 1, ?)", (n, person)
            )
            db.execute("INSERT INTO respondents VALUES (?, 1, ?, '', '{}', 0)", (n, n))
        for n in (1, 2):
            db.execute(
                "INSERT INTO answers VALUES (?, 1, 'answer', 0, 'answered', ?, NULL, NULL, '{}', '[]')", (n, float(n))
            )
    return path


def test_a_wave_that_is_not_finished_is_not_taken_for_a_whole_one(store, tmp_path, people):
    (scores,) = read_store(store)
    told = "m_plain: the wave is not finished; its 2 answers so far are of 2 of 3 persons. Run it to the end."
    assert scores.notes == (told,)
    assert told in evaluate([scores], read_humans(people), Rules(draws=0)).notes
    (tmp_path / "pairs.csv").write_text("QUESTION_ID,PARTICIPANT_ID\nQ1,103\n")
    with pytest.raises(
        DocumentError, match=r"the pair Q1, 103 has no answer in this store\. m_plain: .*not finished"
    ):
        export_scores(scores, tmp_path / "m.tsv", tmp_path / "pairs.csv")
    assert told in call("export", store, "--out", tmp_path / "scores").stderr
    with closing(sqlite3.connect(store)) as db, db:
        db.execute("UPDATE waves SET finished = 'now'")
    assert read_store(store)[0].notes == ()
