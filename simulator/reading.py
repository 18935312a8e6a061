"""The rules by which an answer is read from the text between ``Answer:`` and ``Explanation:``."""

import re
from functools import lru_cache

from simulator.presentation import Presentation
from surveys import Question

_INTEGER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"(?<![\d.,])-?\d+(?:,\d{3})*(?:\.\d+)?(?!\d)|\d+")
_SOME_OTHERS = re.compile(r"some .* others", re.IGNORECASE)
_NEGATION = re.compile(
    r"(?:\b(?:not|never|neither|nor|except|rather than|instead of)\b|n['’]t\b)[^.;,:]*$"
    r"|[不非没无别][^，。；：\d]{0,4}$",
    re.IGNORECASE,
)


class Ambiguous(Exception):
    """An answer that cannot be read without guessing; its text says why."""


def is_some_and_others(body: str) -> bool:
    """Whether the reply speaks of people in general ("some ... others ...")."""
    return bool(_SOME_OTHERS.search(body))


def verbatim_code(rest: str, question: Question, presentation: Presentation) -> int | None:
    """Code of the option that is written out exactly as it was shown, and nothing else before ``Explanation:``.

    This is what a constrained reply looks like, whatever digits or markers stand in the options themselves.
    """
    rest = rest.strip()
    for option in question.options:
        shown = f"{presentation.label(option.code)}: {option.label}".strip()
        if rest.startswith(shown):
            after = rest[len(shown) :].lstrip()
            if not after or after.startswith("Explanation:"):
                return option.code
    return None


def one_code(body: str, question: Question, presentation: Presentation) -> int:
    """The one admissible code that number and words agree on; :class:`Ambiguous` when there is none."""
    if question.kind == "scale":
        return _point(body, question)
    alone = body.strip(" \t\n.。*\"'“”").casefold()
    written = _shown(body, presentation)
    by_label = next((o.code for o in question.options if o.label.strip().casefold() == alone), None)
    if by_label is not None:
        if any(presentation.code(shown) not in (None, by_label) for shown, _ in written if shown == alone):
            raise Ambiguous(f"{alone!r} is the number of one option and the wording of another")
        return by_label
    named = _named(body, question)
    distinct = dict.fromkeys(shown for shown, _ in written)
    if len(distinct) == 1 and not named:
        (shown, start), *_ = written
        return _admissible(shown, body[:start], presentation)
    if not named:
        raise Ambiguous("unresolved: no option is named" if not written else "unresolved: several numbers")
    if len(named) > 1:
        raise Ambiguous("unresolved: several options are named")
    (code, start), *_ = named.items()
    _refuse_negation(body[:start])
    outside = _shown(_labels(question).sub(" ", body), presentation)
    others = {presentation.code(shown) for shown, _ in outside} - {None, code}
    if others:
        raise Ambiguous("number and words name different options")
    if len(outside) == 1 and presentation.code(outside[0][0]) is None:
        raise Ambiguous(f"{outside[0][0]} was not offered")
    return code


def one_code_as_published(body: str, question: Question, presentation: Presentation) -> int:
    """The published rule: one number counts, several are settled by the longest option text in the answer."""
    written = [shown for shown, _ in _shown(body, presentation)]
    codes = presentation.codes
    if len(written) > 1 and codes and f"scale of {min(codes)} to {max(codes)}" in body.casefold():
        for end in (str(min(codes)), str(max(codes))):
            if end in written:
                written.remove(end)
        if len(written) != 1:
            raise Ambiguous("unresolved: several numbers beside the ends of the scale")
    if len(written) == 1:
        return _admissible(written[0], "", presentation)
    for option in sorted(question.options, key=lambda option: -len(option.label)):
        if option.label.casefold() in body.casefold():
            return option.code
    raise Ambiguous("unresolved: several numbers" if written else "unresolved: no option is named")


