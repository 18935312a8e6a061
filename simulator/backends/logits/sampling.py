"""Logits to the next token: penalties, temperature, truncation and one draw. Pure functions of arrays.

The order is that of transformers: repetition penalty, temperature, top-k, top-p, min-p; a mask of allowed tokens
comes before all of them, so what is drawn is the model's choice among the allowed.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.decoding import Decoding

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Logits = NDArray[np.float32]


class Chance(Protocol):
    """Where draws come from: a generator of numpy, or one that can take its numbers back."""

    def random(self) -> float:
        """The next uniform number, from 0 to below 1."""


def normalised(logits: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Logits less their maximum, and what must be taken from those to make them natural log-probabilities.

    Raises
    ------
    RuntimeError
        If they are not numbers, as after an overflow in the model.

    >>> shifted, total = normalised(np.full(4, 7, np.float32))
    >>> shifted.tolist(), round(total, 4)
    ([0.0, 0.0, 0.0, 0.0], 1.3863)
    """
    top = logits.max()
    if not np.isfinite(top):
        raise RuntimeError("the model's logits are not numbers")
    shifted = logits - top
    return shifted, float(np.log(np.exp(shifted).sum(dtype=np.float64)))


def logprob(logits: NDArray[np.float32], token: int) -> float:
    """Natural log-probability of one token, to about seven digits.

    >>> round(logprob(np.zeros(4, np.float32), 2), 4)
    -1.3863
    """
    shifted, total = normalised(logits)
    return float(shifted[token]) - total


def choose(
    logits: NDArray[np.float32],
    decoding: Decoding,
    seen: Ids,
    rng: Chance,
    allowed: Ids | None = None,
) -> int:
    """Draw the next token.

    Parameters
    ----------
    logits : numpy.ndarray, shape (n_vocab,)
        What the model says.
    decoding : Decoding
        How to draw; ``num_beams`` is not looked at here.
    seen : numpy.ndarray of int
        Tokens of prompt and reply so far, for the repetition penalty.
    rng : Chance
        Advanced by one uniform number, unless the decoding is greedy.
    allowed : numpy.ndarray of int, optional
        The only tokens that may be drawn, in ascending order, at least one.

    Returns
    -------
    int
        A token.

    >>> logits, greedy = np.array([0, 2, 1], np.float32), Decoding(do_sample=False)
    >>> choose(logits, greedy, np.array([], int), np.random.default_rng(0))
    1
    """
    values = penalised(logits, decoding.repetition_penalty, seen)
    if allowed is not None:
        values = values[allowed]
    if decoding.greedy:
        best = int(values.argmax())
    elif not decoding.truncates:
        cumulated = np.exp((values - values.max()) / np.float32(decoding.temperature)).cumsum(dtype=np.float64)
        best = min(int(cumulated.searchsorted(rng.random() * cumulated[-1], side="right")), len(cumulated) - 1)
    else:
        kept, probabilities = truncated(values.astype(np.float64), decoding)
        cumulated = probabilities.cumsum()
        drawn = cumulated.searchsorted(rng.random() * cumulated[-1], side="right")
        best = int(kept[min(int(drawn), len(kept) - 1)])
    return best if allowed is None else int(allowed[best])


def penalised(logits: NDArray[Any], penalty: float | None, seen: Ids) -> NDArray[Any]:
    """Logits, or log-probabilities, in which tokens that occurred are made less likely.

    Positive logits are divided by the penalty, negative ones multiplied, each token once [1]_.

    References
    ----------
    .. [1] Keskar et al. (2019). CTRL: A Conditional Transformer Language Model for Controllable Generation.
    """
    if penalty is None or penalty == 1 or not len(seen):
        return logits
    changed, tokens = logits.copy(), np.unique(seen)
    values = changed[tokens]
    changed[tokens] = np.where(values > 0, values / penalty, values * penalty)
    return changed


def likeliest(values: NDArray[Any], count: int) -> Ids:
    """Positions of the largest values, the largest first; of equal ones the first.

    >>> likeliest(np.array([1, 3, 2, 3]), 3).tolist()
    [1, 3, 2]
    """
    if count < len(values):
        at_least = np.partition(values, -count)[-count]
        candidates = np.flatnonzero(values >= at_least)
    else:
        candidates = np.arange(len(values))
    return candidates[np.argsort(-values[candidates], kind="stable")[:count]]


def truncated(logits: Floats, decoding: Decoding, fewest: int = 1) -> tuple[Ids, Floats]:
    """Positions that survive top-k, top-p and min-p at this temperature, and their probabilities.

    Parameters
    ----------
    logits : numpy.ndarray, shape (n,)
        Logits of the candidates.
    decoding : Decoding
        Temperature above 0, and the three limits.
    fewest : int
        Positions that survive each limit in any case, if there are as many.

    Returns
    -------
    positions : numpy.ndarray of int, ascending
    probabilities : numpy.ndarray
        Sums to 1.

    >>> decoding = Decoding(top_p=0.6)
    >>> truncated(np.log([0.5, 0.3, 0.2]), decoding)[0].tolist()
    [0, 1]
    """
    scaled = (logits - logits.max()) / decoding.temperature
    positions = np.arange(len(scaled))
    if decoding.top_k is not None and max(fewest, decoding.top_k) < len(scaled):
        positions = np.sort(likeliest(scaled, max(fewest, decoding.top_k)))
    weights = np.exp(scaled[positions])
    probabilities = weights / weights.sum()
    if decoding.top_p < 1:
        # All tokens below this weight together hold less than what top-p leaves out, so they need no sorting.
        likely = int(np.count_nonzero(probabilities >= (1 - decoding.top_p) / len(probabilities)))
        order = likeliest(probabilities, max(fewest, likely))
        nucleus = int(np.searchsorted(probabilities[order].cumsum(), decoding.top_p, side="left")) + 1
        kept = np.sort(order[: max(fewest, nucleus)])
        positions, probabilities = positions[kept], probabilities[kept]
    if decoding.min_p is not None:
        enough = probabilities[likeliest(probabilities, fewest)[-1]]
        strong = probabilities >= min(enough, decoding.min_p * probabilities.max())
        positions, probabilities = positions[strong], probabilities[strong]
    return positions, np.asarray(probabilities / probabilities.sum())
