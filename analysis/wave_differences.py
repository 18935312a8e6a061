"""Two waves question by question: what differs, whether more than chance, and how many of the same people changed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.choices import NOTHING, Integers
from analysis.coded import CodedAnswers, open_coded
from analysis.def_data import CellData, cell_data
from analysis.distances import jensen_shannon, shares, total_variation
from analysis.multiplicity import correction_named
from analysis.reading import Results
from analysis.records import Cell
from analysis.wave_tests import changed_share, independent_p, paired_p
from demoscope.documents import Document
from demoscope.errors import DocumentError
from demoscope.seeds import generator

DRAWS = 10_000
"""Permutations of each test: enough for p-values that outlive the correction for a hundred questions."""


class Difference(Document):
    """One question in two waves."""

    question: str
    people: tuple[int, int]
    """With a substantive answer in either wave."""
    pairs: int
    """Of the same people, who answered in both; 0 where the people differ."""
    first: tuple[float, ...]
    second: tuple[float, ...]
    """Shares of the options in either wave, unweighted, in questionnaire order."""
    labels: tuple[str, ...]
    total_variation: float
    js: float
    changed: float | None
    """Share of the pairs who gave another answer; absent without pairs."""
    p: float
    """Of no difference on the whole: answers swapped within people, or people between waves."""
    adjusted_p: float
    """Adjusted for all questions."""


class WaveDifferences(Document):
    """One condition of a wave against one of another."""

    first: str
    second: str
    matched: bool
    """Whether the same people were asked, so that each is compared with itself."""
    correction: str
    draws: int
    questions: tuple[Difference, ...]
    left_out: tuple[str, ...]
    """Questions that only one wave has, whose options differ, or that nobody answered in one of them."""


@dataclass(frozen=True)
class Side:
    """One condition of one of the waves compared."""

    name: str
    seed: int
    data: CellData
    people: dict[str, int]
    """Who they are -> row of their first run."""


def wave_differences(
    first: Path,
    second: Path,
    *,
    cells: tuple[str | None, str | None] = (None, None),
    correction: str = "holm",
    draws: int = DRAWS,
    coded: Sequence[CodedAnswers] = (),
) -> WaveDifferences:
    """Compare two waves.

    People are the same when they have the same number and the same attributes in both; then each is compared with
    itself. Otherwise the two are taken for groups of different people. Weights play no part in the tests; of
    respondents who took the questionnaire several times, the first run counts.

    Parameters
    ----------
    first, second : Path
        Stores, which may be the same.
    cells : (str or None, str or None)
        Names of the conditions compared; ``None`` takes the only one of a store.
    correction : {"holm", "benjamini_hochberg"}
        For the number of questions: the chance of any false finding, or the share of false ones.
    draws : int
        Permutations of each test; no p-value is below 1 / (draws + 1).
    coded : sequence of CodedAnswers
        Open answers in codes, as questions of their own; one is compared where both waves have its codes.

    Raises
    ------
    StoreError
        If a store is missing, damaged or no store.
    DocumentError
        If a condition is not there, or must be named, or no question can be compared.

    References
    ----------
    .. [1] Good (2005). Permutation, Parametric and Bootstrap Tests of Hypotheses. Springer.
    """
    adjust = correction_named(correction)
    a, b = side_of(first, cells[0], coded), side_of(second, cells[1], coded)
    shared = same_people([a, b])
    rows = None
    if shared is not None:
        rows = (
            np.array([a.people[who] for who in shared], dtype=np.int64),
            np.array([b.people[who] for who in shared], dtype=np.int64),
        )
    places = {question.name: column for column, question in enumerate(b.data.closed)}
    found: list[Difference] = []
    left_out = [question.name for question in b.data.closed if question.name not in set(_names(a))]
    for column, question in enumerate(a.data.closed):
        other = places.get(question.name)
        one = None
        if other is not None and codes_of(a, column) == codes_of(b, other):
            rng = generator(a.seed, "differences", question.name)
            one = _difference(a, b, (column, other), rows, rng, draws)
        if one is None:
            left_out.append(question.name)
        else:
            found.append(one)
    if not found:
        raise DocumentError(
            f"{first} and {second} have no question in common that people answered in both; compare waves of one "
            "questionnaire."
        )
    adjusted = adjust([each.p for each in found]).tolist()
    return WaveDifferences(
        first=a.name,
        second=b.name,
        matched=shared is not None,
        correction=correction,
        draws=draws,
        questions=tuple(e.model_copy(update={"adjusted_p": p}) for e, p in zip(found, adjusted, strict=True)),
        left_out=tuple(left_out),
    )


def side_of(path: Path, name: str | None, coded: Sequence[CodedAnswers] = ()) -> Side:
    """Read one condition of a store: the one of this name, or the only one.

    Raises
    ------
    StoreError
        If the store is missing, damaged or no store.
    DocumentError
        If the condition is not there, or must be named.
    """
    with open_coded(path, coded) as results:
        cell = cell_named(results, name)
        data = cell_data(results, cell)
        known = dict(results.rows("SELECT id, attributes FROM personas"))
        people = {
            json.dumps([persona, results.json(known[persona])], sort_keys=True): row * data.replicates
            for row, persona in enumerate(data.respondents.personas.tolist())
        }
        return Side(f"{path}: {cell.name}", results.wave.seed, data, people)


def same_people(sides: Sequence[Side]) -> list[str] | None:
    """Who is in every wave; ``None`` where these are fewer than two, or than half of the people of the smallest."""
    shared = sorted(set.intersection(*(set(side.people) for side in sides)))
    enough = len(shared) > 1 and 2 * len(shared) >= min(len(side.people) for side in sides)
    return shared if enough else None


def cell_named(results: Results, name: str | None) -> Cell:
    """The condition of this name, or the only one.

    Raises
    ------
    DocumentError
        If it is not there, or there are several to choose from.
    """
    names = [cell.name for cell in results.cells]
    if name is None and len(names) == 1:
        return results.cells[0]
    if name not in names:
        said = "name one" if name is None else f"it has no condition {name!r}"
        raise DocumentError(f"{results.path}: {said} of its conditions: {', '.join(names)}.")
    return results.cells[names.index(name)]


def _names(side: Side) -> list[str]:
    return [question.name for question in side.data.closed]


def codes_of(side: Side, column: int) -> list[int]:
    """Codes of the substantive options of a closed question, in questionnaire order."""
    scales = side.data.scales
    return [int(code) for code in scales.codes[column, : scales.sizes[column]]]


def _difference(
    a: Side,
    b: Side,
    columns: tuple[int, int],
    rows: tuple[Integers, Integers] | None,
    rng: np.random.Generator,
    draws: int,
) -> Difference | None:
    size = len(codes_of(a, columns[0]))
    chosen = [
        side.data.choices[:: side.data.replicates, column] for side, column in zip((a, b), columns, strict=True)
    ]
    counts = [np.bincount(each[each != NOTHING], minlength=size) for each in chosen]
    if not all(each.sum() for each in counts):
        return None
    pairs, changed = 0, None
    if rows is not None:
        once = a.data.choices[rows[0], columns[0]]
        again = b.data.choices[rows[1], columns[1]]
        pairs = int(((once != NOTHING) & (again != NOTHING)).sum())
        changed = changed_share(once, again) if pairs else None
    p = paired_p(once, again, size, rng, draws) if pairs else independent_p(counts[0], counts[1], rng, draws)
    question = a.data.closed[columns[0]]
    return Difference(
        question=question.name,
        people=(int(counts[0].sum()), int(counts[1].sum())),
        pairs=pairs,
        first=tuple(shares(counts[0]).tolist()),
        second=tuple(shares(counts[1]).tolist()),
        labels=tuple(choice.label for choice in question.choices if choice.substantive),
        total_variation=float(total_variation(counts[0], counts[1])),
        js=float(jensen_shannon(counts[0], counts[1])),
        changed=changed,
        p=p,
        adjusted_p=p,
    )
