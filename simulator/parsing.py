"""From a reply to what was understood of it: one function a rule, and nothing is ever guessed."""

import re
from dataclasses import dataclass

from simulator.answer import Status
from simulator.reading import (
    abridged,
    amounts_in,
    declining_code,
    is_some_and_others,
    number_in,
    one_code,
    one_code_as_published,
    verbatim_code,
)
from simulator.reading_several import ranked_codes, several_codes, several_codes_as_published
from simulator.reason import Ambiguous, Reason
from simulator.refusal import RefusalTest, is_declining, is_self_aware
from surveys import Question
from surveys.presentation import Presentation
from surveys.question import MEASURING

_ANSWER = re.compile(r"(?:\banswer|答案|回答)\s*[*_]*\s*[:：]", re.IGNORECASE)
_EXPLANATION = re.compile(r"(?:\bexplanation|解释|理由)\s*[*_]*\s*[:：]", re.IGNORECASE)
CUT_OFF = Reason("the reply was cut off within its answer", "答案没有写完就中断了")
EMPTY = Reason("the reply is empty", "回答是空的")


@dataclass(frozen=True, slots=True)
class ParsingRules:
    """What separates the profiles when replies are read; the defaults are the profile ``demoscope``."""

    refusal_test: RefusalTest = "search"
    """How replies that speak as a language model are found."""
    careful: bool = True
    """Words that contradict the number, negations and several admissible answers make a reply invalid, and
    markers are found in any case and in Chinese. ``False`` reads by the published rules alone."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of one reply."""

    status: Status
    """How it ended."""
    codes: tuple[int, ...] = ()
    """Canonical codes, for choices and scales; of a ranking in order of preference."""
    number: float | None = None
    """The value, for open numbers."""
    text: str | None = None
    """Free text, or the explanation beside a choice."""
    reason: str | None = None
    """Why it is not answered, for people."""
    amounts: tuple[float, ...] = ()
    """Points given to each of ``codes``, for allocations."""


def parse(
    reply: str | None,
    question: Question,
    presentation: Presentation,
    rules: ParsingRules = ParsingRules(),
    *,
    cut: bool = False,
    forced: bool = False,
) -> Reading:
    """Read one reply.

    Parameters
    ----------
    reply : str or None
        The raw reply; ``None`` when there was none.
    question : Question
        What was asked.
    presentation : Presentation
        How it was shown.
    rules : ParsingRules
        What the profile says.
    cut : bool
        Whether the reply ended because it grew too long.
    forced : bool
        Whether the reply was constrained, so that an offered answer stands in it whatever the explanation says.

    Returns
    -------
    Reading
        ``answered`` with codes, number or text; otherwise a status with its reason.

    Examples
    --------
    >>> from surveys.presentation import present
    >>> ask = Question(id="q", text="?", options=[{"code": 1, "label": "No"}, {"code": 2, "label": "Yes"}])
    >>> parse("Answer: 2: Yes\\nExplanation: It is so.", ask, present(ask, None))
    Reading(status='answered', codes=(2,), number=None, text='It is so.', reason=None, amounts=())

    References
    ----------
    The automatic analysis in the published code of DEF, made careful where it guesses.
    """
    if reply is None:
        return Reading("failed", reason="no reply came")
    if not reply.strip():
        return Reading("invalid", reason=EMPTY)
    if not forced and is_self_aware(reply, rules.refusal_test):
        return Reading("refused", reason="the reply speaks as a language model")
    body, explanation = split(reply, careful=rules.careful)
    if question.kind == "text":
        return _free_text(reply if body is None else body)
    try:
        return _closed(reply, body, explanation, question, presentation, rules, cut)
    except Ambiguous as unread:
        if is_declining(reply) and not re.search(r"\d", body or ""):
            return Reading("refused", reason="the reply says that no answer will be given")
        return Reading("invalid", text=explanation, reason=unread.reason)


def split(reply: str, *, careful: bool = True) -> tuple[str | None, str | None]:
    """What stands between the first ``Answer:`` and ``Explanation:``, and what stands after that.

    >>> split("Hm. Answer: 2: right\\nExplanation: Fair.")
    ('2: right', 'Fair.')
    >>> split("Explanation: I only explain.")
    (None, 'I only explain.')
    """
    start = reply.find("Answer:")
    if start >= 0:
        rest: str | None = reply[start + len("Answer:") :]
    else:
        marker = _ANSWER.search(reply) if careful else None
        rest = reply[marker.end() :] if marker else None
    body, found, explanation = (reply if rest is None else rest).partition("Explanation:")
    if not found and careful:
        marker = _EXPLANATION.search(body)
        if marker:
            body, explanation = body[: marker.start()], body[marker.end() :]
    return (None if rest is None else body.strip()), (explanation.strip() or None)


def _free_text(body: str) -> Reading:
    if not body.strip():
        return Reading("invalid", reason=Reason("the answer is empty", "答案是空的"))
    if is_declining(body):
        return Reading("refused", reason="the reply says that no answer will be given")
    return Reading("answered", text=body.strip())


def _closed(
    reply: str,
    body: str | None,
    explanation: str | None,
    question: Question,
    presentation: Presentation,
    rules: ParsingRules,
    cut: bool,
) -> Reading:
    """Read a choice, a scale or a number; :class:`Ambiguous` when that cannot be done without guessing."""
    if rules.careful and question.kind == "single":
        start = reply.find("Answer:")
        code = verbatim_code(reply[start + len("Answer:") :] if start >= 0 else reply, question, presentation)
        if code is not None:
            return Reading("answered", (code,), text=explanation)
    if body is None:
        raise Ambiguous("the reply has no 'Answer:'", "回答中没有“Answer:”")
    if not body:
        raise Ambiguous("nothing stands after 'Answer:'", "“Answer:”之后没有内容")
    if cut and explanation is None and "\n" not in body:
        raise Ambiguous(CUT_OFF, CUT_OFF.chinese)
    if question.kind in MEASURING and (declining := declining_code(body, question)) is not None:
        return Reading("answered", (declining,), text=explanation)
    if question.kind == "number":
        return Reading("answered", number=number_in(body, question), text=explanation)
    if question.kind == "allocation":
        points = amounts_in(body, question, presentation)
        alone = len(points) == 1 and question.alone.issuperset(points)
        return Reading("answered", tuple(points), text=explanation, amounts=() if alone else tuple(points.values()))
    if is_some_and_others(abridged(body, question, presentation) if rules.careful else body):
        raise Ambiguous(
            "the reply says what some and what others would answer", "回答说的是一些人和另一些人会怎样回答"
        )
    if question.kind == "ranking":
        return Reading("answered", ranked_codes(body, question, presentation), text=explanation)
    if question.kind == "multiple":
        read = several_codes if rules.careful else several_codes_as_published
        return Reading("answered", read(body, question, presentation), text=explanation)
    choose = one_code if rules.careful else one_code_as_published
    return Reading("answered", (choose(body, question, presentation),), text=explanation)
