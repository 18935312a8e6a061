"""LimeSurvey: every type of question, routing, languages, in its XML (old and new) and its table, both ways."""

from xml.sax.saxutils import escape

import pytest

from demoscope.errors import DocumentError
from surveys import Questionnaire, load_questionnaire
from surveys.formats.limesurvey import lss, tsv
from surveys.formats.limesurvey.conditions import Written, theirs
from surveys.formats.limesurvey.relevance import Variable, ours
from surveys.formats.logic import Untranslatable

FORMATS = [(lss.FORMAT, "survey.lss"), (tsv.FORMAT, "survey.txt")]


def table(name, rows):
    cells = ["".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in row.items()) for row in rows]
    return f"<{name}><rows>{''.join(f'<row>{cell}</row>' for cell in cells)}</rows></{name}>"


def document(kind="Survey", **tables):
    body = "".join(table(name, rows) for name, rows in tables.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><document><LimeSurveyDocType>{kind}</LimeSurveyDocType>'
        f"<DBVersion>490</DBVersion>{body}</document>"
    )


def survey(questions, attributes=(), languages=("en",), **further):
    """A survey of one group in the form of version 4 and later, from (name, type, text, subquestions, answers)."""
    rows, texts, subs, answers, says = [], [], [], [], []
    for number, (name, kind, text, items, options, *rest) in enumerate(questions, start=1):
        more = rest[0] if rest else {}
        rows.append({"qid": number, "parent_qid": 0, "gid": 1, "type": kind, "title": name, "question_order": number,
                     "relevance": "1", "other": "N", "mandatory": "N", **more})  # fmt: skip
        texts += [{"qid": number, "question": text, "help": "", "language": language} for language in languages]
        for place, (code, said) in enumerate(items, start=1):
            key = number * 100 + place
            subs.append({"qid": key, "parent_qid": number, "title": code, "question_order": place, "scale_id": 0})
            texts += [{"qid": key, "question": said, "language": language} for language in languages]
        for place, (code, said, *scale) in enumerate(options, start=1):
            key = number * 100 + place
            answers.append({"aid": key, "qid": number, "code": code, "sortorder": place, "assessment_value": 0,
                            "scale_id": scale[0] if scale else 0})  # fmt: skip
            says += [{"aid": key, "answer": said, "language": language} for language in languages]
    return document(
        groups=[{"gid": 1, "group_order": 1, "grelevance": "", "randomization_group": ""}],
        group_l10ns=[{"gid": 1, "group_name": "The survey", "description": "", "language": "en"}],
        questions=rows, question_l10ns=texts, subquestions=subs, answers=answers, answer_l10ns=says,
        question_attributes=[{"qid": qid, "attribute": name, "value": value} for qid, name, value in attributes],
        surveys=[{"sid": 1, "language": "en", "additional_languages": " ".join(languages[1:])}],
        surveys_languagesettings=[{"surveyls_language": "en", "surveyls_title": "The survey"}],
        **further,
    )  # fmt: skip


def read(folder, text, name="survey.lss", form=lss.FORMAT):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return form.read(path)


ANSWERS = [("A1", "Red"), ("A2", "Blue")]
ITEMS = [("SQ001", "Tea"), ("SQ002", "Milk")]


@pytest.mark.parametrize("kind", "L!O")
def test_lists_are_single_choices(tmp_path, kind):
    reading = read(tmp_path, survey([("q", kind, "Which <b>one</b>?", [], ANSWERS)]))
    question = reading.questionnaire["q"]
    assert question.text == "Which one?"
    assert [(option.code, option.label) for option in question.options] == [(1, "Red"), (2, "Blue")]
    assert ("the comment beside the choice" in str(reading.left_out)) == (kind == "O")


