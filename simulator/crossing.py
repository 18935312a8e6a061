"""Conditions that stand for several: one for each combination of some settings."""

import itertools
import math
import re
from typing import Any

from simulator.wave import Condition

MOST = 10_000
"""Conditions that one may stand for."""


def crossed(condition: Condition) -> tuple[Condition, ...]:
    """The conditions that a condition stands for: itself when it names no values to cross.

    >>> ivc = Condition(name="ivc", protocol="ivc", across={"setup": (1, 2), "demonstrations": (0, 50)})
    >>> [one.name for one in crossed(ivc)][:2], crossed(ivc)[1].settings
    (['ivc.1.0', 'ivc.1.50'], {'setup': 1, 'demonstrations': 50})

    Raises
    ------
    ValueError
        If a setting is named twice, has no value or one value twice, or there would be too many conditions.
    """
    if not condition.across:
        return (condition,)
    for setting, values in condition.across.items():
        if setting in condition.settings:
            raise ValueError(f"{setting!r} stands in `settings` and in `across`; keep one of them")
        if not values or len({_word(value) for value in values}) < len(values):
            raise ValueError(f"across: {setting!r} needs one value at least, and each once")
    if math.prod(map(len, condition.across.values())) > MOST:
        raise ValueError(f"across: more than {MOST:,} combinations; split the wave")
    found = []
    for values in itertools.product(*condition.across.values()):
        settings = dict(zip(condition.across, values, strict=True))
        name = ".".join((condition.name, *(_word(value) for value in values)))
        if len(name) > 200:
            raise ValueError(f"across: the name {name[:60]!r} ... grows too long; cross names instead of lists")
        update = {"name": name, "settings": {**condition.settings, **settings}, "across": {}}
        found.append(condition.model_copy(update=update))
    return tuple(found)


def _word(value: Any) -> str:
    """A value as part of a name."""
    parts = value if isinstance(value, list | tuple) else [value]
    written = "-".join("none" if part is None else str(part).lower() for part in parts)
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", written) or "empty"
