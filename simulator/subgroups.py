"""Whether a wave asks enough people for the subgroups that its report will compare."""

from collections.abc import Iterator

from demoscope import seeds
from demoscope.documents import Document
from personas.precision import design_effect, margin_of_error, people_needed
from simulator.wave import LoadedWave
from surveys import ReferenceCounts

WANTED = 0.1
"""Margin of error that a plan aims at when nobody says otherwise: ten points, 95 %."""

SAMPLE = 10_000
"""People from whom the shares of subgroups are counted."""


class Subgroup(Document):
    """One level of a grouping that the report compares."""

    grouping: str
    """Grouping of the reference, such as ``age_group``."""
    level: str
    """Level of the grouping, such as ``18-29``."""
    people: int
    """Respondents of the wave who belong to it; estimated from 10,000 in larger waves."""
    margin_of_error: float | None
    """Half width of the 95 % interval of a share of one half, design effect included; ``None`` when it has nobody."""
    needed: int | None
    """Respondents of the whole wave with whom the wanted margin would be reached, by the subgroup's share among
    10,000 people of the population; ``None`` when none of these belongs to it."""


def subgroups(loaded: LoadedWave, wanted: float = WANTED) -> tuple[Subgroup, ...]:
    """Every level of every grouping of the wave's reference; none without a reference.

    Parameters
    ----------
    wanted : float
        Wanted half width of the 95 % interval of a share, in (0, 1).
    """
    if loaded.reference is None:
        return ()
    n, size = loaded.wave.respondents, loaded.population.size
    # A design without end draws everybody alike; one of fixed size may have an order, such as that of a file.
    everybody = loaded.population.columns(0, SAMPLE if size is None else size, loaded.wave.seed)
    people = everybody.sample(SAMPLE, seeds.generator(loaded.wave.seed, "subgroups")).personas()
    found = []
    for name, group in loaded.reference.reference.traits.items():
        weights: dict[str, list[float]] = {level: [] for level in _levels(loaded.reference, name)}
        asked = dict.fromkeys(weights, 0)
        for persona in people:
            level = group.level(persona.attributes)
            if level in weights:
                weights[level].append(persona.weight)
                asked[level] += persona.number < n
        for level, mine in weights.items():
            effect = design_effect(mine) if mine else 1.0
            in_all = asked[level] if n <= len(people) else round(len(mine) / len(people) * n)
            found.append(
                Subgroup(
                    grouping=name,
                    level=level,
                    people=in_all,
                    margin_of_error=margin_of_error(in_all, effect) if in_all else None,
                    needed=people_needed(wanted, effect, len(mine) / len(people)) if mine else None,
                )
            )
    return tuple(found)


def too_small(found: tuple[Subgroup, ...], wanted: float = WANTED) -> tuple[Subgroup, ...]:
    """Subgroups whose shares are not known as exactly as wanted."""
    return tuple(one for one in found if one.margin_of_error is None or one.margin_of_error > wanted)


def _levels(reference: ReferenceCounts, grouping: str) -> list[str]:
    """Levels of a grouping that people of the reference belong to, in the document's order or by name."""
    group = reference.reference.groups[grouping]
    return list(group.bands) if group.bands is not None else sorted(set(_counted(reference, grouping)))


def _counted(reference: ReferenceCounts, grouping: str) -> Iterator[str]:
    for count in reference.counts:
        yield from (level for name, level in count.groups if name == grouping and level)
