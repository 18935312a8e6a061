"""Models of Hugging Face through torch: folders, hub ids and GGUF files, on the processor or on GPUs."""

from simulator.backends.transformers.backend import TransformersBackend

__all__ = ["TransformersBackend"]
