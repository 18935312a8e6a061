"""Conditions side by side: diversity, distance, validity, and how far conditions are from each other."""

from analysis.compared import DiversityFigures
from analysis.findings import Estimate
from analysis.report.blocks import Block, Column, Paragraph, Row, Section, Table, Value
from analysis.report.material import Material
from analysis.report.telling import ABSENT, count, number, shaded, share
from analysis.report.words import Words


def diversity(material: Material, w: Words) -> Section | None:
    """The ablation table and what conditions have in common; ``None`` without conditions."""
    if not material.subjects:
        return None
    found = material.comparison
    compared = any(row.kl for row in found.rows)
    names = ["valid", "d_wording", "attainable", "d_choices", "attainable_choices"]
    names += ["same_runs"] if found.same_runs else []
    names += ["mean_kl", "kl_to_first", "infinite", "js", "js_debiased"] if compared else []
    columns = (Column(w("condition"), number=False), *(Column(w(name, n=found.same_runs)) for name in names))
    rows = []
    for subject in material.subjects:
        row = subject.row
        values = [share(row.statuses.understood), *_diverse(row.diversity), *_diverse(row.choice_diversity)]
        values += [number(row.diversity.same_runs if row.diversity else None)] if found.same_runs else []
        if compared:
            values += [_estimated(row.kl), _difference(row.kl_to_first), count(row.infinite) if row.kl else ABSENT]
            values += [_estimated(row.js), _estimated(row.js_debiased)]
        rows.append(Row((Value(subject.label, subject.number), *values), subject.number))
    blocks: list[Block] = [Table(w("ablation_caption"), columns, tuple(rows))]
    between = _between(material, w)
    blocks += [between] if between else []
    told = w("diversity_note") + (" " + w("ablation_note") if compared else " " + w("no_people_note"))
    return Section("diversity", w("diversity"), (Paragraph(told, "note"), *blocks))


def _diverse(found: DiversityFigures | None) -> list[Value]:
    if found is None:
        return [ABSENT, ABSENT]
    return [_with_limits(found.value, found.low, found.high), number(found.attainable)]


def _estimated(found: Estimate | None) -> Value:
    return ABSENT if found is None else _with_limits(found.value, found.low, found.high)


def _difference(found: Estimate | None) -> Value:
    if found is None:
        return ABSENT
    limits = "" if found.low is None else f" ({found.low:+.3f} – {found.high:+.3f})"
    return Value(f"{found.value:+.3f}{limits}", found.value)


def _with_limits(value: float, low: float | None, high: float | None) -> Value:
    limits = "" if low is None or high is None else f" ({low:.3f}–{high:.3f})"
    return Value(f"{value:.3f}{limits}", value)


def _between(material: Material, w: Words) -> Table | None:
    if len(material.subjects) < 2:
        return None
    columns = (
        Column(w("condition"), number=False),
        *(Column(str(subject.number), subject=subject.number) for subject in material.subjects),
    )
    most = max((v for row in material.comparison.between for v in row if v is not None), default=0.0)
    rows = tuple(
        Row((Value(subject.label, subject.number), *shaded(distances, 3, most)), subject.number)
        for subject, distances in zip(material.subjects, material.comparison.between, strict=True)
    )
    return Table(w("between_caption"), columns, rows)
