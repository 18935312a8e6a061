"""What was understood of a reply: exactly one answer for every question that was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["answered", "refused", "invalid", "failed", "skipped"]
Method = Literal["text", "token", "sequence", "verbalized"]


@dataclass(frozen=True, slots=True)
class Share:
    """One option in a distribution that was read off a model."""

    code: int
    """Canonical code."""
    probability: float
    """Share in [0, 1]; those of a distribution sum to 1."""
    logprobs: Mapping[str, Sequence[float] | float] | None = None
    """Text that was rated -> natural log-probabilities of its tokens, or one number: the most that it can be."""
    outside: float | None = None
    """Probability mass outside all options, the same for each of them; ``None`` where the method knows none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one respondent to one question, in canonical codes.

    ``answered``: understood. ``refused``: the model declined. ``invalid``: unparsable, truncated, ambiguous or
    out of range. ``failed``: no reply after all attempts. ``skipped``: routing passed the question by.
    """

    question: str
    """Id of the question."""
    status: Status
    """How it ended; only ``answered`` carries codes, a number or free text."""
    codes: tuple[int, ...] = ()
    """Canonical codes that were chosen: one for single choices and scales, several for multiple choices; of a ranking
    in order of preference."""
    number: float | None = None
    """The value, for open numbers; of an invalid answer, a score that lies outside its scale."""
    text: str | None = None
    """The answer in the respondent's own words: free text, or the explanation beside a choice."""
    reason: str | None = None
    """Why the answer is not ``answered``, for people."""
    method: Method = "text"
    """How the answer was read off."""
    replicate: int = 0
    """Which repetition of the question this is, from 0."""
    presentation: str = ""
    """How the question was shown, as JSON: the codes in the order shown and their labels when relabelled."""
    memory: tuple[int, ...] = ()
    """Ordinals of the earlier exchanges that the respondent still remembered when answering."""
    amounts: tuple[float, ...] = ()
    """Points given to each of ``codes``, for allocations."""
    ranked: bool = False
    """Whether ``codes`` stand in order of preference."""
    shares: tuple[Share, ...] = ()
    """The distribution over the options that the answer comes with, in questionnaire order."""
