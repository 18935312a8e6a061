"""A population as it will be simulated: targets and what a draw achieves, precision, and people as introduced."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.people import People
from personas.persona import Persona
from personas.population import Population
from personas.portrait import ACT, Language, location
from personas.precision import design_effect, margin_of_error
from personas.sources import Margin
from personas.styles import portray, usual

SHOWN = 10
"""People who are introduced."""

UNKNOWN = "(not known)"
"""Stands for the level of people of whom it is not known."""

LANGUAGES: tuple[Language, ...] = ("en", "zh")
"""Languages in which people can be introduced."""


class LevelShare(Document):
    """One level of a margin, or one combination: the share it should have and the share it has."""

    level: str
    """Level code or band; of crossed attributes, codes joined by `` x ``."""
    target: float
    """Share in the population, in [0, 1]."""
    achieved: float
    """Weighted share among the people drawn, in [0, 1]."""

    @property
    def gap(self) -> float:
        """Achieved minus target."""
        return self.achieved - self.target


class MarginPreview(Document):
    """One attribute, or several crossed, or the states."""

    name: str
    """Attributes joined by `` x ``; ``state`` for places that are drawn."""
    raked: bool
    """Whether the document asks for this margin."""
    levels: tuple[LevelShare, ...]
    """Every level, in the order of the document."""

    @property
    def widest(self) -> LevelShare:
        """Level with the largest gap."""
        return max(self.levels, key=lambda level: (abs(level.gap), level.level))


class Preview(Document):
    """What a population looks like."""

    population: str
    title: str
    year: int | None
    source: str
    places: str | None
    """Who counted the places."""
    note: str | None
    n: int
    """People drawn."""
    seed: int
    design: str
    """Kind of the design that they were taken by; targets are those of the population, whatever the design."""
    margins: tuple[MarginPreview, ...]
    """Every attribute, the crossed margins of the document, and the states, in this order."""
    design_effect: float
    """Kish's design effect of the weights, at least 1."""
    effective_sample_size: float
    """Equally weighted people who would tell as much."""
    margin_of_error: float
    """Half width of the 95 % interval of a share of one half, in [0, 1]."""
    raking: tuple[str, ...]
    """What raking came to, in words."""
    introductions: dict[str, tuple[str, ...]]
    """Language -> the first people as the model is told of them."""


def make_preview(
    population: Population,
    people: People,
    *,
    seed: int,
    languages: Sequence[Language] = ("en",),
    style: str = "second_person",
) -> Preview:
    """Preview of people drawn from a population.

    Parameters
    ----------
    people : People
        Everybody who was drawn, at least one.
    seed : int
        Seed they were drawn with, for the record.
    languages : sequence of {"en", "zh"}
        Languages in which the first people are introduced.
    style : str
        Portrait they are introduced with.

    Raises
    ------
    DocumentError
        If the population has no words in one of the languages, or there is nobody.
    """
    if not len(people):
        raise DocumentError(f"Nobody was drawn from {population.id!r}; ask for one person at least.")
    effect = design_effect(people.weights)
    document = population.document
    first = people.personas()[:SHOWN]
    return Preview(
        population=population.id,
        title=document.title,
        year=document.year,
        source=document.source,
        places=document.places.source if document.places else None,
        note=document.note,
        n=len(people),
        seed=seed,
        design=population.design.kind,
        margins=tuple(_margins(population, people)),
        design_effect=effect,
        effective_sample_size=len(people) / effect,
        margin_of_error=margin_of_error(len(people), effect),
        raking=tuple(_raking(population)),
        introductions={
            language: tuple(introduced(persona, population, language, style) for persona in first)
            for language in languages
        },
    )


def languages_of(names: Sequence[str]) -> tuple[Language, ...]:
    """Languages by name, each once; a :class:`DocumentError` for one that nobody is introduced in."""
    for name in names:
        if name not in LANGUAGES:
            raise DocumentError(f"People are introduced in {' and '.join(LANGUAGES)}, not in {name!r}.")
    return tuple(language for language in LANGUAGES if language in names)


def introduced(persona: Persona, population: Population, language: Language, style: str) -> str:
    """A persona as DEF's prompt names it: where it is from, and everything else that the population can tell."""
    told = portray(persona, population, usual(population), language, style)
    if persona.place is None or style in ("first_person", "interview", *population.portraits):
        return told
    stop = "。" if language == "zh" else ". "
    return ACT[language].format(portrait=f"{location(persona, language=language)}{stop}{told}".rstrip())


def _raking(population: Population) -> Iterator[str]:
    for report in population.composition.reports:
        rounds = f"{report.iterations:,} round{'s' if report.iterations != 1 else ''}"
        missed = "" if report.converged else f"; furthest off is {report.worst}"
        yield f"{', '.join(report.margins)} {'met' if report.converged else 'not met'} after {rounds}{missed}"


def _margins(population: Population, people: People) -> Iterator[MarginPreview]:
    document = population.document
    crossed = [source.attributes for source in document.sources if isinstance(source, Margin)]
    for name in document.attributes:
        yield _margin(population, people, (name,), (name,) in crossed)
    for names in crossed:
        if len(names) > 1:
            yield _margin(population, people, names, True)
    targets = population.places.shares if population.places else {}
    if targets and people.places is not None:
        found: Counter[str] = Counter()
        for place, weight in zip(people.places, people.weights.tolist(), strict=True):
            found[place.state or ""] += weight
        total = float(people.weights.sum())
        yield MarginPreview(
            name="state",
            raked=True,
            levels=tuple(
                LevelShare(level=state, target=share, achieved=found[state] / total)
                for state, share in targets.items()
            ),
        )


def _margin(population: Population, people: People, names: Sequence[str], raked: bool) -> MarginPreview:
    """Targets and what was achieved, over the combinations that occur in either."""
    attributes = [population.attributes[name] for name in names]
    target = population.shares(*names)
    codes = [(*attribute.sorted_codes, "") for attribute in attributes]  # the last is what is not known
    weights = np.zeros([len(known) for known in codes])
    np.add.at(weights, tuple(people.levels[name] for name in names), people.weights)
    weights /= people.weights.sum()
    achieved = {
        tuple(known[at] for known, at in zip(codes, cell, strict=True)): float(weights[tuple(cell)])
        for cell in np.argwhere(weights > 0).tolist()
    }
    order = [{code: n for n, code in enumerate((*attribute.codes, ""))} for attribute in attributes]
    cells = sorted({*target, *achieved}, key=lambda cell: [at[code] for at, code in zip(order, cell, strict=True)])
    return MarginPreview(
        name=" x ".join(names),
        raked=raked,
        levels=tuple(
            LevelShare(
                level=" x ".join(code or UNKNOWN for code in cell),
                target=target.get(cell, 0.0),
                achieved=achieved.get(cell, 0.0),
            )
            for cell in cells
        ),
    )
