"""Column mappings: a document that says which columns of the reader's own file answer which questions."""

import json
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from demoscope.columns import read_columns, read_header
from demoscope.errors import DocumentError
from surveys.formats.codebook import read_codebook
from surveys.formats.columns import FORMAT

MAPPING = """\
id: my_survey
title: My copy of the survey
source: The archive, under its terms.
file: data.csv
missing: {-1: Don't know, -2: No answer}
drop: [-4]
columns:
  - {column: Q1, text: How important is family?, options: {1: Very, 2: Rather, 3: Not}, dimension: IDV, polarity: -1}
  - {column: Q240, id: left_right, kind: scale, text: "Left or right, from 1 to 10?", minimum: 1, maximum: 10}
  - {column: X003, id: age, kind: number, text: Your age?, minimum: 16, unit: years, missing: {-5: Unknown}}
"""
DATA = "Q1,Q240,X003,W\n1,5,40,0.7\n2,1,20,1\n-1,10,-5,1\n-4,3,33,1\n7,3,33,1\n"


def read(folder, mapping=MAPPING, data=DATA):
    (folder / "data.csv").write_text(data, encoding="utf-8")
    path = folder / "mapping.yaml"
    path.write_text(mapping, encoding="utf-8")
    return FORMAT.read(path)


def test_columns_become_questions_with_their_missing_codes(tmp_path):
    asked = read(tmp_path).questionnaire
    family, side, age = asked.questions
    assert (asked.id, asked.source) == ("my_survey", "The archive, under its terms.")
    assert (family.id, family.dimension, family.polarity) == ("Q1", "IDV", -1)
    assert [(option.code, option.label, option.kind) for option in family.options] == [
        (1, "Very", "substantive"),
        (2, "Rather", "substantive"),
        (3, "Not", "substantive"),
        (-1, "Don't know", "nonresponse"),
        (-2, "No answer", "nonresponse"),
    ]
    assert (side.id, side.kind, side.minimum, side.maximum) == ("left_right", "scale", 1, 10)
    assert (age.id, age.kind, age.unit) == ("age", "number", "years")


def test_values_that_the_mapping_does_not_know_are_told(tmp_path):
    lost = [str(item) for item in read(tmp_path).left_out]
    assert lost == [
        "column Q1: the values 7 (the mapping has neither an option nor a missing code for them)",
        "column X003: the missing values -5 (a number has no options of their own)",
        "the file: 1 columns (W) (the mapping does not name them)",
    ]


def test_values_outside_a_scale_or_below_a_minimum_are_told(tmp_path):
    # The scale runs from 1 to 10, ages from 16 on; -2 means no answer everywhere, -5 for ages, -4 is never offered.
    data = "Q1,Q240,X003\n1,11,5\n2,-1,40\n2,-2,-5\n2,-4,n/a\n2,2.5,16.5\n2,,\n2,-9,20\n"
    lost = [str(item) for item in read(tmp_path, data=data).left_out]
    assert lost == [
        "column Q240: the values -9, 11, 2.5 (they answer no such scale and are no missing code)",
        "column X003: the values 5, n/a (they answer no such number and are no missing code)",
        "column X003: the missing values -5 (a number has no options of their own)",
    ]


def test_labels_of_an_spss_file_are_used_where_the_mapping_says_nothing(tmp_path):
    pyreadstat.write_sav(
        pd.DataFrame({"Q1": [1.0], "Q2": [1.0]}), tmp_path / "data.sav", column_labels=["Family?", "Friends?"],
        variable_value_labels={"Q1": {1: "Yes", 2: "No", -1: "Don't know", -4: "Not asked"},
                               "Q2": {1: "Yes", 2: "No", 9: "Refused"}},
        missing_ranges={"Q2": [9]},
    )  # fmt: skip
    mapping = """\
id: m
title: M
file: data.sav
missing: {-1: Weiß nicht, -2: Keine Angabe}
drop: [-4]
columns: [{column: Q1}, {column: Q2, text: Are friends important?}]
"""
    first, second = read(tmp_path, mapping).questionnaire.questions
    assert first.text == "Family?"
    assert [(option.code, option.label, option.kind) for option in first.options] == [
        (1, "Yes", "substantive"),
        (2, "No", "substantive"),
        (-1, "Don't know", "nonresponse"),
    ]
    assert second.text == "Are friends important?"
    assert second.options[2].kind == "nonresponse"


