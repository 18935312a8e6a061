"""Models of Hugging Face in an engine of vLLM that lives in the cohort."""

from simulator.backends.vllm.backend import VllmBackend

__all__ = ["VllmBackend"]
