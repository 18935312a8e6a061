"""How many people each condition of a wave is worth, against the store's human reference."""

from pathlib import Path

import numpy as np
from rich.console import Console

from analysis.choices import Floats
from analysis.def_data import CellData, cell_data
from analysis.distances import shares
from analysis.ink import words
from analysis.layout import FAINT, SIMULATED, WIDEST, numbers, table
from analysis.reading import open_results
from analysis.sample_worth import largest_honest_sample, worth_in_people
from demoscope.documents import Document
from demoscope.errors import DocumentError
from demoscope.seeds import generator

MOST = 10_000
"""Largest number of simulated respondents that is tried."""


class CellWorth(Document):
    """One condition."""

    name: str
    questions: int
    respondents: int
    people: float | None
    """Random people whose sample would be as far from everybody; absent when the wave is no farther than its own
    sampling explains."""
    low: float | None
    high: float | None
    """95 %, questions resampled; absent where unknown or without bound."""
    honest: int
    """Most simulated respondents whose intervals still hold the people's shares, up to :data:`MOST`."""


class Worths(Document):
    """Conditions of one store."""

    reference: str
    cells: tuple[CellWorth, ...]


def worths(path: Path) -> Worths:
    """Worth of every condition of a store.

    Respondents count alike, whatever their weights. Shares of all options of all questions are looked at for the
    largest honest sample, so a question with many options counts more there.

    Raises
    ------
    StoreError
        If the store is missing, damaged or no store.
    DocumentError
        If it has no human reference, or no question can be compared.
    """
    with open_results(path) as results:
        if results.reference is None:
            raise DocumentError(
                f"{path} has no human reference, so nobody can say how many people it is worth; launch a wave with "
                "`reference`."
            )
        found = []
        for cell in results.cells:
            data = cell_data(results, cell)
            one = _worth(data, generator(results.wave.seed, "worth", cell.name))
            found += [one] if one is not None else []
        if not found:
            raise DocumentError(f"{path}: no condition has two answers to a question that people answered too.")
        return Worths(reference=f"{results.reference.title} ({results.reference.year})", cells=tuple(found))


def _worth(data: CellData, rng: np.random.Generator) -> CellWorth | None:
    if data.human is None:
        return None
    chosen = data.choices[:: data.replicates]
    columns = np.arange(data.scales.codes.shape[1])
    counts: Floats = (chosen[:, :, None] == columns).sum(axis=0).astype(np.float64)
    known = (counts.sum(axis=1) >= 2) & (data.human.sum(axis=1) >= 2)
    if not known.any():
        return None
    simulated, human = counts[known], data.human[known]
    found = worth_in_people(simulated, human, rng)
    offered = data.scales.offered[known]
    asked = np.broadcast_to(human.sum(axis=1, keepdims=True), human.shape)[offered]
    return CellWorth(
        name=data.cell.name,
        questions=int(known.sum()),
        respondents=len(data.respondents.ids),
        people=_bounded(found.people),
        low=_bounded(found.low),
        high=_bounded(found.high),
        honest=largest_honest_sample(shares(simulated)[offered], shares(human)[offered], asked, MOST),
    )


def _bounded(value: float) -> float | None:
    return value if np.isfinite(value) else None


def render_worths(found: Worths, console: Console) -> None:
    """Write the conditions to a console."""
    width = min(console.width, WIDEST)
    console.print()
    console.print(words(f"compared with: {found.reference}", style=FAINT), width=width)
    shown = table(gap=2)
    shown.add_column("condition", max_width=34)
    numbers(shown, **{"worth in people (95 %)": SIMULATED, "honest up to": "", "asked": FAINT, "questions": FAINT})
    for each in found.cells:
        worth = "no bound" if each.people is None else f"{each.people:,.0f}"
        if each.low is not None:
            worth += f" ({each.low:,.0f}–{'no bound' if each.high is None else f'{each.high:,.0f}'})"
        honest = f"{each.honest:,}" + (" or more" if each.honest == MOST else "")
        shown.add_row(words(each.name, 34), worth, honest, f"{each.respondents:,}", str(each.questions))
    console.print()
    console.print(shown, width=width)
    console.print()
    for note in (
        "worth: the number of random people whose shares would be as far from everybody's, squared and over all "
        "questions, as the simulated ones; what the numbers of respondents and people add by chance is taken off.",
        "honest up to: most respondents whose 95 % intervals, with those of the people, miss no more than 2.5 % of "
        "the shares. More respondents make a wave surer of what its model believes, not of what people do.",
    ):
        console.print(words(note, style=FAINT), width=width)
