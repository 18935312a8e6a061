"""What a probe says, on the terminal, from 80 columns on without cutting a number."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.ink import distance, words
from analysis.layout import FAINT, GOOD, SIMULATED, WIDEST, numbers, table
from analysis.probing.findings import (
    AcrossModels,
    Debiasing,
    Estimate,
    MethodReport,
    ModelReport,
    ProbeReport,
    Robustness,
    Source,
)
from analysis.probing.notes import notes_of
from analysis.probing.rules import ProbeRules

NAMED = 8
"""Questions named in a list before the rest is counted."""


def render_probe(found: ProbeReport, console: Console, details: bool = False) -> None:
    """Write a report to a console; ``details`` adds topics, pairs of ways, changes and shares of every question."""
    width = min(console.width, WIDEST)
    for model in found.models:
        _model(model, found, console, width, details)
    _across(found.across, console, width)
    console.print()
    for note in notes_of(found):
        console.print(words(note, style=FAINT), width=width)


def _model(model: ModelReport, found: ProbeReport, console: Console, width: int, details: bool) -> None:
    console.print()
    ways = f"{len(model.styles)} styles x {len(model.variations)} variations"
    told = f" · {len(model.contexts)} countries or groups told" if model.contexts else ""
    about = f"{model.language} · {model.questions} questions · {ways}{told} · {model.store}"
    console.print(Text.assemble(words(model.model, style="bold"), "  ", words(about, style=FAINT)), width=width)
    render_verdict(model, console, width)
    _robustness(model, found.rules, console, width)
    _places(model, console, width)
    _debiasing(model, console, width)
    _methods(model, console, width)
    _gains(model, console, width)
    _actions(model, console, width)
    if details:
        _details(model, console, width)


def render_verdict(model: ModelReport, console: Console, width: int) -> None:
    """Write the verdict on a model to a console."""
    console.print()
    for sentence in model.summary:
        console.print(words(sentence), width=width)
    for label, names in (("holds", model.verdict.holds), ("follows the place", model.verdict.follows_place)):
        if names:
            console.print(
                words(f"  {label}: {_named(names)}", style=GOOD if label == "holds" else FAINT), width=width
            )
    steady = ", ".join(f"{method} {count}" for method, count in model.verdict.steady.items())
    console.print(words(f"steady by method: {steady}", style=FAINT), width=width)
    if model.calibrated_verdict is not None and len(model.calibrated_verdict.holds) != len(model.verdict.holds):
        console.print(
            words(f"With the preference for places taken out, {len(model.calibrated_verdict.holds)} hold."),
            width=width,
        )


def _named(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _robustness(model: ModelReport, rules: ProbeRules, console: Console, width: int) -> None:
    shown = table(gap=1)
    shown.add_column("changes", no_wrap=True)
    shown.add_column("with the", no_wrap=True)
    js = "JS²" if rules.squared else "JS"
    numbers(shown, **{"mismatch (95 %)": SIMULATED, f"{js} (95 %)": "", "by sampling": FAINT})
    for method in model.methods:
        for n, each in enumerate(method.robustness):
            shown.add_row(
                method.method if n == 0 else "",
                _differing(each),
                _interval(each.mismatch, percent=True),
                _interval(each.js),
                "" if each.floor_mismatch is None else f"{each.floor_mismatch:.0%} / {distance(each.floor_js)}",
            )
    if not any(method.robustness for method in model.methods):
        return
    console.print()
    console.print(shown, width=width)
    for method in model.methods:
        line = told_of(method)
        if line:
            console.print(words(line, style=FAINT), width=width)


def _differing(each: Robustness) -> str:
    names: dict[Source, str] = {
        "prompt": "style",
        "selection": "layout",
        "perturbation": each.pairs[0].second if each.pairs else "perturbation",
        "label form": "label form",
    }
    return names[each.source][:24]


def told_of(method: MethodReport) -> str:
    """How many distributions of a method were read, and how well, in one line."""
    parts = [f"{method.method}: {method.distributions:,} of {method.asked:,} distributions"]
    if method.outside is not None:
        what = {"text": "of the texts named no option", "verbalized": "missing from or above 100 %"}
        parts.append(f"{method.outside:.1%} {what.get(method.method, 'of the mass outside the options')}")
    if method.texts_tested:
        parts.append(
            f"{method.texts_changed} of {method.texts_tested} questions change by more than sampling does (adjusted)"
        )
    return ", ".join(parts) + "."


def _places(model: ModelReport, console: Console, width: int) -> None:
    rows = [(method.method, each) for method in model.methods for each in method.places if each.low is not None]
    if not rows:
        return
    shown = table(gap=2)
    for header in ("preference", "for", "labels"):
        shown.add_column(header, no_wrap=True)
    numbers(shown, **{"n": FAINT, "p": ""})
    shown.add_column("empty options chosen", style=SIMULATED, min_width=20)
    last = ""
    for method, each in rows:
        p = "·" if each.adjusted_p is None else "<0.001" if each.adjusted_p < 0.001 else f"{each.adjusted_p:.3f}"
        shares = " ".join(f"{share:.0%}" for share in each.shares)
        mark = "" if each.complete else " (in part)"
        shown.add_row(
            method if method != last else "", f"{each.kind}{mark}", each.alphabet, str(each.questions), p, shares
        )
        last = method
    console.print()
    console.print(shown, width=width)


def _debiasing(model: ModelReport, console: Console, width: int) -> None:
    known = [(method.method, method.debiasing) for method in model.methods if method.debiasing is not None]
    if not known:
        return
    people = any(each.alignment_raw is not None for _, each in known)
    shown = table(gap=1)
    shown.add_column("freed of place", no_wrap=True)
    numbers(shown, **{"JS of layouts": "", "calibrated": SIMULATED})
    if people:
        numbers(shown, **{"alignment raw": "", "averaged": "", "calibrated ": SIMULATED})
    for method, each in known:
        row = [method, distance(each.between_raw), distance(each.between_calibrated)]
        if people:
            row += [
                distance(each.alignment_raw),
                distance(each.alignment_averaged),
                distance(each.alignment_calibrated),
            ]
        shown.add_row(*row)
    console.print()
    console.print(shown, width=width)


def _methods(model: ModelReport, console: Console, width: int) -> None:
    if not model.pairs:
        return
    shown = table(gap=1)
    shown.add_column("methods", no_wrap=True)
    numbers(shown, **{"same option": SIMULATED, "chance": FAINT, "kappa (95 %)": "", "JS": "", "n": FAINT})
    for pair in model.pairs:
        a = pair.agreement
        kappa = "·" if a.kappa is None else f"{a.kappa:.2f}"
        if a.kappa is not None and a.low is not None and a.high is not None:
            kappa += f" ({a.low:.2f}–{a.high:.2f})"
        shown.add_row(
            f"{pair.first} · {pair.second}",
            f"{a.agreed:.0%}",
            f"{a.by_chance:.0%}",
            kappa,
            distance(pair.js),
            str(a.questions),
        )
    console.print()
    console.print(shown, width=width)


def _gains(model: ModelReport, console: Console, width: int) -> None:
    if model.without_people:
        console.print()
        console.print(words(f"No people to compare with: {_named(model.without_people)}.", style=FAINT), width=width)
    if not model.gains:
        return
    shown = table(gap=1)
    shown.add_column("alignment with", max_width=20)
    shown.add_column("method", no_wrap=True)
    numbers(shown, **{"told nobody": "", "told": "", "gain (95 %)": SIMULATED, "raw gain": "", "n": FAINT})
    for each in model.gains:
        shown.add_row(
            words(each.context, 20),
            each.method,
            distance(each.alignment_generic),
            distance(each.alignment_told),
            "·" if each.improvement is None else _interval(each.improvement, sign=True),
            "·" if each.raw_improvement is None else f"{each.raw_improvement.value:+.3f}",
            str(each.questions),
        )
    console.print()
    console.print(shown, width=width)


def _actions(model: ModelReport, console: Console, width: int) -> None:
    if model.ratings is None:
        return
    r = model.ratings
    console.print()
    console.print(
        words(
            f"Actions: {r.rated:,} of {r.asked:,} ratings of {r.scenes} scenes understood; {r.unreadable:,} without "
            f"a number or refused, {r.out_of_range:,} out of range, {r.failed:,} failed."
        ),
        width=width,
    )
    if not model.actions:
        console.print(words("Too few rated questions, or no differences, to correlate.", style=FAINT), width=width)
        return
    shown = table(gap=2)
    shown.add_column("values and actions", no_wrap=True)
    shown.add_column("correlation", no_wrap=True)
    numbers(shown, **{"r (95 %)": SIMULATED, "naive p": FAINT, "questions": FAINT})
    for each in model.actions:
        for name, one in (("Pearson", each.found.pearson), ("Spearman", each.found.spearman)):
            between = "" if one.low is None or one.high is None else f" ({one.low:+.2f}–{one.high:+.2f})"
            method, n = (each.method, str(each.found.questions)) if name == "Pearson" else ("", "")
            shown.add_row(method, name, f"{one.r:+.2f}{between}", f"{one.naive_p:.3f}", n)
    console.print(shown, width=width)


def _details(model: ModelReport, console: Console, width: int) -> None:
    for method in model.methods:
        for each in method.robustness:
            shown = table(gap=2)
            shown.add_column(f"{method.method}, {_differing(each)}", max_width=40)
            numbers(shown, mismatch=SIMULATED, JS="", questions=FAINT)
            for pair in each.pairs:
                name = words(f"{pair.first} · {pair.second}", 40)
                shown.add_row(name, f"{pair.mismatch:.0%}", distance(pair.js), "")
            for topic in each.topics:
                name = words(f"topic: {topic.topic}", 40)
                shown.add_row(name, f"{topic.mismatch:.0%}", distance(topic.js), str(topic.questions))
            for one in each.by_question:
                shown.add_row(words(one.question, 40), f"{one.mismatch:.0%}", distance(one.js), "")
            console.print()
            console.print(shown, width=width)
        if method.debiasing is not None:
            console.print()
            console.print(_distributions(method.method, method.debiasing), width=width)


def _distributions(method: str, found: Debiasing) -> Table:
    """Every question's shares as read off, averaged over the layouts, and freed of places."""
    shown = table(gap=2)
    shown.add_column(f"{method}, shares in %", max_width=24)
    for header, style in (("raw", ""), ("averaged", ""), ("calibrated", SIMULATED)):
        shown.add_column(header, style=style)
    for each in found.distributions:
        shares = (" ".join(f"{100 * p:.0f}" for p in part) for part in (each.raw, each.averaged, each.calibrated))
        shown.add_row(words(each.question, 24), *shares)
    return shown


def _across(found: Sequence[AcrossModels], console: Console, width: int) -> None:
    if not found:
        return
    shown = table(gap=2)
    shown.add_column("style against layout", no_wrap=True)
    numbers(shown, **{"r (95 %)": SIMULATED, "p": "", "models": FAINT})
    for each in found:
        c = each.correlation
        between = "" if c.low is None or c.high is None else f" ({c.low:+.2f}–{c.high:+.2f})"
        shown.add_row(f"{each.metric}, {each.method}", f"{c.r:+.3f}{between}", f"{c.p:.3g}", str(c.n))
    console.print()
    console.print(shown, width=width)


def _interval(found: Estimate, percent: bool = False, sign: bool = False) -> str:
    form = "{:.0%}" if percent else "{:+.3f}" if sign else "{:.3f}"
    value = form.format(found.value)
    if found.low is None or found.high is None:
        return value
    return f"{value} ({form.format(found.low)}–{form.format(found.high)})"