def test_multiple_choices_have_bounds_and_options_that_stand_alone(tmp_path):
    attributes = [(1, "min_answers", 1), (1, "max_answers", 2), (1, "exclude_all_others", "SQ002")]
    question = read(tmp_path, survey([("q", "M", "Which?", ITEMS, [])], attributes)).questionnaire["q"]
    assert (question.kind, question.min_selections, question.max_selections) == ("multiple", 1, 2)
    assert [(option.label, option.exclusive) for option in question.options] == [("Tea", False), ("Milk", True)]


@pytest.mark.parametrize(
    ("kind", "answers", "labels"),
    [
        ("F", ANSWERS, ["Red", "Blue"]),
        ("H", ANSWERS, ["Red", "Blue"]),
        ("C", [], ["Yes", "Uncertain", "No"]),
        ("E", [], ["Increase", "Same", "Decrease"]),
        ("A", [], ["1", "2", "3", "4", "5"]),
        ("B", [], [str(point) for point in range(1, 11)]),
    ],
)
def test_arrays_are_batteries(tmp_path, kind, answers, labels):
    asked = read(tmp_path, survey([("q", kind, "Rate.", ITEMS, answers)])).questionnaire
    assert [(question.id, question.text, question.stem) for question in asked.questions] == [
        ("q_SQ001", "Tea", "Rate."),
        ("q_SQ002", "Milk", "Rate."),
    ]
    assert [choice.label for choice in asked["q_SQ001"].choices] == labels


def test_a_dual_scale_is_two_batteries(tmp_path):
    answers = [("A1", "Bad", 0), ("A2", "Good", 0), ("B1", "Rare", 1), ("B2", "Often", 1)]
    asked = read(tmp_path, survey([("q", "1", "Rate.", ITEMS, answers)])).questionnaire
    assert [question.id for question in asked.questions] == ["q_SQ001_0", "q_SQ002_0", "q_SQ001_1", "q_SQ002_1"]
    assert [option.label for option in asked["q_SQ002_1"].options] == ["Rare", "Often"]


@pytest.mark.parametrize(
    ("kind", "found"),
    [("5", "scale"), ("Y", "single"), ("N", "number"), ("S", "text"), ("T", "text"), ("U", "text"), ("X", "note")],
)
def test_questions_without_answers_of_their_own(tmp_path, kind, found):
    asked = read(tmp_path, survey([("a", "T", "Why?", [], []), ("q", kind, "So?", [], [])])).questionnaire
    assert asked["q"].kind == found


def test_numbers_have_bounds_and_units(tmp_path):
    attributes = [(1, "min_num_value_n", 0), (1, "max_num_value_n", 120), (1, "num_value_int_only", 1),
                  (1, "suffix", "years")]  # fmt: skip
    question = read(tmp_path, survey([("q", "N", "Age?", [], [])], attributes)).questionnaire["q"]
    assert (question.minimum, question.maximum, question.whole, question.unit) == (0, 120, True, "years")


def test_several_numbers_are_an_allocation_when_they_have_a_sum(tmp_path):
    given = read(tmp_path, survey([("q", "K", "Give 100.", ITEMS, [])], [(1, "equals_num_value", 100)])).questionnaire
    assert (given["q"].kind, given["q"].total) == ("allocation", 100)
    alone = read(tmp_path, survey([("q", "K", "How much?", ITEMS, [])])).questionnaire
    assert [(question.id, question.kind, question.text) for question in alone.questions] == [
        ("q_SQ001", "number", "How much?\nTea"),
        ("q_SQ002", "number", "How much?\nMilk"),
    ]


def test_rankings_have_options_and_a_length(tmp_path):
    question = read(tmp_path, survey([("q", "R", "Order.", [], ANSWERS)], [(1, "max_answers", 1)])).questionnaire["q"]
    assert (question.kind, len(question.options), question.max_selections) == ("ranking", 2, 1)


