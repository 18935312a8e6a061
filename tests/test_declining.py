"""A "don't know" or "refuse" that a scale or number declares: shown, held to, read, stored, and kept apart."""

import re
import sqlite3
from contextlib import closing

import pytest

from analysis.reading import open_results
from analysis.summary import summarise
from simulator.backends.logits.grammar import _settled
from simulator.backends.logits.parts import parts
from simulator.backends.offered import offered
from simulator.backends.openai_api.forms import gbnf, plain_text, regex, schema
from simulator.constraint import Constraint, JsonConstraint
from simulator.loading import load_wave
from simulator.parsing import ParsingRules, parse
from simulator.protocols import def_prompts
from simulator.protocols.def_screens import answer_schema
from simulator.run import run_wave
from simulator.store import Store
from surveys import Given, Question
from surveys.formats.conversion import read_questionnaire
from surveys.formats.registry import find_format
from surveys.perturbations.options import ReversedOptions, ScalePoints
from surveys.presentation import present, shown_again
from surveys.presentation_rules import PresentationRules
from tests.questionnaires import asking, refusal, single, way

UNSURE = {"code": -1, "label": "Don't know", "kind": "nonresponse"}
REFUSE = {"code": -2, "label": "Refuse", "kind": "nonresponse"}
WARM = {"id": "warm", "kind": "scale", "text": "How warm?", "minimum": 0, "maximum": 10} | {
    "low_label": "cold", "high_label": "hot", "options": [UNSURE, REFUSE],
}  # fmt: skip
AGE = {"id": "age", "kind": "number", "text": "How old?", "minimum": 0, "whole": True, "options": [UNSURE]}
SCALE, NUMBER = (Question.model_validate(entry) for entry in (WARM, AGE))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"options": "yes_no"}, "only what declines stands beside the numbers; give it kind: nonresponse"),
        ({"options": [UNSURE | {"kind": "substantive"}]}, "only what declines stands beside the numbers"),
        ({"options": [UNSURE | {"code": 10}]}, "option 10 of a scale: the code could be an answer; give one outside"),
        ({"options": [UNSURE | {"label": "9 or 10"}]}, "'9 or 10' could be an answer; word it without digits"),
        ({"options": [UNSURE | {"label": "Hot"}]}, "'Hot' could be an answer"),
        ({"options": [UNSURE, UNSURE | {"label": "Refuse"}]}, "option code -1 stands twice"),
        ({"options": [UNSURE | {"code": -n, "label": "x" * n} for n in range(1, 12)]}, "11 options; at most 10"),
        ({"kind": "number", "minimum": None, "maximum": None}, "the code could be an answer; give the number bounds"),
    ],
)
def test_nothing_that_could_be_taken_for_a_number_may_decline(change, why):
    entry = WARM | change
    if entry["kind"] == "number":
        entry = {name: value for name, value in entry.items() if name not in ("low_label", "high_label")}
    assert why in refusal(entry)


@pytest.mark.parametrize(
    ("question", "english", "chinese"),
    [
        (
            SCALE,
            'on a scale of 0 to 10, where 0 means cold and where 10 means hot, or "Don\'t know", or "Refuse"',
            "在0到10的量表上，0表示cold，10表示hot，或“Don't know”，或“Refuse”",
        ),
        (NUMBER, '(a whole number of 0 or more, or "Don\'t know")', "（不小于0的整数，或“Don't know”）"),
    ],
)
def test_what_can_be_said_instead_is_told_after_the_numbers(question, english, chinese):
    for language, told in (("en", english), ("zh", chinese)):
        request = def_prompts.request(question, present(question, None), language)
        assert request.endswith(told)
        texts = [text for _, text in offered(request)]
        assert texts[:2] == ["0", "1"]
        assert texts[-len(question.options) :] == [option.label for option in question.options]


@pytest.mark.parametrize("labels", ["codes", "letters", "none"])
@pytest.mark.parametrize("told", ["given", "all"])
def test_it_stays_at_the_end_whatever_the_direction_and_the_labels(labels, told):
    rules = PresentationRules(scale="descending", scale_labels=told, labels=labels)
    shown = present(SCALE, None, rules)
    assert shown.codes == tuple(range(10, -1, -1))
    assert shown_again(shown.as_json(), SCALE) == shown
    assert def_prompts.request(SCALE, shown, "en").endswith(', or "Don\'t know", or "Refuse"')
    assert parse("Answer: refuse", SCALE, shown).codes == (-2,)


