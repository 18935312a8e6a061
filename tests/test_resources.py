"""What a cohort reserves, from the model's settings and the wave."""

import pytest

from simulator.backends.interface import Resources, find_backend
from simulator.backends.llama_cpp.settings import LlamaCppSettings


@pytest.mark.parametrize(
    ("settings", "reserved"),
    [
        ({}, Resources(cpus=1, gpus=0)),
        ({"threads": 4}, Resources(cpus=4, gpus=0)),
        ({"n_gpu_layers": -1}, Resources(cpus=1, gpus=1)),
    ],
)
def test_a_local_engine_reserves_its_threads_and_a_gpu_for_its_layers(settings, reserved):
    validated = LlamaCppSettings(**settings).model_dump(mode="json")
    assert find_backend("llama_cpp").resources(validated) == reserved
