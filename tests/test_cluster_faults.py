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
from tests.stores import compared, violated

pytestmark = pytest.mark.real

LOCAL = "{executor: local}"
MANY = ("respondents: 6", "respondents: 90")
PACE = ("settings: {public: uniform}", "settings: {public: uniform, latency_s: 0.4, concurrency: 4}")
TWO_CORES = "num_cpus: 2"


def whole(wave_file, tmp_path):
    path = tmp_path / "whole.sqlite"
    quick = (PACE[0], PACE[1].replace("0.4", "0.0"))
    with Store(path) as opened:
        run_wave(load_wave(wave_file(MANY, quick)), opened, now=lambda: "2026-01-01T00:00:00+00:00")
    return path


def same_answers(store, other):
    """All but the models' settings, which hold the latency, and the wave's name for them."""
    found = compared(store, other)
    return found["lost"] == 0 and found["added"] == 0 and violated(store) == []


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
