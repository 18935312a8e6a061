"""DEF, family 6: replies that miss what a question asks, in six dimensions after Guilford, judged and counted.

Verdicts come from rules (:mod:`analysis.rule_judge`), from a judge model, or from people
(:mod:`analysis.annotation`); all are counted here alike. What the dimensions are, what a judge is asked and which
replies it gets stands in :mod:`surveys.judging`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.def_rules import DefRules
from analysis.proportions import wilson
from surveys.judging import DIMENSIONS, Dimension, Verdict, read_verdict


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
    return read_verdict(text)


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
