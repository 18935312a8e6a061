"""The score in a reply: as JSON, behind its key, or the only whole number there is."""

import json
import re
from contextlib import suppress

from simulator.protocols.wvb_prompts import SCORE

_NUMBER = r"-?\d+(?:\.\d+)?"
_WHOLE = re.compile(r"(?<![\d.])-?\d+(?![\d]|\.\d)")


def score_in(reply: str) -> float | None:
    """The score that a reply gives, whatever its range; ``None`` when none can be read without guessing.

    First the reply (or what stands between its outer braces) is loaded as JSON, then the first number behind the key
    is taken, then a whole number that is the only one.

    >>> score_in('{"thoughtful explanation": "Out of 10 friends ...", "answer as a score": 3}')
    3.0
    >>> score_in('"answer as a score": "4 (important)", ...'), score_in("I would say 2."), score_in("2 or 3")
    (4.0, 2.0, None)

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
        number = re.search(_NUMBER, reply[behind + len(SCORE) :])
        return float(number[0]) if number else None
    whole = _WHOLE.findall(reply)
    return float(whole[0]) if len(whole) == 1 else None


def _of_json(content: object) -> float | None:
    """The score of a loaded object."""
    if not isinstance(content, dict):
        return None
    value = next((value for key, value in content.items() if str(key).strip().lower() == SCORE), None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    number = re.search(_NUMBER, value) if isinstance(value, str) else None
    return float(number[0]) if number else None
