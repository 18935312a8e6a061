"""The tokens of a GGUF model: text to tokens without injected control tokens, tokens to bytes."""

import ctypes
from functools import cached_property
from typing import Any

import numpy as np

from simulator.backends.llama_cpp.library import library
from simulator.backends.logits.sampling import Ids
from simulator.backends.logits.vocabulary import Vocabulary

NO_TEXT = 1 | 2 | 8
"""Attributes UNKNOWN, UNUSED and CONTROL of llama.cpp: tokens that say nothing to a reader."""
LSTRIP, RSTRIP = 1 << 7, 1 << 8
"""Attributes of llama.cpp: a control token that swallows the white space before or after it."""


class GgufVocabulary(Vocabulary):
    """The vocabulary of a loaded model."""

    def __init__(self, pointer: Any) -> None:
        """Read ``pointer``, the ``llama_vocab *`` of a model that stays loaded as long as this object is used."""
        llama = library()
        self.pointer = pointer
        """``llama_vocab *`` of the model."""
        self.bos, self.eos = int(llama.llama_vocab_bos(pointer)), int(llama.llama_vocab_eos(pointer))
        end_of_turn = int(llama.llama_vocab_eot(pointer))
        self.end_of_turn = end_of_turn if end_of_turn >= 0 else self.eos
        self.wants_bos = bool(llama.llama_vocab_get_add_bos(pointer))

    @cached_property
    def pieces(self) -> list[bytes]:
        """Bytes that each token adds to a text; nothing for control tokens."""
        llama, found = library(), []
        buffer = ctypes.create_string_buffer(1024)
        for token in range(llama.llama_vocab_n_tokens(self.pointer)):
            silent = self._attributes(token) & NO_TEXT
            length = 0 if silent else llama.llama_token_to_piece(self.pointer, token, buffer, len(buffer), 0, False)
            found.append(buffer.raw[: max(length, 0)])
        return found

    @cached_property
    def controls(self) -> dict[str, int]:
        """Control tokens by their markup, such as ``<|im_end|>``."""
        count = library().llama_vocab_n_tokens(self.pointer)
        return {
            text: token for token in range(count) if self._attributes(token) & 8 and (text := self.text_of(token))
        }

    @cached_property
    def ends(self) -> Ids:
        """Tokens that end a turn or a text."""
        llama = library()
        count = llama.llama_vocab_n_tokens(self.pointer)
        return np.array([t for t in range(count) if llama.llama_vocab_is_eog(self.pointer, t)], dtype=np.int64)

    def text_of(self, token: int) -> str:
        """Markup or text of one token, empty when it is none."""
        if token < 0:
            return ""
        return str(library().llama_vocab_get_text(self.pointer, token).decode("utf-8", "replace"))

    def swallows(self, token: int) -> tuple[bool, bool]:
        """Whether a control token swallows the white space before it, and after it."""
        attributes = self._attributes(token)
        return bool(attributes & LSTRIP), bool(attributes & RSTRIP)

    def plain(self, text: str) -> list[int]:
        """Tokens of a text in which the markup of control tokens is just text."""
        llama, raw = library(), text.encode("utf-8", "replace")
        size = len(raw) + 8
        out = (llama.llama_token * size)()
        count = llama.llama_tokenize(self.pointer, raw, len(raw), out, size, False, False)
        if count < 0:
            size = -count
            out = (llama.llama_token * size)()
            count = llama.llama_tokenize(self.pointer, raw, len(raw), out, size, False, False)
        return list(out[: max(count, 0)])

    def _attributes(self, token: int) -> int:
        return int(library().llama_vocab_get_attr(self.pointer, token))
