"""Scores made of several answers."""

import numpy as np
import pytest
from pydantic import ValidationError

from analysis.reading import open_results
from analysis.scales import cronbach_alpha, keyed, scale_scores, scales
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from surveys import Questionnaire


def test_a_reversed_item_is_turned_round_within_its_range():
    # On 1 to 5 a reversed 2 counts 1 + 5 - 2 = 4; on 0 to 10 a reversed 2 counts 8.
    assert keyed([[2, 2, 2]], [1, -1, -1], [1, 1, 0], [5, 5, 10]).tolist() == [[2, 4, 8]]


def test_a_score_needs_half_of_its_items_and_a_sum_does_not_fall_for_those_left_out():
    answers = [[1, 2, 3, 4], [1, np.nan, 3, np.nan], [1, np.nan, np.nan, np.nan]]
    assert scale_scores(answers).tolist()[:2] == [2.5, 2.0]
    assert scale_scores(answers, "sum").tolist()[:2] == [10.0, 8.0]  # 2.0 x 4 items
    assert np.isnan(scale_scores(answers)[2])


def test_alpha_equals_its_definition_from_the_covariance_matrix():
    answers = np.random.default_rng(5).normal(size=(200, 6)) + np.random.default_rng(6).normal(size=(200, 1))
    covariance = np.cov(answers.T)
    expected = 6 / 5 * (1 - np.trace(covariance) / covariance.sum())
    assert cronbach_alpha(answers) == pytest.approx(expected)


def test_alpha_is_undefined_where_nobody_differs():
    assert np.isnan(cronbach_alpha([[1, 1], [1, 1]]))
    assert np.isnan(cronbach_alpha([[1], [2]]))


def test_personality_scores_of_a_wave_follow_from_its_answers(wave_file, tmp_path):
    # Everybody answers 1 on every phrase: a reversed one counts 5. Two of four reversed give 3, three of four 4.
    path = wave_file(
        ("questionnaire: survey.yaml", "questionnaire: ipip_mini"), ("{public: uniform}", "{public: modal}")
    )
    with Store(tmp_path / "s.sqlite") as store:
        run_wave(load_wave(path), store, now=lambda: "2026-01-01T00:00:00+00:00")
    with open_results(tmp_path / "s.sqlite") as results:
        found = {result.score: result for result in scales(results)}
    assert {name: result.mean for name, result in found.items()} == {
        "extraversion": 3.0,
        "agreeableness": 3.0,
        "conscientiousness": 3.0,
        "neuroticism": 3.0,
        "imagination": 4.0,
    }
    assert all((result.n, result.left_out, result.sd, result.alpha) == (6, 0, 0.0, None) for result in found.values())


def test_a_score_of_a_question_that_is_not_there_is_refused():
    two = [{"code": 1, "label": "no"}, {"code": 2, "label": "yes"}]
    content = {"id": "q", "title": "Q", "questions": [{"id": "a", "text": "A?", "options": two}]}
    with pytest.raises(ValidationError, match="made of 'b', which is no question here"):
        Questionnaire.model_validate({**content, "scoring": {"s": {"items": {"b": 1}}}})
