"""What shares a population has: what people drawn from it by weight come to on average."""

from collections.abc import Mapping, Sequence

import numpy as np

from personas.attributes import Attribute
from personas.composition import Composition, joined_shares
from personas.counts import Shares
from personas.units import Units, crossed


def expected(composition: Composition, names: Sequence[str], attributes: Mapping[str, Attribute]) -> Units:
    """Combinations of some attributes with their shares of the people, which add up to 1.

    Parameters
    ----------
    names : sequence of str
        Attributes that are crossed.
    attributes : mapping
        All attributes of the population.
    """
    needed = set(names)
    chain: list[Shares] = []
    for table in reversed(composition.shares):
        if needed & set(table.attributes):
            chain.insert(0, table)
            needed |= set(table.given)
    parts = [
        _collapsed(part, [name for name in part.attributes if name in needed])
        for part in composition.parts
        if needed & set(part.attributes)
    ]
    units = crossed(parts, " and ".join(names))
    for table in chain:
        units = joined_shares(units, table, attributes)
    units = _collapsed(units, sorted(names))
    return units.weighing(units.weights / units.weights.sum())


def _collapsed(units: Units, names: Sequence[str]) -> Units:
    """Combinations of some of the units' attributes, weights added up."""
    axes = [units.attributes.index(name) for name in names]
    distinct, members = np.unique(units.positions[:, axes], axis=0, return_inverse=True)
    weights = np.bincount(members.reshape(-1), weights=units.weights).astype(np.float64)
    return Units(tuple(names), distinct, weights)
