"""Responses of a cell one by one, for rules, annotators and judges, with what judges and people left in the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.annotation import Annotation, Sampled
from analysis.def_rules import DefRules
from analysis.insensitivity import DIMENSIONS, Dimension, Verdict, parse_verdict, sampled
from analysis.reading import Results
from analysis.records import Asked, Cell
from analysis.resolutions import Resolution
from analysis.rule_judge import Failure, Response, Rules, rule_judge


@dataclass(frozen=True)
class StoredResponse:
    """One reply to one question, as the store has it."""

    number: int
    """Its number among the cell's responses, from 1."""
    respondent: int
    """Number of the respondent in the store."""
    question: Asked
    status: str
    replicate: int
    codes: tuple[int, ...]
    """What was understood, in questionnaire order; empty when nothing was."""
    reply: str
    """What the model wrote last."""

    def for_rules(self, max_selections: int | None, labels: dict[int, str]) -> Response:
        """The same as :func:`analysis.rule_judge.rule_judge` takes it."""
        return Response(
            question=self.question.name,
            kind=self.question.kind,
            reply=self.reply,
            codes=self.codes,
            refused=self.status == "refused",
            options=labels,
            max_selections=max_selections,
        )


def stored_responses(
    results: Results, cell: Cell, respondents: tuple[int, int] = (0, 2**62)
) -> tuple[StoredResponse, ...]:
    """All replies of a cell, respondent by respondent, in the order of the questionnaire.

    Answers without any reply (failed, skipped) are left out. A reply that several answers were read from stands once
    for each of them. ``respondents`` takes those between two numbers of the store alone, both included; replies are
    then numbered among theirs.
    """
    questions = {question.id: question for question in results.questions}
    place = {
        question.id: {choice.code: n for n, choice in enumerate(question.choices)} for question in results.questions
    }
    codes: dict[tuple[int, int, int], list[int]] = {}
    for respondent, question, replicate, code in results.rows(
        """SELECT o.respondent_id, o.question_id, o.replicate, o.code FROM respondents r
        JOIN answer_options o ON o.respondent_id = r.id
        WHERE r.cell_id = ? AND r.id BETWEEN ? AND ? AND o.method = 'text'""",
        (cell.id, *respondents),
    ):
        codes.setdefault((respondent, question, replicate), []).append(code)
    found = results.rows(
        """SELECT a.respondent_id, a.question_id, a.replicate, a.status, t.text
        FROM respondents r JOIN answers a ON a.respondent_id = r.id
        JOIN answer_sources s USING (respondent_id, question_id, method, replicate)
        JOIN attempts t USING (cell_id, subject_id, step, ordinal)
        WHERE r.cell_id = ? AND r.id BETWEEN ? AND ? AND a.method = 'text' AND t.text IS NOT NULL AND t.attempt = (
            SELECT max(attempt) FROM attempts l WHERE (l.cell_id, l.subject_id, l.step, l.ordinal)
            = (s.cell_id, s.subject_id, s.step, s.ordinal))
        ORDER BY 1, 3, 2""",
        (cell.id, *respondents),
    )
    return tuple(
        StoredResponse(
            number=number,
            respondent=respondent,
            question=questions[question],
            status=status,
            replicate=replicate,
            codes=tuple(sorted(codes.get((respondent, question, replicate), ()), key=place[question].__getitem__)),
            reply=reply,
        )
        for number, (respondent, question, replicate, status, reply) in enumerate(found, start=1)
    )


def for_annotation(
    cell: Cell, responses: Sequence[StoredResponse], rng: np.random.Generator, share: float = 0.01
) -> tuple[Sampled, ...]:
    """A share of the responses, drawn for people to judge; see :func:`analysis.annotation.write_sheet`."""
    chosen = [responses[number - 1] for number in sampled(len(responses), rng, share).tolist()]
    return tuple(
        Sampled(r.number, cell.name, r.respondent, r.question.name, r.question.text, r.reply) for r in chosen
    )


def rule_failures(results: Results, responses: Sequence[StoredResponse], rules: Rules) -> tuple[Failure, ...]:
    """What rules find in every interview of a cell."""
    most = dict(results.rows("SELECT id, max_selections FROM questions"))
    labels = {
        question.id: {choice.code: choice.label for choice in question.choices} for question in results.questions
    }
    interviews: dict[tuple[int, int], list[Response]] = {}
    for r in responses:
        interviews.setdefault((r.respondent, r.replicate), []).append(
            r.for_rules(most[r.question.id], labels[r.question.id])
        )
    return tuple(failure for interview in interviews.values() for failure in rule_judge(interview, rules))


def judgements(results: Results, cell: Cell, rules: DefRules) -> tuple[tuple[str, Dimension, Verdict | None], ...]:
    """Verdicts that judge models left in the store, as (judge, dimension, verdict).

    A verdict stands there as ``pass`` or ``failure``, or in the judge's words, which are then parsed by the rules.
    Judgements of other dimensions than the six are left out.
    """
    return tuple(
        (judge, dimension, judgement_verdict(verdict, rules))
        for judge, dimension, verdict in _judged(results, cell, "j.judge, j.dimension, j.verdict")
        if dimension in DIMENSIONS
    )


def judged_as_annotations(results: Results, cell: Cell, rules: DefRules) -> tuple[Annotation, ...]:
    """The same as if every judge were an annotator, to see how far it agrees with people."""
    return tuple(
        Annotation(cell.name, respondent, question, judge, dimension, verdict)
        for respondent, question, judge, dimension, text in _judged(
            results, cell, "j.respondent_id, q.name, j.judge, j.dimension, j.verdict"
        )
        if dimension in DIMENSIONS and (verdict := judgement_verdict(text, rules)) is not None
    )


def stored_resolutions(results: Results, cell: Cell) -> tuple[Resolution, ...]:
    """What people decided about replies of a cell that could not be read, the latest of each."""
    latest = {
        (respondent, question): Resolution(respondent, question, code)
        for respondent, question, code in results.rows(
            """SELECT z.respondent_id, q.name, z.code FROM resolutions z JOIN questions q ON q.id = z.question_id
            JOIN respondents r ON r.id = z.respondent_id WHERE r.cell_id = ? AND z.method = 'text' ORDER BY z.at""",
            (cell.id,),
        )
    }
    return tuple(latest.values())


def _judged(results: Results, cell: Cell, columns: str) -> list[Any]:
    return results.rows(
        f"""SELECT {columns} FROM respondents r JOIN judgements j ON j.respondent_id = r.id
        JOIN questions q ON q.id = j.question_id WHERE r.cell_id = ? ORDER BY j.judge, r.id, q.id, j.dimension""",
        (cell.id,),
    )


def judgement_verdict(text: str | None, rules: DefRules) -> Verdict | None:
    """What a stored judgement says: ``pass``, ``failure``, or words of a judge to be parsed by the rules."""
    if text is None:
        return None
    return "pass" if text == "pass" else "failure" if text == "failure" else parse_verdict(text, rules)
