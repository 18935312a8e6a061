"""Effects of the levels of vignettes and conjoint tasks."""

from pathlib import Path

import numpy as np
import pytest

from analysis.conjoint import amce, level_effects
from analysis.reading import open_results
from simulator.backends.scripted import ScriptedBackend
from simulator.loading import load_wave
from simulator.protocols.interface import Attempt, Completion
from simulator.run import run_wave
from simulator.store import Store


def regression(y, z, who, n_levels):
    """Ordinary least squares on dummies with the sandwich of clusters, written out: coefficients and errors."""
    x = np.column_stack([np.ones(len(y)), *(z == level for level in range(1, n_levels))]).astype(float)
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ y
    scores = x * (y - x @ beta)[:, None]
    summed = np.array([scores[who == one].sum(axis=0) for one in np.unique(who)])
    groups, n, k = len(summed), len(y), x.shape[1]
    cover = groups / (groups - 1) * (n - 1) / (n - k) * bread @ summed.T @ summed @ bread
    return beta[1:], np.sqrt(np.diag(cover))[1:]


def test_effects_are_differences_of_means():
    # Level 1 is chosen 3 times of 4, level 0 once of 4: 3/4 - 1/4.
    found = amce([1, 1, 1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0], [1, 2, 3, 4, 1, 2, 3, 4], 2)
    assert found.estimates.tolist() == [0, 0.5]


@pytest.mark.parametrize("seed", range(4))
def test_effects_and_their_errors_are_those_of_a_regression_with_clusters(seed):
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(60), 8)
    z = rng.integers(3, size=480)
    y = (rng.random(480) < 0.3 + 0.2 * (z == 2) + 0.2 * (rng.random(60) < 0.5)[who]).astype(float)
    found = amce(y, z, who, 3)
    beta, errors = regression(y, z, who, 3)
    assert found.estimates[1:] == pytest.approx(beta)
    assert found.errors[1:] == pytest.approx(errors)


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(400):
        who = np.repeat(np.arange(40), 6)
        z = rng.integers(2, size=240)
        y = 0.3 * z + rng.normal(size=40)[who] + rng.normal(size=240)
        low, high = amce(y, z, who, 2).interval(1)
        hits += low <= 0.3 <= high
    assert abs(hits - 380) < 4.5 * 4.4  # sd of 400 draws of 0.95 is 4.4


def test_what_never_came_has_no_effect_and_one_respondent_no_error():
    found = amce([1.0, 0.0], [0, 1], [1, 1], 3)
    assert found.estimates[1] == -1
    assert np.isnan(found.estimates[2])
    assert np.isnan(found.errors).all()
    with pytest.raises(ValueError, match="equal 1-D arrays"):
        amce([1, 2], [0], [1], 2)


SURVEY = """\
id: flats
title: Flats
questions:
- id: flat
  kind: conjoint
  text: Which flat?
  tasks: 4
  factors:
    attributes: {price: [high, low], size: [small, large], colour: [white, blue]}
    profiles: 2
    without: [{size: large, price: low}]
- kind: vignette
  id: v
  text: "Somebody who is {{ who }} asks you for help."
  factors: {attributes: {who: [young, old]}}
  questions:
  - {id: help, kind: scale, text: How gladly?, minimum: 1, maximum: 5}
"""


class Cheap(ScriptedBackend):
    """Takes the cheaper of two flats, the first of two alike, and is kind to the old."""

    def reply(self, request):
        text = request.messages[-1].text
        if "Which flat?" in text:
            first, second = (line for line in text.splitlines() if line.startswith("Profile"))
            answer = 2 if "price: low" in second and "price: low" not in first else 1
        else:
            answer = 5 if "is old" in text else 2
        return Completion((Attempt(f"Answer: {answer}\nExplanation: So.", finish_reason="stop"),))


def test_a_planted_preference_is_found_in_a_store(wave_file, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(ScriptedBackend, "reply", Cheap.reply)
    loaded = load_wave(wave_file(("respondents: 6", "respondents: 150"), survey=SURVEY))
    with Store(tmp_path / "s.sqlite") as store:
        run_wave(loaded, store, now=lambda: "2026-01-01T00:00:00+00:00")
    with open_results(tmp_path / "s.sqlite") as results:
        found = {(one.attribute, one.level): one for one in level_effects(results, results.cells[0])}
    assert list(found) == [("price", "low"), ("size", "large"), ("colour", "blue"), ("who", "old")]
    price = found["price", "low"]
    # Combinations left: high small, high large, low small; compared among small flats alone, each a third of all.
    # A low flat wins against 2/3 of the others and half of the low ones (the first): 2/3 + 1/3 / 2 = 5/6;
    # a high one wins only as the first of two high ones: 2/3 / 2 = 1/3.
    assert price.effect == pytest.approx(5 / 6 - 1 / 3, abs=0.09)
    assert price.low > 0.3 and price.low < price.effect < price.high
    size, colour = found["size", "large"], found["colour", "blue"]
    assert size.low < 0 < size.high
    assert colour.low < 0 < colour.high
    kind = found["who", "old"]
    assert (kind.question, kind.effect, kind.respondents) == ("help", 3.0, 150)
