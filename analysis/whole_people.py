"""Whole real people beside simulated ones: whether answers hang together and follow from traits as people's do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from analysis.choices import Floats, Scales, Truths
from analysis.def_data import CellData
from analysis.evaluated import Structure
from analysis.item_structure import Figure, human_bounds, item_correlations, likeness, trait_effects
from analysis.records import Asked
from demoscope.columns import Column, read_columns, read_header
from demoscope.errors import DocumentError
from surveys.reference import CULTURES

FEWEST = 20
"""People on either side below whom a structure is noise."""

MOST_LEVELS = 12
"""Traits of words with more levels, such as a town, are not looked at."""


@dataclass(frozen=True)
class WholePeople:
    """A table of real people, one a row."""

    where: str
    """Where it was read, for messages."""
    columns: Mapping[str, Column]
    """Answers by question, traits by attribute of the personas, and perhaps ``weight``."""

    @property
    def weights(self) -> Floats:
        """(n_people,) how many people each stands for: ``weight``, or 1."""
        column = self.columns.get("weight")
        if column is None:
            return np.ones(len(next(iter(self.columns.values()))))
        each = np.array(column.read(_weight, self.where, "weight"), dtype=np.float64)
        return np.asarray(each[column.positions])


def read_people(path: Path) -> WholePeople:
    """Read a table of real people: CSV, TSV or Parquet.

    Columns are called like the questions, with the codes of options, and like attributes of the personas (``sex``,
    ``age``), with their levels. ``weight`` is what a person stands for; others are not looked at.

    Raises
    ------
    DocumentError
        If the table is missing, damaged, empty, or has a column twice.
    """
    header = read_header(path)
    twice = sorted({name for name in header.names if header.names.count(name) > 1})
    if twice:
        raise DocumentError(f"{path}: the column {twice[0]!r} is there twice; keep one of them.")
    found = WholePeople(str(path), read_columns(path, header, header.names))
    if not len(next(iter(found.columns.values()))):
        raise DocumentError(f"{path}: there is nobody in this table; it has a header alone.")
    return found


def structures(
    data: CellData, traits: Sequence[Mapping[str, Any]], people: WholePeople, rng: np.random.Generator
) -> tuple[Structure, ...]:
    """How alike simulated and real people are in correlations between items, and in effects of traits.

    Both sides have ordered questions on a scale of 0 to 1 and numeric traits in standard deviations of the real
    people; other traits are a column for each level but the first. Where the table has a culture (or country) and the
    cell too, real people are those of it.

    Parameters
    ----------
    data : CellData
        The cell.
    traits : sequence of mapping
        Attributes of the persona of each run.
    people : WholePeople
        Real people.
    rng : numpy.random.Generator
        Source of the splits of real people that give the bounds.

    Returns
    -------
    tuple of Structure
        Correlations, and effects where both sides know a trait. With fewer than :data:`FEWEST` on a side nothing is
        known of them.

    Raises
    ------
    DocumentError
        If the table has fewer than two of the cell's ordered questions, or what should be a number is none.
    """
    ordered = [n for n, question in enumerate(data.closed) if question.ordinal and question.name in people.columns]
    if len(ordered) < 2:
        asked = ", ".join(question.name for question in data.closed if question.ordinal) or "none"
        raise DocumentError(
            f"{people.where}: answers hang together where two ordered questions at least are columns of the table; "
            f"the wave's are {asked}."
        )
    mine = _of_culture(data, people)
    questions, units = [data.closed[n] for n in ordered], Scales(data.scales.codes[ordered]).unit
    theirs = np.column_stack(
        [_answers(people, question, row) for question, row in zip(questions, units, strict=True)]
    )[mine]
    ours = np.where(data.choices < 0, np.nan, 0.0)[:, ordered]
    for column, n in enumerate(ordered):
        chosen = data.choices[:, n]
        ours[chosen >= 0, column] = units[column, chosen[chosen >= 0]]
    weights, simulated_weights = people.weights[mine], data.run_weights
    names = tuple(question.name for question in questions)
    found = [
        _structure(
            "correlations",
            names,
            (),
            item_correlations(ours, simulated_weights),
            np.column_stack([theirs, weights]),
            lambda table: item_correlations(table[:, :-1], table[:, -1]),
            len(ours),
            rng,
        )
    ]
    told, one, other = _designs(traits, people, mine)
    if told:
        items, here, there = len(ordered), *(~np.isnan(side).any(axis=1) for side in (one, other))
        found.append(
            _structure(
                "effects",
                names,
                told,
                trait_effects(ours[here], one[here], simulated_weights[here]),
                np.column_stack([theirs, other, weights])[there],
                lambda table: trait_effects(table[:, :items], table[:, items:-1], table[:, -1]),
                int(here.sum()),
                rng,
            )
        )
    return tuple(found)


def _structure(
    kind: Literal["correlations", "effects"],
    questions: tuple[str, ...],
    traits: tuple[str, ...],
    simulated: Floats,
    people: Floats,
    figure: Figure,
    size: int,
    rng: np.random.Generator,
) -> Structure:
    """Simulated structure beside the people's, and beside what people are to people in samples of the same size."""
    unknown = Structure(kind=kind, questions=questions, traits=traits, people=len(people), simulated=size)
    if min(len(people), size) < FEWEST:
        return unknown
    found = likeness(simulated, figure(people))
    splits = human_bounds(people, figure, size, rng)
    apart, alike = (_known([getattr(each, name) for each in splits]) for name in ("mean_difference", "correlation"))
    if not len(apart) or np.isnan(found.mean_difference):
        return unknown
    low, high = np.quantile(apart, [0.025, 0.975]).tolist()
    return unknown.model_copy(
        update={
            "difference": found.mean_difference,
            "low": low,
            "high": high,
            "correlation": None if np.isnan(found.correlation) else found.correlation,
            "correlation_of_people": float(alike.mean()) if len(alike) else None,
        }
    )


