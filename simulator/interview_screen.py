"""One interview on the terminal."""

from rich.console import Console
from rich.markup import escape

from demoscope.terminal import plain
from simulator.interview import Interview, Turn


def render_interview(interview: Interview, console: Console) -> None:
    """Print an interview: who, then question by question what was remembered, asked, replied and understood."""
    console.print(f"[bold]Respondent {interview.respondent}[/bold]  {escape(interview.cell)}")
    traits = ", ".join(f"{name}: {value}" for name, value in interview.persona.items())
    console.print(escape(plain(f"{traits}" + (f"; {interview.place}" if interview.place else ""))))
    console.print(f"[dim]decoding {_settings(interview.decoding)}; memory of {interview.memory_length}[/dim]")
    if interview.applied:
        console.print(f"[dim]the backend applied instead: {_settings(interview.applied)}[/dim]")
    names = {turn.ordinal: turn.question for turn in interview.turns if turn.step != "again"}
    for turn in interview.turns:
        _turn(turn, names, console)
    for passed in interview.skipped:
        console.print(f"\n[bold]{escape(passed.question)}[/bold] skipped: {escape(plain(passed.reason or ''))}")


def _turn(turn: Turn, names: dict[int, str | None], console: Console) -> None:
    console.print(f"\n[bold]{escape(turn.question or turn.step)}[/bold] [dim]({turn.step} {turn.ordinal})[/dim]")
    if turn.ordinal == 0 and turn.step != "again":
        for role, text in turn.prompt[:-1]:
            console.print(f"  [cyan]{escape(role)}[/cyan] {_shown(text)}")
    elif turn.status:
        kept = [f"{names.get(ordinal) or '?'}" for ordinal in turn.remembered]
        console.print(f"  [dim]remembers {len(kept)}: {escape(', '.join(kept)) or 'nothing'}[/dim]")
    if turn.prompt:
        role, text = turn.prompt[-1]
        console.print(f"  [cyan]{escape(role)}[/cyan] {_shown(text)}")
    for reply, error in zip(turn.replies, turn.errors, strict=True):
        console.print(f"  [green]reply[/green] {_shown(reply)}" if error is None else f"  [red]{escape(error)}[/red]")
    if turn.status:
        what = "; ".join(turn.chosen) or turn.reason or ""
        console.print(f"  [bold]{turn.status}[/bold] {escape(plain(what))}")


def _shown(text: str | None) -> str:
    return "[dim](text not kept)[/dim]" if text is None else escape(plain(text))


def _settings(settings: dict[str, object]) -> str:
    return escape(", ".join(f"{name} {value}" for name, value in settings.items()))
