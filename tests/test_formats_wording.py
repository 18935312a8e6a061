"""Wordings on their way through other tools: angle brackets, entities and braces arrive as they were written."""

import json
import os

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from demoscope.errors import DocumentError
from surveys import Questionnaire
from surveys.formats.conversion import read_questionnaire
from surveys.formats.registry import find_format, formats

LABELS = ("<18", "<18 or >65", "<other>", "R&D <b>x</b> &lt;y&gt;")
WORDING = "Rate <brand> from 1 to 5, where a<b and c>d &amp; so on."
WRITABLE = [name for name, kind in formats().items() if kind.write is not None]


def asked(text: str) -> Questionnaire:
    options = [{"code": code, "label": label} for code, label in enumerate(LABELS, start=1)]
    note = {"id": "n", "kind": "note", "text": f"Please note: {text}"}
    return Questionnaire(id="a", title="<A> & b", questions=[{"id": "q", "text": text, "options": options}, note])


@pytest.mark.parametrize("name", WRITABLE)
def test_angle_brackets_and_entities_survive_every_format(name, tmp_path):
    kind = find_format(name)
    path = tmp_path / f"English_questionaires{kind.suffixes[0]}"
    kind.write(asked(WORDING), path)
    back = kind.read(path).questionnaire
    question, *notes = back.questions
    assert question.text == WORDING
    assert [option.label for option in question.options] == list(LABELS)
    assert [note.text for note in notes] in ([], [f"Please note: {WORDING}"])
    if name != "def":
        assert back.title == "<A> & b"


def test_labels_of_a_data_file_keep_their_angle_brackets(tmp_path):
    path = tmp_path / "a.sav"
    frame = pd.DataFrame({"a": [1.0]})
    labels = {"a": {1.0: "<none>", 2.0: "R&D <b>x</b>", 3.0: "<1h"}}
    pyreadstat.write_sav(frame, str(path), column_labels=["Income <1000 or >5000"], variable_value_labels=labels)
    (question,) = read_questionnaire(path)[0].questionnaire.questions
    assert question.text == "Income <1000 or >5000"
    assert [option.label for option in question.options] == ["<none>", "R&D <b>x</b>", "<1h"]


def test_markup_is_taken_out_where_the_tool_shows_html_and_unknown_tags_are_listed(tmp_path):
    path = tmp_path / "a.json"
    page = "<p>How <b>old</b>?</p><brand>"
    path.write_text(
        json.dumps(
            {
                "elements": [
                    {"type": "html", "name": "n", "html": page},
                    {"type": "text", "name": "q", "title": "<b>?"},
                ]
            }
        )
    )
    reading, _ = read_questionnaire(path)
    assert [question.text for question in reading.questionnaire.questions] == ["How old?", "<b>?"]
    assert [str(one) for one in reading.left_out] == [
        "html n: the tag <brand> (no browser knows it, so nothing of it was shown)"
    ]


@pytest.mark.parametrize(
    ("name", "there"),
    [("surveyjs", "Say { q} or ${ q}."), ("xlsform", "Say {q} or $ {q}."), ("qualtrics", "Say {q} or $ {q}.")],
)
def test_braces_of_a_wording_insert_no_answer_and_are_listed(name, there, tmp_path):
    yes_no = [{"code": 1, "label": "Yes"}, {"code": 2, "label": "No"}]
    questions = [
        {"id": "q", "text": "So?", "options": yes_no},
        {"id": "r", "text": "Say {q} or ${q}.", "kind": "text"},
    ]
    kind = find_format(name)
    path = tmp_path / f"a{kind.suffixes[0]}"
    lost = kind.write(Questionnaire(id="a", title="A", questions=questions), path)
    assert any("so a blank was added" in one.why for one in lost)
    assert kind.read(path).questionnaire["r"].text == there


