"""Local GGUF models through the low-level API of llama.cpp; the C library is loaded when a backend is built."""

from simulator.backends.llama_cpp.backend import LlamaCppBackend

__all__ = ["LlamaCppBackend"]
