"""From files to an evaluation: stores of waves, or people alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from analysis.individual.baselines import BaselineRules, Compared, Name, Sweep, compare
from analysis.individual.dimensions import PUBLISHED, Grouping
from analysis.individual.evaluated import Evaluated
from analysis.individual.evaluation import evaluate
from analysis.individual.findings import Evaluation, Rules
from analysis.individual.heldout import draw_people, targets
from analysis.individual.people import read_people
from analysis.individual.predictions import IN_ORDER, Condition, Ints, Predictions
from analysis.individual.stores import Asked, read_store
from demoscope.documents import Document
from surveys.statements import KnownAnswers, balanced_people, probe_setups, valid_demographics
from surveys.statements.published import DemographicQuestion
from surveys.statements.wvs import CONTINENT, RELIGION


class HeldOut(Document):
    """Who and what is held out when baselines are evaluated by themselves."""

    form: Literal["polar", "refined", "both"] = "both"
    people: int = Field(800, ge=2)
    demonstrations: int | None = Field(None, ge=0)
    """Answers told of each person; all that are known and no targets of the setup when absent."""
    per_category: int = Field(3, ge=1)
    """Targets of a category in each setup, by the published rule."""
    setups: int = Field(3, ge=1)
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Made:
    """An evaluation with what its figures are drawn from."""

    evaluation: Evaluation
    everybody: tuple[Evaluated, ...]
    grouping: Grouping | None
    known: KnownAnswers | None
    """Everybody whose answers are known, where they were named."""


def evaluate_stores(
    stores: Sequence[Path],
    reference: Path | None,
    by: Sequence[str],
    names: Sequence[Name],
    rules: Rules,
    baseline_rules: BaselineRules,
) -> Made:
    """Evaluate the models of stores; with a reference, baselines on the same targets too.

    Raises
    ------
    DocumentError, StoreError
        If a file cannot be used as it is.
    """
    known = read_people(reference).known if reference is not None else None
    held = [(path, read_store(path, told=known is not None)) for path in stores]
    systems = [one for path, asked in held for one in _apart(asked, path, held)]
    grouping = Grouping(
        {person: attributes for _, asked in held for person, attributes in asked.attributes.items()},
        {name: bands for _, asked in held for name, bands in asked.bands.items()},
        by,
    )
    compared: list[tuple[Predictions, Compared]] = []
    if known is not None:
        asked_about = {person for one in systems for person in one.people}
        others = np.array([place for place, one in enumerate(known.people) if one not in asked_about], np.int64)
        compared = [(one, compare(one, known, names, baseline_rules, others)) for one in _distinct(systems)]
    return _made(systems, compared, rules, grouping, known)


def evaluate_baselines(
    path: Path,
    design: HeldOut,
    by: Sequence[str],
    names: Sequence[Name],
    rules: Rules,
    baseline_rules: BaselineRules,
) -> Made:
    """Evaluate baselines on people who are held out; those of the World Values Survey by the published rule.

    Raises
    ------
    DocumentError
        If a file cannot be used as it is, or too few people answered all targets.
    """
    known, demographics, _ = read_people(path, by)
    setups = probe_setups(known.sets.categories, design.per_category, design.setups)
    questions = tuple(dict.fromkeys(question for setup in setups.values() for question in setup))
    people = _held_out(known, demographics, questions, design)
    forms = IN_ORDER if design.form == "both" else (design.form,)
    compared = [
        (asked, compare(asked, known, names, baseline_rules))
        for form in forms
        for asked in [targets(known, people, setups, form, None, design.demonstrations, design.seed)]
    ]
    return _made([], compared, rules, _grouping(known, people, by), known)


def _held_out(
    known: KnownAnswers, demographics: Sequence[DemographicQuestion], questions: Sequence[str], design: HeldOut
) -> Ints:
    if not demographics:
        return draw_people(known, questions, design.people, design.seed)
    return balanced_people(
        known,
        questions,
        continents=known.attributes[CONTINENT],
        religions=known.attributes[RELIGION],
        demographics=valid_demographics(known, demographics),
        seed=design.seed,
        size=design.people,
    )


def _grouping(known: KnownAnswers, people: Ints, by: Sequence[str]) -> Grouping | None:
    """People by columns of their file: those that are named, or the 16 published ones of the survey's own file."""
    columns = {
        name: np.array(column.texts, dtype=object)[column.positions[people]]
        for name, column in known.attributes.items()
        if name in by or (not by and name in PUBLISHED)
    }
    if not columns and not by:
        return None
    return Grouping(
        {
            known.people[person]: {name: _level(str(values[row])) for name, values in columns.items()}
            for row, person in enumerate(people.tolist())
        },
        by=by,
    )


def _level(text: str) -> str | None:
    """A level of a column; ``None`` for nothing and for the survey's negative codes, which are no answers."""
    return None if not text or (text.startswith("-") and text[1:].isdigit()) else text


def _made(
    systems: Sequence[Predictions],
    compared: Sequence[tuple[Predictions, Compared]],
    rules: Rules,
    grouping: Grouping | None,
    known: KnownAnswers | None,
) -> Made:
    baselines = [one for _, found in compared for one in found.predictions]
    sweeps: list[tuple[Condition, Sweep, tuple[str, ...]]] = [
        (asked.condition.model_copy(update={"demographics": False}), found.sweep, asked.setups)
        for asked, found in compared
        if found.sweep is not None
    ]
    evaluation = evaluate(systems, baselines, rules, grouping, sweeps)
    everybody = [Evaluated(one, rules, True) for one in baselines] + [Evaluated(one, rules, False) for one in systems]
    return Made(evaluation, tuple(everybody), grouping, known)


def _distinct(systems: Sequence[Predictions]) -> list[Predictions]:
    """One system of each condition that gives baselines the same to go by, whatever its model or demographics."""
    found: dict[Condition, Predictions] = {}
    for one in systems:
        given = one.condition.model_copy(update={"model": "", "demographics": False})
        found.setdefault(given, one)
    return list(found.values())


def _apart(asked: Asked, path: Path, held: Sequence[tuple[Path, Asked]]) -> list[Predictions]:
    """Systems of a store, its name added where another store has one of the same name."""
    elsewhere = {one.condition for other, found in held if other != path for one in found.systems}
    return [
        one
        if one.condition not in elsewhere
        else one.by(f"{one.condition.model} ({path.stem})", one.given, unanswered=one.unanswered, notes=one.notes)
        for one in asked.systems
    ]
