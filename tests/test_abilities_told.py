"""What a model lacks is told: before the wave, when it starts, and when it is not what it was."""

import io
import json

import pytest
from rich.console import Console

from demoscope.errors import StoreError
from simulator.backends.interface import ModelCard
from simulator.backends.openai_api import retrying
from simulator.loading import load_wave
from simulator.model_cards import record_card
from simulator.plan import make_plan
from simulator.plan_screen import render_plan
from simulator.run import run_wave
from simulator.store import Store
from tests.fault_server import Plan, serving
from tests.faulty_wave import write_wave
from tests.test_run import now

pytestmark = pytest.mark.real


def run(path, store):
    with Store(store) as opened:
        return run_wave(load_wave(path), opened, now=now)


def shown(path):
    console = Console(width=160, record=True, file=io.StringIO())
    render_plan(make_plan(load_wave(path)), console)
    return console.export_text()


def test_a_plan_names_what_is_tried_out_and_after_the_first_start_what_is_lacking(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = tmp_path / "faulty.sqlite"
    wishes = {"repetition_penalty": 1.2, "num_beams": 3, "do_sample": True}
    with serving() as server:
        path = write_wave(tmp_path, [server.url], respondents=2, questions=1, condition=wishes)
        [model] = make_plan(load_wave(path)).models
        assert (model.lacks, model.tried_out, model.proved) == (("num_beams",), ("repetition_penalty", "seed"), False)
        assert "tried out when the wave starts: repetition_penalty, seed" in shown(path)
        run(path, store)
        [model] = make_plan(load_wave(path)).models
        assert (model.lacks, model.tried_out, model.proved) == (("num_beams", "repetition_penalty"), (), True)
        assert "lacks num_beams, repetition_penalty, which the wave asks for: not applied" in shown(path)


def test_a_start_names_first_what_the_wave_asks_for(tmp_path):
    with serving() as server:
        path = write_wave(tmp_path, [server.url], respondents=2, questions=1, condition={"num_beams": 3})
        [notice] = run(path, tmp_path / "a.sqlite").notices
    assert notice.startswith("Model mock does not do num_beams, which the wave asks for: that is not applied.")
    assert notice.endswith("Not there either: repetition_penalty, continued replies, best_of.")


def test_abilities_that_are_other_at_a_resume_are_told_and_both_proofs_kept(tmp_path):
    store = tmp_path / "a.sqlite"
    with serving() as server:
        assert len(run(write_wave(tmp_path, [server.url], respondents=2, questions=1), store).notices) == 1
    with serving(Plan(abilities=Plan().abilities - {"seed"})) as server:
        notices = run(write_wave(tmp_path, [server.url], respondents=4, questions=1), store).notices
    assert any("has changed since the store's earlier answers: seed yes -> no." in one for one in notices)
    with Store(store) as opened:
        [(settings,)] = opened.execute("SELECT settings FROM models")
    assert json.loads(settings)["proven"]["seed"] is False
    assert [proof["seed"] for proof in json.loads(settings)["earlier"]] == [True]


def test_another_model_is_refused_even_while_an_endpoint_is_away_and_there_is_no_digest(tmp_path, monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)
    store = tmp_path / "a.sqlite"
    with serving() as gone:
        away = gone.url
        run(write_wave(tmp_path, [gone.url], respondents=2, questions=1), store)
    with serving(Plan(model="other")) as server:
        path = write_wave(tmp_path, [away, server.url], respondents=4, questions=1, model=None)
        settings = json.loads(path.read_text().split("settings: ", 1)[1].split("\n")[0])
        assert settings["model"] is None
        with Store(tmp_path / "b.sqlite") as fresh:
            run_wave(load_wave(path), fresh, now=now)
            [(digest, proof)] = fresh.execute("SELECT digest, settings FROM models")
    assert digest is None
    card = ModelCard("mock", "openai_api", digest=None, settings=json.loads(proof))
    with Store(store) as opened, pytest.raises(StoreError, match="come from mock, its endpoints now have other"):
        record_card(opened, card, frozenset())
