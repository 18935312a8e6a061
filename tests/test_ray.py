"""Waves through real Ray actors and real processes, killed for real."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.stores import content, count, sound

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[1]
RAY = ("{executor: local}", "{executor: ray, cohorts: 2}")


def now() -> str:
    return "2026-01-01T00:00:00+00:00"


def command(path: Path, store: Path) -> list[str]:
    return [sys.executable, str(ROOT / "run_simulation.py"), "run", str(path), "--store", str(store)]


def test_ray_and_one_process_give_the_same_store(wave_file, tmp_path):
    for name, execution in (("local", RAY[0]), ("ray", RAY[1])):
        done = subprocess.run(
            command(wave_file((RAY[0], execution)), tmp_path / f"{name}.sqlite"), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    assert content(tmp_path / "ray.sqlite") == content(tmp_path / "local.sqlite")


SLOW = ("settings: {public: uniform}", "settings: {public: uniform, latency_s: 0.4}")


@pytest.mark.parametrize("executor", ["local", "ray"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_wave_killed_in_the_middle_resumes_to_the_uninterrupted_store(wave_file, tmp_path, executor, how):
    many = ("respondents: 6", "respondents: 300")
    slow = wave_file(SLOW, many, (RAY[0], f"{{executor: {executor}}}"))
    store = tmp_path / "cut.sqlite"
    process = subprocess.Popen(
        command(slow, store), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.05)
        if store.exists() and _answers(store) > 0:
            break
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    if how == signal.SIGINT:
        assert process.returncode == 3, errors
        assert "same command" in errors
        assert "Traceback" not in errors
    saved = _answers(store)
    assert 0 < saved < 900
    assert sound(store)
    done = subprocess.run(command(slow, store), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"continuing after {saved} saved answers" in done.stderr
    with Store(tmp_path / "whole.sqlite") as opened:
        run_wave(load_wave(wave_file(SLOW, many)), opened, now=now)
    assert content(store) == content(tmp_path / "whole.sqlite")
    assert sound(store)


def _answers(store: Path) -> int:
    try:
        return count(store, "SELECT count(*) FROM answers")
    except Exception:  # the tables are not there yet
        return 0


def test_a_killed_actor_is_replaced_and_the_store_is_the_same(wave_file, tmp_path):
    many = ("respondents: 6", "respondents: 200")
    path = wave_file(SLOW, many, RAY)
    store = tmp_path / "a.sqlite"
    process = subprocess.Popen(command(path, store), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (store.exists() and _answers(store) > 0) and time.monotonic() < deadline:
        time.sleep(0.05)
    victims = _cohort_processes(process.pid)
    assert victims, "no cohort actor was found"
    os.kill(victims[0], signal.SIGKILL)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    with Store(tmp_path / "whole.sqlite") as opened:
        run_wave(load_wave(wave_file(SLOW, many)), opened, now=now)
    assert content(store) == content(tmp_path / "whole.sqlite")
    assert sound(store)


def _cohort_processes(ancestor: int) -> list[int]:
    """Actors of the wave that ``ancestor`` runs, by the name Ray gives their processes."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            parents[int(folder.name)] = int(fields[1]), (folder / "cmdline").read_text()
        except OSError:
            continue
    found = []
    for pid, (_, name) in parents.items():
        walk = pid
        while walk in parents and walk != ancestor:
            walk = parents[walk][0]
        if walk == ancestor and name.startswith("ray::CohortActor"):
            found.append(pid)
    return sorted(found)


