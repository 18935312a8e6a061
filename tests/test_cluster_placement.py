"""Cohorts on the nodes that have what their model asks for, on real nodes that only declare it: docs/clusters.md."""

import pytest

from demoscope.errors import BackendError
from simulator.wave import Execution
from tests.launched import Launched, finished, until
from tests.ray_nodes import cluster
from tests.stores import count

pytestmark = pytest.mark.real

MANY = ("respondents: 6", "respondents: 40")
LOCAL = "{executor: local}"
LINE = "settings: {public: uniform}"


def test_cohorts_go_where_their_kind_of_accelerator_is_and_nowhere_else(wave_file, tmp_path):
    """Head and worker have two cores each; without the kind, that only the worker declares, both would be used."""
    with cluster(tmp_path) as nodes:
        nodes.head(cores=2)
        raylet = nodes.raylet(nodes.worker(None, 2, (), '--resources={"accelerator_type:A100": 1}'))

        def wave(kind):
            slow = LINE.replace("}", ", latency_s: 0.3, concurrency: 4}")
            asked = f"{slow}\n    resources: {{accelerator_type: {kind}, num_cpus: 1}}"
            return wave_file((LINE, asked), MANY, (LOCAL, f"{{executor: ray, address: '{nodes.address}'}}"))

        with Launched(wave("A100"), tmp_path / "a.sqlite", nodes.env) as launched:
            until(lambda: len(nodes.actors()) == 2, what="two cohorts")
            launched.reach(20)
            assert nodes.below(raylet) == nodes.actors()
            code, said = launched.end()
        assert code == 0, said
        assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM answers WHERE status = 'answered'") == 120
        with Launched(wave("H100"), tmp_path / "b.sqlite", nodes.env) as launched:
            code, said = launched.end()
        assert code == 2, said
        assert "an accelerator of the type 'H100', which a model asks for under `resources`; there are A100" in said


def test_a_wave_runs_through_rays_client(wave_file, tmp_path):
    pytest.importorskip("grpc", reason="Ray's client needs grpcio: pip install 'ray[client]'")
    with cluster(tmp_path) as nodes:
        nodes.head(cores=2)
        path = wave_file((LOCAL, f"{{executor: ray, cohorts: 2, address: '{nodes.client_address}'}}"))
        finished(path, tmp_path / "a.sqlite", nodes.env)
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM answers WHERE status = 'answered'") == 18


def test_rays_client_that_is_not_installed_is_told(monkeypatch):
    from simulator import actors

    monkeypatch.setattr(actors, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match=r"pip install 'ray\[client\]'"):
        actors.RayExecutor(Execution(address="ray://127.0.0.1:9"))
