"""Which options an answer names when it may name several: of multiple choices and rankings."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from simulator.reading import alternatives, refuse_negation, verbatim_codes, written_labels
from simulator.reason import DISAGREE, NO_OPTION, NOT_OFFERED, Ambiguous
from surveys import Question
from surveys.presentation import Presentation

_MARK = re.compile(
    r"\s*(?P<ordinal>st|nd|rd|th)?\s*(?:choice|place|rank|preference|[位名]|选择)?"
    r"(?P<sign>[\s.．)\]）:：、=\-–—]*)[\s\"“*_(（]*",
    re.IGNORECASE,
)
_JOINT = re.compile(r"[\s.．:：)）\]=\-–—\"“*_(（]*")
_BRACKET = re.compile(r"[\s*\"”]*[(（\[]\s*")
_RANK = re.compile(r"(?:\b(?:rank|place|choice|number|no\.)|第|#)\s*\Z", re.IGNORECASE)
_RANGE = re.compile(r"\s*(?:[-–—~～]|to|through|到|至)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Mention:
    """A place in an answer that names an option, or a number that may only count."""

    code: int | None
    """The option named; ``None`` when nothing was offered under this number."""
    how: Literal["line", "words", "label", "digits"]
    """Written out as it was shown, in words alone, by its label, or digits that are nothing's label."""
    text: str
    start: int
    end: int


def several_codes(body: str, question: Question, presentation: Presentation) -> tuple[int, ...]:
    """All admissible codes in the order named; numbers that only count a list are none, and nothing is left out.

    Raises
    ------
    Ambiguous
        When numbers and words disagree, or too few or too many options are named.
    """
    codes = verbatim_codes(body.strip(), presentation) or _named_codes(body, question, presentation)
    known = _admissible(codes, question)
    _, most = question.selections
    if len(known) > most:
        raise Ambiguous(
            f"{len(known)} options are named, at most {most} were asked for",
            f"写出了{len(known)}个选项，最多只能选{most}个",
        )
    return known


def several_codes_as_published(body: str, question: Question, presentation: Presentation) -> tuple[int, ...]:
    """The published rule: every number that is an admissible code, the first ``max_selections`` of them."""
    codes = [presentation.code(shown) for shown, _ in written_labels(body, presentation)]
    return _admissible(codes, question)[: question.max_selections]


def ranked_codes(body: str, question: Question, presentation: Presentation) -> tuple[int, ...]:
    """Codes in order of preference, as many as are to be ranked; or one that stands alone, such as a "don't know".

    Options may be named by number or in words, and numbered as a list is, ``1. tea 2. milk`` or ``1. 2: milk``:
    numbers that only count are no codes.

    Raises
    ------
    Ambiguous
        When numbers and words disagree, or fewer or more options are ranked than were asked for.
    """
    known = list(dict.fromkeys(code for code in _named_codes(body, question, presentation) if code is not None))
    if not known:
        raise Ambiguous(*NO_OPTION)
    if len(known) == 1 and known[0] in question.alone:
        return (known[0],)
    if question.alone & {*known}:
        raise Ambiguous("an option that stands alone is ranked with others", "单独成立的选项与其他选项一起排序")
    wanted, _ = question.selections
    if len(known) < wanted:
        raise Ambiguous(f"{len(known)} of {wanted} options are ranked", f"只排列了{wanted}项中的{len(known)}项")
    if len(known) > wanted:
        raise Ambiguous(
            f"{len(known)} options are ranked, {wanted} were asked for", f"排列了{len(known)}项，只要求{wanted}项"
        )
    return tuple(known)


def _admissible(codes: Sequence[int | None], question: Question) -> tuple[int, ...]:
    known = tuple(dict.fromkeys(code for code in codes if code is not None))
    if not known:
        raise Ambiguous(*(NOT_OFFERED if codes else NO_OPTION))
    alone = question.alone & {*known}
    if len(known) > 1 and alone:
        raise Ambiguous("an option that stands alone is named with others", "单独成立的选项与其他选项一起被选")
    fewest, _ = question.selections
    if len(known) < fewest and not alone:
        raise Ambiguous(
            f"{len(known)} of at least {fewest} options are named", f"至少选{fewest}项，只写出了{len(known)}项"
        )
    return known


