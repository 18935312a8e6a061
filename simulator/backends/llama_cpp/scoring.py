"""Log-probabilities of labels and of whole continuations, from the logits of a few branches of one prompt."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from simulator.backends.llama_cpp.context import Logits
from simulator.backends.llama_cpp.sampling import Floats, log_softmax

Path = tuple[int, ...]
Branch = Callable[[Sequence[int]], Logits]
"""Logits after the prompt and after each of these tokens but the last, shape (len(tokens), n_vocab)."""


def score(paths: Mapping[str, Path], branch: Branch) -> dict[str, tuple[float, ...]]:
    """Natural log-probability of each token of each continuation.

    Parameters
    ----------
    paths : mapping
        Continuation -> its tokens, at least one.
    branch : callable
        Evaluates one continuation after the prompt.
    """
    found = {}
    for text, path in paths.items():
        logprobs = log_softmax(branch(path))
        found[text] = tuple(float(logprobs[i, token]) for i, token in enumerate(path))
    return found


def label_logprobs(
    paths: Mapping[str, Path], spaces: frozenset[int], branch: Branch
) -> tuple[dict[str, tuple[float, ...]], float]:
    """How likely each label comes next, as a chain of conditional natural log-probabilities.

    A label is followed only until it differs from every other label: one token where first tokens differ. Where
    first tokens coincide (many tokenisers split " 1" into " " and "1") the chain goes on; a bare leading space is
    always stepped over. Where one label begins another ("1", "10"), the shorter one ends with the log-probability
    that none of the longer ones goes on. Two labels of the same tokens get the same numbers.

    Parameters
    ----------
    paths : mapping
        Label -> its tokens, at least one.
    spaces : frozenset of int
        Tokens that are nothing but white space.
    branch : callable
        Evaluates one continuation after the prompt.

    Returns
    -------
    logprobs : dict
        Label -> chain; its sum is the log-probability of the label.
    outside : float
        Probability in [0, 1] that none of the labels comes.
    """
    distinct = sorted(set(paths.values()))
    sharing = Counter(path[:depth] for path in distinct for depth in range(1, len(path) + 1))
    after: dict[Path, Floats] = {}

    def following(path: Path, position: int) -> Floats:
        """Log-probabilities of the token at a position of a path, evaluated at most once."""
        if path[:position] not in after:
            logprobs = log_softmax(branch(path[: position + 1]))
            after.update((path[:n], logprobs[n]) for n in range(position + 1))
        return after[path[:position]]

    chains: dict[Path, tuple[float, ...]] = {}
    for path in distinct:
        depth = _parting(path, sharing, spaces)
        chain = [float(following(path, n)[path[n]]) for n in reversed(range(depth))][::-1]
        longer = [other for other in distinct if len(other) > len(path) and other[: len(path)] == path]
        if longer:
            goes_on = sorted({other[len(path)] for other in longer})
            rest = 1.0 - float(np.exp(following(longer[0], len(path))[goes_on]).sum())
            chain.append(math.log(max(rest, np.finfo(float).tiny)))
        chains[path] = tuple(chain)
    inside = sum(math.exp(sum(chain)) for chain in chains.values())
    return {label: chains[path] for label, path in paths.items()}, min(1.0, max(0.0, 1.0 - inside))


def _parting(path: Path, sharing: Mapping[Path, int], spaces: frozenset[int]) -> int:
    """Tokens of a path up to the first at which no other path has come along, leading spaces not counted."""
    for depth in range(1, len(path)):
        if sharing[path[:depth]] == 1 and path[depth - 1] not in spaces:
            return depth
    return len(path)
