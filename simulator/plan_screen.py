"""A plan on the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from demoscope.terminal import plain
from simulator.dry_runs import SAMPLE
from simulator.estimates import Money, Range
from simulator.leases import amount
from simulator.plan import CellPlan, Plan
from simulator.pretest_screen import render_pretest
from simulator.subgroups import too_small


def render_plan(plan: Plan, console: Console) -> None:
    """Print a plan: totals by cell, the first respondent, its first prompts in full."""
    console.print(
        f"[bold]{escape(plan.wave)}[/bold]: {plan.respondents:,} people x {len(plan.questions):,} questions "
        f"x {len(plan.cells):,} cell{'s' if len(plan.cells) > 1 else ''}"
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    priced = any(cell.cost for cell in plan.cells)
    last = "money" if priced else "time on one cohort"
    for name in ("cell", "answers", "calls", "prompt tokens", "reply tokens", last):
        table.add_column(name, justify="left" if name == "cell" else "right")
    for cell in plan.cells:
        table.add_row(
            *(escape(cell.cell), f"{cell.answers:,}", f"{cell.calls:,}"),
            *(_tokens(cell.prompt_range, cell.prompt_tokens, priced), _replies(cell, priced)),
            money_range(cell.cost) if priced else _time(cell.hours),
        )
    console.print(table)
    _say_costs(plan, console)
    if not priced:
        console.print(
            f"[dim]Tokens are estimated from dry interviews of the first {min(SAMPLE, plan.respondents)} people (4 "
            "characters a token, 1 of Chinese and the like), replies at their longest; no model was loaded.[/dim]\n"
        )
    if plan.conditional:
        console.print(
            f"{len(plan.conditional):,} of {len(plan.questions):,} questions hang on conditions: answers are counted "
            f"with those skipped, calls as the stand-in answers. They are {escape(_listed(plan.conditional))}\n"
        )
    if plan.unreached:
        console.print(
            f"[yellow]Nobody reached[/yellow] {escape(_listed(plan.unreached))} in interviews with invented answers: "
            "see whether their conditions and those before them can hold together.\n"
        )
    _say_abilities(plan, console)
    _say_footprints(plan, console)
    for doubt in plan.accelerators:
        console.print(f"[yellow]See:[/yellow] {escape(doubt)}\n")
    _warn(plan, console)
    if plan.pretest:
        render_pretest(plan.pretest, console)
    console.print(f"Questions: {escape(_listed(plan.questions))}\n")
    console.print(f"The first {len(plan.people)} people:" if len(plan.people) > 1 else "The only person:")
    for number, portrait in enumerate(plan.people, start=1):
        console.print(f"  {number}. {escape(plain(portrait))}")
    settings = ", ".join(f"{name} {value}" for name, value in plan.decoding.items())
    console.print(f"Decoding of the first: {escape(settings)}\n")
    for number, prompt in enumerate(plan.prompts, start=1):
        body = "\n".join(f"[bold]{_role(role)}[/bold]  {escape(plain(text))}" for role, text in prompt)
        console.print(Panel(body, title=f"prompt {number}", title_align="left"))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:40]) + (" ..." if len(names) > 40 else "")


def _say_footprints(plan: Plan, console: Console) -> None:
    if plan.unweighed:
        console.print(
            f"[dim]What {escape(', '.join(plan.unweighed))} will take of memory is not known before the files are on "
            "this machine.[/dim]"
        )
    for one in plan.footprints:
        kept = one.rows * one.length * one.token / 1e9
        console.print(
            f"Model {escape(one.model)}: about {one.memory / 1e9:,.1f} GB of memory, weights "
            f"{one.weights / 1e9:,.1f}, {kept:,.1f} keys and values of {one.rows:,} rows of {one.length:,} tokens."
        )
        if one.gpu:
            console.print(
                f"[dim]Its speed on {escape(one.gpu)} is guessed at 40 % of what the maker prints: "
                f"{one.prompt_speed:,.0f} prompt and {one.reply_speed:,.0f} reply tokens a second.[/dim]"
            )


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


def _say_costs(plan: Plan, console: Console) -> None:
    """What the money is counted from, what it comes to, and where the wave would pause."""
    costs = [cell.cost for cell in plan.cells if cell.cost]
    if not costs:
        return
    if len(costs) > 1 and len({cost.currency for cost in costs}) == 1:
        total = Money(
            low=sum(cost.low for cost in costs), high=sum(cost.high for cost in costs), currency=costs[0].currency
        )
        console.print(f"All cells together: [bold]{money_range(total)}[/bold].")
    if any(cell.counted_by == "pilot" for cell in plan.cells):
        console.print(
            "[dim]Tokens are what the endpoint counted in the calls that the store holds already, give or take two "
            "standard errors; tries that failed, and what was asked again, included.[/dim]"
        )
    if any(cell.counted_by == "tokenizer" for cell in plan.cells):
        console.print(
            f"[dim]Prompts of dry interviews of the first {min(SAMPLE, plan.respondents)} people were counted with "
            "the tokenizer that the wave names; replies from a bare number to their longest, no try that fails, "
            "nothing asked again.[/dim]"
        )
    if any(cell.counted_by == "thumb" for cell in plan.cells):
        console.print(
            f"[dim]Tokens are estimated from dry interviews of the first {min(SAMPLE, plan.respondents)} people by "
            "rule of thumb: 3 to 5 characters a token, replies from a bare number to their longest, no try that "
            "fails, nothing asked again. Run a few people first (`respondents: 5`): then the endpoint's own counts "
            "narrow the range.[/dim]"
        )
    for model, most in {cell.cell.rpartition("/")[2]: cell.max_cost for cell in plan.cells}.items():
        high = sum(cell.cost.high for cell in plan.cells if cell.cost and cell.cell.rpartition("/")[2] == model)
        if most is not None:
            held = "and may not reach its end" if most < high else "which it should not reach"
            console.print(f"{escape(model)} pauses before {_bound(most)} ({held}).")
    console.print()


def _say_abilities(plan: Plan, console: Console) -> None:
    """What the wave asks of its models that they lack, and what is tried out when it starts."""
    for model in plan.models:
        said = []
        if model.lacks:
            said.append(f"[yellow]lacks {', '.join(model.lacks)}[/yellow], which the wave asks for: not applied")
        if model.tried_out:
            said.append(f"tried out when the wave starts: {', '.join(model.tried_out)}")
        if model.proved:
            said.append(
                f"{'the rest of' if model.lacks else 'all'} that the wave asks for was proved at an earlier start"
            )
        console.print(f"{escape(model.model)}: {'; '.join(said) or 'the wave asks for nothing special'}.")
    if plan.models:
        console.print()


def _tokens(likely: Range, estimate: int, priced: bool) -> str:
    return f"{likely.low:,.0f} to {likely.high:,.0f}" if priced else f"~{estimate:,}"


def _replies(cell: CellPlan, priced: bool) -> str:
    return _tokens(cell.completion_range, 0, True) if priced else f"<{cell.completion_tokens:,}"


def money_range(cost: Money | None) -> str:
    """A range of money as people write it.

    >>> money_range(Money(low=0.002, high=3.1, currency="USD")), money_range(None)
    ('0.00 to 3.10 USD', 'free')
    """
    if cost is None:
        return "free"
    low, high = (f"{cost.low:,.2f}", f"{cost.high:,.2f}") if cost.high >= 1 else (amount(cost.low), amount(cost.high))
    return f"{low} to {high} {cost.currency}"


def _bound(most: float) -> str:
    return f"{most:,.2f}" if most >= 0.01 else amount(most)


def _role(role: str) -> str:
    return "assistant (a stand-in)" if role == "assistant" else escape(role)


def _time(hours: float | None) -> str:
    if hours is None:
        return "unknown"
    if hours < 1 / 60:
        return "under a minute"
    return f"~{hours * 60:.0f} min" if hours < 2 else f"~{hours:.1f} h"
