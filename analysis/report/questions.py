"""Every question: distances at a glance, then answers beside those of people with their intervals."""

import math
from itertools import product

from analysis.findings import QuestionSummary
from analysis.report.blocks import (
    Block,
    Card,
    Cards,
    Column,
    Figure,
    Fold,
    Paragraph,
    Row,
    Section,
    Table,
    Value,
)
from analysis.report.drawings import Bar, Standing, draw_shares, draw_standings
from analysis.report.groups import groups_of_question
from analysis.report.material import Material, Subject
from analysis.report.svg import COLOURS
from analysis.report.telling import ABSENT, brief, count, cut, label, mark_of, measured, number, ranged, shaded
from analysis.report.telling import shares_with_limits as limited
from analysis.report.words import Words

MOST_DRAWN = 40
"""Questions in the drawing of one condition: the furthest from people."""

MOST_OPTIONS = 25
"""Options of a question that are drawn; all are in its table."""


def questions(material: Material, w: Words) -> tuple[Section, ...]:
    """The overview, and the questions one by one."""
    parts: list[Section] = []
    overview: list[Block] = []
    cards: list[Card] = []
    for store in range(len(material.stores)):
        subjects = material.of_store(store)
        if not subjects:
            continue
        if any(subject.cell.averages.questions for subject in subjects):
            overview.append(_overview(material, store, w))
            overview += _drawn(subjects, w)
        cards += _cards(material, store, w)
    if overview:
        parts.append(Section("glance", w("glance"), (Paragraph(w("glance_note"), "note"), *overview)))
    if cards:
        parts.append(
            Section("questions", w("questions"), (Paragraph(w("questions_note"), "note"), Cards(tuple(cards))))
        )
    return tuple(parts)


def _overview(material: Material, store: int, w: Words) -> Table:
    subjects = material.of_store(store)
    columns = [Column(w("number_short")), Column(w("question"), number=False)]
    columns += [Column(subject.label, subject=subject.number) for subject in subjects]
    rows = []
    for place, question in enumerate(subjects[0].cell.questions):
        mine = [subject.cell.questions[place] for subject in subjects]
        named = Value(f"{question.id}: {brief(question.text)}", question.id, href=card_name(store, question.id))
        rows.append(Row((count(place + 1), named, *(measured(each.leading, w) for each in mine))))
    return Table(w("glance_caption", wave=material.stores[store].summary.wave), tuple(columns), tuple(rows))


def _drawn(subjects: tuple[Subject, ...], w: Words) -> list[Block]:
    """A drawing for each condition and measure: W1 of ordered questions, JS of the others."""
    made: list[Block] = []
    for subject, name in product(subjects, ("w1", "js")):
        found = [(q, m) for q in subject.cell.questions if (m := q.leading) and (q.w1 is None) == (name == "js")]
        found = sorted(found, key=lambda pair: -pair[1].simulated)[:MOST_DRAWN]
        if not found:
            continue
        rows = [
            Standing(
                *(f"{q.id}: {brief(q.text)}", subject.number, m.simulated, m.low, m.high),
                *((m.sample.low, m.sample.median, m.sample.high), m.uniform, m.majority),
            )
            for q, m in found
        ]
        title = w("furthest_title", name=subject.label, n=len(rows))
        told = w("furthest_alt", name=subject.label, first=found[0][0].id, value=f"{found[0][1].simulated:.3f}")
        drawn = draw_standings(rows, w(f"axis_{name}"), told)
        figure = Figure(
            f"distance_by_question_{name}_{subject.number}", title, drawn, w("standing_note"), subject.number
        )
        made.append(Fold(title, (figure,), subject.number))
    return made


def card_name(store: int, question: str) -> str:
    """Id of a question on the page."""
    return f"q{store + 1}-{question}"


