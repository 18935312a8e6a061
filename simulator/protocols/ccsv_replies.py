"""What is understood of drafts, rewrites and lists: readings of single replies and of the entries of a list."""

import json
import re

from simulator.answer import Answer, Status
from simulator.constraint import AnyConstraint, JsonConstraint
from simulator.parsing import Reading
from simulator.protocols.def_screens import ANSWER, Shown, answer_schema
from simulator.protocols.def_settings import ResolvedDef

_ENTRY = re.compile(r"^[ \t>*_\-•]*(\d{1,4})[ \t*_]*[.)、:：][ \t*_]*(\S.*)$", re.MULTILINE)


def array_of(shown: Shown, n: int) -> AnyConstraint | None:
    """A JSON array of offered answers; ``None`` for free replies and for kinds that are not one choice."""
    question = shown.screen.question
    if not shown.constrained or question.kind not in ("single", "scale"):
        return None
    items = answer_schema(question, shown.presentations[0])
    entries = {"type": "array", "items": items, "minItems": n, "maxItems": n}
    return JsonConstraint.of({"type": "object", "properties": {"answers": entries}, "required": ["answers"]})


def readings(text: str | None, shown: Shown, settings: ResolvedDef, reason: str | None) -> list[Reading]:
    """What was understood of each question on a screen; ``reason`` is why no reply came, when none did."""
    if text is None:
        return [Reading("failed", reason=reason)] * len(shown.screen.steps)
    if not text.strip():
        return [Reading("invalid", reason="the reply is empty")] * len(shown.screen.steps)
    said = shown.said(ANSWER + text if settings.base_model else text)
    return shown.read(said, settings.parsing_rules, cut=False)


def entries_of(text: str | None, shown: Shown, settings: ResolvedDef, n: int, reason: str | None) -> list[Reading]:
    """What was understood of each entry of a list."""
    if text is None:
        return [Reading("failed", reason=reason)] * n
    said = listed(text)
    understood = []
    for number in range(1, n + 1):
        entry = said.get(number)
        if entry is None:
            found = f"the list has no entry {number}; it has {len(said)} of {n}"
            understood.append(Reading("invalid", reason=found))
        else:
            understood.append(shown.read(ANSWER + entry, settings.parsing_rules, cut=False)[0])
    return understood


def listed(text: str) -> dict[int, str]:
    """Entries of a list by their number, the first of each counting.

    >>> listed("1. yes\\n2) no")
    {1: 'yes', 2: 'no'}
    """
    try:
        answers = json.loads(text.strip())["answers"]
        return {number: str(answer) for number, answer in enumerate(answers, start=1)}
    except (ValueError, KeyError, TypeError, RecursionError):
        found: dict[int, str] = {}
        for entry in _ENTRY.finditer(text):
            found.setdefault(int(entry[1]), entry[2].strip())
        return found


def answer_of(question: str, reading: Reading, presentation: str, replicate: int = 0) -> Answer:
    """The answer to a question, as it was understood."""
    status: Status = reading.status
    return Answer(
        question,
        status,
        reading.codes,
        reading.number,
        reading.text,
        reading.reason,
        replicate=replicate,
        presentation=presentation,
        amounts=reading.amounts,
    )
