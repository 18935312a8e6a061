"""Perturbations of a questionnaire: seeded, recorded, protected where need be, and led back to canonical codes."""

import json
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from demoscope.errors import DocumentError
from simulator.loading import load_wave
from surveys import Question, Questionnaire
from surveys.perturbations import Perturbation, perturb
from tests.stores import count, sound
from tests.test_presentation import questions
from tests.test_run import run

FOUR = ("Strongly disagree", "Disagree", "Agree", "Strongly agree")
KINDS = [
    {"kind": "typos", "rate": 0.5, "of": "both"},
    {"kind": "letter_swaps", "rate": 0.5, "of": "both"},
    {"kind": "spacing", "rate": 0.5},
    {"kind": "case", "style": "upper", "of": "both"},
    {"kind": "synonyms"},
    {"kind": "reversed_options"},
    {"kind": "relabelled_options"},
    {"kind": "relabelled_options", "style": "shifted", "by": 100},
    {"kind": "middle_option"},
    {"kind": "refusal_option"},
    {"kind": "scale_points", "parity": "even"},
    {"kind": "scale_points", "parity": "odd"},
    {"kind": "question_order"},
]


def options(labels=FOUR, **more):
    return [{"code": n, "label": label, **more} for n, label in enumerate(labels, start=1)]


def survey(*asked, **more) -> Questionnaire:
    return Questionnaire(id="s", title="S", questions=list(asked), **more)


def made(*perturbations) -> list:
    return [TypeAdapter(Perturbation).validate_python(one) for one in perturbations]


def once(question: dict, *perturbations, seed: int = 1):
    """The perturbed question and the way back."""
    found = perturb(survey({"id": "q", "text": "The country's problems?", **question}), made(*perturbations), seed)
    return found.questionnaire["q"], found.back["q"]


LONG = "How important are {{ persona.age | the 3 big problems of 2024 }} for people in this country nowadays?"


@pytest.mark.parametrize("one", KINDS[:5])
def test_wordings_change_and_placeholders_and_numbers_stay(one):
    if one.get("rate"):
        one = {**one, "rate": 1}
    question, back = once({"text": LONG, "kind": "text"}, one)
    assert question.text != LONG
    assert "{{ persona.age | the 3 big problems of 2024 }}" in question.text
    assert back.records[0].name == one["kind"] and back.records[0].changes["text"] == question.text


@pytest.mark.parametrize("one", KINDS[:5])
def test_the_same_seed_gives_the_same_words_and_another_draw_others(one):
    text = "How important are the big problems of this country for many people, whatever they think about it?"
    ask = {"text": text, "kind": "text"}
    assert once(ask, one) == once(ask, one)
    if one["kind"] != "case" and one["kind"] != "synonyms":
        assert once(ask, one)[0].text != once(ask, {**one, "draw": 1})[0].text
        assert once(ask, one)[0].text != once(ask, one, seed=2)[0].text


@pytest.mark.parametrize("kind", ["typos", "letter_swaps"])
def test_the_rate_is_the_share_of_words_that_are_changed(kind):
    text = " ".join(["wonderland"] * 2000)
    question, _ = once({"text": text, "kind": "text"}, {"kind": kind, "rate": 0.3})
    changed = sum(word != "wonderland" for word in question.text.split())
    # Binomial(2000, 0.3): 600 expected, four standard deviations are 4 * sqrt(2000 * 0.21) = 82. A slip may hit a
    # doubled letter's like or swap equal letters, which this word has not.
    assert abs(changed - 600) < 82


def test_chinese_is_perturbed_too():
    ask = {"text": "您认为国家目前的主要问题是什么？", "kind": "text"}
    chinese = Questionnaire(id="s", title="S", language="zh", questions=[{"id": "q", **ask}])
    for one in ({"kind": "typos", "rate": 1}, {"kind": "letter_swaps", "rate": 1}, {"kind": "synonyms"}):
        assert perturb(chinese, made(one), 1).questionnaire["q"].text != ask["text"], one
    synonym = perturb(chinese, made({"kind": "synonyms"}), 1).questionnaire["q"].text
    assert synonym == "您觉得国度当前的首要议题是什么？"


