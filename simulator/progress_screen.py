"""How far a run is, on the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.run import Progress


class progress_shown:  # noqa: N801  (reads as the context it makes)
    """A progress bar with rate and time left, on the terminal's error stream."""

    def __init__(self, name: str, path: Path, what: str = "answers") -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn(name),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(f"{what} saved"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=Console(stderr=True),
        )
        self._path = path
        self._what = what
        self._task: Any = None
        self._noticed = 0

    def __enter__(self) -> "progress_shown":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, state: "Progress") -> None:
        """Show where the run stands now, and the notices that are new."""
        if self._task is None:
            if state.resumed:
                self._bar.console.print(
                    f"{self._path}: continuing after {state.resumed} saved {self._what}.", markup=False
                )
            self._task = self._bar.add_task("", total=state.total, completed=state.saved, rate="")
        for notice in state.notices[self._noticed :]:
            self._bar.console.print(notice, markup=False)
        self._noticed = len(state.notices)
        speed = self._bar.tasks[0].speed
        self._bar.update(self._task, completed=state.saved, rate=f"{speed:.1f}/s" if speed else "")
