"""The examples of WorldValuesBench, one by one: who somebody is, what was asked, what was answered.

Version 5 has 21 million of them; they are made as they are asked for, a block of respondents at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from surveys.formats.wvs.dataset import NO_ANSWER, Dataset
from surveys.formats.wvs.wave7 import DEMOGRAPHICS, SCALES

BLOCK = 1_000
"""Respondents whose answers are turned into objects at a time."""


class Example(NamedTuple):
    """One answer of one respondent."""

    person: int
    demographics: Mapping[str, str]
    """Demographic column -> its text; one object for all examples of a respondent."""
    question: str
    answer: int


def examples(
    dataset: Dataset,
    places: NDArray[np.int64] | None = None,
    *,
    questions: Sequence[str] = tuple(SCALES),
    attributes: Sequence[str] = DEMOGRAPHICS,
) -> Iterator[Example]:
    """Every answer that was given, respondent by respondent in the order of ``places``, questions in their order.

    Parameters
    ----------
    places : numpy.ndarray, shape (n,), optional
        Places of the respondents in the data set, such as a split; everybody when absent.
    questions : sequence of str
        Value questions.
    attributes : sequence of str
        Demographic columns; those without a text are left out of an example.
    """
    everybody = np.arange(len(dataset)) if places is None else places
    texts = [np.array(dataset.texts[name].texts, dtype=object) for name in attributes]
    for start in range(0, len(everybody), BLOCK):
        block = everybody[start : start + BLOCK]
        told = [words[dataset.texts[name].positions[block]] for name, words in zip(attributes, texts, strict=True)]
        people = dataset.people[block].tolist()
        given = np.stack([dataset.answers[question][block] for question in questions], axis=1)
        for row, person in enumerate(people):
            known = {name: words[row] for name, words in zip(attributes, told, strict=True) if words[row]}
            for place in np.flatnonzero(given[row] != NO_ANSWER).tolist():
                yield Example(person, known, questions[place], int(given[row, place]))


def count(dataset: Dataset, places: NDArray[np.int64] | None = None) -> int:
    """Number of examples: answers that were given by these respondents."""
    rows = slice(None) if places is None else places
    return sum(int((answers[rows] != NO_ANSWER).sum()) for answers in dataset.answers.values())