def test_an_option_never_takes_the_words_of_another():
    labels = ["big", "large"]  # each is the other's synonym
    question, _ = once({"options": options(labels)}, {"kind": "synonyms", "of": "options"})
    assert [option.label for option in question.options] == labels


def test_reversed_options_keep_their_codes_and_nonresponse_its_place():
    dont = {"code": 9, "label": "Don't know", "kind": "nonresponse"}
    question, back = once({"options": [*options(), dont]}, {"kind": "reversed_options"})
    assert [option.code for option in question.options] == [4, 3, 2, 1, 9]
    assert [back.code(option.code) for option in question.options] == [4, 3, 2, 1, 9]


def test_a_reversed_scale_counts_the_other_way_and_is_led_back():
    scale = {"kind": "scale", "minimum": 1, "maximum": 5, "low_label": "no", "high_label": "yes"}
    question, back = once(scale, {"kind": "reversed_options"})
    assert (question.low_label, question.high_label) == ("yes", "no")
    assert [back.code(point) for point in (1, 2, 5)] == [5, 4, 1]
    bare, _ = once({"kind": "scale", "minimum": 1, "maximum": 5}, {"kind": "reversed_options"})
    assert bare.low_label is None  # nothing to turn round


def test_relabelled_options_stand_under_other_numbers():
    question, back = once({"options": options()}, {"kind": "relabelled_options", "draw": 1})
    assert sorted(option.code for option in question.options) == [1, 2, 3, 4]
    for option in question.options:
        assert FOUR[back.code(option.code) - 1] == option.label
    shifted, _ = once({"options": options()}, {"kind": "relabelled_options", "style": "shifted", "by": 100})
    assert [option.code for option in shifted.options] == [101, 102, 103, 104]


def test_a_middle_option_counts_on_and_has_a_code_of_its_own():
    question, back = once({"options": options()}, {"kind": "middle_option"})
    assert [(o.code, o.label) for o in question.options][1:4] == [(2, "Disagree"), (3, "Neither"), (4, "Agree")]
    assert [back.code(o.code) for o in question.options] == [1, 2, 9001, 3, 4]
    assert [(o.code, o.label, o.kind) for o in back.added] == [(9001, "Neither", "substantive")]
    odd, back = once({"options": options(FOUR[:3])}, {"kind": "middle_option"})
    assert len(odd.options) == 3 and back.records[0].changes == {}


def test_a_middle_option_lies_halfway_between_scores():
    scored = [{"code": n, "label": str(n) + "!", "score": n * 10} for n in (1, 2, 3, 4)]
    _, back = once({"options": scored}, {"kind": "middle_option", "label": "so so"})
    assert back.added[0].score == 25  # between 20 and 30


def test_a_refusal_option_is_nonresponse_under_the_next_number():
    question, back = once({"options": options()}, {"kind": "refusal_option"})
    last = question.options[-1]
    assert (last.code, last.label, last.kind) == (5, "Prefer not to say", "nonresponse")
    assert back.code(5) == 9002 and back.added[0].kind == "nonresponse"


@pytest.mark.parametrize("perturbation", [{"kind": "middle_option"}, {"kind": "scale_points", "parity": "odd"}])
def test_nothing_lies_between_yes_and_no(perturbation):
    question, back = once({"options": "yes_no"}, perturbation)
    assert [option.label for option in question.options] == ["Yes", "No"]
    assert not back.added


def test_both_can_be_added_and_keep_codes_apart():
    question, back = once({"options": options()}, {"kind": "middle_option"}, {"kind": "refusal_option"})
    assert [back.code(o.code) for o in question.options] == [1, 2, 9001, 3, 4, 9002]
    assert {option.code for option in back.added} == {9001, 9002}
    other = {"options": [{"code": 9000 + n, "label": label} for n, label in enumerate("abcd", start=1)]}
    _, back = once(other, {"kind": "middle_option"})
    assert back.added[0].code == 9005  # the usual ones are taken


