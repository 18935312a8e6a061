"""What the design of a questionnaire does to its answers: order, arms of split ballots, levels of experiments.

All effects of a cell are put into tables, each with its intervals, p-values adjusted for the number of rows, and the
answers that were left out.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import numpy as np

from analysis.arms import arm_effects
from analysis.conjoint import levels_of
from analysis.multiplicity import holm
from analysis.position import Effect
from analysis.position_report import FEWEST, PositionReport, position_report
from analysis.reading import Results
from analysis.records import Asked, Cell
from demoscope.documents import Document

Table = Literal["order", "order_by_question", "arms", "levels"]
"""First and last option over all questions; order question by question; arms of split ballots; levels of vignettes
and conjoint tasks."""


class EffectRow(Document):
    """One effect."""

    about: str
    """Question or experiment it is about; empty for all questions."""
    effect: str
    """What is compared with what, in words."""
    estimate: float | None
    """A difference of shares in [-1, 1], of mean scores, or of points; absent where nothing is known."""
    low: float | None
    """Lower end of the 95 % interval, which takes the respondent as the unit; absent with fewer than two."""
    high: float | None
    """Upper end of the same."""
    p: float | None
    """Two-sided, not adjusted; absent where all on either side answered alike, or the interval is absent."""
    p_holm: float | None
    """Adjusted for the rows of the table that have a p (Holm 1979)."""
    answers: int
    """Answers compared; of a level of a conjoint or vignette, profiles that had it."""
    respondents: int
    """Respondents who gave them."""


class LeftOut(Document):
    """Answers to the questions of a table that it does not rest on."""

    refused: int
    invalid: int
    failed: int
    skipped: int
    set_aside: int
    """Understood, but a "don't know", an option that a perturbation added, or shown in a way that says nothing."""


class EffectTable(Document):
    """Effects of one sort in one cell."""

    table: Table
    rows: tuple[EffectRow, ...]
    answers: int
    """Answers that the table rests on."""
    left_out: LeftOut
    not_estimated: tuple[tuple[str, str], ...]
    """Question, and why it has no row."""


class CellEffects(Document):
    """What the design did in one cell; tables without anything to tell are absent."""

    cell: str
    condition: str
    model: str
    respondents: int
    tables: tuple[EffectTable, ...]


class EffectsReport(Document):
    """Effects of the design in all cells of a store."""

    wave: str
    questionnaire: str
    cells: tuple[CellEffects, ...]


def effects_report(results: Results) -> EffectsReport:
    """Everything that was drawn by design and can be told from the answers: order, arms, levels.

    Effects are those on the simulated respondents, each counting once whatever its weight. P-values are adjusted
    within a table; tables, cells and stores are not adjusted for one another.

    Raises
    ------
    StoreError
        If the store is damaged.
    """
    return EffectsReport(
        wave=results.wave.name,
        questionnaire=results.wave.questionnaire,
        cells=tuple(_cell(results, cell) for cell in results.cells),
    )


def without_effect(results: Results) -> tuple[Asked, ...]:
    """Questions that count open answers in codes, of which no design can tell anything: those of no split ballot."""
    split = {question.id for question in results.questionnaire.asked if question.split is not None}
    return tuple(each for each in results.questions if each.codes_of is not None and each.codes_of not in split)


def _cell(results: Results, cell: Cell) -> CellEffects:
    tables = [*_order(results, cell), *_arms(results, cell), *_levels(results, cell)]
    return CellEffects(
        cell=cell.name,
        condition=cell.condition,
        model=cell.model,
        respondents=len(results.respondents(cell).ids),
        tables=tuple(table for table in tables if table.rows or table.not_estimated),
    )


def _order(results: Results, cell: Cell) -> Iterable[EffectTable]:
    """Position effects; none where no order was drawn."""
    found = position_report(results, cell)
    left = _left_out(
        *(results, cell),
        {q.name for q in results.questions if q.kind in ("single", "scale") and q.codes_of is None},
        found.answers,
    )
    overall = [
        _of_effect("", f"{place} option preferred", effect)
        for place, effect in (("first", found.first), ("last", found.last))
        if effect is not None
    ]
    twofold = {q.name for q in results.questions if sum(choice.substantive for choice in q.choices) == 2}
    single = list(_by_question(found, twofold))
    yield EffectTable(table="order", rows=_adjusted(overall), answers=found.answers, left_out=left, not_estimated=())
    yield EffectTable(
        table="order_by_question", rows=_adjusted(single), answers=found.answers, left_out=left, not_estimated=()
    )


def _by_question(found: PositionReport, twofold: Collection[str]) -> Iterable[EffectRow]:
    """Effects by question; of two options the last one and the direction say what the first one says already."""
    said = {
        "first": "first option preferred",
        "last": "last option preferred",
        "reversed": "mean, falling against rising order",
        "late": "mean, late against early",
    }
    for question in found.questions:
        for name, words in said.items():
            effect: Effect | None = getattr(question, name)
            if effect is not None and (name in ("first", "late") or question.question not in twofold):
                yield _of_effect(question.question, words, effect)


def _arms(results: Results, cell: Cell) -> Iterable[EffectTable]:
    found = arm_effects(results, cell, FEWEST)
    rows = [
        _of_effect(one.question, f"{one.arm} against {one.baseline}: {one.outcome}", one.effect)
        for one in found.effects
    ]
    yield EffectTable(
        table="arms",
        rows=_adjusted(rows),
        answers=found.answers,
        left_out=_left_out(results, cell, found.questions, found.answers),
        not_estimated=found.not_compared,
    )


def _levels(results: Results, cell: Cell) -> Iterable[EffectTable]:
    found = levels_of(results, cell)
    rows = [
        EffectRow(
            about=one.question or one.experiment,
            effect=f"{one.attribute}: {one.level} against {one.baseline}",
            estimate=one.effect,
            low=one.low,
            high=one.high,
            p=one.p,
            p_holm=None,
            answers=one.profiles,
            respondents=one.respondents,
        )
        for one in found.effects
    ]
    yield EffectTable(
        table="levels",
        rows=_adjusted(rows),
        answers=found.answers,
        left_out=_left_out(results, cell, found.questions, found.answers),
        not_estimated=found.not_rated,
    )


def _of_effect(about: str, words: str, effect: Effect) -> EffectRow:
    kept = effect.model_dump(include={"estimate", "low", "high", "p", "answers", "respondents"})
    return EffectRow(about=about, effect=words, p_holm=None, **kept)


def _adjusted(rows: Sequence[EffectRow]) -> tuple[EffectRow, ...]:
    """The rows with their p-values adjusted for one another."""
    known = [row.p for row in rows if row.p is not None]
    adjusted = iter(holm(np.array(known)).tolist())
    return tuple(row if row.p is None else row.model_copy(update={"p_holm": next(adjusted)}) for row in rows)


def _left_out(results: Results, cell: Cell, names: Collection[str], used: int) -> LeftOut:
    """How the answers to some questions ended that a table does not rest on."""
    respondents = results.respondents(cell)
    endings = results.endings(cell, respondents)
    everybody = np.ones(len(respondents.ids), dtype=np.bool_)
    total = dict.fromkeys(("answered", "refused", "invalid", "failed", "skipped"), 0)
    for question in results.questions:
        if question.name in names:
            for status, count in endings.of(question.id, everybody).items():
                total[status] += count
    answered = total.pop("answered")
    return LeftOut(**total, set_aside=answered - used)
