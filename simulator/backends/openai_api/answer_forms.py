"""Answers of a constraint as regular expressions: whole numbers between two ends, several different choices."""

from collections.abc import Callable, Sequence

LONGEST = 15
"""Digits that a whole number may have where it has no end."""
LARGEST_SETS = 1000
"""Choices that an expression of different choices may hold, each counted wherever it may be named; beyond that a
choice may be repeated in the expression, and the reply's last check finds it."""


def digits(low: int, high: int) -> list[str]:
    """Regular expressions of the whole numbers from ``low`` to ``high``, 0 or more, each written in one way.

    >>> digits(0, 100)
    ['[0-9]', '[1-9][0-9]', '[1][0][0]']
    >>> digits(97, 200)
    ['[9][7-9]', '[1][0-9]{2}', '[2][0][0]']
    """
    found: list[str] = []
    while low <= high:
        end = min(high, 10 ** len(str(low)) - 1)  # numbers of one length
        found += _of_one_length(str(low), str(end))
        low = end + 1
    return found


def _of_one_length(low: str, high: str) -> list[str]:
    rest = len(low) - 1
    if not low:
        return [""]
    if low[0] == high[0]:
        return [f"[{low[0]}]{one}" for one in _of_one_length(low[1:], high[1:])]
    first, last = int(low[0]), int(high[0])
    before: list[str] = []
    after: list[str] = []
    if low[1:] != "0" * rest:
        before = [f"[{first}]{one}" for one in _of_one_length(low[1:], "9" * rest)]
        first += 1
    if high[1:] != "9" * rest:
        after = [f"[{last}]{one}" for one in _of_one_length("0" * rest, high[1:])]
        last -= 1
    between = f"[{first}-{last}]" if first < last else f"[{first}]"
    free = {0: "", 1: "[0-9]"}.get(rest, f"[0-9]{{{rest}}}")
    return before + ([between + free] if first <= last else []) + after


def numbers(low: int | None, high: int | None, minus: str = "-") -> list[str]:
    """Regular expressions of the whole numbers between two ends; ``None`` is no end, save :data:`LONGEST` digits.

    >>> numbers(-12, 3)
    ['-[1-9]', '-[1][0-2]', '[0-3]']
    """
    most: int = 10**LONGEST - 1
    low, high = max(-most if low is None else low, -most), min(most if high is None else high, most)
    below = [minus + one for one in digits(max(1, -high), -low)] if low < 0 else []
    return below + (digits(max(0, low), high) if high >= 0 else [])


def different(
    choices: Sequence[str], least: int, most: int, separator: str, written: Callable[[str], str]
) -> str | None:
    """Expression of ``least`` to ``most`` different choices in any order; ``None`` where it would get too long.

    >>> different(["a", "b"], 1, 2, ";", str)
    'a(;(b))?|b(;(a))?'
    """
    size, ways = 0, 1
    for taken in range(min(most, len(choices))):
        ways *= len(choices) - taken
        size += ways
    if size > LARGEST_SETS:
        return None

    def further(left: tuple[str, ...], needed: int, allowed: int) -> str:
        each = []
        for one in left:
            others = tuple(other for other in left if other != one)
            tail = ""
            if allowed > 1 and others:
                mark = "" if needed > 1 else "?"
                tail = f"({written(separator)}({further(others, needed - 1, allowed - 1)})){mark}"
            each.append(written(one) + tail)
        return "|".join(each)

    return further(tuple(choices), least, min(most, len(choices)))
