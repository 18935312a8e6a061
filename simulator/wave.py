"""A wave: who is asked what, by which models, under which conditions. The document that launches everything."""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic import Field, field_validator, model_validator

from demoscope.documents import Document, Loc, build, read_document
from demoscope.errors import DemoscopeError, DocumentError
from personas import Population, load_population
from personas.designs import Design
from simulator.assignment import Assignments, Parts, read_assignments
from simulator.backends.interface import find_backend
from simulator.backstories import Backstories, read_backstories
from simulator.protocols.registry import ProtocolKind, find_protocol
from simulator.rewordings import with_texts
from simulator.variants import check_shown, varied
from surveys import Questionnaire, ReferenceCounts, load_questionnaire, load_reference
from surveys.given import Sort
from surveys.perturbations import Perturbation, Perturbed
from surveys.routing import find_unknown_attributes

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"


class ModelSpec(Document):
    """A model that answers, and the backend that runs it."""

    name: str = Field(pattern=NAME)
    """What the results call it."""
    backend: str
    """``llama_cpp``, ``openai_api``, ``scripted``, or one that a plugin brings."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the backend, such as ``path`` and ``quantization``."""


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
    assignments: str | None = Field(default=None, min_length=1, pattern=r"^[^\x00]+$")
    """Table of who is asked what (`QUESTION_ID`, `PARTICIPANT_ID`: rows of the population's microdata), relative to
    the wave's own folder; everybody is asked everything when absent."""
    respondents: int = Field(ge=1, le=10_000_000, strict=True)
    """People drawn from the population; each answers once in every cell."""
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
            "models": {model.name: _deciding(model) for model in self.wave.models},
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
        }

    @property
    def id(self) -> str:
        """BLAKE2 hash of the content, salt included, in hex."""
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def questionnaire_content(questionnaire: Questionnaire) -> dict[str, Any]:
    """What a questionnaire says, as plain data, without what it leaves to defaults: so later versions agree."""
    return questionnaire.model_dump(mode="json", exclude_defaults=True)


def load_wave(path: Path) -> LoadedWave:
    """Read a wave and everything it names.

    Raises
    ------
    DocumentError
        If anything in it is missing, unknown or impossible; the message names the file and the line.
    """
    content, lines = read_document(path)
    wave = build(Wave, content, str(path), lines)
    beside = path.parent
    questionnaire = load_questionnaire(wave.questionnaire, beside)
    population = _under_design(wave, load_population(wave.population, beside), path, lines)
    _check_attributes(questionnaire, population, f"{path}:{lines['questionnaire',]}: questionnaire")
    reference = load_reference(wave.reference, beside) if wave.reference else None
    if reference:
        _check_reference(reference, questionnaire, population, f"{path}:{lines['reference',]}: reference")
    places = _Places(path, lines)
    models = [_checked_model(model, places.at("models", n), path) for n, model in enumerate(wave.models)]
    conditions = [
        _checked_condition(condition, wave, models[0], places.at("conditions", n), population, questionnaire)
        for n, condition in enumerate(wave.conditions)
    ]
    cells = tuple(replace(cell, model=model) for model in models for cell in conditions)
    _populations_are_different(cells, population, str(path))
    backstories = _backstories(wave, cells, str(path))
    assignments = None
    if wave.assignments is not None:
        others = [cell.condition.name for cell in cells if cell.population.id != population.id]
        if others:
            raise DocumentError(
                f"{path}:{lines['assignments',]}: assignments: they are about people of {population.id!r}, and the "
                f"condition {others[0]!r} asks others; give that one a wave of its own."
            )
        rows = population.columns(0, wave.respondents, wave.seed).rows
        try:
            assignments = read_assignments(beside / wave.assignments, questionnaire, population.id, rows)
        except DocumentError as error:
            raise DocumentError(f"{path}:{lines['assignments',]}: assignments: {error}") from None
    return LoadedWave(wave, questionnaire, population, reference, cells, backstories, assignments)


