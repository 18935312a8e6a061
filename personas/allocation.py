"""Who is taken under a design of fixed size: which units, with which weights."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import DocumentError
from personas.attributes import Attribute
from personas.chance import Floats, Groups, Indices
from personas.composition import Composition
from personas.designs import (
    Design,
    EveryRow,
    Factorial,
    Integerised,
    Panel,
    Quotas,
    SimpleRandom,
    Stratified,
    Weighted,
)
from personas.integerisation import truncate_replicate_sample
from personas.quotas import quota_counts
from personas.strata import Cells, Strata
from personas.units import Units, told

MOST_PEOPLE = 10_000_000
"""People that a design may have."""

Chance = Callable[..., np.random.Generator]
"""Generator for a key."""


@dataclass(frozen=True, eq=False)
class Allocation:
    """Everybody whom a design of fixed size takes."""

    size: int
    """How many."""
    units: Mapping[int, Indices] = field(default_factory=dict)
    """Part of the population -> (size,) its unit that each person is; other parts are drawn by weight."""
    levels: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    """Of a factorial design: attribute -> (size,) level of each person; nothing is drawn."""
    weights: Floats | None = None
    """(size,) weight of each person; all weigh 1 when absent."""


def crossed_by(design: Design) -> frozenset[str]:
    """Attributes that a design takes people by."""
    if isinstance(design, Panel):
        return crossed_by(design.design)
    if isinstance(design, Stratified):
        return frozenset(design.by)
    if isinstance(design, Quotas):
        return frozenset(name for quota in design.quotas for name in quota.attributes)
    return frozenset()


def check_design(design: Design, attributes: Mapping[str, Attribute]) -> None:
    """Refuse a design that names what nobody has, by a :class:`ValueError`."""
    for name in sorted(crossed_by(design)):
        if name not in attributes:
            raise ValueError(f"the design takes people by {name!r}; its attributes are {', '.join(attributes)}")
    inner = design.design if isinstance(design, Panel) else design
    for quota in inner.quotas if isinstance(inner, Quotas) else ():
        for combination in quota.counts:
            for name, code in zip(quota.attributes, combination.split(" x "), strict=True):
                if code not in attributes[name].codes:
                    raise ValueError(
                        f"the quota of {name!r} names {code!r}; its levels are {', '.join(attributes[name].codes)}"
                    )


def size_of(design: Design, composition: Composition, attributes: Mapping[str, Attribute]) -> int | None:
    """How many people a design has; None when it goes on as long as people are wanted, or does not say."""
    if isinstance(design, Panel):
        return size_of(design.design, composition, attributes)
    if isinstance(design, Quotas):
        counted = [sum(quota.counts.values()) for quota in design.quotas if quota.counts]
        return design.size or (counted[0] if counted else None)
    if isinstance(design, Integerised):
        return design.size
    if isinstance(design, EveryRow):
        return len(_rows(composition))
    if isinstance(design, Factorial):
        return int(np.prod([len(attribute.codes) for attribute in attributes.values()])) * design.each
    if isinstance(design, Stratified):
        return len(_filled(design, composition, attributes)[1]) * design.each
    return None


def allocate(
    design: Design, size: int, composition: Composition, attributes: Mapping[str, Attribute], chance: Chance
) -> Allocation:
    """Everybody whom a design of fixed size takes, in random order (rows of microdata in that of the file).

    Raises
    ------
    DocumentError
        If a combination that must be filled is empty or too small, or quotas cannot hold at once.
    """
    if size > MOST_PEOPLE:
        raise DocumentError(f"The design has {size:,} people; the most is {MOST_PEOPLE:,}. Cross fewer attributes.")
    order = chance("order").permutation
    if isinstance(design, EveryRow):
        units = _rows(composition)
        part = next(n for n, one in enumerate(composition.parts) if one is units)
        return Allocation(size, {part: np.arange(size)}, weights=units.weights)
    if isinstance(design, Factorial):
        names = sorted(attributes)
        shape = [len(attributes[name].codes) for name in names]
        levels = np.unravel_index(order(size) // design.each, shape)
        return Allocation(
            size, levels={name: level.astype(np.int32) for name, level in zip(names, levels, strict=True)}
        )
    if isinstance(design, Integerised):
        counts = [
            truncate_replicate_sample(part.weights, size, chance("integerised", *part.attributes))
            for part in composition.parts
        ]
        return Allocation(
            size,
            {
                n: chance("order", *part.attributes).permutation(np.repeat(np.arange(len(part)), count))
                for n, (part, count) in enumerate(zip(composition.parts, counts, strict=True))
            },
        )
    if isinstance(design, Quotas):
        strata = Strata.of(sorted(crossed_by(design)), composition, attributes)
        people = quota_counts(design, size, strata, attributes, chance("quota", *strata.attributes))
        cells = order(np.repeat(np.arange(len(people)), people))
        return Allocation(size, _taken(strata, cells, chance, composition.parts))
    assert isinstance(design, Stratified)
    strata, filled = _filled(design, composition, attributes)
    cells = order(np.repeat(filled, design.each))
    stands_for = strata.shares[cells] * (len(filled) / strata.shares[filled].sum())
    once = () if design.repeat else tuple(n for n, part in enumerate(composition.parts) if part.row is not None)
    if design.weights == "equal":
        return Allocation(size, _taken(strata, cells, chance, composition.parts, once))
    # A single row stands for its stratum best when it is taken by weight; several keep their weights.
    alike = design.each > 1
    taken = _taken(strata, cells, chance, composition.parts, once, alike)
    for n in once if alike else ():
        if n in taken:
            own = composition.parts[n].weights[taken[n]]
            stands_for = stands_for * own * design.each / np.bincount(cells, own, len(strata.shares))[cells]
    return Allocation(size, taken, weights=stands_for)


def _rows(composition: Composition) -> Units:
    """The part that is microdata, each row once."""
    part = next((part for part in composition.parts if part.row is not None), None)
    if part is None or part.row is None:
        raise DocumentError("The design takes every row of the microdata, and the population has no microdata.")
    if len(np.unique(part.row)) < len(part):
        raise DocumentError(
            "The design takes every row once, but margins join the rows to tables that give each row several ways of "
            "being; take people by another design, or rake attributes of the microdata alone."
        )
    return part


def _filled(
    design: Stratified, composition: Composition, attributes: Mapping[str, Attribute]
) -> tuple[Strata, Cells]:
    """Strata of a design, and those that are filled."""
    strata = Strata.of(design.by, composition, attributes)
    empty = np.flatnonzero(strata.shares == 0)
    if len(empty) and design.empty == "refuse":
        raise DocumentError(
            f"The design wants {design.each} of {strata.told(int(empty[0]), attributes)} "
            f"({' x '.join(strata.attributes)}), and nobody in the population is: {len(empty)} of "
            f"{len(strata.shares)} combinations are empty. Add such people, or leave these out with `empty: skip`."
        )
    filled = np.flatnonzero(strata.shares)
    for part, groups, group in strata.within(filled):
        units = composition.parts[part]
        if units.row is not None and not design.repeat:
            _check_rows(
                units, groups.sizes, design.each * np.bincount(group, minlength=len(groups.sizes)), attributes, strata
            )
    return strata, filled


def _check_rows(
    units: Units,
    there: NDArray[np.int64],
    wanted: NDArray[np.int64],
    attributes: Mapping[str, Attribute],
    strata: Strata,
) -> None:
    """Refuse strata with fewer rows than people wanted, and rows that cannot be told apart."""
    if units.row is not None and len(np.unique(units.row)) < len(units):
        raise DocumentError(
            "Rows are taken at most once, but margins or strata join the rows to tables that give each row several "
            "ways of being; let rows be taken again with `repeat: true`."
        )
    short = np.flatnonzero(wanted > there)
    if len(short):
        names = [name for name in strata.attributes if name in units.attributes]
        position = np.unravel_index(short[0], [len(attributes[name].codes) for name in names])
        raise DocumentError(
            f"The design wants {wanted[short[0]]} of {told(names, position, attributes)}, and the microdata has "
            f"{there[short[0]]} such rows. Take fewer, merge levels, or let rows be taken again with `repeat: true`."
        )


def _taken(
    strata: Strata,
    cells: Cells,
    chance: Chance,
    parts: Sequence[Units],
    once: Collection[int] = (),
    alike: bool = False,
) -> dict[int, Indices]:
    """Units of each part for people of these strata, by weight.

    Those of the parts ``once`` are not repeated, and are taken with the same chance where they are ``alike``.
    """
    taken: dict[int, Indices] = {}
    for part, groups, group in strata.within(cells):
        rng = chance("stratum", *strata.attributes, part)
        if part in once:
            taken[part] = _distinct(np.ones(len(parts[part])) if alike else parts[part].weights, groups, group, rng)
        else:
            taken[part] = groups.draw(group, rng.random(len(cells)))
    return taken


def _distinct(weights: Floats, groups: Groups, group: Cells, rng: np.random.Generator) -> Indices:
    """Different rows for people of each group, by weight without replacement.

    Efraimidis and Spirakis (2006): Weighted random sampling with a reservoir. Information Processing Letters 97(5).
    """
    ranks = rng.standard_exponential(len(weights)) / weights
    taken = np.empty(len(group), np.intp)
    taken[np.argsort(group, kind="stable")] = groups.first(ranks, np.bincount(group, minlength=len(groups.sizes)))
    return taken


def endless(design: Design) -> bool:
    """Whether a design draws people independently, so that it can go on and the first 100 of 1,000 are the 100."""
    inner = design.design if isinstance(design, Panel) else design
    return isinstance(inner, Weighted | SimpleRandom)
