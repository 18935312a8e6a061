"""What commands of every room share: their usual parameters, and where they write."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

WavePath = Annotated[Path, typer.Argument(metavar="WAVE.yaml", help="The wave to launch.")]
StorePath = Annotated[Path, typer.Argument(metavar="STORE", help="The SQLite file that a wave wrote.")]
StorePaths = Annotated[list[Path], typer.Argument(metavar="STORE...", help="SQLite files that waves wrote.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def console() -> "Console":
    """The terminal's output, for tables; results stand there and nothing else."""
    from rich.console import Console

    return Console(highlight=False)


def say(text: str) -> None:
    """Write a remark to the error stream."""
    print(text, file=sys.stderr)


def now() -> str:
    """The time, as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
