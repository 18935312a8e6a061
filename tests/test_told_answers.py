"""What can be answered, as it is told: points under any labels, told scales, several answers on one screen."""

import sqlite3
from contextlib import closing

import pytest

from simulator.backends.logits.grammar import Grammar
from simulator.backends.scripted import ScriptedBackend
from simulator.constraint import JsonConstraint
from simulator.decoding import Decoding
from simulator.parsing import ParsingRules, parse
from simulator.protocols import def_prompts
from simulator.protocols.def_screens import answer_schema
from simulator.protocols.interface import Message, Request
from surveys import Question
from surveys.presentation import presenter
from surveys.presentation_rules import PresentationRules
from tests.test_json_constraint import Toy, toy  # noqa: F401
from tests.test_run import run

POINTS = Question(
    id="money",
    kind="allocation",
    text="Share it out.",
    total=10,
    options=[
        {"code": 1, "label": "Tea"},
        {"code": 2, "label": "Milk"},
        {"code": 9, "label": "Refused", "kind": "nonresponse"},
    ],
)
WARM = Question(id="w", kind="scale", text="How?", minimum=1, maximum=5, low_label="not", high_label="very")
DRINKS = Question(
    id="d",
    kind="multiple",
    text="Which?",
    min_selections=2,
    options=[
        {"code": 1, "label": "tea"},
        {"code": 2, "label": "milk"},
        {"code": 3, "label": "water"},
        {"code": 4, "label": "none", "exclusive": True},
    ],
)


def replies(question, rules, language="en", n=40):
    """What the scripted public says to a question in text form, as it is understood."""
    shown = presenter(question, rules)
    presentation = shown.show(None)
    text = def_prompts.request(question, presentation, language, said=shown.text)
    public = ScriptedBackend("public")
    for seed in range(n):
        request = Request("answer", 0, (Message("user", text),), Decoding(), seed, question=question.id)
        yield parse(public.reply(request).text, question, presentation, ParsingRules())


@pytest.mark.parametrize("labels", ["codes", "numbers", "letters", "bracketed", "from_zero", "none"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_scripted_public_gives_points_under_any_labels_and_refuses_with_all_of_them(labels, language):
    found = list(replies(POINTS, PresentationRules(labels=labels), language))
    assert {one.status for one in found} == {"answered"}
    assert {one.codes for one in found} == {(1, 2), (9,)}
    assert all(sum(one.amounts) == 10 for one in found if one.codes == (1, 2))


@pytest.mark.parametrize("scale", ["ascending", "descending"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_scripted_public_reads_a_scale_that_is_told_point_by_point(scale, language):
    found = list(replies(WARM, PresentationRules(scale_labels="all", scale=scale), language))
    assert {one.codes for one in found} == {(1,), (2,), (3,), (4,), (5,)}


@pytest.mark.parametrize("labels", ["codes", "letters", "none"])
def test_an_option_that_stands_alone_answers_an_allocation_by_its_words(labels):
    presentation = presenter(POINTS, PresentationRules(labels=labels)).show(None)
    for said in ("Refused", "refused.", '"Refused"'):
        assert parse(f"Answer: {said}", POINTS, presentation, ParsingRules()).codes == (9,)
    assert parse("Answer: Tea", POINTS, presentation, ParsingRules()).status == "invalid"


ALLOWED = [
    ('["1: tea", "2: milk"]', True),
    ('["2: milk", "1: tea", "3: water"]', True),
    ('["4: none"]', True),
    ('["1: tea"]', False),  # two at least
    ('["1: tea", "1: tea"]', False),
    ('["1: tea", "4: none"]', False),
    ("[]", False),
]


@pytest.mark.parametrize(("reply", "allowed"), ALLOWED)
def test_several_answers_on_a_screen_differ_and_what_stands_alone_stands_alone(toy: Toy, reply, allowed):  # noqa: F811
    schema = answer_schema(DRINKS, presenter(DRINKS, PresentationRules()).show(None))
    constraint = JsonConstraint.of({"type": "object", "properties": {"Item 1": schema}, "required": ["Item 1"]})
    text = f'{{"Item 1": {reply}}}'
    grammar = Grammar(constraint, toy)
    assert constraint.matches(text) is allowed
    assert grammar.may_end(grammar.advance(grammar.start, text.encode())) is allowed


BATTERY = """\
id: s
title: S
questions:
- kind: battery
  id: b
  text: Which?
  answers: multiple
  items: [{id: b1, text: A}, {id: b2, text: B}]
  options: [{code: 1, label: tea}, {code: 2, label: milk}, {code: 3, label: none, exclusive: true}]
"""


def test_a_wave_of_such_screens_understands_every_answer(wave_file, tmp_path):
    shown = "{answer_format: constrained, presentation: {battery: one_screen}}"
    path = wave_file(("{portrait: [sex, age]}", shown), ("respondents: 6", "respondents: 30"), survey=BATTERY)
    run(path, tmp_path / "a.sqlite")
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as db:
        assert db.execute("SELECT DISTINCT status FROM answers").fetchall() == [("answered",)]
        chosen = db.execute(
            "SELECT group_concat(code) FROM answer_options GROUP BY respondent_id, question_id ORDER BY 1"
        ).fetchall()
    assert {codes for (codes,) in chosen} == {"1", "2", "1,2", "3"}
