"""A context of llama.cpp that holds many sequences: the one place where tokens are handed to the C library.

The layout is the one in which company does not matter, bit by bit: keys and values of each sequence apart, no flash
attention (unless both are in q8_0, where it leaves the same bits), every prompt evaluated in calls of its own, one
token of each generating sequence in a shared call.
"""

import ctypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import BackendError
from simulator.backends.llama_cpp.capacity import Capacity
from simulator.backends.llama_cpp.devices import told
from simulator.backends.llama_cpp.library import library
from simulator.backends.llama_cpp.model import Model
from simulator.backends.llama_cpp.settings import KV_TYPES, LlamaCppSettings
from simulator.backends.llama_cpp.weights import kv_type
from simulator.backends.logits.sampling import Logits

State = NDArray[np.uint8]

CHUNK = 512
"""Most tokens evaluated at once."""
FAILURES = (RuntimeError, MemoryError)
"""What llama.cpp, or room for what it holds, may come to in the middle of a run: it ends the requests it touched."""


@dataclass(frozen=True, slots=True)
class Row:
    """One token to evaluate."""

    token: int
    position: int
    """Place in its sequence, from 0."""
    sequence: int
    wanted: bool
    """Whether the logits after it are wanted."""


class Context:
    """Memory for keys and values of a fixed number of sequences, and the calls that fill it."""

    def __init__(self, model: Model, settings: LlamaCppSettings, capacity: Capacity) -> None:
        """Allocate everything; nothing grows later.

        Raises
        ------
        BackendError
            If memory is short or the model allows no such keys and values.
        """
        llama = library()
        self.size = capacity.context
        """Tokens that one sequence holds."""
        # One more lends its row to a sequence that is alone.
        self.count = max(2, capacity.sequences + capacity.branches)
        """Sequences."""
        params = llama.llama_context_default_params()
        # One token more, so that a full sequence can still bear another company.
        params.n_ctx, params.n_seq_max = (self.size + 1) * self.count, self.count
        params.n_batch = params.n_ubatch = CHUNK
        params.n_threads = params.n_threads_batch = settings.threads
        params.kv_unified, params.flash_attn_type = False, int(settings.flash)
        params.type_k = params.type_v = KV_TYPES[kv_type(settings)]
        self._pointer: Any = llama.llama_init_from_model(model.pointer, params)
        if not self._pointer:
            where = f" on {told(model.devices)}" if model.devices else ""
            raise BackendError(
                f"{self.count} sequences of {self.size:,} tokens cannot be set up for {model.path.name}: memory is "
                f"short{where} (keys and values take {capacity.bytes / 1e9:.1f} GB), or the model allows no kv_type "
                f"{kv_type(settings)}. Give a smaller `context`, fewer `sequences`, or kv_type f16."
            )
        self._memory: Any = llama.llama_get_memory(self._pointer)
        self._batch: Any = llama.llama_batch_init(max(CHUNK, self.count), 0, 1)
        self._n_vocab = model.n_vocab
        self._on_cpu = not model.devices
        self.divisible = not (
            llama.llama_model_is_recurrent(model.pointer) or llama.llama_model_is_hybrid(model.pointer)
        )
        """Whether the end of a sequence can be taken back; a recurrent state cannot."""
        self.evaluated = 0
        """Tokens evaluated so far that somebody wanted."""

    def evaluate(self, rows: Iterable[Row]) -> list[Logits]:
        """Evaluate tokens; logits after each row that wants them, valid until the next call.

        Raises
        ------
        RuntimeError
            If llama.cpp cannot; nothing is known then of the sequences in ``rows``.
        """
        llama, batch = library(), self._batch
        wanted, count = [], 0
        for count, row in enumerate(rows, start=1):
            slot = count - 1
            batch.token[slot], batch.pos[slot] = row.token, row.position
            batch.n_seq_id[slot], batch.seq_id[slot][0] = 1, row.sequence
            batch.logits[slot] = row.wanted
            if row.wanted:
                wanted.append(slot)
        batch.n_tokens = count
        code = llama.llama_decode(self._pointer, batch)
        if code != 0:
            raise RuntimeError(f"llama_decode returned {code} for {count} tokens")
        self.evaluated += count
        return [self._logits(slot) for slot in wanted]

    def step(self, rows: list[Row], length: Callable[[int], int]) -> list[Logits]:
        """Evaluate one token for each of several sequences, in one pass through the weights.

        llama.cpp takes neighbouring sequences only into one pass, and a pass of one token runs through other
        kernels than any larger one. So small gaps are bridged, and a lonely sequence is accompanied, by a token on
        a sequence that nobody reads; it is taken back at once. Its logits are computed all the same, because the last
        layer and the output see only tokens with logits.

        Parameters
        ----------
        rows : list of Row
            In ascending order of their sequences.
        length : callable
            Tokens that a sequence holds.
        """
        taken = {row.sequence: row for row in rows}
        free = {n for n in range(self.count) if n not in taken and self.divisible}
        company = companions(set(taken), free, self.count)
        for number in company:
            taken[number] = Row(0, length(number), number, wanted=True)
        try:
            found = self.evaluate(taken[number] for number in sorted(taken))
            return [logits for number, logits in zip(sorted(taken), found, strict=True) if number not in company]
        finally:
            self.evaluated -= len(company)
            for number in company:
                self.cut(number, length(number))

    def cut(self, sequence: int, length: int) -> bool:
        """Forget a sequence from position ``length`` on; if it cannot be divided, all of it, and say so."""
        llama = library()
        if llama.llama_memory_seq_rm(self._memory, sequence, length, -1):
            return True
        llama.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        return False

    def copy(self, source: int, target: int) -> None:
        """Make ``target`` a copy of ``source``; what it held is forgotten.

        ``llama_memory_seq_cp`` copies all that a sequence might hold, so on a CPU saving and restoring what it does
        hold is faster: 2 ms instead of 10 for 600 tokens of 4,096.
        """
        if self._on_cpu:
            self.restore(target, self.save(source))
        else:
            llama = library()
            llama.llama_memory_seq_rm(self._memory, target, -1, -1)
            llama.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def save(self, sequence: int) -> State:
        """Keys and values of a sequence, bit by bit."""
        llama = library()
        state = np.empty(llama.llama_state_seq_get_size(self._pointer, sequence), np.uint8)
        if llama.llama_state_seq_get_data(self._pointer, _bytes_of(state), state.size, sequence) != state.size:
            raise RuntimeError(f"sequence {sequence} could not be saved")
        return state

    def restore(self, sequence: int, state: State) -> None:
        """Put saved keys and values into a sequence; what it held is forgotten."""
        if library().llama_state_seq_set_data(self._pointer, _bytes_of(state), state.size, sequence) != state.size:
            raise RuntimeError(f"sequence {sequence} could not be restored")

    def close(self) -> None:
        """Give the memory back; idempotent."""
        if self._pointer:
            library().llama_batch_free(self._batch)
            library().llama_free(self._pointer)
            self._pointer = None

    def _logits(self, slot: int) -> Logits:
        pointer = library().llama_get_logits_ith(self._pointer, slot)
        return np.ctypeslib.as_array(pointer, shape=(self._n_vocab,))


def _bytes_of(state: State) -> Any:
    return state.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


BRIDGED = 3
"""Widest gap between generating sequences that is cheaper to bridge than to pass through the weights again."""


def companions(taken: set[int], free: set[int], count: int) -> list[int]:
    """Sequences that join so that no pass has gaps worth bridging, and none has a single token.

    >>> companions({0, 2, 7}, {1, 3, 4, 5, 6}, 8)
    [1, 6]
    """
    found: set[int] = set()
    ordered = sorted(taken)
    for left, right in pairwise(ordered):
        gap = set(range(left + 1, right))
        if 0 < len(gap) <= BRIDGED and gap <= free:
            found |= gap
    for number in ordered:
        together = taken | found
        if not {number - 1, number + 1} & together:
            found |= set([n for n in (number - 1, number + 1) if n in free and 0 <= n < count][:1])
    return sorted(found)