def _backstories(wave: Wave, cells: tuple[Cell, ...], where: str) -> Backstories | None:
    """The stories that the wave's conditions tell; read once, before anything is asked."""
    tellers = [cell for cell in cells if getattr(cell.settings, "backstory", False)]
    telling = next(iter(tellers), None)
    others = [cell.condition.name for cell in tellers if cell.condition.population is not None]
    if others:
        raise DocumentError(
            f"{where}: condition {others[0]!r} tells stories of lives to people of another population, and the "
            "wave's `backstories` are of its own people; leave `backstory` or `population` out there."
        )
    if telling is not None and wave.backstories is None:
        raise DocumentError(
            f"{where}: condition {telling.condition.name!r} tells stories of lives, and the wave names none; add "
            "`backstories: STORE`, the store of a wave with `protocol: backstory`."
        )
    return read_backstories(Path(wave.backstories)) if wave.backstories else None


def _under_design(wave: Wave, population: Population, path: Path, lines: dict[Loc, int]) -> Population:
    """The population under the wave's design, for as many people as the wave asks."""
    key = "design" if wave.design is not None else "respondents"
    try:
        return (population.under(wave.design) if wave.design is not None else population).sized(wave.respondents)
    except DocumentError as error:
        raise DocumentError(f"{path}:{lines[key,]}: {key}: {error}") from None


def _populations_are_different(cells: tuple[Cell, ...], own: Population, where: str) -> None:
    """Refuse two populations of one id, whose people could not be told apart."""
    known = {own.id: own}
    for cell in cells:
        if known.setdefault(cell.population.id, cell.population).as_json() != cell.population.as_json():
            raise DocumentError(
                f"{where}: the condition {cell.condition.name!r} asks another population that is also called "
                f"{cell.population.id!r}; give it an id of its own."
            )


class _Place(NamedTuple):
    """Where in the wave's file one model or condition stands."""

    where: str
    """File and line."""
    path: str
    settings: dict[Loc, int]
    """Lines of its settings."""


class _Places:
    """Finds the lines of models and conditions in the wave's file."""

    def __init__(self, path: Path, lines: dict[Loc, int]) -> None:
        self._path = path
        self._lines = lines

    def at(self, key: str, position: int) -> _Place:
        """Place of the model or condition at this position, from 0."""
        loc = (key, position, "settings")
        inner = {found[3:]: line for found, line in self._lines.items() if found[:3] == loc}
        return _Place(f"{self._path}:{self._lines[key, position]}", str(self._path), inner)


def _checked_condition(
    condition: Condition,
    wave: Wave,
    model: ModelSpec,
    place: _Place,
    own: Population,
    questionnaire: Questionnaire,
) -> Cell:
    """The cell of a condition and a model: protocol, settings, whose people are asked, and the questions as asked."""
    try:
        protocol = find_protocol(condition.protocol)
    except DemoscopeError as error:
        raise DocumentError(f"{place.where}: {error}") from None
    where, beside = f"{place.where}: condition {condition.name!r}", Path(place.path).parent
    settings = build(protocol.settings_model, condition.settings, place.path, place.settings)
    respondents = condition.respondents or wave.respondents
    population = _whose(condition, own, respondents, beside, where)
    if condition.population is not None:
        _check_attributes(questionnaire, population, where)
    protocol.check(settings, population, where)
    try:
        questionnaire.spoken_in(protocol.describe(settings, population).language)
    except ValueError as error:
        raise DocumentError(f"{where}: {error}; complete the translation, or ask in another language.") from None
    perturbations = tuple(with_texts(one, beside) for one in condition.perturbations)  # paraphrases are read now
    asked = varied(questionnaire, perturbations, settings, wave.seed, where)
    check_shown(asked.questionnaire, settings, where)
    whole = condition.model_copy(update={"perturbations": perturbations})
    return Cell(whole, model, protocol, settings, population, respondents, asked)


