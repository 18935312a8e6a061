"""How many sequences of how many tokens an engine gets: from the settings, the model and the machine."""

import os
from dataclasses import dataclass

from demoscope.errors import BackendError
from simulator.backends.llama_cpp.model import Model
from simulator.backends.llama_cpp.settings import BYTES_PER_VALUE, LlamaCppSettings

DEFAULT_CONTEXT = 4096
"""Tokens of a sequence, where the model was trained on as many."""
MOST_SEQUENCES = 32
"""Sequences by default; more hardly raise the speed of a CPU."""
BRANCHES = 4
"""Sequences beside those, on which the options of a question are rated side by side; more hardly save time."""
SHARE_OF_MEMORY = 0.25
"""Part of the machine's memory that all engines together take for keys and values by default."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What an engine allocates."""

    sequences: int
    """Conversations that are held, and go on, at once."""
    branches: int
    """Sequences beside those, for ratings."""
    context: int
    """Tokens of each."""
    bytes: int
    """Memory for keys and values."""


def capacity(settings: LlamaCppSettings, model: Model) -> Capacity:
    """What the settings ask for, completed from the model and the machine.

    Raises
    ------
    BackendError
        If the context is longer than the model was trained on.
    """
    context = settings.context or min(DEFAULT_CONTEXT, model.trained_context)
    if context > model.trained_context:
        raise BackendError(
            f"context {context:,} is more than the {model.trained_context:,} tokens that {model.path.name} "
            "was trained on; give at most that, or leave it out."
        )
    each = context * int(model.values_per_token * sum(BYTES_PER_VALUE[settings.kv_type]) / 2)
    budget = SHARE_OF_MEMORY * _memory() * min(1.0, settings.threads / (os.cpu_count() or 1))
    sequences = settings.sequences or max(2, min(MOST_SEQUENCES, int(budget // max(each, 1)) - BRANCHES))
    return Capacity(sequences, BRANCHES, context, (sequences + BRANCHES) * each)


def _memory() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
