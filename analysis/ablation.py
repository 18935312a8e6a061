"""DEF's ablation: which parts a condition has, and whether diversity rises as the published table has it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from scipy.stats import t as student

from analysis.choices import Integers
from analysis.compared import AblationOrder, AblationStep, ConditionRow, DiversityFigures
from analysis.def_data import CellData
from analysis.diversity import SILENT, Digests, diversity_gap, of_choices
from analysis.findings import Estimate

PUBLISHED = ("none", "without memory", "without config", "without prompt", "full")
"""Rows of the published ablation (Table 4), by rising diversity."""

_PARTS = {
    (False, False, False): "none",
    (True, True, False): "without memory",
    (True, False, True): "without config",
    (False, True, True): "without prompt",
    (True, True, True): "full",
}
"""Place, decoding and memory -> row."""


def ablation_of(protocol: str, settings: Mapping[str, Any]) -> str | None:
    """Which row of the ablation a cell is; ``None`` when it is none of them.

    Parameters
    ----------
    protocol : str
        Protocol of the cell.
    settings : mapping
        Its settings as the store has them: ``location``, ``decoding`` with its ranges, ``memory`` with its longest.

    >>> fixed = {"num_beams": 1, "do_sample": False}
    >>> ablation_of("def", {"location": True, "decoding": fixed, "memory": {"low": 0, "high": 15}})
    'without config'
    """
    if protocol != "def" or not {"location", "decoding", "memory"} <= settings.keys():
        return None
    decoding = settings["decoding"]
    varies = isinstance(decoding.get("num_beams"), Mapping) or decoding.get("do_sample") is not False
    return _PARTS.get((bool(settings["location"]), varies, settings["memory"]["high"] > 0))


Level = Literal["wording", "choices"]


def ablation_orders(
    rows: Sequence[ConditionRow], cells: Sequence[CellData] = (), same_runs: int | None = None
) -> tuple[AblationOrder, ...]:
    """Whether diversity rises as published, for each model, language and culture with two rows or more.

    Once on the wording, as the published table has it, and once on choices, which still have room where a few runs
    already say everything differently. Where a row of the ablation was asked under several conditions, the first
    counts. Two rows at the largest D that so many runs can reach cannot be told apart, and are said to be there.

    Parameters
    ----------
    rows : sequence of ConditionRow
        Conditions side by side.
    cells : sequence of CellData, optional
        What was read of each of them; without it, differences have no intervals.
    same_runs : int, optional
        Fewest replies to a question: D is that of as many runs, so that conditions of different sizes can be
        compared.
    """
    groups: dict[tuple[str, ...], dict[str, int]] = {}
    for number, row in enumerate(rows):
        if row.ablation is not None:
            group = groups.setdefault((row.store, row.model, row.language, row.culture or ""), {})
            group.setdefault(row.ablation, number)
    found = []
    for group in groups.values():
        for level in ("wording", "choices"):
            numbers = [group[name] for name in PUBLISHED if name in group and _figures(rows[group[name]], level)]
            if len(numbers) >= 2:
                found.append(_order(rows, cells, numbers, level, same_runs))
    return tuple(found)


def _order(
    rows: Sequence[ConditionRow], cells: Sequence[CellData], numbers: Sequence[int], level: Level, runs: int | None
) -> AblationOrder:
    first = rows[numbers[0]]
    steps: list[AblationStep] = []
    for before, number in zip([None, *numbers], numbers, strict=False):
        figures, name = _figures(rows[number], level), rows[number].ablation
        assert figures is not None and name is not None
        fewer = runs if figures.same_runs is not None else None
        steps.append(
            AblationStep(
                name=name,
                row=number + 1,
                value=figures.value if figures.same_runs is None else figures.same_runs,
                attainable=_attainable(cells[number], level, fewer) if cells and fewer else figures.attainable,
                rise=_rise(cells[before], cells[number], level) if cells and before is not None else None,
            )
        )
    present = [step.name for step in steps]
    return AblationOrder(
        model=first.model,
        language=first.language,
        culture=first.culture,
        level=level,
        steps=tuple(steps),
        missing=tuple(name for name in PUBLISHED if name not in present),
        against=tuple(
            f"{one.name} {one.value:.3f} is not below {other.name} {other.value:.3f}{_ceiling(one, other)}"
            for one, other in pairwise(steps)
            if one.value >= other.value
        ),
        finished=first.finished,
    )


def _attainable(data: CellData, level: Level, runs: int) -> float:
    """The largest D that so many runs can reach; on choices, over the questions that have some."""
    if level == "wording":
        return 1 - 1 / runs
    sizes = data.scales.sizes[(data.choices >= 0).any(axis=0)]
    return float((np.minimum(sizes, runs) - 1).mean() / runs)


def _figures(row: ConditionRow, level: Level) -> DiversityFigures | None:
    return row.diversity if level == "wording" else row.choice_diversity


def _rise(one: CellData, other: CellData, level: Level) -> Estimate | None:
    """D of the second cell minus that of the first, among the people (and repeats) that are in both."""
    repeats = max(one.replicates, other.replicates)
    _, here, there = np.intersect1d(_runs(one, repeats), _runs(other, repeats), return_indices=True)
    first, second = _replies(one, level)[here], _replies(other, level)[there]
    if not ((first != SILENT) & (second != SILENT)).any():
        return None
    gap = diversity_gap(first, second)
    if not gap.standard_error > 0:
        return Estimate(value=gap.value)
    reach = float(student.ppf(0.975, gap.runs - 1)) * gap.standard_error
    return Estimate(value=gap.value, low=gap.value - reach, high=gap.value + reach)


def _replies(data: CellData, level: Level) -> Digests:
    return data.digests if level == "wording" else of_choices(data.choices)


def _runs(data: CellData, repeats: int) -> Integers:
    """A number for each run that the same person's same repeat has in any cell."""
    people, replicates = np.repeat(data.respondents.personas, data.replicates), np.arange(data.replicates)
    return np.asarray(people * repeats + np.tile(replicates, len(data.respondents.ids)), dtype=np.int64)


def _ceiling(one: AblationStep, other: AblationStep) -> str:
    there = all(step.value >= step.attainable - 1e-9 for step in (one, other))
    return ", both at the most that so many runs can reach" if there else ""