def test_what_has_no_counterpart_is_listed_by_name(tmp_path):
    questions = [("a", "T", "Why?", [], []), ("d", "D", "When?", [], []), ("f", "|", "File?", [], []),
                 ("e", "*", "{1+1}", [], []), ("z", "?", "So?", [], [])]  # fmt: skip
    further = {"quota": [{"id": 1, "name": "men"}]}
    reading = read(tmp_path, survey(questions, [(1, "time_limit", 30)], **further))
    lost = [str(item) for item in reading.left_out]
    assert [question.id for question in reading.questionnaire.questions] == ["a"]
    assert "question d: a date (questions here ask for choices and texts)" in lost
    assert any(item.startswith("question z: the question of type '?'") for item in lost)
    assert "the survey: 1 rows of quota (a questionnaire here has questions alone)" in lost
    assert "1 questions: the setting time_limit (respondents here have nothing like it)" in lost


def test_routing_and_piping_follow_earlier_answers(tmp_path):
    questions = [
        ("q", "L", "Which?", [], ANSWERS),
        ("m", "M", "Drinks?", ITEMS, []),
        ("r", "T", "Why {q.shown}?", [], [], {"relevance": '((q.NAOK == "A2")) and m_SQ001.NAOK == "Y"'}),
        ("s", "T", "So?", [], [], {"relevance": "later.NAOK == 1"}),
        ("h", "T", "Hidden", [], [], {"relevance": "0"}),
    ]
    reading = read(tmp_path, survey(questions))
    assert reading.questionnaire["r"].show_if == "q == 2 and 1 in m"
    assert reading.questionnaire["r"].text == "Why {{ q }}?"
    assert reading.questionnaire["s"].show_if is None
    lost = [str(item) for item in reading.left_out]
    assert "question s: the condition later.NAOK == 1 ('later.NAOK' is no question before this one)" in lost
    assert "question h: the question (its condition is 0, so nobody sees it)" in lost


VARIABLES = {
    "q": Variable("q", "single", {"A1": 1, "A2": 2}),
    "y": Variable("y", "single", {"Y": 1, "N": 2}),
    "n": Variable("n", "number"),
    "t": Variable("t", "text"),
    "m": Variable("m", "multiple", {"SQ001": 1, "SQ002": 2}),
    "m_SQ001": Variable("m", "multiple", {"SQ001": 1, "SQ002": 2}, option=1),
    "m_SQ002": Variable("m", "multiple", {"SQ001": 1, "SQ002": 2}, option=2),
    "r_1": Variable("r", "ranking", {"A1": 1, "A2": 2}, rank=1),
}


@pytest.mark.parametrize(
    ("theirs_", "ours_"),
    [
        ('q == "A1"', "q == 1"),
        ('"A1" == q.NAOK', "q == 1"),
        ("q.NAOK ne 'A1'", "q != 1"),
        ('y == "Y" && n.NAOK >= 18', "y == 1 and n >= 18"),
        ('(y == "Y" or n lt 5) and !is_empty(t)', "(y == 1 or n < 5) and not (not answered(t))"),
        ('is_empty(q.NAOK) or q == ""', "not answered(q) or not answered(q)"),
        ('m_SQ002.NAOK == "Y" and m_SQ001 != "Y"', "2 in m and 1 not in m"),
        ("count(m_SQ001.NAOK, m_SQ002.NAOK) > 1", "count(m) > 1"),
        ('r_1 == "A2"', "rank(r, 2) == 1"),
        ('t == "tea"', 't == "tea"'),
        ("n == \"5\"", "n == 5"),
    ],
)  # fmt: skip
def test_relevance_becomes_a_condition(theirs_, ours_):
    assert ours(theirs_, VARIABLES) == ours_


@pytest.mark.parametrize(
    "text", ["q > \"A1\"", "regexMatch('/a/', t)", "strlen(t) > 3", "q == n", "((((", "n == \"x\"", "q == 'A9'",
             "count(m_SQ001) > 0", "5", "(" * 500 + "q" + ")" * 500, "m == 1"],
)  # fmt: skip
def test_relevance_without_a_counterpart_is_told(text):
    with pytest.raises(Untranslatable):
        ours(text, VARIABLES)