@pytest.mark.parametrize("rules", [ParsingRules(), ParsingRules(refusal_test="search", careful=False)])
@pytest.mark.parametrize(
    ("reply", "of_scale", "of_number"),
    [
        ("Don't know", (-1,), (-1,)),
        ("I don't know.", (-1,), (-1,)),
        ('"Refuse"', (-2,), None),
        ("7", (7,), 7.0),
        ("-1", None, None),  # codes are not shown, and a number of 0 or more was asked for
        ("7, or I don't know", None, None),
        ("Don't know, refuse", None, (-1,)),
    ],
)
def test_a_reply_names_a_number_or_what_declines_and_not_both(reply, of_scale, of_number, rules):
    for question, expected in ((SCALE, of_scale), (NUMBER, of_number)):
        found = parse(f"Answer: {reply}\nExplanation: So.", question, present(question, None), rules)
        if expected is None:
            assert found.status == "invalid"
        elif isinstance(expected, tuple):
            assert (found.status, found.codes, found.number, found.text) == ("answered", expected, None, "So.")
        else:
            assert (found.status, found.codes, found.number) == ("answered", (), expected)


def test_without_such_an_option_a_refusal_in_words_is_a_refusal():
    bare = SCALE.model_copy(update={"options": ()})
    assert parse("Answer: I would prefer not to say.", bare, present(bare, None)).status == "refused"
    assert parse("Answer: I would prefer not to say.", SCALE, present(SCALE, None)).status == "refused"


HELD = Constraint(minimum=0, maximum=12, alone=("Don't know", "Refuse"), prefix="Answer: ")


def test_every_engine_is_held_to_a_number_in_bounds_or_what_declines():
    allowed = [str(number) for number in range(13)] + ["Don't know", "Refuse"]
    tried = [*allowed, "13", "-1", "Don't", "Don't know; Refuse", "7 Refuse", ""]

    def by_grammar(text: str) -> bool:
        state = _settled([parts(HELD)])
        for byte in text.encode():
            state = _settled((left, *way[1:]) for way in state if way and (left := way[0].step(byte)) is not None)
        return () in state

    for accepts in (HELD.matches, by_grammar, lambda text: re.fullmatch(regex(HELD), text) is not None):
        assert [text for text in tried if accepts(f"Answer: {text}")] == allowed
    assert gbnf(HELD).endswith('"11"|"12"|"Don\'t know"|"Refuse")')
    number, texts = schema(HELD)["properties"]["answer"]["anyOf"]
    assert (number["enum"], texts["enum"]) == (list(range(13)), ["Don't know", "Refuse"])
    assert plain_text(HELD, '{"answer": "Refuse"}') == "Answer: Refuse"
    assert plain_text(HELD, '{"answer": 7}') == "Answer: 7"


def test_a_battery_on_one_screen_takes_what_declines_for_each_item():
    schemas = {name: answer_schema(SCALE, present(SCALE, None)) for name in ("Item 1", "Item 2")}
    held = JsonConstraint.of({"type": "object", "properties": schemas, "required": list(schemas)})
    assert held.matches('{"Item 1": 4, "Item 2": "Refuse"}')
    assert not held.matches('{"Item 1": 11, "Item 2": "Refuse"}')
    assert not held.matches('{"Item 1": 4, "Item 2": "Never"}')


def test_conditions_know_that_it_declines_and_wordings_insert_it_no_more_than_other_nonresponse():
    survey = asking(
        *(WARM, AGE),
        single("declining", show_if="declined(warm) and age == -1"),
        single("very", show_if="warm > 5 or age > 5"),
        single("said", text="You said {{ warm }} and {{ age }}?"),
    )
    declined = {"warm": Given((-1,)), "age": Given((-1,))}
    assert way(survey, declined) == ["warm", "age", "declining", "-very", "-said"]
    given = {"warm": Given((6,)), "age": Given(number=3.0)}
    assert way(survey, given) == ["warm", "age", "-declining", "very", "said"]
    assert [Given((-1,)).words(one) for one in (SCALE, NUMBER)] == ["Don't know"] * 2
    assert "never" in refusal(WARM, single("next", show_if="warm > 5 and declined(warm)"))


def test_a_turned_or_shorter_scale_leads_it_back_as_it_is():
    turned = ReversedOptions(kind="reversed_options").apply(SCALE, None, "en")
    assert turned.question.options == SCALE.options
    assert -1 not in turned.codes
    shorter = ScalePoints(kind="scale_points", parity="even").apply(SCALE, None, "en")
    assert shorter.question.options == SCALE.options
    assert -1 not in shorter.scores


