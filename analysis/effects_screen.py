"""Effects of the design on the terminal: a table of each sort, with intervals and what was left out."""

from rich.console import Console
from rich.text import Text

from analysis.effects import CellEffects, EffectRow, EffectsReport, EffectTable
from analysis.ink import words
from analysis.layout import FAINT, SIMULATED, WIDEST, numbers, table

TITLES = {
    "order": "Order of options, all questions together",
    "order_by_question": "Order, question by question",
    "arms": "Arms of split ballots",
    "levels": "Levels of vignettes and conjoint tasks (AMCE)",
}
"""What the tables are called."""


def render_effects(report: EffectsReport, console: Console) -> None:
    """Write the effects of all cells to a console, from 80 columns on without cutting a number."""
    width = min(console.width, WIDEST)
    console.print()
    console.print(Text.assemble(words(report.wave, style="bold"), "  ", words(report.questionnaire)), width=width)
    for cell in report.cells:
        _cell(cell, console, width)
    if any(cell.tables for cell in report.cells):
        _notes(report, console, width)


def _cell(cell: CellEffects, console: Console, width: int) -> None:
    console.print()
    title = words(f"{cell.condition} · {cell.model}", max(width - 6, 8), "bold")
    rule = Text("─" * max(0, width - title.cell_len - 4), style=FAINT)
    console.print(Text.assemble("── ", title, " ", rule), width=width)
    if not cell.tables:
        console.print(
            "Nothing was drawn by design here: no order of options or questions, no split ballot, no vignette or "
            "conjoint task; or nothing was answered yet.",
            width=width,
        )
    for one in cell.tables:
        _table(one, console, width)


def _table(found: EffectTable, console: Console, width: int) -> None:
    console.print()
    console.print(Text(TITLES[found.table], style="bold"), width=width)
    if found.rows:
        shown = table(gap=1)
        shown.add_column("", no_wrap=True, overflow="ellipsis", max_width=16, style="bold")
        shown.add_column("", ratio=1, min_width=18)
        numbers(shown, effect=SIMULATED, **{"95 %": "", "p": FAINT, "p Holm": "", "answers": ""})
        about = None
        for row in found.rows:
            shown.add_row("" if row.about == about else words(row.about), words(row.effect), *_numbers(row))
            about = row.about
        console.print(shown, width=width)
    left = found.left_out
    parts = [f"{found.answers:,} answers"]
    for count, why in (
        (left.refused, "refused"),
        (left.invalid, "invalid"),
        (left.failed, "failed"),
        (left.skipped, "skipped"),
        (left.set_aside, "set aside"),
    ):
        parts += [f"{count:,} {why}"] if count else []
    console.print(Text("; left out: ".join((parts[0], ", ".join(parts[1:]) or "none")), style=FAINT), width=width)
    for about, why in found.not_estimated:
        console.print(words(f"{about}: {why}", style=FAINT), width=width)


def _numbers(row: EffectRow) -> tuple[str, str, str, str, str]:
    interval = "·" if row.low is None or row.high is None else f"{_signed(row.low)} to {_signed(row.high)}"
    return (
        "·" if row.estimate is None else _signed(row.estimate),
        interval,
        _p(row.p),
        _p(row.p_holm),
        f"{row.answers:,}",
    )


def _signed(value: float) -> str:
    """A difference with its sign; what rounds to nothing has no minus.

    >>> _signed(-0.25), _signed(-1e-9)
    ('-0.250', '+0.000')
    """
    return f"{round(value, 3) + 0.0:+.3f}"


def _p(value: float | None) -> str:
    """A p-value as journals print it.

    >>> _p(0.00004), _p(0.21), _p(None)
    ('<.001', '0.210', '·')
    """
    if value is None:
        return "·"
    return "<.001" if value < 0.001 else f"{value:.3f}"


def _notes(report: EffectsReport, console: Console, width: int) -> None:
    tables = {one.table for cell in report.cells for one in cell.tables}
    notes = [
        "95 %: with the respondent as the unit: how much an effect would change with other simulated respondents of "
        "the same model. It says nothing of people. p Holm: adjusted for the rows of a table that have a p, not "
        "across tables or conditions. A dot: all on either side answered alike, so there is no spread to judge by.",
    ]
    if tables & {"order", "order_by_question"}:
        notes.append(
            "Preferred: share of answers above what the options would get wherever they stand; 0 where order does "
            "not matter. Falling against rising: where codes were shown from high to low, minus from low to high. "
            "Late against early: second half of the interview minus the first."
        )
    if "arms" in tables:
        notes.append("Arms: mean, share or points in an arm minus that in the split's first arm.")
    if "levels" in tables:
        notes.append(
            "Levels: share of profiles chosen (conjoint) or mean score (vignette) at a level minus that at the "
            "attribute's first level; `answers` counts profiles with the level."
        )
    notes.append("Set aside: a don't know, an added option, or shown in a way that says nothing of the effect.")
    console.print()
    for note in notes:
        console.print(words(note, style=FAINT), width=width)
