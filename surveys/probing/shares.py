"""From what was read off a model to shares of the options: softmax, inverse perplexity, fractional counts.

Raw log-probabilities are, for each option, a mapping from the exact text that was rated to the natural
log-probabilities of its tokens, or to one number: the most that the log-probability can be, where an endpoint shows
the likeliest tokens alone. A text that begins with a blank is the option's form with a leading space.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Space = Literal["both", "none", "only"]
"""Which forms of a label count: with and without a leading space, without, or with it only."""
SpaceRule = Literal["both", "none", "only", "code"]
"""The same, or ``code``: the literal rule of the published code."""
Rated = Mapping[str, Sequence[float] | float]
"""Form of an option -> natural log-probabilities of its tokens, or an upper bound of the form's."""


def softmax(logits: ArrayLike) -> Floats:
    """Shares in proportion to the exponentials of logits.

    Parameters
    ----------
    logits : array_like, shape (n,)
        Logits or natural log-probabilities; minus infinity is a share of 0.

    Returns
    -------
    ndarray, shape (n,)
        Shares in [0, 1] that sum to 1.

    Raises
    ------
    ValueError
        If there are none, one is not a number, or all are minus infinity.

    >>> softmax([0.0, np.log(3.0)]).round(4).tolist()
    [0.25, 0.75]
    """
    values = np.asarray(logits, float)
    if values.ndim != 1 or values.size == 0 or np.isnan(values).any() or not np.isfinite(values.max()):
        raise ValueError(f"Need at least one finite logit and no NaN, got {values}.")
    weights = np.exp(values - values.max())
    return np.asarray(weights / weights.sum())


def token_shares(rated: Sequence[Rated], space: SpaceRule) -> Floats:
    """Shares of the options by how likely their labels come next.

    Parameters
    ----------
    rated : sequence of mapping
        Raw log-probabilities of each option's label; several of a label are a chain whose sum counts.
    space : {"both", "none", "only", "code"}
        Which forms count. With ``both`` the probabilities of a label's two forms are added, or counted once where
        they are the same tokens (whose log-probabilities are equal to the last bit). ``code`` takes the first token
        of both forms and always adds them.

    Returns
    -------
    ndarray, shape (n_options,)
        Shares that sum to 1.

    Raises
    ------
    ValueError
        If a form that counts was not rated, or no option has a measured one.

    >>> token_shares([{"A": [-1.0], " A": [-2.0]}, {"B": [-2.0], " B": [-1.0]}], "both").tolist()
    [0.5, 0.5]

    References
    ----------
    Shen et al. (2025). Revisiting LLM Value Probing Strategies: Are They Robust and Expressive? EMNLP.
    """
    if space == "code":
        return softmax([np.logaddexp.reduce([_first(value) for value in _forms(one, "both")]) for one in rated])
    return softmax([_added([_total(value) for value in _forms(one, space)]) for one in rated])


def first_token_collisions(rated: Sequence[Rated]) -> list[tuple[int, int]]:
    """Pairs of options whose labels begin with the same token in some form, so that ``code`` cannot tell them apart.

    >>> first_token_collisions([{"1": [-1.0], " 1": [-3.0, -1.0]}, {"2": [-2.0], " 2": [-3.0, -2.0]}])
    [(0, 1)]
    """
    firsts = [{form.startswith(" "): _first(value) for form, value in one.items()} for one in rated]
    return [
        (n, m)
        for n in range(len(firsts))
        for m in range(n + 1, len(firsts))
        if any(np.isfinite(first) and firsts[m].get(spaced) == first for spaced, first in firsts[n].items())
    ]


def sequence_shares(rated: Sequence[Rated], space: Space, include_eot: bool = True) -> Floats:
    """Shares of the options in proportion to the inverse perplexity of their texts.

    The perplexity is the exponential of the mean negative log-probability of a token, so long options are not
    punished for their length.

    Parameters
    ----------
    rated : sequence of mapping
        Raw log-probabilities of each option's text, token by token.
    space : {"both", "none", "only"}
        Which forms count; with ``both`` the inverse perplexities of an option's two forms are added, or counted once
        where they are the same tokens.
    include_eot : bool
        Whether all tokens count. ``False`` leaves the last one out: the end of the turn, where that was rated.

    Returns
    -------
    ndarray, shape (n_options,)
        Shares that sum to 1.

    Raises
    ------
    ValueError
        If a form that counts was not rated token by token.

    >>> sequence_shares([{"A. No": [-1.0, -1.0]}, {"B. Yes, often": [-1.0] * 4}], "none").tolist()
    [0.5, 0.5]
    """
    return softmax([_added([_mean(value, include_eot) for value in _forms(one, space)]) for one in rated])


def fractional_shares(counts: ArrayLike, n: int) -> Floats:
    """Shares of the options among sampled replies; replies that name none are spread equally, so no winner changes.

    Parameters
    ----------
    counts : array_like, shape (n_options,)
        Replies that named each option, at least 0.
    n : int
        All replies, at least 1.

    Returns
    -------
    ndarray, shape (n_options,)
        Shares that sum to 1.

    Raises
    ------
    ValueError
        If counts are negative or more than ``n``.

    >>> fractional_shares([6, 2], 10).tolist()
    [0.7, 0.3]
    """
    named = _checked(counts, n)
    return np.asarray(named / n + (1 - named.sum() / n) / named.size)


def valid_ratio(counts: ArrayLike, n: int) -> float:
    """Share of sampled replies that name exactly one option, in [0, 1]; parameters as :func:`fractional_shares`.

    >>> valid_ratio([6, 2], 10)
    0.8
    """
    return float(_checked(counts, n).sum() / n)


def _checked(counts: ArrayLike, n: int) -> Floats:
    named = np.asarray(counts, float)
    if named.ndim != 1 or named.size == 0 or n < 1 or named.min() < 0 or named.sum() > n:
        raise ValueError(f"Need counts of one option or more that are at most {n} together, got {named}.")
    return named


def _forms(rated: Rated, space: Space) -> list[Sequence[float] | float]:
    """What was read off the forms that count, those without a leading space first."""
    wanted = {"both": (False, True), "none": (False,), "only": (True,)}[space]
    found = [value for spaced in wanted for form, value in rated.items() if form.startswith(" ") is spaced]
    if len(found) < len(wanted):
        raise ValueError(f"The forms {list(rated)} were rated, and the space rule {space!r} needs another.")
    return found


def _added(logs: list[float]) -> float:
    """Logarithm of the sum of exponentials, equal ones counted once: they are one form twice."""
    return float(np.logaddexp.reduce(list(dict.fromkeys(logs))))


def _total(value: Sequence[float] | float) -> float:
    """Log-probability of a chain; minus infinity where only a bound is known."""
    return float(sum(value)) if isinstance(value, Sequence) else -np.inf


def _first(value: Sequence[float] | float) -> float:
    return float(value[0]) if isinstance(value, Sequence) else -np.inf


def _mean(value: Sequence[float] | float, include_eot: bool) -> float:
    if not isinstance(value, Sequence):
        raise ValueError("Perplexities need the log-probability of every token, and here is only a bound.")
    tokens = value if include_eot else value[:-1]
    if not tokens:
        raise ValueError("Perplexities need at least one token.")
    return float(sum(tokens) / len(tokens))
