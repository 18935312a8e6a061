"""One sequence of tokens and what the model makes of it, evaluating only what it has not yet seen."""

from collections.abc import Sequence as Tokens
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import BackendError
from simulator.backends.llama_cpp.library import library
from simulator.backends.llama_cpp.model import Model
from simulator.backends.llama_cpp.settings import LlamaCppSettings

Logits = NDArray[np.float32]

CHUNK = 512
"""Most tokens evaluated at once."""
FRESH = 2
"""A prompt's last tokens are evaluated anew, this many at least: single tokens take another path through the
kernels, which changes the numbers."""
DEFAULT_CONTEXT = 8192
"""Tokens of context, where the model was trained on as many."""


class Sequence:
    """The one sequence of an engine, with keys and values kept from one prompt to the next.

    Only tokens that were evaluated as part of a prompt are kept for the next one. Tokens that were generated one
    by one are evaluated again with the prompt that holds them, so a resumed interview, which never generated
    them, gets the same numbers.
    """

    def __init__(self, model: Model, settings: LlamaCppSettings) -> None:
        """Allocate the context.

        Raises
        ------
        BackendError
            If the context is longer than the model was trained on, or memory is short.
        """
        llama = library()
        self.size = settings.context or min(DEFAULT_CONTEXT, model.trained_context)
        """Tokens that fit."""
        if self.size > model.trained_context:
            raise BackendError(
                f"context {self.size:,} is more than the {model.trained_context:,} tokens that {model.path.name} "
                "was trained on; give at most that, or leave it out."
            )
        params = llama.llama_context_default_params()
        params.n_ctx, params.n_seq_max = self.size, 1
        params.n_batch = params.n_ubatch = CHUNK
        params.n_threads = params.n_threads_batch = settings.threads
        params.kv_unified, params.flash_attn_type = False, int(settings.flash)
        params.type_k = params.type_v = {"f16": llama.GGML_TYPE_F16, "q8_0": llama.GGML_TYPE_Q8_0}[settings.kv_type]
        self._pointer: Any = llama.llama_init_from_model(model.pointer, params)
        if not self._pointer:
            raise BackendError(
                f"A context of {self.size:,} tokens cannot be set up for {model.path.name}: memory is short, or the "
                "model allows no such kv_type. Give a smaller `context`, or kv_type f16."
            )
        self._batch: Any = llama.llama_batch_init(CHUNK, 0, 1)
        self._n_vocab = model.n_vocab
        self._tokens: list[int] = []
        self._kept = 0  # leading tokens that were evaluated as part of a prompt
        self.evaluated = 0
        """Tokens evaluated so far, for accounts of what reuse saves."""

    def begin(self, prompt: Tokens[int]) -> Logits:
        """Evaluate a prompt, reusing what it shares with the last one; logits of the token that follows it."""
        shared = 0
        limit = min(self._kept, len(prompt) - FRESH)
        while shared < limit and self._tokens[shared] == prompt[shared]:
            shared += 1
        self._cut(shared)
        logits = self._evaluate(prompt[shared:], 1)
        self._kept = len(prompt)
        return np.asarray(logits[0])

    def extend(self, tokens: Tokens[int]) -> Logits:
        """Evaluate tokens of a reply; logits of the token that follows them."""
        return np.asarray(self._evaluate(tokens, 1)[0])

    def branch(self, prompt: Tokens[int], tokens: Tokens[int]) -> Logits:
        """Logits after the prompt and after each of ``tokens`` but its last, as if evaluated in one pass.

        Parameters
        ----------
        prompt : sequence of int
            The prompt; it is evaluated once for any number of branches.
        tokens : sequence of int
            A continuation, at least one token.

        Returns
        -------
        numpy.ndarray, shape (len(tokens), n_vocab)
            Row ``i`` is about ``tokens[i]``.
        """
        fresh = min(FRESH, len(prompt))
        stem = len(prompt) - fresh
        if self._kept < stem or self._tokens[:stem] != list(prompt[:stem]):
            self.begin(prompt)
        self._cut(stem)
        logits = self._evaluate([*prompt[stem:], *tokens[:-1]], len(tokens))
        self._kept = stem
        return logits

    def close(self) -> None:
        """Give the memory back; idempotent."""
        if self._pointer:
            library().llama_batch_free(self._batch)
            library().llama_free(self._pointer)
            self._pointer = None

    def _cut(self, length: int) -> None:
        """Forget everything from position ``length`` on."""
        llama = library()
        memory = llama.llama_get_memory(self._pointer)
        if not llama.llama_memory_seq_rm(memory, 0, length, -1):  # models whose state cannot be cut begin anew
            llama.llama_memory_clear(memory, True)
            if length:
                earlier, self._tokens = self._tokens[:length], []
                self._evaluate(earlier, 1)
        del self._tokens[length:]
        self._kept = min(self._kept, length)

    def _evaluate(self, tokens: Tokens[int], wanted: int) -> Logits:
        """Evaluate tokens at the end; logits after each of the last ``wanted``, shape (wanted, n_vocab)."""
        llama, batch = library(), self._batch
        rows = []
        first_wanted = len(tokens) - wanted
        for start, stop in _chunks(len(tokens)):
            for slot, index in enumerate(range(start, stop)):
                batch.token[slot], batch.pos[slot] = tokens[index], len(self._tokens) + slot
                batch.n_seq_id[slot], batch.seq_id[slot][0] = 1, 0
                batch.logits[slot] = index >= first_wanted
            batch.n_tokens = stop - start
            code = llama.llama_decode(self._pointer, batch)
            if code != 0:
                self._tokens, self._kept = [], 0
                llama.llama_memory_clear(llama.llama_get_memory(self._pointer), True)
                raise RuntimeError(f"llama_decode returned {code} for {stop - start} tokens")
            self._tokens.extend(tokens[start:stop])
            self.evaluated += stop - start
            for index in range(max(start, first_wanted), stop):
                row = llama.llama_get_logits_ith(self._pointer, index - start)
                rows.append(np.ctypeslib.as_array(row, shape=(self._n_vocab,)).copy())
        return np.stack(rows)


def _chunks(count: int) -> list[tuple[int, int]]:
    """Pieces of at most :data:`CHUNK` tokens, none of them a single token unless there is only one.

    >>> _chunks(513)
    [(0, 511), (511, 513)]
    """
    edges = [*range(0, count, CHUNK), count]
    if len(edges) > 2 and edges[-1] - edges[-2] == 1:
        edges[-2] -= 1
    return list(pairwise(edges))
