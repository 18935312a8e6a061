"""Replies of a store as somebody judges them: what was asked, what was answered, and how it was explained.

A judge model and people who annotate must see the same, whoever of them comes first, so both read it here.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from demoscope.store_file import unpacked

Rows = Callable[[str, Sequence[Any]], list[Any]]
"""Runs a query on a store."""

APART = ("judge", "coder", "contamination", "backstory", "paraphrase", "translate")
"""Protocols whose cells ask no public: what they leave is about the survey or about other answers."""

_ANSWER = re.compile(r"Answer\s*[:：]", re.IGNORECASE)
_EXPLANATION = re.compile(r"Explanation\s*[:：]", re.IGNORECASE)
_REQUEST = re.compile(r"Request\s*[:：]")

_KEYS = f"""SELECT c.name, a.respondent_id, r.persona_id, q.name, q.id, a.replicate
    FROM answers a JOIN respondents r ON r.id = a.respondent_id JOIN cells c ON c.id = r.cell_id
    JOIN questions q ON q.id = a.question_id
    WHERE a.method = 'text' AND a.status IN ('answered', 'refused', 'invalid')
    AND c.protocol NOT IN ({", ".join(f"'{name}'" for name in APART)})
    ORDER BY a.respondent_id, q.id, a.replicate"""

_SOURCE = """SELECT a.status, a.text, e.prompt, t.text,
    (SELECT count(*) FROM answer_sources o WHERE (o.respondent_id, o.cell_id, o.subject_id, o.step, o.ordinal)
     = (s.respondent_id, s.cell_id, s.subject_id, s.step, s.ordinal)),
    (SELECT count(DISTINCT question_id) FROM answer_sources o
     WHERE (o.respondent_id, o.cell_id, o.subject_id, o.step, o.ordinal)
     = (s.respondent_id, s.cell_id, s.subject_id, s.step, s.ordinal))
    FROM answers a JOIN answer_sources s USING (respondent_id, question_id, method, replicate)
    JOIN exchanges e USING (cell_id, subject_id, step, ordinal)
    JOIN attempts t USING (cell_id, subject_id, step, ordinal)
    WHERE a.respondent_id = ? AND a.question_id = ? AND a.method = 'text' AND a.replicate = ?
    AND t.text IS NOT NULL ORDER BY t.attempt DESC LIMIT 1"""

_CHOSEN = """SELECT o.code, o.label FROM answer_options a JOIN options o USING (question_id, code)
    WHERE a.respondent_id = ? AND a.question_id = ? AND a.method = 'text' AND a.replicate = ?
    ORDER BY coalesce(a.rank, o.position)"""


@dataclass(frozen=True, slots=True)
class ReplyKey:
    """Which reply it is."""

    cell: str
    """Name of the cell."""
    respondent: int
    """Number of the respondent in the store."""
    persona: int
    """Id of the persona in the store."""
    question: str
    """Name of the question."""
    question_id: int
    replicate: int
    """Repetition of the question, from 0."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply to one question."""

    key: ReplyKey
    status: str
    """``answered``, ``refused`` or ``invalid``."""
    asked: str
    """The question as the respondent read it, with what could be answered."""
    answer: str
    """The reply up to its explanation; where several answers were read from it, what was understood of this one."""
    explanation: str
    """What the reply says after ``Explanation:``; empty when it says nothing there."""


def reply_keys(rows: Rows) -> tuple[ReplyKey, ...]:
    """Every reply that a public gave, understood or not, respondent by respondent."""
    return tuple(ReplyKey(*row) for row in rows(_KEYS, ()))


def read_replies(rows: Rows, keys: Sequence[ReplyKey], *, worded: bool = False) -> Iterator[Reply]:
    """The replies of these keys; those that came without a text, such as filtered ones, are left out.

    With ``worded`` the question stands there in the questionnaire's words and order, not as a prompt put it.
    """
    for key in keys:
        which = (key.respondent, key.question_id, key.replicate)
        for status, explanation, prompt, text, answers, questions in rows(_SOURCE, which):
            turns = _turns(rows, prompt)
            asked = _request(turns) if questions == 1 and not worded else None
            if answers > 1:
                chosen = "; ".join(f"{code}: {label}" for code, label in rows(_CHOSEN, which))
                said = (chosen, explanation or "") if chosen else (text.strip(), "")
            else:
                lead = turns[-1][1] if turns and turns[-1][0] == "assistant" and turns[-1][1] else ""
                said = divided(f"{lead}{text}")
            yield Reply(key, status, asked or _as_written(rows, key.question_id), *said)


def divided(reply: str) -> tuple[str, str]:
    """Answer and explanation of a reply, by their markers; without markers it is all answer.

    >>> divided("Answer: 2: yes\\nExplanation: I like it.")
    ('2: yes', 'I like it.')
    >>> divided("It depends.")
    ('It depends.', '')
    """
    marker = _ANSWER.search(reply)
    body = reply[marker.end() :] if marker else reply
    explained = _EXPLANATION.search(body)
    if explained is None:
        return body.strip(), ""
    return body[: explained.start()].strip(), body[explained.end() :].strip()


def _turns(rows: Rows, prompt: str) -> list[tuple[str, str | None]]:
    """Turns of a prompt as (role, text); ``None`` for a text that the wave kept only the hash of."""
    turns: list[tuple[str, str | None]] = []
    for role, text_id in json.loads(prompt):
        body = rows("SELECT body FROM texts WHERE id = ?", (text_id,))
        turns.append((role, unpacked(body[0][0]) if body else None))
    return turns


def _request(turns: list[tuple[str, str | None]]) -> str | None:
    """What the last request says, or the last user turn where none is marked."""
    said = [text for role, text in turns if role == "user" and text is not None]
    marked = [text for text in said if _REQUEST.search(text)]
    if marked:
        return _REQUEST.split(marked[-1], maxsplit=1)[1].strip()
    return said[-1].strip() if said else None


def _as_written(rows: Rows, question_id: int) -> str:
    """The question and its options in the questionnaire's words and order."""
    [(text,)] = rows("SELECT text FROM questions WHERE id = ?", (question_id,))
    options = rows("SELECT code, label FROM options WHERE question_id = ? ORDER BY position", (question_id,))
    return f"{text} - {', '.join(f'{code}: {label}' for code, label in options)}" if options else str(text)
