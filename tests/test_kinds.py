"""Kinds of questions from the wording to the store: asked, held to a form, read, and saved in canonical codes."""

import itertools
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demoscope.errors import DocumentError, StoreError, WavePaused
from simulator.backends.logits.grammar import _settled
from simulator.backends.logits.parts import parts
from simulator.backends.openai_api.forms import gbnf, plain_text, regex, schema
from simulator.backends.scripted import ScriptedBackend
from simulator.constraint import Constraint
from simulator.interview import read_interview
from simulator.loading import load_wave
from simulator.parsing import Reading, parse
from simulator.plan import make_plan
from simulator.protocols import def_prompts
from simulator.run import run_wave
from simulator.store import Store
from surveys import Question
from surveys.presentation import present
from tests import conftest
from tests.stores import content, count, sound

THINGS = [{"code": 1, "label": "roads"}, {"code": 2, "label": "parks"}, {"code": 3, "label": "schools"}]
UNSURE = {"code": 9, "label": "don't know", "kind": "nonresponse"}


def ask(kind: str, **parts) -> Question:
    return Question(id="q", kind=kind, text="What?", **parts)


def said(question: Question, reply: str) -> Reading:
    return parse(f"Answer: {reply}\nExplanation: So.", question, present(question, None))


def prompt(question: Question, language: str = "en", notes: tuple[str, ...] = ()) -> str:
    return def_prompts.request(question, present(question, None), language, notes=notes)


RANKING = ask("ranking", options=[*THINGS, UNSURE])
FIRST_TWO = ask("ranking", options=THINGS, max_selections=2)
POINTS = ask("allocation", options=[*THINGS, UNSURE], total=100)
SEVERAL = ask(
    "multiple",
    options=[*THINGS, {"code": 8, "label": "none of these", "exclusive": True}],
    min_selections=2,
    max_selections=3,
)
AGE = ask("number", minimum=18, maximum=99, whole=True, unit="years")


@pytest.mark.parametrize(
    ("question", "english", "chinese"),
    [
        (RANKING, "(rank 3, the first choice first) - 1: roads", "（按偏好从高到低排列3项） - 1: roads"),
        (FIRST_TWO, "(rank 2, the first choice first)", "排列2项"),
        (POINTS, "(divide 100 points among the choices, written as: number = points", "将100分分配"),
        (SEVERAL, "(choose 2 to 3) - ", "（选2至3项）"),
        (ask("multiple", options=THINGS, min_selections=2, max_selections=2), "(choose 2)", "（选2项）"),
        (ask("multiple", options=THINGS), "(choose up to 3)", "（最多选3项）"),
        (ask("multiple", options=[*THINGS, UNSURE]), "(choose up to 3)", "（最多选3项）"),
        (AGE, "(a whole number from 18 to 99, in years)", "（18到99的整数，单位：years）"),
        (ask("number", minimum=0), "(a number of 0 or more)", "（不小于0的数字）"),
        (ask("number", maximum=5), "(a number of 5 or less)", "（不大于5的数字）"),
        (ask("number"), "(a number)", "（数字）"),
        (
            ask("scale", minimum=1, maximum=5, low_label="bad", high_label="good", point_labels={3: "so so"}),
            "on a scale of 1 to 5, where 1 means bad, where 3 means so so and where 5 means good",
            "在1到5的量表上，1表示bad，3表示so so，5表示good",
        ),
    ],
)
def test_what_can_be_answered_is_told_in_both_languages(question, english, chinese):
    assert english in prompt(question)
    assert chinese in prompt(question, "zh")


def test_points_are_asked_for_as_the_object_that_a_constrained_reply_must_be():
    shown = present(POINTS, None)
    english, chinese = (def_prompts.request(POINTS, shown, language, as_json=True) for language in ("en", "zh"))
    assert "(divide 100 points among the choices, written as a JSON object with the choices as keys" in english
    assert "（将100分分配给各选项，写作JSON对象" in chinese
    assert "number = points" not in english