def _known(values: Sequence[float]) -> Floats:
    numbers = np.array(values)
    return np.asarray(numbers[~np.isnan(numbers)])


def _of_culture(data: CellData, people: WholePeople) -> Truths:
    name = next((name for name in CULTURES if name in people.columns), None)
    everybody = np.ones(len(people.weights), dtype=np.bool_)
    if name is None or data.cell.culture is None:
        return everybody
    column = people.columns[name]
    return np.asarray(np.array([text == data.cell.culture for text in column.texts])[column.positions])


def _answers(people: WholePeople, question: Asked, units: Floats) -> Floats:
    """Where each person's code lies on the scale of 0 to 1; NaN for anything that is no substantive option."""
    column = people.columns[question.name]
    places = [choice.code for choice in question.choices if choice.substantive]
    known = {str(code): float(unit) for code, unit in zip(places, units, strict=False)}
    return np.array([known.get(text.removesuffix(".0"), np.nan) for text in column.texts])[column.positions]


def _designs(
    traits: Sequence[Mapping[str, Any]], people: WholePeople, mine: Truths
) -> tuple[tuple[str, ...], Floats, Floats]:
    """Traits that both sides know and differ in, as columns of numbers: names, simulated, people."""
    names: list[str] = []
    ours: list[Floats] = []
    theirs: list[Floats] = []
    for name in dict.fromkeys(name for each in traits for name in each):
        if name not in people.columns or name in CULTURES:
            continue
        column, values = people.columns[name], [each.get(name) for each in traits]
        if all(isinstance(value, int | float) for value in values if value is not None):
            own = np.array([np.nan if value is None else float(value) for value in values])
            real = np.array([_or_nan(text) for text in column.texts])[column.positions][mine]
            spread = float(np.nanstd(real)) if np.isfinite(real).any() else 0.0
            if spread > 0 and np.nanstd(own) > 0:
                names.append(name)
                ours.append(own / spread)
                theirs.append(real / spread)
            continue
        levels = sorted({str(value) for value in values if value is not None} & set(column.texts))
        if not 2 <= len(levels) <= MOST_LEVELS:
            continue
        real_texts = np.array(column.texts, dtype=object)[column.positions][mine]
        for level in levels[1:]:
            names.append(f"{name}={level}")
            ours.append(np.array([_is(None if v is None else str(v), level, levels) for v in values]))
            theirs.append(np.array([_is(text, level, levels) for text in real_texts]))
    empty = (np.zeros((len(traits), 0)), np.zeros((int(mine.sum()), 0)))
    return tuple(names), *((np.column_stack(ours), np.column_stack(theirs)) if names else empty)


def _is(text: str | None, level: str, levels: Sequence[str]) -> float:
    return float(text == level) if text in levels else float("nan")


def _weight(text: str) -> float:
    weight = float(text)
    if not (np.isfinite(weight) and weight >= 0):
        raise ValueError(text)
    return weight


def _or_nan(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
