"""Statements: what the published ones are, how any questionnaire is converted, how people's answers are read."""

import json
import math

import numpy as np
import pytest

from demoscope.errors import DocumentError
from surveys import Questionnaire, load_questionnaire
from surveys.statement_templates import StatementTemplate, codes_of
from surveys.statements import (
    FORMS,
    MISSING,
    KnownAnswers,
    Statement,
    StatementSet,
    StatementSets,
    as_questionnaire,
    pool,
    probe_setups,
    read_demographics,
    read_known_answers,
    read_published,
    statement_sets,
)
from surveys.statements.conversion import categories_in, is_of_statements
from tests.questionnaires import asking, single
from tests.statement_sets import PUBLISHED, made_up

TARGETS = PUBLISHED.parents[1] / "targets" / "published.json"

needs_the_published = pytest.mark.skipif(not PUBLISHED.exists(), reason="the published metadata are not there")


def published():
    """What the paper prints."""
    return json.loads(TARGETS.read_text())["indievalue"]


@needs_the_published
def test_the_published_statements_are_as_many_as_printed():
    sets = read_published(PUBLISHED)
    assert (len(sets.questions), sets.sizes("polar").sum(), sets.sizes("refined").sum()) == (253, 567, 929)
    assert len(read_demographics(PUBLISHED)) == 31
    # Combinations of one statement of each question: 3.94e86 polar and 1.65e139 refined ones.
    assert np.log10(sets.sizes("polar")).sum() == pytest.approx(math.log10(3.94e86), abs=0.001)
    assert np.log10(sets.sizes("refined")).sum() == pytest.approx(math.log10(1.65e139), abs=0.002)


@needs_the_published
def test_the_published_categories_have_as_many_questions_and_statements_as_table_6_says():
    sets = read_published(PUBLISHED)
    printed = published()["table6"]
    for name, questions in sets.categories.items():
        counts = [
            len(questions),
            *(sum(len(sets.of(one, form)) for one in questions) for form in ("polar", "refined")),
        ]
        assert counts == [printed[name][column] for column in ("n_q", "polar_s", "refined_s")], name


@needs_the_published
def test_the_probe_setups_by_rule_are_those_of_table_13():
    sets = read_published(PUBLISHED)
    setups = probe_setups(sets.categories)
    assert [len(targets) for targets in setups.values()] == [39, 39, 39]
    assert len(set().union(*setups.values())) == 108 and len(pool(sets.questions, setups["1"])) == 214
    for printed, questions in zip(
        published()["table13_probe_splits"].values(), sets.categories.values(), strict=True
    ):
        for setup, numbers in zip(setups.values(), printed, strict=True):
            assert {f"Q{number}" for number in numbers} == set(questions) & set(setup)


@needs_the_published
def test_the_analytic_chance_of_the_polar_probes_is_the_printed_one():
    sets = read_published(PUBLISHED)
    sizes = dict(zip(sets.questions, sets.sizes("polar").tolist(), strict=True))
    chance = [
        100 * np.mean([1 / sizes[one] for one in targets]) for targets in probe_setups(sets.categories).values()
    ]
    assert chance == pytest.approx([46.368, 45.513, 44.231], abs=0.001)


@needs_the_published
def test_published_statements_become_a_questionnaire_of_a_wave_and_keep_their_categories():
    sets = read_published(PUBLISHED)
    asked = as_questionnaire(sets, "ivc", "IVC")
    assert is_of_statements(asked) and not is_of_statements(load_questionnaire("gss_spending"))
    assert len(asked.questions) == 2 * 253 and categories_in(asked) == sets.categories
    family = asked["Q1_polar"]
    assert [(option.code, option.label) for option in family.options] == [
        (1, "Family is important in my life"),
        (2, "Family is not important in my life"),
    ]


def test_a_folder_without_the_published_files_is_told_where_they_are(tmp_path):
    with pytest.raises(
        DocumentError, match=r"refined_statements_meta_data\.jsonl: no such file; .*github\.com/liweijiang"
    ):
        read_published(tmp_path)
    (tmp_path / "refined_statements_meta_data.jsonl").write_text('{"question_id": "Q1"}\n')
    with pytest.raises(DocumentError, match="jsonl:1: the record has no 'question_category'"):
        read_published(tmp_path)


