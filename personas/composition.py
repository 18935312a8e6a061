"""A population put together: sources crossed, joined by conditional tables and raked into units to draw from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.attributes import Attribute
from personas.counts import Shares
from personas.margins import Target, agreeing
from personas.raking import MOST_AXES, Raked, rake_table, rake_units
from personas.sources import Conditional, Source
from personas.structure import Group, groups_of
from personas.units import Units, crossed, levels_of, told

Table = Units | Shares
"""What a source was read into."""


class RakingSettings(Document):
    """How margins are met."""

    tolerance: float = Field(default=1e-9, gt=0, lt=0.1)
    """Largest difference between a share and its target that counts as met."""
    iterations: int = Field(default=1000, ge=1, le=1_000_000)
    """How many times all margins are gone through at most."""
    agreement: float = Field(default=1e-3, ge=0, lt=1)
    """Largest difference between the shares that two margins may give the same level. Within it the later margin is
    made to agree with the earlier ones; beyond it they contradict each other and are refused."""
    cap: float | None = Field(default=None, ge=1, allow_inf_nan=False)
    """Largest weight of a row of microdata, as a multiple of the mean weight; heavier ones are trimmed and the rest
    raked on."""
    unmet: Literal["refuse", "keep"] = "refuse"
    """What becomes of a population whose margins cannot all be met; ``keep`` takes what raking came to."""
    impossible: tuple[dict[str, str], ...] = ()
    """Combinations that do not occur, such as ``{age: 18-24, degree: graduate}``; they stay at zero."""

    @field_validator("impossible")
    @classmethod
    def _combinations_name_something(cls, impossible: tuple[dict[str, str], ...]) -> tuple[dict[str, str], ...]:
        if not all(impossible):
            raise ValueError("an impossible combination names one level at least")
        return impossible


@dataclass(frozen=True)
class RakingReport:
    """What raking some attributes came to."""

    attributes: tuple[str, ...]
    """Attributes that were raked together."""
    margins: tuple[str, ...]
    """Names of the margins."""
    converged: bool
    """Whether every margin is met within the tolerance."""
    iterations: int
    """How many times all margins were gone through."""
    worst: str
    """Where the largest gap remains: margin, combination, wanted and achieved share, in words."""
    gap: float
    """That gap, as a share of all people."""


@dataclass(frozen=True, eq=False)
class Composition:
    """Everything that people are drawn from."""

    parts: tuple[Units, ...]
    """Independent parts: units of each, with their raked weights."""
    shares: tuple[Shares, ...]
    """Conditional tables that are drawn from afterwards, each after those that it depends on."""
    reports: tuple[RakingReport, ...]
    """What raking came to, for each part that was raked."""

    def part_of(self, attribute: str) -> int | None:
        """Position of the part that holds an attribute; None when a conditional table gives it."""
        return next((n for n, part in enumerate(self.parts) if attribute in part.attributes), None)


def compose(
    sources: Sequence[Source],
    tables: Mapping[str, Table],
    attributes: Mapping[str, Attribute],
    settings: RakingSettings,
    together: Iterable[str] = (),
) -> Composition:
    """Put a population together.

    Parameters
    ----------
    tables : mapping
        What each source was read into, by its name.
    together : iterable of str
        Attributes that a design takes people by; conditional tables that give them become part of a part.

    Raises
    ------
    DocumentError
        If margins contradict each other or what occurs, a combination is not covered by a conditional table, or
        raking does not converge; the message names table and level.
    """
    groups, later = groups_of(sources, together)
    parts: list[Units] = []
    reports: list[RakingReport] = []
    for group in groups:
        units, report = _part(group, tables, attributes, settings)
        parts.append(units)
        reports += [report] if report else []
    for combination in settings.impossible:
        if not any(set(combination) <= set(group.attributes) for group in groups):
            raise DocumentError(
                f"impossible: no table or raking joins {' and '.join(combination)}, so the combination cannot be "
                "ruled out; add a margin that crosses them."
            )
    shares = tuple(_shares(source, tables) for source in later)
    for n, table in enumerate(shares):
        _check_covered(table, parts, shares[:n], attributes)
    return Composition(tuple(parts), shares, tuple(reports))


def _shares(source: Conditional, tables: Mapping[str, Table]) -> Shares:
    table = tables[source.name]
    assert isinstance(table, Shares)
    return table


def _part(
    group: Group, tables: Mapping[str, Table], attributes: Mapping[str, Attribute], settings: RakingSettings
) -> tuple[Units, RakingReport | None]:
    what = " and ".join(source.name for source in (*group.seeds, *group.margins))
    seeds = [table for source in group.seeds if isinstance(table := tables[source.name], Units)]
    units = crossed([*seeds, *(levels_of(name, attributes[name]) for name in group.free)], what)
    for source in group.folded:
        units = joined_shares(units, _shares(source, tables), attributes)
    occurring = _without(units, settings.impossible, attributes, what)
    if not group.margins:
        return occurring, None
    whole = not group.seeds and not group.folded and len(occurring) == len(units)
    dense = whole and len(group.attributes) <= MOST_AXES
    return _raked(occurring, group, tables, attributes, settings, dense)


def joined_shares(units: Units, table: Shares, attributes: Mapping[str, Attribute]) -> Units:
    """Units with the attributes that a conditional table gives them, weights multiplied by the shares.

    Raises
    ------
    DocumentError
        If the table does not cover a combination that occurs.
    """
    sizes = {given: len(attributes[given].codes) for given in table.given}
    mine, theirs = units.cells(table.given, sizes), table.units.cells(table.given, sizes)
    lacking = ~np.isin(mine, theirs)
    if lacking.any():
        _refuse_uncovered(units, int(lacking.argmax()), table, attributes)
    starts = np.searchsorted(np.sort(theirs), mine, side="left")
    counts = np.searchsorted(np.sort(theirs), mine, side="right") - starts
    order = np.argsort(theirs, kind="stable")
    left = np.repeat(np.arange(len(units)), counts)
    within = np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)
    right = order[np.repeat(starts, counts) + within]
    added = [n for n, attribute in enumerate(table.units.attributes) if attribute not in table.given]
    given = Units(table.attributes, table.units.positions[:, added], table.units.weights)
    return units.joined(given, left, right, units.weights[left] * given.weights[right])


def _refuse_uncovered(units: Units, unit: int, table: Shares, attributes: Mapping[str, Attribute]) -> None:
    position = [int(units.level(given)[unit]) for given in table.given]
    unknown = [given for given, level in zip(table.given, position, strict=True) if level < 0]
    if unknown:
        raise DocumentError(
            f"{table.name}: {', '.join(table.attributes)} depends on {unknown[0]!r}, which is not known of all; "
            "use `missing: drop` or `level` for it."
        )
    raise DocumentError(
        f"{table.name}: there is no row for {told(table.given, position, attributes)} "
        f"({' x '.join(table.given)}), and such people occur; every combination that occurs must be filled."
    )


def _check_covered(
    table: Shares, parts: Sequence[Units], before: Sequence[Shares], attributes: Mapping[str, Attribute]
) -> None:
    """Refuse a conditional table that lacks a combination of given levels which occurs."""
    needed = set(table.given)
    chain: list[Shares] = []
    for earlier in reversed(before):
        if needed & set(earlier.attributes):
            chain.insert(0, earlier)
            needed |= set(earlier.given)
    seen = [_distinct(part, names) for part in parts if (names := [n for n in part.attributes if n in needed])]
    occurring = crossed(seen, table.name)
    for earlier in chain:
        occurring = joined_shares(occurring, earlier, attributes)
    joined_shares(_distinct(occurring, table.given), table, attributes)


def _distinct(units: Units, names: Sequence[str]) -> Units:
    """Combinations of some attributes that occur."""
    axes = [units.attributes.index(name) for name in names]
    seen = np.unique(units.positions[:, axes], axis=0)
    return Units(tuple(names), seen, np.ones(len(seen)))


def _without(
    units: Units, impossible: Sequence[Mapping[str, str]], attributes: Mapping[str, Attribute], what: str
) -> Units:
    kept = np.ones(len(units), bool)
    for combination in impossible:
        for name, code in combination.items():
            if name not in attributes or code not in attributes[name].codes:
                raise DocumentError(f"impossible: {name!r} has no level {code!r}.")
        if set(combination) <= set(units.attributes):
            matching = np.ones(len(units), bool)
            for name, code in combination.items():
                matching &= units.level(name) == attributes[name].sorted_codes.index(code)
            kept &= ~matching
    if not kept.any():
        raise DocumentError(f"{what}: the impossible combinations leave nobody.")
    return units if kept.all() else units.take(kept)


def _raked(
    units: Units,
    group: Group,
    tables: Mapping[str, Table],
    attributes: Mapping[str, Attribute],
    settings: RakingSettings,
    dense: bool,
) -> tuple[Units, RakingReport]:
    given = [(source.name, table) for source in group.margins if isinstance(table := tables[source.name], Units)]
    targets = agreeing(given, attributes, settings.agreement)
    for target in targets:
        target.check_filled(units, attributes)
    total = float(units.weights.sum())
    fitting: Mapping[str, Any] = {"tolerance": settings.tolerance, "iterations": settings.iterations}
    if dense:
        sizes = {name: len(attributes[name].codes) for name in units.attributes}
        margins = [
            (
                [units.attributes.index(name) for name in target.attributes],
                total * target.shares.reshape([sizes[name] for name in target.attributes]),
            )
            for target in targets
        ]
        raked = rake_table(units.weights.reshape(list(sizes.values())), margins, **fitting)
    else:
        members = [(target.cells(units, attributes), total * target.shares) for target in targets]
        # Only rows of microdata have weights to trim; a heavy cell of a table is a large group of people.
        cap = settings.cap if units.row is not None else None
        raked = rake_units(units.weights, members, cap=cap, **fitting)
    report = _report(group, targets, raked, total, attributes)
    if not raked.converged and settings.unmet == "refuse":
        raise DocumentError(
            f"Raking {', '.join(group.attributes)} did not converge in {raked.iterations:,} rounds. Furthest off: "
            f"{report.worst}. The margins ask for what cannot be{' under the cap' if settings.cap else ''}, or for "
            "more `iterations`; correct them, or take what raking came to with `raking: {unmet: keep}`."
        )
    return units.weighing(raked.weights.reshape(-1)), report


def _report(
    group: Group, targets: Sequence[Target], raked: Raked, total: float, attributes: Mapping[str, Attribute]
) -> RakingReport:
    gap = raked.worst
    target = targets[gap.margin]
    wanted, achieved = gap.target / total, gap.achieved / total
    return RakingReport(
        group.attributes,
        tuple(one.name for one in targets),
        raked.converged,
        raked.iterations,
        f"{target.name!r}: {target.told(gap.cell, attributes)} is {achieved:.4%} of the people, wanted {wanted:.4%}",
        abs(wanted - achieved),
    )