def test_conditions_become_relevance():
    names = {
        "q": Written("q", "single", {1: "1", 2: "2"}, (2,)),
        "m": Written("m", "multiple", {1: "1", 2: "2"}),
        "n": Written("n", "number"),
    }
    assert theirs("q == 1 and 2 in m", names) == '(q.NAOK == "1") and (m_2.NAOK == "Y")'
    assert theirs("q in (1, 2)", names) == '(q.NAOK == "1") or (q.NAOK == "2")'
    assert theirs("17 < n <= 65", names) == "(n.NAOK > 17) and (n.NAOK <= 65)"
    assert theirs("count(m) >= 2 or declined(q)", names) == ('(count(m_1.NAOK, m_2.NAOK) >= 2) or ((q.NAOK == "2"))')
    for text in ("persona.age > 3", "label(q) == 'x'", "later == 1"):
        with pytest.raises(Untranslatable):
            theirs(text, names)


def test_texts_of_old_files_stand_in_the_tables_themselves(tmp_path):
    text = document(
        groups=[{"gid": 7, "group_name": "One", "group_order": 0, "language": "en", "grelevance": ""},
                {"gid": 7, "group_name": "Eins", "group_order": 0, "language": "de", "grelevance": ""}],
        questions=[{"qid": 5, "parent_qid": 0, "gid": 7, "type": "L", "title": "q", "question": "Which?",
                    "question_order": 1, "language": "en"},
                   {"qid": 5, "parent_qid": 0, "gid": 7, "type": "L", "title": "q", "question": "Welche?",
                    "question_order": 1, "language": "de"}],
        answers=[{"qid": 5, "code": code, "answer": said, "sortorder": place, "language": language}
                 for language, labels in (("en", "ab"), ("de", "xy"))
                 for place, (code, said) in enumerate(zip(("1", "2"), labels, strict=True))],
        surveys=[{"sid": 1, "language": "en"}],
        surveys_languagesettings=[{"surveyls_language": "en", "surveyls_title": "T"},
                                  {"surveyls_language": "de", "surveyls_title": "D"}],
    )  # fmt: skip
    asked = read(tmp_path, text).questionnaire
    assert asked["q"].text == "Which?"
    assert asked.translations["de"].title == "D"
    assert asked.translations["de"].words["q"].text == "Welche?"
    assert asked.translations["de"].words["q"].options == {1: "x", 2: "y"}


ASKED = {
    "id": "survey",
    "title": "The survey",
    "questions": [
        {"kind": "section", "id": "group_1", "title": "First", "questions": [
            {"id": "hello", "kind": "note", "text": "Hello & <welcome>!\nPlease answer."},
            {"id": "color", "text": "Which one?", "options": [
                {"code": 1, "label": "Red", "score": 3.0}, {"code": 5, "label": "Blue", "score": 1.0}]},
            {"id": "drinks", "kind": "multiple", "text": "Drinks?", "min_selections": 0, "max_selections": 2,
             "options": [{"code": 1, "label": "Tea"}, {"code": 2, "label": "Milk"},
                         {"code": 3, "label": "None", "exclusive": True}]},
        ]},
        {"kind": "section", "id": "group_2", "title": "Second", "show_if": "color == 5", "questions": [
            {"id": "order", "kind": "ranking", "text": "Order.", "options": "yes_no", "max_selections": 1},
            {"id": "points", "kind": "allocation", "text": "Give.", "options": "yes_no", "total": 100},
            {"id": "age", "kind": "number", "text": "Age?", "minimum": 0, "maximum": 120, "whole": True,
             "unit": "years", "show_if": "2 in drinks and color != 1"},
            {"id": "rate", "kind": "scale", "text": "Rate {{ color }}.", "minimum": 1, "maximum": 5},
            {"kind": "battery", "id": "grid", "text": "How far?", "options": "agree_5", "order": "random",
             "instruction": "One each.",
             "items": [{"id": "grid_a", "text": "A."}, {"id": "grid_b", "text": "B."}]},
            {"kind": "battery", "id": "ten", "text": "Ten.", "answers": "scale", "minimum": 1, "maximum": 10,
             "items": [{"id": "ten_a", "text": "A.", "show_if": "grid_a == 4"}]},
            {"id": "why", "kind": "text", "text": "Why?", "instruction": "Briefly.", "show_if": "rate > 3"},
        ]},
    ],
    "translations": {"zh": {"title": "调查", "words": {
        "color": {"text": "哪个？", "options": {1: "红", 5: "蓝"}}, "grid": {"text": "多少？"},
        "grid_a": {"text": "甲"},
        "group_1": {"text": "一"},
        "age": {"unit": "岁"}, "why": {"instruction": "简短。"}}}},
}  # fmt: skip