@pytest.mark.parametrize("name", ["values_core", "gss_spending"])
def test_every_question_of_the_library_that_can_be_a_statement_has_words_of_its_own(name):
    questionnaire = load_questionnaire(name)
    sets = statement_sets(questionnaire)
    worded = {one for template in questionnaire.statements for one in template.questions}
    assert worded == set(sets.questions)
    assert not [one.id for one in sets.sets for said in one.statements if "Asked" in said.text]
    assert len(questionnaire.in_language("zh").statements) == 0, "they are in the questionnaire's own language"


def test_a_questionnaire_without_templates_is_grouped_and_worded_by_rule():
    scale = {"id": "life", "kind": "scale", "text": "How happy?", "minimum": 1, "maximum": 10, "high_label": "very"}
    agree = single("men", text="Men lead better?", options="agree_5")
    views = single(
        "party", text="Which party?", options=[{"code": n, "label": f"P{n}"} for n in (1, 2, 3)], ordinal=False
    )
    unknown = {"code": 9, "label": "Don't know", "kind": "nonresponse"}
    unsure = single("q", options=[{"code": 1, "label": "Yes"}, {"code": 2, "label": "No"}, unknown])
    sets = statement_sets(asking(scale, agree, views, unsure, {"id": "age", "kind": "number", "text": "Your age?"}))
    assert sets.questions == ("life", "men", "party", "q")
    codes = {one.id: [said.codes for said in one.statements] for one in sets.sets}
    assert codes["life_refined"] == [(1, 2, 3), (4, 5), (6, 7), (8, 9, 10)]
    assert codes["life_polar"] == [(1, 2, 3, 4, 5), (6, 7, 8, 9, 10)]
    assert codes["men_polar"] == [(1, 2), (3,), (4, 5)], "neutral stays by itself"
    assert codes["party_polar"] == [(1,), (2,), (3,)], "without an order nothing goes together"
    assert codes["q_polar"] == [(1,), (2,)], "not knowing is no statement"
    assert (
        sets.of("men", "polar").statements[0].text
        == 'Asked "Men lead better?", I say "Strongly disagree" or "Disagree"'
    )
    assert sets.of("life", "refined").statements[3].text.endswith("from 1 to 10 (very), I say 8, 9 or 10")


def test_what_varies_from_person_to_person_is_a_statement_only_in_words_of_its_own():
    first = single("a", options="agree_4")
    second = single("b", text="You said {{ a }}. Still?", options="yes_no")
    assert statement_sets(asking(first, second)).questions == ("a",)
    worded = [{"questions": ["b"], "refined": {1: "I still say so", 2: "I say so no more"}}]
    sets = statement_sets(asking(first, second, statements=worded))
    assert (
        sets.questions == ("a", "b")
        and as_questionnaire(sets, "s", "S")["b_polar"].text == "You said { { a }}. Still?"
    )
    with pytest.raises(DocumentError, match="has no single choice and no scale"):
        statement_sets(asking({"id": "n", "kind": "number", "text": "How many?"}))


def test_templates_are_written_in_any_questionnaire():
    questionnaire = asking(
        single("a", options="important_4"),
        single("b", options="important_4"),
        statements=[
            {
                "questions": {"a": "tea is", "b": "coffee is"},
                "template": "{{ question }} {{ answer }} to me",
                "refined": {1: "not at all important", 2: "hardly important", 3: "important", 4: "very important"},
                "polar": {"1-2": "not important", "3, 4": "important"},
            }
        ],
    )
    sets = statement_sets(questionnaire)
    assert [(one.text, one.codes) for one in sets.of("b", "polar").statements] == [
        ("Coffee is not important to me", (1, 2)),
        ("Coffee is important to me", (3, 4)),
    ]
    again = Questionnaire.model_validate(questionnaire.model_dump(by_alias=True, exclude_defaults=True))
    assert statement_sets(again).sets == sets.sets


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({"questions": ["b"], "refined": {1: "x", 2: "y"}}, "there is no such question here"),
        ({"questions": ["a"], "refined": {1: "x", 2: "y"}}, "the code 3 has no statement"),
        ({"questions": ["a"], "refined": {"1-2": "x", "3-5": "y"}}, "5 is none of its substantive codes"),
        ({"questions": ["a"], "refined": {"1-2": "x", "2-4": "y"}}, "the code 2 stands in two groups"),
        ({"questions": ["a"], "refined": {"1-2": "x", "3-4": "X"}}, "worded alike"),
        ({"questions": ["a"], "refined": {"1-4": "x"}}, "at least 2 items"),
        ({"questions": ["a"], "template": "I do", "refined": {"1-2": "x", "3-4": "y"}}, "has the slot"),
        (
            {"questions": ["a"], "template": "{{ question }} {{ answer }}", "refined": {"1-2": "x", "3-4": "y"}},
            "no words",
        ),
        ({"questions": ["a"], "refined": {"low": "x", "3-4": "y"}}, "names no codes"),
    ],
)
def test_templates_that_are_no_statements_of_their_question_are_refused(template, message):
    with pytest.raises(ValueError, match=message):
        asking(single("a", options="important_4"), statements=[template])