def _whose(condition: Condition, own: Population, n: int, beside: Path, where: str) -> Population:
    """Whose people are asked under a condition: those of the wave's population, or ``n`` of another."""
    if condition.population is not None:
        try:
            return load_population(condition.population, beside).sized(n)
        except DocumentError as error:
            raise DocumentError(f"{where}: population: {error}") from None
    if own.size is not None and n > own.size:
        raise DocumentError(
            f"{where}: it asks {n:,} people, and {own.id!r} has {own.size:,} under its design; ask for fewer."
        )
    return own


def _perturbed(condition: Condition) -> dict[str, Any]:
    """What of a condition's perturbations decides answers; nothing when there are none."""
    written = [perturbation.model_dump(mode="json") for perturbation in condition.perturbations]
    return {"perturbations": written} if written else {}


def _checked_model(model: ModelSpec, place: _Place, path: Path) -> ModelSpec:
    """The model with its settings validated and completed; relative paths start at the wave's folder."""
    try:
        kind = find_backend(model.backend)
    except DemoscopeError as error:
        raise DocumentError(f"{place.where}: {error}") from None
    written = build(kind.settings_model, model.settings, place.path, place.settings).model_dump(mode="json")
    if isinstance(written.get("path"), str) and written["path"] != "embedded":
        try:
            written["path"] = str((path.parent / Path(written["path"]).expanduser()).resolve())
        except (OSError, RuntimeError, ValueError) as error:
            raise DocumentError(f"{place.where}: the path {written['path']!r} cannot be used ({error}).") from None
    return model.model_copy(update={"settings": written})


def _deciding(model: ModelSpec) -> dict[str, Any]:
    """The model without those settings that decide no answer, such as limits and prices."""
    content = model.model_dump(mode="json")
    free: frozenset[str] = getattr(find_backend(model.backend).settings_model, "free", frozenset())
    return {**content, "settings": {name: value for name, value in content["settings"].items() if name not in free}}


def _check_attributes(questionnaire: Questionnaire, population: Population, where: str) -> None:
    """Refuse a questionnaire that wants to know of people what the population cannot tell."""
    sorts: dict[str, Sort] = {
        name: "number" if attribute.kind == "numeric" else "text" for name, attribute in population.attributes.items()
    }
    levels = {name: tuple(attribute.levels) for name, attribute in population.attributes.items() if attribute.levels}
    problems = list(find_unknown_attributes(questionnaire.layout, questionnaire.arms, sorts, levels))
    if problems:
        raise DocumentError("\n".join(f"{where}: {problem}." for problem in problems[:8]))


def _check_reference(
    reference: ReferenceCounts, questionnaire: Questionnaire, population: Population, where: str
) -> None:
    document = reference.reference
    if document.questionnaire != questionnaire.id:
        raise DocumentError(
            f"{where}: {document.id!r} belongs to the questionnaire {document.questionnaire!r}, not to "
            f"{questionnaire.id!r}; name another reference or leave it out."
        )
    for name, group in document.groups.items():
        if group.attribute not in population.attributes:
            raise DocumentError(
                f"{where}: {document.id!r} groups by {group.attribute!r} ({name}), an attribute that nobody in "
                f"{population.id!r} has; its attributes are {', '.join(sorted(population.attributes))}."
            )
    for count in reference.counts:
        try:
            question = questionnaire[count.question]
        except KeyError:
            raise DocumentError(
                f"{where}: {document.id!r} has counts for {count.question!r}, a question that "
                f"{questionnaire.id!r} does not have."
            ) from None
        if count.code is not None and question.option(count.code) is None:
            codes = [option.code for option in question.choices]
            raise DocumentError(
                f"{where}: {document.id!r} counts code {count.code} for {count.question!r}, whose codes are {codes}."
            )
