"""The tokens of a model: text to tokens without injected control tokens, tokens to bytes, prefixes of tokens."""

import contextlib
import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.backends.llama_cpp.library import library
from simulator.backends.llama_cpp.strings import StringTokens

Ids = NDArray[np.int64]

NO_TEXT = 1 | 2 | 8
"""Attributes UNKNOWN, UNUSED and CONTROL of llama.cpp: tokens that say nothing to a reader."""
LSTRIP, RSTRIP = 1 << 7, 1 << 8
"""Attributes of llama.cpp: a control token that swallows the white space before or after it."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The vocabulary of a loaded model; cheap to share, immutable."""

    pointer: Any
    """``llama_vocab *`` of a model that stays loaded as long as this object is used."""

    @cached_property
    def pieces(self) -> list[bytes]:
        """Bytes that each token adds to a text; nothing for control tokens."""
        llama, found = library(), []
        buffer = ctypes.create_string_buffer(1024)
        for token in range(llama.llama_vocab_n_tokens(self.pointer)):
            silent = llama.llama_vocab_get_attr(self.pointer, token) & NO_TEXT
            length = 0 if silent else llama.llama_token_to_piece(self.pointer, token, buffer, len(buffer), 0, False)
            found.append(buffer.raw[: max(length, 0)])
        return found

    @cached_property
    def controls(self) -> dict[str, int]:
        """Control tokens by their markup, such as ``<|im_end|>``."""
        llama = library()
        return {
            text: token
            for token in range(llama.llama_vocab_n_tokens(self.pointer))
            if llama.llama_vocab_get_attr(self.pointer, token) & 8
            and (text := llama.llama_vocab_get_text(self.pointer, token).decode("utf-8", "replace"))
        }

    @cached_property
    def control_pattern(self) -> re.Pattern[str]:
        """Matches the markup of any control token, the longest first; nothing when there is none."""
        longest_first = sorted(self.controls, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    @cached_property
    def ends(self) -> Ids:
        """Tokens that end a turn or a text."""
        llama = library()
        count = llama.llama_vocab_n_tokens(self.pointer)
        return np.array([t for t in range(count) if llama.llama_vocab_is_eog(self.pointer, t)], dtype=np.int64)

    @cached_property
    def end_set(self) -> frozenset[int]:
        """The same as a set."""
        return frozenset(self.ends.tolist())

    @cached_property
    def by_piece(self) -> dict[bytes, tuple[int, ...]]:
        """Tokens by the bytes they add."""
        found: dict[bytes, tuple[int, ...]] = {}
        for token, piece in enumerate(self.pieces):
            if piece and token not in self.end_set:
                found[piece] = (*found.get(piece, ()), token)
        return found

    @cached_property
    def beginnings(self) -> frozenset[bytes]:
        """Every beginning of every token's bytes, so that a walk over bytes knows when to give up."""
        return frozenset(piece[:end] for piece in self.by_piece for end in range(1, len(piece) + 1))

    @cached_property
    def string_tokens(self) -> StringTokens:
        """Which tokens may come inside a string of JSON."""
        return StringTokens(self.by_piece)

    def text_of(self, token: int) -> str:
        """Markup or text of one token, empty when it is none."""
        if token < 0:
            return ""
        return str(library().llama_vocab_get_text(self.pointer, token).decode("utf-8", "replace"))

    @property
    def bos(self) -> int:
        """Token that begins a text, or -1."""
        return int(library().llama_vocab_bos(self.pointer))

    @property
    def eos(self) -> int:
        """Token that ends a text, or -1."""
        return int(library().llama_vocab_eos(self.pointer))

    @property
    def end_of_turn(self) -> int:
        """Token that ends a turn, or else a text, or -1."""
        eot = int(library().llama_vocab_eot(self.pointer))
        return eot if eot >= 0 else self.eos

    @property
    def wants_bos(self) -> bool:
        """Whether every prompt is to begin with ``bos``."""
        return bool(library().llama_vocab_get_add_bos(self.pointer))

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

    def marked_up(self, text: str, restore: Callable[[str], str] = str) -> list[int]:
        """Tokens of a text in which the markup of control tokens means those tokens.

        ``restore`` is applied to the text between them, whose markup is just text.
        """
        tokens: list[int] = []
        start, swallow = 0, False
        for match in [*self.control_pattern.finditer(text), None]:
            between = text[start : match.start() if match else len(text)]
            attributes = self._attributes(self.controls[match.group()]) if match else 0
            between = between.lstrip() if swallow else between
            between = between.rstrip() if attributes & LSTRIP else between
            tokens += self.plain(restore(between)) if between else []
            if match:
                tokens.append(self.controls[match.group()])
                start, swallow = match.end(), bool(attributes & RSTRIP)
        return tokens

    def continuation(self, text: bytes) -> list[int]:
        """Tokens that add exactly these bytes to a text, as the tokeniser would cut them.

        Tokenisers that put a space before every text are outwitted by a line end; where even that adds or
        loses something, the longest fitting tokens are taken from the left.
        """
        with contextlib.suppress(UnicodeDecodeError):
            written = text.decode()
            tokens = self.plain(written)
            if self.bytes_of(tokens) == text:
                return tokens
            line_end = self.plain("\n")
            longer = self.plain("\n" + written)
            if longer[: len(line_end)] == line_end and self.bytes_of(longer[len(line_end) :]) == text:
                return longer[len(line_end) :]
        return self._longest_first(text)

    def bytes_of(self, tokens: list[int]) -> bytes:
        """Bytes that these tokens add to a text."""
        return b"".join(self.pieces[token] for token in tokens)

    def starting_with(self, beginning: bytes) -> list[int]:
        """Tokens whose bytes are longer than ``beginning`` and start with it."""
        return [
            token
            for piece, tokens in self.by_piece.items()
            if len(piece) > len(beginning) and piece.startswith(beginning)
            for token in tokens
        ]

    def _attributes(self, token: int) -> int:
        return int(library().llama_vocab_get_attr(self.pointer, token))

    def _longest_first(self, text: bytes) -> list[int]:
        tokens: list[int] = []
        while text:
            fitting = (text[:end] for end in range(min(len(text), 256), 0, -1) if text[:end] in self.by_piece)
            piece = next(fitting, b"")
            if not piece:
                raise ValueError(f"The model's vocabulary cannot write {text!r}.")
            tokens.append(self.by_piece[piece][0])
            text = text[len(piece) :]
        return tokens
