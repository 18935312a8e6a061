"""What a cohort reserves, from the model's settings and the wave."""

import pytest

from simulator.backends.interface import Resources, find_backend
from simulator.backends.llama_cpp.settings import LlamaCppSettings
from simulator.interviews import resources_of
from simulator.loading import load_wave
from simulator.reservation import Reservation
from simulator.wave import Execution, ModelSpec


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


@pytest.mark.parametrize(
    ("own", "wave", "reserved"),
    [
        ({}, {}, Resources(cpus=4, gpus=1)),
        ({}, {"num_cpus": 2}, Resources(cpus=2, gpus=1)),
        ({"num_gpus": 0.25}, {"num_cpus": 2, "num_gpus": 3}, Resources(cpus=2, gpus=0.25)),
        ({"accelerator_type": "H100"}, {}, Resources(4, 1, "H100")),
        ({"custom": {"weights": 1, "rack": 0.5}}, {}, Resources(4, 1, None, (("rack", 0.5), ("weights", 1)))),
    ],
)
def test_what_a_model_reserves_goes_before_the_wave_and_that_before_its_backend(own, wave, reserved):
    model = ModelSpec(
        name="m", backend="llama_cpp", settings={"threads": 4, "n_gpu_layers": -1}, resources=Reservation(**own)
    )
    assert resources_of(model, Execution(**wave)) == reserved


@pytest.mark.parametrize(
    ("custom", "said"), [({"GPU": 1}, "Ray's own"), ({"rack": 1.5}, "whole number"), ({"rack": 0}, "greater than 0")]
)
def test_resources_that_ray_could_not_take_are_refused(custom, said):
    with pytest.raises(ValueError, match=said):
        Reservation(custom=custom)


def test_what_a_model_reserves_changes_no_answer_and_no_store(wave_file):
    line = "settings: {public: uniform}"
    plain = load_wave(wave_file()).content
    assert (
        load_wave(wave_file((line, f"{line}\n    resources: {{num_cpus: 2, custom: {{rack: 1}}}}"))).content == plain
    )
