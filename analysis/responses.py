"""Responses of a cell one by one, for rules, annotators and judges, with what judges and people left in the store."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.annotation import RULES, Annotation
from analysis.def_rules import DefRules
from analysis.insensitivity import parse_verdict
from analysis.reading import Results
from analysis.records import Asked, Cell
from analysis.resolutions import Resolution, Unread
from analysis.rule_judge import Failure, Response, Rules, rule_judge
from demoscope.errors import DocumentError
from demoscope.replies import read_replies, reply_keys
from surveys.judging import DIMENSIONS, Dimension, Verdict

UNREAD = ("refused", "invalid")
"""Statuses of replies that people may resolve."""


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


def rule_failures(results: Results, responses: Sequence[StoredResponse], rules: Rules) -> tuple[Failure, ...]:
    """What rules find in every interview of a cell."""
    interviews = _interviews(results, responses).values()
    return tuple(failure for interview in interviews for failure in rule_judge(interview, rules))


def rules_as_annotations(
    results: Results, responses: Sequence[StoredResponse], rules: Rules
) -> tuple[Annotation, ...]:
    """Rules as if they were an annotator, in the dimensions that they look at; finding no fault counts as a pass."""
    looked_at: tuple[Dimension, ...] = ("IU", "QC", "RP", "CV", *(("FF",) if rules.keys else ()))
    found: list[Annotation] = []
    for (respondent, replicate), interview in _interviews(results, responses).items():
        faults = {(fault.question, fault.dimension) for fault in rule_judge(interview, rules)}
        found += [
            Annotation(
                respondent,
                response.question,
                replicate,
                RULES,
                dimension,
                "failure" if (response.question, dimension) in faults else "pass",
            )
            for response in interview
            for dimension in looked_at
        ]
    return tuple(found)


def judgements(results: Results, cell: Cell, rules: DefRules) -> tuple[tuple[str, Dimension, Verdict | None], ...]:
    """Verdicts that judge models left in the store, as (judge, dimension, verdict).

    A verdict stands there as ``pass`` or ``failure``, or in the judge's words, which are then parsed by the rules.
    Judgements of other dimensions than the six are left out.
    """
    return tuple((judge, dimension, verdict) for *_, judge, dimension, verdict in _judged(results, cell, rules))


def judged_as_annotations(results: Results, cell: Cell, rules: DefRules) -> tuple[Annotation, ...]:
    """The same as if every judge were an annotator, to see how far it agrees with people; without unclear ones."""
    return tuple(
        Annotation(respondent, question, replicate, judge, dimension, verdict)
        for respondent, question, replicate, judge, dimension, verdict in _judged(results, cell, rules)
        if verdict is not None
    )


def stored_resolutions(results: Results, cell: Cell) -> tuple[Resolution, ...]:
    """What people decided about replies of a cell that could not be read, the latest of each."""
    latest = {
        (respondent, question, replicate): Resolution(respondent, question, code, replicate)
        for respondent, question, replicate, code in results.rows(
            """SELECT z.respondent_id, q.name, z.replicate, z.code
            FROM resolutions z JOIN questions q ON q.id = z.question_id JOIN respondents r ON r.id = z.respondent_id
            WHERE r.cell_id = ? AND z.method = 'text' ORDER BY z.at, z.rowid""",
            (cell.id,),
        )
    }
    return tuple(latest.values())


def checked_resolutions(results: Results, decided: Sequence[Resolution]) -> tuple[Resolution, ...]:
    """The same resolutions, once each of them fits a reply of the store that was not understood.

    Raises
    ------
    DocumentError
        If one is about a reply that there is not or that was understood, about a question that takes no single
        choice, or has a code that was not on offer.
    """
    questions = {question.name: question for question in results.questions}
    for each in decided:
        who = f"The resolution for respondent {each.respondent}, question {each.question!r}"
        question = questions.get(each.question)
        if question is None:
            raise DocumentError(f"{who}: there is no such question; check its name.")
        if question.kind not in ("single", "scale"):
            raise DocumentError(
                f"{who}: it takes no single choice, which is all that can be resolved; remove the line."
            )
        status = results.rows(
            """SELECT status FROM answers
            WHERE respondent_id = ? AND question_id = ? AND method = 'text' AND replicate = ?""",
            (each.respondent, question.id, each.replicate),
        )
        if not status:
            raise DocumentError(f"{who}: {results.path} has no such answer; use the numbers of the store.")
        if status[0][0] == "answered":
            raise DocumentError(f"{who}: the reply was understood, so there is nothing to resolve. Remove the line.")
        if status[0][0] not in UNREAD:
            raise DocumentError(f"{who}: there is no reply (the answer is {status[0][0]}); remove the line.")
        codes = [choice.code for choice in question.choices]
        if each.code is not None and each.code not in codes:
            offered = ", ".join(map(str, codes))
            raise DocumentError(f"{who}: there is no code {each.code}; the question's are {offered}.")
    return tuple(decided)


def unread_replies(results: Results) -> tuple[Unread, ...]:
    """Replies that could not be read, to questions that take a single choice, and that nobody decided about yet."""
    one_choice = {question.name for question in results.questions if question.kind in ("single", "scale")}
    decided = {
        (each.respondent, each.question, each.replicate)
        for cell in results.cells
        for each in stored_resolutions(results, cell)
    }
    reasons = {
        tuple(key): reason
        for *key, reason in results.rows(
            """SELECT a.respondent_id, q.name, a.replicate, a.reason FROM answers a
            JOIN questions q ON q.id = a.question_id WHERE a.method = 'text' AND a.status = 'invalid'""",
        )
    }
    keys = [
        key
        for key in reply_keys(results.rows)
        if key.question in one_choice
        and (which := (key.respondent, key.question, key.replicate)) in reasons
        and which not in decided
    ]
    return tuple(
        Unread(reply, reasons[reply.key.respondent, reply.key.question, reply.key.replicate] or "")
        for reply in read_replies(results.rows, keys)
    )


def _interviews(results: Results, responses: Sequence[StoredResponse]) -> dict[tuple[int, int], list[Response]]:
    """Responses by respondent and repetition, as rules take them."""
    most = dict(results.rows("SELECT id, max_selections FROM questions"))
    labels = {
        question.id: {choice.code: choice.label for choice in question.choices} for question in results.questions
    }
    found: dict[tuple[int, int], list[Response]] = {}
    for r in responses:
        response = r.for_rules(most[r.question.id], labels[r.question.id])
        found.setdefault((r.respondent, r.replicate), []).append(response)
    return found


def _judged(
    results: Results, cell: Cell, rules: DefRules
) -> list[tuple[int, str, int, str, Dimension, Verdict | None]]:
    rows = results.rows(
        """SELECT j.respondent_id, q.name, j.replicate, j.judge, j.dimension, j.verdict, j.analysis
        FROM respondents r JOIN judgements j ON j.respondent_id = r.id JOIN questions q ON q.id = j.question_id
        WHERE r.cell_id = ? ORDER BY j.judge, r.id, q.id, j.replicate, j.dimension""",
        (cell.id,),
    )
    return [
        (*key, dimension, judgement_verdict(verdict, said, rules))
        for *key, dimension, verdict, said in rows
        if dimension in DIMENSIONS
    ]


def judgement_verdict(verdict: str | None, said: str | None, rules: DefRules) -> Verdict | None:
    """What a stored judgement says: ``pass``, ``failure``, or words of a judge to be parsed by the rules."""
    if rules.verdict == "any No" and said:  # the published rule reads all that the judge said
        return parse_verdict(said, rules)
    if verdict is None:
        return None
    return "pass" if verdict == "pass" else "failure" if verdict == "failure" else parse_verdict(verdict, rules)
