"""Whose answers the models give, how much they disagree with each other, and what habits they have."""

from analysis.evaluated import Bias
from analysis.multiplicity import holm
from analysis.position import Effect
from analysis.report.blocks import Block, Column, Figure, Fold, Paragraph, Row, Section, Table, Value
from analysis.report.drawings import draw_stacked
from analysis.report.groups import MOST_UNFOLDED, PARTS, toned
from analysis.report.material import Material, Subject
from analysis.report.telling import ABSENT, count, cut, number, share
from analysis.report.words import Words


def bias(material: Material, w: Words) -> Section | None:
    """Bias profiles, voices and habits; ``None`` where nothing was answered."""
    blocks: list[Block] = []
    for subject in material.subjects:
        mine = [block for found in subject.evaluation.biases for block in _profile(subject, found, w)]
        many = mine and len(material.subjects) > MOST_UNFOLDED
        blocks += [Fold(subject.label, tuple(mine), subject.number)] if many else mine
    voices = _voices(material, w)
    habits = _habits(material, w)
    blocks += [block for block in (voices, habits) if block]
    factors: list[Block] = [block for subject in material.subjects for block in _factors(subject, w)]
    blocks += [Fold(w("factors"), (Paragraph(w("factors_note"), "note"), *factors))] if factors else []
    if not blocks:
        return None
    return Section("bias", w("bias"), (Paragraph(w("bias_note"), "note"), *blocks))


def _profile(subject: Subject, found: Bias, w: Words) -> list[Block]:
    title = f"{subject.label} · {found.grouping}"
    known = [level.p for level in found.levels if level.p is not None]
    adjusted = iter(holm(known).tolist()) if known else iter(())
    columns = (
        Column(w("level"), number=False),
        *(Column(w(name)) for name in ("matching", "mismatching", "overall", "expected", "p", "p_holm")),
    )
    rows = []
    for level in found.levels:
        shares = [share(v) for v in (level.matching, level.mismatching, level.overall, level.expected)]
        p = [ABSENT, ABSENT] if level.p is None else [number(level.p), number(float(next(adjusted)))]
        rows.append(Row((Value(cut(level.level, 100)), *shares, *p)))
    table = Table(w("bias_caption", title=title), columns, tuple(rows), subject.number)
    if len(found.levels) > PARTS:
        return [table]
    bars = [
        (w(what), None, [getattr(level, what) or 0.0 for level in found.levels])
        for what in ("matching", "mismatching")
        if all(getattr(level, what) is not None for level in found.levels)
    ]
    if not bars:
        return [table]
    levels = ", ".join(level.level for level in found.levels)
    told = "; ".join(f"{label}: {', '.join(f'{part:.0%}' for part in parts)}" for label, _, parts in bars)
    drawn = draw_stacked(bars, toned([level.level for level in found.levels]), f"{title}. {levels}. {told}")
    return [Figure(f"bias_{subject.number}_{found.grouping}", title, drawn, "", subject.number), table]


def _voices(material: Material, w: Words) -> Table | None:
    rows = [
        Row(
            (
                Value(subject.label, subject.number),
                Value(voice.grouping or w("everybody")),
                number(voice.variance, 2),
                number(voice.entropy, 2),
            ),
            subject.number,
        )
        for subject in material.subjects
        for voice in subject.evaluation.voices
    ]
    names = ("condition", "within_grouping", "variance_ratio", "entropy_ratio")
    columns = tuple(Column(w(name), name.endswith("ratio")) for name in names)
    return Table(w("voices_caption"), columns, tuple(rows)) if rows else None


def _habits(material: Material, w: Words) -> Table | None:
    rows = []
    for subject in material.subjects:
        found = subject.evaluation.habits
        figures = (found.straight_lining, found.midpoint, found.midpoint_people, found.extreme, found.extreme_people)
        effects = (_effect(subject.positions.first), _effect(subject.positions.last))
        if any(value is not None for value in figures) or any(effect is not ABSENT for effect in effects):
            first = Value(subject.label, subject.number)
            rows.append(Row((first, *(share(value) for value in figures), *effects), subject.number))
    names = (
        "straight_lining",
        "midpoint",
        "midpoint_people",
        "extreme",
        "extreme_people",
        "first_effect",
        "last_effect",
    )
    columns = (Column(w("condition"), number=False), *(Column(w(name)) for name in names))
    return Table(w("habits_caption"), columns, tuple(rows)) if rows else None


def _effect(found: Effect | None) -> Value:
    if found is None:
        return ABSENT
    return Value(f"{found.estimate:+.3f} ({found.low:+.3f} – {found.high:+.3f})", found.estimate)


def _factors(subject: Subject, w: Words) -> list[Block]:
    names = ("level", "n", "mean", "estimate", "interval_95")
    columns = tuple(Column(w(name), name != "level") for name in names)
    return [
        Table(
            f"{subject.label} · {factor.name}",
            columns,
            tuple(
                Row(
                    (
                        Value(cut(level.level, 100)),
                        count(level.respondents),
                        number(level.mean),
                        number(level.estimate),
                        Value(f"{level.low:.3f}–{level.high:.3f}", level.low),
                    )
                )
                for level in factor.levels
            ),
            subject.number,
        )
        for factor in subject.evaluation.factors
    ]