def _cards(material: Material, store: int, w: Words) -> list[Card]:
    subjects = material.of_store(store)
    facts = {question.name: question for question in material.stores[store].facts.questions}
    cards = []
    for place, question in enumerate(subjects[0].cell.questions):
        mine = [subject.cell.questions[place] for subject in subjects]
        about = facts.get(question.id)
        told = [w("kind_" + question.kind) if f"kind_{question.kind}" in w.phrases else question.kind]
        told += [name for name in (about.section, about.topic, about.dimension) if name] if about else []
        told += [material.stores[store].summary.wave] if len(material.stores) > 1 else []
        marks: set[str] = {mark for each in mine if (mark := mark_of(each.leading))} or {"none"}
        far = max((m.simulated for each in mine if (m := each.leading)), default=-1.0)
        cards.append(
            Card(
                name=card_name(store, question.id),
                title=question.id,
                text=cut(question.text),
                facts=" · ".join(told),
                marks=tuple(sorted(marks)),
                sorts=(float(place + 1000 * store), 1e9 if math.isinf(far) else far),
                blocks=tuple(_of_card(subjects, mine, store, w)),
            )
        )
    return cards


def _of_card(subjects: tuple[Subject, ...], mine: list[QuestionSummary], store: int, w: Words) -> list[Block]:
    first = mine[0]
    blocks: list[Block] = []
    if first.kind == "number":
        blocks.append(_numbers(subjects, mine, w))
    elif first.shares and any(each.n_simulated for each in mine):
        if len(subjects) <= COLOURS:
            blocks.append(_bars(subjects, mine, store, w))
            blocks.append(Fold(w("numbers"), (_shares(subjects, mine, w),)))
        else:
            blocks.append(_shares(subjects, mine, w))
    measures = _distances(subjects, mine, w)
    if measures:
        blocks.append(Fold(w("distances"), (measures,)))
    elif first.not_compared:
        reasons = dict.fromkeys(each.not_compared for each in mine if each.not_compared)
        blocks.append(Paragraph(w("not_compared", why="; ".join(map(w.said, reasons))), "note"))
    groups = groups_of_question(subjects, first.id, w)
    if groups:
        blocks.append(Fold(w("by_subgroup"), tuple(groups)))
    return blocks


def _bars(subjects: tuple[Subject, ...], mine: list[QuestionSummary], store: int, w: Words) -> Figure:
    people = next((q for s, q in zip(subjects, mine, strict=True) if s.has_people and q.n_human), None)
    options = []
    for place, option in enumerate(mine[0].shares[:MOST_OPTIONS]):
        bars = [
            Bar(s.number, (o := q.shares[place]).simulated, o.low, o.high)
            for s, q in zip(subjects, mine, strict=True)
        ]
        if people:
            real = people.shares[place]
            bars.append(Bar(0, real.human, real.human_low, real.human_high))
        options.append((option.label, bars))
    told = "; ".join(
        f"{cut(label, 60)}: " + ", ".join(f"{_who(b, subjects, w)} {_percent(b.share)}" for b in bars)
        for label, bars in options
    )
    left = len(mine[0].shares) - MOST_OPTIONS
    note = w("options_left_out", n=left) if left > 0 else ""
    alt = w("shares_alt", question=mine[0].id, shares=cut(told, 3000))
    names = [(subject.number, _short(subject, subjects, w)) for subject in subjects]
    drawn = draw_shares(options, [*names, (0, w("people"))] if people else names, alt)
    return Figure(card_name(store, mine[0].id), "", drawn, note)


def _who(bar: Bar, subjects: tuple[Subject, ...], w: Words) -> str:
    if bar.number == 0:
        return w("people")
    return w("simulated") if len(subjects) == 1 else str(bar.number)


def _percent(value: float | None) -> str:
    return "·" if value is None else f"{value:.0%}"


