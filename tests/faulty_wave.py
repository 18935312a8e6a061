"""A wave against the fault server, and the check of everything it stored against what the server said.

What a reply had to be follows from the portrait, the question and the seed (``tests/derived_reply.py``), so no stored
answer is taken on trust.
"""

import json
import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.derived_reply import Reply, chosen, mark, reply
from tests.fault_server import Event

KINDS = {
    "bad_request": "rejected",
    "unauthorised": "denied",
    "not_found": "denied",
    "rate_limit": "rate_limit",
    "rate_limit_mute": "rate_limit",
    "server_error": "server",
    "unavailable": "server",
    "refused": "network",
    "reset": "network",
    "truncated_json": "malformed",
    "wrong_json": "malformed",
    "empty_choices": "malformed",
    "html": "malformed",
    "wrong_model": "malformed",
    "hang": "timeout",
}
"""What each fault must be recorded as; duplicates and slowness are no failures."""

WAVE = """\
name: faulty
seed: 11
questionnaire: survey.yaml
population: us_adults_2018
respondents: {respondents}
models:
  - name: mock
    backend: openai_api
    settings: {settings}
conditions:
  - name: def
    protocol: def
    settings: {condition}
execution: {{executor: {executor}}}
"""
TOPICS = "parks,roads,schools,courts,police,hospitals,libraries,railways,rivers,theatres"
LABELS = ("far too little", "too little", "about right", "too much", "far too much")

FEW = {"max_in_flight": 2}
"""Limits under which a cohort takes 30 respondents at most, so that a wave of more than 60 comes in three batches."""


def write_wave(
    folder: Path,
    urls: Iterable[str],
    *,
    respondents: int = 50,
    questions: int = 10,
    executor: str = "local",
    condition: dict[str, Any] | None = None,
    **settings: Any,
) -> Path:
    """Write a wave and its questionnaire: choices, and a scale at the end."""
    items: list[dict[str, Any]] = [
        {
            "id": topic,
            "text": f"Is the country spending too little or too much on {topic}?",
            "options": [{"code": code, "label": label} for code, label in enumerate(LABELS, 1)],
        }
        for topic in TOPICS.split(",")[: questions - 1]
    ]
    items.append({"id": "trust", "text": "How far do you trust it?", "kind": "scale", "minimum": 1, "maximum": 5})
    (folder / "survey.yaml").write_text(json.dumps({"id": "services", "title": "Services", "questions": items}))
    path = folder / "wave.yaml"
    told = {"portrait": ["sex", "age", "degree", "race"], "max_tokens": 64, **(condition or {})}
    settings = {"model": "mock", "endpoints": [{"url": url} for url in urls], **settings}
    path.write_text(
        WAVE.format(
            respondents=respondents, settings=json.dumps(settings), condition=json.dumps(told), executor=executor
        )
    )
    return path


@dataclass
class Verdict:
    """What is wrong with a store; every list is empty when nothing is."""

    answers: int = 0
    """Answers in the store."""
    attempts: int = 0
    """Attempts in the store."""
    requests: int = 0
    """Requests that the server saw."""
    statuses: Counter[str] = field(default_factory=Counter)
    """How the answers ended."""
    failed_by: Counter[str | None] = field(default_factory=Counter)
    """What failed answers failed of."""
    lost: list[str] = field(default_factory=list)
    """Questions without an answer."""
    misassigned: list[str] = field(default_factory=list)
    """Answers that belong to another persona, question or seed."""
    invented: list[str] = field(default_factory=list)
    """Answers that no reply of the server stands behind."""
    unrecorded: list[str] = field(default_factory=list)
    """Requests that the server saw and the store does not know, or the other way round."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.misassigned or self.invented or self.unrecorded)


_ANSWERS = """
SELECT r.id AS respondent, r.portrait, r.decoding, q.id AS question, q.name, q.text AS wording, q.minimum, q.maximum,
       a.status, a.text, a.value, (
         SELECT group_concat(code) FROM answer_options o WHERE o.respondent_id = r.id AND o.question_id = q.id
       ) AS codes
