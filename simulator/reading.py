"""The rules by which an answer is read from the text between ``Answer:`` and ``Explanation:``."""

import math
import re
from functools import lru_cache

from simulator.reason import DISAGREE, NO_NUMBER, NO_OPTION, SEVERAL_NUMBERS, Ambiguous
from surveys import Question
from surveys.presentation import Presentation
from surveys.presentation_rules import plainly

_INTEGER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"(?<![\d.,])-?\d+(?:,\d{3})*(?:\.\d+)?(?!\d)|\d+")
_SEPARATOR = re.compile(r"[;；]\s*")
_SOME_OTHERS = re.compile(r"some .* others", re.IGNORECASE)
_NEGATION = re.compile(
    r"(?:\b(?:not|never|neither|nor|except|rather than|instead of)\b|n['’]t\b)[^.;,:]*$"
    r"|[不非没无别][^，。；：\d]{0,4}$",
    re.IGNORECASE,
)


def is_some_and_others(body: str) -> bool:
    """Whether the reply speaks of people in general ("some ... others ...")."""
    return bool(_SOME_OTHERS.search(body))


def verbatim_code(rest: str, question: Question, presentation: Presentation) -> int | None:
    """Code of the option that is written out exactly as it was shown, and nothing else before ``Explanation:``.

    This is what a constrained reply looks like, whatever digits or markers stand in the options themselves.
    """
    rest = rest.strip()
    for code, line in zip(presentation.codes, presentation.lines, strict=False):
        shown = line.strip()
        if rest.startswith(shown):
            after = rest[len(shown) :].lstrip()
            if not after or after.startswith("Explanation:"):
                return code
    return None


def verbatim_codes(body: str, presentation: Presentation) -> tuple[int, ...] | None:
    """Codes of the options that are written out exactly as they were shown, ``1: tea; 3: milk``, and nothing else.

    ``None`` when that is not so, or when the options hold such separators themselves and it can be read in two ways.
    """
    found: list[tuple[int, ...]] = []
    places: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    while places and len(found) < 2:
        place, named = places.pop()
        for code, line in zip(presentation.codes, presentation.lines, strict=False):
            shown = line.strip()
            if code in named or not shown or not body.startswith(shown, place):
                continue
            end = place + len(shown)
            if end == len(body):
                found.append((*named, code))
            elif separator := _SEPARATOR.match(body, end):
                places.append((separator.end(), (*named, code)))
    return found[0] if len(found) == 1 else None


def one_code(body: str, question: Question, presentation: Presentation) -> int:
    """The one admissible code that number and words agree on; :class:`Ambiguous` when there is none."""
    if question.kind == "scale":
        return _point(body, question)
    alone = body.strip(" \t\n.。*\"'“”").casefold()
    written = written_labels(body, presentation)
    by_label = next((o.code for o in question.options if o.label.strip().casefold() == alone), None)
    if by_label is not None:
        if any(presentation.code(shown) not in (None, by_label) for shown, _ in written if shown == alone):
            raise Ambiguous(
                f"{alone!r} is the number of one option and the wording of another",
                f"“{alone}”是一个选项的编号，又是另一个选项的文字",
            )
        return by_label
    if presentation.labels and presentation.style in ("letters", "bracketed"):
        labelled = {label.casefold(): code for label, code in presentation.labels.items()}
        if plainly(body) in labelled:
            return labelled[plainly(body)]
    named = _named(body, question)
    distinct = dict.fromkeys(shown for shown, _ in written)
    if len(distinct) == 1 and not named:
        (shown, start), *_ = written
        return _admissible(shown, body[:start], presentation)
    if not named:
        raise Ambiguous(*(SEVERAL_NUMBERS if written else NO_OPTION))
    if len(named) > 1:
        raise Ambiguous("several options are named", "写出了多个选项")
    (code, start), *_ = named.items()
    refuse_negation(body[:start])
    outside = written_labels(_labels(question).sub(" ", body), presentation)
    others = {presentation.code(shown) for shown, _ in outside} - {None, code}
    if others:
        raise Ambiguous(*DISAGREE)
    if len(outside) == 1 and presentation.code(outside[0][0]) is None:
        raise Ambiguous(f"{outside[0][0]} was not offered", f"没有{outside[0][0]}这个选项")
    return code


