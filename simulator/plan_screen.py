"""A plan on the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from demoscope.terminal import plain
from simulator.plan import SAMPLE, Plan


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


def _role(role: str) -> str:
    return "assistant (a stand-in)" if role == "assistant" else escape(role)


def _time(hours: float | None) -> str:
    if hours is None:
        return "unknown"
    if hours < 1 / 60:
        return "under a minute"
    return f"~{hours * 60:.0f} min" if hours < 2 else f"~{hours:.1f} h"
