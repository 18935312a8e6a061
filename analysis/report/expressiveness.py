"""Whether what a probe reads off a model means anything: likeness to people who are told, agreement with actions."""

from collections.abc import Iterator

from analysis.probing.findings import Estimate, ProbeReport, named_apart
from analysis.probing.ways import EVERYBODY
from analysis.report.blocks import Block, Column, Paragraph, Row, Table, Value
from analysis.report.telling import ABSENT, count, cut, limited, number, p_value
from analysis.report.words import Words


def gains(found: ProbeReport, w: Words) -> Table | None:
    """What telling a person brings nearer to people; ``None`` without people to compare with."""
    names = ("told_nobody", "told_person", "gain", "raw_gain", "questions_compared")
    columns = (
        *(Column(w(name), number=False) for name in ("model", "compared_with", "method")),
        *(Column(w(name)) for name in names),
    )
    known = {"generic": w("everybody_generic"), "all": w("all_told"), EVERYBODY: w("everybody_told")}
    rows = tuple(
        Row(
            (
                Value(named_apart(model, found.models)),
                Value(known.get(each.context, cut(each.context, 100))),
                Value(each.method),
                number(each.alignment_generic),
                number(each.alignment_told),
                _signed(each.improvement),
                _signed(each.raw_improvement),
                count(each.questions),
            )
        )
        for model in found.models
        for each in model.gains
    )
    return Table(w("gains_caption", people=cut(found.people or "", 300)), columns, rows) if rows else None


def _signed(found: Estimate | None) -> Value:
    return ABSENT if found is None else limited(found.value, found.low, found.high, sign=True)


def actions(found: ProbeReport, w: Words) -> Iterator[Block]:
    """Values beside ratings of actions, with how many ratings were understood."""
    rated = [(model, model.ratings) for model in found.models if model.ratings is not None]
    for model, ratings in rated:
        name = named_apart(model, found.models)
        values = ratings.model_dump()
        yield Paragraph(w("ratings_told", model=name, **{key: f"{n:,}" for key, n in values.items()}), "note")
    columns = (
        *(Column(w(name), number=False) for name in ("model", "method")),
        *(Column(w(name)) for name in ("pearson", "naive_p", "spearman", "naive_p", "questions_compared")),
    )
    rows = []
    for model, _ in rated:
        for each in model.actions:
            correlations = [
                value
                for one in (each.found.pearson, each.found.spearman)
                for value in (limited(one.r, one.low, one.high, 2, sign=True), p_value(one.naive_p))
            ]
            shown = (Value(named_apart(model, found.models)), Value(each.method), *correlations)
            rows.append(Row((*shown, count(each.found.questions))))
    if rows:
        yield Table(w("actions_caption", middle=w(f"middle_{found.rules.middle}")), columns, tuple(rows))
