"""A summary on the terminal: the verdict first, then the questions, the subgroups and what the numbers mean."""

from rich.console import Console
from rich.text import Text

from analysis.findings import Averages, CellSummary, Summary
from analysis.ink import distance, words
from analysis.layout import FAINT, HUMAN, SIMULATED, WIDEST, numbers, spread, table
from analysis.question_screen import show_question
from analysis.subgroups import show_grouping


def render(summary: Summary, console: Console, details: bool = True) -> None:
    """Write a summary to a console.

    Parameters
    ----------
    summary : Summary
        What to show.
    console : rich.console.Console
        Where; from 80 columns on everything keeps its place, and colours only repeat what marks and letters say.
    details : bool
        Also every question, the subgroups and the reasons of answers that were not understood.
    """
    width = min(console.width, WIDEST)
    _head(summary, console, width)
    for cell in summary.cells:
        _cell(cell, console, width, details)
    if not summary.cells:
        console.print("The wave has no cells yet.", width=width)
    _footnotes(summary, console, width, details)
    if details and any(cell.questions for cell in summary.cells):
        _in_short(summary, console, width)


def _in_short(summary: Summary, console: Console, width: int) -> None:
    """The openings once more, where a reader's eye is after a long page has scrolled by."""
    for cell in summary.cells:
        console.print()
        name = words(f"{cell.condition} · {cell.model}:") + " " if len(summary.cells) > 1 else ""
        console.print(Text.assemble(("In short  ", FAINT), name, (cell.opening, "bold")), width=width)


def _head(summary: Summary, console: Console, width: int) -> None:
    console.print()
    console.print(Text.assemble(words(summary.wave, style="bold"), "  ", words(summary.questionnaire)), width=width)
    if summary.reference:
        against = f"compared with: {summary.reference.title} ({summary.reference.year})"
        console.print(words(against, style=FAINT), width=width)
    if summary.finished is None:
        console.print(Text("The wave is not finished; these are the answers so far.", style="bold"), width=width)


def _cell(cell: CellSummary, console: Console, width: int, details: bool) -> None:
    console.print()
    title = words(f"{cell.condition} · {cell.model}", max(width - 6, 8), "bold")
    rule = Text("─" * max(0, width - title.cell_len - 4), style=FAINT)
    console.print(Text.assemble("── ", title, " ", rule), width=width)
    console.print(Text(cell.opening, style="bold"), width=width)
    if cell.no_people:
        console.print(words(f"Compared with nobody: {cell.no_people}."), width=width)
    console.print()
    _statuses(cell, console, width, details)
    if cell.averages.questions:
        _averages(cell.averages, console, width)
    if not details:
        return
    _questions(cell, console, width)
    for grouping in cell.groupings:
        show_grouping(grouping, console, width)


def _statuses(cell: CellSummary, console: Console, width: int, details: bool) -> None:
    s = cell.statuses
    line = Text(
        f"{cell.heard:,} of {cell.respondents:,} respondents · {s.asked:,} answers: {s.answered:,} understood"
    )
    line.append(f" ({s.understood:.1%})" if s.understood is not None else "")
    for name in ("refused", "invalid", "failed", "skipped"):
        count = getattr(s, name)
        line.append(f" · {count:,} {name}", style="" if count else FAINT)
    console.print(line, width=width)
    if cell.cost:
        cost = f"Cost: {cell.cost.amount:,.4f} {cell.cost.currency}"
        cost += f", and that of {cell.cost.unknown:,} calls that broke off" if cell.cost.unknown else ""
        console.print(Text(cost, style=FAINT), width=width)
    if cell.resolved or cell.unresolved:
        found = f"People resolved {cell.resolved:,} replies that no rule could read, which count as understood, and "
        console.print(f"{found}found {cell.unresolved:,} to mean nothing.", width=width)
    if cell.weighted:
        console.print("Shares are weighted by the personas' weights.", width=width)
    for reason in cell.reasons if details else ():
        why = words(reason.reason or "no reason given", max(20, width - 24))
        console.print(Text.assemble(f"  {reason.count:>6,} {reason.status}: ", why), width=width)


