"""What is read from a store, as small objects and arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STATUSES = ("answered", "refused", "invalid", "failed", "skipped")
"""How an answer can end, in the order of reports."""

NO_CODE = np.iinfo(np.int64).min
"""Stands for the code of an understood answer that chose no option: numbers, texts, empty multiple choices."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a question, as asked."""

    code: int
    label: str
    score: float | None
    substantive: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, as asked; ``choices`` in questionnaire order, empty for numbers and texts."""

    id: int
    name: str
    text: str
    kind: str
    ordinal: bool
    choices: tuple[Choice, ...]
    dimension: str | None = None
    """Value dimension it belongs to, such as one of the nine of DEF."""
    codes_of: str | None = None
    """The open question whose answers it counts in codes; nothing was asked for it."""


UNCODED = "no code that counts: disputed, or not coded by both"
"""Why an open answer that was understood is skipped where it is counted in codes."""


@dataclass(frozen=True, slots=True)
class CodedEnding:
    """How a coded question ended for one answer to the open one."""

    respondent: int
    """Number of the respondent in the store."""
    question: int
    """Id of the coded question."""
    method: str
    replicate: int
    status: str
    """As the open answer ended, but ``skipped`` where it has no code that counts."""
    code: int | None
    """Given exactly where it is answered."""
    reason: str | None
    """:data:`UNCODED` where that is why it is skipped."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One condition of the wave; ``told`` are the persona attributes that the portrait tells the model."""

    id: int
    name: str
    condition: str
    model: str
    protocol: str
    profile: str
    language: str
    told: tuple[str, ...]
    culture: str | None = None
    """Culture that the respondents stand for."""
    of_the_reference: bool = True
    """Whether its people come from the wave's own population, the one that the human reference is about."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a cell's calls took, tries that failed included."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    """Time that the model was busy with its replies, summed over calls; side by side they take less by the clock."""


@dataclass(frozen=True, slots=True)
class WaveRow:
    """What the store says about the wave itself."""

    name: str
    seed: int
    questionnaire: str
    started: str
    finished: str | None


@dataclass(frozen=True)
class Answers:
    """Understood answers of one cell in long form, a row per chosen option, sorted by question.

    ``respondent`` is a position in ``Results.respondents(cell)``; ``code`` is :data:`NO_CODE` where the answer chose
    no option.
    """

    respondent: NDArray[np.int64]
    question: NDArray[np.int64]
    replicate: NDArray[np.int64]
    code: NDArray[np.int64]

    def of(self, question_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Respondent positions, replicates and codes of one question."""
        start, stop = np.searchsorted(self.question, [question_id, question_id + 1])
        return self.respondent[start:stop], self.replicate[start:stop], self.code[start:stop]


@dataclass(frozen=True)
class Replies:
    """What a model wrote in one cell, a row a reply, as 64-bit digests (:func:`analysis.diversity.digest`).

    ``respondent`` is a position in ``Results.respondents(cell)``.
    """

    respondent: NDArray[np.int64]
    question: NDArray[np.int64]
    replicate: NDArray[np.int64]
    digest: NDArray[np.uint64]


@dataclass(frozen=True)
class Endings:
    """How every question of one cell ended, a row per answer, sorted by question.

    ``respondent`` is a position in ``Results.respondents(cell)``; ``status`` is a position in :data:`STATUSES`.
    """

    respondent: NDArray[np.int64]
    question: NDArray[np.int64]
    status: NDArray[np.int64]

    def of(self, question_id: int, among: NDArray[np.bool_]) -> dict[str, int]:
        """Status -> answers to one question ``among`` some respondents (one truth value for each of the cell)."""
        start, stop = np.searchsorted(self.question, [question_id, question_id + 1])
        kept = self.status[start:stop][among[self.respondent[start:stop]]]
        return dict(zip(STATUSES, np.bincount(kept, minlength=len(STATUSES)).tolist(), strict=True))


@dataclass(frozen=True)
class Respondents:
    """The respondents of one cell, by position: store id, persona and weight of each."""

    ids: NDArray[np.int64]
    personas: NDArray[np.int64]
    weights: NDArray[np.float64]

    @property
    def weighted(self) -> bool:
        """Whether some stand for more people than others, so that shares are weighted."""
        return bool(len(self.weights)) and not np.allclose(self.weights, self.weights[0])
