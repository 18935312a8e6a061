"""Which statement a reply chooses: by the name of its group, or as IndieValueCatalog's published code reads it."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

_KEY = re.compile(r'"[^"\n]*?\bNSG\s*(\d+)\b[^"\n]*"\s*:\s*', re.IGNORECASE)
_CHOICE = re.compile(r"(?:NSG\s*(\d+)\s*)?_?s(\d+)\b", re.IGNORECASE)
_OPTION = re.compile(r"\boption\s*(\d+)\b", re.IGNORECASE)
_LONE = re.compile(r"\W*(\d+)\W*")
_AROUND = re.compile(r"(?is)```+|\bjson\b|<\|start_header_id\|>.*?<\|end_header_id\|>|<\|eot_id\|>")
_DECODER = json.JSONDecoder()

MOST_DIGIT = 8
"""Largest option that the published code looks for."""


def choices_in(reply: str, groups: Sequence[Sequence[str]]) -> dict[int, int | str]:
    """What a reply chooses in each group it names, each group by its name; why not, where that is not clear.

    Entries are found wherever they stand, so a reply that is cut off gives those that it has in full.

    Parameters
    ----------
    groups : sequence of sequence of str
        Statements of the groups, in order.

    Returns
    -------
    dict
        Place of the group from 0 -> number of the statement from 1, or why none can be read.

    >>> two = [["I vote", "I do not vote"], ["I pray", "I do not pray"]]
    >>> choices_in('{"NSG2": {"rationale": "...", "choice": "NSG2_s1"}, "NSG1": {"choice": "NSG1_s2"}', two)
    {1: 1, 0: 2}
    >>> choices_in('{"NSG1": {"choice": "NSG2_s1"}}', two)
    {0: 'a statement of another group is chosen'}
    """
    found: dict[int, int | str] = {}
    at = 0
    while entry := _KEY.search(reply, at):
        at = entry.end()
        try:
            value, at = _DECODER.raw_decode(reply, at)
        except (ValueError, RecursionError):
            continue
        place = int(entry[1]) - 1
        if not 0 <= place < len(groups):
            continue
        choice = _choice(value, place + 1, groups[place])
        if found.setdefault(place, choice) != choice:
            found[place] = "the group is answered twice, differently"
    return found


def _choice(value: Any, group: int, statements: Sequence[str]) -> int | str:
    if isinstance(value, Mapping):
        value = next((held for key, held in value.items() if str(key).strip().casefold() == "choice"), None)
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str):
        named = {(int(one[1]) if one[1] else group, int(one[2])) for one in _CHOICE.finditer(value)}
        worded = [n for n, text in enumerate(statements, start=1) if text.casefold() == _plain(value)]
        lone = _LONE.fullmatch(value)
        if len(named) > 1:
            return "several statements are chosen"
        if named:
            (which, number) = named.pop()
            if which != group:
                return "a statement of another group is chosen"
        elif worded or lone:
            number = worded[0] if worded else int(lone[1])  # type: ignore[index]
        else:
            return "no statement of the group is chosen"
    else:
        return "no statement of the group is chosen"
    return number if 1 <= number <= len(statements) else f"the group has no statement {number}"


def choices_as_published(reply: str, groups: Sequence[Sequence[str]]) -> dict[int, int | str] | None:
    """The choices of a reply by their order; ``None`` when the reply is rejected as a whole.

    References
    ----------
    IndieValueCatalog's code strips code fences, the word json and response headers, loads the JSON, rejects what has
    another number of entries than there are groups, and takes the number behind ``_s`` of each entry in order.
    """
    try:
        content = json.loads(_AROUND.sub("", reply).strip())
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or len(content) != len(groups):
        return None
    found: dict[int, int | str] = {}
    for place, value in enumerate(content.values()):
        choice = value.get("choice") if isinstance(value, dict) else None
        number = None
        with suppress(ValueError):
            number = int(str(choice).rpartition("_s")[2])
        if number is None:
            return None
        inside = 1 <= number <= len(groups[place])
        found[place] = number if inside else f"the group has no statement {number}"
    return found


def option_in(reply: str, statements: Sequence[str]) -> int | str:
    """The option that a reply to a single target names; why not, where that is not clear.

    >>> two = ["I vote", "I do not vote"]
    >>> option_in("Option 2: I do not vote", two), option_in("2.", two), option_in("I do not vote.", two)
    (2, 2, 2)
    >>> option_in("Option 1 or Option 2", two)
    'several options are named'
    """
    named = {int(one[1]) for one in _OPTION.finditer(reply)}
    lone = _LONE.fullmatch(reply.partition(":")[0])
    worded = {n for n, text in enumerate(statements, start=1) if text.casefold() == _plain(reply)}
    found = named or ({int(lone[1])} if lone else worded)
    if len(found) != 1:
        return "several options are named" if found else "no option is named"
    (number,) = found
    return number if 1 <= number <= len(statements) else f"there is no option {number}"


def option_as_published(reply: str, statements: Sequence[str]) -> int | str:
    """The first of the digits 1 to 8, tried in this order, that stands before the first colon and blank.

    >>> option_as_published("Option 2: I do not vote", ["I vote", "I do not vote"])
    2

    References
    ----------
    IndieValueCatalog's parser for trained models; anything else is wrong.
    """
    head = reply.partition(": ")[0].lower()
    number = next((digit for digit in range(1, MOST_DIGIT + 1) if str(digit) in head), None)
    if number is None:
        return "no option is named"
    return number if number <= len(statements) else f"there is no option {number}"


def _plain(text: str) -> str:
    """A statement as it may be repeated: without quotes, blanks and a full stop around it, ignoring case."""
    return text.strip().strip("\"'`").strip().rstrip(".").casefold()
