"""The baselines on the rows of a model: on whole questions, and within the levels of every grouping.

Everybody counts once a question, however often the model answered for them.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.worldvaluesbench import baselines
from analysis.worldvaluesbench.distances import Floats, Ints
from analysis.worldvaluesbench.findings import LevelFinding, QuestionFinding, SystemFinding
from analysis.worldvaluesbench.intervals import limits
from analysis.worldvaluesbench.level_baselines import (
    majority_within,
    same_size_within,
    split_half_within,
    uniform_within,
)
from analysis.worldvaluesbench.people import HumanAnswers, Humans
from analysis.worldvaluesbench.rules import Rules
from analysis.worldvaluesbench.subgroups import places_of
from analysis.worldvaluesbench.systems import MOST_LEVELS, NOBODY, System, finding_of, level_of, number
from demoscope import seeds
from surveys.formats.wvs.wave7 import SCALES, Scale

LEVEL_DRAWS = 100
"""Draws of the baselines of people within levels, at most: only their means are told."""

PEOPLE = ("split_half", "same_size")
"""Baselines that people are drawn for; each has draws of its own for every question, whatever else is drawn."""


class Baselines(NamedTuple):
    """What there is to compare models with."""

    findings: list[SystemFinding]
    levels: list[LevelFinding]


class _Level(NamedTuple):
    """One baseline within the levels of a grouping, on one question."""

    distances: Floats
    people: Ints


_Within = dict[str, dict[str, _Level]]
"""Grouping -> baseline -> levels."""


def baselines_of(system: System, humans: Humans, rules: Rules) -> Baselines:
    """Uniform, majority, split_half and same_size on the rows of a system.

    With the aggregate ``group_mean`` they are means over the same groups as the distances of the system, without
    ``split_half``, since groups of one person have no halves.
    """
    found: dict[str, list[QuestionFinding]] = {}
    drawn: dict[str, list[Floats]] = {}
    within: list[_Within] = []
    everybody = NOBODY
    if system.demographics is not None and isinstance(humans, HumanAnswers):
        everybody = places_of(humans.people, system.demographics.people)
    for question, human in system.people.items():
        scale = SCALES[question]
        known = np.empty(0, np.int64)
        if isinstance(humans, HumanAnswers):
            rows = system.first[question]
            human = human[rows]
            known = humans.answers.get(question, known).astype(np.int64)
            if system.subgroups is not None:
                places = system.in_groups[system.rows[question][rows]]
                within.append(_within(system, question, (human, places), (known, everybody), rules))
        inside = _on_scale(human, scale)
        if rules.aggregate == "group_mean":
            values: Mapping[str, float | Floats] = _group_means(system, question, within[-1])
        else:
            values = _whole(question, inside, _on_scale(known, scale) if len(known) else inside, rules)
        for name, value in values.items():
            draws = np.empty(0) if isinstance(value, float) else value
            middle = value if isinstance(value, float) else float(value.mean())
            if draws.size:
                drawn.setdefault(name, []).append(draws)
            found.setdefault(name, []).append(
                QuestionFinding(
                    question=question,
                    category=scale.category,
                    rows=len(system.rows[question]),
                    scores=0,
                    out_of_range=0,
                    people=len(inside),
                    distance=number(middle),
                    interval=limits(draws, middle),
                )
            )
    findings = [finding_of(name, questions, drawn.get(name, []), 0, 0) for name, questions in found.items()]
    return Baselines(findings, _levels(system, within))


def _whole(question: str, inside: Ints, everybody: Ints, rules: Rules) -> dict[str, float | Floats]:
    """The baselines of one question."""
    scale = SCALES[question]
    counts = np.bincount(inside - scale.minimum, minlength=scale.levels)
    values: dict[str, float | Floats] = {
        "uniform": baselines.uniform(counts, scale),
        "majority": baselines.majority(inside, scale, rules.tie),
    }
    if rules.draws and len(inside) > 1:
        halves, samples = (seeds.generator(rules.seed, "wvb people", question, of) for of in PEOPLE)
        population = np.bincount(everybody - scale.minimum, minlength=scale.levels)
        values["split_half"] = baselines.split_half(counts, scale, halves, rules.draws)
        values["same_size"] = baselines.same_size_sample(population, counts, scale, samples, rules.draws)
    return values


def _within(
    system: System,
    question: str,
    asked: tuple[Ints, NDArray[np.integer]],
    known: tuple[Ints, NDArray[np.integer]],
    rules: Rules,
) -> _Within:
    """The baselines of one question in all levels, from answers and places in groupings: of rows, of everybody."""
    scale, subgroups = SCALES[question], system.subgroups
    found: _Within = {}
    if subgroups is None:
        return found
    (human, places), draws = asked, min(rules.draws, LEVEL_DRAWS)
    repeated = len(human) < len(system.rows[question])
    groups = subgroups.of(human, human, scale, places) if repeated else system.groups[question]
    last = len(subgroups.groupings) - 1
    for place, grouping in enumerate(subgroups.groupings):
        counts = groups[grouping.name].counts
        values = {
            "uniform": uniform_within(counts, scale),
            "majority": majority_within(counts, scale, rules.tie, human, subgroups.levels(place, places)),
        }
        wanted = len(grouping.levels) <= MOST_LEVELS or (rules.aggregate == "group_mean" and place == last)
        if draws and wanted:
            halves, samples = (
                seeds.generator(rules.seed, "wvb people", question, of, grouping.name) for of in PEOPLE
            )
            level = subgroups.levels(place, known[1]).astype(np.intp)
            there = (known[0] >= scale.minimum) & (known[0] <= scale.maximum) & (level < len(counts))
            cells = level[there] * scale.levels + known[0][there] - scale.minimum
            population = np.bincount(cells, minlength=counts.size).reshape(counts.shape)
            values["split_half"] = split_half_within(counts, scale, halves, draws).mean(axis=0)
            values["same_size"] = same_size_within(population, counts, scale, samples, draws).mean(axis=0)
        people = counts.sum(axis=1)
        found[grouping.name] = {name: _Level(value, people) for name, value in values.items()}
    return found


def _group_means(system: System, question: str, within: _Within) -> dict[str, float]:
    """Means over the groups in which the system has a distance."""
    grouping = list(within)[-1]
    cells = np.isfinite(system.groups[question][grouping].distances)
    return {
        name: float(one.distances[cells].mean()) if cells.any() else float("nan")
        for name, one in within[grouping].items()
        if name != "split_half"
    }


def _levels(system: System, within: list[_Within]) -> list[LevelFinding]:
    """Means over questions within every level."""
    found = []
    for grouping in system.subgroups.groupings if system.subgroups and within else ():
        for name in within[0][grouping.name]:
            distances = np.stack([one[grouping.name][name].distances for one in within])
            people = np.sum([one[grouping.name][name].people for one in within], axis=0)
            for place, level in enumerate(grouping.levels):
                counts = {"scores": 0, "people": int(people[place])}
                found.append(level_of(grouping.name, level, name, counts, distances[:, place], np.empty(0)))
    return found


def _on_scale(answers: Ints, scale: Scale) -> Ints:
    return answers[(answers >= scale.minimum) & (answers <= scale.maximum)]
