"""DEF's ablation: which row a condition is, and how the published order came out."""

from pathlib import Path

import pytest

from analysis.ablation import PUBLISHED, ablation_of, ablation_orders
from analysis.compared import ConditionRow, DiversityFigures
from analysis.findings import Statuses
from demoscope.documents import read
from demoscope.errors import DocumentError
from simulator.loading import load_wave
from simulator.protocols.def_settings import DefSettings
from simulator.wave import Wave

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
    assert loaded.wave.respondents == read(Wave, EXAMPLE).sizes["small"] == 3
    assert loaded.content["respondents"] == 3
    (tmp_path / "wave.yaml").write_text(written.replace("size: small", "size: tiny"))
    with pytest.raises(DocumentError, match="there is no size 'tiny'; `sizes` has small"):
        load_wave(tmp_path / "wave.yaml")
