"""A wave: who is asked what, by which models, under which conditions. The document that launches everything."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from demoscope.documents import Document
from personas import Population
from personas.designs import Design
from simulator.assignment import Assignments, Parts
from simulator.backends.interface import find_backend
from simulator.backstories import Backstories
from simulator.known_answers import KnownAnswersSource
from simulator.protocols.registry import ProtocolKind
from simulator.reservation import Reservation
from surveys import Questionnaire, ReferenceCounts
from surveys.perturbations import Perturbation, Perturbed
from surveys.statements import KnownAnswers

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"


class ModelSpec(Document):
    """A model that answers, and the backend that runs it."""

    name: str = Field(pattern=NAME)
    """What the results call it."""
    backend: str
    """``llama_cpp``, ``transformers``, ``vllm``, ``openai_api``, ``scripted``, or one that a plugin brings."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the backend, such as ``path`` and ``quantization``."""
    resources: Reservation = Reservation()
    """What each of its cohorts reserves on a Ray cluster, when that differs from the other models'."""


class Condition(Document):
    """How the model is asked: a protocol and its settings."""

    name: str = Field(pattern=NAME)
    """What the results call it."""
    protocol: str = "def"
    """Protocol of the interview."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the protocol, such as ``profile``, ``portrait`` and ``memory``."""
    population: str | None = None
    """Another population whose people are asked under this condition, such as those of a second country: name in
    the library or path. The wave's `design` and `reference` are about its own population alone."""
    respondents: int | None = Field(default=None, ge=1, le=10_000_000, strict=True)
    """How many people are asked under this condition, the first ones; as many as the wave says when absent."""
    across: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    """Setting -> values: the condition stands for one with each combination of them, called after the values in
    this order, such as `ivc.1.50`."""
    perturbations: tuple[Perturbation, ...] = ()
    """How its questionnaire differs, for studies of robustness: a list of ``kind`` and settings, made one after the
    other, as docs/presentation.md tells."""


class Execution(Document):
    """Where the work is done; nothing here changes an answer."""

    executor: Literal["ray", "local"] = "ray"
    """Ray actors, or this process alone."""
    address: str | None = None
    """Running Ray cluster (``auto``, ``host:port``, ``ray://...``); a private one is started when absent."""
    cohorts: int | None = Field(default=None, ge=1, le=10_000)
    """Cohort actors for each model; one a core (or a GPU) when absent."""
    num_cpus: float | None = Field(default=None, ge=0, le=10_000)
    """Cores that each cohort reserves; as many as its model uses when absent."""
    num_gpus: float | None = Field(default=None, ge=0, le=10_000)
    """GPUs that each cohort reserves, or a fraction of one; as many as its model uses when absent."""


class Wave(Document):
    """One launch: questionnaire x population x conditions x models."""

    name: str = Field(pattern=NAME)
    """Name of the wave; the store is called after it."""
    seed: int = Field(ge=0, lt=2**63, strict=True)
    """Seed of every draw."""
    questionnaire: str
    """Name in the library or path of a YAML file, relative to the wave's own."""
    population: str
    """Name in the library or path of a YAML file, relative to the wave's own."""
    reference: str | None = None
    """Human answers to compare with: name in the library or path."""
    backstories: str | None = Field(default=None, min_length=1, pattern=r"^[^\x00]+$")
    """Store in which an earlier wave wrote stories of these people (``protocol: backstory``), for conditions that
    tell them; a path relative to the folder the command runs in, as that of the store."""
    design: Design | None = None
    """How people are taken from the population: a `kind` and its settings, as docs/populations.md tells; as the
    population itself says when absent."""
    known_answers: KnownAnswersSource | None = None
    """What real people answered, for `protocol: ivc`: the wave then asks about its questionnaire's statements."""
    assignments: str | None = Field(default=None, min_length=1, pattern=r"^[^\x00]+$")
    """Table of who is asked what (`QUESTION_ID`, `PARTICIPANT_ID`: rows of the population's microdata), relative to
    the wave's own folder; everybody is asked everything when absent."""
    respondents: int = Field(ge=1, le=10_000_000, strict=True)
    """People drawn from the population; each answers once in every cell."""
    sizes: dict[str, Annotated[int, Field(ge=1, le=10_000_000, strict=True)]] = Field(default_factory=dict)
    """Other numbers of respondents by name, such as `small: 5` for a first look."""
    size: str | None = None
    """Which of `sizes` is taken in place of `respondents`."""
    models: tuple[ModelSpec, ...] = Field(min_length=1)
    """The models."""
    conditions: tuple[Condition, ...] = Field(min_length=1)
    """The conditions; every one is crossed with every model."""
    execution: Execution = Execution()
    """Where the work is done."""
    store: str | None = Field(default=None, min_length=1, pattern=r"^[^\x00]+$")
    """Path of the store, relative to the folder the command runs in; ``<name>.sqlite`` when absent."""
    store_prompts: Literal["full", "hash"] = "full"
    """Whether the texts of prompts are kept (each once), or only their hashes."""
    durability: Literal["process", "full"] = "process"
    """Saved answers survive the death of any process, or (``full``) also a power cut."""
    min_valid: float = Field(default=0.5, ge=0, le=1)
    """Share of answers that must be understood for the wave to count as good."""
    salt: str = ""
    """Distinguishes two launches of one wave; part of its id."""

    @field_validator("models", "conditions")
    @classmethod
    def _names_are_unique(cls, items: tuple[Any, ...]) -> tuple[Any, ...]:
        names = [item.name for item in items]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the name {name!r} is used twice; every name is used once")
        return items

    @model_validator(mode="after")
    def _size_is_known(self) -> Self:
        if self.size is not None and self.size not in self.sizes:
            known = f"`sizes` has {', '.join(self.sizes)}" if self.sizes else "the wave has no `sizes`"
            raise ValueError(f"there is no size {self.size!r}; {known}")
        return self

    @property
    def sized(self) -> Self:
        """The wave with as many respondents as its size says."""
        return self if self.size is None else self.model_copy(update={"respondents": self.sizes[self.size]})

    @model_validator(mode="after")
    def _scale_is_sane(self) -> Self:
        if len(self.models) * len(self.conditions) > 10_000:
            raise ValueError("more than 10,000 cells; split the wave")
        return self