FROM respondents r CROSS JOIN questions q
LEFT JOIN answers a ON a.respondent_id = r.id AND a.question_id = q.id
"""
_ATTEMPTS = """
SELECT e.subject_id, e.question_id, e.seed, e.prompt, t.attempt, t.text, t.error_kind, t.applied, t.logprob
FROM exchanges e JOIN attempts t USING (cell_id, subject_id, step, ordinal)
ORDER BY e.subject_id, e.step = 'again', e.ordinal, t.attempt
"""

Kinds = Counter[tuple[str, str, str | None]]
"""Requests by persona, question and kind of failure, ``None`` for none."""


def check(store: Path, ledger: Iterable[Event], *, logprobs: bool = True, interrupted: bool = False) -> Verdict:
    """Compare a store with what the server must have said and with the requests that it saw.

    Parameters
    ----------
    logprobs : bool
        Whether the wave asked for log-probabilities, so that every reply must have the right one.
    interrupted : bool
        Whether the wave was cut short, so that the server saw requests whose attempts were never saved.
    """
    verdict = Verdict()
    with closing(sqlite3.connect(store)) as db:
        db.row_factory = sqlite3.Row
        texts = dict(db.execute("SELECT id, body FROM texts").fetchall())
        labels: dict[int, dict[int, str]] = defaultdict(dict)
        for question, code, label in db.execute("SELECT question_id, code, label FROM options"):
            labels[question][code] = label
        tries: dict[tuple[int, int], list[sqlite3.Row]] = defaultdict(list)
        for row in db.execute(_ATTEMPTS):
            tries[row["subject_id"], row["question_id"]].append(row)
        stored: Kinds = Counter()
        for row in db.execute(_ANSWERS):
            mine = tries[row["respondent"], row["question"]]
            verdict.attempts += len(mine)
            stored.update((row["portrait"], row["wording"], one["error_kind"]) for one in mine)
            _Check(verdict, row, labels[row["question"]], texts, logprobs).check(mine)
    _compare(verdict, stored, ledger, interrupted)
    return verdict


class _Check:
    """One answer against the reply that it must come from."""

    def __init__(
        self, verdict: Verdict, row: sqlite3.Row, labels: dict[int, str], texts: dict[str, str], logprobs: bool
    ) -> None:
        self.verdict, self.row, self.labels, self.texts, self.logprobs = verdict, row, labels, texts, logprobs
        self.where = f"respondent {row['respondent']}, {row['name']}"

    def check(self, tries: list[sqlite3.Row]) -> None:
        verdict, status = self.verdict, self.row["status"]
        if status is None:
            verdict.lost.append(self.where)
            return
        verdict.answers += 1
        verdict.statuses[status] += 1
        if not tries:
            verdict.invented.append(f"{self.where}: nothing was asked")
            return
        last = tries[-1]
        if status == "answered":
            self.check_answered(last)
        elif last["error_kind"] is None:
            verdict.lost.append(f"{self.where}: {status} although the reply is {last['text']!r}")
        else:
            verdict.failed_by[last["error_kind"]] += 1

    def check_answered(self, last: sqlite3.Row) -> None:
        verdict, row = self.verdict, self.row
        if last["error_kind"] is not None:
            verdict.invented.append(f"{self.where}: answered by an attempt that failed")
            return
        seed = json.loads(last["applied"]).get("seed", last["seed"])
        greedy = not json.loads(row["decoding"])["do_sample"]
        options = list(self.labels.values()) or [str(n) for n in range(row["minimum"], row["maximum"] + 1)]
        wording = chosen(row["portrait"], row["wording"], options, None if greedy else seed, greedy)
        words = mark(row["portrait"], row["wording"], None if greedy else seed)
        code = next((code for code, label in self.labels.items() if label == wording), None)
        found, expected = (row["codes"], str(code)) if self.labels else (str(row["codes"] or row["value"]), wording)
        if float(found or "nan") != float(expected) or words not in (row["text"] or ""):
            verdict.misassigned.append(f"{self.where}: {found} ({row['text']!r}), not {expected} ({words!r})")
        right = self.reply(last, seed, greedy)
        if last["text"] != right.text:
            verdict.invented.append(f"{self.where}: {last['text']!r}, the server said {right.text!r}")
        elif self.logprobs and not math.isclose(last["logprob"] or 0, sum(right.logprobs), rel_tol=1e-9):
            verdict.misassigned.append(f"{self.where}: log-probability {last['logprob']}, not {sum(right.logprobs)}")

    def reply(self, last: sqlite3.Row, seed: int, greedy: bool) -> Reply:
        """What the server says to the prompt as it is stored."""
        turns = [{"role": role, "content": self.texts[text]} for role, text in json.loads(last["prompt"])]
        return reply({"messages": turns, "seed": seed, "temperature": 0 if greedy else 1, "max_tokens": 64})


def _compare(verdict: Verdict, stored: Kinds, ledger: Iterable[Event], interrupted: bool) -> None:
    """Every request that arrived must be an attempt of its kind, and every attempt a request that arrived.

    There are three exceptions: a refused connection never arrives, a right reply that comes too late for an impatient
    client is a timeout, and one that comes behind a reply delivered twice may be given up as malformed.
    """
    events = [event for event in ledger if event.interview]
    seen: Kinds = Counter((e.persona, e.question, KINDS.get(e.fault or "")) for e in events)
    verdict.requests = seen.total()
    doubled = sum(event.fault == "duplicate" for event in events)
    excused: Counter[tuple[str, str]] = Counter()
    for persona, question, kind in sorted(stored.keys() | seen.keys(), key=repr):
        more = stored[persona, question, kind] - seen[persona, question, kind]
        if more <= 0:
            continue
        if kind == "malformed" and doubled >= more:
            doubled -= more
        elif kind not in ("network", "timeout"):
            verdict.unrecorded.append(
                f"{persona}, {question}: {more} attempts ({kind}) that no request stands behind"
            )
        excused[persona, question] += more
    if not interrupted:
        for (persona, question, kind), n in sorted((seen - stored).items(), key=repr):
            excused[persona, question] -= n
            if excused[persona, question] < 0:
                verdict.unrecorded.append(f"{persona}, {question}: {n} requests ({kind}) are not recorded")