def several_codes(body: str, question: Question, presentation: Presentation) -> tuple[int, ...]:
    """All admissible codes in the order named, the first ``max_selections`` of them."""
    brief = abridged(body, question, presentation)
    written = _shown(brief, presentation)
    for _, start in written:
        _refuse_negation(brief[:start])
    if not written:
        named = _named(body, question)
        for start in named.values():
            _refuse_negation(body[:start])
        return _first(list(named), question)
    return _first([presentation.code(shown) for shown, _ in written], question)


def ranked_codes(body: str, question: Question, presentation: Presentation) -> tuple[int, ...]:
    """Codes in order of preference, as many as are to be ranked; or one that stands alone, such as a "don't know".

    Options may be named by number or in words. In words they may be numbered as a list is, ``1. tea 2. milk``:
    numbers that only count are no codes.
    """
    brief = abridged(body, question, presentation)
    written = _shown(brief, presentation)
    named = _named(brief, question)
    if named:
        counted = [shown for shown, _ in written]
        if counted and counted != [str(n) for n in range(1, len(named) + 1)]:
            raise Ambiguous("unresolved: numbers and words name different options")
        codes: list[int | None] = [code for code, _ in sorted(named.items(), key=lambda item: item[1])]
        starts = list(named.values())
    else:
        codes, starts = [presentation.code(shown) for shown, _ in written], [start for _, start in written]
    for start in starts:
        _refuse_negation(brief[:start])
    known = list(dict.fromkeys(code for code in codes if code is not None))
    if not known:
        raise Ambiguous("unresolved: no option is named")
    if len(known) == 1 and known[0] in question.alone:
        return (known[0],)
    together = [code for code in known if code not in question.alone]
    wanted, _ = question.selections
    if len(together) < len(known):
        raise Ambiguous("an option that stands alone is ranked with others")
    if len(together) < wanted:
        raise Ambiguous(f"{len(together)} of {wanted} options are ranked")
    return tuple(together[:wanted])


def amounts_in(body: str, question: Question, presentation: Presentation) -> dict[int, float]:
    """Points by code, those of options that are not named being 0; they must add up to the total.

    ``1 = 30, 2 = 70``, ``roads: 30; parks: 70`` and a JSON object of these are read. An option that stands alone,
    such as a "don't know", takes all points or none and is the only one in what is returned.
    """
    brief = abridged(body, question, presentation)
    labels = {presentation.label(option.code): option.code for option in question.options}
    names = labels | {option.label.strip(): option.code for option in question.options}
    found: dict[int, float] = {}
    said = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    known = {name.casefold(): code for name, code in names.items()}
    for match in re.finditer(rf'(?<![\w.])({said})["”]?\s*[=:：＝]\s*(-?\d+(?:\.\d+)?)', brief, re.IGNORECASE):
        code, amount = known[match[1].casefold()], float(match[2])
        if amount < 0:
            raise Ambiguous(f"{amount:g} points are less than none")
        if found.setdefault(code, amount) != amount:
            raise Ambiguous(f"option {presentation.label(code)} gets points twice")
    if not found:
        alone = {presentation.code(shown) for shown, _ in _shown(brief, presentation)} & question.alone
        if len(alone) == 1:
            return {code: 0.0 for code in alone if code is not None}
        raise Ambiguous("unresolved: no points are given")
    total = sum(found.values())
    if abs(total - (question.total or 0)) > 1e-6:
        raise Ambiguous(f"the points add up to {total:g}, not to {question.total}")
    everything = [option.code for option in question.options if option.code not in question.alone]
    if not found.keys() <= {*everything}:
        raise Ambiguous("points are given to an option that stands alone")
    return {code: found.get(code, 0.0) for code in everything}


def abridged(body: str, question: Question, presentation: Presentation) -> str:
    """The answer with every option that is written out as shown reduced to its label: ``2: right`` to ``2``."""
    if not question.options:
        return body
    labels = [presentation.label(option.code) for option in question.options]
    shown = [f"{label}: {option.label}".strip() for label, option in zip(labels, question.options, strict=True)]
    short = {text.casefold(): label for text, label in zip(shown, labels, strict=True)}
    return _alternatives(tuple(shown)).sub(lambda found: short.get(found[0].casefold(), found[0]), body)