def test_stem_text_and_instruction_stand_together_and_notes_before_the_request():
    question = ask("text", stem="Think of work.", instruction="In one sentence.")
    assert prompt(question, notes=("Part two.",)) == "Part two.\nRequest: Think of work. What? In one sentence."


@pytest.mark.parametrize(
    ("reply", "codes"),
    [
        ("2: parks, 1: roads, 3: schools", (2, 1, 3)),
        ("3 > 1 > 2", (3, 1, 2)),
        ("parks, schools, roads", (2, 3, 1)),
        ("1. Parks\n2. Schools\n3. Roads", (2, 3, 1)),  # numbers that only count the list
        ("9: don't know", (9,)),
    ],
)
def test_rankings_are_read_in_order_of_preference(reply, codes):
    assert said(RANKING, reply).codes == codes


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("2: parks, 1: roads", "2 of 3 options are ranked"),
        ("2, 1, 3, 9", "stands alone"),
        ("2. parks 1. schools 3. roads", "number and words name different options"),
        ("not roads, then 2 and 3", "negated|name different"),
        ("whatever", "no option is named"),
    ],
)
def test_rankings_that_would_have_to_be_guessed_are_invalid(reply, reason):
    found = said(RANKING, reply)
    assert found.status == "invalid"
    assert any(part in found.reason for part in reason.split("|"))


def test_more_ranks_than_were_asked_for_are_not_cut_to_fit():
    found = said(FIRST_TWO, "3, 1, 2")
    assert (found.status, found.reason) == ("invalid", "3 options are ranked, 2 were asked for")


@pytest.mark.parametrize(
    ("reply", "amounts"),
    [
        ("1 = 30, 2 = 70", (30, 70, 0)),
        ("1: roads = 30; 2: parks = 50; 3: schools = 20", (30, 50, 20)),
        ("roads: 12.5, parks: 87.5, schools: 0", (12.5, 87.5, 0)),
        ('{"1: roads": 1, "2: parks": 2, "3: schools": 97}', (1, 2, 97)),
        ("1 = 30 %, 3 = 70%", (30, 0, 70)),
    ],
)
def test_allocations_are_read_as_points_that_add_up(reply, amounts):
    assert said(POINTS, reply) == Reading("answered", (1, 2, 3), text="So.", amounts=amounts)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("1 = 30, 2 = 60", "add up to 90, not to 100"),
        ("1 = 130, 2 = -30", "less than none"),
        ("1 = 30, 1 = 40, 2 = 60", "points twice"),
        ("9 = 40, 1 = 60", "stands alone"),
        ("most to parks", "no points are given"),
    ],
)
def test_allocations_that_do_not_add_up_are_invalid(reply, reason):
    found = said(POINTS, reply)
    assert (found.status, reason in found.reason) == ("invalid", True)


def test_a_dont_know_is_an_answer_of_its_own_also_to_an_allocation():
    for reply in ("9: don't know", "9 = 100", "1 = 0, 2 = 0, 3 = 0, 9 = 100"):
        assert said(POINTS, reply) == Reading("answered", (9,), text="So.")


@pytest.mark.parametrize(
    ("reply", "codes", "reason"),
    [
        ("1: roads; 3: schools", (1, 3), None),
        ("8: none of these", (8,), None),
        ("1: roads", (), "1 of at least 2 options"),
        ("1: roads; 8: none of these", (), "stands alone"),
    ],
)
def test_a_multiple_choice_has_its_minimum_and_its_exclusive_options(reply, codes, reason):
    found = said(SEVERAL, reply)
    assert found.codes == codes
    assert (found.reason is None) if reason is None else (reason in found.reason)


@pytest.mark.parametrize(("reply", "codes"), [("So so.", (3,)), ("good", (5,)), ("4", (4,)), ("so so or good", ())])
def test_points_of_a_scale_may_be_named_in_words(reply, codes):
    scale = ask("scale", minimum=1, maximum=5, low_label="bad", high_label="good", point_labels={3: "so so"})
    assert said(scale, reply).codes == codes


