"""Replies worth reading: what was not understood, and what misses its question."""

from dataclasses import dataclass

from analysis.def_rules import DefRules
from analysis.reading import Results
from analysis.records import Cell
from analysis.responses import judgement_verdict, rule_failures, stored_responses
from analysis.rule_judge import usual_rules
from surveys.judging import DIMENSIONS, Dimension

EACH = 3
"""Examples of one kind."""

LOOKED_AT = 50
"""Interviews in which rules look for examples."""

LONGEST = 1200
"""Characters of a reply that are read."""


@dataclass(frozen=True)
class Example:
    """One reply."""

    cell: str
    respondent: int
    question: str
    kind: str
    """Status, or dimension of insensitivity."""
    reason: str
    reply: str | None
    """The first :data:`LONGEST` characters; ``None`` where there was none."""
    length: int
    """Characters of the whole reply."""


def not_understood(results: Results, cell: Cell) -> tuple[Example, ...]:
    """Refused, invalid and failed answers of a cell: one of each of the most frequent reasons."""
    found: list[Example] = []
    for status in ("refused", "invalid", "failed"):
        picks = results.rows(
            """SELECT min(a.respondent_id), a.question_id, a.replicate, coalesce(a.reason, ''), count(*) AS n
            FROM respondents r JOIN answers a ON a.respondent_id = r.id
            WHERE r.cell_id = ? AND a.method = 'text' AND a.status = ?
            GROUP BY substr(coalesce(a.reason, ''), 1, 300) ORDER BY n DESC, 1 LIMIT ?""",
            (cell.id, status, EACH),
        )
        for respondent, question, replicate, reason, _ in picks:
            reply, length = _reply(results, respondent, question, replicate)
            name = results.rows("SELECT name FROM questions WHERE id = ?", (question,))[0][0]
            found.append(Example(cell.name, respondent, name, status, reason[:LONGEST], reply, length))
    return tuple(found)


def insensitive(results: Results, cell: Cell, rules: DefRules) -> tuple[Example, ...]:
    """Replies that judges or rules fault, a few of each dimension."""
    found: dict[Dimension, list[Example]] = {dimension: [] for dimension in DIMENSIONS}
    for respondent, question, name, dimension, verdict, analysis in results.rows(
        """SELECT j.respondent_id, j.question_id, q.name, j.dimension, j.verdict, j.analysis
        FROM respondents r JOIN judgements j ON j.respondent_id = r.id JOIN questions q ON q.id = j.question_id
        WHERE r.cell_id = ? AND j.method = 'text' AND j.replicate = 0 ORDER BY 1, 2""",
        (cell.id,),
    ):
        if (
            dimension in found
            and len(found[dimension]) < EACH
            and judgement_verdict(verdict, analysis, rules) == "failure"
        ):
            reply, length = _reply(results, respondent, question, 0)
            why = str(analysis or verdict)[:LONGEST]
            found[dimension].append(Example(cell.name, respondent, name, dimension, why, reply, length))
    first = results.rows("SELECT id FROM respondents WHERE cell_id = ? ORDER BY id LIMIT ?", (cell.id, LOOKED_AT))
    for (respondent,) in first:
        responses = stored_responses(results, cell, (respondent, respondent))
        replies = {response.question.name: response.reply for response in responses}
        for failure in rule_failures(results, responses, usual_rules(cell.protocol)):
            if len(found[failure.dimension]) < EACH:
                reply = replies[failure.question]
                found[failure.dimension].append(
                    Example(
                        *(cell.name, respondent, failure.question, failure.dimension, failure.reason),
                        *(reply[:LONGEST], len(reply)),
                    )
                )
    return tuple(example for each in found.values() for example in each)


def _reply(results: Results, respondent: int, question: int, replicate: int) -> tuple[str | None, int]:
    rows = results.rows(
        """SELECT substr(t.text, 1, ?), length(t.text) FROM answer_sources s
        JOIN attempts t USING (cell_id, subject_id, step, ordinal)
        WHERE s.respondent_id = ? AND s.question_id = ? AND s.method = 'text' AND s.replicate = ?
        ORDER BY t.attempt DESC LIMIT 1""",
        (LONGEST, respondent, question, replicate),
    )
    return (rows[0][0], rows[0][1] or 0) if rows else (None, 0)
