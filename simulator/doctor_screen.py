"""The doctor's findings on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from demoscope.terminal import plain
from simulator.doctor import Check


def render_checks(checks: Sequence[Check], console: Console) -> None:
    """Print one line a check; a red one says what to do."""
    for check in checks:
        mark = "[green]ok [/green]" if check.ok else "[red]red[/red]"
        console.print(f"{mark} [bold]{escape(check.name)}[/bold]  {escape(plain(check.found))}")
        if not check.ok:
            console.print(f"    [red]{escape(plain(check.advice))}[/red]")
