"""Log-probabilities of labels and of whole continuations. Pure rules: which tokens to ask for, and what they say.

Continuations are paths of tokens after one prompt. Both abilities come down to a set of steps: paths whose last
token's log-probability, given those before it, is needed.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from simulator.backends.logits.sampling import Logits, normalised

Path = tuple[int, ...]


def logprobs_of(logits: Logits, tokens: Iterable[int]) -> list[float]:
    """Natural log-probabilities of some tokens, to about seven digits.

    >>> [round(one, 4) for one in logprobs_of(np.zeros(4, np.float32), [2, 3])]
    [-1.3863, -1.3863]
    """
    shifted, total = normalised(logits)
    return [float(shifted[token]) - total for token in tokens]


def following(steps: Iterable[Path]) -> dict[Path, list[int]]:
    """Beginning -> the tokens after it that are asked for, in ascending order.

    >>> following([(1,), (2,), (2, 7)])
    {(): [1, 2], (2,): [7]}
    """
    found: dict[Path, list[int]] = {}
    for step in sorted(set(steps)):
        found.setdefault(step[:-1], []).append(step[-1])
    return found


def tips(beginnings: Collection[Path]) -> list[Path]:
    """The beginnings that lead to no longer one: evaluating these evaluates all.

    >>> tips([(), (2,), (2, 7), (3,)])
    [(2, 7), (3,)]
    """
    passed = {one[:depth] for one in beginnings for depth in range(len(one))}
    return sorted(set(beginnings) - passed)


def score_steps(paths: Iterable[Path]) -> set[Path]:
    """Steps that :func:`score` needs: all of every path."""
    return {path[: n + 1] for path in paths for n in range(len(path))}


def score(paths: Mapping[str, Path], logprobs: Mapping[Path, float]) -> dict[str, tuple[float, ...]]:
    """Natural log-probability of each token of each continuation.

    Parameters
    ----------
    paths : mapping
        Continuation -> its tokens, at least one.
    logprobs : mapping
        Step -> natural log-probability of its last token.

    >>> score({"ab": (1, 2)}, {(1,): -0.5, (1, 2): -2.0})
    {'ab': (-0.5, -2.0)}
    """
    return {text: tuple(logprobs[path[: n + 1]] for n in range(len(path))) for text, path in paths.items()}


def label_steps(paths: Iterable[Path], spaces: frozenset[int]) -> set[Path]:
    """Steps that :func:`label_logprobs` needs."""
    distinct = set(paths)
    found = set()
    for path, depth in _depths(distinct, spaces).items():
        found |= {path[: n + 1] for n in range(depth)}
        found |= {(*path, token) for token in _goes_on(path, distinct)}
    return found


def label_logprobs(
    paths: Mapping[str, Path], spaces: frozenset[int], logprobs: Mapping[Path, float]
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
    logprobs : mapping
        Step -> natural log-probability of its last token, for all of :func:`label_steps`.

    Returns
    -------
    logprobs : dict
        Label -> chain; its sum is the log-probability of the label.
    outside : float
        Probability in [0, 1] that none of the labels comes.
    """
    distinct = set(paths.values())
    chains: dict[Path, tuple[float, ...]] = {}
    for path, depth in sorted(_depths(distinct, spaces).items()):
        chain = [logprobs[path[: n + 1]] for n in range(depth)]
        if goes_on := _goes_on(path, distinct):
            rest = 1.0 - sum(math.exp(logprobs[(*path, token)]) for token in goes_on)
            chain.append(math.log(max(rest, np.finfo(float).tiny)))
        chains[path] = tuple(chain)
    inside = sum(math.exp(sum(chain)) for chain in chains.values())
    return {label: chains[path] for label, path in paths.items()}, min(1.0, max(0.0, 1.0 - inside))


def _depths(distinct: Collection[Path], spaces: frozenset[int]) -> dict[Path, int]:
    """Tokens of each path up to the first at which no other has come along, leading spaces not counted."""
    sharing = Counter(path[:depth] for path in distinct for depth in range(1, len(path) + 1))

    def parts(path: Path, depth: int) -> bool:
        return sharing[path[:depth]] == 1 and path[depth - 1] not in spaces

    return {path: next((n for n in range(1, len(path)) if parts(path, n)), len(path)) for path in distinct}


def _goes_on(path: Path, distinct: Collection[Path]) -> list[int]:
    """Tokens with which longer paths go on after this one."""
    return sorted({other[len(path)] for other in distinct if len(other) > len(path) and other[: len(path)] == path})
