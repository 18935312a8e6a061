"""Which sources of a population hang together: what is raked as one, what follows from what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from personas.sources import Conditional, JointCounts, Margin, Microdata, Source


@dataclass(frozen=True)
class Group:
    """Attributes that are made together, independently of those of other groups."""

    attributes: tuple[str, ...]
    """Attributes of the group, sorted."""
    seeds: tuple[JointCounts | Microdata, ...]
    """Joint counts and microdata of the group."""
    margins: tuple[Margin, ...]
    """Margins it is raked to, in the order of the document."""
    folded: tuple[Conditional, ...]
    """Conditional tables that are part of it, each after those that it depends on."""

    @property
    def free(self) -> tuple[str, ...]:
        """Attributes that margins alone give."""
        given = {name for source in (*self.seeds, *self.folded) for name in source.attributes}
        return tuple(name for name in self.attributes if name not in given)


def check_sources(sources: Sequence[Source], attributes: Iterable[str]) -> None:
    """Refuse sources that do not give every attribute exactly once, by a :class:`ValueError`.

    Joint counts, microdata and conditional tables give an attribute; margins give one that nothing else does.
    """
    known = list(attributes)
    names = [source.name for source in sources]
    files = [source.name for source in sources if isinstance(source, Microdata)]
    if len(files) > 1:
        raise ValueError(
            f"{files[0]!r} and {files[1]!r} are both microdata; a persona is taken from one row of one file"
        )
    by: dict[str, str] = {}
    for source in sources:
        if names.count(source.name) > 1:
            raise ValueError(f"table {source.name!r} is a source twice; keep one")
        for name in (*source.attributes, *(source.given if isinstance(source, Conditional) else ())):
            if name not in known:
                raise ValueError(
                    f"table {source.name!r} gives {name!r}, an attribute that nobody has; "
                    f"known here: {', '.join(known)}"
                )
        if isinstance(source, Margin):
            continue
        for name in source.attributes:
            if name in by:
                raise ValueError(
                    f"attribute {name!r} is given by {by[name]!r} and again by {source.name!r}; totals that the "
                    "population must add up to are a source of `kind: margin`"
                )
            by[name] = source.name
    margins = {name for source in sources if isinstance(source, Margin) for name in source.attributes}
    orphans = [name for name in known if name not in by and name not in margins]
    if orphans:
        raise ValueError(f"no table gives the attribute {orphans[0]!r}; add it to a source or remove it")
    in_order([source for source in sources if isinstance(source, Conditional)])


def in_order(conditionals: Sequence[Conditional]) -> tuple[Conditional, ...]:
    """Conditional tables, each after those that give what it depends on; a :class:`ValueError` for a cycle."""
    giving = {name: source for source in conditionals for name in source.attributes}
    ordered: list[Conditional] = []
    path: list[str] = []

    def visit(source: Conditional) -> None:
        if source in ordered:
            return
        if source.name in path:
            cycle = " depends on ".join([*path[path.index(source.name) :], source.name])
            raise ValueError(
                f"conditional tables go round in a circle: {cycle}; one of them must depend on others only"
            )
        path.append(source.name)
        for name in sorted(source.given):
            if name in giving:
                visit(giving[name])
        path.pop()
        ordered.append(source)

    for source in sorted(conditionals, key=lambda source: source.name):
        visit(source)
    return tuple(ordered)


def groups_of(
    sources: Sequence[Source], together: Iterable[str] = ()
) -> tuple[tuple[Group, ...], tuple[Conditional, ...]]:
    """Groups of a population, sorted by attribute, and the conditional tables that are drawn from afterwards.

    A conditional table is part of a group when one of its attributes is raked to a margin, is in ``together``, or is
    depended on by such a table; it is drawn from afterwards otherwise.
    """
    conditionals = in_order([source for source in sources if isinstance(source, Conditional)])
    raked = {name for source in sources if isinstance(source, Margin) for name in source.attributes} | set(together)
    folded: list[Conditional] = []
    for source in reversed(conditionals):
        if raked & set(source.attributes):
            folded.insert(0, source)
            raked |= set(source.given)
    sets: list[set[str]] = [
        *(set(source.attributes) for source in sources if not isinstance(source, Conditional)),
        *({*source.attributes, *source.given} for source in folded),
    ]
    merged: list[set[str]] = []
    for one in sets:
        touching = [other for other in merged if other & one]
        merged = [other for other in merged if not other & one] + [one.union(*touching)]
    found = []
    for one in sorted(merged, key=sorted):
        mine: Mapping[str, Source] = {source.name: source for source in sources if set(source.attributes) <= one}
        found.append(
            Group(
                tuple(sorted(one)),
                tuple(
                    sorted(
                        (source for source in mine.values() if isinstance(source, JointCounts | Microdata)),
                        key=lambda source: source.name,
                    )
                ),
                tuple(source for source in mine.values() if isinstance(source, Margin)),
                tuple(source for source in folded if source.name in mine),
            )
        )
    return tuple(found), tuple(source for source in conditionals if source not in folded)
