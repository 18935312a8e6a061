"""How likely a model finds given texts: in which form they are put to it, and what is read off its answer.

Requests of the abilities ``label_logprobs`` and ``score`` name exact texts; what comes back is, for each text, the
natural log-probabilities of its tokens.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

Space = Literal["both", "none", "only"]
"""Whether a text is put with and without a leading space, without, or with it only."""


def forms(texts: Iterable[str], space: Space) -> tuple[str, ...]:
    """The texts as they are to be rated: those without a leading space first, each form once.

    >>> forms(["A", "B"], "both")
    ('A', 'B', ' A', ' B')
    """
    texts = tuple(texts)
    plain = texts if space != "only" else ()
    spaced = tuple(f" {text}" for text in texts) if space != "none" else ()
    return tuple(dict.fromkeys((*plain, *spaced)))


def outside(logprobs: Mapping[str, Sequence[float]], labels: Iterable[str]) -> float:
    """Probability in [0, 1] that none of these labels comes: the mass outside one form among several.

    Parameters
    ----------
    logprobs : mapping
        Label -> natural log-probabilities whose sum is the label's.
    labels : iterable of str
        Labels of different tokens, for instance those of one form.

    >>> round(outside({"A": [-0.7], " A": [-1.6, -0.5]}, ["A"]), 4)
    0.5034
    """
    inside = sum(math.exp(sum(logprobs[label])) for label in set(labels))
    return min(1.0, max(0.0, 1.0 - inside))


def per_token(logprobs: Sequence[float]) -> float:
    """Mean natural log-probability of the tokens, nats; its negative exponential is the perplexity.

    >>> per_token([-1.0, -3.0])
    -2.0
    """
    if not logprobs:
        raise ValueError("A score needs the log-probability of at least one token.")
    return sum(logprobs) / len(logprobs)


def per_byte(logprobs: Sequence[float], text: str) -> float:
    """Natural log-probability by byte of the text in UTF-8, nats: comparable between tokenisers.

    A rated end of the turn counts in the sum and has no bytes.

    >>> per_byte([-1.0, -3.0], "no")
    -2.0
    """
    if not text:
        raise ValueError("A score needs a text of at least one character.")
    return sum(logprobs) / len(text.encode())