def one_code_as_published(body: str, question: Question, presentation: Presentation) -> int:
    """The published rule: one number counts, several are settled by the longest option text in the answer."""
    written = [shown for shown, _ in written_labels(body, presentation)]
    codes = presentation.codes
    if len(written) > 1 and codes and f"scale of {min(codes)} to {max(codes)}" in body.casefold():
        for end in (str(min(codes)), str(max(codes))):
            if end in written:
                written.remove(end)
        if len(written) != 1:
            raise Ambiguous("several numbers beside the ends of the scale", "除量表两端外写出了多个数字")
    if len(written) == 1:
        return _admissible(written[0], "", presentation)
    for option in sorted(question.options, key=lambda option: -len(option.label)):
        if option.label.casefold() in body.casefold():
            return option.code
    raise Ambiguous(*(SEVERAL_NUMBERS if written else NO_OPTION))


def amounts_in(body: str, question: Question, presentation: Presentation) -> dict[int, float]:
    """Points by code, those of options that are not named being 0; they must add up to the total.

    ``1 = 30, 2 = 70``, ``roads: 30; parks: 70`` and a JSON object of these are read. An option that stands alone,
    such as a "don't know", takes all points or none and is the only one in what is returned.
    """
    brief = abridged(body, question, presentation)
    labels = {label: code for code in presentation.codes if (label := presentation.label(code))}
    names = {option.label.strip(): option.code for option in question.options} | labels
    found: dict[int, float] = {}
    said = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    known = {name.casefold(): code for name, code in names.items()}
    for match in re.finditer(rf'(?<![\w.])({said})["”]?\s*[=:：＝]\s*(-?\d+(?:\.\d+)?)', brief, re.IGNORECASE):
        code, amount = known[match[1].casefold()], float(match[2])
        if amount < 0:
            raise Ambiguous(f"{amount:g} points are less than none", f"{amount:g}分小于零")
        if found.setdefault(code, amount) != amount:
            raise Ambiguous(f"option {match[1]} gets points twice", f"选项{match[1]}两次得分")
    if not found:
        whole = {option.code for option in question.options if plainly(option.label) == plainly(body)}
        if len(whole) == 1 and whole <= question.alone:
            return dict.fromkeys(whole, 0.0)
        alone = {presentation.code(shown) for shown, _ in written_labels(brief, presentation)} & question.alone
        if len(alone) == 1:
            return {code: 0.0 for code in alone if code is not None}
        raise Ambiguous("no points are given", "没有分配分数")
    total = sum(found.values())
    if abs(total - (question.total or 0)) > 1e-6:
        raise Ambiguous(
            f"the points add up to {total:g}, not to {question.total}",
            f"分数之和为{total:g}，而不是{question.total}",
        )
    given = {code for code, amount in found.items() if amount}
    if question.alone & given:
        if len(given) == 1:
            return dict.fromkeys(given, 0.0)
        raise Ambiguous("points are given to an option that stands alone", "单独成立的选项与其他选项一起得分")
    return {
        option.code: found.get(option.code, 0.0) for option in question.options if option.code not in question.alone
    }


def abridged(body: str, question: Question, presentation: Presentation) -> str:
    """The answer with every option that is written out as shown reduced to its label: ``2: right`` to ``2``."""
    if not question.listed or presentation.style == "none":
        return body
    labels = [presentation.label(code) for code in presentation.codes]
    shown = [line.strip() for line in presentation.lines]
    short = {text.casefold(): label for text, label in zip(shown, labels, strict=True)}
    return alternatives(tuple(shown)).sub(lambda found: short.get(found[0].casefold(), found[0]), body)


def declining_code(body: str, question: Question) -> int | None:
    """Code of the "don't know" or "refuse" that an answer to a scale or number gives; ``None`` when it gives none."""
    if not question.options:
        return None
    for option in question.options:
        if plainly(option.label) == plainly(body):
            return option.code
    named = _named(body, question)
    if not named:
        return None
    if len(named) > 1:
        raise Ambiguous("several options are named", "写出了多个选项")
    ((code, start),) = named.items()
    refuse_negation(body[:start])
    if re.search(r"\d", _labels(question).sub(" ", body)):
        raise Ambiguous(*DISAGREE)
    return code


