"""Reads a wave and everything that it names; what is wrong with it is told by file and line."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from demoscope.documents import Loc, build, read_document
from demoscope.errors import DemoscopeError, DocumentError
from personas import Population, load_population
from simulator.assignment import read_assignments
from simulator.backends.interface import find_backend
from simulator.backstories import Backstories, read_backstories
from simulator.crossing import crossed
from simulator.known_answers import read_people
from simulator.protocols.registry import find_protocol
from simulator.rewordings import with_texts
from simulator.scenes import scenes_of, with_scenes
from simulator.variants import check_shown, varied
from simulator.wave import Cell, Condition, LoadedWave, ModelSpec, Wave
from simulator.wave_checks import check_attributes, check_known, check_names, check_populations, check_reference
from surveys import Questionnaire, load_questionnaire, load_reference
from surveys.statements import KnownAnswers


def load_wave(wave: str | Path | Mapping[str, Any], **changes: Any) -> LoadedWave:
    """Read a wave and everything it names.

    Parameters
    ----------
    wave : str, Path or mapping
        The YAML file, or what would stand in one; the paths of a mapping start at the working folder.
    **changes
        Keys of the wave with other values than there, such as ``respondents=50``.

    Raises
    ------
    DocumentError
        If anything in it is missing, unknown or impossible; the message names the file and the line, and line 1 for
        what stands in no file.

    Examples
    --------
    >>> tiny = {"name": "tiny", "seed": 1, "questionnaire": "gss_spending", "population": "us_adults_2018"}
    >>> tiny |= {"models": [{"name": "anyone", "backend": "scripted"}], "conditions": [{"name": "def"}]}
    >>> load_wave(tiny, respondents=3).cells[0].respondents
    3
    """
    if isinstance(wave, Mapping):
        return load_content({**wave, **changes}, Unwritten(), Path("wave"))
    content, lines = read_document(Path(wave))
    if changes:
        lines = Unwritten({loc: line for loc, line in lines.items() if not loc or loc[0] not in changes})
    return load_content({**content, **changes}, lines, Path(wave))


class Unwritten(dict[Loc, int]):
    """Lines of a document of which some parts stand in no file; those are said to stand on line 1."""

    def __missing__(self, _: Loc) -> int:
        return 1


def load_content(content: dict[str, Any], lines: dict[Loc, int], path: Path) -> LoadedWave:
    """Everything that a wave's content names; messages say that it stands in ``path``, on these lines."""
    wave = build(Wave, content, str(path), lines).sized
    beside = path.parent
    questionnaire, known = _with_known_answers(wave, load_questionnaire(wave.questionnaire, beside), path, lines)
    population = _under_design(wave, load_population(wave.population, beside), path, lines)
    check_attributes(questionnaire, population, f"{path}:{lines['questionnaire',]}: questionnaire")
    reference = load_reference(wave.reference, beside, questionnaire) if wave.reference else None
    if reference:
        check_reference(reference, questionnaire, population, f"{path}:{lines['reference',]}: reference")
    places = _Places(path, lines)
    found = [(model, places.at("models", n)) for n, model in enumerate(wave.models)]
    models = [checked_model(model, place.where, path, place.settings) for model, place in found]
    conditions = [
        _checked_condition(condition, wave, models[0], places.at("conditions", n), population, questionnaire)
        for n, written in enumerate(wave.conditions)
        for condition in _crossed(written, places.at("conditions", n))
    ]
    check_names([cell.condition.name for cell in conditions], len(models), str(path))
    cells = tuple(replace(cell, model=model) for model in models for cell in conditions)
    check_populations(cells, population, str(path))
    scenes_of(cells, str(path))
    backstories = _backstories(wave, cells, str(path))
    if known is not None:
        check_known(known, wave, cells, f"{path}:{lines['known_answers',]}: known_answers")
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
    return LoadedWave(wave, questionnaire, population, reference, cells, backstories, assignments, known)


def _with_known_answers(
    wave: Wave, questionnaire: Questionnaire, path: Path, lines: dict[Loc, int]
) -> tuple[Questionnaire, KnownAnswers | None]:
    """The questionnaire, as statements when real people's answers are known."""
    if wave.known_answers is None:
        return questionnaire, None
    try:
        return read_people(wave.known_answers, questionnaire, path.parent)
    except DocumentError as error:
        raise DocumentError(f"{path}:{lines['known_answers',]}: known_answers: {error}") from None


def _crossed(condition: Condition, place: "_Place") -> tuple[Condition, ...]:
    try:
        return crossed(condition)
    except ValueError as error:
        raise DocumentError(f"{place.where}: condition {condition.name!r}: {error}.") from None


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
        inner.setdefault((), self._lines[key, position])  # what is missing is missing there
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
    condition = with_scenes(condition, questionnaire, beside, where)
    settings = build(protocol.settings_model, condition.settings, place.path, place.settings)
    respondents = condition.respondents or wave.respondents
    population = _whose(condition, own, respondents, beside, where)
    if condition.population is not None:
        check_attributes(questionnaire, population, where)
    protocol.check(settings, population, where)
    try:
        questionnaire.spoken_in(protocol.describe(settings, population).language)
    except ValueError as error:
        raise DocumentError(f"{where}: {error}; complete the translation, or ask in another language.") from None
    perturbations = tuple(with_texts(one, beside) for one in condition.perturbations)  # paraphrases are read now
    asked = varied(questionnaire, perturbations, settings, wave.seed, where)
    try:
        protocol.answers_expected(settings, asked.questionnaire)
    except DocumentError as error:
        raise DocumentError(f"{where}: {error}") from None
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


def checked_model(model: ModelSpec, where: str, path: Path, lines: dict[Loc, int]) -> ModelSpec:
    """The model with its settings validated and completed; relative paths start at the folder of its document.

    Parameters
    ----------
    where : str
        File and line of the model, for messages.
    path : Path
        The document.
    lines : dict
        Lines of its settings.
    """
    try:
        kind = find_backend(model.backend)
    except DemoscopeError as error:
        raise DocumentError(f"{where}: {error}") from None
    written = build(kind.settings_model, model.settings, str(path), lines).model_dump(mode="json")
    if isinstance(written.get("path"), str) and written["path"] != "embedded":
        try:
            written["path"] = str((path.parent / Path(written["path"]).expanduser()).resolve())
        except (OSError, RuntimeError, ValueError) as error:
            raise DocumentError(f"{where}: the path {written['path']!r} cannot be used ({error}).") from None
    return model.model_copy(update={"settings": written})
