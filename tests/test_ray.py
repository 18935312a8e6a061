"""Waves through real Ray actors and real processes, killed for real."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.launched import ROOT, Launched, answers
from tests.ray_nodes import cluster
from tests.stores import SAME, compared, content, count, sound

pytestmark = pytest.mark.real

LOCAL = "{executor: local}"
TWO_COHORTS = (LOCAL, "{executor: ray, cohorts: 2}")
USUAL: dict[str, str] = {}
"""Ray's own settings."""


def now() -> str:
    return "2026-01-01T00:00:00+00:00"


def command(path: Path, store: Path) -> list[str]:
    return [sys.executable, str(ROOT / "run_simulation.py"), "run", str(path), "--store", str(store)]


def ask(path, store):
    with Store(store) as opened:
        run_wave(load_wave(path), opened, now=now)


def test_ray_and_one_process_give_the_same_store(wave_file, tmp_path):
    for name, execution in (("local", LOCAL), ("ray", TWO_COHORTS[1])):
        done = subprocess.run(
            command(wave_file((LOCAL, execution)), tmp_path / f"{name}.sqlite"), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    assert content(tmp_path / "ray.sqlite") == content(tmp_path / "local.sqlite")


@pytest.mark.parametrize("executor", ["local", "ray"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_wave_killed_in_the_middle_resumes_to_the_uninterrupted_store(wave_file, tmp_path, gate, executor, how):
    model, many = gate.before(public="uniform"), ("respondents: 6", "respondents: 300")
    path = wave_file(model, many, (LOCAL, f"{{executor: {executor}}}"))
    store = tmp_path / "cut.sqlite"
    gate.shut()
    with Launched(path, store) as launched:
        launched.reach(1)
        launched.process.send_signal(how)
        code, said = launched.end()
    gate.open()
    if how == signal.SIGINT:
        assert code == 3, said
        assert "same command" in said
    saved = answers(store)
    assert 0 < saved <= 300  # of 900
    assert sound(store)
    done = subprocess.run(command(path, store), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"continuing after {saved} saved answers" in done.stderr
    ask(wave_file(model, many), tmp_path / "whole.sqlite")
    assert content(store) == content(tmp_path / "whole.sqlite")
    assert sound(store)


def test_a_killed_actor_is_replaced_and_the_store_is_the_same(wave_file, tmp_path, gate):
    model, many = gate.before(public="uniform"), ("respondents: 6", "respondents: 200")
    store = tmp_path / "a.sqlite"
    gate.shut()
    with Launched(wave_file(model, many, TWO_COHORTS), store) as launched:
        launched.reach(1)
        os.kill(launched.actors()[0], signal.SIGKILL)
        gate.open()
        code, said = launched.end()
    assert code == 0, said
    ask(wave_file(model, many), tmp_path / "whole.sqlite")
    assert content(store) == content(tmp_path / "whole.sqlite")
    assert sound(store)


def test_a_wave_runs_on_a_cluster_by_its_address_alone(wave_file, tmp_path):
    with cluster(tmp_path, USUAL) as nodes:
        nodes.head()
        path = wave_file((LOCAL, f"{{executor: ray, cohorts: 2, address: '{nodes.address}'}}"))
        # Away from the project's folder, so that the code reaches the nodes by being shipped.
        (tmp_path / "elsewhere").mkdir()
        done = subprocess.run(
            command(path, tmp_path / "a.sqlite"),
            env=nodes.env,
            capture_output=True,
            text=True,
            cwd=tmp_path / "elsewhere",
        )
    assert done.returncode == 0, done.stderr
    ask(wave_file(), tmp_path / "whole.sqlite")
    assert content(tmp_path / "a.sqlite") == content(tmp_path / "whole.sqlite")


def test_nodes_that_join_take_part_and_nodes_that_leave_take_nothing_along(wave_file, tmp_path, gate):
    model, many = gate.before(public="uniform", concurrency=4), ("respondents: 6", "respondents: 120")
    store = tmp_path / "a.sqlite"
    gate.shut()
    with cluster(tmp_path, USUAL) as nodes:
        nodes.head(cores=2)
        path = wave_file(model, many, (LOCAL, f"{{executor: ray, num_cpus: 2, address: '{nodes.address}'}}"))
        with Launched(path, store, nodes.env) as launched:
            launched.reach(4)  # the first answers of the four whom a cohort interviews at once
            assert len(nodes.actors()) == 1  # the head has two cores, which one cohort reserves
            raylet = nodes.raylet(nodes.worker(cores=2))
            launched.reach(8)
            for process in (*nodes.below(raylet), raylet):
                os.kill(process, signal.SIGKILL)
            gate.open()
            code, said = launched.end()
    assert code == 0, said
    ask(wave_file(model, many), tmp_path / "whole.sqlite")
    assert compared(store, tmp_path / "whole.sqlite") == SAME
    assert sound(store)


def test_an_address_where_no_cluster_is_is_told_plainly(wave_file, tmp_path):
    path = wave_file((LOCAL, "{executor: ray, address: '127.0.0.1:9'}"))
    done = subprocess.run(command(path, tmp_path / "a.sqlite"), capture_output=True, text=True, timeout=300)
    assert done.returncode == 2, done.stderr
    assert "Nobody listens at '127.0.0.1:9'" in done.stderr
    assert "Traceback" not in done.stderr


def test_more_models_than_cores_take_turns(wave_file, tmp_path):
    """Every cohort reserves all cores of the only node, so the second model waits until the first one is done."""
    second = "  - {name: second, backend: scripted, settings: {public: uniform}}\nconditions:"
    with cluster(tmp_path, USUAL) as nodes:
        nodes.head(cores=2)
        execution = f"{{executor: ray, num_cpus: 2, address: '{nodes.address}'}}"
        wave = wave_file(("conditions:", second), (LOCAL, execution))
        with Launched(wave, tmp_path / "two.sqlite", nodes.env) as launched:
            code, said = launched.end()
    assert code == 0, said
    answered = "SELECT count(*) FROM responses WHERE model = 'second' AND status = 'answered'"
    assert count(tmp_path / "two.sqlite", answered) > 0


def test_a_machine_too_small_for_a_cohort_is_told_plainly(wave_file, tmp_path):
    wave = wave_file((LOCAL, "{executor: ray, num_gpus: 1000}"))
    done = subprocess.run(command(wave, tmp_path / "none.sqlite"), capture_output=True, text=True)
    assert done.returncode == 2
    assert "too few for one cohort" in done.stderr
    assert "Traceback" not in done.stderr
