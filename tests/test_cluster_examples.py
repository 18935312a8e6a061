"""Examples for clusters, checked as far as a machine without those clusters can."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from simulator.loading import load_wave

CLUSTER = Path(__file__).resolve().parents[1] / "examples" / "cluster"


def read(name: str):
    return yaml.safe_load((CLUSTER / name).read_text())


def test_the_launcher_file_fits_the_schema_that_ray_checks_it_against():
    import ray.autoscaler

    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())
    document = read("aws.yaml")
    jsonschema.validate(document, schema)
    assert document["head_node_type"] in document["available_node_types"]
    wrong = document | {"max_worker": 3}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


def test_the_manifest_has_what_a_ray_cluster_must_have():
    document = read("kuberay.yaml")
    assert (document["apiVersion"], document["kind"]) == ("ray.io/v1", "RayCluster")
    groups = [document["spec"]["headGroupSpec"], *document["spec"]["workerGroupSpecs"]]
    for group in groups:
        assert isinstance(group["rayStartParams"], dict)
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        for container in group["template"]["spec"]["containers"]:
            assert container["image"]
            assert container["resources"]["limits"] == container["resources"]["requests"]
    for group in groups[1:]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]


def test_the_version_of_ray_in_the_manifest_is_the_one_in_the_lock_file():
    locked = re.search(r"^ray==(\S+)", (CLUSTER.parents[1] / "requirements.lock").read_text(), re.MULTILINE)
    assert locked and locked[1] == read("kuberay.yaml")["spec"]["rayVersion"]


def test_the_batch_script_is_one_that_bash_understands():
    subprocess.run(["bash", "-n", str(CLUSTER / "slurm.sh")], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", str(CLUSTER / "slurm.sh")], check=True)


def test_the_wave_asks_for_the_model_that_the_deployment_serves():
    loaded = load_wave(CLUSTER / "vllm_wave.yaml")
    [config] = read("vllm_serve.yaml")["applications"][0]["args"]["llm_configs"]
    assert loaded.wave.models[0].settings["model"] == config["model_loading_config"]["model_id"]
    assert loaded.wave.respondents == 1000
