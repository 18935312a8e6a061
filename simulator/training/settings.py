"""What a training run is: everything that decides the weights that come out."""

from typing import Literal

from pydantic import Field

from demoscope.documents import Document
from simulator.backends.transformers.settings import Device


class Lora(Document):
    """An adapter of low rank on every linear layer; the model itself stays as it is."""

    rank: int = Field(default=16, ge=1, le=1024)
    """Rank of the matrices."""
    alpha: float = Field(default=32.0, gt=0)
    """Scale; what is learnt is multiplied by ``alpha / rank``."""
    dropout: float = Field(default=0.05, ge=0, lt=1)
    """Share of inputs left out at random."""


class TrainingSettings(Document):
    """A training run; the defaults are those of the published reasoner, trained on all weights."""

    model: str
    """Folder, hub id on this machine, GGUF file or ``embedded``, as ``path`` of the backend ``transformers``."""
    lora: Lora | None = None
    """An adapter instead of all weights."""
    epochs: float = Field(default=2.0, gt=0, le=1000)
    """Passes over the examples."""
    learning_rate: float = Field(default=5e-6, gt=0, le=1)
    """Highest learning rate; it rises during warm-up and falls linearly to 0."""
    warmup: float = Field(default=0.03, ge=0, lt=1)
    """Share of the steps that warm up."""
    batch: int = Field(default=8, ge=1)
    """Examples of one step on one device, together with ``accumulate``."""
    accumulate: int = Field(default=1, ge=1)
    """Parts in which a batch is evaluated, where memory is short; divides ``batch``."""
    max_length: int = Field(default=4096, ge=16)
    """Most tokens of an example; longer ones are left out and counted."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of the order of examples, of an adapter's first weights and of dropout."""
    save_every: int = Field(default=500, ge=1)
    """Steps between two checkpoints."""
    checkpointing: bool = False
    """Whether activations are computed twice to save memory."""
    device: Device = "auto"
    """Where it is trained."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Type in which it is computed: bfloat16 on a GPU, float32 on the processor. Weights are kept in float32."""