@pytest.mark.parametrize(("reply", "number"), [("44", 44), ("17", None), ("100", None), ("44.5", None)])
def test_numbers_keep_to_their_bounds_and_to_whole_ones(reply, number):
    assert said(AGE, reply).number == number


CHOICES = ("1: roads", "2: parks", "3: schools", "9: don't know")
RANKED = Constraint(CHOICES, most=3, least=3, alone=("9: don't know",), prefix="Answer: ")


@pytest.mark.parametrize(
    ("text", "obeys"),
    [
        ("Answer: 2: parks; 1: roads; 3: schools", True),
        ("Answer: 9: don't know", True),
        ("Answer: 2: parks; 1: roads", False),
        ("Answer: 2: parks; 2: parks; 1: roads", False),
        ("Answer: 2: parks; 1: roads; 9: don't know", False),
    ],
)
def test_a_constraint_holds_to_the_fewest_and_to_what_stands_alone(text, obeys):
    assert RANKED.matches(text) is obeys


def test_the_local_grammar_allows_exactly_what_the_constraint_does():
    bare = Constraint(("a", "b", "c", "x"), most=2, least=2, alone=("x",), separator=";")

    def allowed(text: str) -> bool:
        state = _settled([parts(bare)])
        for byte in text.encode():
            state = _settled((left, *way[1:]) for way in state if way and (left := way[0].step(byte)) is not None)
        return () in state

    texts = [";".join(some) for size in (1, 2, 3) for some in itertools.product("abcx", repeat=size)]
    assert [text for text in texts if allowed(text)] == [text for text in texts if bare.matches(text)]


def test_endpoints_are_given_the_fewest_and_what_stands_alone():
    assert re.fullmatch(regex(RANKED), "Answer: 2: parks; 1: roads; 3: schools")
    assert re.fullmatch(regex(RANKED), "Answer: 9: don't know")
    assert not re.fullmatch(regex(RANKED), "Answer: 2: parks; 1: roads")
    assert not re.fullmatch(regex(RANKED), "Answer: 2: parks; 1: roads; 2: parks")
    assert gbnf(RANKED).endswith('"2: parks"("; "("1: roads"))))|"9: don\'t know")')
    several, alone = schema(RANKED)["properties"]["answer"]["anyOf"]
    assert (several["minItems"], several["maxItems"], alone["enum"]) == (3, 3, ["9: don't know"])
    assert plain_text(RANKED, '{"answer": "9: don\'t know"}') == "Answer: 9: don't know"
    assert plain_text(RANKED, '{"answer": ["2: parks", "1: roads"]}') == "Answer: 2: parks; 1: roads"


SURVEY = """\
id: kinds
title: Every kind
splits:
- {id: form, arms: {short: 1, long: 1}}
questions:
- {id: hello, kind: note, text: Welcome.}
- {id: use, text: "Do you, {{ persona.age }}, use parks?", options: yes_no, split: form, wordings: {short: Parks}}
- id: why
  kind: multiple
  text: Why?
  show_if: use == 1
  min_selections: 1
  options: [{code: 1, label: green}, {code: 2, label: quiet}, {code: 3, label: near}]
- kind: loop
  id: each
  over: why
  questions:
  - {id: much, kind: scale, text: "How much {{ item }}?", minimum: 1, maximum: 5, point_labels: {3: so so}}
- id: order
  kind: ranking
  text: Which first?
  options: [{code: 1, label: roads}, {code: 2, label: parks}, {code: 3, label: schools}]
- id: money
  kind: allocation
  text: Divide it.
  total: 10
  options: [{code: 1, label: roads}, {code: 2, label: parks}]
- {id: age, kind: number, text: How old is it?, whole: true, minimum: 1, maximum: 200, unit: years}
- {id: secret, text: Never put to models., options: yes_no, exclude: {reason: Only people know., reviewer: A. B.}}
- kind: vignette
  id: v
  text: A {{ who }} sits on your bench.
  factors: {attributes: {who: [child, stranger]}}
  questions: [{id: mind, text: Do you mind?, options: yes_no}]
- kind: conjoint
  id: park
  text: Which park?
  tasks: 2
  none: Neither
  factors: {attributes: {size: [small, large], fee: [free, costly]}, profiles: 2}
- {id: stop, text: Go on?, options: yes_no, go_to: [{to: end, when: stop == 2}]}
- {id: last, kind: text, text: "What else, given {{ order }}?"}
"""