def test_characters_that_no_file_can_hold_are_refused_when_a_questionnaire_is_loaded(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text('id: a\ntitle: A\nquestions:\n- {id: q, text: "a\\uFFFEb", kind: text}\n')
    with pytest.raises(DocumentError, match="such as no file can hold"):
        read_questionnaire(path)


def test_a_condition_that_a_workbook_cannot_hold_is_written_with_signs_and_listed(tmp_path):
    path = tmp_path / "a.xlsx"
    ask, later = ({"id": name, "text": "Why?", "kind": "text"} for name in ("q", "r"))
    there = Questionnaire(id="a", title="A", questions=[ask, later | {"show_if": "q == 'a\uffffb'"}])
    lost = find_format("xlsform").write(there, path)
    assert "sheet survey, r: characters that no file can hold" in str(lost[-1])
    assert read_questionnaire(path)[0].questionnaire["r"].show_if == 'q == "a\ufffdb"'


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    for name in ("a.json", "a.yaml", "a.csv", "a.xlsx"):
        path = tmp_path / name
        os.mkfifo(path)
        with pytest.raises(DocumentError, match="not a file"):
            read_questionnaire(path)


def test_only_the_code_that_limesurvey_cannot_have_changes(tmp_path):
    options = [{"code": code, "label": str(code)} for code in (-1, 2, 1, 1_000_000)]
    path = tmp_path / "a.lss"
    kind = find_format("limesurvey")
    lost = kind.write(
        Questionnaire(id="a", title="A", questions=[{"id": "q", "text": "?", "options": options}]), path
    )
    assert [one.what for one in lost if "code" in one.what] == ["the code -1", "the code 1000000"]
    question = kind.read(path).questionnaire["q"]
    assert [(option.code, option.label) for option in question.options] == [
        (3, "-1"),
        (2, "2"),
        (1, "1"),
        (4, "1000000"),
    ]


@pytest.mark.parametrize("name", ["ddi", "def"])
def test_a_stem_and_an_item_that_are_too_long_together_are_cut_and_listed(name, tmp_path):
    battery = {"kind": "battery", "id": "b", "text": "x" * 40_000, "options": "yes_no"}
    whole = Questionnaire(id="a", title="A", questions=[battery | {"items": [{"id": "i", "text": "y" * 20_000}]}])
    kind = find_format(name)
    path = tmp_path / f"English_questionaires{kind.suffixes[0]}"
    assert any(one.what.startswith("the end of a long") for one in kind.write(whole, path))
    assert kind.read(path).questionnaire["i"].text.startswith("xxx")


def test_full_width_formulas_are_texts_in_our_table_too(tmp_path):
    path = tmp_path / "a.csv"
    whole = Questionnaire(id="a", title="A", questions=[{"id": "q", "text": "＝1+1", "kind": "text"}])
    find_format("csv").write(whole, path)
    assert "'＝1+1" in path.read_text(encoding="utf-8-sig")
    assert read_questionnaire(path)[0].questionnaire == whole


@pytest.mark.parametrize("name", ["ddi", "limesurvey", "limesurvey_tsv", "spss", "stata", "surveyjs"])
def test_an_id_that_the_files_name_does_not_say_is_listed(name, tmp_path):
    kind = find_format(name)
    assert kind.write is not None
    whole = Questionnaire(id="mine", title="A", questions=[{"id": "q", "text": "Why?", "kind": "text"}])
    lost = kind.write(whole, tmp_path / f"a{kind.suffixes[0]}")
    assert "questionnaire: id: mine (it is read again as 'a', the file's name)" in map(str, lost)
    assert not any("id: mine" in str(one) for one in kind.write(whole, tmp_path / f"mine{kind.suffixes[0]}"))


def test_a_hint_in_another_language_is_no_hint_and_a_label_in_another_is_listed(tmp_path):
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "survey"
    sheet.append(["type", "name", "label::English (en)", "label::French (fr)", "hint::French (fr)"])
    sheet.append(["text", "q", "Why?", "Pourquoi ?", "Dites"])
    sheet.append(["text", "r", "", "Quand ?", ""])
    book.save(path)
    reading, _ = read_questionnaire(path)
    first, second = reading.questionnaire.questions
    assert (first.text, first.instruction, second.text) == ("Why?", None, "Quand ?")
    assert any("its label is in French" in str(one) for one in reading.left_out)


def test_columns_and_elements_that_limesurvey_does_not_know_are_listed(tmp_path):
    path = tmp_path / "a.lss"
    kind = find_format("limesurvey")
    kind.write(asked("Why?"), path)
    text = path.read_text()
    more = (
        text.replace("</document>", "<extra>more</extra></document>")
        .replace("<type><![CDATA[L]]></type>", "<type><![CDATA[L]]></type><shade>blue</shade>")
        .replace("<type>L</type>", "<type>L</type><shade>blue</shade>")
    )
    path.write_text(more)
    said = [str(one) for one in kind.read(path).left_out]
    assert any("the element extra" in one for one in said)
    assert any("its shade 'blue'" in one for one in said)
