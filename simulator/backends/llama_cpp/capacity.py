"""How many sequences of how many tokens an engine gets: from the settings, the model and the machine."""

from dataclasses import dataclass

from demoscope.errors import BackendError
from simulator.backends.llama_cpp import machine
from simulator.backends.llama_cpp.model import Model
from simulator.backends.llama_cpp.settings import BRANCHES, BYTES_PER_VALUE, MOST, LlamaCppSettings
from simulator.backends.llama_cpp.weights import kv_type

DEFAULT_CONTEXT = 4096
"""Tokens of a sequence, where the model was trained on as many and memory allows."""
SHORTEST_CONTEXT = 1024
"""Tokens of a sequence that are not gone below to save memory."""
MOST_SEQUENCES = 32
"""Sequences by default; more hardly raise the speed of a CPU."""
SHARE_OF_MEMORY = 0.25
"""Part of the machine's memory that all engines together take for keys and values by default."""
SHARE_OF_GPUS = 0.5
"""Part of the memory that the weights leave free on GPUs, taken for keys and values by default."""
PADDING = 256
"""llama.cpp allocates each sequence in multiples of so many tokens."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What an engine allocates."""

    sequences: int
    """Conversations that are held, and go on, at once."""
    branches: int
    """Sequences beside those, for ratings; 0 where memory is short, and ratings go one by one."""
    context: int
    """Tokens of each."""
    bytes: int
    """Memory for keys and values, as llama.cpp allocates it."""


def capacity(settings: LlamaCppSettings, model: Model) -> Capacity:
    """What the settings ask for, completed from the model and the machine.

    Raises
    ------
    BackendError
        If the context is longer than the model was trained on.
    """
    if (settings.context or 0) > model.trained_context:
        raise BackendError(
            f"context {settings.context:,} is more than the {model.trained_context:,} tokens that {model.path.name} "
            "was trained on; give at most that, or leave it out."
        )
    token = int(model.values_per_token * BYTES_PER_VALUE[kv_type(settings)])
    return fitted(settings, model.trained_context, token, _budget(settings, model))


def fitted(settings: LlamaCppSettings, trained: int, token: int, budget: float) -> Capacity:
    """The capacity that memory allows; what the settings say outright is granted in any case.

    Parameters
    ----------
    settings : LlamaCppSettings
        What is asked for.
    trained : int
        Tokens of context that the model was trained on.
    token : int
        Bytes that keys and values of one token take.
    budget : float
        Bytes for all keys and values, those of branches among them.

    >>> fitted(LlamaCppSettings(), trained=2048, token=1000, budget=40e6)
    Capacity(sequences=13, branches=4, context=2048, bytes=39168000)
    """
    fewest = settings.sequences or 2
    context = settings.context or min(DEFAULT_CONTEXT, trained)
    while not settings.context and fewest * _bytes(context, token) > budget and context > SHORTEST_CONTEXT:
        context = max(SHORTEST_CONTEXT, context // 2)
    each = _bytes(context, token)
    whole = int(min(budget, MOST * each) // each)
    branches = min(BRANCHES, max(0, whole - settings.sequences) if settings.sequences else whole // 8 * 2)
    branches -= branches == 1  # one alone would never be used
    sequences = settings.sequences or max(fewest, min(MOST_SEQUENCES, whole - branches))
    return Capacity(sequences, branches, context, (sequences + branches) * each)


def _bytes(context: int, token: int) -> int:
    """Memory that one sequence takes, the one token more among it that serves as company."""
    return -(-(context + 1) // PADDING) * PADDING * max(token, 1)


def _budget(settings: LlamaCppSettings, model: Model) -> float:
    """Bytes for keys and values of one engine, on the processor and on GPUs together."""
    here = SHARE_OF_MEMORY * machine.memory() * min(1.0, settings.threads / machine.cores())
    free = sum(one.free() for one in model.devices)
    return divided(here, SHARE_OF_GPUS * free, model.part_on_devices)


def divided(here: float, there: float, part: float) -> float:
    """Bytes for keys and values of which this part lies on GPUs, so that neither side exceeds its own.

    >>> divided(8e9, 20e9, 0.0), divided(8e9, 20e9, 1.0), divided(8e9, 3e9, 0.5)
    (8000000000.0, 20000000000.0, 6000000000.0)
    """
    return min(here / (1 - part) if part < 1 else float("inf"), there / part if part else float("inf"))
