"""What the arms of split ballots do to the answers: every arm against the first one, question by question.

People belong to arms at random, so the effect of an arm is a difference of means. A multiple choice, a ranking, an
allocation and a choice without order have an effect for every option; what has an order or is a number, one.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.position import Effect, difference
from analysis.reading import Results
from analysis.records import Asked, Cell
from analysis.tallies import option_scores
from demoscope.documents import Document

Given = dict[tuple[int, int], tuple[str, list[tuple[int | None, int | None, float | None]], float | None]]
"""(Respondent, replicate) -> arm, options chosen as (code, rank, points), and value."""


class ArmEffect(Document):
    """What one arm does to the answers to one question, against the first arm of its split."""

    question: str
    split: str
    arm: str
    baseline: str
    """The split's first arm."""
    outcome: str
    """What is compared, in words: ``mean score``, ``share of 2: No``, ``points of 1: Roads``."""
    effect: Effect


@dataclass(frozen=True, slots=True)
class ArmEffects:
    """Effects of all arms of a cell."""

    effects: tuple[ArmEffect, ...]
    """By question, arm and option, in the order of the questionnaire."""
    questions: tuple[str, ...]
    """Questions of a split."""
    answers: int
    """Answers that the effects rest on."""
    not_compared: tuple[tuple[str, str], ...]
    """Questions, or arms of one, without an effect, and why."""


def arm_effects(results: Results, cell: Cell, fewest: int) -> ArmEffects:
    """Effects of the arms of every split ballot in one cell.

    Parameters
    ----------
    fewest : int
        Answers in each of two arms below which they are not compared.

    Raises
    ------
    StoreError
        If the store is damaged.
    """
    splits = {split.id: tuple(split.arms) for split in results.questionnaire.splits}
    effects: list[ArmEffect] = []
    left: list[tuple[str, str]] = []
    names: list[str] = []
    answers = 0
    for question, split in _of_splits(results):
        names.append(question.name)
        if question.kind == "text":
            left.append((question.name, "open answers are read, not compared"))
            continue
        outcomes = _outcomes(question)
        values = list(_valued(_given(results, cell, question), question, outcomes))
        first, *others = splits[split]
        compared: set[str] = set()
        for arm in others:
            between = [value for value in values if value[1] in (first, arm)]
            treated = np.array([value[1] == arm for value in between], dtype=np.bool_)
            sizes = int((~treated).sum()), int(treated.sum())
            if min(sizes) < fewest:
                why = f"arm {arm}: {sizes[0]} answers in {first} and {sizes[1]} in {arm}, fewer than {fewest}"
                left.append((question.name, why))
                continue
            compared |= {first, arm}
            who = np.array([value[0] for value in between])
            for place, outcome in enumerate(outcomes):
                effect = difference([value[2][place] for value in between], treated, who)
                assert effect is not None
                effects.append(
                    ArmEffect(
                        question=question.name,
                        split=split,
                        arm=arm,
                        baseline=first,
                        outcome=outcome[1],
                        effect=effect,
                    )
                )
        answers += sum(value[1] in compared for value in values)
    return ArmEffects(tuple(effects), tuple(names), answers, tuple(left))


def _of_splits(results: Results) -> Iterator[tuple[Asked, str]]:
    """Questions of a split and its id; an open one as what it is counted as in codes, where it is."""
    asked = {question.name: question for question in results.questions}
    for question in results.questionnaire.asked:
        if question.split is not None:
            in_codes = [each for each in results.questions if each.codes_of == question.id]
            for one in in_codes or [asked[question.id]]:
                yield one, question.split


def _outcomes(question: Asked) -> list[tuple[int | None, str]]:
    """What is compared: the code that it is about (``None``: the answer as a whole), and what it is called."""
    options = [choice for choice in question.choices if choice.substantive]
    if question.kind == "number":
        return [(None, "mean")]
    if question.kind in ("single", "scale") and question.ordinal and len(options) > 2:
        return [(None, "mean score")]
    named = [(choice.code, f"{choice.code}: {choice.label}") for choice in options]
    if question.kind == "single" and len(named) == 2:
        named = named[1:]  # the other share is what is left of 1
    what = {"ranking": "first places of", "allocation": "points of"}.get(question.kind, "share of")
    return [(code, f"{what} {words}") for code, words in named]


def _given(results: Results, cell: Cell, question: Asked) -> Given:
    """Understood answers to one question, with the arm that each was asked in."""
    if question.codes_of is not None:
        return _given_in_codes(results, cell, question)
    found: Given = {}
    for respondent, replicate, written, value, code, rank, amount in results.rows(
        """SELECT a.respondent_id, a.replicate, a.presentation, a.value, o.code, o.rank, o.amount
        FROM respondents r JOIN answers a ON a.respondent_id = r.id
        LEFT JOIN answer_options o USING (respondent_id, question_id, method, replicate)
        WHERE r.cell_id = ? AND a.question_id = ? AND a.method = 'text' AND a.status = 'answered'
        ORDER BY a.respondent_id, a.replicate""",
        (cell.id, question.id),
    ):
        arm = json.loads(written or "{}").get("arm")
        if arm is not None:
            options = found.setdefault((respondent, replicate), (arm, [], value))[1]
            options.append((code, rank, amount))
    return found


def _given_in_codes(results: Results, cell: Cell, question: Asked) -> Given:
    """The same for open answers in codes, in the arm that the open question was asked in."""
    opened = next(each for each in results.questions if each.name == question.codes_of)
    codes = {
        (each.respondent, each.replicate): each.code
        for each in results.coded_endings(cell)
        if each.question == question.id and each.code is not None
    }
    said = _given(results, cell, opened)
    return {key: (arm, [(codes[key], None, None)], None) for key, (arm, *_) in said.items() if key in codes}


def _valued(
    given: Given, question: Asked, outcomes: list[tuple[int | None, str]]
) -> Iterator[tuple[int, str, list[float]]]:
    """Respondent, arm and outcomes of every answer that is more than a "don't know"."""
    scores = option_scores(question)
    declined = {choice.code for choice in question.choices if not choice.substantive}
    for (respondent, _), (arm, options, value) in given.items():
        chosen = {code: (rank, amount) for code, rank, amount in options if code is not None}
        if declined & chosen.keys():
            continue
        if outcomes[0][0] is None:
            whole = next((scores[code] for code in chosen), None) if chosen else value
            if whole is not None:
                yield respondent, arm, [float(whole)]
        else:
            yield respondent, arm, [_of_option(question.kind, chosen.get(code or 0)) for code, _ in outcomes]


def _of_option(kind: str, found: tuple[int | None, float | None] | None) -> float:
    """What an answer gives to an option: points, or 1 when it was chosen (in a ranking: put first) and 0 if not."""
    if found is None:
        return 0.0
    rank, amount = found
    if kind == "allocation":
        return float(amount or 0.0)
    return float(rank == 1) if kind == "ranking" else 1.0
