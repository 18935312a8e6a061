"""A plan on the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from demoscope.terminal import plain
from simulator.plan import SAMPLE, Plan
from simulator.subgroups import too_small


def render_plan(plan: Plan, console: Console) -> None:
    """Print a plan: totals by cell, the first respondent, its first prompts in full."""
    console.print(
        f"[bold]{escape(plan.wave)}[/bold]: {plan.respondents:,} people x {len(plan.questions):,} questions "
        f"x {len(plan.cells):,} cell{'s' if len(plan.cells) > 1 else ''}"
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("cell", "answers", "calls", "prompt tokens", "reply tokens", "time on one cohort"):
        table.add_column(name, justify="left" if name == "cell" else "right")
    for cell in plan.cells:
        table.add_row(
            *(escape(cell.cell), f"{cell.answers:,}", f"{cell.calls:,}", f"~{cell.prompt_tokens:,}"),
            *(f"<{cell.completion_tokens:,}", _time(cell.hours)),
        )
    console.print(table)
    console.print(
        f"[dim]Tokens are estimated from dry interviews of the first {min(SAMPLE, plan.respondents)} people (4 "
        "characters a token), replies at their longest; no model was loaded.[/dim]\n"
    )
    _warn(plan, console)
    console.print(
        f"Questions: {escape(', '.join(plan.questions[:40]))}{' ...' if len(plan.questions) > 40 else ''}\n"
    )
    console.print(f"The first {len(plan.people)} people:" if len(plan.people) > 1 else "The only person:")
    for number, portrait in enumerate(plan.people, start=1):
        console.print(f"  {number}. {escape(plain(portrait))}")
    settings = ", ".join(f"{name} {value}" for name, value in plan.decoding.items())
    console.print(f"Decoding of the first: {escape(settings)}\n")
    for number, prompt in enumerate(plan.prompts, start=1):
        body = "\n".join(f"[bold]{_role(role)}[/bold]  {escape(plain(text))}" for role, text in prompt)
        console.print(Panel(body, title=f"prompt {number}", title_align="left"))


def _warn(plan: Plan, console: Console) -> None:
    """Say which subgroups of the report are too small, and how many respondents would do."""
    small = too_small(plan.subgroups, plan.wanted_margin)
    if not small:
        return
    console.print(
        f"[yellow]Too few people[/yellow] in {len(small)} of the {len(plan.subgroups)} subgroups that the report "
        f"compares, for shares known to ± {100 * plan.wanted_margin:g} points (95 %, design effect included):"
    )
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 2))
    for name in ("subgroup", "people", "margin", "respondents needed"):
        table.add_column(name, justify="left" if name == "subgroup" else "right")
    for one in small:
        margin = "none" if one.margin_of_error is None else f"± {100 * min(one.margin_of_error, 0.5):.0f} points"
        needed = "?" if one.needed is None else f"{one.needed:,}"
        table.add_row(f"{escape(one.grouping)}: {escape(one.level)}", f"{one.people:,}", margin, needed)
    console.print(table)
    most = max((one.needed for one in small if one.needed is not None), default=None)
    if most is not None:
        console.print(f"`respondents: {most}` would do for all of them that somebody belongs to.\n")


def _role(role: str) -> str:
    return "assistant (a stand-in)" if role == "assistant" else escape(role)


def _time(hours: float | None) -> str:
    if hours is None:
        return "unknown"
    if hours < 1 / 60:
        return "under a minute"
    return f"~{hours * 60:.0f} min" if hours < 2 else f"~{hours:.1f} h"
