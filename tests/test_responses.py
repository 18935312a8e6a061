"""Responses read from a store: for rules, for annotators, and what judges and people left there."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.agreement import cohen_kappa
from analysis.annotation import drawn_for_annotation, ratings
from analysis.def_data import cell_data
from analysis.def_rules import def_rules
from analysis.insensitivity import aggregate
from analysis.reading import Results, open_results
from analysis.resolutions import Resolution
from analysis.responses import (
    checked_resolutions,
    judged_as_annotations,
    judgements,
    rule_failures,
    stored_resolutions,
    stored_responses,
)
from analysis.rule_judge import Rules
from analysis.summary import summarise
from demoscope.errors import DocumentError
from tests.results import MadeUp
from tests.test_compare import replied

GOOD = def_rules()


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Results]:
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell(1)
    made.question(1, ["Yes", "No"])
    made.question(2, ["Soft", "Hard", "None"], kind="multiple")
    made.people([{}] * 3)
    made.answers([(1, 1, "answered", [2]), (1, 2, "answered", [3, 1]), (2, 1, "refused", []), (3, 1, "invalid", [])])
    texts = [
        (1, 1, "Answer: 2: No\nExplanation: I see it so."),
        (1, 2, "Answer: 1, 3\nExplanation: Both."),
        (2, 1, "As an AI language model, I have no views."),
        (3, 1, "Answer: either\nExplanation: I cannot tell."),
    ]
    for ordinal, (who, question, text) in enumerate(texts):
        replied(made, 1, who, question, text, ordinal)
    made.answers([(3, 2, "failed", [])])  # no reply came
    verdicts = [(1, 1, "glm", "IU", "Yes."), (2, 1, "glm", "RP", "No, it refuses."), (3, 1, "glm", "IU", "failure")]
    made.insert("judgements", [(who, q, "text", 0, judge, d, verdict, "") for who, q, judge, d, verdict in verdicts])
    made.insert(
        "resolutions", [(3, 1, "text", 0, code, "ana", at) for code, at in ((1, "2026-01-01"), (2, "2026-01-02"))]
    )
    with open_results(made.path) as opened:
        yield opened


def test_replies_are_numbered_from_one_in_the_order_of_people_and_questions(results):
    found = stored_responses(results, results.cells[0])
    assert [(r.number, r.respondent, r.question.name, r.codes, r.status) for r in found] == [
        (1, 1, "q1", (2,), "answered"),
        (2, 1, "q2", (1, 3), "answered"),
        (3, 2, "q1", (), "refused"),
        (4, 3, "q1", (), "invalid"),
    ]
    assert found[2].reply.startswith("As an AI")


def test_rules_are_applied_interview_by_interview(results):
    responses = stored_responses(results, results.cells[0])
    found = rule_failures(results, responses, Rules(keys={"q1": 1}))
    assert [(f.question, f.dimension) for f in found] == [("q1", "FF"), ("q1", "RP"), ("q1", "IU")]


def test_people_judge_what_a_judge_gets_and_do_not_see_its_condition(results):
    drawn = drawn_for_annotation(results.rows, 7, share=1)
    assert {(r.key.respondent, r.key.question) for r in drawn} == {(1, "q1"), (1, "q2"), (2, "q1"), (3, "q1")}
    first = next(r for r in drawn if (r.key.respondent, r.key.question) == (1, "q1"))
    assert (first.asked, first.answer, first.explanation) == (
        "What about q1? - 1: Yes, 2: No",
        "2: No",
        "I see it so.",
    )
    with pytest.raises(DocumentError, match="larger --share"):
        drawn_for_annotation(results.rows, 7, share=1e-9)


def test_what_judges_left_is_counted_and_compared_with_people(results):
    cell = results.cells[0]
    found = judgements(results, cell, GOOD)
    assert found == (("glm", "IU", "pass"), ("glm", "RP", "failure"), ("glm", "IU", "failure"))
    counts = {s.dimension: (s.judged, s.failures) for s in aggregate((d, v) for _, d, v in found)}
    assert (counts["IU"], counts["RP"]) == ((2, 1), (1, 1))
    judge = judged_as_annotations(results, cell, GOOD)
    human = [dataclasses.replace(a, annotator="ana") for a in judge]
    raters, table = ratings([*judge, *human], "IU")
    assert raters == ("ana", "glm")
    assert cohen_kappa(*table) == 1


def test_the_latest_decision_of_a_person_is_merged_into_the_choices(results):
    cell = results.cells[0]
    decided = stored_resolutions(results, cell)
    assert [(r.respondent, r.question, r.code) for r in decided] == [(3, "q1", 2)]
    data = cell_data(results, cell)
    assert data.choices[:, 0].tolist() == [1, -1, 1]  # the store's decision counts
    assert data.unread.tolist() == [1]  # only the refusal is left
    more = cell_data(results, cell, [Resolution(2, "q1", 1)])
    assert more.choices[:, 0].tolist() == [1, 0, 1]
    assert (more.unread.tolist(), more.moved) == ([0], {"answered": 1, "refused": -1})
    again = cell_data(results, cell, [Resolution(3, "q1", None)])  # a file overrules the store
    assert again.choices[:, 0].tolist() == [1, -1, -1]
    assert (again.unread.tolist(), again.moved) == ([2], {"answered": -1, "invalid": 1})
    assert cell_data(results, cell, [Resolution(99, "q1", 1)]).choices[:, 0].tolist() == [1, -1, 1]


@pytest.mark.parametrize(
    ("resolution", "said"),
    [
        (Resolution(1, "q1", 1), "the reply was understood"),
        (Resolution(3, "q2", 1), "no single choice"),
        (Resolution(3, "q1", 9), "no code 9; the question's are 1, 2"),
        (Resolution(3, "q9", 1), "no such question"),
        (Resolution(3, "q1", 1, 4), "no such answer"),
    ],
)
def test_a_resolution_that_fits_no_unread_reply_is_refused(results, resolution, said):
    with pytest.raises(DocumentError, match=said):
        checked_resolutions(results, [resolution])


def test_the_summary_counts_what_people_resolved_as_understood_and_says_how_many(results):
    found = summarise(results, draws=50).cells[0]
    # Of the answers 3 were understood, 1 refused, 1 invalid and resolved, 1 failed.
    assert (found.statuses.answered, found.statuses.refused, found.statuses.invalid) == (3, 1, 0)
    assert (found.resolved, found.unresolved) == (1, 0)
    assert found.questions[0].n_simulated == 2
