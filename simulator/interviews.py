"""What a run is to do, and the usual case of it: the interviews of a wave."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from personas import Persona
from simulator.backends.interface import Resources, find_backend
from simulator.cohort import Assignment, CohortSpec
from simulator.demands import demands_of
from simulator.people import make_respondent, number_of
from simulator.reservation import Reservation
from simulator.shards import EVERYBODY, Shard
from simulator.store import Store
from simulator.teams import Open
from simulator.wave import Cell, Execution, LoadedWave, ModelSpec


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is left to do: ``open`` by the name of the model, and how much is saved and missing of each."""

    open: tuple[tuple[str, Open], ...]
    saved: Counter[str]
    """Answers (or verdicts) that the store holds, by the name of the model."""
    missing: Counter[str]
    """Those that it does not."""


class Work(Protocol):
    """What a run hands to cohorts."""

    @property
    def execution(self) -> Execution:
        """Where it is done."""

    def specs(self) -> Sequence[CohortSpec]:
        """What the cohorts of each model must know."""

    def backlog(self, store: Store) -> Backlog:
        """What is left to do."""

    def assignments(self, store: Store, taken: Sequence[Open]) -> list[Assignment]:
        """These respondents as a cohort takes them on, with what the store holds of them."""

    def demanded(self, model: str) -> frozenset[str]:
        """What is asked of a model beyond a plain reply, as :mod:`simulator.demands` says it."""


class Interviews:
    """The interviews of a wave whose cells are in the store."""

    def __init__(self, loaded: LoadedWave, cells: dict[str, int], shard: Shard = EVERYBODY) -> None:
        self._loaded = loaded
        self._shard = shard
        self._ids = cells
        self._cells: dict[int, Cell] = {cells[cell.name]: cell for cell in loaded.cells}

    @property
    def execution(self) -> Execution:
        """As the wave says."""
        return self._loaded.wave.execution

    def specs(self) -> list[CohortSpec]:
        """A specification for each model, with the conditions it is asked under."""
        return [self._spec(model.name) for model in self._loaded.wave.models]

    def _spec(self, model: str) -> CohortSpec:
        mine = {self._ids[cell.name]: cell for cell in self._loaded.cells if cell.model.name == model}
        spec = next(iter(mine.values())).model
        return CohortSpec(
            seed=self._loaded.wave.seed,
            questionnaire=self._loaded.questionnaire,
            model=spec,
            resources=resources_of(spec, self.execution),
            conditions={cell_id: cell.condition for cell_id, cell in mine.items()},
            keep_texts=self._loaded.wave.store_prompts == "full",
        )

    def backlog(self, store: Store) -> Backlog:
        """Respondents with fewer answers than their interviews end in."""
        saved, missing, waiting = Counter[str](), Counter[str](), []
        for respondent_id, cell_id, persona_id, answers in store.respondents():
            if cell_id not in self._cells:
                continue
            cell = self._cells[cell_id]
            saved[cell.model.name] += answers
            expected = self._loaded.answers_expected(cell, number_of(persona_id))
            if answers < expected and self._shard.has(number_of(persona_id)):
                missing[cell.model.name] += expected - answers
                waiting.append((cell.model.name, Open(respondent_id, cell_id, number_of(persona_id))))
        return Backlog(tuple(waiting), saved, missing)

    def assignments(self, store: Store, taken: Sequence[Open]) -> list[Assignment]:
        """The respondents, drawn anew from the wave's seed."""
        histories = store.histories([one.respondent_id for one in taken])
        personas = self._personas({(self._cells[one.cell_id].population.id, one.person) for one in taken})
        return [
            Assignment(
                one.respondent_id,
                one.cell_id,
                make_respondent(
                    self._loaded,
                    self._cells[one.cell_id],
                    personas[self._cells[one.cell_id].population.id, one.person],
                ),
                histories[one.respondent_id],
            )
            for one in taken
        ]

    def demanded(self, model: str) -> frozenset[str]:
        """From dry interviews of the first respondents."""
        return demands_of(self._loaded, model)

    def _personas(self, people: set[tuple[str, int]]) -> dict[tuple[str, int], Persona]:
        """The people with these populations and numbers, drawn a run of neighbours at a time."""
        found: dict[tuple[str, int], Persona] = {}
        populations = self._loaded.populations
        for (name, _), run in groupby(enumerate(sorted(people)), key=lambda item: (item[1][0], item[1][1] - item[0])):
            keys = [key for _, key in run]
            drawn = populations[name].people(keys[0][1], keys[-1][1] + 1, self._loaded.wave.seed)
            found.update(zip(keys, drawn, strict=True))
        return found


def resources_of(model: ModelSpec, execution: Execution) -> Resources:
    """What a cohort of this model reserves: as the model says, else the wave, else what the backend uses."""
    usual = find_backend(model.backend).resources(model.settings)
    return model.resources.over(Reservation(num_cpus=execution.num_cpus, num_gpus=execution.num_gpus).over(usual))
