"""Questions that nobody gets to are told before a wave."""

import pytest

from demoscope import seeds
from simulator.loading import load_wave
from simulator.plan import make_plan
from surveys.reaching import find_unreached
from tests.questionnaires import asking, single
from tests.test_plan import shown

CHAIN = (single("a"), single("y", show_if="a == 1"))


def unreached(*entries, people=({},) * 200, **parts):
    return find_unreached(asking(*entries, **parts), people, lambda *key: seeds.generator(1, *key))


@pytest.mark.parametrize(
    "entries",
    [
        (  # too many combinations of two numbers and what hangs on them to be tried when it is read
            {"id": "m", "kind": "number", "text": "?"},
            {"id": "n", "kind": "number", "text": "?"},
            single("y", show_if="m > 1 and n > 1"),
            single("never", show_if="y == 1 and n < 0"),
        ),
        (single("a"), single("never", show_if="persona.age > 200")),
    ],
)
def test_conditions_that_contradict_each_other_across_questions_are_found(entries):
    assert unreached(*entries, people=[{"age": 18 + number % 80} for number in range(200)]) == ("never",)


def test_what_somebody_reaches_is_not_named():
    money = {"id": "money", "kind": "allocation", "text": "?", "total": 10, "options": "yes_no"}
    many = [{"code": code, "label": f"paper {code}"} for code in range(1, 13)]
    assert not unreached(
        *CHAIN,
        {"id": "n", "kind": "number", "text": "?", "minimum": 0, "maximum": 10_000},
        single("exact", show_if="n == 4321"),
        {"id": "town", "kind": "text", "text": "?"},
        single("there", show_if="town == 'Riverton'"),
        money,
        single("rich", show_if="amount(money, 1) > 8"),
        {"id": "papers", "kind": "multiple", "text": "?", "options": many},
        single("reader", show_if="7 in papers and count(papers) > 3"),
        single("silent", show_if="not answered(a)"),
        single("b_only", show_if="form == 'b'"),
        splits=[{"id": "form", "arms": {"a": 1, "b": 1}}],
    )


def test_the_plan_warns_of_questions_that_nobody_reaches(wave_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    survey = """
id: small
title: Small
questions:
  - {id: m, text: M?, kind: number}
  - {id: n, text: N?, kind: number}
  - {id: y, text: Y?, options: yes_no, show_if: m > 1 and n > 1}
  - {id: never, text: Never?, options: yes_no, show_if: y == 1 and n < 0}
"""
    plan = make_plan(load_wave(wave_file(survey=survey)))
    assert plan.unreached == ("never",)
    assert "Nobody reached never" in shown(plan)
