"""What is doubtful about the kinds of accelerators that models ask for, before a wave starts."""

import difflib
from collections.abc import Collection, Mapping

from simulator.wave import LoadedWave

BY_HAND = frozenset({"A100-40G", "A100-80G"})
"""Kinds that Ray has a name for, and never gives a node by itself."""


def doubtful_accelerators(loaded: LoadedWave) -> dict[str, str]:
    """Of each model whose cohorts ask for a kind that nodes do not have by themselves: what is to be known of it.

    Ray is loaded only when a model asks for a kind at all, and the wave runs on Ray.
    """
    models = {cell.model.name: cell.model.resources for cell in loaded.cells}
    wanted = {name: one.accelerator_type for name, one in models.items() if one and one.accelerator_type}
    if not wanted or loaded.wave.execution.executor != "ray":
        return {}
    from simulator.actors import accelerator_types

    return told(wanted, accelerator_types())


def told(wanted: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """What is to be known of kinds that nodes do not have by themselves, by model.

    >>> told({"small": "L4", "large": "h100"}, {"L4", "H100", "H200"})["large"].partition(". ")[0]
    "asks for the accelerator type 'h100', which Ray does not know by that name; it knows H100"
    """
    found = {}
    for model, kind in wanted.items():
        if kind in known and kind not in BY_HAND:
            continue
        declared = f"`ray start --resources='{{\"accelerator_type:{kind}\": 1}}'`"
        if kind in BY_HAND:
            why = f"which Ray gives no node by itself: it calls them all {kind.partition('-')[0]}"
        else:
            near = near_kinds(kind, known)
            why = "which Ray does not know by that name" + (f"; it knows {', '.join(near)}" if near else "")
        found[model] = (
            f"asks for the accelerator type {kind!r}, {why}. Unless a node declares it ({declared}), no cohort of "
            "this model can start"
        )
    return found


def near_kinds(kind: str, known: Collection[str]) -> list[str]:
    """Kinds that may have been meant, the nearest first.

    >>> near_kinds("NVIDIA-A100", ["A100", "A100-80G", "H100", "L4", "TPU-V4"])
    ['A100', 'A100-80G']
    >>> near_kinds("mi300x", ["AMD-Instinct-MI300X-OAM", "MI250", "H100"])
    ['AMD-Instinct-MI300X-OAM']
    """
    said = kind.casefold()
    parts = set(said.replace("_", "-").split("-"))
    if same := [one for one in known if one.casefold() == said]:
        return same
    akin = [one for one in known if parts & set(one.casefold().replace("_", "-").split("-")) - {"amd", "gpu", "max"}]
    spelled = {one.casefold(): one for one in known}
    near = [spelled[one] for one in difflib.get_close_matches(said, spelled, 3)]
    return list(dict.fromkeys((*sorted(akin, key=lambda one: (len(one), one)), *near)))[:3]