def several_codes_as_published(body: str, question: Question, presentation: Presentation) -> tuple[int, ...]:
    """The published rule: every number that is an admissible code, the first ``max_selections`` of them."""
    return _first([presentation.code(shown) for shown, _ in _shown(body, presentation)], question)


def number_in(body: str, question: Question) -> float:
    """The one number in the answer, within its bounds; thousands may be set off by commas."""
    found = {float(text.replace(",", "")) for text in _NUMBER.findall(body)}
    if len(found) != 1:
        raise Ambiguous("unresolved: several numbers" if found else "unresolved: no number")
    (number,) = found
    if question.whole and number != int(number):
        raise Ambiguous(f"{number:g} is no whole number")
    low, high = question.minimum, question.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise Ambiguous(f"{number:g} is out of range")
    return number


def _point(body: str, question: Question) -> int:
    """The one point of a scale that is named, its ends set aside where they only describe the scale."""
    low, high = question.minimum, question.maximum
    alone = body.strip(" \t\n.。*\"'“”").casefold()
    for point, label in ((low, question.low_label), (high, question.high_label)):
        if label and point is not None and label.casefold() == alone:
            return point
    ends = rf"(?<!\d){low}\s*(?:to|and|through|-|–|—|到|至)\s*{high}(?!\d)|\bout of {high}(?!\d)"
    rest = re.sub(ends, " ", body, flags=re.IGNORECASE)
    numbers = [(found[0], found.start()) for found in _INTEGER.finditer(rest)]
    distinct = {text for text, _ in numbers}
    if len(distinct) != 1:
        raise Ambiguous("unresolved: several numbers" if numbers else "unresolved: no number")
    text, start = numbers[0]
    _refuse_negation(rest[:start])
    assert low is not None and high is not None
    if not low <= int(text) <= high:
        raise Ambiguous(f"{text} is out of range")
    return int(text)


def _shown(body: str, presentation: Presentation) -> list[tuple[str, int]]:
    """What is written as the options were labelled, with its places: integers, or the labels shown instead."""
    labels = presentation.labels
    if labels is None or all(re.fullmatch(r"-?\d+", label) for label in labels):
        return [(found[0], found.start()) for found in _INTEGER.finditer(body)]
    label = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))
    return [
        (found[1], found.start(1))
        for found in re.finditer(rf"(?:^|(?<=[\s(;,、]))({label})(?=[.:：);,、]|\s*$)", body)
    ]


def _admissible(shown: str, before: str, presentation: Presentation) -> int:
    _refuse_negation(before)
    code = presentation.code(shown)
    if code is None:
        raise Ambiguous(f"{shown} is out of range: it was not offered")
    return code


def _refuse_negation(before: str) -> None:
    if before and _NEGATION.search(before):
        raise Ambiguous("unresolved: the answer is negated")


def _first(codes: list[int | None], question: Question) -> tuple[int, ...]:
    known = tuple(dict.fromkeys(code for code in codes if code is not None))
    if not known:
        raise Ambiguous("unresolved: no option is named" if not codes else "out of range: not offered")
    if len(known) > 1 and question.alone & {*known}:
        raise Ambiguous("an option that stands alone is named with others")
    fewest, _ = question.selections
    if len(known) < fewest and not question.alone & {*known}:
        raise Ambiguous(f"{len(known)} of at least {fewest} options are named")
    return known[: question.max_selections]


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
    return _alternatives(tuple(option.label.strip() for option in question.options))


@lru_cache(maxsize=4096)
def _alternatives(texts: tuple[str, ...]) -> re.Pattern[str]:
    """Any of these texts as whole words, the longest that fits; Chinese knows no word boundaries."""
    parts = []
    for text in sorted(texts, key=len, reverse=True):
        before = r"(?<![A-Za-z0-9_])" if re.match(r"[A-Za-z0-9_]", text) else ""
        after = r"(?![A-Za-z0-9_])" if re.search(r"[A-Za-z0-9_]\Z", text) else ""
        parts.append(f"{before}{re.escape(text)}{after}")
    return re.compile("|".join(parts), re.IGNORECASE)
