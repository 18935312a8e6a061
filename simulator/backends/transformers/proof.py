"""Proof that a model does on this device what it declares: one small request for each ability."""

import math

from demoscope.errors import BackendError
from simulator.backends.interface import Backend
from simulator.decoding import Decoding
from simulator.protocols.interface import Message, Request

QUESTION = (Message("user", "Is water wet? 1: yes, 2: no"),)
GREEDY = Decoding(do_sample=False, max_tokens=2)


async def prove(backend: Backend, advice: str) -> None:
    """Ask for two tokens, for the likelihood of two labels, and for that of a continuation.

    Parameters
    ----------
    backend : Backend
        The model, opened.
    advice : str
        What to try where it fails, in a sentence.

    Raises
    ------
    BackendError
        If one of them comes to nothing, or numbers are none.
    """
    for ability in ("generate", "label_logprobs", "score"):
        labels = () if ability == "generate" else ("1", "2")
        reply = await backend.complete(Request("answer", 0, QUESTION, GREEDY, 0, ability=ability, labels=labels))
        values = [value for chain in (reply.logprobs or {}).values() for value in chain]
        if reply.last.error is not None:
            raise BackendError(f"The model fails at its first request ({ability}): {reply.last.error} {advice}")
        if not all(math.isfinite(value) for value in values):
            raise BackendError(f"The model's log-probabilities are not numbers ({ability}). {advice}")