def test_an_even_choice_loses_its_middle_and_keeps_its_codes():
    question, back = once({"options": options(FOUR[:3])}, {"kind": "scale_points", "parity": "even"})
    assert [option.code for option in question.options] == [1, 3] and back.code(3) == 3


def test_an_even_scale_has_scores_between_the_same_ends():
    scale = {"kind": "scale", "minimum": 1, "maximum": 5, "low_label": "no", "high_label": "yes"}
    question, back = once(scale, {"kind": "scale_points", "parity": "even"})
    # Four points over the range of five: 1 + (point - 1) * (5 - 1) / (4 - 1).
    assert back.scores == pytest.approx({1: 1, 2: 1 + 4 / 3, 3: 1 + 8 / 3, 4: 5})
    assert question.maximum == 4
    _, turned = once(scale, {"kind": "reversed_options"}, {"kind": "scale_points", "parity": "even"})
    assert turned.scores == pytest.approx({1: 5, 2: 5 - 4 / 3, 3: 5 - 8 / 3, 4: 1})


def test_codes_stay_where_a_condition_looks_at_them():
    asked = survey(
        {"id": "q", "text": "?", "options": options()},
        {"id": "r", "text": "?", "options": options(), "show_if": "q == 4"},
    )
    found = perturb(asked, made({"kind": "relabelled_options", "style": "shifted"}), 1)
    assert found.questionnaire["q"].options[0].code == 1 and found.questionnaire["r"].options[0].code == 11
    assert found.back["q"].records[0].changes == {"kept": "a condition looks at its answer"}


def test_the_items_of_a_battery_change_alike():
    items = [{"id": name, "text": f"The {name} of this country"} for name in ("press", "courts")]
    battery = {"kind": "battery", "id": "b", "text": "How important are these?", "items": items, "options": options()}
    found = perturb(survey(battery), made(KINDS[0], KINDS[6]), 3).questionnaire
    assert found["press"].stem == found["courts"].stem and found["press"].options == found["courts"].options


def test_questions_that_hang_on_each_other_are_not_put_in_another_order():
    asked = survey(
        {"id": "q", "text": "?", "options": options()},
        {"id": "r", "text": "?", "options": options(), "show_if": "q == 4"},
    )
    with pytest.raises(ValueError, match="cannot be asked in another order"):
        perturb(asked, made({"kind": "question_order"}), 1)


def test_a_translation_is_asked_in_its_words():
    asked = survey(
        {"id": "q", "text": {"en": "Tea?", "zh": "茶？"}, "options": "yes_no"},
        {"id": "r", "text": {"en": "Milk?", "zh": "牛奶？"}, "options": "yes_no"},
        translations={"zh": {"title": "调查"}},
    )
    found = perturb(asked, made({"kind": "translation", "language": "zh"}, {"kind": "refusal_option"}), 1)
    assert found.questionnaire.language == "zh" and found.questionnaire["q"].text == "茶？"
    assert [o.label for o in found.questionnaire["q"].options] == ["是", "否", "不愿回答"]
    assert found.back["q"].records[0].changes == {"language": "zh"}
    with pytest.raises(ValueError, match="not there in 'fr'"):
        perturb(asked, made({"kind": "translation", "language": "fr"}), 1)


@given(questions(), st.lists(st.sampled_from(KINDS[:12]), max_size=3), st.integers(0, 99))
def test_any_question_under_any_perturbations_leads_back_to_its_codes(question: Question, kinds, seed: int):
    found = perturb(survey(question.model_dump()), made(*kinds), seed)
    if not kinds:
        return
    asked, back = found.questionnaire["q"], found.back["q"]
    Question.model_validate(asked.model_dump())  # still a question
    own = {option.code for option in question.options}
    codes = [back.code(option.code) for option in asked.options]
    assert len(set(codes)) == len(codes)
    assert set(codes) <= own | {option.code for option in back.added}
    for option in asked.options:
        again = json.loads(back.presentation(json.dumps({"codes": [option.code]})))
        assert again["codes"] == [back.code(option.code)]
        assert [record["name"] for record in again["perturbations"]] == [kind["kind"] for kind in kinds]


