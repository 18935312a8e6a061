"""What a user turn offers as answers, read off its text: for a public that has nothing else to go by."""

import re
from functools import lru_cache

_OPTION = re.compile(r"(?:\A|[-,] )(-?\d+): ")
_MARKED = re.compile(r" - (-?\d+: )")
_LABELLED = re.compile(r"(?: - |, )(?=(?:\d+|[A-Z]{1,2})\. |\([a-z]{1,2}\) )")
ITEMS = re.compile(r"^((?:Item |项目)\d+): ", re.MULTILINE)
SEVERAL = re.compile(r"\(choose (\d+)(?: to \d+)?\)|（选(\d+)(?:至\d+)?项）|\(rank (\d+),|排列(\d+)项）")
POINTS = re.compile(r"\(divide (\d+) points |（将(\d+)分分配")
_NUMBER = re.compile(
    r"\(a (?:whole )?number(?: from (-?\d+) to (-?\d+)| of (-?\d+) or more| of (-?\d+) or less)?[,)]"
    r"|（(?:(-?\d+)到(-?\d+)的|不小于(-?\d+)的|不大于(-?\d+)的)?(?:数字|整数)[，）]"
)
_INSTEAD = re.compile(r'((?:, or "[^"]*"|，或“[^”]*”)+)([)）]?)\s*\Z')
_SAID_INSTEAD = re.compile(r', or "([^"]*)"|，或“([^”]*)”')
_LAST_QUESTION = re.compile(r"(?s).*^(Question: )(?=[^\n]*\S)", re.MULTILINE)
_FORM = re.compile(r'\{\s*"([^"]+)": "[^"]*",\s*"([^"]+)": "\.\.\. (?:an integer )?score \.\.\."\s*\}\s*\Z')
_TOLD = re.compile(r"(?:on a scale of |在)(-?\d+)(?: to |到)(-?\d+)(?:的量表上)?(?:, |，)(?=\1(?:: |, ))")
_LABEL = re.compile(r"(-?\d+): |(\d+|[A-Z]{1,2})\. |\(([a-z]{1,2})\) ")
_DECLINING = re.compile(
    r"\b(?:don[’']?t|do not|can[’']?t) (?:know|say)\b|\brefus|\b(?:prefer|rather) not\b|\bno (?:answer|opinion)\b"
    r"|不知道|不清楚|说不清|拒绝|不愿|无回答",
    re.IGNORECASE,
)
_CHOSEN = re.compile(r"^Option (\d+): (.*)$", re.MULTILINE)
_GROUPS = re.compile(r"^\{?\"new statement group \d+ \((NSG\d+)\)\": (\[.*\])", re.MULTILINE)
_SCALE = re.compile(r"(?:scale of |在)(-?\d+) ?(?:to|到) ?(-?\d+)")


def bounds(low: int | None, high: int | None) -> tuple[int, int]:
    """Ends of a range of whole numbers that may have none: a hundred from the one end, or from 0."""
    if low is None:
        low = 0 if high is None or high >= 0 else high - 100
    return low, low + 100 if high is None else high


