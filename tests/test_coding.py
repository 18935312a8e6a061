"""Open answers: a codebook, two coders, their agreement, and the codes as a question of their own."""

import csv
import json

import pytest
import yaml
from typer.testing import CliRunner

import run_simulation
from analysis.coding import answers_to, read_coding
from analysis.coding_commands import coding_lines
from analysis.reading import open_results
from demoscope.errors import DocumentError
from demoscope.open_answers import write_coding_sheet
from surveys.codebook import Codebook
from tests.results import MadeUp

BOOK = Codebook(
    id="why_coded",
    question="q2",
    codes=[{"code": 1, "label": "Money"}, {"code": 2, "label": "Time"}, {"code": 9, "label": "Other"}],
)


@pytest.fixture
def store(tmp_path):
    made = MadeUp(tmp_path / "a.sqlite")
    made.cell()
    made.question(1, ["No", "Yes"])
    made.question(2, [], kind="text")
    made.people([{"sex": "female", "age": 30}] * 9)
    made.answers([(who, 2, "answered", []) for who in range(1, 9)])
    made.answers([(9, 2, "invalid", [])])
    made.change("UPDATE answers SET text = '=words of ' || respondent_id WHERE status = 'answered'")
    return made.path


def sheet(folder, name, codes, coder=None):
    path = folder / f"{name}.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("answer", "respondent", "replicate", "text", "code", "coder"))
        for n, (who, code) in enumerate(codes.items()):
            table.writerow((n + 1, who, 0, "", code, (coder or name) if n == 0 else ""))
    return path


def filled(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


ANA = {1: 1, 2: 1, 3: 1, 4: 1, 5: 2, 6: 2, 7: 2, 8: ""}
BEN = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 1, 8: 9}


def test_the_sheet_has_every_open_answer_once_and_tells_no_condition(store, tmp_path):
    (tmp_path / "book.yaml").write_text(yaml.safe_dump(BOOK.model_dump(mode="json")))
    out = tmp_path / "sheet.csv"
    arguments = ["code", "sheet", str(store), str(tmp_path / "book.yaml"), str(out)]
    assert CliRunner().invoke(run_simulation.app, arguments).exit_code == 0
    rows = filled(out)
    assert sorted(int(row["respondent"]) for row in rows) == list(range(1, 9))  # the ninth reply was not understood
    assert all(row["text"] == f"'=words of {row['respondent']}" for row in rows)  # no spreadsheet runs it
    assert "def x model" not in out.read_text()
    with pytest.raises(DocumentError, match="may hold codes"), open_results(store) as results:
        write_coding_sheet(out, answers_to(results, BOOK))


def test_kappa_counts_agreement_beyond_chance_and_only_agreed_codes_count(store, tmp_path):
    # Seven coded by both, 5 alike; by chance 4/7 * 4/7 + 3/7 * 3/7 = 25/49. Kappa: (5/7 - 25/49) / (1 - 25/49).
    with open_results(store) as results:
        found = read_coding(results, BOOK, [sheet(tmp_path, "ana", ANA), sheet(tmp_path, "ben", BEN)])
    assert (found.coders, found.both, found.agreed) == (("ana", "ben"), 7, 5)
    assert found.kappa == pytest.approx(10 / 24)
    assert found.disputed == ((4, 0, 1, 2), (7, 0, 2, 1))
    [cell] = found.cells
    assert (cell.answers, cell.coded) == (8, 5)
    assert [one.answers for one in cell.shares] == [3, 2, 0]
    assert cell.shares[0].share == pytest.approx(3 / 5)
    assert cell.shares[0].low < 3 / 5 < cell.shares[0].high


def test_a_third_person_settles_what_the_two_dispute_and_nothing_else(store, tmp_path):
    sheets = [sheet(tmp_path, "ana", ANA), sheet(tmp_path, "ben", BEN)]
    with open_results(store) as results:
        found = read_coding(results, BOOK, sheets, sheet(tmp_path, "eva", {4: 1, 7: 9}))
        assert found.disputed == ()
        assert found.settled == 2
        assert [one.answers for one in found.cells[0].shares] == [4, 2, 1]
        assert found.kappa == pytest.approx(10 / 24)  # the agreement is that of the two
        with pytest.raises(DocumentError, match="do not differ"):
            read_coding(results, BOOK, sheets, sheet(tmp_path, "max", {1: 2}))


@pytest.mark.parametrize(
    ("second", "coder", "told"),
    [
        ({1: 5}, None, "'5' is no code"),
        ({1: "x"}, None, "'x' is no code"),
        ({77: 1}, None, "respondent 77 gave no answer"),
        ({9: 1}, None, "respondent 9 gave no answer"),
        ({8: 1}, None, "No answer was coded by both"),
        ({1: 1}, "ana", "filled in both sheets"),
        ({1: 1}, " ", "there are none"),
    ],
)
def test_mistakes_on_sheets_are_told(store, tmp_path, second, coder, told):
    sheets = [sheet(tmp_path, "ana", ANA), sheet(tmp_path, "ben", second, coder)]
    with open_results(store) as results, pytest.raises(DocumentError, match=told):
        read_coding(results, BOOK, sheets)


def test_only_open_questions_are_coded(store):
    with open_results(store) as results:
        with pytest.raises(DocumentError, match="kind single"):
            answers_to(results, BOOK.model_copy(update={"question": "q1"}))
        with pytest.raises(DocumentError, match="no question 'q7'"):
            answers_to(results, BOOK.model_copy(update={"question": "q7"}))


def test_a_codebook_has_every_code_once():
    with pytest.raises(ValueError, match="the code 1 is there twice"):
        Codebook(id="b", question="q", codes=[{"code": 1, "label": "A"}, {"code": 1, "label": "B"}])


def test_the_command_shows_agreement_and_writes_what_is_disputed(store, tmp_path):
    (tmp_path / "book.yaml").write_text(yaml.safe_dump(BOOK.model_dump(mode="json")))
    sheets = [str(sheet(tmp_path, "ana", ANA)), str(sheet(tmp_path, "ben", BEN))]
    base = ["code", "read", str(store), str(tmp_path / "book.yaml"), *sheets]
    done = CliRunner().invoke(run_simulation.app, [*base, "--disputed", str(tmp_path / "third.csv")])
    assert done.exit_code == 0, done.output
    assert "71% of them alike. Cohen's kappa 0.42" in done.output
    rows = filled(tmp_path / "third.csv")
    assert sorted(row["respondent"] for row in rows) == ["4", "7"]
    found = json.loads(CliRunner().invoke(run_simulation.app, [*base, "--json"]).output)
    assert found["agreed"] == 5


def test_agreement_that_is_no_better_than_chance_is_no_negative_nought(store, tmp_path):
    ana, ben = {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}, {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 9}
    # 3 of 6 alike, and by chance 1 * 3/6 as many
    with open_results(store) as results:
        found = read_coding(results, BOOK, [sheet(tmp_path, "ana", ana), sheet(tmp_path, "ben", ben)])
    assert found.kappa == pytest.approx(0)
    assert "kappa 0.00" in "\n".join(coding_lines(found))
    assert "kappa 0.00" in found.codes.question(3, "Why?").text
