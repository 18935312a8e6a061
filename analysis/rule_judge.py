"""Rules that find insensitive responses without a judge, from the text and the codes alone (DEF's `auto-analysis`).

A rule names failures only; that it found none is no verdict, since most failures need somebody who reads.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from demoscope.documents import Document
from surveys.judging import Dimension

_LEADING_CODE = re.compile(r"\s*\(?(-?\d+)\)?\s*[:.,)\-]\s*(\S.*)", re.DOTALL)


@dataclass(frozen=True)
class Response:
    """One reply to one question, as a rule sees it."""

    question: str
    """Name of the question."""
    kind: str
    """``single``, ``multiple``, ``scale``, ``number`` or ``text``."""
    reply: str
    """The raw reply."""
    codes: tuple[int, ...] = ()
    """What was understood; empty when nothing was."""
    refused: bool = False
    """Whether the model declined to answer as a person."""
    options: Mapping[int, str] = field(default_factory=dict)
    """Code -> label of what could be chosen."""
    max_selections: int | None = None
    """Most options that a multiple choice allows; any number when absent."""


class Rules(Document):
    """Which questions belong together, and what else a response must have; `compare --checks` reads it."""

    markers: tuple[str, ...] = ("Answer:", "Explanation:")
    """What every reply must contain; empty where the protocol asks for none."""
    pairs: tuple[tuple[str, str], ...] = ()
    """First and second choice of a postmaterialism battery: the second must not repeat the first."""
    opposed: tuple[tuple[str, str, int], ...] = ()
    """Two statements that contradict each other and the middle of their scale: agreeing (or disagreeing) with both,
    that is, both codes on one side of the middle, is a conflict. The published pair of science items has 5."""
    keys: dict[str, int] = Field(default_factory=dict)
    """Right code of each question of fact; the published three have 3, 1 and 2."""


ASK_FOR_MARKERS = frozenset({"def", "cao", "ccsv-single"})
"""Protocols that ask for the markers; replies to others are no worse without them."""


def usual_rules(protocol: str) -> Rules:
    """The checks of a cell when nobody named any.

    >>> usual_rules("def").markers, usual_rules("probe").markers
    (('Answer:', 'Explanation:'), ())
    """
    return Rules() if protocol in ASK_FOR_MARKERS else Rules(markers=())


@dataclass(frozen=True)
class Failure:
    """One response that rules fault in one dimension."""

    question: str
    dimension: Dimension
    reason: str


def rule_judge(responses: Sequence[Response], rules: Rules) -> tuple[Failure, ...]:
    """Faults that rules find in one respondent's responses.

    Parameters
    ----------
    responses : sequence of Response
        One interview; a question at most once.
    rules : Rules
        Which questions belong together.

    Returns
    -------
    tuple of Failure
        In the order of the responses: a refusal fails role-play (RP), a missing marker instruction understanding
        (IU), a wrong number of selections question capture (QC); a second choice equal to the first, both sides of a
        contradiction, and a code beside another option's text conflict of value (CV); a wrong fact false facts (FF).

    References
    ----------
    .. [1] The published evaluation of the Diversity-Enhanced Framework (SPEC 2.5).

    >>> bad = Response("trust", "single", "2: No\\nExplanation: I do not.", (2,), options={1: "No", 2: "Yes"})
    >>> [(f.dimension, f.reason) for f in rule_judge([bad], Rules())]
    [('IU', "the reply has no 'Answer:'")]
    """
    codes = {response.question: response.codes for response in responses}
    found: list[Failure] = []
    for response in responses:
        reasons: dict[Dimension, list[str]] = {}
        for dimension, reason in _faults(response, codes, rules):
            reasons.setdefault(dimension, []).append(reason)
        found += [Failure(response.question, dimension, "; ".join(each)) for dimension, each in reasons.items()]
    return tuple(found)


def _faults(response: Response, codes: Mapping[str, tuple[int, ...]], rules: Rules) -> list[tuple[Dimension, str]]:
    found: list[tuple[Dimension, str]] = []
    if response.refused:
        found.append(("RP", "the reply declines to speak as a person"))
    found += [("IU", f"the reply has no {marker!r}") for marker in rules.markers if marker not in response.reply]
    if response.kind == "multiple" and not response.refused:
        most = response.max_selections or len(response.options) or None
        if not response.codes or (most is not None and len(response.codes) > most):
            found.append(("QC", f"{len(response.codes)} options were chosen, 1 to {most} may be"))
    found += [("CV", reason) for reason in _conflicts(response, codes, rules)]
    key = rules.keys.get(response.question)
    if key is not None and response.codes and response.codes != (key,):
        found.append(("FF", f"the right answer is {key}, the reply says {_listed(response.codes)}"))
    return found


def _conflicts(response: Response, codes: Mapping[str, tuple[int, ...]], rules: Rules) -> list[str]:
    found = []
    for first, second in rules.pairs:
        if second == response.question and response.codes and response.codes == codes.get(first):
            found.append(f"the second choice repeats the first ({first})")
    for one, other, middle in rules.opposed:
        if other == response.question:
            sides = {_side(codes.get(name, ()), middle) for name in (one, other)}
            if len(sides) == 1 and sides <= {-1, 1}:
                found.append(f"it takes the same side as {one}, which says the opposite")
    printed = _printed_option(response)
    if printed is not None:
        found.append(f"the code {response.codes[0]} stands beside the text of option {printed}")
    return found


def _side(codes: tuple[int, ...], middle: int) -> int:
    return (codes[0] > middle) - (codes[0] < middle) if len(codes) == 1 else 0


def _printed_option(response: Response) -> int | None:
    """Another option than the chosen one, whose text stands directly after the code."""
    if response.kind != "single" or len(response.codes) != 1:
        return None
    body = response.reply.partition("Answer:")[2].partition("Explanation:")[0]
    found = _LEADING_CODE.match(body)
    if found is None or int(found.group(1)) != response.codes[0]:
        return None
    text = found.group(2).strip().casefold()
    longest_first = sorted(response.options.items(), key=lambda option: -len(option[1]))
    named = next((code for code, label in longest_first if text.startswith(label.casefold())), None)
    return named if named not in (None, response.codes[0]) else None


def _listed(codes: tuple[int, ...]) -> str:
    return ", ".join(map(str, codes))
