"""DEF, family 6: replies that miss what a question asks, in six dimensions after Guilford, judged and counted.

Verdicts come from rules (:mod:`analysis.rule_judge`), from a judge model, or from people
(:mod:`analysis.annotation`); all are counted here alike. Dimensions go by name, never by number: the published table
and the published annotation form number them differently.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.choices import Integers
from analysis.def_rules import DefRules
from analysis.proportions import wilson

Dimension = Literal["IU", "QC", "RP", "CV", "FF", "IR"]

DIMENSIONS: dict[Dimension, str] = {
    "IU": "instruction understanding",
    "QC": "question capture",
    "RP": "role-play",
    "CV": "conflict of value",
    "FF": "false facts",
    "IR": "irrelevant expression",
}
"""In the order of the published table."""

Verdict = Literal["pass", "failure"]

_WORD = re.compile(r"\b(yes|no)\b|(是|否)", re.IGNORECASE)


def parse_verdict(text: str, rules: DefRules) -> Verdict | None:
    """What a judge said about one response in one dimension.

    The judge is asked whether the response is appropriate: yes passes, no is a failure.

    Parameters
    ----------
    text : str
        The judge's reply.
    rules : DefRules
        ``verdict`` takes the first word that is yes or no, in either case (or 是, 否 in Chinese); or, as the
        published code does, calls any ``No`` within the text a failure, that of ``Not``, ``Now`` and ``Note`` too.

    Returns
    -------
    {"pass", "failure"} or None
        ``None`` when there is no verdict; it is counted as such.

    >>> from analysis.def_rules import def_rules
    >>> [parse_verdict("Yes. Nothing is amiss.", def_rules(profile)) for profile in ("demoscope", "code")]
    ['pass', 'failure']
    """
    if rules.verdict == "any No":
        return "failure" if "No" in text else "pass" if "Yes" in text else None
    found = _WORD.search(text)
    if found is None:
        return None
    return "pass" if found.group().lower() in ("yes", "是") else "failure"


@dataclass(frozen=True)
class Sensitivity:
    """How one model's sampled responses fared in one dimension."""

    dimension: Dimension
    judged: int
    """Responses with a verdict."""
    failures: int
    unclear: int
    """Responses whose verdict could not be read."""

    @property
    def share(self) -> float:
        """Failures among the judged, in [0, 1]; NaN when nothing was judged."""
        return self.failures / self.judged if self.judged else float("nan")

    def limits(self) -> tuple[float, float]:
        """95 % interval of the share (Wilson), in [0, 1]; NaN when nothing was judged.

        >>> low, high = Sensitivity("IU", judged=10, failures=0, unclear=0).limits()
        >>> round(low, 3), round(high, 3)
        (0.0, 0.278)
        """
        if not self.judged:
            return float("nan"), float("nan")
        return wilson(self.share, self.judged)


def aggregate(verdicts: Iterable[tuple[Dimension, Verdict | None]]) -> tuple[Sensitivity, ...]:
    """Count the verdicts of one model, summed over questions, in the order of :data:`DIMENSIONS`.

    Raises
    ------
    ValueError
        If a dimension is unknown.

    >>> aggregate([("IU", "pass"), ("IU", "failure"), ("IU", None)])[0]
    Sensitivity(dimension='IU', judged=2, failures=1, unclear=1)
    """
    counts: dict[Dimension, list[int]] = {dimension: [0, 0, 0] for dimension in DIMENSIONS}
    for dimension, verdict in verdicts:
        if dimension not in counts:
            raise ValueError(f"There is no dimension {dimension!r}; they are {', '.join(DIMENSIONS)}.")
        counts[dimension][0] += verdict is not None
        counts[dimension][1] += verdict == "failure"
        counts[dimension][2] += verdict is None
    return tuple(Sensitivity(dimension, *each) for dimension, each in counts.items())


def sampled(responses: int, rng: np.random.Generator, share: float = 0.01) -> Integers:
    """Numbers of the responses to judge, a share of them drawn without replacement, at least one.

    Parameters
    ----------
    responses : int
        Responses of one model, numbered from 1 everywhere.
    rng : numpy.random.Generator
        Source of chance.
    share : float
        In (0, 1]; the published evaluation judges 1 %.

    Returns
    -------
    numpy.ndarray of int
        Ascending, from 1.

    Raises
    ------
    ValueError
        If there is no response or the share is impossible.

    >>> sampled(300, np.random.default_rng(1)).tolist()
    [142, 154, 227]
    """
    if responses < 1 or not 0 < share <= 1:
        raise ValueError(f"Need a response at least and a share above 0 up to 1, got {responses} and {share}.")
    size = max(1, round(responses * share))
    return np.sort(rng.choice(responses, size=size, replace=False)) + 1
