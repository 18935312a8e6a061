"""From a store to its conditions: each public with all that is compared of it, so that the store can be closed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.ablation import ablation_of
from analysis.bootstrap import Resamples
from analysis.costs import cost_of, usage_of
from analysis.def_data import CellData, cell_data, why_no_people
from analysis.def_rules import DefRules
from analysis.findings import Cost, Statuses
from analysis.option_counts import OptionCounts, option_counts
from analysis.reading import Results
from analysis.records import STATUSES, Cell, Usage, WaveRow
from analysis.resolutions import Resolution
from analysis.responses import stored_resolutions
from demoscope.errors import DocumentError
from demoscope.replies import APART
from demoscope.seeds import generator


@dataclass(frozen=True)
class Condition:
    """One cell with all that is read of it."""

    store: str
    wave: WaveRow
    data: CellData
    options: OptionCounts
    """What is compared with people."""
    statuses: Statuses
    usage: Usage
    cost: Cost | None
    resolved: tuple[int, int]
    """Replies that people gave an answer to, and those that they could not read."""
    ablation: str | None
    no_people: str | None
    """Why there is nobody real to compare it with though the store has a reference."""
    resamples: Resamples
    """The same people drawn for all cells of the store."""


def read_conditions(
    store: str, results: Results, draws: int, decided: Sequence[Resolution], rules: DefRules
) -> list[Condition]:
    """Every public of a store.

    Parameters
    ----------
    store : str
        What the store is called.
    draws : int
        Resamples of the people; personas are drawn once for all cells.
    decided : sequence of Resolution
        What people decided about replies that could not be read, beside what the store holds of that.
    rules : DefRules
        How the families are computed.

    Raises
    ------
    StoreError
        If the store is damaged.
    DocumentError
        If a decision is about a respondent that the store does not have, or fits no reply that could not be read.
    """
    found = [(cell, cell_data(results, cell, decided)) for cell in _publics(results)]
    if not found:
        return []
    asked = {respondent for _, data in found for respondent in data.respondents.ids.tolist()}
    if unknown := {each.respondent for each in decided} - asked:
        raise DocumentError(
            f"A resolution is for respondent {min(unknown)}, whom {store} does not have; it has {len(asked):,}. "
            "Use the numbers of the store."
        )
    people = np.unique(np.concatenate([np.zeros(0, np.int64), *(data.respondents.personas for _, data in found)]))
    resamples = Resamples.draw(people, generator(results.wave.seed, "compare", "people"), draws)
    return [
        Condition(
            store=store,
            wave=results.wave,
            data=data,
            options=option_counts(results, data, rules),
            statuses=_statuses(results, cell, data),
            usage=usage_of(results, cell),
            cost=cost_of(results, cell),
            resolved=_resolved(results, cell, decided),
            ablation=ablation_of(cell.protocol, results.settings(cell)),
            no_people=why_no_people(results, cell),
            resamples=resamples,
        )
        for cell, data in found
    ]


def _publics(results: Results) -> tuple[Cell, ...]:
    """The cells that ask a public."""
    return tuple(cell for cell in results.cells if cell.protocol not in APART)


def _resolved(results: Results, cell: Cell, decided: Sequence[Resolution]) -> tuple[int, int]:
    """Replies of a cell that people gave an answer to, and those that they could not read, each counted once."""
    latest = {
        (each.respondent, each.question, each.replicate): each.code for each in stored_resolutions(results, cell)
    }
    mine = set(results.respondents(cell).ids.tolist())
    latest |= {
        (each.respondent, each.question, each.replicate): each.code for each in decided if each.respondent in mine
    }
    unreadable = sum(code is None for code in latest.values())
    return len(latest) - unreadable, unreadable


def topics_of(results: Results) -> list[tuple[str, str, str]]:
    """Name, value dimension and topic of every question that was put to models and has both."""
    excluded = "AND excluded IS NULL" if results.has_column("questions", "excluded") else ""
    return results.rows(
        f"""SELECT name, dimension, topic FROM questions
        WHERE dimension IS NOT NULL AND topic IS NOT NULL {excluded} ORDER BY id"""
    )


def _statuses(results: Results, cell: Cell, data: CellData) -> Statuses:
    endings = results.endings(cell, data.respondents)
    asked = np.isin(endings.question, [question.id for question in data.questions if question.codes_of is None])
    counts = np.bincount(endings.status[asked], minlength=len(STATUSES)).tolist()
    return Statuses(**{name: count + data.moved[name] for name, count in zip(STATUSES, counts, strict=True)})
