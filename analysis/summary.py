"""From a store to a summary: how a simulated public compares with the real one, cell by cell."""

from dataclasses import replace

import numpy as np

from analysis import yardsticks
from analysis.costs import cost_of
from analysis.def_data import culture_of, human_counts, why_no_people
from analysis.findings import (
    CellSummary,
    GroupingSummary,
    LevelSummary,
    Reason,
    ReferenceSummary,
    Statuses,
    Summary,
)
from analysis.opening import opening
from analysis.quantities import read_quantities
from analysis.questions import Draws, Public, compare
from analysis.reading import Results
from analysis.records import STATUSES, Cell
from analysis.tallies import tally
from surveys.reference import Group

SMALLEST_GROUP = 10
"""Simulated respondents below which nothing is claimed about a subgroup."""

REASONS = 3
"""Reasons shown of each status."""

FIRST_GROUPINGS = ("sex", "age_group")
"""Groupings shown before all others."""


def summarise(results: Results, draws: int = yardsticks.DRAWS) -> Summary:
    """Summarise a store: statuses, shares, distances from people, subgroups.

    Random draws come from the wave's seed and the names of what is drawn, so a summary can be repeated exactly.

    Parameters
    ----------
    draws : int
        Draws of each human yardstick and of the bootstrap.

    Raises
    ------
    StoreError
        If the store is damaged.
    """
    wave, reference = results.wave, results.reference
    cells = tuple(_cell(results, cell, Draws(wave.seed, draws)) for cell in results.cells)
    total = _total([cell.statuses for cell in cells])
    return Summary(
        wave=wave.name,
        questionnaire=wave.questionnaire,
        started=wave.started,
        finished=wave.finished,
        reference=None
        if reference is None
        else ReferenceSummary(
            id=reference.id,
            title=reference.title,
            year=reference.year,
            source=reference.source,
            note=reference.note,
            weighted=reference.weighted,
        ),
        draws=draws,
        smallest_group=SMALLEST_GROUP,
        understood=total.understood or 0.0,
        cells=cells,
    )


def _cell(results: Results, cell: Cell, draws: Draws) -> CellSummary:
    respondents = results.respondents(cell)
    answers = results.answers(cell, respondents)
    everybody = Public(
        cell=cell,
        group=(),
        among=np.ones(len(respondents.ids), dtype=np.bool_),
        respondents=respondents,
        tallies=tuple(tally(question, answers) for question in results.questions),
        quantities=read_quantities(results, cell, respondents),
        endings=results.endings(cell, respondents),
        human=human_counts(results, cell),
        weighted_people=bool(results.reference and results.reference.weighted),
    )
    questions, averages = compare(everybody, draws)
    asked = {question.name for question in results.questions if question.codes_of is None}
    statuses = _total([question.statuses for question in questions if question.id in asked])
    heard = len(np.unique(answers.respondent))
    return CellSummary(
        **{name: getattr(cell, name) for name in ("name", "condition", "model", "protocol", "profile", "language")},
        opening=opening(statuses, averages, heard, everybody.human is not None),
        respondents=len(respondents.ids),
        heard=heard,
        weighted=respondents.weighted,
        statuses=statuses,
        reasons=_reasons(results, cell),
        questions=questions,
        averages=averages,
        groupings=_groupings(results, everybody, draws),
        cost=cost_of(results, cell),
        resolved=results.resolved(cell)[0],
        unresolved=results.resolved(cell)[1],
        no_people=why_no_people(results, cell),
    )


def _groupings(results: Results, everybody: Public, draws: Draws) -> tuple[GroupingSummary, ...]:
    """Sex and age group first, then those that the model was told, then the others."""
    groups = results.reference.traits if results.reference and everybody.human is not None else {}
    found = [_grouping(results, everybody, name, group, draws) for name, group in groups.items()]
    first = {name: place for place, name in enumerate(FIRST_GROUPINGS)}
    return tuple(sorted(found, key=lambda grouping: (first.get(grouping.name, len(first)), not grouping.told)))


def _grouping(results: Results, everybody: Public, name: str, group: Group, draws: Draws) -> GroupingSummary:
    human = results.human_counts_by(name, culture_of(results, everybody.cell))
    bands = group.bands
    levels = results.levels(group, everybody.respondents)
    names = sorted(bands, key=bands.__getitem__) if bands else list(human)
    names += sorted({level for level in levels if level is not None} - set(names))
    positions = np.array([names.index(level) if level is not None else -1 for level in levels], dtype=np.int64)
    publics = [
        replace(
            everybody,
            group=(name, level),
            among=positions == position,
            tallies=tuple(t.among(positions == position) for t in everybody.tallies),
            human=human.get(level, {}),
        )
        for position, level in enumerate(names)
    ]
    return GroupingSummary(
        name=name,
        attribute=group.attribute,
        told=group.attribute in everybody.cell.told,
        levels=tuple(_level(public, draws) for public in publics),
    )


def _level(public: Public, draws: Draws) -> LevelSummary:
    level, n = public.group[-1], public.heard
    if n < SMALLEST_GROUP:
        return LevelSummary(level=level, n=n, too_few=True)
    questions, averages = compare(public, draws)
    return LevelSummary(level=level, n=n, too_few=False, questions=questions, averages=averages)


def _reasons(results: Results, cell: Cell) -> tuple[Reason, ...]:
    """Why answers were not understood, in the order of the statuses, the most frequent of each first."""
    rows = results.rows(
        """SELECT a.status, coalesce(substr(a.reason, 1, 300), ''), count(*)
        FROM respondents r JOIN answers a ON a.respondent_id = r.id
        WHERE r.cell_id = ? AND a.method = ? AND a.status IN ('refused', 'invalid', 'failed')
        GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2""",
        (cell.id, results.method(cell)),
    )
    return tuple(
        Reason(status=status, reason=reason, count=count)
        for wanted in STATUSES
        for status, reason, count in [row for row in rows if row[0] == wanted][:REASONS]
    )


def _total(parts: list[Statuses]) -> Statuses:
    return Statuses(**{status: sum(getattr(part, status) for part in parts) for status in STATUSES})
