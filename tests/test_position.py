"""Position and order effects: planted, found again with intervals that cover as often as they say."""

import json

import numpy as np
import pytest

from analysis.position import difference, placement_effect
from analysis.position_report import position_report
from analysis.reading import open_results
from tests.test_run import run


def answers(rng, people, questions, k, bias, own=0.0, preferred=None):
    """Choices of people who take the first option with the probability ``bias`` and their own choice otherwise.

    ``own`` is the share of people who have one favourite code for all questions, so that answers hang together.
    """
    orders = rng.permuted(np.tile(np.arange(k), (people * questions, 1)), axis=1)
    who = np.repeat(np.arange(people), questions)
    shares = np.full(k, 1 / k) if preferred is None else np.asarray(preferred)
    choice = rng.choice(k, size=people * questions, p=shares)
    loyal = rng.random(people) < own
    choice = np.where(loyal[who], rng.choice(k, size=people, p=shares)[who], choice)
    follows = rng.random(people * questions) < bias
    chosen = np.where(follows, orders[:, 0], choice)
    return chosen, orders, np.tile(np.arange(questions), people), who


def test_first_option_preference_is_found_as_it_was_planted():
    chosen, orders, questions, who = answers(
        np.random.default_rng(1), 4000, 3, 4, bias=0.2, preferred=[0.7, 0.1, 0.1, 0.1]
    )
    # A share of 0.2 takes the first whatever it is, which adds 0.2 * (1 - 1/4) = 0.15 to what chance gives; for the
    # last it is 0.2 * (0 - 1/4) = -0.05.
    first = placement_effect(chosen, orders[:, 0], questions, who)
    last = placement_effect(chosen, orders[:, -1], questions, who)
    assert first.low < 0.15 < first.high and first.high - first.low < 0.03 and first.is_clear
    assert last.low < -0.05 < last.high
    assert (first.answers, first.respondents) == (12000, 4000)


@pytest.mark.parametrize(("bias", "own"), [(0.0, 0.0), (0.0, 0.7), (0.15, 0.5)])
def test_intervals_cover_as_often_as_they_say(bias, own):
    rng, covered, truth = np.random.default_rng(2), 0, bias * (1 - 1 / 4)
    for _ in range(400):
        chosen, orders, questions, who = answers(rng, 80, 5, 4, bias, own, [0.55, 0.25, 0.15, 0.05])
        effect = placement_effect(chosen, orders[:, 0], questions, who)
        covered += effect.low <= truth <= effect.high
    # Binomial(400, 0.95): 380 expected; four standard deviations are 4 * sqrt(400 * 0.95 * 0.05) = 17.4.
    assert abs(covered - 380) < 18, covered


def test_intervals_of_differences_cover_as_often_as_they_say():
    rng, covered = np.random.default_rng(3), 0
    for _ in range(400):
        who = np.repeat(np.arange(60), 4)
        late = rng.random(60)[who] < 0.5  # whole interviews are late or early, so that answers hang together
        values = rng.normal(size=60)[who] + rng.normal(size=240) + 0.5 * late
        effect = difference(values, late, who)
        covered += effect.low <= 0.5 <= effect.high
    assert abs(covered - 380) < 18, covered


def test_what_always_stands_first_says_nothing():
    assert placement_effect([1, 1, 2], [1, 1, 1], [0, 0, 0], [0, 1, 2]) is None
    assert placement_effect([1], [2], [0], [0]) is None
    assert difference([1.0, 2.0], [True, True], [0, 1]) is None


def test_orders_need_not_be_equally_likely():
    rng = np.random.default_rng(4)
    turned = rng.random(6000) < 0.2
    placed = np.where(turned, 3, 1)
    chosen = rng.choice([1, 2, 3], size=6000, p=[0.6, 0.3, 0.1])
    effect = placement_effect(chosen, placed, np.zeros(6000, int), np.arange(6000))
    assert effect.low < 0 < effect.high


def test_arrays_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="every answer needs an entry"):
        placement_effect([1, 2], [1], [0, 0], [0, 1])


SURVEY = json.dumps(
    {
        "id": "s",
        "title": "S",
        "questions": [
            {"id": "q", "text": "?", "options": [{"code": n, "label": f"thing {n}"} for n in (1, 2, 3)]},
            {"id": "r", "text": "?", "options": [{"code": n, "label": f"stuff {n}"} for n in (1, 2, 3)]},
            {"id": "s", "text": "?", "kind": "scale", "minimum": 1, "maximum": 5},
        ],
    }
)


def test_a_public_that_takes_what_stands_first_is_found_in_its_store(wave_file, tmp_path):
    # Labels count places, so a public that prefers "1" prefers whatever stands first: six in ten take it.
    settings = "{answer_format: constrained, presentation: {labels: numbers, order: shuffled, scale: drawn}}"
    path = wave_file(
        ("{portrait: [sex, age]}", settings),
        ("{public: uniform}", "{public: planted, planted: [{shares: {1: 6, 2: 2, 3: 2}}]}"),
        ("respondents: 6", "respondents: 500"),
        survey=SURVEY,
    )
    run(path, tmp_path / "a.sqlite")
    with open_results(tmp_path / "a.sqlite") as results:
        report = position_report(results, results.cells[0])
    question = report.questions[0]
    assert question.question == "q"
    assert question.first.low < 0.6 - 1 / 3 < question.first.high and question.first.is_clear
    assert question.last.low < 0.2 - 1 / 3 < question.last.high
    assert report.first.answers == 1500 and report.first.respondents == 500
    assert question.reversed is not None and question.late is None  # asked first by everybody
    assert report.questions[2].reversed is not None


def test_a_question_that_comes_early_or_late_is_compared(wave_file, tmp_path):
    path = wave_file(
        (
            "settings: {portrait: [sex, age]}",
            "settings: {answer_format: constrained}\n    perturbations: [{kind: question_order}]",
        ),
        ("respondents: 6", "respondents: 300"),
        survey=SURVEY,
    )
    run(path, tmp_path / "a.sqlite")
    with open_results(tmp_path / "a.sqlite") as results:
        report = position_report(results, results.cells[0])
    effects = [question.late for question in report.questions]
    assert all(effect is not None and effect.low < 0 < effect.high for effect in effects)