def _averages(averages: Averages, console: Console, width: int) -> None:
    wide = width >= WIDEST
    shown = table(gap=2 if wide else 1)
    shown.add_column(f"mean of {averages.questions}" if wide else "mean", no_wrap=True)
    numbers(shown, simulated=SIMULATED, **{"95 % interval" if wide else "95 %": ""}, uniform="", majority="")
    numbers(shown, **{"humans, same n": HUMAN, "halves": HUMAN})
    names = ("Wasserstein W1", "KL divergence", "Jensen-Shannon") if wide else ("W1", "KL", "JS")
    for name, m in zip(names, (averages.w1, averages.kl, averages.js), strict=True):
        if m is None:
            continue
        interval = f"{distance(m.low)}–{distance(m.high)}" if m.low is not None else "·"
        shown.add_row(
            *(name, distance(m.simulated), interval, distance(m.uniform), distance(m.majority)),
            *(spread(m.sample), distance(m.halves.median if m.halves else None)),
        )
    console.print()
    console.print(shown, width=width)
    _debiased(averages, console, width)
    n = averages.questions
    console.print(
        f"Within the human range on {averages.within_people} of {n} questions · closer than uniform on "
        f"{averages.closer_than_uniform} · closer than majority on {averages.closer_than_majority}",
        width=width,
    )
    if averages.infinite:
        console.print(
            f"KL is infinite on {averages.infinite} (somebody simulated chose what nobody real did); each counts as "
            "the largest finite one plus 1.",
            width=width,
        )


def _debiased(averages: Averages, console: Console, width: int) -> None:
    """The means without what the size of the sample adds."""
    found = (("W1", averages.w1_debiased), ("KL", averages.kl_debiased), ("JS", averages.js_debiased))
    said = []
    for name, one in found:
        if one is not None:
            between = f" ({distance(one.low)}–{distance(one.high)})" if one.low is not None else ""
            said.append(f"{name} {distance(one.value)}{between}")
    if said:
        line = Text.assemble("Debiased (95 %)  ", (" · ".join(said), SIMULATED))
        console.print(line, width=width)


def _questions(cell: CellSummary, console: Console, width: int) -> None:
    console.print()
    heading = Text.assemble(
        ("Every question", "bold"), "   ", ("█ simulated", SIMULATED), "   ", ("█ real people", HUMAN)
    )
    console.print(heading, width=width)
    for question in cell.questions:
        console.print()
        show_question(question, console, width)


def _footnotes(summary: Summary, console: Console, width: int, details: bool) -> None:
    if not any(cell.averages.questions for cell in summary.cells):
        return
    notes = [
        "W1: how far people would have to move along the answers, 0 to 1 (everybody from one end to the other). "
        "KL: nats, simulated against real. JS: 0 to 0.83, order of answers ignored. Smaller is closer.",
        "uniform: answering at random. majority: everybody gives the most frequent real answer.",
        f"humans, same n: {summary.draws:,} random samples of real people, as many as answered in the simulation; "
        "median and 95 % range. halves: one random half of the real people against the other. Both draw people only, "
        "no model.",
        "✓ human: no further from people than 97.5 % of such samples; with few respondents that proves little. "
        "✗ off: further, but closer than uniform. ✗✗ worse: as far as uniform, or farther.",
        "95 % interval: other simulated respondents of the same model (bootstrap). It says nothing about the model's "
        "distance from people: distances of small samples come out too large, and then this interval, which "
        "resamples them, often misses the true one.",
        "Debiased: the distance itself, without what the size of the sample adds, and its 95 % interval; where that "
        "holds 0, real people drawn in the same number could look like this. KL is left out where it is infinite.",
    ]
    groupings = [grouping for cell in summary.cells for grouping in cell.groupings] if details else []
    if groupings:
        notes.append(f"too few: under {summary.smallest_group} simulated respondents, so no number is claimed.")
    if any(level.questions for grouping in groupings for level in grouping.levels):
        notes.append(
            "█▄▁ in subgroups: a bar for each answer, in the order above, · for nobody; one scale for simulated and "
            "real people of the subgroup. 45/40/15: the same shares in percent, where there is room. humans 95 %: "
            "the range of humans, same n, drawn from the subgroup (W1; JS where answers have no order)."
        )
    if not all(grouping.told for grouping in groupings):
        notes.append("not told to the model: the portrait leaves it out, so the model cannot answer by it.")
    if summary.reference:
        weighted = "weighted" if summary.reference.weighted else "unweighted"
        notes.append(f"Real people ({weighted} counts): {summary.reference.source}")
        if details and summary.reference.note:
            notes.append(summary.reference.note)
    console.print()
    for note in notes:
        console.print(words(note, style=FAINT), width=width)
