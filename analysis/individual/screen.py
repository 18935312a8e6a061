"""An evaluation of individual values on the terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.individual.findings import (
    BothForms,
    CrossedForms,
    DimensionFinding,
    EffectFinding,
    Evaluation,
    InequityFinding,
    Influence,
    Limits,
    SystemFinding,
)
from analysis.individual.predictions import IN_ORDER
from analysis.ink import words
from analysis.layout import FAINT, numbers, table

UNANSWERED = {
    "wrong": "targets without an answer count as wrong",
    "drop_setup": "a person's setup is left out where a target has no answer",
    "drop_person": "people are left out of whom a target has no answer",
    "drop_answer": "targets without an answer are left out",
}
MOST_COLUMNS = 7
"""Systems side by side in a table of categories."""

SHOWN_EFFECTS = 40
"""Comparisons of a kind that are listed; all are in the JSON document."""

SHOWN_LEVELS = 12
"""Groups of a dimension that are listed."""

FAMILIES = {
    "demonstrations": "more demonstrations",
    "demographics": "demographics told too",
    "statements or demographics": "statements instead of demographics",
    "model": "models side by side",
    "baseline": "models against baselines",
}


def render(evaluation: Evaluation, console: Console) -> None:
    """Print everything that was found."""
    console.print(f"Accuracy in percent, over people; {UNANSWERED[evaluation.rules.unanswered]}.\n")
    for rows in (*_accuracy(evaluation.systems), *_both(evaluation.both)):
        console.print(rows)
    for form in IN_ORDER:
        systems = [one for one in evaluation.systems if one.condition.target_form == form and len(one.categories) > 1]
        systems = [one for one in systems if not one.baseline] or systems
        for start in range(0, len(systems), MOST_COLUMNS):
            console.print(_categories(systems[start : start + MOST_COLUMNS], form))
    for family, told in FAMILIES.items():
        found = [one for one in evaluation.effects if one.family == family]
        if found:
            console.print(_effects(found, told))
    if evaluation.inequity:
        _render_inequity(evaluation, console)
    for crossed in evaluation.forms:
        console.print(_crossed(crossed))
    for influence in evaluation.influence:
        console.print(_influence(influence))
    for note in dict.fromkeys(evaluation.notes):
        console.print(Text(note, style=FAINT))


def _render_inequity(evaluation: Evaluation, console: Console) -> None:
    """Sigma of every system, and the dimensions of models."""
    for rows in _inequity(evaluation.inequity):
        console.print(rows)
    baselines = {one.name for one in evaluation.systems if one.baseline}
    for one in evaluation.inequity:
        skipped = ", ".join(f"{name} ({why})" for name, why in one.skipped.items())
        if skipped:
            console.print(words(f"{one.name}: no sigma for {skipped}.", style=FAINT))
        if one.dimensions and one.name not in baselines:
            console.print(_dimensions(one))
            for each in one.dimensions:
                console.print(_groups(each))


def _split(name: str) -> tuple[str, str]:
    """Model and condition of a system's name."""
    model, _, condition = name.partition(": ")
    return model, condition


