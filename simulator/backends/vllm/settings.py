"""Settings of a model that vLLM runs in the cohort itself."""

from typing import Literal

from pydantic import Field

from demoscope.documents import Document


class VllmSettings(Document):
    """Settings of a model that vLLM runs in the cohort itself."""

    path: str
    """Folder of a model or of a trained adapter, or an id of the hub."""
    adapter: str | None = None
    """Folder of a LoRA adapter of peft that is put on the model."""
    revision: str | None = None
    """Branch, tag or commit of a hub id."""
    download: bool = False
    """Whether files of a hub id may be fetched."""
    num_gpus: int = Field(default=1, ge=0, le=64)
    """GPUs that each engine reserves and splits its layers over (tensor parallel); 0 for a vLLM that was built for
    processors."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """Type of the weights."""
    quantization: str | None = None
    """How weights are stored, in vLLM's words, such as ``awq``, ``gptq``, ``fp8`` or ``bitsandbytes``."""
    context: int | None = Field(default=None, ge=16)
    """Most tokens of prompt and reply; by default what the model was made for."""
    memory: float = Field(default=0.9, gt=0, le=1)
    """Share of the memory of each GPU that vLLM takes; of the machine's, where it runs on processors."""
    batch: int = Field(default=256, ge=1, le=4096)
    """Requests that are open at once."""
    enforce_eager: bool = False
    """Whether vLLM does without compiling the model and capturing CUDA graphs: it starts sooner and runs slower."""
