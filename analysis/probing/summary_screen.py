"""The summary of a store that holds probes, on the terminal: the verdict on each model first."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from analysis.findings import Summary
from analysis.ink import words
from analysis.layout import FAINT, WIDEST
from analysis.probing.findings import ProbeReport, named_apart
from analysis.probing.report import PROBING
from analysis.probing.screen import render_verdict, told_of
from analysis.screen import render


def render_probed_summary(summary: Summary, found: ProbeReport, store: Path, console: Console) -> None:
    """Write the verdict on each model and where the rest stands, then whatever else the store asked, as it is told.

    Conditions that probe, rate or write scenes are ways of asking one model, and no public of their own.
    """
    width = min(console.width, WIDEST)
    ways = sum(cell.protocol in PROBING for cell in summary.cells)
    publics = tuple(cell for cell in summary.cells if cell.protocol not in PROBING)
    console.print()
    console.print(Text.assemble(words(summary.wave, style="bold"), "  ", words(summary.questionnaire)), width=width)
    if summary.finished is None:
        console.print(Text("The wave is not finished; these are the answers so far.", style="bold"), width=width)
    for model in found.models:
        console.print()
        console.print(words(named_apart(model, found.models), style="bold"), width=width)
        render_verdict(model, console, width)
        for method in model.methods:
            console.print(words(told_of(method), style=FAINT), width=width)
    console.print()
    console.print(
        f"{ways:,} condition{'' if ways == 1 else 's'} with a model: each is a way of asking, no public of its own.",
        width=width,
    )
    console.print(words(f"Robustness, preferences, methods, actions: demoscope probe-report {store}"), soft_wrap=True)
    console.print(words(f"Every condition by itself: demoscope report {store} --json", style=FAINT), soft_wrap=True)
    if publics:
        render(summary.model_copy(update={"cells": publics}), console)
