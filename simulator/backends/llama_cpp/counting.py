"""Tokens of a prompt by a GGUF's vocabulary and chat template alone; no weights are read."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from demoscope.errors import BackendError
from simulator.backends.llama_cpp.library import library
from simulator.backends.llama_cpp.vocabulary import GgufVocabulary
from simulator.backends.logits.template import ChatTemplate
from simulator.protocols.interface import Message


def token_counter(path: Path) -> Callable[[Sequence[Message]], int]:
    """What counts the tokens of a conversation as the model of this file would be given it.

    Raises
    ------
    BackendError
        If the file has no vocabulary that llama.cpp can read.
    """
    vocabulary, template = read_vocabulary(path)
    written = ChatTemplate(vocabulary, template)

    def count(messages: Sequence[Message]) -> int:
        return len(written.tokens(messages))

    return count


def read_vocabulary(path: Path) -> tuple[GgufVocabulary, str | None]:
    """The vocabulary of a GGUF file and its chat template, if it has one; no weights are read.

    They stay loaded as long as this process.

    Raises
    ------
    BackendError
        If the file has no vocabulary that llama.cpp can read.
    """
    llama = library()
    params = llama.llama_model_default_params()
    params.vocab_only = True
    model = llama.llama_model_load_from_file(os.fsencode(path.expanduser()), params)
    if not model:
        raise BackendError(
            f"{path}: llama.cpp finds no vocabulary in this file; name a GGUF of the model, or leave `tokenizer` out."
        )
    template = llama.llama_model_chat_template(model, None)
    vocabulary = GgufVocabulary(llama.llama_model_get_vocab(model))
    return vocabulary, template.decode("utf-8", "replace") if template else None
