"""The doctor's findings on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from demoscope.terminal import plain
from simulator.doctor import Check


def render_checks(checks: Sequence[Check], console: Console) -> None:
    """Print one line a check; a red one, and a yellow one that is doubtful, say what to do."""
    for check in checks:
        colour, mark = ("red", "red") if not check.ok else ("yellow", "see") if check.advice else ("green", "ok ")
        console.print(f"[{colour}]{mark}[/{colour}] [bold]{escape(check.name)}[/bold]  {escape(plain(check.found))}")
        if check.advice:
            console.print(f"    [{colour}]{escape(plain(check.advice))}[/{colour}]")