def run(path: Path, store: Path) -> None:
    with Store(store) as opened:
        run_wave(load_wave(path), opened, now=lambda: "2026-01-01T00:00:00+00:00")


def rows(path: Path, sql: str) -> list:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


@pytest.mark.parametrize("form", ["text", "constrained"])
def test_every_kind_goes_through_a_wave_into_its_store(wave_file, tmp_path, form):
    conditions = ("{portrait: [sex, age]}", f"{{portrait: [sex, age], answer_format: {form}}}")
    wave = wave_file(conditions, ("respondents: 6", "respondents: 40"), survey=SURVEY)
    store = tmp_path / "tiny.sqlite"
    run(wave, store)
    asked = len(load_wave(wave).questionnaire.asked)
    assert asked == 13
    assert sound(store)
    assert count(store, "SELECT count(*) FROM answers") == 40 * asked  # each question ends in one answer
    assert {status for (status,) in rows(store, "SELECT DISTINCT status FROM answers")} == {"answered", "skipped"}
    assert count(store, "SELECT count(*) FROM answers JOIN answer_sources USING (respondent_id, question_id) "
                 "WHERE status = 'skipped'") == 0  # fmt: skip
    rankings = rows(
        store,
        """SELECT min(rank), count(DISTINCT rank), max(rank) FROM answer_options JOIN questions ON id = question_id
        WHERE name = 'order' GROUP BY respondent_id""",
    )
    assert rankings == [(1, 3, 3)] * 40
    sums = rows(
        store,
        """SELECT sum(amount) FROM answer_options JOIN questions ON id = question_id
        WHERE name = 'money' GROUP BY respondent_id""",
    )
    assert sums == [(10.0,)] * 40
    ages = [value for (value,) in rows(store, "SELECT value FROM responses WHERE question = 'age'")]
    assert all(value == int(value) and 1 <= value <= 200 for value in ages)
    shown = rows(store, "SELECT presentation FROM answers JOIN questions ON id = question_id WHERE name = 'park_1'")
    assert {len(json.loads(text)["profiles"]) for (text,) in shown} == {2}
    arms = rows(
        store, "SELECT presentation ->> '$.arm' FROM answers JOIN questions ON id = question_id WHERE name = 'use'"
    )
    assert {arm for (arm,) in arms} == {"short", "long"}
    stopped = rows(store, "SELECT DISTINCT reason FROM responses WHERE question = 'last' AND status = 'skipped'")
    assert stopped == [("the interview ended after stop",)]
    assert rows(store, "SELECT excluded FROM questions WHERE name = 'secret'") == [("Only people know.",)]
    screen = read_interview(store, 1)
    assert {turn.question for turn in screen.turns} | {one.question for one in screen.skipped} == {
        question.id for question in load_wave(wave).questionnaire.asked
    }
    money = next(turn for turn in screen.turns if turn.question == "money")
    assert [label.partition(":")[0] for label in money.chosen] == ["roads", "parks"]
    asked = load_wave(wave).questionnaire
    texts = [turn for turn in screen.turns if turn.question and asked[turn.question].kind == "text"]
    assert texts
    assert all(turn.chosen for turn in texts if turn.status == "answered")
    summary = dict(rows(store, "SELECT question, asked FROM question_summary"))
    assert summary["use"] == 40 > summary["why"]