def test_a_question_is_worded_once_and_codes_are_read_in_every_form():
    template = {"questions": ["a"], "refined": {"1-2": "x", "3-4": "y"}}
    with pytest.raises(ValueError, match="has statements already"):
        asking(single("a", options="important_4"), statements=[template, template])
    assert codes_of("1 to 3, -5") == (1, 2, 3, -5)
    with pytest.raises(ValueError, match="runs backwards"):
        codes_of("3-1")
    assert StatementTemplate(questions=["a"], refined={1: "x", 2: "y"}).groups("a", "polar") == [
        ("X", (1,)),
        ("Y", (2,)),
    ]


def test_a_set_of_statements_is_refused_where_no_single_one_would_be_true():
    with pytest.raises(ValueError, match="stands for codes of its own"):
        StatementSet("q", "polar", "c", (Statement("a", (1, 2)), Statement("b", (2,))))
    with pytest.raises(ValueError, match="2 to 100 statements"):
        StatementSet("q", "polar", "c", (Statement("a", (1,)),))
    with pytest.raises(ValueError, match="in one form only"):
        StatementSets(made_up(2).sets[:3])


def table(tmp_path, text):
    path = tmp_path / "people.csv"
    path.write_text(text)
    return path


def test_answers_are_read_as_numbers_of_statements_and_other_codes_are_not_known(tmp_path):
    path = table(tmp_path, "id,one,q2,home\nann,1,4,AT\nbob,-1,3,\ncid,,2,AT\n")
    known = read_known_answers(path, made_up(2), row="id", columns={"q1": "one"}, attributes=["home"])
    assert known.people == ("ann", "bob", "cid")
    assert known.numbers["refined"].tolist() == [[1, 4], [MISSING, 3], [MISSING, 2]]
    assert known.numbers["polar"].tolist() == [[1, 2], [MISSING, 2], [MISSING, 1]]
    assert known.notes == ("q1: code -1 (1) count as not known.",)
    assert known.of("bob") == {"q2_refined": 3, "q2_polar": 2} and "dan" not in known
    assert known.attributes["home"].texts == ("AT", "")


def test_people_that_are_taken_are_copies(tmp_path):
    known = read_known_answers(table(tmp_path, "id,q1,q2\na,1,1\nb,2,2\n"), made_up(2), row="id")
    one = known.take(np.array([1]))
    one.numbers["refined"][0, 0] = 4
    assert known.numbers["refined"][1, 0] == 2 and one.people == ("b",)
    with pytest.raises(DocumentError, match="nobody called 'z'"):
        known.rows_of(["a", "z"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,q1\na,1\n", "no column 'q2'"),
        ("id,q1,q2\na,1,1\na,2,2\n", "rows 1 and 2 are both the person 'a'"),
        ("id,q1,q2\n,1,1\n", "row 1 has nothing in the column"),
        ("id,q1,q2\na,often,1\n", "row 1 has 'often', which is no option code"),
        ("id,q1,q2\na,-1,1\nb,99,2\n", "nobody has an answer to 'q1' among its codes"),
        ("id,q1,q2\n", "nobody below the first line"),
    ],
)
def test_tables_that_cannot_be_such_answers_are_refused(tmp_path, text, message):
    with pytest.raises(DocumentError, match=message):
        read_known_answers(table(tmp_path, text), made_up(2), row="id")


def test_the_digest_of_answers_changes_with_people_and_answers():
    sets = made_up(2)
    numbers = {form: np.ones((2, 2), np.int8) for form in FORMS}
    first = KnownAnswers("x", ("a", "b"), sets, numbers).digest
    assert first == KnownAnswers("y", ("a", "b"), sets, numbers).digest
    assert first != KnownAnswers("x", ("a", "c"), sets, numbers).digest
    changed = {**numbers, "polar": numbers["polar"] * 2}
    assert first != KnownAnswers("x", ("a", "b"), sets, changed).digest
