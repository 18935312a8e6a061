"""Training examples: their composition, that nothing leaks or is shared, and the fast way equals the plain one."""

import json

import numpy as np
import pytest

from surveys.statements import MISSING, Composition, training_examples, training_lines
from tests.statement_sets import made_up, people

SETS = made_up(12, 3)
KNOWN = people(SETS, 40, missing=0.1)


def examples(seed=1, **parts):
    return list(training_examples(KNOWN, Composition(**{"people": 6, "demonstrations": (5,), **parts}), seed))


def test_the_people_of_a_question_are_split_evenly_over_all_combinations():
    parts = Composition(people=10, target_forms=("polar", "refined"), demonstrations=("mixed", 200)).parts
    assert [part.people for part in parts] == [3, 3, 2, 2]
    assert [(part.target, part.demonstrations) for part in parts] == [
        ("polar", "mixed"),
        ("polar", 200),
        ("refined", "mixed"),
        ("refined", 200),
    ]
    with pytest.raises(ValueError, match="cannot be split over 4 parts"):
        Composition(people=3, target_forms=("polar", "refined"), demonstrations=("mixed", 200))
    with pytest.raises(ValueError, match="names something twice"):
        Composition(people=3, demonstrations=(5, 5))


def test_every_question_gets_its_people_and_each_only_once_in_a_part():
    found = examples(target_forms=("polar", "refined"))
    assert len(found) == 12 * 6
    for question in SETS.questions:
        for form in ("polar", "refined"):
            drawn = [one.person for one in found if one.question == f"{question}_{form}"]
            assert len(drawn) == len(set(drawn)) == 3


def test_what_is_told_is_true_of_the_person_and_never_about_the_target():
    rows = {person: row for row, person in enumerate(KNOWN.people)}
    for one in examples():
        question = one.question.removesuffix("_refined")
        row, column = rows[one.person], SETS.questions.index(question)
        assert one.number == KNOWN.numbers["refined"][row, column] != MISSING
        mine = {
            SETS.of(name, "refined").statements[number - 1].text
            for name, number in zip(SETS.questions, KNOWN.numbers["refined"][row].tolist(), strict=True)
            if number != MISSING and name != question
        }
        assert len(one.known) == len(set(one.known)) == 5 and set(one.known) <= mine


def test_a_person_drawn_for_two_questions_keeps_both_records():
    # Published code wrote the demonstrations onto the person, so that the last question overwrote the earlier ones.
    found = examples(people=30)
    twice = {}
    for one in found:
        twice.setdefault(one.person, []).append(one)
    several = [records for records in twice.values() if len(records) > 2]
    assert several
    for records in several:
        assert len({one.question for one in records}) == len(records)
        assert len({one.known for one in records}) == len(records), "demonstrations are drawn anew for every question"


def test_mixed_examples_have_50_to_200_statements_drawn_for_every_person():
    sets = made_up(253, 13)
    known = people(sets, 60)
    found = list(training_examples(known, Composition(people=60, demonstrations=("mixed",)), 3, questions=["q7"]))
    sizes = [len(one.known) for one in found]
    assert len(found) == 60 and min(sizes) >= 50 and max(sizes) <= 200 and len(set(sizes)) > 20


def test_who_has_too_few_answers_is_not_taken_and_all_are_where_there_are_too_few():
    found = examples(people=40, demonstrations=(11,))
    complete = {KNOWN.people[row] for row in np.flatnonzero(KNOWN.valid() == 12)}
    assert {one.person for one in found} == complete and len(found) == 12 * len(complete)


def test_demonstrations_and_targets_may_be_in_different_forms():
    (first, *_) = examples(target_forms=("polar",), demonstration_forms=("refined",))
    assert first.question == "q1_polar" and len(first.options) == 2
    refined = {said.text for one in SETS.in_form("refined") for said in one.statements}
    assert set(first.known) <= refined


def test_demographic_statements_take_the_place_of_demonstrations():
    said = {person: [f"I am {person}", "I live here"] for person in KNOWN.people}
    composition = Composition(people=2, shown=("demographics",))
    found = list(training_examples(KNOWN, composition, 1, demographics=said))
    assert all(one.known == (f"I am {one.person}", "I live here") for one in found)
    some = {person: told for person, told in said.items() if person in KNOWN.people[:9]}
    drawn = {one.person for one in training_examples(KNOWN, composition, 1, demographics=some)}
    assert drawn <= {*some}, "of whom nothing is told nobody learns"
    with pytest.raises(ValueError, match="needs the demographic statements"):
        list(training_examples(KNOWN, composition, 1))


def test_draws_hang_on_seed_and_question_alone():
    assert examples() == examples() and examples() != examples(seed=2)
    alone = list(training_examples(KNOWN, Composition(people=6, demonstrations=(5,)), 1, questions=["q5"]))
    assert alone == [one for one in examples() if one.question == "q5_refined"]


@pytest.mark.parametrize("shown", [("statements",), ("demographics",), ("statements", "demographics")])
def test_the_lines_are_the_examples(shown):
    said = {person: [f'I am "{person}"\n\\ é'] for person in KNOWN.people}
    composition = Composition(people=4, target_forms=("polar", "refined"), demonstrations=(5,), shown=shown)
    lines = list(training_lines(KNOWN, composition, 1, demographics=said))
    plain = training_examples(KNOWN, composition, 1, demographics=said)
    turns = [[{"role": role, "content": text} for role, text in one.turns] for one in plain]
    assert [json.loads(line) for line in lines] == [{"messages": one} for one in turns]
    assert not any("\n" in line for line in lines)


def test_an_example_without_demonstrations_says_that_nothing_is_known():
    composition = Composition(people=1, demonstrations=(0,))
    (line, *_) = training_lines(KNOWN, composition, 1, questions=["q1"])
    assert "Nothing is known about this person" in json.loads(line)["messages"][0]["content"]