def test_an_interrupted_wave_with_routing_ends_in_the_same_store(wave_file, tmp_path, monkeypatch):
    wave = wave_file(("respondents: 6", "respondents: 12"), survey=SURVEY)
    run(wave, tmp_path / "whole.sqlite")
    calls = itertools.count()
    reply = ScriptedBackend.reply

    def dying(self, request):
        if next(calls) == 70:
            raise WavePaused("power cut")
        return reply(self, request)

    monkeypatch.setattr(ScriptedBackend, "reply", dying)
    with pytest.raises(WavePaused):
        run(wave, tmp_path / "cut.sqlite")
    assert 0 < count(tmp_path / "cut.sqlite", "SELECT count(*) FROM answers") < 12 * 13
    run(wave, tmp_path / "cut.sqlite")
    assert content(tmp_path / "cut.sqlite") == content(tmp_path / "whole.sqlite")


def test_a_plan_counts_every_answer_and_names_what_hangs_on_conditions(wave_file):
    plan = make_plan(load_wave(wave_file(survey=SURVEY)))
    assert plan.conditional == ("why", "much_1", "much_2", "much_3", "last")
    assert plan.cells[0].answers == 6 * 13 > plan.cells[0].calls
    assert "hello" not in plan.questions and "secret" not in plan.questions


def test_a_wave_whose_population_cannot_tell_what_is_asked_for_is_refused(wave_file):
    path = wave_file(survey=SURVEY.replace("persona.age", "persona.shoe_size"))
    with pytest.raises(DocumentError, match="'use': nobody of the population has the attribute 'shoe_size'"):
        load_wave(path)


def test_a_store_of_an_older_version_goes_on_when_the_questionnaire_says_the_same(wave_file, tmp_path):
    store = tmp_path / "tiny.sqlite"
    run(wave_file(), store)
    added = ["section", "battery", "stem", "instruction", "unit", "show_if", "experiment", "excluded"]
    with closing(sqlite3.connect(store)) as db, db:  # back to what version 2 wrote: every default spelt out
        (text,) = db.execute("SELECT questionnaire FROM waves").fetchone()
        old = json.loads(text)
        for question in old["questions"]:
            question.update(kind=question.get("kind", "single"), ordinal=True, dimension=None, topic=None, unit=None)
        old.update(language="en", source=None)
        db.execute("UPDATE waves SET questionnaire = ?", (json.dumps(old),))
        for name in ("responses", "question_summary", "interview", "answer_costs", "cell_costs"):
            db.execute(f"DROP VIEW {name}")
        for column in added:
            db.execute(f"ALTER TABLE questions DROP COLUMN {column}")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = '3'")
        db.execute("PRAGMA user_version = 2")
    run(wave_file(("respondents: 6", "respondents: 8")), store)
    assert count(store, "SELECT count(*) FROM answers") == 8 * 3
    assert count(store, "SELECT count(excluded) FROM questions") == 0


def test_questions_may_come_at_the_end_unless_their_order_is_drawn(wave_file, tmp_path):
    tail = "  - {id: more, text: More?, options: yes_no}\n"
    run(wave_file(), tmp_path / "a.sqlite")
    run(wave_file(survey=conftest.SURVEY + tail), tmp_path / "a.sqlite")
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM answers") == 6 * 4
    drawn = conftest.SURVEY.replace("title: Three questions\n", "title: Three questions\norder: random\n")
    run(wave_file(survey=drawn), tmp_path / "b.sqlite")
    with pytest.raises(StoreError, match="order is drawn anew"):
        run(wave_file(survey=drawn + tail), tmp_path / "b.sqlite")


@settings(max_examples=60)
@given(
    st.permutations([1, 2, 3]),
    st.lists(st.integers(0, 100), min_size=2, max_size=2).map(sorted),
)
def test_what_is_written_as_asked_is_read_back_in_canonical_codes(order, cuts):
    labels = {1: "roads", 2: "parks", 3: "schools"}
    assert said(RANKING, "; ".join(f"{code}: {labels[code]}" for code in order)).codes == tuple(order)
    points = (cuts[0], cuts[1] - cuts[0], 100 - cuts[1])
    written = ", ".join(f"{code} = {amount}" for code, amount in zip(labels, points, strict=True))
    assert said(POINTS, written).amounts == points
