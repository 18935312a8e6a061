"""What formats used to drop or to say wrongly: labels, orders, reasons, names of groups, formulas, odd characters."""

import csv
import io
import json

import pytest
from pydantic import ValidationError

from surveys.formats.comparisons import condition
from surveys.formats.conversion import read_questionnaire
from surveys.formats.logic import Untranslatable
from surveys.formats.registry import find_format
from tests.questionnaires import asking

FORMULA = "=cmd|' /C calc'!A0"


def lost(questionnaire, name, path) -> str:
    write = find_format(name).write
    assert write is not None
    return "\n".join(map(str, write(questionnaire, path)))


def test_options_without_labels_are_listed(tmp_path):
    path = tmp_path / "a.lss"
    lost(
        asking({"id": "q", "text": "?", "options": [{"code": 1, "label": "No"}, {"code": 2, "label": "Yes"}]}),
        "limesurvey",
        path,
    )
    path.write_text(path.read_text().replace("<answer>Yes</answer>", "<answer></answer>"))
    reading, _ = read_questionnaire(path)
    assert [option.label for option in reading.questionnaire["q"].options] == ["No", "2"]
    assert any("the labels of 1 options (2)" in str(one) for one in reading.left_out)


def test_surveyjs_shows_values_where_there_is_no_text_and_its_order_of_choices_is_listed(tmp_path):
    path = tmp_path / "a.json"
    element = {"type": "radiogroup", "name": "q", "choices": ["a", {"value": "b"}], "choicesOrder": "asc"}
    path.write_text(json.dumps({"elements": [element | {"showNoneItem": True}]}))
    reading, _ = read_questionnaire(path)
    assert [(option.label, option.pinned) for option in reading.questionnaire["q"].options] == [
        *(("a", False), ("b", False), ("None", True)),
    ]
    said = "\n".join(map(str, reading.left_out))
    assert "choicesOrder: asc (whether and how options change their order is chosen in the wave)" in said
    assert "labels" not in said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("count({q}) > 1", r"^count\(\) has no counterpart"),
        ("1 > 2", "^it compares 1.* with 2.*, and neither is an answer"),
        ("{q} = {r}", "^it compares two answers"),
        ("{q} > today()", r"^today\(\) has no counterpart; answers are compared with written values"),
    ],
)
def test_what_cannot_be_translated_says_what_it_is(text, why):
    with pytest.raises(Untranslatable, match=why):
        condition(text, lambda _: None)


def test_names_of_groups_that_a_tool_cannot_hold_are_listed(tmp_path):
    inside = [{"id": "q", "text": "?", "kind": "text"}]
    titled = {"kind": "section", "id": "one", "title": "Part one", "questions": inside}
    bare = {"kind": "section", "id": "two", "questions": [{"id": "r", "text": "?", "kind": "text"}]}
    loop = {"kind": "loop", "id": "three", "over": ["x"], "order": "random"}
    loop |= {"questions": [{"id": "s", "text": "?", "kind": "text"}]}
    there = asking(titled, bare, loop)
    for name, ending in (("limesurvey", "lss"), ("limesurvey_tsv", "txt")):
        said = lost(there, name, tmp_path / f"test.{ending}")
        assert "section one: id: one" in said and "section two: that it has no title" in said, name
    said = lost(there, "qualtrics", tmp_path / "test.qsf")
    assert "section one: id: one" in said and "section two: that it has no title" in said
    assert "loop three: id: three" in said
    back = read_questionnaire(tmp_path / "test.qsf")[0].questionnaire
    assert back.entries[2].questions[0].order == "random"
    for name, ending in (("surveyjs", "json"), ("xlsform", "xlsx")):
        assert "loop three: order: random" in lost(there, name, tmp_path / f"test.{ending}"), name


def test_formulas_are_texts_in_limesurveys_table_and_beside_defs_text(tmp_path):
    options = [{"code": 1, "label": FORMULA}, {"code": 2, "label": "-2 or less"}]
    there = asking({"id": "q", "text": FORMULA, "options": options, "dimension": "@sum", "instruction": "+1+1"})
    path = tmp_path / "test.txt"
    lost(there, "limesurvey_tsv", path)
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig")), dialect="excel-tab"))
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@")]
    back = read_questionnaire(path, "limesurvey_tsv")[0].questionnaire["q"]
    assert (back.text, back.instruction) == (FORMULA, "+1+1")
    assert [option.label for option in back.options] == [FORMULA, "-2 or less"]
    lost(there, "def", tmp_path / "def.txt")
    types = (tmp_path / "def_types.csv").read_text().splitlines()[1]
    assert types == "1,q,'@sum,single,"
    assert read_questionnaire(tmp_path / "def.txt", "def")[0].questionnaire["q"].dimension == "@sum"


@pytest.mark.parametrize("odd", ["\ufffe", "\uffff", "\x00", "\x0b"])
def test_characters_that_xml_forbids_are_refused_wherever_they_stand(odd):
    question = {"id": "q", "text": "?", "options": "yes_no"}
    for parts in (
        {"title": f"T{odd}"},
        {"translations": {"zh": {"title": f"T{odd}"}}},
        {"translations": {"zh": {"words": {"q": {"text": f"T{odd}"}}}}},
    ):
        with pytest.raises(ValidationError, match="control characters or such as no file can hold"):
            asking(question, **parts)
    for entry in (
        {"kind": "section", "id": "s", "title": f"T{odd}", "questions": [question]},
        {**question, "wordings": {"a": f"T{odd}"}},
        {"kind": "loop", "id": "l", "over": [f"T{odd}"], "questions": [question]},
    ):
        with pytest.raises(ValidationError, match="control characters or such as no file can hold"):
            asking(entry)
