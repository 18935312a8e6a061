"""What a wave file may say about a model that transformers runs."""

from typing import Literal

from pydantic import Field, model_validator

from demoscope.documents import Document

Device = Literal["auto", "cpu", "cuda", "mps"]
Dtype = Literal["auto", "float32", "bfloat16", "float16"]

ROWS = {"cuda": 128, "mps": 32, "cpu": 16}
"""Rows by default; one for each sampled reply, ``num_beams`` for each beam search."""


class TransformersSettings(Document):
    """Settings of a causal or encoder-decoder language model in the format of Hugging Face, or of a GGUF file."""

    path: str
    """Folder of a model or of an adapter (LoRA), GGUF file, ``embedded``, or an id of the hub such as
    ``Qwen/Qwen2.5-7B-Instruct``."""
    adapter: str | None = None
    """Folder of an adapter that is put on the model."""
    revision: str | None = None
    """Branch, tag or commit of a hub id; a commit is the only one that stays what it is."""
    download: bool = False
    """Whether files of a hub id may be fetched; without it only what is on this machine already is used."""
    device: Device = "auto"
    """Where it runs; ``auto`` takes a GPU of NVIDIA or AMD (cuda) that is visible, else one of Apple (mps), else the
    processor."""
    device_map: Literal["auto", "balanced", "sequential"] | None = None
    """How layers are spread over several GPUs, by accelerate; needs ``num_gpus``."""
    num_gpus: float | None = Field(default=None, ge=0)
    """GPUs that each engine reserves, a fraction to share one; by default 1 on cuda and 0 elsewhere."""
    dtype: Dtype = "auto"
    """Type of the weights; ``auto`` is that of the model's files on a GPU and float32 on the processor."""
    quantization: Literal["8bit", "4bit"] | None = None
    """Weights in 8 or 4 bits (nf4), by bitsandbytes, which must be installed."""
    attention: Literal["sdpa", "eager", "flash_attention_2"] | None = None
    """Kernels of attention; by default those that transformers chooses."""
    batch: int | None = Field(default=None, ge=1, le=4096)
    """Rows that are evaluated together: one for each reply, ``num_beams`` for a beam search. By default 128 on cuda,
    32 on mps, 16 on the processor. Where memory does not hold them it is halved, and the wave goes on."""
    context: int | None = Field(default=None, ge=16)
    """Most tokens of prompt and reply; by default what the model was made for."""
    threads: int = Field(default=1, ge=1, le=1024)
    """Threads of the engine on the processor."""

    @model_validator(mode="after")
    def _fits_together(self) -> "TransformersSettings":
        if self.device_map and not self.num_gpus:
            raise ValueError("device_map spreads a model over GPUs; say over how many with num_gpus")
        if self.device_map and self.device in ("cpu", "mps"):
            raise ValueError(f"device_map spreads a model over GPUs; leave it out, or `device: {self.device}`")
        if self.quantization and self.device == "mps":
            raise ValueError("bitsandbytes does not know mps; leave quantization out, or `device: cpu`")
        if self.adapter and self.path.endswith(".gguf"):
            raise ValueError("an adapter is put on a model of Hugging Face, not on a GGUF file")
        return self
