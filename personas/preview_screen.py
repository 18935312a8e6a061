"""A preview on the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from demoscope.terminal import plain
from personas.preview import LevelShare, MarginPreview, Preview

MOST = 8
"""Levels of a margin that are shown; those with the largest gaps when there are more."""

LANGUAGES = {"en": "English", "zh": "Chinese"}


def render_preview(preview: Preview, console: Console) -> None:
    """Print a preview: where it comes from, margins with their largest gaps, precision, and people."""
    year = f", {preview.year}" if preview.year and str(preview.year) not in preview.title else ""
    console.print(f"[bold]{escape(plain(preview.title))}[/bold]{year}  [dim]{escape(preview.population)}[/dim]")
    console.print(f"[dim]{escape(plain(preview.source))}[/dim]")
    for more in (preview.places, preview.note):
        if more:
            console.print(f"[dim]{escape(plain(more))}[/dim]")
    console.print(
        f"\n{preview.n:,} people drawn (design {preview.design}, seed {preview.seed}). "
        f"Design effect {preview.design_effect:.3f}, "
        f"effective sample size {preview.effective_sample_size:,.0f}; a share is known to "
        f"± {100 * preview.margin_of_error:.1f} points (95 %)."
    )
    for line in preview.raking:
        console.print(f"Raking: {escape(line)}.")
    console.print()
    console.print(_margins(preview.margins))
    for language, people in preview.introductions.items():
        console.print(f"\n[bold]As introduced in {LANGUAGES.get(language, language)}[/bold]")
        for number, told in enumerate(people, start=1):
            console.print(f"  {number:>2}. {escape(plain(told))}")


def _margins(margins: tuple[MarginPreview, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("margin")
    table.add_column("level")
    for name in ("target", "achieved", "gap"):
        table.add_column(name, justify="right")
    for margin in margins:
        shown = _shown(margin)
        for position, level in enumerate(shown):
            widest = level == margin.widest and len(margin.levels) > 1
            table.add_row(
                escape(margin.name) if position == 0 else "",
                escape(plain(level.level)),
                f"{level.target:.1%}",
                f"{level.achieved:.1%}",
                f"{'[bold]' if widest else ''}{100 * level.gap:+.1f}{'[/bold]' if widest else ''}",
            )
        left = len(margin.levels) - len(shown)
        table.add_row("", f"[dim]{left} more with smaller gaps[/dim]" if left else "", end_section=True)
    return table


def _shown(margin: MarginPreview) -> list[LevelShare]:
    """Levels to show: all of a short margin in order, else those furthest off, the worst first."""
    if len(margin.levels) <= MOST + 1:
        return list(margin.levels)
    return sorted(margin.levels, key=lambda level: (-abs(level.gap), level.level))[:MOST]
