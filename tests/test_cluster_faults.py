"""Nodes that freeze, vanish from the network or run out of memory under a wave: docs/faults.md.

Real Ray nodes, with the health check that docs/clusters.md recommends; the network in namespaces, where root is at
hand. ``benchmarks/soak.py`` has the long ones and the many.
"""

import os
import signal

import pytest

from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.launched import Launched, answers, finished, until
from tests.ray_nodes import FAST, cluster, network
from tests.stores import content, violated

pytestmark = pytest.mark.real

LOCAL = "{executor: local}"
MANY = ("respondents: 6", "respondents: 90")
PACE = ("settings: {public: uniform}", "settings: {public: uniform, latency_s: 0.4, concurrency: 4}")
TWO_CORES = "num_cpus: 2"


def whole(wave_file, tmp_path, many=MANY):
    path = tmp_path / "whole.sqlite"
    quick = (PACE[0], PACE[1].replace("0.4", "0.0"))
    with Store(path) as opened:
        run_wave(load_wave(wave_file(many, quick)), opened, now=lambda: "2026-01-01T00:00:00+00:00")
    return path


def same_answers(store, other):
    """Every row of every table, but for the models' settings, which hold the latency."""
    here, there = content(store), content(other)
    differ = [table for table in here.keys() | there.keys() if here.get(table) != there.get(table)]
    return set(differ) <= {"models", "waves"} and violated(store) == []


def test_a_frozen_raylet_takes_nothing_along(wave_file, tmp_path):
    with cluster(tmp_path) as nodes:
        nodes.head(cores=2)
        raylet = nodes.raylet(nodes.worker(cores=2))
        path = wave_file(PACE, MANY, (LOCAL, f"{{executor: ray, {TWO_CORES}, address: '{nodes.address}'}}"))
        with Launched(path, tmp_path / "a.sqlite", nodes.env) as launched:
            until(lambda: bool(nodes.below(raylet)), what="a cohort on the worker")
            launched.reach(20)
            os.kill(raylet, signal.SIGSTOP)
            code, said = launched.end()
        assert code == 0, said
    expected = whole(wave_file, tmp_path)
    assert same_answers(tmp_path / "a.sqlite", expected)


def test_a_node_that_is_cut_off_is_done_without_and_the_wave_ends(wave_file, tmp_path):
    try:
        with network(2) as net, cluster(tmp_path) as nodes:
            nodes.head(net.hosts[0], 2, net.within(0))
            raylet = nodes.raylet(nodes.worker(net.hosts[1], 2, net.within(1)))
            path = wave_file(PACE, MANY, (LOCAL, f"{{executor: ray, {TWO_CORES}, address: '{nodes.address}'}}"))
            with Launched(path, tmp_path / "a.sqlite", nodes.env, net.within(0)) as launched:
                until(lambda: bool(nodes.below(raylet)), what="a cohort on the worker")
                launched.reach(20)
                net.cut(1)
                before = answers(tmp_path / "a.sqlite")
                launched.reach(before + 40)
                net.heal(1)
                code, said = launched.end()
            assert code == 0, said
    except RuntimeError as error:
        pytest.skip(f"network namespaces cannot be made here: {error}")
    assert same_answers(tmp_path / "a.sqlite", whole(wave_file, tmp_path))


def test_a_head_that_dies_pauses_the_wave_and_the_same_command_goes_on(wave_file, tmp_path):
    """Ray ends drivers a while after their head is gone, here twenty seconds; the wave pauses before."""
    store, many = tmp_path / "a.sqlite", (MANY[0], "respondents: 24")
    slow = (PACE[0], PACE[1].replace("0.4, concurrency: 4", "1.0, concurrency: 2"))
    with cluster(tmp_path, FAST | {"RAY_gcs_rpc_server_reconnect_timeout_s": "20"}) as nodes:
        nodes.head(cores=2)
        path = wave_file(slow, many, (LOCAL, f"{{executor: ray, cohorts: 2, address: '{nodes.address}'}}"))
        with Launched(path, store, nodes.env) as launched:
            launched.reach(8)
            for pid in nodes.processes("gcs_server"):
                os.kill(pid, signal.SIGKILL)
            saved = answers(store)
            code, said = launched.end()
    assert code == 3, said
    assert "The head of the Ray cluster does not answer any more" in said
    assert saved < answers(store) < 72  # the cohorts went on meanwhile
    finished(wave_file(slow, many), store)
    assert same_answers(store, whole(wave_file, tmp_path, many))


def test_cohorts_that_run_out_of_memory_pause_the_wave_and_say_so(wave_file, tmp_path):
    """Ray kills what is over its share of the memory; here the share is nothing, so every cohort is."""
    store = tmp_path / "a.sqlite"
    with cluster(
        tmp_path, FAST | {"RAY_memory_usage_threshold": "0.0", "RAY_memory_monitor_refresh_ms": "100"}
    ) as nodes:
        nodes.head(cores=2)
        path = wave_file(PACE, MANY, (LOCAL, f"{{executor: ray, cohorts: 2, address: '{nodes.address}'}}"))
        with Launched(path, store, nodes.env) as launched:
            code, said = launched.end()
    assert code == 3, said
    assert "memory" in said
    finished(wave_file((PACE[0], PACE[1].replace("0.4", "0.0")), MANY), store)
    assert same_answers(store, whole(wave_file, tmp_path))
