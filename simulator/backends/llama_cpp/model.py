"""A loaded GGUF model: weights mapped into memory, its vocabulary and its chat template."""

import ctypes
import os
from pathlib import Path
from typing import Any

from demoscope.errors import BackendError
from simulator.backends.llama_cpp.devices import devices_for, told
from simulator.backends.llama_cpp.library import amx_guard, library
from simulator.backends.llama_cpp.vocabulary import GgufVocabulary
from simulator.backends.llama_cpp.weights import digest
from simulator.backends.logits.template import ChatTemplate


class Model:
    """Weights, vocabulary and template of one file; contexts of several engines may share it."""

    def __init__(self, path: Path, *, n_gpu_layers: int = 0) -> None:
        """Load ``path``.

        Raises
        ------
        BackendError
            If llama.cpp cannot load the file, the model generates no text, or there is no GPU for its layers.
        """
        llama = library()
        self.devices = devices_for(n_gpu_layers)
        """GPUs that its layers are spread over."""
        # Without this list llama.cpp takes every GPU, and computes long prompts there even if no layer lies on it.
        listed = (ctypes.c_void_p * (len(self.devices) + 1))(*(one.handle for one in self.devices))
        params = llama.llama_model_default_params()
        params.n_gpu_layers, params.devices = n_gpu_layers, ctypes.cast(listed, ctypes.c_void_p)
        params.load_mode = llama.LLAMA_LOAD_MODE_MMAP
        if amx_guard():
            params.use_extra_bufts = False
        self.pointer: Any = llama.llama_model_load_from_file(os.fsencode(path), params)
        if not self.pointer:
            raise BackendError(
                f"{path}: llama.cpp cannot load this model. The file is truncated or corrupt (download it again), "
                f"or its architecture is newer than the installed llama-cpp-python{self._too_large(path)}."
            )
        if not llama.llama_model_has_decoder(self.pointer) or llama.llama_model_has_encoder(self.pointer):
            self.close()
            raise BackendError(f"{path}: this model does not continue text; choose a decoder-only (causal) model.")
        self.path = path
        """The file that is run."""
        self.digest = digest(path)
        """SHA-256 of the file that is run."""
        self.vocabulary = GgufVocabulary(llama.llama_model_get_vocab(self.pointer))
        """Its tokens."""
        template = llama.llama_model_chat_template(self.pointer, None)
        try:
            self.template = ChatTemplate(self.vocabulary, template.decode("utf-8", "replace") if template else None)
        except BackendError:
            self.close()
            raise
        """How it wants conversations written."""
        self.trained_context = int(llama.llama_model_n_ctx_train(self.pointer))
        """Tokens of context it was trained on."""
        self.n_vocab = int(llama.llama_vocab_n_tokens(self.vocabulary.pointer))
        """Tokens in its vocabulary."""
        heads = int(llama.llama_model_n_head(self.pointer))
        self.key_length = self._number("attention.key_length") or int(llama.llama_model_n_embd(self.pointer)) // heads
        """Numbers in one key of one head."""
        layers, key_heads = int(llama.llama_model_n_layer(self.pointer)), llama.llama_model_n_head_kv(self.pointer)
        self.values_per_token = 2 * self.key_length * layers * int(key_heads)
        """Numbers that keys and values of one token take, about."""
        self.part_on_devices = part_on_devices(n_gpu_layers, layers)
        """Part of its layers, and so of its keys and values, that lies on GPUs."""

    def _too_large(self, path: Path) -> str:
        """A further reason why it may not load, where layers are to lie on GPUs."""
        if not self.devices:
            return ""
        return f", or the {path.stat().st_size / 1e9:.1f} GB do not fit on {told(self.devices)}: lower `n_gpu_layers`"

    def _number(self, key: str) -> int | None:
        """A whole number of the model's metadata, under its architecture's name."""
        architecture = self._metadata("general.architecture")
        found = self._metadata(f"{architecture}.{key}")
        return int(found) if found.isdigit() else None

    def _metadata(self, key: str) -> str:
        buffer = ctypes.create_string_buffer(256)
        length = library().llama_model_meta_val_str(self.pointer, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if length >= 0 else ""

    def close(self) -> None:
        """Unmap the weights; idempotent, after every context of this model was closed."""
        if self.pointer:
            library().llama_model_free(self.pointer)
            self.pointer = None


def part_on_devices(n_gpu_layers: int, layers: int) -> float:
    """Part of a model's layers that lies on GPUs, from 0 to 1; the output is the first to go there.

    >>> part_on_devices(-1, 30), part_on_devices(16, 30), part_on_devices(0, 30)
    (1.0, 0.5, 0.0)
    """
    return 1.0 if n_gpu_layers < 0 else min(1.0, max(0, n_gpu_layers - 1) / max(1, layers))
