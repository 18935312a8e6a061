"""A series of waves question by question: how the answers drift, and whether more than chance."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from analysis.choices import NOTHING, Integers
from analysis.coded import CodedAnswers
from analysis.distances import shares, total_variation
from analysis.multiplicity import correction_named
from analysis.series_tests import independent_series_p, panel_series_p
from analysis.wave_differences import DRAWS, Side, codes_of, same_people, side_of
from demoscope.documents import Document
from demoscope.errors import DocumentError
from demoscope.seeds import generator

TESTS = ("any", "trend")
"""Of any difference between the waves, or of a trend."""


class Drift(Document):
    """One question in three waves or more, in the order given."""

    question: str
    ordered: bool
    labels: tuple[str, ...]
    people: tuple[int, ...]
    """With a substantive answer in each wave."""
    panel: int
    """Of the same people, who answered in every wave; 0 where the people differ."""
    shares: tuple[tuple[float, ...], ...]
    """Of the options in each wave, unweighted, in questionnaire order."""
    means: tuple[float, ...] | None
    """Mean place of the answers in each wave, from 0 (first option) to 1 (last); absent without an order."""
    largest: float
    """Total variation between the two waves that are furthest from each other."""
    between: tuple[int, int]
    """Which these are, from 1."""
    changed: float | None
    """Share of the panel who did not give one answer throughout; absent without a panel."""
    p: float
    """Of no drift: answers permuted within people, or people between waves."""
    adjusted_p: float
    """Adjusted for all questions."""


class WaveDrift(Document):
    """One condition in a series of waves."""

    waves: tuple[str, ...]
    matched: bool
    """Whether the same people were asked every time, so that each is compared with itself."""
    test: str
    """any or trend."""
    correction: str
    draws: int
    questions: tuple[Drift, ...]
    left_out: tuple[str, ...]
    """Questions that not all waves have with the same options, that nobody answered in one of them, or that have no
    order where a trend is tested."""


def wave_drift(
    stores: Sequence[Path],
    *,
    cell: str | None = None,
    test: str = "any",
    correction: str = "holm",
    draws: int = DRAWS,
    coded: Sequence[CodedAnswers] = (),
) -> WaveDrift:
    """Follow the answers to every question through a series of waves.

    People are the same when they have the same number and the same attributes in all waves; then those who answered
    every time are compared with themselves. Otherwise the waves are taken for groups of different people. Weights
    play no part in the tests; of respondents who took the questionnaire several times, the first run counts.

    Parameters
    ----------
    stores : sequence of Path
        Three stores or more, in the order of time; waves count as equally far apart.
    cell : str, optional
        Name of the condition in every store; the only one of each when absent.
    test : {"any", "trend"}
        Of any difference between the waves, or of the mean place of the answers rising or falling with the place of
        the wave (ordered questions alone). Choose before looking.
    correction : {"holm", "benjamini_hochberg"}
        For the number of questions: the chance of any false finding, or the share of false ones.
    draws : int
        Permutations of each test; no p-value is below 1 / (draws + 1).
    coded : sequence of CodedAnswers
        Open answers in codes, as questions of their own; one is followed where all waves have its codes.

    Raises
    ------
    StoreError
        If a store is missing, damaged or no store.
    DocumentError
        If there are fewer than three stores, a condition is not there or must be named, or no question can be
        followed.

    References
    ----------
    .. [1] Good (2005). Permutation, Parametric and Bootstrap Tests of Hypotheses. Springer.
    """
    adjust = correction_named(correction)
    if test not in TESTS:
        raise DocumentError(f"There is no test {test!r}; choose {' or '.join(TESTS)}.")
    if len(stores) < 3:
        raise DocumentError("A series has three waves or more; two are compared by their differences.")
    sides = [side_of(path, cell, coded) for path in stores]
    shared = same_people(sides)
    rows = None if shared is None else [np.array([s.people[who] for who in shared], dtype=np.int64) for s in sides]
    places = [{question.name: n for n, question in enumerate(side.data.closed)} for side in sides]
    found: list[Drift] = []
    left_out: list[str] = []
    for name in dict.fromkeys(name for of_wave in places for name in of_wave):
        columns = [of_wave[name] for of_wave in places if name in of_wave]
        one = _drift(sides, columns, rows, test, draws) if _alike(sides, columns) else None
        if one is None:
            left_out.append(name)
        else:
            found.append(one)
    if not found:
        raise DocumentError(
            f"{', '.join(map(str, stores))} have no question in common that people answered in all"
            f"{' and whose options have an order' if test == 'trend' else ''}; follow one questionnaire."
        )
    adjusted = adjust([each.p for each in found]).tolist()
    return WaveDrift(
        waves=tuple(side.name for side in sides),
        matched=shared is not None,
        test=test,
        correction=correction,
        draws=draws,
        questions=tuple(e.model_copy(update={"adjusted_p": p}) for e, p in zip(found, adjusted, strict=True)),
        left_out=tuple(left_out),
    )


def _alike(sides: Sequence[Side], columns: Sequence[int]) -> bool:
    """Whether all waves have the question, with the same codes."""
    if len(columns) < len(sides):
        return False
    codes = [codes_of(side, column) for side, column in zip(sides, columns, strict=True)]
    return all(each == codes[0] for each in codes)


def _drift(
    sides: Sequence[Side], columns: Sequence[int], rows: Sequence[Integers] | None, test: str, draws: int
) -> Drift | None:
    question = sides[0].data.closed[columns[0]]
    size = len(codes_of(sides[0], columns[0]))
    chosen = [s.data.choices[:: s.data.replicates, column] for s, column in zip(sides, columns, strict=True)]
    counts = np.array([np.bincount(each[each != NOTHING], minlength=size) for each in chosen])
    if not counts.sum(axis=1).all() or (test == "trend" and not question.ordinal):
        return None
    position = np.arange(size) / (size - 1)
    scores = position if test == "trend" else None
    rng = generator(sides[0].seed, "drift", test, question.name)
    panel = np.empty((0, len(sides)), dtype=np.int64)
    if rows is not None:
        asked = [s.data.choices[at, column] for s, at, column in zip(sides, rows, columns, strict=True)]
        panel = np.column_stack(asked)
        panel = panel[(panel != NOTHING).all(axis=1)]
    if len(panel):
        p = panel_series_p(panel, size, rng, draws, scores)
    else:
        p = independent_series_p(counts, rng, draws, scores)
    by_wave = np.array([shares(each) for each in counts])
    apart = {pair: float(total_variation(*counts[list(pair)])) for pair in combinations(range(len(sides)), 2)}
    first, second = max(apart, key=apart.__getitem__)
    return Drift(
        question=question.name,
        ordered=question.ordinal,
        labels=tuple(choice.label for choice in question.choices if choice.substantive),
        people=tuple(counts.sum(axis=1).tolist()),
        panel=len(panel),
        shares=tuple(map(tuple, by_wave.tolist())),
        means=tuple((by_wave @ position).tolist()) if question.ordinal else None,
        largest=apart[first, second],
        between=(first + 1, second + 1),
        changed=float((panel != panel[:, :1]).any(axis=1).mean()) if len(panel) else None,
        p=p,
        adjusted_p=p,
    )
