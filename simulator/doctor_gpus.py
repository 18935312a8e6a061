"""GPUs of this machine, their memory, which backends can use them, and what to install; nothing heavy is loaded.

Nothing of this is ever red: waves run without GPUs, and a GPU that goes unused is no mistake.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from simulator.doctor import Check, installed
from simulator.gpus import Gpu, find_gpus, has_metal

CUDA_BUILD = "CMAKE_ARGS=-DGGML_CUDA=on pip install --force-reinstall --no-cache-dir llama-cpp-python"
METAL_BUILD = "CMAKE_ARGS=-DGGML_METAL=on pip install --force-reinstall --no-cache-dir llama-cpp-python"


def examine_gpus() -> list[Check]:
    """One check for the GPUs, and one for every backend that could use them; a machine without GPUs is no mistake."""
    gpus, metal = find_gpus(), has_metal()
    found = [graphics(gpus, metal)]
    there = bool(gpus) or metal
    found.append(torch_on_gpu(installed("torch"), installed("transformers"), bool(gpus), metal))
    found.append(llama_on_gpu(ggml_libraries(), bool(gpus), metal))
    if there:
        found.append(optional("vllm", installed("vllm"), bool(gpus), "`backend: vllm`"))
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
        each = [
            f"{one.name}: {one.free / 1e9:.0f} of {one.total / 1e9:.0f} GB free, driver {one.driver}" for one in gpus
        ]
        return Check("GPUs", True, "; ".join(each))
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


def llama_on_gpu(libraries: Sequence[str], cuda: bool, metal: bool) -> Check:
    """Whether `backend: llama_cpp` can use them: whether its library was built for them.

    >>> llama_on_gpu(["libggml-cuda.so"], True, False).found
    'built for CUDA: `n_gpu_layers: -1` puts all layers on the GPU'
    >>> llama_on_gpu(["libggml-cpu.so"], False, False).found
    'built for the processor'
    """
    name = "llama.cpp on GPUs"
    built = next(
        (kind for kind in ("CUDA", "HIP", "Metal", "Vulkan") if any(kind.lower() in one for one in libraries)), ""
    )
    if built and (cuda or metal or built in ("HIP", "Vulkan")):
        return Check(name, True, f"built for {built}: `n_gpu_layers: -1` puts all layers on the GPU")
    if not libraries:
        return Check(name, True, "llama-cpp-python is not installed")
    if cuda or metal:
        build = CUDA_BUILD if cuda else METAL_BUILD
        return Check(name, True, f"built for the processor alone, so the GPU goes unused; `{build}` builds it anew")
    return Check(name, True, f"built for {built}, which finds no GPU here" if built else "built for the processor")


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
