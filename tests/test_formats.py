"""Formats of other tools: what is read, what is written, and that nothing is dropped silently."""

import json
import shutil
import subprocess
import sys
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


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).resolve().parents[1] / "run_simulation.py"
    return subprocess.run([sys.executable, script, "convert", *map(str, arguments)], capture_output=True, text=True)


def test_convert_says_what_was_written_and_what_was_left_out(tmp_path):
    find_format("yaml").write(portable(translated=False), tmp_path / "a.yaml")
    done = command(tmp_path / "a.yaml", tmp_path / "a.xlsx")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"9 questions read as yaml, written as xlsform: {tmp_path / 'a.xlsx'}",
        "Left out, in our documents and not in xlsform (1):",
        "  likes, option 5: exclusive: True (XLSForm has nothing like it)",
    ]
    done = command(tmp_path / "a.xlsx", tmp_path / "b.csv", "--json")
    assert json.loads(done.stdout)["written_as"] == "csv"
    for arguments in (
        ("absent.yaml", "b.csv"),
        (tmp_path / "a.yaml", "b.pages"),
        (tmp_path / "a.yaml", tmp_path / "no" / "b.csv"),
    ):
        done = command(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("demoscope: ") and "Traceback" not in done.stderr


QSF_QUESTION = {"QuestionText": "A?", "QuestionType": "MC", "Selector": "SAVR", "ChoiceOrder": ["1", "2"]}


def qsf(folder: Path, *questions: dict, elements: list[dict] | None = None, flow: list[dict] | None = None) -> Path:
    """A QSF file with one block of these questions, QID1 and so on."""
    listed = elements or [{"Type": "Question", "QuestionID": f"QID{n}"} for n in range(1, len(questions) + 1)]
    block = {"Type": "Default", "ID": "BL_1", "Description": "Default Question Block", "BlockElements": listed}
    payloads = [
        {
            "Choices": {"1": {"Display": "Yes"}, "2": {"Display": "No"}},
            **QSF_QUESTION,
            "DataExportTag": f"Q{n}",
            **question,
        }
        | {"QuestionID": f"QID{n}"}
        for n, question in enumerate(questions, start=1)
    ]
    content = [
        {"Element": "BL", "Payload": [block]},
        {"Element": "FL", "Payload": {"Flow": flow or [{"Type": "Block", "ID": "BL_1"}]}},
        *({"Element": "SQ", "Payload": payload} for payload in payloads),
    ]
    path = folder / "a.qsf"
    path.write_text(json.dumps({"SurveyEntry": {"SurveyName": "A"}, "SurveyElements": content}))
    return path


def chosen(locator: str, **more: object) -> dict:
    return {"LogicType": "Question", "ChoiceLocator": f"q://{locator}", "Operator": "Selected", **more}


def test_qualtrics_skip_logic_becomes_go_to_and_the_end_of_a_branch_too(tmp_path):
    rule = {"ChoiceLocator": "q://QID1/SelectableChoice/2", "Condition": "Selected", "SkipToDestination": "QID3"}
    out = rule | {"SkipToDestination": "ENDOFSURVEY", "ChoiceLocator": "q://QID2/SelectableChoice/1"}
    elements = [
        {"Type": "Question", "QuestionID": "QID1", "SkipLogic": [rule]},
        {"Type": "Question", "QuestionID": "QID2", "SkipLogic": [out]},
        {"Type": "Question", "QuestionID": "QID3"},
    ]
    flow = [
        {"Type": "Block", "ID": "BL_1"},
        {
            "Type": "Branch",
            "BranchLogic": {"0": {"0": chosen("QID3/SelectableChoice/1")}},
            "Flow": [{"Type": "EndSurvey"}],
        },
    ]
    found = read_questionnaire(qsf(tmp_path, {}, {}, {}, elements=elements, flow=flow))[0].questionnaire
    rules = [[(rule.to, rule.when) for rule in question.go_to] for question in found.questions]
    assert rules == [[("Q3", "Q1 == 2")], [("end", "Q2 == 1")], [("end", "Q3 == 1")]]


def test_qualtrics_recode_values_are_the_codes_and_display_logic_asks_for_them(tmp_path):
    logic = {"0": {"0": chosen("QID1/SelectableChoice/1"), "1": chosen("QID1/SelectableChoice/2", Conjuction="Or")}}
    field = {"LogicType": "EmbeddedField", "LeftOperand": "arm", "Operator": "EqualTo", "RightOperand": "B"}
    path = qsf(
        tmp_path,
        {"RecodeValues": {"1": "5", "2": "7"}, "AnalyzeChoices": {"2": "No"}},
        {
            "DisplayLogic": logic,
            "QuestionText": "You said ${q://QID1/ChoiceGroup/SelectedChoices}, ${e://Field/arm}?",
        },
        {"DisplayLogic": {"0": {"0": field}}},
        {"QuestionType": "HeatMap"},
    )
    reading, _ = read_questionnaire(path)
    found = reading.questionnaire
    assert [(option.code, option.kind) for option in found["Q1"].options] == [(5, "substantive"), (7, "nonresponse")]
    assert found["Q2"].show_if == "Q1 == 5 or Q1 == 7"
    assert found["Q2"].text == "You said {{ Q1 }}, [e://Field/arm]?"
    assert found["Q3"].show_if is None
    said = "\n".join(map(str, reading.left_out))
    assert "question QID3: the display logic (it asks about EmbeddedField arm)" in said
    assert "question QID4: a question of type HeatMap (there is no such kind of question here)" in said


def test_qualtrics_constant_sums_side_by_side_and_sliders_are_read(tmp_path):
    column = {"QuestionType": "Matrix", "Selector": "Likert", "SubSelector": "SingleAnswer", "QuestionText": "Now"}
    column |= {"Answers": {"1": {"Display": "Low"}, "2": {"Display": "High"}}, "AnswerOrder": [1, 2]}
    path = qsf(
        tmp_path,
        {"QuestionType": "CS", "Selector": "VRTL", "Validation": {"Settings": {"ChoiceTotal": "100"}}},
        {"QuestionType": "SBS", "AdditionalQuestions": {"1": column, "2": column | {"QuestionText": "Then"}}},
        {"QuestionType": "Slider", "Configuration": {"CSSliderMin": 0, "CSSliderMax": 10, "NotApplicable": True}},
    )
    reading = read_questionnaire(path)[0]
    found = reading.questionnaire
    assert "the box for what is not applicable" in "\n".join(map(str, reading.left_out))
    assert found["Q1"].total == 100
    assert [entry.text for entry in found.entries[1:3]] == ["A?\nNow", "A?\nThen"]
    assert found.entries[3].answers == "scale" and len(found.entries[3].items) == 2


def test_surveyjs_additions_to_the_choices_become_options(tmp_path):
    path = tmp_path / "a.json"
    element = {"type": "checkbox", "name": "q", "title": {"default": "Q?", "de": "F?"}, "choices": ["a", "b"]}
    more = {"showNoneItem": True, "showOtherItem": True, "showDontKnowItem": True, "choicesOrder": "random"}
    later = {
        "type": "boolean",
        "name": "b",
        "visibleIf": "{q} anyof ['a', 'none'] and {q} notempty",
        "requiredIf": "{q} = 1",
    }
    path.write_text(json.dumps({"elements": [element | more, later]}))
    reading, _ = read_questionnaire(path)
    found = reading.questionnaire
    assert [(o.code, o.label, o.kind, o.exclusive, o.pinned) for o in found["q"].options] == [
        (1, "a", "substantive", False, False),
        (2, "b", "substantive", False, False),
        (3, "None", "substantive", True, True),
        (4, "Other (describe)", "substantive", False, True),
        (5, "Don't know", "nonresponse", True, False),
    ]
    assert found["b"].show_if == "(1 in q or 3 in q) and answered(q)"
    assert [(o.code, o.label) for o in found["b"].options] == [(1, "Yes"), (0, "No")]
    assert found.translations["de"].words["q"].text == "F?"
    said = "\n".join(map(str, reading.left_out))
    assert "choicesOrder: random" in said and "requiredIf: {q} = 1" in said


def test_go_to_becomes_skip_logic_where_qualtrics_can_skip(tmp_path):
    options = [{"code": 4, "label": "Yes"}, {"code": 2, "label": "No"}]
    entries = [
        {"id": "a", "text": "A?", "options": options, "go_to": [{"to": "c", "when": "a == 2"}]},
        {"id": "b", "text": "B?", "options": options, "go_to": [{"to": "end", "when": "b == 4"}]},
        {"id": "c", "text": "C?", "options": options, "go_to": [{"to": "d", "when": "a == 4"}]},
        {"id": "d", "text": "D?", "options": options},
    ]
    there = Questionnaire.model_validate({"id": "jumps", "title": "Jumps", "questions": entries})
    back, lost, _ = round_trip(there, "qualtrics", tmp_path)
    assert lost == ["question c: go_to d when a == 4 (Qualtrics skips on choices of the same question)"]
    assert [question.go_to for question in back.questions] == [
        q.go_to if q.id != "c" else () for q in there.questions
    ]


def test_loops_and_scales_survive_in_surveyjs_and_qualtrics(tmp_path):
    inside = [{"id": "often", "text": "How often {{ item }}?", "kind": "number", "whole": True}]
    entries = [
        {"id": "warm", "kind": "scale", "text": "How warm?", "minimum": 0, "maximum": 4, "low_label": "Cold"},
        {"kind": "section", "id": "part", "title": "part", "show_if": "warm > 2 or warm == 0"}
        | {"questions": [{"id": "why", "kind": "text", "text": "Why {{ warm }}?"}]},
        {"kind": "loop", "id": "drinks", "over": ["tea", "milk"], "questions": inside},
    ]
    there = Questionnaire.model_validate({"id": "rounds", "title": "Rounds", "questions": entries})
    back, lost, missed = round_trip(there, "surveyjs", tmp_path)
    assert (back, lost, missed) == (there, [], [])
    back, _, _ = round_trip(there, "qualtrics", tmp_path)
    assert [question.text for question in back.questions] == [question.text for question in there.questions]
    assert back["warm"] == there["warm"]
    assert back["why"].show_if == there["why"].show_if


def test_an_option_without_a_code_in_a_translated_table_is_told_with_its_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "row,id,kind,code,text,text:zh\nquestionnaire,a,en,,Title,\nquestion,q,single,,Which?,\n"
        "option,,,,Yes,是\noption,,,2,No,否\n",
        encoding="utf-8",
    )
    with pytest.raises(DocumentError, match=r"a\.csv:4: an option needs a number in the column `code`"):
        read_questionnaire(path)
