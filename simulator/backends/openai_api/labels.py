"""Probabilities of labels from the likeliest tokens: what was seen is known, what was not is bounded."""

import math
from collections.abc import Iterable, Sequence

SMALLEST = 1e-300
"""Stands for a probability of 0, so that its logarithm is a number."""


def label_logprobs(
    top: Iterable[tuple[str, float]], labels: Sequence[str], likeliest: int | None = None, drawn: float | None = None
) -> tuple[dict[str, tuple[float, ...]], dict[str, float], float]:
    """How likely each label comes next, as far as the likeliest next tokens tell.

    A label that is a token of its own among them is known. One that is not, such as a rare one or one of several
    tokens, is bounded: it can have the probability of the tokens that begin it and of what was not seen, no more.
    So is a label that begins another which is not there as a token (``1`` beside ``10``): how often it goes on is not
    told.

    Parameters
    ----------
    top : iterable of (str, float)
        Next tokens and their natural log-probabilities; each token once, though some may read alike.
    labels : sequence of str
        The labels, as exact texts.
    likeliest : int, optional
        How many of ``top`` are the likeliest tokens; completions add the token that was drawn, which may be any. All
        of them when absent.
    drawn : float, optional
        Natural log-probability of the token that was drawn. vLLM puts it into the place of the least likely one.

    Returns
    -------
    known : dict
        Label -> its natural log-probability, in a tuple of one.
    bounds : dict
        Every other label -> the most that its natural log-probability can be.
    outside : float
        Probability in [0, 1] of everything but the known labels.

    Examples
    --------
    >>> known, bounds, outside = label_logprobs([("A", math.log(0.6)), ("B", math.log(0.3))], ["A", "B", "C"])
    >>> sorted(known), round(math.exp(bounds["C"]), 3), round(outside, 3)
    (['A', 'B'], 0.1, 0.1)
    """
    seen: dict[str, float] = {}
    ranked = sorted(((math.exp(logprob), token) for token, logprob in top), reverse=True)
    for p, token in ranked:
        seen[token] = seen.get(token, 0.0) + p
    total = sum(p for p, _ in ranked)
    shown = [p for p, _ in ranked[:likeliest]]
    if drawn is not None and shown and math.isclose(shown[-1], math.exp(drawn)):
        shown.pop()  # it may have been drawn from anywhere, so it says nothing of what was not shown
    least = min(shown, default=1.0)
    unseen = min(least, max(0.0, 1.0 - total))
    known: dict[str, float] = {}
    bounds: dict[str, float] = {}
    for label in labels:
        goes_on = any(other != label and other.startswith(label) and other not in seen for other in labels)
        if label in seen and not goes_on:
            known[label] = seen[label]
        else:
            begun = sum(p for token, p in seen.items() if token and label.startswith(token))
            bounds[label] = math.log(min(max(begun + unseen, SMALLEST), 1.0))
    outside = min(1.0, max(0.0, 1.0 - sum(known.values())))
    return {label: (math.log(max(p, SMALLEST)),) for label, p in known.items()}, bounds, outside
