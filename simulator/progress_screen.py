"""How far a run is, on the terminal: rate, what was understood, cost, each model's progress, the latest answers."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from demoscope.terminal import plain
from simulator.progress import LatestAnswer, ModelProgress, Progress

EVERY_S = 30.0
"""Seconds between two lines where nobody watches: in a log, or the output of a cluster's job."""


class progress_shown:  # noqa: N801  (reads as the context it makes)
    """Progress on the terminal's error stream, drawn anew; lines from time to time where that is no terminal."""

    def __init__(
        self,
        name: str,
        path: Path,
        what: str = "answers",
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._path = path
        self._what = what
        self._console = console or Console(stderr=True)
        self._clock = clock
        self._bars = _Bars(what, self._console)
        self._state: Progress | None = None
        self._began = self._told = clock()
        self._noticed = 0

    def __enter__(self) -> Self:
        self._began = self._told = self._clock()
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bars.stop()
        elif self._state is not None:
            self._say(self._line(self._state))

    def __call__(self, state: Progress) -> None:
        """Show where the run stands now, and the notices that are new."""
        if self._state is None and state.resumed:
            self._say(f"{self._path}: continuing after {state.resumed} saved {self._what}.")
        for notice in state.notices[self._noticed :]:
            self._say(notice)
        self._noticed = len(state.notices)
        self._state = state
        if self._console.is_terminal:
            self._bars.show(self._name, state)
        elif self._clock() - self._told >= EVERY_S:
            self._told = self._clock()
            self._say(self._line(state))

    def _line(self, state: Progress) -> str:
        passed = self._clock() - self._began
        told = [f"{state.saved:,} of {state.total:,} {self._what} saved"]
        told += [f"{(state.saved - state.resumed) / passed:.1f}/s"] if passed > 0 else []
        told += [_share(state.understood)] if state.asked else []
        told += [_money(cost, currency) for currency, cost in state.costs.items()]
        return f"{self._name}: {', '.join(told)}"

    def _say(self, text: str) -> None:
        self._console.print(plain(text), markup=False, highlight=False, soft_wrap=True)


class _Bars(Bars):
    """A bar for the wave and, where models are several, one for each; below them the latest answers."""

    def __init__(self, what: str, console: Console) -> None:
        self._what = what
        self._latest: tuple[LatestAnswer, ...] = ()
        columns = (_Field("name"), BarColumn(24), MofNCompleteColumn(), _Field("what"), _Rate())
        more = (_Field("understood"), _Field("cost"), TimeRemainingColumn(compact=True, elapsed_when_finished=True))
        super().__init__(*columns, *more, console=console)

    def show(self, name: str, state: Progress) -> None:
        """Draw where the run stands."""
        costs = " + ".join(_money(cost, currency) for currency, cost in state.costs.items())
        rows = [(state.total, state.saved, _Words(name, f"{self._what} saved", _share(state.understood), costs))]
        if len(state.models) > 1:
            rows += [(model.total, model.saved, _words_of(model)) for model in state.models]
        for place, (total, saved, words) in enumerate(rows):
            if place == len(self.tasks):
                self.add_task("", total=total, completed=saved, words=words)
            self.update(self.task_ids[place], total=total, completed=saved, words=words)
        self._latest = state.latest

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars, then the latest answers, each on one line."""
        yield self.make_tasks_table(self.tasks)
        for answer in self._latest:
            said = " ".join(plain(answer.said).split())
            line = f"{answer.respondent:>7}  {plain(answer.question):<16.16}  {answer.status:<9} {said}"
            yield Text(line, style="dim", no_wrap=True, overflow="ellipsis")


@dataclass(frozen=True, slots=True)
class _Words:
    """What stands beside a bar."""

    name: str
    what: str
    understood: str
    cost: str


def _words_of(model: ModelProgress) -> _Words:
    understood = model.understood / model.asked if model.asked else None
    cost = _money(model.cost, model.currency) if model.currency else ""
    return _Words(f"  {model.name}", "", _share(understood), cost)


class _Field(ProgressColumn):
    """One of the words beside a bar, as it is: names are no markup."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def render(self, task: Task) -> Text:
        """The words."""
        return Text(plain(getattr(task.fields["words"], self._name)), no_wrap=True, overflow="ellipsis")


class _Rate(ProgressColumn):
    """Answers a second, of late."""

    def render(self, task: Task) -> Text:
        """The rate; nothing before there is one."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "", no_wrap=True)


def _share(understood: float | None) -> str:
    return "" if understood is None else f"{understood:.0%} understood"


def _money(cost: float, currency: str) -> str:
    return f"{cost:,.4f} {currency}"
