"""The score in a reply: as JSON, behind its key, or the only whole number there is."""

import json
import re
from contextlib import suppress

from simulator.protocols.wvb_prompts import SCORE

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_WHOLE = re.compile(r"(?<![\d.])-?[0-9]+(?!\d|\.\d)")

LARGEST = 10**15
"""Scores that are further from 0 are none."""


def score_in(reply: str, minimum: int, maximum: int) -> float | None:
    """The score that a reply gives; ``None`` when none can be read without guessing.

    First the reply (or what stands between its outer braces) is loaded as JSON, then the first number behind the key
    is taken: either is the score, in range or not. Else it is the only whole number of the reply, if that lies in
    range; a year or an age does not.

    >>> score_in('{"thoughtful explanation": "Out of 10 friends ...", "answer as a score": 3}', 1, 4)
    3.0
    >>> score_in('"answer as a score": "5 (important)", ...', 1, 4), score_in("I would say 2.", 1, 4)
    (5.0, 2.0)
    >>> score_in("2 or 3", 1, 4), score_in("It was in 2020.", 1, 4)
    (None, None)

    References
    ----------
    WorldValuesBench mends what cannot be parsed by hand where an answer is to be seen, and asks again otherwise.
    """
    for text in (reply, reply[reply.find("{") : reply.rfind("}") + 1]):
        with suppress(ValueError, RecursionError):
            found = _of_json(json.loads(text))
            if found is not None:
                return found
    behind = reply.lower().find(SCORE)
    if behind >= 0:
        return _first_number(reply[behind + len(SCORE) :])
    whole = _WHOLE.findall(reply)
    score = _first_number(whole[0]) if len(whole) == 1 else None
    return score if score is not None and minimum <= score <= maximum else None


def _of_json(content: object) -> float | None:
    """The score of a loaded object."""
    if not isinstance(content, dict):
        return None
    value = next((value for key, value in content.items() if str(key).strip().lower() == SCORE), None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) < LARGEST else None
    return _first_number(value) if isinstance(value, str) else None


def _first_number(text: str) -> float | None:
    """The first number of a text; ``None`` when there is none, or it is absurd."""
    number = _NUMBER.search(text)
    score = float(number[0]) if number else None
    return score if score is not None and abs(score) < LARGEST else None
