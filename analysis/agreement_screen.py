"""How far judges agree, on the terminal."""

from collections.abc import Sequence

from rich.console import Console

from analysis.evaluated import Agreement
from analysis.ink import words
from analysis.layout import FAINT, SIMULATED, WIDEST, numbers, table


def render_agreements(found: Sequence[Agreement], console: Console) -> None:
    """Write a table of agreements, and what its numbers mean."""
    width = min(console.width, WIDEST)
    console.print()
    if not found:
        console.print("No two raters judged the same replies, so no agreement can be told.", width=width)
        return
    shown = table(gap=2)
    shown.add_column("who agrees", no_wrap=True)
    shown.add_column("in", no_wrap=True)
    numbers(shown, **{"replies": "", "alike": "", "kappa": SIMULATED, "alpha": SIMULATED, "95 %": ""})
    for each in found:
        value = "·" if each.value is None else f"{each.value:.2f}"
        shown.add_row(
            words(" – ".join(each.raters), 30),
            each.dimension,
            f"{each.replies:,}",
            f"{each.alike:.0%}",
            value if each.measure == "kappa" else "",
            value if each.measure == "alpha" else "",
            "·" if each.low is None else f"{each.low:.2f}–{each.high:.2f}",
        )
    console.print(shown, width=width)
    console.print()
    note = (
        "kappa: Cohen's, of two raters; alpha: Krippendorff's, of all people. 1 is full agreement, 0 what chance "
        "gives, · where all verdicts are the same, so that chance cannot be told from agreement. 95 %: resampled "
        "replies; · where they are few, or a rater hardly ever said anything else. Where rules found no fault they "
        "count as passing."
    )
    console.print(words(note, style=FAINT), width=width)