def _named_codes(body: str, question: Question, presentation: Presentation) -> list[int | None]:
    """What the answer names, in order: after the counters of a list, if it is one; else by number and in words."""
    mentions = list(_mentions(body, question, presentation))
    end = 0
    for mention in mentions:
        if mention.how != "digits":
            refuse_negation(body[end : mention.start])
        end = mention.end
    counted = _counted(body, mentions, ranked=question.kind == "ranking")
    if counted is not None:
        return counted
    mentions = [mention for mention in mentions if mention.how != "digits"]
    by_label = [mention for mention in mentions if mention.how == "label"]
    in_words = [mention for mention in mentions if mention.how == "words"]
    if question.kind == "multiple":
        _refuse_range(body, mentions)
    elif len({mention.code for mention in by_label}) < len(by_label):
        raise Ambiguous("an option is named twice", "同一个选项写了两次")
    if not by_label or not in_words:
        return [mention.code for mention in mentions]
    if question.kind == "ranking" and len(in_words) * 2 == len(mentions) and _counts(by_label):
        return [mention.code for mention in in_words]  # "milk (1), tea (2)"
    numbered = [mention.code for mention in mentions if mention.how != "words" and mention.code is not None]
    worded = [mention.code for mention in mentions if mention.how != "label"]
    orders = list(dict.fromkeys(numbered)), list(dict.fromkeys(worded))
    if {*numbered} != {*worded} or (question.kind == "ranking" and orders[0] != orders[1]):
        raise Ambiguous(*DISAGREE)
    return [mention.code for mention in mentions]


def _mentions(body: str, question: Question, presentation: Presentation) -> Iterator[_Mention]:
    """Everything that may name an option, from left to right, the longest that fits."""
    lines = {line.strip().casefold(): code for line, code in zip(presentation.lines, presentation.codes, strict=True)}
    words = {option.label.strip().casefold(): option.code for option in question.options}
    letters = tuple(label for label in presentation.labels or () if not re.fullmatch(r"-?\d+", label))
    listed = tuple(line.strip() for line in presentation.lines)
    pattern = _pattern(listed, tuple(option.label.strip() for option in question.options), letters)
    numbers = presentation.style != "none" and not letters
    for found in pattern.finditer(body):
        text, (start, end) = found[0], found.span()
        match found.lastgroup:
            case "line":
                yield _Mention(lines.get(text.casefold()), "line", text, start, end)
            case "words":
                code = words.get(text.casefold())
                if code is not None and presentation.code(text) not in (None, code):
                    raise Ambiguous(
                        f"{text!r} is the number of one option and the wording of another",
                        f"“{text}”是一个选项的编号，又是另一个选项的文字",
                    )
                yield _Mention(code, "words", text, start, end)
            case "letter":
                yield _Mention(presentation.code(text), "label", text, start, end)
            case _:
                how: Literal["label", "digits"] = "label" if numbers else "digits"
                yield _Mention(presentation.code(text) if numbers else None, how, text, start, end)


@lru_cache(maxsize=4096)
def _pattern(lines: tuple[str, ...], words: tuple[str, ...], letters: tuple[str, ...]) -> re.Pattern[str]:
    """An option as it was shown, in words, by a label that is no number, or any whole number."""
    label = "|".join(map(re.escape, sorted(letters, key=len, reverse=True))) or r"(?!)"
    return re.compile(
        rf"(?P<line>(?i:{alternatives(lines).pattern}))|(?P<words>(?i:{alternatives(words).pattern}))"
        rf"|(?:^|(?<=[\s(（;；,，、>＞&/和与]))(?P<letter>{label})(?=\s*(?:[.:：)）;,，、>＞&/\n]|$|(?:and|or|then)\b|[和与]))"
        r"|(?<!\btop )(?P<digits>(?<![\w)])-?\d+|\d+)(?!\d*\s+(?:options|choices|items|answers)\b)"
    )