def number_in(body: str, question: Question) -> float:
    """The one number in the answer, within its bounds; thousands may be set off by commas."""
    found = {float(text.replace(",", "")) for text in _NUMBER.findall(body)}
    if len(found) != 1:
        raise Ambiguous(*(SEVERAL_NUMBERS if found else NO_NUMBER))
    (number,) = found
    if math.isinf(number):
        raise Ambiguous("the number is too large to be kept", "数字过大")
    if question.whole and number != int(number):
        raise Ambiguous(f"{number:g} is no whole number", f"{number:g}不是整数")
    low, high = question.minimum, question.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise Ambiguous(f"{number:g} is out of range", f"{number:g}超出范围")
    return number


def _point(body: str, question: Question) -> int:
    """The one point of a scale that is named, its ends set aside where they only describe the scale."""
    low, high = question.minimum, question.maximum
    alone = body.strip(" \t\n.。*\"'“”").casefold()
    said = ((low, question.low_label), (high, question.high_label), *question.point_labels.items())
    points = {point for point, label in said if label and point is not None and label.casefold() == alone}
    if len(points) == 1:
        return points.pop()
    to = r"\s*(?:to|and|through|-|–|—|到|至)\s*"
    ends = rf"(?<!\d)(?:{low}{to}{high}|{high}{to}{low})(?!\d)|\bout of {high}(?!\d)"
    rest = re.sub(ends, " ", body, flags=re.IGNORECASE)
    numbers = [(found[0], found.start()) for found in _INTEGER.finditer(rest)]
    distinct = {text for text, _ in numbers}
    if len(distinct) != 1:
        raise Ambiguous(*(SEVERAL_NUMBERS if numbers else NO_NUMBER))
    text, start = numbers[0]
    refuse_negation(rest[:start])
    assert low is not None and high is not None
    if not low <= int(text) <= high:
        raise Ambiguous(f"{text} is out of range", f"{text}超出范围")
    return int(text)


def written_labels(body: str, presentation: Presentation) -> list[tuple[str, int]]:
    """What is written as the options were labelled, with its places: integers, or the labels shown instead."""
    labels = presentation.labels
    if presentation.style == "none":
        return []
    if labels is None or all(re.fullmatch(r"-?\d+", label) for label in labels):
        return [(found[0], found.start()) for found in _INTEGER.finditer(body)]
    label = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))
    return [
        (found[1], found.start(1))
        for found in re.finditer(rf"(?:^|(?<=[\s(;,、]))({label})(?=[.:：);,、]|\s*$)", body)
    ]


def _admissible(shown: str, before: str, presentation: Presentation) -> int:
    refuse_negation(before)
    code = presentation.code(shown)
    if code is None:
        raise Ambiguous(f"{shown} is out of range: it was not offered", f"{shown}超出范围：没有这个选项")
    return code


def refuse_negation(before: str) -> None:
    """Raise :class:`Ambiguous` when what stands before an option denies it."""
    if before and _NEGATION.search(before):
        raise Ambiguous("the answer is negated", "回答是否定的")


def _named(body: str, question: Question) -> dict[int, int]:
    """Options whose wording stands in the answer as whole words, longest first: code -> place."""
    texts = {option.label.strip().casefold(): option.code for option in question.options}
    named: dict[int, int] = {}
    for found in _labels(question).finditer(body):
        code = texts.get(found[0].casefold())
        if code is not None:
            named.setdefault(code, found.start())
    return named


def _labels(question: Question) -> re.Pattern[str]:
    return alternatives(tuple(option.label.strip() for option in question.options))


@lru_cache(maxsize=4096)
def alternatives(texts: tuple[str, ...]) -> re.Pattern[str]:
    """Any of these texts as whole words, the longest that fits; Chinese knows no word boundaries."""
    parts = []
    for text in sorted(texts, key=len, reverse=True):
        before = r"(?<![A-Za-z0-9_])" if re.match(r"[A-Za-z0-9_]", text) else ""
        after = r"(?![A-Za-z0-9_])" if re.search(r"[A-Za-z0-9_]\Z", text) else ""
        parts.append(f"{before}{re.escape(text)}{after}")
    return re.compile("|".join(parts), re.IGNORECASE)
