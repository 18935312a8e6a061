"""DEF's ablation: which parts a condition has, and whether diversity rises as the published table has it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from analysis.compared import AblationOrder, AblationStep, ConditionRow

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


def ablation_orders(rows: Sequence[ConditionRow], same_runs: int | None = None) -> tuple[AblationOrder, ...]:
    """Whether diversity on wording rises as published, for each model, language and culture with two rows or more.

    Where a row of the ablation was asked under several conditions, the first counts. Diversity is that of as many
    runs as the smallest condition has (``same_runs``), so that conditions of different sizes can be compared. Two
    rows at the largest D that so many runs can reach cannot be told apart, and are said to be there.
    """
    groups: dict[tuple[str, ...], dict[str, AblationStep]] = {}
    finished = {row.store: row.finished for row in rows}
    for number, row in enumerate(rows, start=1):
        if row.ablation is None or row.diversity is None:
            continue
        group = groups.setdefault((row.store, row.model, row.language, row.culture or ""), {})
        found = row.diversity
        value = found.value if found.same_runs is None else found.same_runs
        group.setdefault(
            row.ablation,
            AblationStep(
                name=row.ablation,
                row=number,
                value=value,
                low=found.low,
                high=found.high,
                attainable=found.attainable if found.same_runs is None or not same_runs else 1 - 1 / same_runs,
            ),
        )
    orders = []
    for (store, model, language, culture), group in groups.items():
        steps = tuple(group[name] for name in PUBLISHED if name in group)
        if len(steps) < 2:
            continue
        against = tuple(
            f"{one.name} {one.value:.3f} is not below {other.name} {other.value:.3f}{_ceiling(one, other)}"
            for one, other in pairwise(steps)
            if one.value >= other.value
        )
        missing = tuple(name for name in PUBLISHED if name not in group)
        orders.append(
            AblationOrder(
                model=model,
                language=language,
                culture=culture or None,
                steps=steps,
                missing=missing,
                against=against,
                finished=finished[store],
            )
        )
    return tuple(orders)


def _ceiling(one: AblationStep, other: AblationStep) -> str:
    there = all(step.value >= step.attainable - 1e-9 for step in (one, other))
    return ", both at the most that so many runs can reach" if there else ""