WAVE = """\
  - name: def
    protocol: def
    settings: {portrait: [sex, age]}
"""
PERTURBED = """\
  - name: def
    settings: {answer_format: constrained}
  - name: typos
    settings: {answer_format: constrained}
    perturbations: [{kind: typos, rate: 0.5}]
  - name: more
    settings: {answer_format: constrained}
    perturbations: [{kind: scale_points, parity: even}, {kind: middle_option}, {kind: refusal_option}]
"""
SURVEY = json.dumps(
    {
        "id": "s",
        "title": "S",
        "questions": [
            {"id": "q", "text": "Is the country spending enough money?", "options": options()},
            {"id": "r", "text": "Where?", "kind": "scale", "minimum": 1, "maximum": 5},
        ],
    }
)


def test_a_wave_compares_conditions_that_differ_in_perturbations_alone(wave_file, tmp_path):
    store = tmp_path / "a.sqlite"
    run(wave_file((WAVE, PERTURBED), ("respondents: 6", "respondents: 60"), survey=SURVEY), store)
    assert sound(store)
    with closing(sqlite3.connect(store)) as db:
        variants = dict(db.execute("SELECT name, variant FROM cells"))
        assert variants["def/uniform"] is None
        assert json.loads(variants["typos/uniform"]) == [{"kind": "typos", "rate": 0.5}]
        offered = db.execute("SELECT code, position, kind FROM options WHERE question_id = 1 ORDER BY 2").fetchall()
        assert offered[3:] == [(4, 4, "substantive"), (9001, 5, "added"), (9002, 6, "nonresponse")]
        shown = {
            cell: json.loads(text)
            for cell, text in db.execute(
                "SELECT c.name, max(a.presentation) FROM answers a JOIN respondents r ON r.id = a.respondent_id "
                "JOIN cells c ON c.id = r.cell_id WHERE a.question_id = 1 GROUP BY 1"
            )
        }
        chosen = {code for (code,) in db.execute("SELECT DISTINCT code FROM answer_options WHERE question_id = 1")}
        scores = {
            round(value, 3)
            for (value,) in db.execute(
                "SELECT DISTINCT value FROM answers a JOIN respondents r ON r.id = a.respondent_id "
                "WHERE question_id = 2 AND r.cell_id = 3"
            )
        }
    assert "perturbations" not in shown["def/uniform"]
    assert shown["typos/uniform"]["perturbations"][0]["name"] == "typos"
    more = shown["more/uniform"]
    assert set(more["codes"]) == {1, 2, 3, 4, 9001, 9002} and more["labels"]["3"] == 9001
    assert chosen == {1, 2, 3, 4, 9001, 9002}
    assert scores == {1.0, 2.333, 3.667, 5.0}
    # The same people in every cell.
    assert count(store, "SELECT count(DISTINCT persona_id) FROM respondents") == 60


def test_questions_in_another_order_are_the_same_in_every_cell(wave_file, tmp_path):
    orders = "".join(f"  - name: {name}\n    perturbations: [{{kind: question_order}}]\n" for name in "ab")
    path = wave_file((WAVE, orders))
    run(path, tmp_path / "a.sqlite")
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as db:
        rows = db.execute(
            "SELECT r.persona_id, r.cell_id, group_concat(s.question_id, ',') FROM (SELECT * FROM answer_sources "
            "ORDER BY respondent_id, ordinal) s JOIN respondents r ON r.id = s.respondent_id GROUP BY r.id"
        ).fetchall()
    by_person = {}
    for person, _, order in rows:
        by_person.setdefault(person, set()).add(order)
    assert all(len(orders) == 1 for orders in by_person.values())
    assert len(set().union(*by_person.values())) > 1


