"""The tables of a population document: read from files, or restored from a saved population."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from demoscope.errors import DocumentError
from demoscope.tables import Row, read_table
from personas.attributes import Attribute
from personas.chance import Floats
from personas.composition import Table
from personas.counts import Shares, conditional, counted, curve
from personas.microdata import Rows, read_rows, units_of
from personas.sources import Conditional, Microdata, Source
from personas.units import Units

CURVE_COLUMNS = ("value", "weight")

Reader = Callable[[str, Sequence[str]], list[Row]]
"""Rows of the table of a name, with columns that it must have."""


@dataclass(frozen=True, eq=False)
class Tables:
    """Everything that stands beside a population document."""

    sources: tuple[Source, ...]
    """Sources of the document."""
    attributes: Mapping[str, Attribute]
    """Attributes of the document."""
    counts: Mapping[str, Units]
    """Joint counts and margins, by the name of the source."""
    shares: Mapping[str, Shares]
    """Conditional tables."""
    rows: Mapping[str, Rows]
    """Microdata."""
    curves: Mapping[str, Floats]
    """Attribute -> weight of every value from 0, where the document gives a curve."""
    where: str
    """Where they were read from, for messages."""

    @classmethod
    def read(cls, sources: tuple[Source, ...], attributes: Mapping[str, Attribute], folder: Path) -> "Tables":
        """Tables beside a document in ``folder``.

        Raises
        ------
        DocumentError
            If one is missing or malformed; the message names file, line and level.
        """
        rows = {source.name: read_rows(source, folder) for source in sources if isinstance(source, Microdata)}
        return cls._of(
            sources, attributes, rows, lambda name, columns: read_table(folder / name, columns), f"{folder}/"
        )

    @classmethod
    def restored(
        cls, sources: tuple[Source, ...], attributes: Mapping[str, Attribute], content: Mapping[str, Any], where: str
    ) -> "Tables":
        """Tables that :meth:`content` wrote, checked like those of files."""
        rows = {name: Rows.of_plain(plain) for name, plain in content["microdata"].items()}

        def saved(name: str, columns: Sequence[str]) -> list[Row]:
            body = content["tables"][name]
            return [
                (line, {column: str(row[column]) for column in columns}) for line, row in enumerate(body, start=1)
            ]

        return cls._of(sources, attributes, rows, saved, f"{where}/")

    @classmethod
    def of_rows(cls, source: Microdata, attributes: Mapping[str, Attribute], rows: Rows, where: str) -> "Tables":
        """Tables of a population that is microdata alone."""
        return cls((source,), attributes, {}, {}, {source.name: rows}, {}, where)

    @classmethod
    def _of(
        cls,
        sources: tuple[Source, ...],
        attributes: Mapping[str, Attribute],
        rows: Mapping[str, Rows],
        read: Reader,
        where: str,
    ) -> "Tables":
        counts: dict[str, Units] = {}
        shares: dict[str, Shares] = {}
        for source in sources:
            if isinstance(source, Microdata):
                continue
            place = f"{where}{source.name}"
            if isinstance(source, Conditional):
                body = read(source.table, [*source.given, *source.attributes, source.share])
                shares[source.name] = conditional(source, body, attributes, place)
            elif source.table is None:
                written = [
                    (line, {source.attributes[0]: code, source.count: str(share)})
                    for line, (code, share) in enumerate(source.shares.items(), start=1)
                ]
                counts[source.name] = counted(source, written, attributes, f"{where.rstrip('/')}: {source.name}")
            else:
                body = read(source.table, [*source.attributes, source.count])
                counts[source.name] = counted(source, body, attributes, place)
        curves = {
            name: curve(read(attribute.curve, CURVE_COLUMNS), attribute, f"{where}{attribute.curve}")
            for name, attribute in attributes.items()
            if attribute.curve is not None
        }
        return cls(sources, attributes, counts, shares, rows, curves, where)

    def content(self) -> dict[str, Any]:
        """Plain data, equal for equal tables, for :meth:`restored`."""
        tables: dict[str, list[dict[str, Any]]] = {}
        for source in self.sources:
            if isinstance(source, Conditional):
                tables[source.table] = self._plain(self.shares[source.name].units, source.share)
            elif not isinstance(source, Microdata) and source.table is not None:
                tables[source.table] = self._plain(self.counts[source.name], source.count)
        for name, weights in self.curves.items():
            tables[str(self.attributes[name].curve)] = [
                {"value": value, "weight": weight} for value, weight in enumerate(weights.tolist()) if weight > 0
            ]
        return {"tables": tables, "microdata": {name: rows.as_plain() for name, rows in self.rows.items()}}

    def _plain(self, units: Units, amount: str) -> list[dict[str, Any]]:
        codes = [self.attributes[name].sorted_codes for name in units.attributes]
        return [
            {name: one[n] for name, one, n in zip(units.attributes, codes, position, strict=True)} | {amount: weight}
            for position, weight in zip(units.positions.tolist(), units.weights.tolist(), strict=True)
        ]

    @cached_property
    def by_source(self) -> Mapping[str, Table]:
        """What each source was read into, by its name."""
        units = {
            source.name: units_of(source, self.rows[source.name], self.attributes, f"{self.where}{source.name}")
            for source in self.sources
            if isinstance(source, Microdata)
        }
        return {**self.counts, **self.shares, **units}

    def units(self, name: str) -> Units:
        """Combinations or rows of joint counts, a margin or microdata.

        Raises
        ------
        DocumentError
            If there is no such source, or it is a conditional table.
        """
        table = self.by_source.get(name)
        if not isinstance(table, Units):
            raise DocumentError(
                f"There are no counts or rows {name!r}; there are {', '.join(sorted(self.by_source))}."
            )
        return table