@pytest.fixture
def ray_head(tmp_path):
    """A real Ray head node on the loopback address, with a token of its own; yields address and environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = tmp_path / "token"
    token.write_text("a-token-that-only-this-test-knows-0123456789")
    environment = os.environ | {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    ray = [str(Path(sys.executable).parent / "ray")]
    start = [*ray, "start", "--head", f"--port={port}", "--node-ip-address=127.0.0.1", "--num-cpus=2"]
    start += ["--include-dashboard=false", "--disable-usage-stats", f"--temp-dir=/tmp/ray-test-{port}"]
    done = subprocess.run(start, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        yield f"127.0.0.1:{port}", environment
    finally:
        for process in _processes_of(environment):  # `ray stop` would end everybody's Ray on this machine
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(f"/tmp/ray-test-{port}", ignore_errors=True)


def test_a_wave_runs_on_a_cluster_by_its_address_alone(wave_file, tmp_path, ray_head):
    address, environment = ray_head
    path = wave_file((RAY[0], f"{{executor: ray, cohorts: 2, address: '{address}'}}"))
    # Away from the project's folder, so that the code reaches the nodes by being shipped.
    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run(
        command(path, tmp_path / "a.sqlite"),
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path / "elsewhere",
    )
    assert done.returncode == 0, done.stderr
    with Store(tmp_path / "whole.sqlite") as opened:
        run_wave(load_wave(wave_file()), opened, now=now)
    assert content(tmp_path / "a.sqlite") == content(tmp_path / "whole.sqlite")


def test_nodes_that_join_take_part_and_nodes_that_leave_take_nothing_along(wave_file, tmp_path, ray_head):
    address, environment = ray_head
    many = ("respondents: 6", "respondents: 120")
    pace = (SLOW[0], "settings: {public: uniform, latency_s: 0.4, concurrency: 4}")
    path = wave_file(pace, many, (RAY[0], f"{{executor: ray, num_cpus: 2, address: '{address}'}}"))
    store = tmp_path / "a.sqlite"
    process = subprocess.Popen(
        command(path, store), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    _wait_until(lambda: _answers(store) > 0)
    assert (
        len(_processes_of(environment, "ray::CohortActor")) == 1
    )  # the head has two cores, which one cohort reserves
    worker = [str(Path(sys.executable).parent / "ray"), "start", f"--address={address}", "--num-cpus=2", "--block"]
    node = subprocess.Popen(
        [*worker, "--disable-usage-stats"], env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _wait_until(lambda: len(_processes_of(environment, "ray::CohortActor")) == 2)
        before = _answers(store)
        _wait_until(lambda: _answers(store) > before)
    finally:
        os.killpg(node.pid, signal.SIGKILL)
        node.wait()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    with Store(tmp_path / "whole.sqlite") as opened:
        run_wave(load_wave(wave_file(many)), opened, now=now)
    here, there = content(store), content(tmp_path / "whole.sqlite")
    for table in ("respondents", "answers", "answer_options", "exchanges", "answer_sources"):
        assert here[table] == there[table]
    assert sound(store)


def _wait_until(so: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def _processes_of(environment: dict[str, str], name: str = "") -> list[int]:
    """Processes of the cluster that has this token, this one left out."""
    token, found = f"RAY_AUTH_TOKEN_PATH={environment['RAY_AUTH_TOKEN_PATH']}", []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_text().startswith(name) and token in (folder / "environ").read_text():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_an_address_where_no_cluster_is_is_told_plainly(wave_file, tmp_path):
    path = wave_file((RAY[0], "{executor: ray, address: '127.0.0.1:9'}"))
    done = subprocess.run(command(path, tmp_path / "a.sqlite"), capture_output=True, text=True, timeout=180)
    assert done.returncode == 2, done.stderr
    assert "Nobody listens at '127.0.0.1:9'" in done.stderr
    assert "Traceback" not in done.stderr


def test_more_models_than_cores_take_turns(wave_file, tmp_path):
    """Every cohort reserves all cores of this machine, so the second model waits until the first one is done."""
    second = "  - {name: second, backend: scripted, settings: {public: uniform}}\nconditions:"
    whole = f"{{executor: ray, num_cpus: {os.cpu_count()}}}"
    wave = wave_file(("conditions:", second), (RAY[0], whole))
    done = subprocess.run(command(wave, tmp_path / "two.sqlite"), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answered = "SELECT count(*) FROM responses WHERE model = 'second' AND status = 'answered'"
    assert count(tmp_path / "two.sqlite", answered) > 0


def test_a_machine_too_small_for_a_cohort_is_told_plainly(wave_file, tmp_path):
    wave = wave_file((RAY[0], "{executor: ray, num_gpus: 1000}"))
    done = subprocess.run(command(wave, tmp_path / "none.sqlite"), capture_output=True, text=True)
    assert done.returncode == 2
    assert "too few for one cohort" in done.stderr
    assert "Traceback" not in done.stderr