def test_a_store_grows_by_a_perturbed_condition_and_is_not_asked_twice(wave_file, tmp_path):
    store, plain = tmp_path / "a.sqlite", PERTURBED.partition("  - name: typos")[0]
    run(wave_file((WAVE, plain), survey=SURVEY), store)
    grown = wave_file((WAVE, PERTURBED), survey=SURVEY)
    assert run(grown, store).saved == 3 * 6 * 2
    assert count(store, "SELECT count(*) FROM options WHERE kind = 'added'") == 1
    run(grown, tmp_path / "fresh.sqlite")
    per_cell = "SELECT group_concat(code) FROM answer_options WHERE question_id = 1 AND respondent_id IN "
    per_cell += "(SELECT r.id FROM respondents r JOIN cells c ON c.id = r.cell_id WHERE c.name = 'more/uniform')"
    with closing(sqlite3.connect(store)) as one, closing(sqlite3.connect(tmp_path / "fresh.sqlite")) as other:
        assert one.execute(per_cell).fetchone() == other.execute(per_cell).fetchone()
    with closing(sqlite3.connect(store)) as db:  # lose answers, as a crash would
        db.execute("DELETE FROM answer_sources WHERE respondent_id > 12")
        db.execute("DELETE FROM answer_options WHERE respondent_id > 12")
        db.execute("DELETE FROM answers WHERE respondent_id > 12")
        db.commit()
    run(grown, store)
    assert sound(store) and count(store, "SELECT count(*) FROM answers") == 36


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[{kind: typo}]", "typo"),
        ("[{kind: typos, rate: 2}]", "rate"),
        ("[{kind: translation, language: fr}]", "condition 'def': perturbations: .*'fr'"),
        ("[{kind: paraphrase, texts: none.yaml}]", "no such file"),
    ],
)
def test_what_cannot_be_made_is_said_when_the_wave_is_read(wave_file, written, said):
    with pytest.raises(DocumentError, match=said):
        load_wave(wave_file(("settings: {portrait: [sex, age]}", f"perturbations: {written}")))


def test_labels_that_could_be_read_two_ways_are_refused_when_the_wave_is_read(wave_file):
    survey_text = json.dumps(
        {"id": "s", "title": "S", "questions": [{"id": "q", "text": "?", "options": options("BA")}]}
    )
    with pytest.raises(DocumentError, match=r"condition 'def': presentation: question 'q': the option 'B'"):
        load_wave(wave_file(("{portrait: [sex, age]}", "{presentation: {labels: letters}}"), survey=survey_text))


def test_stored_paraphrases_are_asked_by_number(wave_file, tmp_path):
    texts = {"texts": {"parks": [{"text": "Parks?"}, {"text": "And parks?"}], "roads": [{"text": "R?"}] * 2}}
    texts["texts"]["trust"] = [{"text": "T?"}, {"text": "Trust?", "low_label": "never", "reviewer": "Ann"}]
    (tmp_path / "other.yaml").write_text(json.dumps({"questionnaire": "tiny", **texts}))
    perturbation = "perturbations: [{kind: paraphrase, texts: other.yaml, number: 2}]"
    loaded = load_wave(wave_file(("settings: {portrait: [sex, age]}", perturbation)))
    asked = loaded.cells[0].asked.questionnaire
    assert [asked["parks"].text, asked["trust"].low_label, asked["trust"].high_label] == [
        "And parks?",
        "never",
        "fully",
    ]
    with pytest.raises(DocumentError, match="no paraphrase 3 of question 'parks'"):
        load_wave(wave_file(("settings: {portrait: [sex, age]}", perturbation.replace("2", "3"))))


def test_nobody_is_perturbed_without_perturbations():
    asked = survey({"id": "q", "text": "?", "options": options()})
    assert perturb(asked, [], 1).questionnaire is asked