@dataclass(frozen=True)
class Cell:
    """One condition of one model: what a respondent belongs to."""

    condition: Condition
    model: ModelSpec
    protocol: ProtocolKind
    settings: Any
    """Validated settings of the protocol."""
    population: Population
    """Whose people are asked."""
    respondents: int
    """How many of them, the first."""
    asked: Perturbed
    """The questionnaire as the condition asks it."""

    @property
    def name(self) -> str:
        """Name in results and seeds."""
        return f"{self.condition.name}/{self.model.name}"


@dataclass(frozen=True)
class LoadedWave:
    """A wave with everything it names, validated: nothing can be wrong with it but what happens while it runs."""

    wave: Wave
    questionnaire: Questionnaire
    population: Population
    reference: ReferenceCounts | None
    cells: tuple[Cell, ...]
    backstories: Backstories | None = None
    assignments: Assignments | None = None
    known: KnownAnswers | None = None
    """What the people of the wave are known to have answered."""

    def __repr__(self) -> str:
        return f"LoadedWave({self.wave.name!r}, {len(self.cells):,} cells, {self.wave.respondents:,} respondents)"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from simulator.notebook import wave_html

        return wave_html(self)

    def asked(self, person: int) -> Questionnaire | None:
        """What a person is asked, by number: the questionnaire or a part of it; ``None`` when nothing is."""
        if self.assignments is None:
            return self.questionnaire
        questions = self.assignments.questions[person]
        return self.parts.of(questions) if questions else None

    def answers_of(self, cell: Cell) -> int:
        """How many answers all interviews of a cell end in."""
        if self.assignments is None:
            return cell.protocol.answers_expected(cell.settings, self.questionnaire) * cell.respondents
        return sum(self.answers_expected(cell, person) for person in range(cell.respondents))

    @cached_property
    def parts(self) -> Parts:
        """The questionnaire and what persons are asked of it."""
        return Parts(self.questionnaire)

    def answers_expected(self, cell: Cell, person: int) -> int:
        """How many answers the interview of a person in a cell ends in."""
        asked = self.asked(person)
        return cell.protocol.answers_expected(cell.settings, asked) if asked is not None else 0

    @property
    def store_path(self) -> Path:
        """Where the answers go."""
        return Path(self.wave.store or f"{self.wave.name}.sqlite")

    @property
    def populations(self) -> dict[str, Population]:
        """Every population whose people are asked, by id; the wave's own comes first."""
        return {self.population.id: self.population} | {cell.population.id: cell.population for cell in self.cells}

    @cached_property
    def content(self) -> dict[str, Any]:
        """Everything that decides the answers, as plain data: what a store must agree with to be continued."""
        return {
            "name": self.wave.name,
            "seed": self.wave.seed,
            "salt": self.wave.salt,
            "respondents": self.wave.respondents,
            "store_prompts": self.wave.store_prompts,
            "models": {model.name: deciding(model) for model in self.wave.models},
            "conditions": {
                cell.condition.name: {
                    "protocol": cell.condition.protocol,
                    "settings": cell.settings.model_dump(mode="json"),
                    **({"population": json.loads(cell.population.as_json())} if cell.condition.population else {}),
                    **({"respondents": cell.respondents} if cell.condition.respondents else {}),
                    **_perturbed(cell.condition),
                }
                for cell in self.cells
            },
            "questionnaire": questionnaire_content(self.questionnaire),
            "population": json.loads(self.population.as_json()),
            "reference": self.reference.reference.model_dump(mode="json") if self.reference else None,
            "reference_counts": self.reference.digest if self.reference else None,
            **({"backstories": self.backstories.wave} if self.backstories else {}),
            **({"assignments": self.assignments.digest} if self.assignments else {}),
            **({"known_answers": self.known.digest} if self.known else {}),
        }

    @property
    def id(self) -> str:
        """BLAKE2 hash of the content, salt included, in hex."""
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def questionnaire_content(questionnaire: Questionnaire) -> dict[str, Any]:
    """What a questionnaire says, as plain data, without what it leaves to defaults: so later versions agree.

    Statements are left out: where they are shown, they are the questions.
    """
    return questionnaire.model_dump(mode="json", exclude_defaults=True, exclude={"statements"})


def _perturbed(condition: Condition) -> dict[str, Any]:
    """What of a condition's perturbations decides answers; nothing when there are none."""
    written = [perturbation.model_dump(mode="json") for perturbation in condition.perturbations]
    return {"perturbations": written} if written else {}


def deciding(model: ModelSpec) -> dict[str, Any]:
    """The model without what decides no answer, such as limits, prices and resources."""
    content = model.model_dump(mode="json", exclude={"resources"})
    free: frozenset[str] = getattr(find_backend(model.backend).settings_model, "free", frozenset())
    return {**content, "settings": {name: value for name, value in content["settings"].items() if name not in free}}
