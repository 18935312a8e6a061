"""Models behind OpenAI-compatible endpoints: hosted APIs, vLLM, ray.serve.llm, llama-server, SGLang, Ollama."""

from simulator.backends.openai_api.backend import OpenAIBackend
from simulator.backends.openai_api.settings import OpenAISettings

__all__ = ["OpenAIBackend", "OpenAISettings"]
