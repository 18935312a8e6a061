"""What is drawn for vignettes, conjoint tasks and loops: profiles that differ, rare combinations, orders."""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from analysis.conjoint import level_effects
from analysis.reading import open_results
from simulator.backends.scripted import ScriptedBackend
from simulator.protocols.interface import Attempt, Completion
from surveys.factors import Factors
from surveys.perturbations import perturb
from tests.questionnaires import asking, way
from tests.test_perturbations import made
from tests.test_run import run

TWO = {"price": ["high", "low"], "size": ["small", "large"]}


def test_profiles_of_one_task_differ_unless_they_may_be_alike():
    rng = np.random.default_rng(1)
    drawn = [Factors(attributes=TWO, profiles=2).draw(rng) for _ in range(400)]
    assert not [task for task in drawn if task[0] == task[1]]
    # 12 ordered pairs of 4 combinations, all alike: 400 / 12 = 33 each, four standard deviations are 22.
    pairs = [json.dumps(task) for task in drawn]
    assert len({*pairs}) == 12 and all(abs(pairs.count(one) - 33) < 23 for one in pairs)
    alike = [Factors(attributes=TWO, profiles=2, identical=True).draw(rng) for _ in range(400)]
    assert abs(sum(task[0] == task[1] for task in alike) - 100) < 4 * np.sqrt(400 * 0.25 * 0.75)


def test_the_few_combinations_that_are_left_are_found_however_rare_they_are():
    levels = [str(n) for n in range(100)]
    without = [{"a": level} for level in levels[1:]] + [{"b": level} for level in levels[2:]]
    rare = Factors(attributes={"a": levels, "b": levels}, without=without, profiles=2)
    assert {profile["b"] for profile in rare.draw(np.random.default_rng(1))} == {"0", "1"}
    with pytest.raises(ValidationError, match="too few combinations of levels for 3 different profiles"):
        Factors(attributes={"a": levels, "b": levels}, without=without, profiles=3)
    with pytest.raises(ValidationError, match="without excludes"):
        Factors(attributes={"a": ["x", "y"]}, without=[{"a": "x"}, {"a": "y"}])


CONJOINT = """\
id: flats
title: Flats
questions:
- id: flat
  kind: conjoint
  text: Which flat?
  tasks: 6
  factors: {profiles: 2, attributes: {price: [high, low], size: [small, large]}}
"""


class Cheaper(ScriptedBackend):
    """Takes the cheaper of two flats, and a drawn one of two that cost the same."""

    def reply(self, request):
        first, second = (line for line in request.messages[-1].text.splitlines() if line.startswith("Profile"))
        cheap = ["price: low" in line for line in (first, second)]
        answer = 1 + (request.seed % 2 if cheap[0] == cheap[1] else cheap[1])
        return Completion((Attempt(f"Answer: {answer}\nExplanation: So.", finish_reason="stop"),))


def test_that_profiles_differ_biases_no_effect(wave_file, tmp_path, monkeypatch):
    monkeypatch.setattr(ScriptedBackend, "reply", Cheaper.reply)
    run(wave_file(("respondents: 6", "respondents: 200"), survey=CONJOINT), tmp_path / "a.sqlite")
    with open_results(tmp_path / "a.sqlite") as results:
        effects = {one.attribute: one for one in level_effects(results, results.cells[0])}
    # A price is compared where the other flat has the other size, since it might else have been the same flat:
    # low wins against high always and half the time against low: 3/4; high never and half the time: 1/4.
    assert effects["price"].low < 0.5 < effects["price"].high
    assert effects["size"].low < 0 < effects["size"].high


def test_rounds_of_a_loop_questions_of_a_vignette_and_tasks_come_in_a_drawn_order():
    inside = [{"id": "a", "kind": "text", "text": "{{ item }}?"}, {"id": "b", "kind": "text", "text": "?"}]
    loop = {"kind": "loop", "id": "l", "over": ["x", "y", "z"], "questions": inside}
    questions = [{"id": name, "kind": "text", "text": "?"} for name in ("m", "n", "o")]
    story = {"kind": "vignette", "id": "v", "text": "{{ w }}", "factors": {"attributes": {"w": ["1", "2"]}}}
    task = {"kind": "conjoint", "id": "c", "text": "?", "tasks": 3, "factors": {"attributes": TWO, "profiles": 2}}
    fixed = asking(loop, {**story, "questions": questions}, task)
    assert way(fixed) == ["a_1", "b_1", "a_2", "b_2", "a_3", "b_3", "m", "n", "o", "c_1", "c_2", "c_3"]
    drawn = asking(
        {**loop, "order": "random"},
        {**story, "order": "rotated", "questions": questions},
        {**task, "order": "random"},
    )
    ways = [way(drawn, person=person) for person in range(60)]
    for found in ways:
        rounds = found[:6]
        assert sorted(rounds) == ["a_1", "a_2", "a_3", "b_1", "b_2", "b_3"]
        assert [name[2:] for name in rounds[::2]] == [name[2:] for name in rounds[1::2]]  # a round stays together
        assert "".join(found[6:9]) in ("mno", "nom", "omn")
    assert len({tuple(found[:6]) for found in ways}) == 6
    assert len({tuple(found[9:]) for found in ways}) == 6


def test_other_numbers_for_options_are_never_their_own():
    options = [{"code": 1, "label": "No"}, {"code": 2, "label": "Yes"}]
    whole = asking(*({"id": f"q{n}", "text": "?", "options": options} for n in range(40)))
    back = perturb(whole, made({"kind": "relabelled_options"}), 1).back
    assert all(dict(back[f"q{n}"].codes) == {1: 2, 2: 1} for n in range(40))
