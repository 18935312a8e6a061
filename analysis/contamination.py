"""Does a model know the survey by heart? How much of a question it completes, against a rephrased one it cannot know.

A question is cut, the model continues it, and the continuation is compared with the real rest. Some of any wording
can be guessed, so the same is done with a rephrasing that was held back from the world: only what goes beyond it is
memory. How a question is cut stands in :mod:`surveys.completion`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from surveys.completion import words


def overlap(continuation: str, rest: str) -> float:
    """How much of the real rest of a text stands in a continuation, in order.

    Parameters
    ----------
    continuation : str
        What the model wrote; what goes beyond twice the length of the rest is not looked at.
    rest : str
        The real rest, at least one word (or Chinese character).

    Returns
    -------
    float
        Longest common subsequence of words over the words of the rest (ROUGE-L recall), in [0, 1]; case and
        punctuation do not matter.

    Raises
    ------
    ValueError
        If the rest has no word.

    References
    ----------
    .. [1] Lin (2004). ROUGE: A Package for Automatic Evaluation of Summaries.
    .. [2] Golchin and Surdeanu (2024). Time Travel in LLMs: Tracing Data Contamination in LLMs. ICLR.

    >>> overlap("important is family to you?", "is family in your life?")
    0.4
    """
    wanted = words(rest)
    if not wanted:
        raise ValueError(f"The rest of the text has no word to complete, got {rest!r}.")
    said = words(continuation)[: 2 * len(wanted)]
    row = np.zeros(len(wanted) + 1, dtype=np.int64)
    for word in said:
        same = np.array([word == other for other in wanted])
        longer = np.where(same, row[:-1] + 1, row[1:])
        row[1:] = np.maximum.accumulate(np.maximum(longer, row[1:]))
    return float(row[-1] / len(wanted))


@dataclass(frozen=True)
class Contamination:
    """Original wordings beside held-back rephrasings."""

    original: float
    """Mean overlap of the continuations of original wordings, in [0, 1]."""
    control: float
    """The same of the rephrasings."""
    p: float
    """One-sided: how often signs drawn at random give a mean difference as large."""
    questions: int

    @property
    def excess(self) -> float:
        """What the model completes beyond guessing; above 0 with a small p it has seen the survey."""
        return self.original - self.control


def contamination(
    original: ArrayLike, control: ArrayLike, rng: np.random.Generator, draws: int = 10_000
) -> Contamination:
    """Test whether original wordings are completed better than their rephrasings, question by question.

    Parameters
    ----------
    original, control : array_like, shape (n_questions,)
        Overlaps of the same questions in the same order, from :func:`overlap`.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        Random changes of sign of the differences.

    Returns
    -------
    Contamination

    Raises
    ------
    ValueError
        If shapes differ or there is no question.

    >>> contamination([1.0] * 8, [0.2] * 8, np.random.default_rng(1)).p < 0.01
    True
    """
    a, b = np.asarray(original, dtype=np.float64), np.asarray(control, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise ValueError(f"Need the overlaps of the same questions twice, got the shapes {a.shape} and {b.shape}.")
    differences = a - b
    signs = rng.integers(0, 2, size=(draws, len(a))) * 2 - 1
    as_large = int(((signs * differences).mean(axis=1) >= differences.mean() - 1e-12).sum())
    return Contamination(float(a.mean()), float(b.mean()), (as_large + 1) / (draws + 1), len(a))
