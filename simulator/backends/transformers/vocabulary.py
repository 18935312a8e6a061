"""The tokens of a model of Hugging Face: as bytes, and how its tokenizer cuts a text into them."""

import json
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from demoscope.errors import BackendError
from simulator.backends.logits.sampling import Ids
from simulator.backends.logits.vocabulary import Vocabulary

END_OF_TURN = ("<|eot_id|>", "<|im_end|>", "<end_of_turn>", "<|end_of_turn|>", "<|eom_id|>", "<|return|>", "<|end|>")
"""Markup with which models end a turn."""
END_OF_TEXT = ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>")
"""Markup with which models end a text, which some of them write at the end of a turn too."""


class HubVocabulary(Vocabulary):
    """The vocabulary of a tokenizer of the package tokenizers."""

    def __init__(self, tokenizer: Any, size: int, ends: Iterable[int] = ()) -> None:
        """Read a tokenizer.

        Parameters
        ----------
        tokenizer : transformers.PreTrainedTokenizerFast
            Of the model.
        size : int
            Tokens of which the model gives logits; often more than the tokenizer knows.
        ends : iterable of int
            Tokens that the model's own configuration calls ends.

        Raises
        ------
        BackendError
            If the tokenizer is of a kind whose tokens cannot be told as bytes.
        """
        if not getattr(tokenizer, "is_fast", False):
            raise BackendError(
                f"{tokenizer.name_or_path}: its tokenizer has no tokenizer.json, so tokens cannot be told as bytes. "
                "Convert it with `AutoTokenizer.from_pretrained(..., use_fast=True).save_pretrained(...)`."
            )
        self._tokenizer, self._size = tokenizer, max(size, len(tokenizer))
        self._added = dict(tokenizer.added_tokens_decoder)
        self.bos = -1 if tokenizer.bos_token_id is None else int(tokenizer.bos_token_id)
        self.eos = -1 if tokenizer.eos_token_id is None else int(tokenizer.eos_token_id)
        turn = next((self.controls[mark] for mark in END_OF_TURN if mark in self.controls), None)
        self.end_of_turn = self.eos if turn is None else turn
        written = list(tokenizer("a")["input_ids"])
        self._plain_a = self.plain("a")
        start = next((n for n in range(len(written)) if written[n : n + len(self._plain_a)] == self._plain_a), 0)
        self.around = written[:start], written[start + len(self._plain_a) :]
        """What the tokenizer puts before and after every text; encoders are to see it."""
        self.wants_bos = self.bos >= 0 and self.bos in self.around[0]
        known = {self.eos, *ends, *(self.controls.get(mark, -1) for mark in (*END_OF_TURN[:-1], *END_OF_TEXT))}
        self._ends = np.array(sorted(token for token in known if token >= 0), dtype=np.int64)

    @cached_property
    def pieces(self) -> list[bytes]:
        """Bytes that each token adds to a text; nothing for control tokens."""
        texts = self._tokenizer.convert_ids_to_tokens(list(range(len(self._tokenizer))))
        read = _bytes_of_characters if self._by_bytes else _bytes_of_words
        found = [read(text) if text else b"" for text in texts] + [b""] * (self._size - len(texts))
        for token, added in self._added.items():
            found[token] = b"" if added.special else added.content.encode()
        for token in (self._tokenizer.unk_token_id, self._tokenizer.pad_token_id):
            if token is not None:
                found[token] = b""
        return found

    @cached_property
    def controls(self) -> dict[str, int]:
        """Control tokens by their markup."""
        return {added.content: token for token, added in self._added.items() if added.special}

    @property
    def ends(self) -> Ids:
        """Tokens that end a turn or a text."""
        return self._ends

    def plain(self, text: str) -> list[int]:
        """Tokens of a text in which the markup of control tokens is just text."""
        return list(self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    def text_of(self, token: int) -> str:
        """Markup or text of one token, empty when it is none."""
        return "" if token < 0 else str(self._tokenizer.convert_ids_to_tokens(token) or "")

    def swallows(self, token: int) -> tuple[bool, bool]:
        """Whether a control token swallows the white space before it, and after it."""
        added = self._added[token]
        return bool(added.lstrip), bool(added.rstrip)

    @cached_property
    def _by_bytes(self) -> bool:
        """Whether tokens are spelt in characters that stand for bytes, as in GPT-2; else as in sentencepiece.

        Raises
        ------
        BackendError
            If they are spelt in neither way.
        """
        decoder = json.dumps(
            json.loads(self._tokenizer.backend_tokenizer.to_str()).get("decoder"), ensure_ascii=False
        )
        if '"ByteLevel"' in decoder:
            return True
        if '"Metaspace"' in decoder or "▁" in decoder:
            return False
        raise BackendError(
            f"{self._tokenizer.name_or_path}: its tokens cannot be told as bytes (the decoder is {decoder}). "
            "Byte-level BPE and sentencepiece can."
        )


def _letters() -> dict[str, int]:
    """The characters that stand for bytes in byte-level BPE."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in kept]
    return {chr(byte): byte for byte in kept} | {chr(256 + n): byte for n, byte in enumerate(others)}


LETTERS = _letters()
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def _bytes_of_characters(text: str) -> bytes:
    """Bytes of a token of byte-level BPE.

    >>> _bytes_of_characters("Ġcafé")[:4]
    b' caf'
    """
    return bytes(LETTERS[letter] for letter in text) if all(letter in LETTERS for letter in text) else text.encode()


def _bytes_of_words(text: str) -> bytes:
    """Bytes of a token of sentencepiece.

    >>> _bytes_of_words("▁yes"), _bytes_of_words("<0x0A>")
    (b' yes', b'\\n')
    """
    byte = _BYTE.fullmatch(text)
    return bytes([int(byte[1], 16)]) if byte else text.replace("▁", " ").encode()
