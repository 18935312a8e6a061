"""How many people each combination of levels gets, so that every quota holds exactly."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import DocumentError
from personas.attributes import Attribute
from personas.chance import Floats
from personas.designs import Quota, Quotas
from personas.integerisation import largest_remainders
from personas.raking import rake_units
from personas.strata import Strata

Counts = NDArray[np.int64]

MOST_QUOTA_CELLS = 20_000
"""Combinations over which several quotas can be met at once."""


class _Wanted(NamedTuple):
    """One quota as numbers."""

    cell: NDArray[np.intp]
    """(n_cells,) combination of the quota's attributes that each stratum has."""
    counts: Counts
    """People of each of these combinations."""


def quota_counts(design: Quotas, size: int, strata: Strata, known: Mapping[str, Attribute]) -> Counts:
    """(n_cells,) people in each stratum, so that all quotas hold and the rest is as near the population as can be.

    Raises
    ------
    DocumentError
        If a quota asks for people who do not occur, or the quotas cannot hold at once.
    """
    wanted = [_wanted(quota, size, strata, known) for quota in design.quotas]
    occurs = strata.shares > 0
    for quota, (cell, counts) in zip(design.quotas, wanted, strict=True):
        there = np.bincount(cell[occurs], minlength=len(counts)) > 0
        if (counts[~there] > 0).any():
            empty = int(np.flatnonzero((counts > 0) & ~there)[0])
            stratum = int(np.flatnonzero(cell == empty)[0])
            names = {name for name in strata.attributes if name in quota.attributes}
            levels = strata.told(stratum, known).split(" x ")
            told = " x ".join(level for name, level in zip(strata.attributes, levels, strict=True) if name in names)
            raise DocumentError(f"The quota of {', '.join(quota.attributes)} asks for {told}, whom nobody here is.")
    if len(wanted) == 1:
        return wanted[0].counts
    people = np.zeros(len(strata.shares), np.int64)
    cells = np.flatnonzero(occurs)
    if len(cells) > MOST_QUOTA_CELLS:
        raise DocumentError(
            f"The quotas cross {len(cells):,} combinations; the most for several quotas at once is "
            f"{MOST_QUOTA_CELLS:,}."
        )
    people[cells] = _rounded(strata.shares[cells], [_Wanted(one.cell[cells], one.counts) for one in wanted])
    return people


def _wanted(quota: Quota, size: int, strata: Strata, known: Mapping[str, Attribute]) -> _Wanted:
    cell = strata.onto(quota.attributes)
    names = [name for name in strata.attributes if name in quota.attributes]
    number = int(np.prod([len(known[name].codes) for name in names]))
    if not quota.counts:
        return _Wanted(cell, largest_remainders(np.bincount(cell, strata.shares, number), size))
    counts = np.zeros(number, np.int64)
    for combination, people in quota.counts.items():
        codes = dict(zip(quota.attributes, combination.split(" x "), strict=True))
        position = 0
        for name in names:
            position = position * len(known[name].codes) + known[name].sorted_codes.index(codes[name])
        counts[position] = people
    return _Wanted(cell, counts)


def _rounded(shares: Floats, wanted: Sequence[_Wanted]) -> Counts:
    """Whole people near the raked shares that meet every quota exactly: a small integer programme."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array, hstack, vstack

    size = int(wanted[0].counts.sum())
    expected = rake_units(shares * size, [(cell, counts) for cell, counts in wanted], tolerance=1e-10).weights
    whole = np.floor(expected + 1e-9)
    n = len(shares)
    members = vstack(
        [coo_array((np.ones(n), (cell, np.arange(n))), shape=(len(counts), n)) for cell, counts in wanted]
    ).tocsr()
    missing = np.concatenate([counts for _, counts in wanted]) - members @ whole
    # First each expected number rounded down or up; then, where quotas leave no such choice, as little off as can be.
    rounded = milp(
        1 - 2 * (expected - whole),
        constraints=LinearConstraint(members, missing, missing),
        integrality=np.ones(n),
        bounds=Bounds(0, 1),
    )
    if rounded.x is not None:
        return np.asarray(np.rint(whole + rounded.x), np.int64)
    moved = milp(
        np.ones(2 * n),
        constraints=LinearConstraint(hstack([members, -members]), missing, missing),
        integrality=np.ones(2 * n),
        bounds=Bounds(0, np.concatenate([np.full(n, np.inf), whole])),
    )
    if moved.x is not None:
        return np.asarray(np.rint(whole + moved.x[:n] - moved.x[n:]), np.int64)
    raise DocumentError(
        "The quotas contradict each other: no whole numbers of the people who occur meet all of them. Check that "
        "quotas of the same attribute ask for the same numbers, and that combinations they need do occur."
    )
