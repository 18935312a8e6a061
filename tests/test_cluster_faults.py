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
from tests.stores import SAME, compared, violated

pytestmark = pytest.mark.real

LOCAL = "{executor: local}"
MANY = ("respondents: 6", "respondents: 90")
ALL = 90 * 3
FOUR = {"public": "uniform", "concurrency": 4}
"""A cohort interviews four at once, so that behind a gate no more than four first answers come from it."""
TWO_CORES = "num_cpus: 2"


def same(store, wave, tmp_path):
    """Whether a store is that of the wave when nothing goes wrong, and whole."""
    with Store(tmp_path / "whole.sqlite") as opened:
        run_wave(load_wave(wave), opened, now=lambda: "2026-01-01T00:00:00+00:00")
    return compared(store, tmp_path / "whole.sqlite") == SAME and violated(store) == []


def test_a_frozen_raylet_takes_nothing_along(wave_file, tmp_path, gate):
    model = gate.before(**FOUR)
    gate.shut()
    with cluster(tmp_path) as nodes:
        nodes.head(cores=2)
        raylet = nodes.raylet(nodes.worker(cores=2))
        path = wave_file(model, MANY, (LOCAL, f"{{executor: ray, {TWO_CORES}, address: '{nodes.address}'}}"))
        with Launched(path, tmp_path / "a.sqlite", nodes.env) as launched:
            launched.reach(8)  # four on each node
            assert nodes.below(raylet)
            os.kill(raylet, signal.SIGSTOP)
            until(lambda: nodes.living() == 1, what="the death of the frozen node")
            gate.open()
            code, said = launched.end()
        assert code == 0, said
    assert same(tmp_path / "a.sqlite", wave_file(model, MANY), tmp_path)


def test_a_node_that_is_cut_off_is_done_without_and_the_wave_ends(wave_file, tmp_path, gate):
    model, store = gate.before(**FOUR), tmp_path / "a.sqlite"
    gate.shut()
    try:
        with network(2) as net, cluster(tmp_path) as nodes:
            nodes.head(net.hosts[0], 2, net.within(0))
            raylet = nodes.raylet(nodes.worker(net.hosts[1], 2, net.within(1)))
            path = wave_file(model, MANY, (LOCAL, f"{{executor: ray, {TWO_CORES}, address: '{nodes.address}'}}"))
            with Launched(path, store, nodes.env, net.within(0)) as launched:
                launched.reach(8)  # four on each node
                assert nodes.below(raylet)
                net.cut(1)
                until(lambda: nodes.living(net.within(0)) == 1, what="the loss of the node")
                gate.open()
                launched.reach(ALL)
                assert answers(store) == ALL
                net.heal(1)
                code, said = launched.end()
            assert code == 0, said
    except RuntimeError as error:
        pytest.skip(f"network namespaces cannot be made here: {error}")
    assert same(store, wave_file(model, MANY), tmp_path)


def test_a_head_that_dies_pauses_the_wave_and_the_same_command_goes_on(wave_file, tmp_path, gate):
    """Ray ends drivers a while after their head is gone, here twenty seconds; the wave pauses before."""
    model, store = gate.before(**FOUR), tmp_path / "a.sqlite"
    gate.shut()
    with cluster(tmp_path, FAST | {"RAY_gcs_rpc_server_reconnect_timeout_s": "20"}) as nodes:
        nodes.head(cores=2)
        path = wave_file(model, MANY, (LOCAL, f"{{executor: ray, cohorts: 2, address: '{nodes.address}'}}"))
        with Launched(path, store, nodes.env) as launched:
            launched.reach(8)
            for pid in nodes.processes("gcs_server"):
                os.kill(pid, signal.SIGKILL)
            code, said = launched.end()
    assert code == 3, said
    assert "The head of the Ray cluster does not answer any more" in said
    assert answers(store) == 8
    gate.open()
    finished(wave_file(model, MANY), store)
    assert same(store, wave_file(model, MANY), tmp_path)


def test_cohorts_that_run_out_of_memory_pause_the_wave_and_say_so(wave_file, tmp_path, gate):
    """Ray kills what is over its share of the memory; here the share is nothing, so every cohort is."""
    model, store = gate.before(**FOUR), tmp_path / "a.sqlite"
    gate.shut()
    with cluster(
        tmp_path, FAST | {"RAY_memory_usage_threshold": "0.0", "RAY_memory_monitor_refresh_ms": "100"}
    ) as nodes:
        nodes.head(cores=2)
        path = wave_file(model, MANY, (LOCAL, f"{{executor: ray, cohorts: 2, address: '{nodes.address}'}}"))
        with Launched(path, store, nodes.env) as launched:
            code, said = launched.end()
    assert code == 3, said
    assert "memory" in said
    gate.open()
    finished(wave_file(model, MANY), store)
    assert same(store, wave_file(model, MANY), tmp_path)
