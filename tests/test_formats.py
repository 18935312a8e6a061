"""Formats of other tools: what is read, what is written, and that nothing is dropped silently."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from demoscope.errors import DocumentError
from surveys import Questionnaire
from surveys.formats.conversion import convert, read_questionnaire
from surveys.formats.interface import Format
from surveys.formats.registry import OURS, find_format, formats
from tests.every_kind import everything, portable

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "questionnaires"
TWO_WAY = {"yaml": ".yaml", "csv": ".csv", "surveyjs": ".json", "qualtrics": ".qsf", "xlsform": ".xlsx"}


EXPECTED_LOSSES = {
    "qualtrics": [
        "section papers: id: papers (a block of Qualtrics has a title alone)",
        "translation zh of papers: text: 报纸 (Qualtrics has no place for it)",
    ],
    "xlsform": ["likes, option 5: exclusive: True (XLSForm has nothing like it)"],
}
"""What the portable questionnaire has that these formats cannot hold."""


def sample(name: str) -> Path:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    return path


def round_trip(questionnaire: Questionnaire, name: str, folder: Path) -> tuple[Questionnaire, list[str], list[str]]:
    """What comes back, what was left out on the way out, and on the way in."""
    path = folder / f"{questionnaire.id}{TWO_WAY[name]}"
    kind = find_format(name)
    assert kind.write is not None
    lost = kind.write(questionnaire, path)
    reading = kind.read(path)
    return reading.questionnaire, [str(one) for one in lost], [str(one) for one in reading.left_out]


def without_losses(questionnaire: Questionnaire, name: str) -> list:
    """The entries as they are when what is lost on the way out is taken away."""
    options = tuple(option.model_copy(update={"exclusive": False}) for option in questionnaire["likes"].options)
    lost = {"xlsform": {"likes": {"options": options}}, "qualtrics": {"papers": {"id": "Newspapers"}}}.get(name, {})
    return [entry.model_copy(update=lost.get(entry.id, {})) for entry in questionnaire.entries]


@pytest.mark.parametrize("name", TWO_WAY)
def test_a_questionnaire_that_a_format_holds_survives_a_round_trip(name, tmp_path):
    there = portable(translated=name != "xlsform")
    back, lost, _ = round_trip(there, name, tmp_path)
    assert lost == EXPECTED_LOSSES.get(name, [])
    assert list(back.entries) == without_losses(there, name)
    assert back.title == there.title
    if name in ("yaml", "csv", "surveyjs"):
        assert back == there


def test_yaml_holds_everything(tmp_path):
    assert round_trip(everything(), "yaml", tmp_path) == (everything(), [], [])


def test_csv_holds_everything(tmp_path):
    assert round_trip(everything(), "csv", tmp_path) == (everything(), [], [])


@pytest.mark.parametrize("name", ["surveyjs", "qualtrics", "xlsform"])
def test_whatever_another_tool_cannot_hold_is_listed(name, tmp_path):
    _, lost, _ = round_trip(everything(), name, tmp_path)
    said = "\n".join(lost)
    for what in ("the conjoint", "the vignette", "wordings", "splits", "scoring", "exclude", "polarity", "dimension"):
        assert what in said, what


@pytest.mark.parametrize("name", ["qualtrics", "xlsform"])
def test_languages_survive(name, tmp_path):
    back, _, _ = round_trip(portable(), name, tmp_path)
    words = back.translations["zh"].words
    assert words["trust"].text == "你信任新闻界吗？"
    assert words["trust"].options == {1: "是", 2: "否"}
    assert words["agree"].options == {3: "否", 2: "部分", 1: "是"}
    assert words["agree_a"].text == "报纸说谎。"


def test_a_usual_set_of_options_is_written_by_its_name(tmp_path):
    there = Questionnaire.model_validate(
        {"id": "a", "title": "A", "questions": [{"id": "q", "text": "?", "options": "agree_5"}]}
    )
    path = tmp_path / "a.yaml"
    find_format("yaml").write(there, path)
    assert "options: agree_5" in path.read_text()


def test_formulas_are_texts_in_the_table_and_in_the_workbook(tmp_path):
    import openpyxl

    question = {"id": "q", "text": "=1+1", "options": [{"code": 1, "label": "@SUM(A1)"}, {"code": 2, "label": "-x"}]}
    there = Questionnaire.model_validate({"id": "a", "title": "+cmd|' /C calc'!A0", "questions": [question]})
    back, _, _ = round_trip(there, "csv", tmp_path)
    assert back == there
    cells = [cell for line in (tmp_path / "a.csv").read_text("utf-8-sig").splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.lstrip('"')[:1] in tuple("=+-@") and cell.lstrip('"')]
    back, _, _ = round_trip(there, "xlsform", tmp_path)
    assert back["q"].text == "=1+1"
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["survey"]
    assert not [cell for row in sheet for cell in row if cell.data_type == "f"]


def test_excel_may_save_the_table_with_semicolons(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("row;id;kind;code;text\nquestionnaire;a;;;A\nquestion;q;text;;Why?\n", encoding="utf-8-sig")
    assert read_questionnaire(path)[0].questionnaire["q"].text == "Why?"


def test_the_surveyjs_sample_is_read_as_its_tool_shows_it():
    reading, _ = read_questionnaire(sample("surveyjs_product_feedback.js"))
    found = reading.questionnaire
    assert [question.id for question in found.questions][:6] == [
        *("affordable", "does_what_it_claims", "better_then_others", "easy_to_use"),
        *("satisfaction", "recommend_friends"),
    ]
    assert found["recommend_friends"].show_if == "satisfaction > 3"
    assert (found["satisfaction"].minimum, found["satisfaction"].maximum) == (1, 5)
    assert found["satisfaction"].low_label == "Not satisfied"
    assert found["price"].options[0].label == "Yes, the price is about right"
    assert found["affordable"].options[-1].label == "Strongly agree"
    said = "\n".join(map(str, reading.left_out))
    assert "the values correct, low, high" in said and "showProgressBar" in said


def test_the_qualtrics_sample_is_read_as_its_tool_shows_it():
    content = json.loads(sample("customer_service_contact_center.qsf").read_text())
    payloads = {e["PrimaryAttribute"]: e["Payload"] for e in content["SurveyElements"] if e["Element"] == "SQ"}
    reading, _ = read_questionnaire(sample("customer_service_contact_center.qsf"))
    found = reading.questionnaire
    block = next(e["Payload"] for e in content["SurveyElements"] if e["Element"] == "BL")[0]
    asked = [payloads[e["QuestionID"]] for e in block["BlockElements"] if e["Type"] == "Question"]
    assert [question.id for question in found.questions] == [payload["DataExportTag"] for payload in asked]
    for payload in asked:
        question = found[payload["DataExportTag"]]
        if payload["QuestionType"] == "MC" and payload["Selector"] != "NPS":
            order = [str(number) for number in payload["ChoiceOrder"]]
            assert [o.label for o in question.options] == [payload["Choices"][number]["Display"] for number in order]
            assert [o.code for o in question.options] == [int(number) for number in order]
    assert (found["Q7"].minimum, found["Q7"].maximum, found["Q7"].high_label) == (0, 10, "Extremely likely")
    assert found.translations["de"].words["Q3"].options == {1: "Ja", 2: "Nein"}
    assert any("MinChars" in str(one) for one in reading.left_out)


def asked(children: list[dict]) -> Iterator[str]:
    """Names of what pyxform finds to be asked, the labels that it makes for tables left out."""
    kinds: tuple[str, ...] = ("select one", "select all that apply", "integer", "decimal", "text", "note")
    kinds += ("date", "time", "datetime", "dateTime", "barcode")
    made = ("reserved_name", "generated", "display_image_test")  # the last shows a picture alone
    for one in children:
        if one["type"] in ("group", "repeat"):
            yield from asked(one["children"])
        elif one["type"] in kinds and not any(part in one["name"] for part in made):
            yield one["name"]


def test_the_xlsform_sample_has_the_questions_and_options_that_pyxform_finds():
    xls2json = pytest.importorskip("pyxform.xls2json")
    path = sample("xlsform_spec_test.xlsx")
    form = xls2json.parse_file_to_json(str(path))

    theirs = list(asked(form["children"]))
    reading, _ = read_questionnaire(path)
    mine = [question.id for question in reading.questionnaire.questions]
    # Theirs has a repeat once, ours once for each of its two rounds; ids of ours are letters, digits and underscores.
    named = {"_1": "q_1", "FALSE": "FALSE_"}
    once = [named.get(name, name.replace("-", "_")) for name in theirs]
    rounds = [name for name in once if f"{name}_1" in mine]
    assert [name for name in mine if name in once] == [name for name in once if name not in rounds]
    assert [name for name in mine if name.removesuffix("_2") in rounds and name.endswith("_2")] == [
        f"{name}_2" for name in rounds
    ]
    assert set(mine) - set(once) == {f"{name}_{n}" for name in rounds for n in (1, 2)}
    assert [o.label for o in reading.questionnaire["skip_to_end"].options] == ["Yes", "No"]
    assert reading.questionnaire["my_name"].show_if == "not (skip_to_end == 1)"
    assert reading.questionnaire.translations["zh"].words["skip_to_end"].options == {1: "是", 2: "没有"}


def test_pyxform_accepts_what_is_written(tmp_path):
    xls2xform = pytest.importorskip("pyxform.xls2xform")
    path = tmp_path / "portable.xlsx"
    find_format("xlsform").write(portable(), path)
    made = xls2xform.convert(str(path), validate=False, pretty_print=False)
    for words in (
        "How old are you?",
        "你信任新闻界吗？",
        "/likes , '2')",
        ". &gt;= 18 and . &lt;= 99",
    ):
        assert words in made.xform, words


@pytest.mark.real
def test_survey_core_shows_what_is_written(tmp_path):
    node = shutil.which("node")
    found = node and subprocess.run([node, "-e", "require('survey-core')"], capture_output=True, cwd=tmp_path)
    if not found or found.returncode:
        pytest.skip("node with survey-core is not at hand (NODE_PATH names the folder it lies in)")
    path = tmp_path / "portable.json"
    find_format("surveyjs").write(portable(), path)
    script = """
        const { Model } = require('survey-core');
        const model = new Model(JSON.parse(require('fs').readFileSync(process.argv[1], 'utf8')));
        const seen = q => q.isVisible && q.parent.isVisible && q.page.isVisible;
        const shown = () => model.getAllQuestions().filter(seen).map(q => q.name);
        const before = shown();
        model.data = { trust: 1, age: 50, likes: [1], agree: { agree_a: 1 } };
        const after = shown();
        const trust = model.getQuestionByName('trust');
        const labels = trust.choices.map(c => [c.value, c.text]);
        model.locale = 'zh';
        const rows = model.getQuestionByName('agree').visibleRows.length;
        const zh = trust.choices.map(c => c.text);
        console.log(JSON.stringify({ before, after, labels, zh, rows, errors: model.jsonErrors || [] }));
    """
    done = subprocess.run([node, "-e", script, str(path)], capture_output=True, text=True, cwd=tmp_path, check=True)
    said = json.loads(done.stdout)
    assert said["before"] == ["hello", "trust", "likes", "age", "agree", "order"]
    assert said["after"] == ["hello", "trust", "likes", "age", "why", "agree", "order", "reads"]
    assert said["labels"] == [[1, "Yes"], [2, "No"]]
    assert said["zh"] == ["是", "否"]
    assert said["rows"] == 2
    assert said["errors"] == []


def test_a_format_is_told_by_ending_and_content(tmp_path):
    good = tmp_path / "portable.qsf"
    find_format("qualtrics").write(portable(), good)
    for ending, kind in ((".json", "surveyjs"), (".qsf", "qualtrics"), (".txt", "qualtrics")):
        path = tmp_path / f"a{ending}"
        shutil.copy(good, path)
        try:
            assert read_questionnaire(path)[1].name == kind
        except DocumentError:
            assert ending == ".json"  # a QSF named .json must be named on the command line
    assert read_questionnaire(tmp_path / "a.json", "qualtrics")[0].questionnaire["trust"].text.startswith("Do you")
    with pytest.raises(DocumentError, match="say --to, one of csv, "):
        convert(good, tmp_path / "a.pages")
    with pytest.raises(DocumentError, match="There is no format 'pages'; installed are"):
        convert(good, tmp_path / "a.yaml", "pages")
    with pytest.raises(DocumentError, match="written over the file"):
        convert(good, good)


def test_every_format_has_what_the_interface_asks_for():
    assert set(formats()) >= set(OURS)
    for name, kind in formats().items():
        assert isinstance(kind, Format) and kind.name == name
        assert not kind.recognises(b"") and not kind.recognises(b"\xff\x00 nothing")