def _shares(subjects: tuple[Subject, ...], mine: list[QuestionSummary], w: Words) -> Table:
    people = next((q for s, q in zip(subjects, mine, strict=True) if s.has_people and q.n_human), None)
    if len(subjects) > COLOURS:
        return _shaded_shares(subjects, mine, people, w)
    ranked = any(option.rank or option.points for q in mine for option in q.shares)
    columns = [Column(w("code")), Column(w("option"), number=False)]
    for subject in subjects:
        columns.append(Column(_short(subject, subjects, w), subject=subject.number))
        if ranked:
            name = w("mean_rank" if mine[0].kind == "ranking" else "mean_points")
            columns.append(Column(name, subject=subject.number))
    columns += [Column(w("people"))] if people else []
    rows = []
    for place, option in enumerate(mine[0].shares):
        values = [count(option.code), label(option.label)]
        for question in mine:
            o = question.shares[place]
            values.append(limited(o.simulated, o.low, o.high))
            middle = o.rank or o.points
            values += [number(middle.mean if middle else None, 2)] if ranked else []
        if people:
            real = people.shares[place]
            values.append(limited(real.human, real.human_low, real.human_high))
        rows.append(Row(tuple(values)))
    return Table(w("shares_caption", n=_counts(mine, people, w)), tuple(columns), tuple(rows))


def _short(subject: Subject, subjects: tuple[Subject, ...], w: Words) -> str:
    return w("simulated") if len(subjects) == 1 else subject.label


def _counts(mine: list[QuestionSummary], people: QuestionSummary | None, w: Words) -> str:
    ours = ", ".join(f"{q.n_simulated:,}" for q in mine)
    declined = sum(q.n_nonresponse for q in mine)
    told = [w("n_simulated", n=ours)]
    told += [w("n_people", n=f"{people.n_human:,.0f}")] if people else []
    told += [w("n_declined", n=f"{declined:,}")] if declined else []
    return " · ".join(told)


def _shaded_shares(
    subjects: tuple[Subject, ...], mine: list[QuestionSummary], people: QuestionSummary | None, w: Words
) -> Table:
    columns = (
        Column(w("condition"), number=False),
        *(Column(brief(o.label, 40)) for o in mine[0].shares),
        Column("n"),
    )
    rows = []
    if people:
        shades = shaded([o.human for o in people.shares], most=1.0)
        rows.append(Row((Value(w("people"), 0.0), *shades, count(people.n_human))))
    for subject, question in zip(subjects, mine, strict=True):
        shades = shaded([o.simulated for o in question.shares], most=1.0)
        rows.append(Row((Value(subject.label, subject.number), *shades, count(question.n_simulated)), subject.number))
    return Table(w("shares_shaded_caption"), columns, tuple(rows))


def _numbers(subjects: tuple[Subject, ...], mine: list[QuestionSummary], w: Words) -> Table:
    columns = (
        Column(w("condition"), number=False),
        *(Column(w(n)) for n in ("mean", "interval_95", "median", "least", "most")),
    )
    rows = []
    for subject, question in zip(subjects, mine, strict=True):
        found = question.number
        values = [ABSENT] * 5
        if found:
            mean = found.mean
            limits = ABSENT if mean.low is None else Value(f"{mean.low:,.2f}–{mean.high:,.2f}", mean.low)
            values = [number(mean.mean, 2), limits, *(number(v, 2) for v in (found.median, found.least, found.most))]
        rows.append(Row((Value(subject.label, subject.number), *values), subject.number))
    return Table(w("numbers_caption"), columns, tuple(rows))


def _distances(subjects: tuple[Subject, ...], mine: list[QuestionSummary], w: Words) -> Table | None:
    names = ("interval_95", "uniform", "majority", "people_same_n", "halves")
    columns = (Column(w("condition"), number=False), Column(w("measure"), number=False), Column(w("distance")))
    rows = []
    for subject, question in zip(subjects, mine, strict=True):
        for name, m in (("W1", question.w1), ("KL", question.kl), ("JS", question.js)):
            if m is not None:
                limits = ABSENT if m.low is None else Value(f"{number(m.low).text}–{number(m.high).text}", m.low)
                more = (limits, number(m.uniform), number(m.majority), ranged(m.sample), ranged(m.halves))
                first = (Value(subject.label, subject.number), Value(name))
                rows.append(Row((*first, measured(m, w, m is question.leading), *more), subject.number))
    if not rows:
        return None
    return Table(w("distances_caption"), (*columns, *(Column(w(name)) for name in names)), tuple(rows))
