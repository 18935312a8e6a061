"""Real people: citizens of the United States in 2020, from 10 and 30 of their answers to fifteen others."""

from functools import cache
from pathlib import Path

import pytest

from analysis.individual.accuracy import scores
from analysis.individual.baselines import compare
from analysis.individual.heldout import draw_people, targets
from surveys import load_questionnaire
from surveys.statements import read_known_answers, statement_sets
from tests.conftest import SHARED

DATA = SHARED / "data" / "nonvoters" / "fte_nonvoters_2020_items.csv"
QUESTIONNAIRE = Path(__file__).resolve().parents[1] / "examples" / "nonvoters" / "questionnaire.yaml"
SETUPS = {
    "1": ("Q2_1", "Q3_1", "Q4_3", "Q8_2", "Q17_3"),
    "2": ("Q2_4", "Q3_5", "Q5", "Q8_8", "Q9_3"),
    "3": ("Q2_9", "Q3_3", "Q7", "Q8_7", "Q14"),
}

pytestmark = pytest.mark.skipif(not DATA.is_file(), reason="the people's answers are not at hand")


@cache
def people():
    return read_known_answers(DATA, statement_sets(load_questionnaire(str(QUESTIONNAIRE))), row="RespId")


@cache
def accuracies(form, demonstrations):
    known = people()
    held_out = draw_people(known, [question for setup in SETUPS.values() for question in setup], 200, seed=1)
    asked = targets(known, held_out, SETUPS, form, demonstrations=demonstrations)
    found = compare(asked, known, ("random", "majority", "top-1", "top-cluster"))
    return {one.condition.model: scores(one).mean for one in found.predictions}


def test_everybody_and_every_question_is_there():
    known = people()
    assert (len(known), len(known.sets.questions)) == (5836, 46)


@pytest.mark.parametrize("form", ["polar", "refined"])
def test_more_answers_of_a_person_tell_more_and_people_alike_tell_more_than_everybody(form):
    few, many = accuracies(form, 10), accuracies(form, 30)
    assert few["Global majority"] == many["Global majority"]
    assert many["Resemble (top cluster)"] > few["Resemble (top cluster)"] > many["Global majority"] > few["Random"]
    assert many["Resemble (top cluster)"] > many["Resemble (top 1)"]


def test_the_nearest_person_alone_predicts_no_better_than_the_majority_with_few_answers():
    # Unlike the planted clusters and the published people with 214 answers: 10 answers say little of who is alike.
    found = accuracies("refined", 10)
    assert abs(found["Resemble (top 1)"] - found["Global majority"]) < 5