SURVEY = asking(
    {**WARM, "options": [{**UNSURE, "label": {"en": "Don't know", "zh": "不知道"}}, REFUSE]},
    AGE,
    {"kind": "battery", "id": "trust", "text": "Trust?", "answers": "scale", "minimum": 1, "maximum": 5}
    | {"options": [UNSURE], "items": [{"id": "press", "text": "Press"}, {"id": "courts", "text": "Courts"}]},
)


@pytest.mark.parametrize("name", ["x.yaml", "x.csv"])
def test_our_own_formats_keep_it_with_its_translation(tmp_path, name):
    path = tmp_path / name
    assert find_format(path.suffix[1:]).write(SURVEY, path) == ()
    assert read_questionnaire(path)[0].questionnaire == SURVEY


@pytest.mark.parametrize(
    ("name", "suffix", "kept"),
    [
        ("surveyjs", "json", set()),
        ("qualtrics", "qsf", set()),
        ("xlsform", "xlsx", {"warm", "trust"}),
        ("limesurvey", "lss", {"warm", "trust"}),
        ("def", "txt", set()),
    ],
)
def test_other_formats_list_what_they_lose_of_it(tmp_path, name, suffix, kept):
    lost = [str(one) for one in find_format(name).write(SURVEY, tmp_path / f"x.{suffix}")]
    for entry in ("warm", "age", "trust"):
        items = {"trust": ("trust", "press", "courts")}.get(entry, (entry,))
        about = [one for one in lost if any(item in one.split(":")[0] for item in items)]
        if entry in kept:  # as an option like any other
            assert any("kind: nonresponse" in one for one in lost)
            assert read_labels(tmp_path / f"x.{suffix}", items[-1]) >= {"Don't know"}
        else:
            assert any("options" in one or "number" in one for one in about), (entry, lost)


def test_ddi_keeps_it_beside_bounds(tmp_path):
    find_format("ddi").write(SURVEY, tmp_path / "x.xml")
    for item in ("warm", "courts"):
        assert "Don't know" in read_labels(tmp_path / "x.xml", item)
    assert any("age: the missing value -1" in str(one) for one in read_questionnaire(tmp_path / "x.xml")[0].left_out)


def read_labels(path, item):
    questions = read_questionnaire(path)[0].questionnaire.questions
    (found,) = [question for question in questions if question.id in (item, f"trust_{item}")]
    return {option.label for option in found.options}


WAVE = """\
id: w
title: W
questions:
- {id: warm, kind: scale, text: How warm?, minimum: 0, maximum: 10,
   options: [{code: -1, label: Don't know, kind: nonresponse}]}
- {id: age, kind: number, text: How old?, minimum: 0, maximum: 99, whole: true,
   options: [{code: -1, label: Don't know, kind: nonresponse}]}
"""
PLANTED = "{public: planted, planted: [{shares: {2: 0.4, 8: 0.4}, wordings: {Don't know: 0.2}}]}"


@pytest.mark.parametrize("form", ["text", "constrained"])
def test_it_is_stored_with_its_code_and_enters_no_mean(wave_file, tmp_path, form):
    path = wave_file(
        ("{public: uniform}", PLANTED),
        ("{portrait: [sex, age]}", f"{{portrait: [sex, age], answer_format: {form}}}"),
        ("respondents: 6", "respondents: 100"),
        survey=WAVE,
    )
    with Store(tmp_path / "w.sqlite") as store:
        run_wave(load_wave(path), store, now=lambda: "2026-01-01T00:00:00+00:00")
    with closing(sqlite3.connect(tmp_path / "w.sqlite")) as db:
        rows = db.execute("SELECT question, status, code, value, option_kind FROM responses").fetchall()
    assert {status for _, status, *_ in rows} == {"answered"}
    declined = {name: sum(row[0] == name and row[4] == "nonresponse" for row in rows) for name in ("warm", "age")}
    assert all(8 <= count <= 35 for count in declined.values())  # 20 of 100 are expected, 4 the standard deviation
    assert {(code, value) for *_, code, value, kind in rows if kind == "nonresponse"} == {(-1, None)}
    with open_results(tmp_path / "w.sqlite") as results:
        (cell,) = summarise(results).cells
    warm, age = cell.questions
    assert (warm.n_nonresponse, age.n_nonresponse) == (declined["warm"], declined["age"])
    assert (warm.n_simulated, age.n_simulated) == (100 - declined["warm"], 100 - declined["age"])
    assert {share.code for share in warm.shares} == set(range(11))
    numbers = [value for name, _, _, value, kind in rows if name == "age" and kind is None]
    assert set(numbers) == {2.0, 8.0}
    assert age.number.mean.mean == pytest.approx(sum(numbers) / len(numbers))  # -1 is in neither
    assert age.number.least == 2