def _counted(body: str, mentions: Sequence[_Mention], *, ranked: bool) -> list[int | None] | None:
    """Codes of a list whose entries are counted 1, 2, and so on, one option each; ``None`` for any other answer."""
    codes: list[int | None] = []
    signs, breaks = [], []
    named_in_words = counter_is_label = named_twice = False
    place = end = 0
    while place < len(mentions):
        if ranked and mentions[place].how == "line" and mentions[place].text.startswith(f"{len(codes) + 1}:"):
            codes.append(mentions[place].code)  # "1: jobs" as it was shown, where jobs happen to be first
            signs.append(":")
            breaks.append(body[end : mentions[place].start].strip())
            named_in_words = counter_is_label = True
            place, end = place + 1, mentions[place].end
            continue
        counter, option = mentions[place], mentions[place + 1] if place + 1 < len(mentions) else None
        if (
            counter.how not in ("label", "digits")
            or not counter.text.isdecimal()
            or int(counter.text) != len(codes) + 1
        ):
            return None
        if option is None or option.how == "digits" or option.code is None:
            return None
        mark = _MARK.fullmatch(body[counter.end : option.start])
        if mark is None or (option.how == "label" and ("\n" in mark[0] or not mark[0].strip())):
            return None
        before = body[end : counter.start].strip()
        signs.append(((mark["ordinal"] or "") + mark["sign"].strip()) if not _RANK.search(before) else "#")
        breaks.append(before)
        counter_is_label |= counter.how == "label"
        place, end = place + 2, option.end
        if place < len(mentions) and {option.how, mentions[place].how} == {"label", "words"}:
            other, between = mentions[place], body[option.end : mentions[place].start]
            if option.how == "label" and _JOINT.fullmatch(between) and other.code != option.code:
                raise Ambiguous(*DISAGREE)
            if other.code == option.code and (_JOINT if option.how == "label" else _BRACKET).fullmatch(between):
                named_twice, place, end = True, place + 1, other.end
        named_twice |= option.how == "line"
        named_in_words |= option.how != "label"
        codes.append(option.code)
    if not codes or len({*codes}) < len(codes):
        return None
    if named_twice or not counter_is_label:
        return codes
    if len(codes) == 1:
        if named_in_words:
            return None
        raise Ambiguous("a number may name an option or only count", "数字可能是选项编号，也可能只是序号")
    if not named_in_words:
        if all(between == sign for between, sign in zip(breaks[1:], signs, strict=False)):
            return None
        _refuse_inverse(codes, signs, ranked=ranked)
    return codes


def _refuse_inverse(codes: list[int | None], signs: Sequence[str], *, ranked: bool) -> None:
    """``1: 3, 2: 1, 3: 2`` may say which option is first, or which place the first option has."""
    ranks = {code: rank for rank, code in enumerate(codes, start=1)}
    either = (
        ranked and {*ranks} == {*ranks.values()} and all(sign in (":", "：", "=", "-", "–", "—") for sign in signs)
    )
    if either and [ranks[place] for place in range(1, len(codes) + 1)] != codes:
        raise Ambiguous("the numbers may be ranks or options", "数字可能是名次，也可能是选项编号")


def _refuse_range(body: str, mentions: Sequence[_Mention]) -> None:
    for one, next_one in itertools.pairwise(mentions):
        if one.how == next_one.how == "label" and _RANGE.fullmatch(body[one.end : next_one.start]):
            raise Ambiguous("a range of numbers is named", "写出的是数字范围")


def _counts(mentions: Sequence[_Mention]) -> bool:
    return [mention.text for mention in mentions] == [str(n) for n in range(1, len(mentions) + 1)]
