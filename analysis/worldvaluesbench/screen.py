"""An evaluation on the terminal: the table by category, thresholds, subgroups, and what did not enter."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from string import ascii_uppercase

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.ink import plain, words
from analysis.worldvaluesbench.findings import Evaluation, LevelFinding, SystemFinding
from analysis.worldvaluesbench.thresholds import PUBLISHED

MOST_QUESTIONS = 60
"""Questions that are shown one by one; beyond that, means of categories alone."""

MOST_LEVELS = 12
"""Levels of a grouping that are shown: those of the most people."""


def render(evaluation: Evaluation, console: Console) -> None:
    """Write an evaluation to a console."""
    columns = (*evaluation.baselines, *evaluation.systems)
    console.print(Text("WorldValuesBench: Wasserstein-1 distance from people, 0 to 1", style="bold"))
    rules = f"scores out of range: {evaluation.out_of_range} · questions: {evaluation.aggregate}"
    console.print(words(f"People: {evaluation.reference} · {rules}"))
    heads = _heads([one.name for one in columns], console.width)
    if heads[0] != columns[0].name:
        console.print(words(", ".join(f"{head} {one.name}" for head, one in zip(heads, columns, strict=True))))
    questions = list(dict.fromkeys(one.question for column in columns for one in column.questions))
    if len(questions) <= MOST_QUESTIONS:
        console.print(_questions(questions, columns, heads))
    console.print(_categories(questions, columns, heads))
    told = heads[len(evaluation.baselines) :]
    console.print(_thresholds(evaluation.systems, told))
    for grouping in dict.fromkeys(level.grouping for level in evaluation.levels):
        inside = [one for one in evaluation.levels if one.grouping == grouping]
        console.print(_levels(grouping, inside, dict(zip((one.name for one in columns), heads, strict=True))))
    for gain in evaluation.gains:
        change = f"{gain.mean:+.2f} on average, nearer to people on {gain.nearer} of {gain.questions} questions"
        console.print(words(f"{gain.system} against {gain.without}: {change}."))
    if any(one.interval for one in evaluation.systems):
        console.print(words(f"From, to: 95 % intervals from {evaluation.draws:,} resamples of the people."))
    for note in evaluation.notes:
        console.print(words(note))


def _heads(names: Sequence[str], width: int) -> list[str]:
    """The names where a line has room for them, else letters."""
    fit = sum(max(len(name), 7) + 3 for name in names) <= width - 32
    return list(names) if fit or len(names) > len(ascii_uppercase) else list(ascii_uppercase[: len(names)])


def _questions(questions: Sequence[str], columns: Sequence[SystemFinding], heads: Sequence[str]) -> Table:
    """One row a question, a section a category."""
    table = _table("question", heads)
    category = {one.question: one.category for column in columns for one in column.questions}
    found = [{one.question: one.distance for one in column.questions} for column in columns]
    for before, question in pairwise((*questions, None)):
        table.add_row(before, *(_shown(distances.get(before or "")) for distances in found))
        if question is None or category[question] != category[before or ""]:
            table.add_section()
    return table


def _categories(questions: Sequence[str], columns: Sequence[SystemFinding], heads: Sequence[str]) -> Table:
    """Means of the categories and of all questions, and what entered."""
    table = _table("mean of", heads)
    category = {one.question: one.category for column in columns for one in column.questions}
    found = [{one.question: one.distance for one in column.questions} for column in columns]
    for name in dict.fromkeys(category[question] for question in questions):
        inside = [question for question in questions if category[question] == name]
        means = [_mean([distances.get(question) for question in inside]) for distances in found]
        table.add_row(words(name, 28), *map(_shown, means))
    table.add_section()
    table.add_row(Text("all questions", style="bold"), *(Text(_shown(one.mean), style="bold") for one in columns))
    if any(one.interval for one in columns):
        table.add_row("  from", *(_shown(one.interval[0] if one.interval else None) for one in columns))
        table.add_row("  to", *(_shown(one.interval[1] if one.interval else None) for one in columns))
    table.add_row("standard deviation", *(_shown(one.std) for one in columns))
    told: tuple[tuple[str, Callable[[SystemFinding], int]], ...] = (
        ("rows", lambda one: one.rows),
        ("scores read", lambda one: one.scores),
        ("out of range", lambda one: one.out_of_range),
    )
    for what, count in told:
        table.add_row(what, *(f"{count(one):,}" if one.rows else "" for one in columns))
    return table


def _thresholds(systems: Sequence[SystemFinding], heads: Sequence[str]) -> Table:
    table = _table("questions at or below", heads)
    for place, threshold in enumerate(PUBLISHED):  # all of them begin as these do
        cells = (f"{one.thresholds[place].questions} ({one.thresholds[place].share:.1%})" for one in systems)
        table.add_row(f"{threshold:.2f}", *cells)
    return table


def _levels(grouping: str, levels: Sequence[LevelFinding], heads: Mapping[str, str]) -> Table:
    systems = list(dict.fromkeys(one.system for one in levels))
    table = _table(f"mean within {plain(grouping)}", [heads.get(name, name) for name in systems])
    people: dict[str, int] = {}
    for one in levels:
        people[one.level] = people.get(one.level, 0) + one.people
    shown = sorted(people, key=lambda level: -people[level])[:MOST_LEVELS]
    by_key = {(one.level, one.system): one for one in levels}
    for level in (level for level in people if level in shown):
        cells = [by_key.get((level, system)) for system in systems]
        table.add_row(words(level, 28), *(_shown(one.mean) if one else "" for one in cells))
    if len(people) > len(shown):
        table.caption = f"{len(shown)} of {len(people)} levels, those of the most people; --csv has all."
    return table


def _table(head: str, names: Sequence[str]) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column(head, max_width=28)
    for name in names:
        table.add_column(words(name), justify="right", overflow="fold", min_width=5)
    return table


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def csv_rows(evaluation: Evaluation) -> Iterator[tuple[str, ...]]:
    """Rows of a table of everything: one a system and question, then one a system and level; a header first."""
    yield CSV_COLUMNS
    for system in (*evaluation.baselines, *evaluation.systems):
        for one in system.questions:
            low, high = one.interval or (None, None)
            counts = (str(one.scores), str(one.out_of_range), str(one.people))
            yield system.name, "", "", one.question, one.category, *counts, *map(_exact, (one.distance, low, high))
    for level in evaluation.levels:
        counts = (str(level.scores), "", str(level.people))
        low, high = level.interval or (None, None)
        found = map(_exact, (level.mean, low, high))
        yield level.system, level.grouping, level.level, "mean", "", *counts, *found


CSV_COLUMNS = (
    *("system", "grouping", "level", "question", "category", "scores", "out_of_range", "people"),
    *("distance", "low", "high"),
)


def _exact(value: float | None) -> str:
    return "" if value is None else repr(value)
