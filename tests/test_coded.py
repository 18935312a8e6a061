"""Codes of open answers counted as a question of their own wherever what a store says is counted or written out."""

import hashlib
import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pyreadstat
import pytest
import yaml
from typer.testing import CliRunner, Result

import run_simulation
from analysis.arms import arm_effects
from analysis.coded import CodedAnswers, open_coded, read_coded, write_coded
from analysis.coding import read_coding
from analysis.compare import compare_stores
from analysis.def_rules import def_rules
from analysis.effects import effects_report, without_effect
from analysis.export.writing import export
from analysis.reading import open_results
from analysis.records import UNCODED
from analysis.summary import summarise
from demoscope.errors import DocumentError
from tests.results import MadeUp
from tests.test_coding import ANA, BEN, BOOK, sheet
from tests.test_compare import replied


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Nine people, of whom eight gave an open answer and the ninth none that was understood."""
    made = MadeUp(tmp_path / "a.sqlite")
    made.cell()
    made.question(1, ["No", "Yes"])
    made.question(2, [], kind="text")
    made.people([{"sex": "female" if who <= 4 else "male", "age": 30} for who in range(1, 10)])
    made.answers([(who, 1, "answered", [1 + who % 2]) for who in range(1, 10)])
    made.answers([(who, 2, "answered", []) for who in range(1, 9)])
    made.answers([(9, 2, "invalid", [])])
    made.change(
        "UPDATE answers SET text = 'words of ' || respondent_id WHERE status = 'answered' AND question_id = 2"
    )
    made.humans(1, {1: 40, 2: 60}, sex="female", age_group="18-39")
    made.humans(1, {1: 50, 2: 50}, sex="male", age_group="18-39")
    for who in (1, 2, 3):
        replied(made, who, 2, who, f"words of {who}", who)
    return made.path


def coded_in(store: Path, folder: Path) -> CodedAnswers:
    with open_results(store) as results:
        return read_coding(results, BOOK, [sheet(folder, "ana", ANA), sheet(folder, "ben", BEN)]).codes


def command(*arguments: object) -> Result:
    return CliRunner().invoke(run_simulation.app, [str(each) for each in arguments])


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_codes_are_counted_as_a_question_and_disputed_ones_are_left_out(store, tmp_path):
    # Both say money of 1, 2 and 3 and time of 5 and 6; they dispute 4 and 7; 8 was coded by one; 9 is invalid.
    coded = coded_in(store, tmp_path)
    with open_coded(store, [coded]) as results:
        [cell] = summarise(results, draws=20).cells
    with open_results(store) as results:
        [plain] = summarise(results, draws=20).cells
    counted = cell.questions[-1]
    assert (counted.id, counted.kind, counted.ordinal) == ("why_coded", "single", False)
    assert (counted.statuses.answered, counted.statuses.skipped, counted.statuses.invalid) == (5, 3, 1)
    assert [one.label for one in counted.shares] == ["Money", "Time", "Other"]
    assert [one.simulated for one in counted.shares] == pytest.approx([3 / 5, 2 / 5, 0])
    assert "coded by ana and ben, kappa 0.42, 5 of 8 answers" in counted.text
    assert cell.questions[:-1] == plain.questions  # what was asked stays as it was
    assert cell.statuses == plain.statuses  # nothing more was asked


def test_a_coded_question_counts_in_comparisons_and_not_as_wording_or_as_asked(store, tmp_path):
    coded = coded_in(store, tmp_path)
    [plain] = compare_stores([store], def_rules(), draws=20, details=True).rows
    [row] = compare_stores([store], def_rules(), draws=20, details=True, coded=[coded]).rows
    assert row.statuses == plain.statuses
    assert row.diversity == plain.diversity
    assert row.choice_diversity != plain.choice_diversity


def test_repetitions_keep_a_code_each(store, tmp_path):
    coded = coded_in(store, tmp_path)
    with open_coded(store, [coded]) as results:
        [cell] = results.cells
        respondents = results.respondents(cell)
        question = results.questions[-1]
        who, replicate, code = results.answers(cell, respondents).of(question.id)
    assert list(zip(respondents.ids[who].tolist(), replicate.tolist(), code.tolist(), strict=True)) == list(
        coded.codes
    )


def test_the_commands_count_codes_and_leave_the_store_alone(store, tmp_path):
    before = digest(store)
    (tmp_path / "book.yaml").write_text(yaml.safe_dump(BOOK.model_dump(mode="json")))
    sheets = [sheet(tmp_path, "ana", ANA), sheet(tmp_path, "ben", BEN)]
    codes = tmp_path / "codes.json"
    made = command("code", "read", store, tmp_path / "book.yaml", *sheets, "-o", codes)
    assert made.exit_code == 0, made.output
    assert f"report {store} --codes {codes}" in made.output
    told = json.loads(command("report", store, "--codes", codes, "--json").output)
    assert told["cells"][0]["questions"][-1]["id"] == "why_coded"
    page = tmp_path / "r.html"
    assert command("report", store, "--codes", codes, "-o", page).exit_code == 0
    assert "why_coded" in page.read_text()
    assert "coded by ana and ben" in page.read_text()
    assert command("compare", store, "--codes", codes, "--details").exit_code == 0
    found = json.loads(command("differences", store, store, "--codes", codes, "--draws", 99, "--json").output)
    assert [(one["question"], one["changed"]) for one in found["questions"]] == [("q1", 0.0), ("why_coded", 0.0)]
    assert digest(store) == before
    again = command("code", "read", store, tmp_path / "book.yaml", *sheets, "-o", codes)
    assert isinstance(again.exception, DocumentError)


def test_exports_have_the_codes_as_a_question_with_labels_after_those_that_were_asked(store, tmp_path):
    with closing(sqlite3.connect(store)) as db, db:  # a note at the end, whose number the codes must not take
        db.execute("INSERT INTO questions (id, name, text, kind, ordinal) VALUES (3, 'thanks', 'Thanks.', 'note', 0)")
    coded = coded_in(store, tmp_path)
    export(store, tmp_path / "plain.parquet")
    export(store, tmp_path / "t.parquet", coded=[coded])
    plain, tidy = (pq.read_table(tmp_path / name).to_pandas() for name in ("plain.parquet", "t.parquet"))
    codes = tidy[len(plain) :]
    assert tidy[: len(plain)].astype(str).equals(plain.astype(str))
    assert codes["respondent"].tolist() == [*range(1, 10)]
    assert codes["status"].tolist() == [*["answered"] * 3, "skipped", *["answered"] * 2, *["skipped"] * 2, "invalid"]
    assert codes["code"].fillna(0).tolist() == [1, 1, 1, 0, 2, 2, 0, 0, 0]
    assert codes["label"].astype(object).fillna("").tolist()[3:6] == ["", "Time", "Time"]
    assert set(codes["reason"].dropna()) == {UNCODED}
    assert (set(codes["question"]), set(codes["kind"]), set(codes["method"])) == ({"why_coded"}, {"single"}, {"text"})
    assert set(codes["text"]) == {"What about q2? (coded by ana and ben, kappa 0.42, 5 of 8 answers)"}
    assert set(codes["person_sex"]) == {"female", "male"}

    export(store, tmp_path / "w.sav", coded=[coded])
    frame, about = pyreadstat.read_sav(tmp_path / "w.sav", user_missing=True)
    assert list(frame.columns)[-2:] == ["q2", "why_coded"]
    assert frame["why_coded"].tolist() == [1, 1, 1, -94, 2, 2, -94, -94, -92]
    labels = about.variable_value_labels["why_coded"]
    assert {code: labels[code] for code in (1, 2, 9, -94)} == {1: "Money", 2: "Time", 9: "Other", -94: UNCODED}
    assert about.variable_value_labels["q1"][-94] == "skipped by routing"
    assert about.column_names_to_labels["why_coded"].startswith("q2 in codes: What about q2? (coded by ana and ben")
    assert pyreadstat.read_sav(tmp_path / "w.sav")[0]["why_coded"].isna().sum() == 4
    export(store, tmp_path / "w.dta", coded=[coded])
    frame, about = pyreadstat.read_dta(tmp_path / "w.dta", user_missing=True)
    assert frame["why_coded"].tolist() == [1, 1, 1, "d", 2, 2, "d", "d", "b"]
    assert about.variable_value_labels["why_coded"]["d"] == UNCODED
    export(store, tmp_path / "w.csv", wide=True, coded=[coded])
    assert pd.read_csv(tmp_path / "w.csv")["why_coded"].fillna(-1).tolist() == [1, 1, 1, -1, 2, 2, -1, -1, -1]
    export(store, tmp_path / "c.xml", coded=[coded])
    assert UNCODED in (tmp_path / "c.xml").read_text()


def test_missing_codes_are_no_codes_of_a_codebook(store, tmp_path):
    coded = coded_in(store, tmp_path)
    moved = coded.model_dump(mode="json")
    moved["codebook"]["codes"][0]["code"] = -93
    moved["codes"] = [[who, n, -93 if code == 1 else code] for who, n, code in moved["codes"]]
    export(store, tmp_path / "w.sav", coded=[CodedAnswers.model_validate(moved)])
    frame, _ = pyreadstat.read_sav(tmp_path / "w.sav", user_missing=True)
    assert frame["why_coded"].tolist() == [-93, -93, -93, -194, 2, 2, -194, -194, -192]


def test_the_command_exports_codes_and_a_bundle_holds_them(store, tmp_path):
    codes = tmp_path / "codes.json"
    write_coded(coded_in(store, tmp_path), codes)
    made = command("export", store, "--codes", codes, "-o", tmp_path / "t.csv")
    assert made.exit_code == 0, made.output
    assert (pd.read_csv(tmp_path / "t.csv")["question"] == "why_coded").sum() == 9
    refused = command("export", store, "--codes", codes, "-o", tmp_path / "c.jsonl")
    assert "leave out --codes" in str(refused.exception)
    assert command("export", store, "--codes", codes, "-o", tmp_path / "b.zip").exit_code == 0
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        bundle.extractall(tmp_path / "again")
    again = [tmp_path / "again" / name for name in ("store.sqlite", "why_coded.codes.json")]
    told = json.loads(command("report", again[0], "--codes", again[1], "--json").output)
    assert told["cells"][0]["questions"][-1]["id"] == "why_coded"
    assert "why_coded.codes.json holds the answers to q2" in (tmp_path / "again" / "README.txt").read_text()


def test_a_notebook_gets_the_codes_in_its_frames(store, tmp_path):
    with open_coded(store, [coded_in(store, tmp_path)]) as results:
        assert results.frame(wide=True)["why_coded"].fillna(-1).tolist() == [1, 1, 1, -1, 2, 2, -1, -1, -1]
        assert (results.frame()["question"] == "why_coded").sum() == 9


def test_people_whose_open_answers_were_coded_are_put_together_with_the_wave(store, tmp_path):
    # Both of 1 and 2 name money, as their twins do; the others with a code are 3 (money), 5 and 6 (time).
    codes, people = tmp_path / "codes.json", tmp_path / "people.csv"
    coded = coded_in(store, tmp_path)
    write_coded(coded, codes)
    people.write_text("persona,question,code\n1,why_coded,1\n2,why_coded,1\n")
    made = command("combine", store, people, "--codes", codes, "--json")
    assert made.exit_code == 0, made.output
    shares = json.loads(made.output)["shares"]
    assert [(one["label"], one["people"], one["others"], one["alone"]) for one in shares] == [
        ("Money", 2, 3, 1.0),
        ("Time", 2, 3, 0.0),
        ("Other", 2, 3, 0.0),
    ]
    page = tmp_path / "r.html"
    assert command("report", store, "--codes", codes, "--people", people, "-o", page).exit_code == 0
    without = command("combine", store, people)
    assert "no closed question 'why_coded'" in str(without.exception)


def test_effects_of_a_split_ballot_on_an_open_question_are_those_on_its_codes(store, tmp_path):
    """The arm `public` asked everybody whose answer both coded as time, so its effect on money is all of it."""
    survey = {
        "id": "tiny",
        "title": "Tiny",
        "splits": [{"id": "form", "arms": {"plain": 1, "public": 1}}],
        "questions": [
            {"id": "q1", "text": "What about q1?", "options": "yes_no"},
            {"id": "q2", "kind": "text", "text": "Why?", "split": "form", "wordings": {"public": "Why, in public?"}},
        ],
    }
    coded = coded_in(store, tmp_path)
    with closing(sqlite3.connect(store)) as db, db:
        db.execute("UPDATE waves SET questionnaire = ?", (json.dumps(survey),))
        db.execute(
            """UPDATE answers SET presentation = iif(respondent_id < 5, '{"arm": "plain"}', '{"arm": "public"}')
            WHERE question_id = 2"""
        )
    with open_results(store) as results:
        [plain] = [table for table in effects_report(results).cells[0].tables if table.table == "arms"]
        assert not plain.rows
        assert plain.not_estimated[0][0] == "q2"
    with open_coded(store, [coded]) as results:
        found = arm_effects(results, results.cells[0], fewest=2)
        assert without_effect(results) == ()
    estimates = {each.outcome: each.effect.estimate for each in found.effects}
    assert estimates == {"share of 1: Money": -1.0, "share of 2: Time": 1.0, "share of 9: Other": 0.0}
    assert (found.questions, found.answers) == (("why_coded",), 5)


def test_codes_of_a_question_without_a_split_are_told_to_have_no_effects(store, tmp_path):
    codes = tmp_path / "codes.json"
    write_coded(coded_in(store, tmp_path), codes)
    survey = {"id": "tiny", "title": "Tiny", "questions": [{"id": "q2", "kind": "text", "text": "Why?"}]}
    with closing(sqlite3.connect(store)) as db, db:
        db.execute("UPDATE waves SET questionnaire = ?", (json.dumps(survey),))
    made = command("report", store, "--codes", codes, "--effects")
    assert made.exit_code == 0, made.output
    assert "'q2' belongs to no split ballot, so 'why_coded' is in no table" in " ".join(made.output.split())


def test_codes_count_only_where_their_answers_are(store, tmp_path):
    other = tmp_path / "b.sqlite"
    shutil.copy(store, other)
    codes = tmp_path / "codes.json"
    write_coded(coded_in(store, tmp_path), codes)
    changed = MadeUp.__new__(MadeUp)
    changed.path = other
    changed.change("UPDATE answers SET text = 'other words' WHERE respondent_id = 1 AND question_id = 2")
    with pytest.raises(DocumentError, match="no store here holds the 8 answers to 'q2'"):
        read_coded([codes], [other])
    [coded] = read_coded([codes], [other, store])
    with open_coded(other, [coded]) as results:
        assert [question.name for question in results.questions] == ["q1", "q2"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"codes": [[1, 0, 7]]}, "7 is no code of 'why_coded'"),
        ({"codes": [[1, 0, 1], [1, 0, 2]]}, "has two codes"),
        ({"codes": [[77, 0, 1]]}, "an answer that is not among them"),
        ({"codes": [[10**30, 0, 1]]}, "an answer that is not among them"),
        ({"codebook": {**BOOK.model_dump(mode="json"), "id": "q1"}}, "there is a question 'q1' already"),
        (None, "no codes as `demoscope code read -o` writes them"),
    ],
)
def test_files_that_are_no_codes_are_told(store, tmp_path, change, told):
    codes = tmp_path / "codes.json"
    content = coded_in(store, tmp_path).model_dump(mode="json")
    codes.write_text("[" if change is None else json.dumps(content | change))
    with pytest.raises(DocumentError, match=told):
        open_coded(store, read_coded([codes], [store]))
