"""Memory and speed of a model before it is loaded, from its configuration and the size of its files."""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from demoscope.documents import Document
from demoscope.errors import BackendError
from simulator.gpus import Gpu, find_gpus
from simulator.wave import ModelSpec

BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "8bit": 1.0, "fp8": 1.0} | dict.fromkeys(
    ("4bit", "awq", "gptq", "bitsandbytes"), 0.5
)
"""Bytes that one weight takes."""
DATASHEETS = {  # bytes a second of memory, and dense operations a second in bfloat16 (float16 before Ampere)
    "H200": (4.8e12, 989e12),
    "H100": (3.35e12, 989e12),
    "A100": (1.56e12, 312e12),
    "L40S": (0.864e12, 362e12),
    "L4": (0.3e12, 121e12),
    "A10": (0.6e12, 125e12),
    "RTX 4090": (1.008e12, 165e12),
    "RTX 3090": (0.936e12, 71e12),
    "V100": (0.9e12, 125e12),
    "T4": (0.32e12, 65e12),
}
"""What makers print of their GPUs, by a part of the name; of two sizes the lesser."""
WEIGHED = ("transformers", "vllm")
"""Backends of which a model's memory is told."""
REACHED_MEMORY, REACHED_COMPUTE = 0.4, 0.4
"""Shares of those that estimates count on. They are assumptions: ``benchmarks/gpu.py`` measures them on a GPU."""


class Footprint(Document):
    """What a model is going to take; estimates from its configuration."""

    model: str
    weights: float
    """Bytes of the weights as they are loaded."""
    token: float
    """Bytes that keys and values of one token take; 0 where the configuration does not say."""
    rows: int
    """Replies that are evaluated together."""
    length: int
    """Tokens of prompt and reply that a row is likely to have."""
    gpu: str | None
    """GPU whose printed speed the rest is estimated from; ``None`` on the processor, or of an unknown kind."""
    prompt_speed: float | None
    """Prompt tokens a second."""
    reply_speed: float | None
    """Reply tokens a second, all rows together."""

    @property
    def memory(self) -> float:
        """Bytes of weights, keys and values, and a tenth more for what comes and goes."""
        return 1.1 * (self.weights + self.rows * self.length * self.token)


def footprint(model: ModelSpec, length: int, gpus: tuple[Gpu, ...] | None = None) -> Footprint | None:
    """Estimate for one model of a wave; ``None`` where nothing is known: an API, or files that are not here.

    Parameters
    ----------
    model : ModelSpec
        As the wave names it.
    length : int
        Tokens of prompt and reply that a row is likely to have.
    gpus : tuple of Gpu, optional
        Those of this machine; found when left out.
    """
    if model.backend not in WEIGHED:
        return None
    from simulator.backends.transformers import places
    from simulator.backends.transformers.settings import ROWS, TransformersSettings
    from simulator.backends.vllm.settings import VllmSettings

    settings = model.settings
    named = {key: settings.get(key) for key in ("path", "adapter", "revision")}
    try:
        place = places.find(TransformersSettings.model_validate(named))
    except BackendError:
        return None
    known = find_gpus() if gpus is None else gpus
    wanted = settings.get("num_gpus", 1 if model.backend == "vllm" else None)
    on_gpu = bool(known) and wanted != 0 and settings.get("device", "auto") in ("auto", "cuda")
    usual = (
        VllmSettings.model_fields["batch"].default if model.backend == "vllm" else ROWS["cuda" if on_gpu else "cpu"]
    )
    rows = settings.get("batch") or usual
    several = max(1.0, wanted or 1.0)
    if place.gguf:
        if find_spec("gguf") is None:
            return None
        config, count = read_gguf(place.folder / place.gguf)
    else:
        config, count = json.loads((place.folder / "config.json").read_text(encoding="utf-8")), 0
    dtype = settings.get("dtype", "auto")
    stored = config.get("dtype") or config.get("torch_dtype") or "float32"
    loaded = dtype if dtype != "auto" else stored if on_gpu else "float32"
    each = BYTES.get(settings.get("quantization") or loaded, 2.0)
    weights = each * (count or places.size(place) / BYTES.get(stored, 2.0))
    token = token_bytes(config, BYTES.get(loaded, 2.0))
    sheet = datasheet(known[0].name) if on_gpu else None
    whole = (sheet[0] * several, sheet[1] * several) if sheet else None
    speeds = speed(whole, weights, weights / each, token, rows, length) if whole else (None, None)
    return Footprint(
        model=model.name,
        weights=weights,
        token=token,
        rows=rows,
        length=length,
        gpu=known[0].name if sheet else None,
        prompt_speed=speeds[0],
        reply_speed=speeds[1],
    )


def read_gguf(path: Path) -> tuple[dict[str, Any], int]:
    """Configuration and number of weights of a GGUF file, which transformers unpacks to full numbers."""
    import gguf

    reader = gguf.GGUFReader(path)

    def named(name: str) -> Any:
        field = reader.fields.get(name)
        return field.contents() if field else None

    family = named("general.architecture")
    names = {
        "num_hidden_layers": "block_count",
        "num_attention_heads": "attention.head_count",
        "num_key_value_heads": "attention.head_count_kv",
        "hidden_size": "embedding_length",
        "head_dim": "attention.key_length",
    }
    config = {ours: named(f"{family}.{theirs}") for ours, theirs in names.items()}
    whole = {name: value for name, value in config.items() if isinstance(value, int)}  # some have a list, by layer
    return whole, sum(int(tensor.n_elements) for tensor in reader.tensors)


def token_bytes(config: Mapping[str, Any], each: float) -> float:
    """Bytes that keys and values of one token take in every layer; 0 where the configuration does not say.

    >>> llama = {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096}
    >>> token_bytes(llama, 2.0)  # 2 x 32 layers x 8 heads x 128 numbers x 2 bytes
    131072.0
    """
    text = config.get("text_config") or config
    layers = text.get("num_hidden_layers") or text.get("n_layer") or text.get("num_layers")
    heads = text.get("num_attention_heads") or text.get("n_head") or text.get("num_heads")
    width = text.get("hidden_size") or text.get("n_embd") or text.get("d_model")
    if not (layers and heads and width):
        return 0.0
    of_head = text.get("head_dim") or text.get("d_kv") or width // heads
    return float(2 * layers * (text.get("num_key_value_heads") or heads) * of_head * each)


def speed(
    sheet: tuple[float, float], weights: float, count: float, token: float, rows: int, length: int
) -> tuple[float, float]:
    """Prompt and reply tokens a second on a GPU, all rows together.

    A prompt token takes two operations a weight; a step of all rows reads every weight, key and value once.

    Parameters
    ----------
    sheet : (float, float)
        Bytes and operations a second that are printed of the GPU.
    weights, count : float
        Bytes of the weights, and how many there are.
    token : float
        Bytes of keys and values of one token.
    rows, length : int
        Rows, and tokens of each.

    >>> [round(one) for one in speed((3.35e12, 989e12), 16e9, 8e9, 131072, 128, 1500)]
    [24725, 4167]
    """
    memory, compute = sheet
    step = (weights + rows * length * token) / (REACHED_MEMORY * memory)
    return REACHED_COMPUTE * compute / (2 * count), rows / step


def datasheet(name: str) -> tuple[float, float] | None:
    """Bytes of memory and operations a second that the maker prints of a GPU; ``None`` of one not known here.

    >>> datasheet("NVIDIA H100 80GB HBM3"), datasheet("Unheard-of 9000")
    ((3350000000000.0, 989000000000000.0), None)
    """
    return next((numbers for part, numbers in DATASHEETS.items() if part in name), None)