def _sections(names: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    """Condition -> places of the systems in it."""
    conditions = [_split(name)[1] for name in names]
    for condition in dict.fromkeys(conditions):
        yield condition, [place for place, other in enumerate(conditions) if other == condition]


def _section(condition: str) -> Table:
    """A table of the systems in one condition."""
    rows = table(2)
    rows.title = words(condition, style="bold")
    rows.title_justify = "left"
    rows.add_column("system", min_width=24, max_width=30)
    return rows


def _accuracy(systems: Sequence[SystemFinding]) -> Iterator[Table]:
    for condition, places in _sections([one.name for one in systems]):
        rows = _section(condition)
        numbers(rows, **{"all": "bold", "95 % of people": "", "by setup": "", "people": FAINT})
        lost = [sum(systems[place].unanswered.values()) for place in places]
        if any(lost):
            numbers(rows, unanswered=FAINT)
        for one, unanswered in zip((systems[place] for place in places), lost, strict=True):
            rows.add_row(
                words(one.condition.model, 30, FAINT if one.baseline else ""),
                _number(one.overall.mean),
                _limits(one.overall.interval or one.overall.normal),
                " ".join(_number(each.mean) for each in one.setups),
                f"{one.overall.people:,}",
                *([f"{unanswered:,} of {one.targets:,}" if unanswered else ""] if any(lost) else []),
            )
        why = [_why(systems[place]) for place in places if systems[place].unanswered]
        if why:
            rows.caption = words(f"Unanswered: {'; '.join(why)}.")
            rows.caption_justify = "left"
        yield rows


def _why(one: SystemFinding) -> str:
    """Why targets of a system are without an answer."""
    return f"{one.condition.model} {', '.join(f'{count:,} {status}' for status, count in one.unanswered.items())}"


def _both(found: Sequence[BothForms]) -> Iterator[Table]:
    for condition, places in _sections([one.name for one in found]):
        rows = _section(f"both forms, {condition}")
        numbers(rows, **{"polar": "", "refined": "", "mean": "bold", "95 % of people": ""})
        for one in (found[place] for place in places):
            shown = map(_number, (one.polar, one.refined, one.all.mean))
            rows.add_row(words(one.model, 30), *shown, _limits(one.all.interval or one.all.normal))
        yield rows


def _categories(systems: Sequence[SystemFinding], form: str) -> Table:
    rows = table(1)
    rows.add_column(f"{form}, by category", max_width=30)
    numbers(rows, **{f"{n}": "" for n in range(1, len(systems) + 1)})
    found = [{each.name: each.mean for each in one.categories} for one in systems]
    for name in dict.fromkeys(each.name for one in systems for each in one.categories):
        rows.add_row(words(name, 30), *(_number(one.get(name)) for one in found))
    rows.caption = words("; ".join(f"{n} {one.name}" for n, one in enumerate(systems, start=1)))
    rows.caption_justify = "left"
    return rows


def _effects(found: Sequence[EffectFinding], told: str) -> Table:
    rows = table(2)
    rows.add_column(told, overflow="fold")
    numbers(rows, **{"points": "bold", "95 % of people": "", "p": "", "p, 2-sample": FAINT, "people": FAINT})
    for one in found[:SHOWN_EFFECTS]:
        rows.add_row(
            words(_step(one)),
            "" if one.difference is None else f"{one.difference:+.1f}",
            _limits(one.interval, signed=True),
            _p(one.p_within_holm),
            _p(one.p_between_holm),
            f"{one.people:,}",
        )
    rows.caption = (
        "p: paired t-test; 2-sample: t-test between people, as published. "
        f"Both are adjusted for {len(found)} comparisons (Holm)."
    )
    if len(found) > SHOWN_EFFECTS:
        rows.caption += f" {len(found) - SHOWN_EFFECTS:,} more are in the JSON document (--json)."
    rows.caption_justify = "left"
    return rows


def _step(one: EffectFinding) -> str:
    """What changes from the first to the second; what they share is said once."""
    (model, condition), (other, then) = _split(one.first), _split(one.second)
    if model != other:
        return f"{model} → {other} ({then})"
    form = condition.split(", ")[0]
    return f"{model}, {form}: {condition.removeprefix(f'{form}, ')} → {then.removeprefix(f'{form}, ')}"


def _inequity(found: Sequence[InequityFinding]) -> Iterator[Table]:
    for condition, places in _sections([one.name for one in found]):
        rows = _section(f"sigma-inequity, {condition}")
        numbers(rows, **{"sigma": "bold", "95 %": "", "by chance": "", "p": "", "less noise": ""})
        for one in (found[place] for place in places):
            rows.add_row(
                words(_split(one.name)[0], 30),
                _number(one.score, 2),
                _limits(one.interval, 2),
                _number(one.null, 2),
                _p(one.p),
                _number(one.corrected, 2),
            )
        yield rows


def _dimensions(one: InequityFinding) -> Table:
    rows = table(2)
    rows.add_column("dimension", no_wrap=True)
    numbers(rows, **{"groups": FAINT, "sigma": "bold", "95 %": "", "by chance": "", "p (Holm)": "", "less noise": ""})
    for each in one.dimensions:
        rows.add_row(
            words(each.dimension),
            str(len(each.groups)),
            _number(each.sigma, 2),
            _limits(each.interval, 2),
            _number(each.null, 2),
            _p(each.p_holm),
            _number(each.corrected, 2),
        )
    rows.title = words(one.name)
    rows.title_justify = "left"
    return rows


def _groups(found: DimensionFinding) -> Text:
    """Accuracy and number of people of each level, the first dozen of them."""
    levels = [f"{name} {mean:.1f} ({found.people[name]:,})" for name, mean in found.groups.items()]
    more = [f"and {len(levels) - SHOWN_LEVELS} more"] if len(levels) > SHOWN_LEVELS else []
    return words(f"{found.dimension}: {', '.join((*levels[:SHOWN_LEVELS], *more))}", style=FAINT)


def _crossed(found: CrossedForms) -> Table:
    rows = table(2)
    rows.add_column(f"{found.model}: {found.condition}")
    numbers(rows, **{f"{form} targets": "" for form in IN_ORDER})
    for told, cells in found.accuracy.items():
        shown = (cells[form].mean if form in cells else None for form in IN_ORDER)
        rows.add_row(f"{told} demonstrations", *map(_number, shown))
    return rows


def _influence(found: Influence) -> Table:
    rows = table(1)
    rows.add_column(f"{found.model}, {found.condition}: known by", max_width=34)
    numbers(rows, **{f"{n}": "" for n in range(1, len(found.demonstrations) + 1)})
    for category, row in zip(found.targets, found.accuracy, strict=True):
        rows.add_row(words(category, 34), *map(_number, row))
    rows.caption = "; ".join(f"{n} {name}" for n, name in enumerate(found.demonstrations, start=1))
    rows.caption_justify = "left"
    return rows


def _number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _limits(limits: Limits | None, digits: int = 1, signed: bool = False) -> str:
    if limits is None:
        return ""
    sign = "+" if signed else ""
    return f"{limits[0]:{sign}.{digits}f} to {limits[1]:{sign}.{digits}f}"


def _p(value: float | None) -> str:
    return "" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"