@pytest.mark.parametrize(("form", "name"), FORMATS)
def test_a_questionnaire_survives_the_way_there_and_back(tmp_path, form, name):
    asked = Questionnaire.model_validate(ASKED)
    path = tmp_path / name
    assert form.write(asked, path) == ()
    reading = form.read(path)
    assert reading.questionnaire.entries == asked.entries
    assert reading.questionnaire.translations == asked.translations
    assert reading.questionnaire.title == asked.title
    assert reading.left_out == () or {item.what for item in reading.left_out} <= {"2 settings"}


@pytest.mark.parametrize(("form", "name"), FORMATS)
def test_the_bundled_items_survive(tmp_path, form, name):
    asked = load_questionnaire("gss_spending")
    lost = form.write(asked, tmp_path / name)
    back = form.read(tmp_path / name).questionnaire
    assert [(q.id, q.text, q.options) for q in back.questions] == [(q.id, q.text, q.options) for q in asked.questions]
    assert {item.what.split(":")[0] for item in lost} == {"id", "topic", "source", "statements"}


def test_what_limesurvey_cannot_hold_is_listed(tmp_path):
    asked = Questionnaire.model_validate({
        "id": "t", "title": "T", "splits": [{"id": "form", "arms": {"A": 1, "B": 1}}],
        "questions": [
            {"id": "trust_press", "text": "So, {{ persona.name }}?", "show_if": "persona.age > 3", "options": [
                {"code": 1, "label": "Yes"}, {"code": -1, "label": "Don't know", "kind": "nonresponse"}]},
            {"id": "s", "kind": "scale", "text": "S {x}", "minimum": 0, "maximum": 10},
            {"kind": "loop", "id": "l", "over": ["a", "b"], "questions": [
                {"id": "in", "text": "{{ item }}?", "options": "yes_no"}]},
        ],
    })  # fmt: skip
    lost = "\n".join(str(item) for item in lss.FORMAT.write(asked, tmp_path / "t.lss"))
    for what in ("splits: ", "the id trust_press", "{{ persona.name }} in the wording", "show_if: persona.age > 3",
                 "the code -1", "kind: nonresponse", "that it is a scale", "a brace in the wording",
                 "the loop"):  # fmt: skip
        assert what in lost
    assert len(lss.FORMAT.read(tmp_path / "t.lss").questionnaire.questions) == 2


@pytest.mark.parametrize(("form", "name"), FORMATS)
@pytest.mark.parametrize(
    "text",
    ["", "<document/>", "class\n", "<a>" * 200, document("Group"), document(), "x" * 5000,
     '<!DOCTYPE d [<!ENTITY a "b">]><document>&a;</document>', "class\ttype/scale\tname\ttext\nQ\tL\tq\tSo?\n"],
)  # fmt: skip
def test_what_is_no_survey_is_refused(tmp_path, form, name, text):
    with pytest.raises(DocumentError):
        read(tmp_path, text, name, form)
