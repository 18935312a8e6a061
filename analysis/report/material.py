"""Everything a report needs of its stores, read once each."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from analysis import yardsticks
from analysis.coded import CodedAnswers, open_coded
from analysis.compare import compare_stores
from analysis.compared import Comparison, ConditionRow
from analysis.def_data import human_counts
from analysis.def_rules import DefRules
from analysis.evaluated import CellEvaluation
from analysis.findings import CellSummary, Summary
from analysis.position_report import PositionReport, position_report
from analysis.probing.findings import ProbeReport
from analysis.probing.report import PROBING, probes_among
from analysis.reading import Results
from analysis.records import Cell
from analysis.report.examples import Example, insensitive, not_understood
from analysis.report.facts import WaveFacts, read_facts
from analysis.summary import summarise

LARGE = 50_000_000
"""Bytes of stores from which on two cores share the work."""


@dataclass(frozen=True)
class Tries:
    """What calls of a cell came to beside their tokens."""

    attempts: int
    errors: int
    cached_tokens: int
    reasoning_tokens: int


@dataclass(frozen=True)
class Subject:
    """One condition with a model: what a report talks about."""

    number: int
    """From 1, over all stores."""
    store: int
    """Place of its store among those of the report."""
    cell: CellSummary
    row: ConditionRow
    evaluation: CellEvaluation
    positions: PositionReport
    tries: Tries
    has_people: bool
    """Whether the human reference is about its people."""
    insensitive: tuple[Example, ...]
    not_understood: tuple[Example, ...]
    label: str
    """What it is called in tables and drawings: its condition, with model and wave where these are several."""


@dataclass(frozen=True)
class StoreMaterial:
    """One store."""

    path: Path
    bytes: int
    summary: Summary
    facts: WaveFacts


@dataclass(frozen=True)
class Material:
    """All of it."""

    stores: tuple[StoreMaterial, ...]
    comparison: Comparison
    subjects: tuple[Subject, ...]
    probes: ProbeReport | None = None
    """What the probes among them say; absent where none is probed."""

    @property
    def publics(self) -> tuple[Subject, ...]:
        """The conditions that are publics of their own; where models were probed, ways of asking them are not."""
        if self.probes is None:
            return self.subjects
        return tuple(subject for subject in self.subjects if subject.cell.protocol not in PROBING)

    def of_store(self, store: int) -> tuple[Subject, ...]:
        """The conditions of one store."""
        return tuple(subject for subject in self.subjects if subject.store == store)


@dataclass(frozen=True)
class _OfCell:
    positions: PositionReport
    tries: Tries
    has_people: bool
    insensitive: tuple[Example, ...]
    not_understood: tuple[Example, ...]


def read_material(
    paths: Sequence[Path], rules: DefRules, draws: int = yardsticks.DRAWS, coded: Sequence[CodedAnswers] = ()
) -> Material:
    """Read stores for a report, also while their waves are running.

    Parameters
    ----------
    rules : DefRules
        How DEF's families are computed.
    draws : int
        Draws of every yardstick and bootstrap.
    coded : sequence of CodedAnswers
        Open answers in codes, as questions of their own.

    Raises
    ------
    StoreError
        If a store is missing, no store, damaged, or was written by a newer version.
    """
    stores, cells = [], []
    with _compared(paths, rules, draws, coded) as comparing:
        for path in paths:
            with open_coded(path, coded) as results:
                summary = summarise(results, draws)
                stores.append(StoreMaterial(path, path.stat().st_size, summary, read_facts(results)))
                cells.append([_of_cell(results, cell, rules) for cell in results.cells])
        comparison = comparing()
    subjects: list[Subject] = []
    models = len({cell.model for store in stores for cell in store.summary.cells})
    for place, (store, found) in enumerate(zip(stores, cells, strict=True)):
        for cell, more in zip(store.summary.cells, found, strict=True):
            number = len(subjects)
            named = [f"{number + 1} {cell.condition}"]
            named += [cell.model] if models > 1 or sum(map(len, cells)) == 1 else []
            named += [store.summary.wave] if len(stores) > 1 else []
            subjects.append(
                Subject(
                    number=number + 1,
                    store=place,
                    cell=cell,
                    row=comparison.rows[number],
                    evaluation=comparison.evaluations[number],
                    label=" · ".join(named),
                    **vars(more),
                )
            )
    return Material(tuple(stores), comparison, tuple(subjects), probes_among(paths, draws))


@contextmanager
def _compared(
    paths: Sequence[Path], rules: DefRules, draws: int, coded: Sequence[CodedAnswers]
) -> Iterator[Callable[[], Comparison]]:
    """The comparison, made meanwhile on another core where stores are large; a process takes a second to begin."""
    if sum(path.stat().st_size for path in paths if path.exists()) < LARGE:
        yield lambda: compare_stores(paths, rules, draws, details=True, coded=coded)
        return
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
        yield elsewhere.submit(compare_stores, paths, rules, draws, details=True, coded=coded).result


def _of_cell(results: Results, cell: Cell, rules: DefRules) -> _OfCell:
    return _OfCell(
        positions=position_report(results, cell),
        tries=_tries(results, cell),
        has_people=human_counts(results, cell) is not None,
        insensitive=insensitive(results, cell, rules),
        not_understood=not_understood(results, cell),
    )


def _tries(results: Results, cell: Cell) -> Tries:
    cached, thought = (results.column_or_null("attempts", name) for name in ("cached_tokens", "reasoning_tokens"))
    row = results.rows(
        f"""SELECT count(*), coalesce(sum(error IS NOT NULL), 0), coalesce(sum({cached}), 0),
        coalesce(sum({thought}), 0) FROM attempts WHERE cell_id = ?""",
        (cell.id,),
    )[0]
    return Tries(*row)
