"""A planted public through the whole chain: population, portrait, scripted model, parsing, store, intervals."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from analysis.bootstrap import limits, respondent_weights, reweighted_counts
from analysis.choices import mean_code, one_hot
from analysis.def_data import CellData, cell_data
from analysis.reading import open_results
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store

SAMPLES, PEOPLE, DRAWS = 200, 40, 300
"""Two hundred samples of forty people, drawn by one wave one after the other."""

GROUPS = {
    ("north", "female", "young"): (1, 2, 7),
    ("north", "female", "old"): (2, 4, 4),
    ("north", "male", "young"): (5, 3, 2),
    ("north", "male", "old"): (3, 3, 4),
    ("south", "female", "young"): (6, 2, 2),
    ("south", "female", "old"): (4, 4, 2),
    ("south", "male", "young"): (2, 2, 6),
    ("south", "male", "old"): (1, 1, 8),
}
"""Answers out of ten by place, sex and age; all groups are as large."""

LABELS = {
    "region": {"north": "Northtown", "south": "Southtown"},
    "sex": {"female": "a woman", "male": "a man"},
    "age": {"young": "below forty", "old": "above forty"},
}
ATTRIBUTES = tuple(LABELS)


def portrait(region: str, sex: str, age: str) -> str:
    """What the system turn says of somebody."""
    return f"living in {LABELS['region'][region]}. You are {LABELS['sex'][sex]} {LABELS['age'][age]}."


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> tuple[CellData, np.ndarray]:
    """The answers of everybody as the analysis reads them, and the group that each belongs to."""
    folder = tmp_path_factory.mktemp("planted")
    population = {
        "id": "towns",
        "title": "Two towns",
        "source": "Made for this test",
        "attributes": {name: {"levels": levels} for name, levels in LABELS.items()},
        "sources": [{"kind": "margin", "attributes": [*ATTRIBUTES], "table": "towns.csv"}],
        "places": {"country": "Nowhere", "states": "states.csv", "state_attribute": "region"},
        "portraits": {"planted": {"text": {"en": "You are {{ sex }} {{ age }}."}}},
    }
    (folder / "towns.yaml").write_text(yaml.safe_dump(population))
    rows = "".join(f"{','.join(group)},1\n" for group in GROUPS)
    (folder / "towns.csv").write_text(f"{','.join(ATTRIBUTES)},count\n{rows}")
    states = "".join(f"{code},{name},1\n" for code, name in LABELS["region"].items())
    (folder / "states.csv").write_text(f"code,name,population\n{states}")
    options = [{"code": code, "label": label} for code, label in ((1, "too little"), (2, "enough"), (3, "too much"))]
    survey = {"id": "q", "title": "Q", "questions": [{"id": "parks", "text": "Parks?", "options": options}]}
    (folder / "q.yaml").write_text(yaml.safe_dump(survey))
    planted = [
        {"when": portrait(*group), "shares": dict(zip((1, 2, 3), shares, strict=True))}
        for group, shares in GROUPS.items()
    ]
    wave = {
        "name": "w",
        "seed": 5,
        "questionnaire": "q.yaml",
        "population": "towns.yaml",
        "respondents": SAMPLES * PEOPLE,
        "models": [
            {"name": "m", "backend": "scripted", "settings": {"public": "planted", "planted": planted}},
        ],
        "conditions": [{"name": "c", "settings": {"portrait": ["sex", "age"], "style": "planted"}}],
        "execution": {"executor": "local"},
    }
    (folder / "w.yaml").write_text(yaml.safe_dump(wave))
    path = Path(folder / "w.sqlite")
    with Store(path) as store:
        run_wave(load_wave(folder / "w.yaml"), store, now=lambda: "now")
    with open_results(path) as results:
        data = cell_data(results, results.cells[0])
        known = results.rows("SELECT attributes FROM personas ORDER BY id")
    groups = list(GROUPS)
    own = [groups.index(tuple(json.loads(text)[name] for name in ATTRIBUTES)) for (text,) in known]
    return data, np.array(own)


def covered(public: tuple[CellData, np.ndarray], figure, truth: np.ndarray) -> np.ndarray:
    """Share of the samples whose interval of a figure holds the truth; ``figure`` takes counts by group."""
    data, group = public
    held = []
    for sample in range(SAMPLES):
        among = slice(sample * PEOPLE, (sample + 1) * PEOPLE)
        weights = respondent_weights(np.ones(PEOPLE), np.random.default_rng(sample), draws=DRAWS)
        choices, own = data.choices[among], group[among]
        counts = np.stack(
            [
                reweighted_counts(one_hot(choices[own == each], 3), weights[:, own == each])
                for each in range(len(GROUPS))
            ],
            axis=1,
        )  # draws, groups, options
        low, high = limits(figure(counts))
        low, high = np.squeeze(low), np.squeeze(high)  # one question
        held.append((low <= truth + 1e-12) & (truth - 1e-12 <= high))
    return np.mean(held, axis=0)


TRUTH = np.array(list(GROUPS.values())) / 10
CODES = np.array([1.0, 2.0, 3.0])


def test_everybody_is_understood_and_the_whole_public_has_the_planted_shares(public):
    data, group = public
    assert data.unread.tolist() == [0]
    for each, shares in enumerate(TRUTH):
        n = int((group == each).sum())
        found = np.bincount(data.choices[group == each, 0], minlength=3) / n
        assert found == pytest.approx(shares, abs=4 * 0.5 / np.sqrt(n))


def test_intervals_of_shares_cover_at_the_nominal_rate(public):
    def shares(counts):
        return counts.sum(axis=1) / PEOPLE

    held = covered(public, shares, TRUTH.mean(axis=0))
    # 200 samples: 95 % give or take three times sqrt(0.95 * 0.05 / 200) = 1.5 points, and a little for forty people
    assert held.mean() == pytest.approx(0.95, abs=0.025)
    assert held.min() > 0.90


def test_intervals_of_means_cover_at_the_nominal_rate(public):
    held = covered(public, lambda counts: mean_code(counts.sum(axis=1), CODES[None]), TRUTH.mean(axis=0) @ CODES)
    assert held == pytest.approx(0.95, abs=0.045)


@pytest.mark.parametrize("by", ATTRIBUTES)
def test_intervals_of_differences_between_groups_cover_at_the_nominal_rate(public, by):
    levels = list(LABELS[by])
    first, second = (
        [n for n, group in enumerate(GROUPS) if group[ATTRIBUTES.index(by)] == level] for level in levels
    )

    def difference(counts):
        one, other = (mean_code(counts[:, groups].sum(axis=1), CODES[None]) for groups in (first, second))
        return one - other

    truth = TRUTH[first].mean(axis=0) @ CODES - TRUTH[second].mean(axis=0) @ CODES
    assert covered(public, difference, truth) == pytest.approx(0.95, abs=0.045)
