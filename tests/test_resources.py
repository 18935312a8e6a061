"""What a cohort reserves, from the model's settings and the wave."""

import pytest
from rich.console import Console

from simulator.accelerators import BY_HAND
from simulator.backends.interface import Resources, find_backend
from simulator.backends.llama_cpp.settings import LlamaCppSettings
from simulator.doctor_screen import render_checks
from simulator.doctor_wave import examine_models
from simulator.interviews import resources_of
from simulator.loading import load_wave
from simulator.plan import make_plan
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


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("a100", "which Ray does not know by that name; it knows A100."),
        ("NVIDIA-H100", "it knows H100"),
        ("mi300x", "it knows AMD-Instinct-MI300X-HF, AMD-Instinct-MI300X-OAM"),
        ("GeForce-RTX-4090", "which Ray does not know by that name"),
        ("A100-80G", "which Ray gives no node by itself: it calls them all A100"),
        ("L40S", None),
    ],
)
def test_kinds_of_accelerators_that_no_node_has_by_itself_are_told_beforehand(wave_file, capsys, kind, said):
    pytest.importorskip("ray")
    line = "settings: {public: uniform}"
    asked = (line, f"{line}\n    resources: {{accelerator_type: {kind}}}")
    loaded = load_wave(wave_file(asked, ("{executor: local}", "{executor: ray}")))
    [doubt] = make_plan(loaded).accelerators or [None]
    assert (said is None) == (doubt is None)
    render_checks(examine_models(loaded), Console(width=400))
    shown = capsys.readouterr().out
    if said:
        assert said in doubt
        assert f"ray start --resources='{{\"accelerator_type:{kind}\": 1}}'" in doubt
        assert "see Model uniform" in shown
        assert said in shown
    else:
        assert "see" not in shown
    assert make_plan(load_wave(wave_file(asked))).accelerators == ()  # without Ray nothing is reserved


def test_the_kinds_that_are_known_are_those_of_ray():
    pytest.importorskip("ray")
    from simulator.actors import accelerator_types

    assert {"A100", "H100", "H200", "L4", "T4", "TPU-V4", "Intel-GAUDI"} | BY_HAND <= accelerator_types()
    assert not [kind for kind in accelerator_types() if kind.startswith("NVIDIA") or ":" in kind]


def test_a_gpu_that_ray_does_not_count_is_told_how_to_be_used():
    pytest.importorskip("ray")
    from simulator.actors import _uncounted

    assert "{num_gpus: 0, cohorts: 1}" in _uncounted({"CPU": 1, "GPU": 1}, {"CPU": 8, "GPU": 0})
    assert _uncounted({"CPU": 1, "GPU": 4}, {"CPU": 8, "GPU": 2}) == ""
    assert _uncounted({"CPU": 16}, {"CPU": 8}) == ""
