"""Codes of open answers counted as a question of their own by summary, report, compare and differences."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

import run_simulation
from analysis.coded import CodedAnswers, open_coded, read_coded, write_coded
from analysis.coding import read_coding
from analysis.compare import compare_stores
from analysis.def_rules import def_rules
from analysis.reading import open_results
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
    effects = command("report", store, "--codes", codes, "--effects")
    assert "leave out --codes" in str(effects.exception)


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
