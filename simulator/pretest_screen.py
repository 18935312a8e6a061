"""A pre-test on the terminal."""

from itertools import groupby

from rich.console import Console
from rich.markup import escape

from demoscope.terminal import plain
from surveys.lint import RULES, Finding, Pretest

PLACES = 12
"""Findings that are listed under each rule, and questions under each finding; ``--json`` has all of them."""

_COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}


def render_pretest(pretest: Pretest, console: Console) -> None:
    """Print a pre-test: length, then every rule that spoke, with why it matters, its source and where it spoke."""
    size = pretest.length
    grade = "" if size.grade is None else f", {_grade(size.grade)} (Coleman-Liau)"
    console.print(
        f"[bold]Pre-test[/bold] of {escape(pretest.questionnaire)}: {_number(size.questions, 'question')}, "
        f"{_number(size.words, 'word')}, about {_number(size.tokens, 'token')} without memory, "
        f"{_time(size.minutes)} for a person{grade}."
    )
    counted = [_number(count, name) for name, count in pretest.counted().items()]
    console.print(f"{', '.join(counted)}. A finding is a reason to read the question again, no verdict.")
    ranks = {"error": 0, "warning": 1, "note": 2}
    names = {rule.name: position for position, rule in enumerate(RULES)}
    ordered = sorted(
        pretest.findings, key=lambda one: (ranks[one.severity], names.get(one.rule, len(names)), one.rule)
    )
    for _, found in groupby(ordered, key=lambda one: one.rule):
        _print_rule(list(found), pretest.language, console)
    console.print()


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _time(minutes: float) -> str:
    return f"about {_number(round(minutes), 'minute')}" if round(minutes) else "less than a minute"


def _grade(grade: float) -> str:
    return f"grade {grade:.0f}" if round(grade) >= 1 else "below grade 1"


def _print_rule(findings: list[Finding], own: str, console: Console) -> None:
    first = findings[0]
    colour = _COLOURS[first.severity]
    console.print(f"  [{colour}]{first.severity}[/{colour}] [bold]{first.rule}[/bold]: {escape(first.why)}")
    places: dict[str, list[str]] = {}
    for finding in findings:
        said = finding.what if finding.language == own else f"{finding.language}: {finding.what}"
        places.setdefault(said, []).append(finding.question or "as a whole")
    for what, where in list(places.items())[:PLACES]:
        more = f" and {len(where) - PLACES} more" if len(where) > PLACES else ""
        console.print(f"    {escape(', '.join(where[:PLACES]) + more)}: {escape(plain(what))}")
    if len(places) > PLACES:
        console.print(f"    and {len(places) - PLACES} more (all with --json)")
    console.print(f"    [dim]{escape(first.source)}[/dim]")
