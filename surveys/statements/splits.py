"""Who and what is held out: setups of probe questions by rule, people balanced over continents, halves."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from demoscope import seeds
from demoscope.columns import Column
from demoscope.errors import DocumentError
from surveys.statements.known import KnownAnswers, Positions
from surveys.statements.sets import MISSING

Setups = Mapping[str, tuple[str, ...]]
"""Name of a setup -> questions that are targets together."""

HELD_OUT = 800
LEAST_VALID = 239
"""Questions whose answers must be known of somebody who is held out."""
LEAST_DEMOGRAPHICS = 24
LARGE_RELIGIONS, RELIGION_CAP = 8, 80
KEPT_WHOLE = "Oceania"
"""Continent whose people are all kept."""


def probe_setups(categories: Mapping[str, Sequence[str]], per_category: int = 3, setups: int = 3) -> Setups:
    """Targets by the published rule: of every category the next few questions in each setup, around its end.

    Parameters
    ----------
    categories : mapping
        Category -> its questions, in order.
    per_category : int
        Targets of a category in each setup, at least 1; a category with fewer questions gives all it has.
    setups : int
        Number of setups, at least 1; they are named from "1".

    >>> probe_setups({"economy": ["Q106", "Q107", "Q108", "Q109"], "trust": ["Q57"]}, per_category=3, setups=2)
    {'1': ('Q106', 'Q107', 'Q108', 'Q57'), '2': ('Q109', 'Q106', 'Q107', 'Q57')}

    References
    ----------
    IndieValueCatalog: positions 3j to 3j + 2 of each category, modulo its size, for j = 0, 1, 2.
    """
    return {
        str(j + 1): tuple(
            dict.fromkeys(
                questions[(per_category * j + place) % len(questions)]
                for questions in categories.values()
                for place in range(per_category)
            )
        )
        for j in range(setups)
    }


def pool(questions: Sequence[str], targets: Sequence[str]) -> tuple[str, ...]:
    """Questions that demonstrations may come from when these are the targets: all others, in order."""
    held = frozenset(targets)
    return tuple(question for question in questions if question not in held)


def balanced_people(
    known: KnownAnswers,
    probes: Sequence[str],
    *,
    continents: Column,
    religions: Column,
    demographics: NDArray[np.int64],
    seed: int,
    size: int = HELD_OUT,
    least_valid: int = LEAST_VALID,
) -> Positions:
    """People to hold out, balanced over continents by the published rule; its seed is not published.

    Everybody held out has answered all probe questions and at least ``least_valid`` questions. All of Oceania stay;
    every other continent gives an equal number of people of whom at least 24 demographic answers are known, after the
    8 largest religious groups are capped at 80 people on each continent. Of all these, ``size`` are sampled.

    Parameters
    ----------
    probes : sequence of str
        Questions of all setups.
    continents, religions : Column
        (n_people,) texts; empty where not known.
    demographics : numpy.ndarray, shape (n_people,)
        Demographic answers that are known of each.
    seed : int
        Seed of the draws.

    Returns
    -------
    numpy.ndarray
        (size,) positions, ascending.

    Raises
    ------
    DocumentError
        If fewer people fulfil the conditions.
    """
    columns = [known.sets.questions.index(question) for question in dict.fromkeys(probes)]
    numbers = known.numbers["refined"]
    able = (numbers[:, columns] != MISSING).all(axis=1) & (known.valid() >= least_valid)
    continent = np.array(continents.texts, dtype=object)[continents.positions]
    kept = [np.flatnonzero(able & (continent == KEPT_WHOLE))]
    others = sorted({text for text in continents.texts if text} - {KEPT_WHOLE})
    share = int((size - len(kept[0])) / max(len(others), 1)) + 1
    large = _largest(religions, able)
    for name in others:
        rows = np.flatnonzero(able & (continent == name) & (demographics >= LEAST_DEMOGRAPHICS))
        rows = _capped(rows, religions, large, seed, name)
        rng = seeds.generator(seed, "held out", name)
        kept.append(rng.choice(rows, min(max(share, 0), len(rows)), replace=False))
    found = np.concatenate(kept).astype(np.int64)
    if len(found) < size:
        raise DocumentError(
            f"{known.source}: {len(found):,} people meet the conditions of the balanced sample, and {size:,} are "
            f"wanted: all {len(columns)} probe questions and {least_valid} or more questions answered. Ask for fewer."
        )
    return np.sort(seeds.generator(seed, "held out").choice(found, size, replace=False))


def _largest(religions: Column, able: NDArray[np.bool_]) -> list[int]:
    """Places of the largest groups among the texts of a column, negative codes and unknown left out."""
    counts = np.bincount(religions.positions[able], minlength=len(religions.texts))
    places = [place for place, text in enumerate(religions.texts) if text and not text.startswith("-")]
    return sorted(places, key=lambda place: (-counts[place], religions.texts[place]))[:LARGE_RELIGIONS]


def _capped(rows: Positions, religions: Column, large: Sequence[int], seed: int, continent: str) -> Positions:
    kept = np.ones(len(rows), bool)
    for place in large:
        group = np.flatnonzero(religions.positions[rows] == place)
        if len(group) > RELIGION_CAP:
            rng = seeds.generator(seed, "held out", continent, "religion", religions.texts[place])
            kept[rng.choice(group, len(group) - RELIGION_CAP, replace=False)] = False
    return rows[kept]


def halves(n: int, seed: int = 42) -> tuple[Positions, Positions]:
    """Positions of people shuffled and cut in two: to choose on, and to test on; the second has the odd one.

    >>> [len(half) for half in halves(7)]
    [3, 4]
    """
    order = seeds.generator(seed, "halves").permutation(n)
    return np.sort(order[: n // 2]), np.sort(order[n // 2 :])
