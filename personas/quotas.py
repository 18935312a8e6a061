"""How many people each combination of levels gets, so that every quota holds exactly."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import DocumentError
from personas.attributes import Attribute
from personas.balancing import balanced
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
    people: Floats
    """People of each of these combinations: as counted, or the share of the population times the size."""
    low: Counts
    """Fewest people of each: the number rounded down."""
    high: Counts
    """Most people of each: the number rounded up."""


def quota_counts(
    design: Quotas, size: int, strata: Strata, known: Mapping[str, Attribute], rng: np.random.Generator
) -> Counts:
    """(n_cells,) people in each stratum, so that all quotas hold and the rest is as near the population as can be.

    One quota in proportion is rounded by largest remainders. Of several, quotas with counts hold exactly, and every
    number of those in proportion is rounded down or up; the combinations behind them are rounded by lot, so that
    over many seeds each gets on average what it should have.

    Raises
    ------
    DocumentError
        If a quota asks for people who do not occur, or the quotas cannot hold at once.
    """
    wanted = [_wanted(quota, size, strata, known) for quota in design.quotas]
    occurs = strata.shares > 0
    for quota, (cell, _, low, _) in zip(design.quotas, wanted, strict=True):
        there = np.bincount(cell[occurs], minlength=len(low)) > 0
        if (low[~there] > 0).any():
            empty = int(np.flatnonzero((low > 0) & ~there)[0])
            stratum = int(np.flatnonzero(cell == empty)[0])
            names = {name for name in strata.attributes if name in quota.attributes}
            levels = strata.told(stratum, known).split(" x ")
            told = " x ".join(level for name, level in zip(strata.attributes, levels, strict=True) if name in names)
            raise DocumentError(f"The quota of {', '.join(quota.attributes)} asks for {told}, whom nobody here is.")
    if len(wanted) == 1:
        return wanted[0].low if design.quotas[0].counts else largest_remainders(wanted[0].people, size)
    people = np.zeros(len(strata.shares), np.int64)
    cells = np.flatnonzero(occurs)
    if len(cells) > MOST_QUOTA_CELLS:
        raise DocumentError(
            f"The quotas cross {len(cells):,} combinations; the most for several quotas at once is "
            f"{MOST_QUOTA_CELLS:,}."
        )
    everybody = np.array([size], np.int64)
    wanted.append(_Wanted(np.zeros(len(people), np.intp), everybody.astype(np.float64), everybody, everybody))
    people[cells] = _rounded(strata.shares[cells] * size, [one._replace(cell=one.cell[cells]) for one in wanted], rng)
    return people


def _wanted(quota: Quota, size: int, strata: Strata, known: Mapping[str, Attribute]) -> _Wanted:
    cell = strata.onto(quota.attributes)
    names = [name for name in strata.attributes if name in quota.attributes]
    number = int(np.prod([len(known[name].codes) for name in names]))
    if not quota.counts:
        expected = np.bincount(cell, strata.shares, number).astype(np.float64) * size
        nearest = np.rint(expected)
        expected = np.where(np.abs(expected - nearest) < 1e-6, nearest, expected)
        return _Wanted(cell, expected, np.floor(expected).astype(np.int64), np.ceil(expected).astype(np.int64))
    counts = np.zeros(number, np.int64)
    for combination, people in quota.counts.items():
        codes = dict(zip(quota.attributes, combination.split(" x "), strict=True))
        position = 0
        for name in names:
            position = position * len(known[name].codes) + known[name].sorted_codes.index(codes[name])
        counts[position] = people
    return _Wanted(cell, counts.astype(np.float64), counts, counts)


def _rounded(start: Floats, wanted: Sequence[_Wanted], rng: np.random.Generator) -> Counts:
    """Whole people near the raked numbers that meet every quota: balanced rounding, then an integer programme."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array, hstack, vstack

    raked = rake_units(start, [(one.cell, one.people) for one in wanted], tolerance=1e-10)
    expected = raked.weights
    whole = np.floor(expected + 1e-9)
    fractions = np.maximum(expected - whole, 0.0)
    n = len(start)
    members = vstack(
        [coo_array((np.ones(n), (one.cell, np.arange(n))), shape=(len(one.low), n)) for one in wanted]
    ).tocsr()
    fewest, most = (np.concatenate([getattr(one, bound) for one in wanted]) for bound in ("low", "high"))
    if raked.converged:
        offsets = np.cumsum([0, *(len(one.low) for one in wanted[:-1])])
        rows = np.stack([one.cell + offset for one, offset in zip(wanted, offsets, strict=True)], axis=1)
        room = (most - fewest).astype(np.float64)
        slack = np.clip(members @ expected - fewest, 0.0, room)
        fractions = balanced(fractions, list(rows), slack, room, rng)
    here = members @ whole
    # First each expected number rounded down or up; then, where quotas leave no such choice, as little off as can be.
    rounded = milp(
        1 - 2 * fractions,
        constraints=LinearConstraint(members, fewest - here, most - here),
        integrality=np.ones(n),
        bounds=Bounds(0, 1),
    )
    if rounded.x is not None:
        return np.asarray(np.rint(whole + rounded.x), np.int64)
    moved = milp(
        np.ones(2 * n),
        constraints=LinearConstraint(hstack([members, -members]), fewest - here, most - here),
        integrality=np.ones(2 * n),
        bounds=Bounds(0, np.concatenate([np.full(n, np.inf), whole])),
    )
    if moved.x is not None:
        return np.asarray(np.rint(whole + moved.x[:n] - moved.x[n:]), np.int64)
    raise DocumentError(
        "The quotas contradict each other: no whole numbers of the people who occur meet all of them. Check that "
        "quotas of the same attribute ask for the same numbers, that one in proportion to the population leaves room "
        "for those with counts, and that combinations they need do occur."
    )
