"""Conditions side by side on the terminal, as the published tables have them."""

from rich.console import Console
from rich.text import Text

from analysis.agreement_screen import render_agreements
from analysis.compared import Comparison, ConditionRow, DiversityFigures
from analysis.evaluation_screen import render_evaluation
from analysis.findings import Estimate
from analysis.ink import distance, words
from analysis.layout import FAINT, SIMULATED, WIDEST, numbers, table


def render_comparison(found: Comparison, console: Console) -> None:
    """Write a comparison to a console, from 80 columns on without cutting a number."""
    width = min(console.width, WIDEST)
    console.print()
    against = ", ".join(found.references) or "no human reference: the distance from people cannot be told"
    console.print(words(f"compared with: {against}", style=FAINT), width=width)
    _names(found, console, width)
    _quality(found, console, width)
    _effort(found, console, width)
    _between(found, console, width)
    _ablations(found, console, width)
    _series(found, console, width)
    _completions(found, console, width)
    for number, evaluation in enumerate(found.evaluations, start=1):
        render_evaluation(evaluation, console, width, number)
    if found.agreements:
        render_agreements(found.agreements, console)
    _notes(found, console, width)


def _ablations(found: Comparison, console: Console, width: int) -> None:
    """How the published order of diversity came out."""
    for order in found.ablations:
        where = " · ".join(filter(None, (order.model, order.language, order.culture, f"D {order.level}")))
        shown = table(gap=2)
        numbers(shown, **{"": FAINT})
        shown.add_column("", no_wrap=True)
        numbers(shown, D=SIMULATED, **{"at most": FAINT, "more than above": "", "95 %": ""})
        for step in order.steps:
            rise = ("", "") if step.rise is None else (f"{step.rise.value:+.3f}", _between_limits(step.rise))
            shown.add_row(str(step.row), step.name, f"{step.value:.3f}", f"{step.attainable:.3f}", *rise)
        came_out = "as published" if not order.against else f"otherwise than published: {'; '.join(order.against)}"
        asked = f" ({', '.join(order.missing)} not asked)" if order.missing else ""
        early = "" if order.finished else " The wave is not finished, so this is preliminary."
        chance = f" {order.beyond_chance} of {len(order.steps) - 1} steps rise beyond chance."
        console.print()
        console.print(Text.assemble(("Ablation  ", FAINT), words(where, style="bold")), width=width)
        console.print(shown, width=width)
        console.print(words(f"The order of D is {came_out}{asked}.{chance}{early}"), width=width)


def _series(found: Comparison, console: Console, width: int) -> None:
    """Series of models by the tests that there are, a condition and two series below one another."""
    last = None
    for each in found.series:
        if (each.condition, each.first, each.second) != last:
            last = (each.condition, each.first, each.second)
            means = f"mean KL {each.means[0]:.3f} and {each.means[1]:.3f}"
            name = words(f"{each.first} and {each.second} · {each.condition}", style="bold")
            console.print()
            console.print(Text.assemble(("Series  ", FAINT), name, f"  {means}"), width=width)
        said = "does not vary"
        if each.t is not None:
            said = (
                f"t {each.t:.2f}, df {each.df:.4g}, SED {each.standard_error:.3f}, p {each.p:.4f}, "
                f"Holm {each.holm:.4f}, Benjamini-Hochberg {each.benjamini_hochberg:.4f}"
            )
        console.print(words(f"· {each.test} (n {each.values[0]}, {each.values[1]}): {said}"), width=width)


def _completions(found: Comparison, console: Console, width: int) -> None:
    """What models know of the survey by heart."""
    for each in found.completions:
        said = f"completes {each.overlap:.1%} of {each.questions} cut questions"
        if each.overlap_control is None or each.p is None:
            said += "; without rephrasings as a control nobody can tell memory from guessing"
        else:
            said += f", of their rephrasings {each.overlap_control:.1%} (p {each.p:.3f}, one-sided)"
        console.print()
        name = words(f"{each.model} · {each.language}", style="bold")
        console.print(Text.assemble(("Contamination  ", FAINT), name, f"  {said}."), width=width)


def _names(found: Comparison, console: Console, width: int) -> None:
    stores = len({row.store for row in found.rows}) > 1
    console.print()
    for number, row in enumerate(found.rows, start=1):
        about = [row.language, row.culture or "", f"{row.runs:,} runs", row.store if stores else ""]
        name = words(f"{row.condition} · {row.model}", style="bold")
        more = words(" · ".join(filter(None, about)), style=FAINT)
        console.print(Text.assemble((f"{number:>3}  ", FAINT), name, "  ", more), width=width)


