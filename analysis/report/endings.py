"""What was not understood, what misses its question, and what all of it took."""

from collections.abc import Sequence

from analysis.records import STATUSES
from analysis.report.blocks import Block, Column, Figure, Fold, Paragraph, Quote, Row, Section, Table, Value
from analysis.report.drawings import draw_stacked
from analysis.report.examples import Example
from analysis.report.material import Material
from analysis.report.questions import card_name
from analysis.report.telling import ABSENT, count, cut, number, share
from analysis.report.words import Words
from surveys.judging import DIMENSIONS

STATUS_TONES = ("ok", "refused", "invalid", "failed")


def insensitivity(material: Material, w: Words) -> Section | None:
    """Replies that miss their question, as rules and judges found them; ``None`` where nobody looked."""
    rows = [
        Row(
            (
                Value(subject.label, subject.number),
                Value(w("rules") if found.judge == "rules" else found.judge),
                Value(w(f"dimension_{found.dimension}"), list[str](DIMENSIONS).index(found.dimension)),
                count(found.failures),
                count(found.judged),
                share(found.share),
                ABSENT if found.low is None else Value(f"{found.low:.1%}–{found.high:.1%}", found.low),
                count(found.unclear),
            ),
            subject.number,
        )
        for subject in material.subjects
        for found in subject.evaluation.insensitivity
    ]
    if not rows:
        return None
    names = ("condition", "judge", "dimension", "failures", "judged", "share", "interval_95", "unclear")
    columns = tuple(Column(w(name), name not in ("condition", "judge", "dimension")) for name in names)
    blocks: list[Block] = [Table(w("insensitivity_caption"), columns, tuple(rows))]
    blocks += [
        Fold(
            w("examples_of", name=subject.label),
            _quotes(subject.insensitive, "dimension", w, subject.number),
            subject.number,
        )
        for subject in material.subjects
        if subject.insensitive
    ]
    return Section("insensitivity", w("insensitivity"), (Paragraph(w("insensitivity_note"), "note"), *blocks))


def endings(material: Material, w: Words) -> Section | None:
    """How answers ended, by condition and question, with reasons and replies; ``None`` without answers."""
    heard = [subject for subject in material.subjects if subject.cell.statuses.asked]
    if not heard:
        return None
    bars, rows = [], []
    for subject in heard:
        s = subject.cell.statuses
        counts = [getattr(s, name) for name in STATUSES]
        bars.append((subject.label, subject.number, [n / s.asked for n in counts[:4]]))
        values = (count(s.asked), *(count(n) for n in counts), share(s.understood))
        rows.append(Row((Value(subject.label, subject.number), *values), subject.number))
    told = "; ".join(
        f"{n}: {', '.join(f'{s} {p:.0%}' for s, p in zip(STATUSES, parts, strict=False))}" for n, _, parts in bars
    )
    parts = [(tone, w(f"status_{name}")) for tone, name in zip(STATUS_TONES, STATUSES, strict=False)]
    drawn = draw_stacked(bars, parts, w("endings_alt", shares=told))
    columns = (
        Column(w("condition"), number=False),
        Column(w("asked")),
        *(Column(w(f"status_{s}")) for s in STATUSES),
    )
    blocks: list[Block] = [
        Figure("endings", w("endings_title"), drawn),
        Table(w("endings_caption"), (*columns, Column(w("understood"))), tuple(rows)),
    ]
    lost = _lost(material, w)
    blocks += [lost] if lost else []
    for subject in heard:
        mine: list[Block] = []
        if subject.cell.reasons:
            reasons = tuple(
                Row(
                    (
                        Value(w(f"status_{r.status}")),
                        Value(cut(w.said(r.reason) or w("no_reason"), 400)),
                        count(r.count),
                    )
                )
                for r in subject.cell.reasons
            )
            named = (Column(w("status"), number=False), Column(w("reason"), number=False), Column(w("answers")))
            mine.append(Table(w("reasons_caption"), named, reasons, subject.number))
        mine += _quotes(subject.not_understood, "status", w, subject.number)
        blocks += [Fold(w("examples_of", name=subject.label), tuple(mine), subject.number)] if mine else []
    return Section("endings", w("endings"), (Paragraph(w("endings_note"), "note"), *blocks))


def _lost(material: Material, w: Words) -> Table | None:
    """Questions that lost answers."""
    rows = []
    for subject in material.subjects:
        for question in subject.cell.questions:
            s = question.statuses
            if s.asked > s.answered:
                counts = (count(n) for n in (s.asked, s.refused, s.invalid, s.failed))
                first = (
                    Value(question.id, href=card_name(subject.store, question.id)),
                    Value(subject.label, subject.number),
                )
                rows.append(Row((*first, *counts, share(s.understood)), subject.number))
    names = ("question", "condition", "asked", "status_refused", "status_invalid", "status_failed", "understood")
    columns = tuple(Column(w(name), name not in ("question", "condition")) for name in names)
    return Table(w("lost_caption"), columns, tuple(rows)) if rows else None


def _quotes(examples: Sequence[Example], family: str, w: Words, subject: int) -> tuple[Quote, ...]:
    return tuple(
        Quote(
            w(
                "example",
                kind=w(f"{family}_{e.kind}"),
                question=e.question,
                respondent=e.respondent,
                reason=cut(w.said(e.reason) or w("no_reason"), 400),
            ),
            w("no_reply") if e.reply is None else cut(e.reply, 1200, e.length),
            subject,
        )
        for e in examples
    )


def effort(material: Material, w: Words) -> Section | None:
    """Calls, tokens, time and money; ``None`` without conditions."""
    if not material.subjects:
        return None
    rows = []
    for subject in material.subjects:
        row, tries, answered = subject.row, subject.tries, subject.cell.statuses.answered
        per = ABSENT
        cost = ABSENT
        if row.cost:
            unknown = w("cost_unknown", n=row.cost.unknown) if row.cost.unknown else ""
            cost = Value(f"{row.cost.amount:,.4f} {row.cost.currency}{unknown}", row.cost.amount)
            per = number(1000 * row.cost.amount / answered, 4) if answered else ABSENT
        values = [row.calls, tries.attempts, tries.errors, row.prompt_tokens, tries.cached_tokens]
        values += [row.completion_tokens, tries.reasoning_tokens]
        each = number(row.seconds / row.calls, 2) if row.calls else ABSENT
        told = (*(count(v) for v in values), number(row.seconds / 60, 1), each, cost, per)
        rows.append(Row((Value(subject.label, subject.number), *told), subject.number))
    names = ["calls", "tries", "errors", "tokens_in", "tokens_cached", "tokens_out", "tokens_thought"]
    names += ["minutes", "seconds_call", "cost", "cost_thousand"]
    columns = (Column(w("condition"), number=False), *(Column(w(name)) for name in names))
    return Section(
        "effort", w("effort"), (Paragraph(w("effort_note"), "note"), Table(w("effort_caption"), columns, tuple(rows)))
    )
