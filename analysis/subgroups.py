"""Subgroups on the terminal: a table of the levels, then one line a question for each that is large enough."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analysis.findings import Averages, GroupingSummary, LevelSummary, QuestionSummary
from analysis.ink import distance, skyline, words
from analysis.layout import BAD, FAINT, HUMAN, SIMULATED, WIDEST, numbers, spread, table, verdict

FIXED = 45
"""Cells of a question's line that neither its name nor its shares take; six more where verdicts are words."""

WIDEST_SHARES = 20
"""Cells that the bars and percentages of one side take at most: five options with percentages."""


def show_grouping(grouping: GroupingSummary, console: Console, width: int) -> None:
    """Write one grouping; from 80 columns on no number is cut."""
    console.print()
    title = Text.assemble("By ", words(_people_write(grouping.name)), style="bold")
    if not grouping.told:
        title.append(" — not told to the model", style=f"bold {BAD}")
    console.print(title, width=width)
    _show(_levels(grouping, wide=width >= WIDEST), console, width)
    for level in grouping.levels:
        if level.averages and level.averages.questions:
            console.print()
            name = words(_people_write(level.level), width - 24, "bold")
            console.print(Text.assemble("  ", name, (f"  {level.n:,} simulated", FAINT)), width=width)
            _show(_questions(level, level.averages, width), console, width)


def _people_write(name: str) -> str:
    return name.replace("_", " ")


def _show(shown: Table, console: Console, width: int) -> None:
    console.print(Padding(shown, (0, 0, 0, 2), expand=False), width=width)


def _levels(grouping: GroupingSummary, wide: bool) -> Table:
    shown = table(gap=1)
    shown.add_column("mean", max_width=21 if wide else 15)
    numbers(shown, n="", W1=SIMULATED, uniform="", majority="", **{"humans, same n": HUMAN})
    if wide:
        numbers(shown, halves=HUMAN)
    shown.add_column("", no_wrap=True)
    for level in grouping.levels:
        figures, said = _figures(level, wide)
        shown.add_row(words(_people_write(level.level)), f"{level.n:,}", *figures, said)
    return shown


def _figures(level: LevelSummary, wide: bool) -> tuple[list[str], Text]:
    nothing = [""] * (5 if wide else 4)
    if level.too_few:
        return nothing, Text("too few", style=FAINT)
    found = level.averages
    if found is None or found.leading is None:
        return nothing, Text("not compared", style=FAINT)
    figures = ["·"] * 4
    if found.w1:
        figures = [distance(value) for value in (found.w1.simulated, found.w1.uniform, found.w1.majority)]
        figures.append(spread(found.w1.sample))
    if wide:
        halves = found.w1.halves if found.w1 else None
        figures.append(distance(halves.median if halves else None))
    return figures, verdict(found.leading)


def _questions(level: LevelSummary, averages: Averages, width: int) -> Table:
    wide = width >= WIDEST
    name = min(max(len(question.id) for question in level.questions), 20 if wide else 10)
    room = min((width - FIXED - 6 * wide - name) // 2, WIDEST_SHARES)
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=FAINT)
    shown.add_column("", no_wrap=True)
    shown.add_column("simulated", style=SIMULATED, no_wrap=True)
    shown.add_column("real", style=HUMAN, no_wrap=True)
    numbers(shown, W1=SIMULATED, KL=SIMULATED, JS=SIMULATED, **{"humans 95 %": HUMAN})
    shown.add_column("", no_wrap=True)
    for question in level.questions:
        shown.add_row(words(question.id, name), *_shares(question, room), *_measures(question, wide))
    if averages.questions > 1:
        shown.add_row("mean", "", "", *_measures(averages, wide), style="bold")
    return shown


def _shares(question: QuestionSummary, room: int) -> tuple[str, str]:
    """Both sides as small bars on one scale, with percentages where there is room."""
    sides = [[s.simulated for s in question.shares], [s.human for s in question.shares]]
    tallest = max([share for side in sides for share in side if share is not None], default=0.0)
    shown = [skyline(side, tallest) for side in sides]
    if len(question.shares) > room:
        return f"{len(question.shares)} options", ""
    full = [f"{bars} {_percentages(side)}" for bars, side in zip(shown, sides, strict=True) if bars]
    if len(full) == 2 and max(len(text) for text in full) <= room:
        return full[0], full[1]
    return shown[0], shown[1]


def _percentages(side: list[float | None]) -> str:
    return "/".join("·" if share is None else f"{100 * share:.0f}" for share in side)


def _measures(found: QuestionSummary | Averages, wide: bool) -> tuple[str | Text, ...]:
    figures = [distance(m.simulated if m else None) for m in (found.w1, found.kl, found.js)]
    leading = found.leading
    if leading is None:
        return (*figures, "·", "")
    people = f"{distance(leading.sample.low)}–{distance(leading.sample.high)}"
    return (*figures, people, verdict(leading, word=wide))