def _quality(found: Comparison, console: Console, width: int) -> None:
    shown = table(gap=1)
    numbers(shown, **{"": FAINT, "valid": "", "D wording": SIMULATED, "95 %": "", "at most": FAINT})
    numbers(shown, **{"D choices": SIMULATED, "95 % ": "", "at most ": FAINT})
    for number, row in enumerate(found.rows, start=1):
        understood = row.statuses.understood
        valid = "·" if understood is None else f"{understood:.1%}"
        shown.add_row(str(number), valid, *_diverse(row.diversity), *_diverse(row.choice_diversity))
    console.print()
    console.print(shown, width=width)
    if not any(row.kl for row in found.rows):
        return
    shown = table(gap=2)
    numbers(
        shown,
        **{
            "": FAINT,
            "mean KL": SIMULATED,
            "95 %": "",
            "∞": FAINT,
            "more than 1st (95 %)": "",
            "JS debiased (95 %)": "",
        },
    )
    for number, row in enumerate(found.rows, start=1):
        infinite = str(row.infinite) if row.kl else "·"
        js = " ".join(_estimated(row.js_debiased)) if row.js_debiased else "·"
        shown.add_row(str(number), *_estimated(row.kl), infinite, _difference(row.kl_to_first), js)
    console.print()
    console.print(shown, width=width)


def _effort(found: Comparison, console: Console, width: int) -> None:
    shown = table(gap=2)
    numbers(shown, **{"": FAINT, "calls": "", "tokens in": "", "tokens out": "", "model time": "", "cost": ""})
    for number, row in enumerate(found.rows, start=1):
        shown.add_row(
            *(str(number), f"{row.calls:,}", f"{row.prompt_tokens:,}", f"{row.completion_tokens:,}"),
            *(_clock(row.seconds), _money(row)),
        )
    console.print()
    console.print(shown, width=width)


def _between(found: Comparison, console: Console, width: int) -> None:
    if len(found.rows) < 2 or len(found.rows) > 10:
        return
    shown = table(gap=2)
    numbers(shown, **{"JS to": FAINT} | {str(number): "" for number in range(1, len(found.rows) + 1)})
    for number, distances in enumerate(found.between, start=1):
        shown.add_row(str(number), *(distance(d) if n < number else "" for n, d in enumerate(distances, start=1)))
    console.print()
    console.print(shown, width=width)


def _notes(found: Comparison, console: Console, width: int) -> None:
    rules = found.rules
    notes = [
        "D: how often another reply came than the first one to a question, and the most that so many runs can reach "
        "(95 % by the jackknife). It grows with the number of runs."
    ]
    if found.same_runs is not None and len({row.runs for row in found.rows}) > 1:
        each = "  ".join(
            f"{number}: {row.diversity.same_runs:.3f}"
            for number, row in enumerate(found.rows, start=1)
            if row.diversity and row.diversity.same_runs is not None
        )
        notes.append(f"D of the wording for {found.same_runs} replies a question, which compares all: {each}")
    if any(row.kl for row in found.rows):
        average = (
            "questions" if rules.average == "questions" else "value dimensions (questions, where they have none)"
        )
        infinite = "left out" if rules.infinite == "left out" else "counted as the largest finite one plus 1"
        notes.append(
            f"mean KL: nats, {rules.kl}, over the {average}. ∞: questions on which somebody simulated chose what "
            f"nobody real did; {infinite}. 95 %: {found.draws:,} resamples of the simulated respondents, the same "
            "people in all conditions of a store; they say nothing of the distance from people, and distances of "
            "small samples come out too large."
        )
        notes.append(
            "JS debiased: mean Jensen-Shannon distance (0 to 0.83) without what the small sample adds; where its "
            "interval holds 0, real people drawn in the same number could look like this."
        )
    notes += [
        f"{number}: no distance from people: {row.no_people}."
        for number, row in enumerate(found.rows, start=1)
        if row.no_people
    ]
    resolved, unresolved = (sum(getattr(row, name) for row in found.rows) for name in ("resolved", "unresolved"))
    if resolved or unresolved:
        notes.append(
            f"People resolved {resolved:,} replies that no rule could read, which count as valid, and found "
            f"{unresolved:,} to mean nothing."
        )
    notes.append(f"Profile {rules.profile}.")
    if found.open_flags:
        notes.append(f"Left open by its source, decided by good sense: {', '.join(found.open_flags)}.")
    if len(found.rows) > 1:
        notes.append("JS: Jensen-Shannon distance between two conditions, mean over the questions they share.")
    console.print()
    for note in notes:
        console.print(words(note, style=FAINT), width=width)


def _diverse(found: DiversityFigures | None) -> tuple[str, str, str]:
    if found is None:
        return "·", "·", "·"
    between = "·" if found.low is None else f"{found.low:.3f}–{found.high:.3f}"
    return f"{found.value:.3f}", between, f"{found.attainable:.3f}"


def _estimated(found: Estimate | None) -> tuple[str, str]:
    if found is None:
        return "·", "·"
    return distance(found.value), f"{found.low:.3f}–{found.high:.3f}" if found.low is not None else "·"


def _difference(found: Estimate | None) -> str:
    if found is None or found.low is None:
        return "·"
    return f"{found.value:+.3f} ({_between_limits(found)})"


def _between_limits(found: Estimate) -> str:
    return "·" if found.low is None else f"{found.low:+.3f}–{found.high:+.3f}"


def _clock(seconds: float) -> str:
    """Seconds as people say them.

    >>> _clock(75.4), _clock(7384), _clock(0.25)
    ('1:15 min', '2:03 h', '0.2 s')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02} h"


def _money(row: ConditionRow) -> str:
    if row.cost is None:
        return "·"
    return f"{row.cost.amount:,.4f} {row.cost.currency}" + (" or more" if row.cost.unknown else "")