@lru_cache(maxsize=4096)
def coded(choices: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """Choices with their codes, in the order of the codes; choices without a code are counted from 1."""
    codes = [re.match(r"(-?\d+)(?:: |\Z)", choice) for choice in choices]
    if all(codes) and len({code[1] for code in codes if code}) == len(choices):
        return tuple(sorted((int(code[1]), choice) for code, choice in zip(codes, choices, strict=True) if code))
    return tuple(enumerate(choices, start=1))


@lru_cache(maxsize=256)
def numbers(low: int, high: int) -> tuple[tuple[int, str], ...]:
    """Whole numbers and how they are written, a hundred thousand at most."""
    return tuple((number, str(number)) for number in range(low, min(high, low + 100_000) + 1))


@lru_cache(maxsize=256)
def numbers_or(low: int, high: int, texts: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """Whole numbers, and what may be said instead of one, counted on from the highest.

    >>> numbers_or(1, 2, ("don't know",))
    ((1, '1'), (2, '2'), (3, "don't know"))
    """
    found = numbers(low, high)
    return *found, *enumerate(texts, start=found[-1][0] + 1)


@lru_cache(maxsize=16384)
def offered(text: str) -> tuple[tuple[int, str], ...]:
    """Options that a user turn lists as ``- 2: about right, 1: too little``, or the points of its scale.

    Options under other labels than codes, or under none, count from 1 in the order in which they are listed; what may
    be said instead of a number counts on from the highest.

    What stands before the last line that begins with ``Question:`` tells of a person, and offers nothing.

    >>> offered("Request: Tea? - A. yes, B. no"), offered("Request: Tea? - yes / no")
    (((1, 'A. yes'), (2, 'B. no')), ((1, 'yes'), (2, 'no')))
    >>> offered("Request: Tea? - on a scale of 1 to 3, 1: bad, 2, 3: good")  # all points are told
    ((1, '1'), (2, '2'), (3, '3'))
    >>> offered("Answer: none / little\\nQuestion: On a scale of 1 to 2, tea?")
    ((1, '1'), (2, '2'))
    """
    last = _LAST_QUESTION.match(text)
    text = text[last.start(1) :] if last else text
    if instead := _INSTEAD.search(text):
        found = offered(text[: instead.start()] + instead[2])
        if found and all(str(number) == said for number, said in found):
            texts = tuple(english or chinese for english, chinese in _SAID_INSTEAD.findall(instead[1]))
            return numbers_or(found[0][0], found[-1][0], texts)
    if told := _TOLD.search(text):
        return numbers(*sorted((int(told[1]), int(told[2]))))
    lines = _CHOSEN.findall(text)
    if len(lines) > 1:
        return tuple((int(number), f"Option {number}: {said}") for number, said in lines)
    marked = _MARKED.search(text)
    listed = text[marked.start(1) :] if marked else text
    marks = list(_OPTION.finditer(listed))
    if marks:
        ends = [*(mark.start() for mark in marks[1:]), len(listed)]
        return tuple(
            sorted((int(m[1]), f"{m[1]}: {listed[m.end() : end]}") for m, end in zip(marks, ends, strict=True))
        )
    unnumbered = _LABELLED.split(text)[1:] or (text.rpartition(" - ")[2].split(" / ") if " / " in text else [])
    if len(unnumbered) > 1:
        return tuple(enumerate(unnumbered, start=1))
    if scale := _SCALE.search(text):
        return numbers(*sorted((int(scale[1]), int(scale[2]))))
    number = _NUMBER.search(text)
    if number is None:
        return ()
    low, high = (next((int(end) for end in number.groups()[first::2] if end is not None), None) for first in (0, 1))
    return numbers(*bounds(low, high))


@lru_cache(maxsize=1024)
def groups(text: str) -> tuple[tuple[str, int], ...]:
    """Groups of statements that a user turn lists as JSON, with the number of statements in each.

    >>> groups('{"new statement group 1 (NSG1)": [{"NSG1_s1": "I vote"}, {"NSG1_s2": "I do not"}]}')
    (('NSG1', 2),)
    """
    return tuple((found[1], found[2].count(f'{{"{found[1]}_s')) for found in _GROUPS.finditer(text))


def form(text: str) -> tuple[str, str] | None:
    """Keys of explanation and score in the JSON object that a user turn ends with as the form of a reply.

    >>> form('Question: Tea?\\n{\\n  "why": "... max 30 words ...",\\n  "score": "... an integer score ..."\\n}')
    ('why', 'score')
    """
    found = _FORM.search(text)
    return (found[1], found[2]) if found else None


def label(text: str) -> str:
    """What an option goes by: its code, number or letter, or its words where it has none.

    >>> label("2: tea"), label("B. tea"), label("(b) tea"), label("tea")
    ('2', 'B', 'b', 'tea')
    """
    found = _LABEL.match(text)
    return next(group for group in found.groups() if group) if found else text


def declines(text: str) -> bool:
    """Whether an option reads as a "don't know" or "refuse", which takes all points or none.

    >>> declines("9: Refused"), declines("2: Roads")
    (True, False)
    """
    return _DECLINING.search(text) is not None


def first_number(pattern: re.Pattern[str], text: str) -> int | None:
    """The number that a pattern finds first; ``None`` when it finds nothing."""
    found = pattern.search(text)
    return None if found is None else next(int(number) for number in found.groups() if number)


def some_from(texts: list[str], first: str, size: int) -> list[str]:
    """So many texts from the first on, round and round."""
    start = texts.index(first)
    return [texts[(start + k) % len(texts)] for k in range(min(size, len(texts)))]


def divided(names: list[str], total: int, choice: float) -> dict[str, int]:
    """Points by name: the first gets a share of the total, the others divide the rest, the last what is left."""
    points, left = {}, total
    for name in names[:-1]:
        points[name] = round(left * choice)
        left -= points[name]
    return points | {names[-1]: left}
