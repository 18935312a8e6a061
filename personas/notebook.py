"""What a notebook shows of a population."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from demoscope.notebook import heading, page, percent, table

if TYPE_CHECKING:
    from personas.population import Population


def population_html(population: "Population") -> str:
    """Every attribute with its levels and the share of people who have each."""
    document = population.document
    year = f" ({document.year})" if document.year is not None else ""
    size = f", {population.size:,} people" if population.size is not None else ""
    return page(
        heading(
            f"{document.title}{year}",
            f"{document.id}: taken {population.design.kind}{size}",
            document.source,
            document.note,
        ),
        table(("attribute", "level", "share"), _levels(population)),
    )


def _levels(population: "Population") -> Iterator[tuple[str, str, str]]:
    for name in population.attributes:
        shares = population.shares(name)
        for level in (*population.attributes[name].codes, ""):
            if (level,) in shares:
                yield name, level or "(not known)", percent(shares[level,])