CODEBOOK = {
    "Q1": {
        "question": "Important in life: Family",
        "question_instruction": "Use this card.",
        "choices": {"2": "Rather", "1": "Very", "-1": "Don't know", "-4": "Not asked"},
    },
    "Q48": {
        "question": "How much freedom?",
        "choices": {"10": "A great deal", "9": "9", "1": "None at all", "-1": "DK"},
    },
    "Q99": {"question": "Not in the file", "choices": {}},
}


def test_a_codebook_words_the_columns_of_a_csv_file(tmp_path):
    (tmp_path / "codebook.json").write_text(json.dumps(CODEBOOK), encoding="utf-8")
    mapping = """\
id: own
title: Own copy
file: data.csv
codebook: codebook.json
drop: [-4]
columns: [{column: Q1}, {column: Q48, kind: scale}]
"""
    reading = read(tmp_path, mapping, "Q1,Q48,W\n1,10,1\n-4,0,1\n3,-1,1\n")
    family, freedom = reading.questionnaire.questions
    assert (family.text, family.instruction) == ("Important in life: Family", "Use this card.")
    assert [(option.code, option.label, option.kind) for option in family.options] == [
        (1, "Very", "substantive"),
        (2, "Rather", "substantive"),
        (-1, "Don't know", "nonresponse"),
    ]
    assert (freedom.minimum, freedom.maximum) == (1, 10)
    assert (freedom.low_label, freedom.high_label) == ("None at all", "A great deal")
    assert [str(item) for item in reading.left_out] == [
        "column Q1: the values 3 (the mapping has neither an option nor a missing code for them)",
        "column Q48: the values 0 (they answer no such scale and are no missing code)",
        "column Q48: the missing values -1 (a scale has no options of their own)",
        "the file: 1 columns (W) (the mapping does not name them)",
    ]


@pytest.mark.parametrize(
    ("content", "told"), [("[]", "no codebook"), ('{"Q1": "Family"}', "no `choices`"), ("{", "codebook.json")]
)
def test_what_is_no_codebook_is_refused(tmp_path, content, told):
    (tmp_path / "codebook.json").write_text(content, encoding="utf-8")
    with pytest.raises(DocumentError, match=told):
        read(tmp_path, "id: own\ntitle: T\ncodebook: codebook.json\ncolumns: [{column: Q1}]\n")


def test_the_published_codebook_of_the_survey_is_read():
    path = Path(__file__).resolve().parents[2] / "shared" / "data" / "wvb" / "codebook.json"
    if not path.exists():
        pytest.skip("codebook.json is not there")
    family = read_codebook(path)["Q1"]
    assert list(family.labels) == [1, 2, 3, 4, -1, -2, -4, -5]
    assert (family.labels[1], family.is_missing(-4), family.is_missing(1)) == ("Very important", True, False)


def test_a_mapping_may_say_everything_itself(tmp_path):
    mapping = "id: m\ntitle: M\ncolumns: [{column: a, text: 'So?', options: {1: 'Yes', 2: 'No'}}]\n"
    reading = read(tmp_path, mapping)
    assert reading.questionnaire["a"].text == "So?"
    assert reading.left_out == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("column: Q1", "column: Q9"), "has no column 'Q9'; it has Q1, Q240, X003, W"),
        (("data.csv", "../data.csv"), "must be the name of a file beside the document"),
        (("data.csv", "data.exe"), "neither .csv nor .sav"),
        (("data.csv", "gone.csv"), "cannot be read"),
        (("columns:", "colums:"), "colums"),
        (("dimension: IDV", "dimension: IDV, weight: 3"), "unknown key"),
    ],
)
def test_mistakes_are_told(tmp_path, change, told):
    with pytest.raises(DocumentError, match=told):
        read(tmp_path, MAPPING.replace(*change))


@pytest.mark.parametrize("data", ["", "\x00\x01", 'Q1,"Q240\n', "Q1;Q240;X003\n1;2;3\n"])
def test_a_hostile_table_is_refused_or_read(tmp_path, data):
    try:
        read(tmp_path, data=data)
    except DocumentError:
        return
    assert ";" in data


def test_of_columns_with_one_name_the_first_is_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,a,b\n1,2,3\n")
    found = read_columns(path, read_header(path), ("a", "a", "b"))
    assert {name: column.texts for name, column in found.items()} == {"a": ("1",), "b": ("3",)}
