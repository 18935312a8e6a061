"""DEF's questionnaire text: one parser, both directions, with the table beside it."""

import pytest

from demoscope.errors import DocumentError
from surveys import Questionnaire, load_questionnaire
from surveys.formats.def_text import FORMAT, parse_choices


def read(folder, text, name="English_questionaires.txt", types=None):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    if types:
        path.with_name(f"{path.stem}_types.csv").write_text(f"question,id,dimension,type,max_select\n{types}")
    return FORMAT.read(path)


def test_choices_keep_their_punctuation(tmp_path):
    questionnaire = read(
        tmp_path, "[3] Is it so?- 1: Yes, always: of course, 2: No. 3: Well - 7: or so"
    ).questionnaire
    assert [(option.code, option.label) for option in questionnaire["Q1"].options] == [
        (1, "Yes, always: of course"),
        (2, "No"),
        (3, "Well - 7: or so"),
    ]


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("A- 1: a, 2: b", [(1, "a"), (2, "b")]),
        ("A- 1: a. 2: b", [(1, "a"), (2, "b")]),
        ("问题- 1：是，2：否。3：不知道", [(1, "是"), (2, "否"), (3, "不知道")]),
        ("A well-known thing- 0: none, 10: all", [(0, "none"), (10, "all")]),
        ("No choices here", []),
    ],
)
def test_every_published_way_of_writing_choices_is_read(line, choices):
    assert parse_choices(line)[1] == choices


def test_a_line_without_choices_is_a_scale_whose_ends_the_wording_tells(tmp_path):
    lines = "[10] How free are you, on a scale of 1 to 10?\n[7] Rate it.\n[10] 请从0到10打分"
    first, second, third = read(tmp_path, lines).questionnaire.questions
    assert (first.kind, first.minimum, first.maximum) == ("scale", 1, 10)
    assert (second.minimum, second.maximum) == (1, 7)
    assert (third.minimum, third.maximum) == (0, 10)


@pytest.mark.parametrize(
    ("name", "language", "country"),
    [
        ("English_questionaires.txt", "en", "United States"),
        ("Chinese_questionaires_rephrased.txt", "zh", "中国"),
        ("en_Chinese_questionaires.txt", "en", "China"),
        ("zh_English_questionaires.txt", "zh", "美国"),
    ],
)
def test_the_files_name_says_language_and_country(tmp_path, name, language, country):
    reading = read(tmp_path, "[2] Is [COUNTRY] free?- 1: No, 2: Yes", name)
    assert reading.questionnaire.language == language
    assert reading.questionnaire["Q1"].text == f"Is {{{{ persona.country | {country} }}}} free?"
    assert reading.left_out == ()


def test_the_table_tells_dimensions_and_several_choices(tmp_path):
    asked = read(
        tmp_path, "[3] Which?- 1: a, 2: b, 3: c\n[2] So?- 1: a, 2: b", types="1,,EVI,multiple,2\n2,so,PDI,,\n"
    )
    first, second = asked.questionnaire.questions
    assert (first.kind, first.max_selections, first.dimension) == ("multiple", 2, "EVI")
    assert (second.id, second.kind, second.dimension) == ("so", "single", "PDI")


def test_lines_that_are_no_questions_are_listed(tmp_path):
    reading = read(tmp_path, "[2] So?- 1: a, 2: b\n\nwhatever\n[5] More?- 1: a, 2: b")
    assert [str(item) for item in reading.left_out] == [
        "line 2: '' (it does not begin with the number of choices, such as [4])",
        "line 3: 'whatever' (it does not begin with the number of choices, such as [4])",
        "line 4: [5] (2 choices up to 2 follow)",
    ]
    assert [question.id for question in reading.questionnaire.questions] == ["Q1", "Q4"]


@pytest.mark.parametrize("text", ["", "no line", "[2] A- 1: a, 2: b\n" * 20_001, "[99999999999] A"])
def test_what_is_no_questionnaire_is_refused(tmp_path, text):
    with pytest.raises(DocumentError):
        read(tmp_path, text)


def test_a_questionnaire_survives_the_way_there_and_back(tmp_path):
    asked = Questionnaire(
        id="there",
        title="There",
        questions=[
            {"id": "a", "text": "Yes, or no?", "options": "yes_no", "dimension": "IDV"},
            {"id": "b", "text": "Is {{ persona.country | United States }} free?", "kind": "scale", "minimum": 1,
             "maximum": 10, "low_label": "Not free", "high_label": "Free"},
            {"id": "c", "text": "Which?", "kind": "multiple", "options": "often_5", "max_selections": 2},
        ],
    )  # fmt: skip
    path = tmp_path / "English_questionaires.txt"
    assert FORMAT.write(asked, path) == ()
    assert FORMAT.read(path).questionnaire.questions == asked.questions


def test_the_bundled_items_survive(tmp_path):
    asked = load_questionnaire("gss_spending")
    path = tmp_path / "gss.txt"
    lost = FORMAT.write(asked, path)
    back = FORMAT.read(path).questionnaire
    assert [(q.id, q.text, q.options) for q in back.questions] == [(q.id, q.text, q.options) for q in asked.questions]
    translated = {"options", "text", "title"}
    assert {item.what.split(":")[0] for item in lost} - translated == {"topic", "statements"}
    assert {item.where.split()[0] for item in lost if item.what.split(":")[0] in translated} <= {"translation"}


def test_what_lines_cannot_hold_is_listed(tmp_path):
    asked = Questionnaire(
        id="there",
        title="There",
        questions=[
            {"id": "a", "text": "Why?", "kind": "text"},
            {"id": "b", "text": "So?", "show_if": "persona.age > 20",
             "options": [{"code": 1, "label": "Yes, 2: sure"}, {"code": 3, "label": "No", "kind": "nonresponse"}]},
        ],
    )  # fmt: skip
    assert [str(item) for item in FORMAT.write(asked, tmp_path / "a.txt")] == [
        "question a: the text (lines hold choices and scales)",
        "question b: show_if: persona.age > 20 (DEF's text has nothing like it)",
        "question b, option 3: kind: nonresponse (DEF's text has nothing like it)",
        "question b: where its choices begin and end (its wording or codes would be read differently)",
    ]
