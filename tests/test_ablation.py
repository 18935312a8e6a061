"""DEF's ablation: which row a condition is, and how the published order came out."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t as student

from analysis.ablation import PUBLISHED, ablation_of, ablation_orders
from analysis.compare import compare_stores
from analysis.compared import ConditionRow, DiversityFigures
from analysis.def_rules import def_rules
from analysis.findings import Estimate, Statuses
from demoscope.documents import read
from demoscope.errors import DocumentError
from simulator.loading import load_wave
from simulator.protocols.def_settings import DefSettings
from simulator.wave import Wave
from tests.results import MadeUp
from tests.test_compare import replied

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "def_us_cn.yaml"


@pytest.mark.parametrize(
    ("settings", "row"),
    [
        ({}, "full"),
        ({"location": False}, "without prompt"),
        ({"decoding": False}, "without config"),
        ({"memory": False}, "without memory"),
        ({"location": False, "decoding": False, "memory": False}, "none"),
        ({"location": False, "memory": False}, None),
    ],
)
def test_a_condition_is_known_by_its_place_decoding_and_memory(settings, row):
    written = DefSettings(**settings).resolved().model_dump(mode="json")
    assert ablation_of("def", written) == row
    assert ablation_of("cao", written) is None


def row(name: str, value: float, model: str = "m") -> ConditionRow:
    figures = DiversityFigures(value=value, low=None, high=None, attainable=0.95, same_runs=None)
    return ConditionRow.model_construct(
        store="s",
        model=model,
        language="en",
        culture="US",
        ablation=name,
        finished=True,
        diversity=figures,
        choice_diversity=None,
        statuses=Statuses(),
    )


def test_the_published_order_is_checked_neighbour_by_neighbour():
    rising = [row(name, value) for name, value in zip(PUBLISHED, (0, 0.033, 0.673, 0.783, 0.798), strict=True)]
    (order,) = ablation_orders(rising)  # the figures of the published table
    assert (order.against, order.missing) == ((), ())
    assert [step.row for step in order.steps] == [1, 2, 3, 4, 5]
    (order,) = ablation_orders([*rising[:3], row("without prompt", 0.9), rising[4]])
    assert order.against == ("without prompt 0.900 is not below full 0.798",)
    (order,) = ablation_orders([row("none", 0.2), row("full", 0.2)])
    assert order.against == ("none 0.200 is not below full 0.200",)
    assert order.missing == ("without memory", "without config", "without prompt")
    (order,) = ablation_orders([row("without prompt", 0.95), row("full", 0.95)])
    assert order.against == (
        "without prompt 0.950 is not below full 0.950, both at the most that so many runs can reach",
    )
    assert ablation_orders([row("none", 0.1), row("full", 0.2, "other")]) == ()


def test_steps_are_compared_among_the_people_of_both_rows_on_wording_and_on_choices(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite")
    fixed, drawn = {"num_beams": 1, "do_sample": False}, {"num_beams": {"low": 1, "high": 5}, "do_sample": None}
    for number, (name, on) in enumerate((("none", False), ("full", True)), start=1):
        made.cell(number, name=f"{name} x model")
        settings = {"location": on, "decoding": drawn if on else fixed, "memory": {"low": 0, "high": 15 * on}}
        made.change("UPDATE cells SET settings = ? WHERE id = ?", json.dumps(settings), number)
    made.question(1, ["No", "Yes"])
    made.question(2, ["No", "Yes"])
    made.people([{}] * 3)
    made.insert("respondents", [(who + 3, 2, who, "", "{}", 0) for who in (1, 2, 3)])
    answers = {(who, 1): 1 for who in (1, 2, 3, 4, 5, 6)} | {(who, 2): 1 for who in (1, 2, 3, 4, 5)} | {(6, 2): 2}
    made.answers([(who, question, "answered", [code]) for (who, question), code in answers.items()])
    for who, question in answers:
        text = f"Answer: {who if who > 3 else 1}"
        replied(made, 1 if who < 4 else 2, who, question, text, question)
    wording, choices = compare_stores([made.path], def_rules(), draws=20).ablations
    assert (wording.level, choices.level) == ("wording", "choices")
    assert [step.value for step in wording.steps] == pytest.approx([0, (6 - 2) / 6])
    assert [step.value for step in choices.steps] == pytest.approx([0, (3 - 2) / 6])
    assert wording.steps[0].rise is None
    assert wording.steps[1].rise == Estimate(value=(6 - 2) / 6)  # whoever is left out, D stays at its most
    rise = choices.steps[1].rise
    assert rise is not None
    assert rise.value == pytest.approx(1 / 6)
    left = np.array([1 / 4, 1 / 4, 0])  # without each person: (3 - 2) / 4 twice, then nobody says yes
    reach = student.ppf(0.975, 2) * np.sqrt(2 / 3 * ((left - left.mean()) ** 2).sum())
    assert (rise.low, rise.high) == pytest.approx((1 / 6 - reach, 1 / 6 + reach))
    assert (choices.beyond_chance, choices.against) == (0, ())


def test_the_example_holds_the_whole_ablation_and_the_baselines_in_both_cultures():
    loaded = load_wave(EXAMPLE)
    described = [cell.protocol.describe(cell.settings, cell.population) for cell in loaded.cells]
    rows = [
        (about.culture, ablation_of(cell.protocol.name, about.settings))
        for cell, about in zip(loaded.cells, described, strict=True)
    ]
    for culture in ("US", "CN"):
        assert {name for at, name in rows if at == culture} >= set(PUBLISHED)
        protocols = {
            cell.protocol.name
            for cell, about in zip(loaded.cells, described, strict=True)
            if about.culture == culture
        }
        assert protocols == {"def", "cao", "ccsv-single", "ccsv-list"}
    assert loaded.wave.respondents == 20


def test_the_example_asks_an_api_model_by_one_changed_line(tmp_path):
    lines = EXAMPLE.read_text().splitlines()
    (local,) = (n for n, line in enumerate(lines) if line.startswith("  - {name: smollm2-135m"))
    lines[local] = lines[local + 1].replace("  # - {name: MODEL", "  - {name: MODEL")
    (tmp_path / "wave.yaml").write_text("\n".join(lines))
    loaded = load_wave(tmp_path / "wave.yaml")
    assert {(cell.model.name, cell.model.backend) for cell in loaded.cells} == {("MODEL", "openai_api")}
    assert len(loaded.cells) == 16


def test_a_size_takes_the_place_of_the_number_of_respondents(tmp_path):
    written = EXAMPLE.read_text().replace("# size: small", "size: small")
    (tmp_path / "wave.yaml").write_text(written)
    loaded = load_wave(tmp_path / "wave.yaml")
    assert loaded.wave.respondents == read(Wave, EXAMPLE).sizes["small"] == 2
    assert loaded.content["respondents"] == 2
    (tmp_path / "wave.yaml").write_text(written.replace("size: small", "size: tiny"))
    with pytest.raises(DocumentError, match="there is no size 'tiny'; `sizes` has small"):
        load_wave(tmp_path / "wave.yaml")
