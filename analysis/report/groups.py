"""Subgroups: how far each is from its real counterpart, and what it answered."""

from collections.abc import Sequence

from analysis.findings import GroupingSummary, LevelSummary
from analysis.report.blocks import Block, Column, Figure, Fold, Paragraph, Row, Section, Table, Value
from analysis.report.drawings import draw_stacked
from analysis.report.material import Material, Subject
from analysis.report.telling import ABSENT, count, cut, interval, measured, number, ranged
from analysis.report.words import Words

MOST_BARS = 6000
"""Bars of subgroups on a page; beyond, a page would be too heavy, and the tables stand for them."""

MOST_UNFOLDED = 3
"""Conditions whose tables and drawings stand open one below the other; of more, each has a fold."""

PARTS = 7
"""Options that stacked bars tell apart."""


def groups(material: Material, w: Words) -> Section | None:
    """Each condition by each grouping of the human reference; ``None`` without any."""
    blocks: list[Block] = []
    for subject in material.subjects:
        mine: list[Block] = [_table(subject, grouping, w) for grouping in subject.cell.groupings]
        if not mine:
            continue
        told = [
            Paragraph(
                w("not_told", groupings=", ".join(g.name for g in subject.cell.groupings if not g.told)), "note"
            )
        ]
        mine = [*(told if not all(g.told for g in subject.cell.groupings) else []), *mine]
        blocks += (
            [Fold(subject.label, tuple(mine), subject.number)] if len(material.subjects) > MOST_UNFOLDED else mine
        )
    if not blocks:
        return None
    fewest = material.stores[0].summary.smallest_group
    return Section("groups", w("groups"), (Paragraph(w("groups_note", n=fewest), "note"), *blocks))


def _table(subject: Subject, grouping: GroupingSummary, w: Words) -> Table:
    columns = (
        Column(w("level"), number=False),
        *(Column(w(name)) for name in ("n", "within", "distance", "interval_95", "people_same_n", "uniform")),
    )
    told = w("told") if grouping.told else w("not_told_short")
    caption = f"{subject.label} · {grouping.name} ({told})"
    return Table(caption, columns, tuple(_row(level, w) for level in grouping.levels), subject.number)


def _row(level: LevelSummary, w: Words) -> Row:
    first = (Value(cut(level.level, 100)), count(level.n))
    a = level.averages
    if level.too_few or a is None or a.leading is None:
        why = w("too_few") if level.too_few else "·"
        return Row((*first, Value(why, -1.0), ABSENT, ABSENT, ABSENT, ABSENT))
    m = a.leading
    within = Value(f"{a.within_people} / {a.questions}", a.within_people / a.questions)
    return Row((*first, within, measured(m, w), interval(m.low, m.high), ranged(m.sample), number(m.uniform)))


def groups_of_question(subjects: tuple[Subject, ...], question: str, w: Words) -> list[Block]:
    """Answers of each subgroup to one question, above those of its real counterpart."""
    if _bars(subjects) > MOST_BARS:
        return []
    made: list[Block] = []
    for subject in subjects:
        for grouping in subject.cell.groupings:
            figure = _figure(subject, grouping, question, w)
            made += [figure] if figure else []
    return made


def _bars(subjects: tuple[Subject, ...]) -> int:
    return sum(2 * len(level.questions) for s in subjects for g in s.cell.groupings for level in g.levels)


def _figure(subject: Subject, grouping: GroupingSummary, question: str, w: Words) -> Figure | None:
    rows: list[tuple[str, int | None, list[float]]] = []
    parts: list[str] = []
    for level in grouping.levels:
        found = next((q for q in level.questions if q.id == question), None)
        if found is None or found.kind not in ("single", "scale") or len(found.shares) > PARTS:
            continue
        for who, shares in (
            (w("simulated"), [o.simulated for o in found.shares]),
            (w("people"), [o.human for o in found.shares]),
        ):
            if None not in shares:
                parts = [option.label for option in found.shares]
                rows.append((f"{level.level}, {who}", None, [share or 0.0 for share in shares]))
    if not rows:
        return None
    title = f"{subject.label} · {grouping.name}"
    told = (
        w("groups_alt", title=title) + " " + "; ".join(f"{n}: {', '.join(f'{s:.0%}' for s in p)}" for n, _, p in rows)
    )
    name = f"groups_{subject.number}_{grouping.name}_{question}"
    return Figure(name, title, draw_stacked(rows, toned(parts), cut(told, 3000)), "", subject.number)


def toned(parts: Sequence[str]) -> list[tuple[str, str]]:
    """Parts of a stacked bar with their classes, from one end of an order to the other.

    >>> toned(["No", "Partly", "Yes"])
    [('t0', 'No'), ('t3', 'Partly'), ('t6', 'Yes')]
    """
    return [(f"t{round(n * (PARTS - 1) / max(len(parts) - 1, 1))}", part) for n, part in enumerate(parts)]
