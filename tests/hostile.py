"""Texts that try to be more than text, and a store that is full of them."""

import json
from pathlib import Path
from typing import Any

from tests.results import REFERENCE, MadeUp
from tests.test_compare import replied

SCRIPT = "<script>window.hacked=1</script>"
HOSTILE = (
    SCRIPT,
    "</style><img src=x onerror=window.hacked=1>",
    "</script><svg onload=window.hacked=1>",
    "javascript:window.hacked=1",
    '"><a href="javascript:window.hacked=1">x</a>',
    "{{ 7*7 }}{% raw %}",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "'; DROP TABLE answers; --",
    "\x1b[31mred\x1b[0m\x07",
    "😀 family: 👩‍👩‍👧",
    "مرحبا \u202eevil",
    "$\\frac{1$ _ ^",
    "\ud83d alone",
)


def hostile_store(path: Path) -> MadeUp:
    """A store whose every name, wording, label, reason and reply is hostile."""
    reference: dict[str, Any] = REFERENCE | {"title": SCRIPT, "source": "</style>" + SCRIPT, "note": HOSTILE[4]}
    made = MadeUp(path, reference=reference)
    made.cell(1, name=HOSTILE[1])
    made.cell(2, name=SCRIPT)
    made.question(1, [HOSTILE[0], HOSTILE[2], HOSTILE[6]], nonresponse=HOSTILE[5])
    made.question(2, list(HOSTILE[:13]), ordinal=False)
    people = [{"sex": HOSTILE[4], "age": 30}] * 12 + [{"sex": "male", "age": 60}] * 12
    made.people(people)
    made.insert("respondents", [(100 + n, 2, n, SCRIPT, "{}", 0) for n in range(1, 25)])
    for cell, start in ((1, 0), (2, 100)):
        for n in range(1, 25):
            made.answers([(start + n, 1, "answered", [1 + n % 3]), (start + n, 2, "answered", [1 + n % 13])])
            if n <= 13 and cell == 1:
                replied(made, cell, n, 1, HOSTILE[n % 13], 1)
    made.answers([(1, 1, "invalid", [])], reason=SCRIPT + HOSTILE[9], replicate=1)
    replied(made, 1, 1, 1, SCRIPT + "x" * 1_000_000, 7, replicate=1)
    for sex in (HOSTILE[4], "male"):
        made.humans(1, {1: 20, 2: 10, 3: 20}, sex=sex, age_group="18-39")
        made.humans(2, dict.fromkeys(range(1, 14), 10), sex=sex, age_group="40 and over")
    changes = (
        ("UPDATE waves SET name = ?", HOSTILE[1]),
        ("UPDATE models SET name = ?", HOSTILE[3] + SCRIPT),
        ("UPDATE cells SET condition = ? || id", HOSTILE[0]),
        ("UPDATE questions SET text = ? || id", " ".join(HOSTILE[:13])),
        ("UPDATE questions SET topic = ?", HOSTILE[4]),
        ("UPDATE questions SET dimension = ? || id", SCRIPT),
        ("UPDATE waves SET config = ?", json.dumps({"name": SCRIPT, "note": "</script>"})),
    )
    for sql, value in changes:
        made.change(sql, value)
    return made
