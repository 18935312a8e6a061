"""The evaluation of WorldValuesBench: any models, any rows of questions and persons, against people."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from analysis.worldvaluesbench import baselines
from analysis.worldvaluesbench.distances import MISSING, Floats, Ints, OutOfRange, of_answers, whole
from analysis.worldvaluesbench.findings import (
    Crossed,
    Evaluation,
    Gain,
    Interval,
    LevelFinding,
    QuestionFinding,
    SystemFinding,
)
from analysis.worldvaluesbench.intervals import resampled
from analysis.worldvaluesbench.people import HumanAnswers, HumanCounts, Humans
from analysis.worldvaluesbench.scores import Scores
from analysis.worldvaluesbench.subgroups import Demographics, GroupDistances, Subgroups, crossed, places_of
from analysis.worldvaluesbench.thresholds import PUBLISHED, met
from analysis.yardsticks import DRAWS, interval
from demoscope import seeds
from demoscope.documents import Document
from demoscope.errors import DocumentError
from surveys.formats.wvs.wave7 import SCALES

TOLD = ("_with_demographics", "_dem")
"""Ends of the name of a model that was told attributes, beside one of the same name without them."""


class Rules(Document):
    """What the evaluation leaves open; the defaults are what the published table was made with."""

    out_of_range: OutOfRange = "keep"
    """What becomes of scores outside a question's scale."""
    tie: baselines.Tie = "first"
    """Which of several most frequent answers the baseline ``majority`` gives."""
    aggregate: Literal["pooled", "group_mean"] = "pooled"
    """Distance of a question: of all its rows together, or the mean of those within all combinations of groups."""
    draws: int = Field(default=DRAWS, ge=0, le=100_000)
    """Resamples for intervals, and draws of the baselines of people; none when 0."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Seed of these draws."""


AS_PUBLISHED = Rules()
"""The rules of the published table."""


def evaluate(
    systems: Sequence[Scores], humans: Humans, rules: Rules = AS_PUBLISHED, demographics: Demographics | None = None
) -> Evaluation:
    """Distances of models and baselines from people, question by question, with what surrounds them.

    Parameters
    ----------
    systems : sequence of Scores
        What the models answered; names differ.
    humans : HumanAnswers or HumanCounts
        The people. Counts serve for whole questions only.
    demographics : Demographics, optional
        Groupings to break the results down by.

    Raises
    ------
    DocumentError
        If two systems have one name, groups are wanted of counts, or a file and the reference share nothing.
    """
    names = [system.name for system in systems]
    for name in names:
        if names.count(name) > 1:
            raise DocumentError(f"Two files are called {name!r}; give one of them another name.")
    if demographics is not None and isinstance(humans, HumanCounts):
        raise DocumentError(
            f"{humans.name} says how many people gave each answer, not who they are, so nothing can be broken down; "
            "name a reference with people, such as a folder of `demoscope wvb prepare`."
        )
    if rules.aggregate == "group_mean" and (demographics is None or not demographics.groupings):
        raise DocumentError("The aggregate group_mean averages over groups; say which, such as `--by continent`.")
    found = [_System(system, humans, rules, demographics) for system in systems]
    return Evaluation(
        reference=humans.name,
        out_of_range=rules.out_of_range,
        tie=rules.tie,
        aggregate=rules.aggregate,
        seed=rules.seed,
        draws=rules.draws,
        baselines=tuple(_baselines(found[0], humans, rules)) if found else (),
        systems=tuple(one.finding for one in found),
        gains=tuple(_gains([one.finding for one in found])),
        levels=tuple(level for one in found for level in one.levels),
        notes=tuple(_notes(found, humans)),
    )


class _System:
    """One model against people: its questions one after the other."""

    def __init__(self, scores: Scores, humans: Humans, rules: Rules, demographics: Demographics | None) -> None:
        self.scores = scores
        self.rows = scores.rows()
        paired = not isinstance(humans, HumanCounts)
        places = (
            places_of(scores.people, humans.people) if isinstance(humans, HumanAnswers) else np.empty(0, np.int32)
        )
        strangers = int((places < 0).sum())
        if strangers == len(scores):
            raise DocumentError(
                f"{scores.name}: {humans.name} knows none of its persons; identifiers are those of the "
                "survey's column D_INTERVIEW."
            )
        self._groups: dict[str, Mapping[str, GroupDistances]] = {}
        self._subgroups = _subgroups(demographics, rules)
        in_groups = places_of(scores.people, demographics.people) if demographics else places
        self.people: dict[str, Ints] = {}
        questions, drawn = [], []
        for question, rows in self.rows.items():
            model, outside = whole(scores.values[rows], SCALES[question], rules.out_of_range)
            human = humans.of(question, places[rows]) if isinstance(humans, HumanAnswers) else humans.of(question)
            self.people[question], scale = human, SCALES[question]
            if self._subgroups is not None:
                self._groups[question] = self._subgroups.of(model, human, scale, in_groups[rows])
            value = of_answers(model, human, scale)
            if rules.aggregate == "group_mean":
                value = list(self._groups[question].values())[-1].mean
            draws = np.empty(0)
            if rules.draws and np.isfinite(value) and rules.aggregate == "pooled":
                rng = seeds.generator(rules.seed, "wvb interval", scores.name, question)
                draws = resampled(model, human, scale, rng, paired=paired, draws=rules.draws)
                drawn.append(draws)
            questions.append(
                QuestionFinding(
                    question=question,
                    category=scale.category,
                    rows=len(rows),
                    scores=int((model != MISSING).sum()),
                    out_of_range=outside,
                    people=int((human != MISSING).sum()),
                    distance=_number(value),
                    interval=_interval(draws, value),
                )
            )
        self.finding = _finding(scores.name, questions, drawn, len(scores), strangers)
        if not any(one.distance is not None for one in questions):
            raise DocumentError(
                f"{scores.name}: {humans.name} has no human answers for its questions; nothing can be compared."
            )

    @property
    def levels(self) -> list[LevelFinding]:
        """Means over questions within every level."""
        found = []
        first = next(iter(self._groups.values()), {})
        names = {one.name: one.levels for one in self._subgroups.groupings} if self._subgroups else {}
        for grouping in first:
            distances = np.stack([groups[grouping].distances for groups in self._groups.values()])
            model = np.sum([groups[grouping].model for groups in self._groups.values()], axis=0)
            human = np.sum([groups[grouping].human for groups in self._groups.values()], axis=0)
            for place, level in enumerate(names[grouping]):
                known = distances[:, place][np.isfinite(distances[:, place])]
                found.append(
                    LevelFinding(
                        grouping=grouping,
                        level=level,
                        system=self.scores.name,
                        questions=len(known),
                        scores=int(model[place]),
                        people=int(human[place]),
                        mean=float(known.mean()) if known.size else None,
                        std=float(known.std()) if known.size else None,
                    )
                )
        return found


def _subgroups(demographics: Demographics | None, rules: Rules) -> Subgroups | None:
    """The groupings, with all their combinations last where means over these are wanted."""
    if demographics is None or not demographics.groupings:
        return None
    if rules.aggregate == "group_mean":
        return Subgroups((*demographics.groupings, crossed(demographics.groupings)))
    return Subgroups(demographics.groupings)


def _baselines(system: _System, humans: Humans, rules: Rules) -> list[SystemFinding]:
    """The baselines on the rows of a system."""
    found: dict[str, list[QuestionFinding]] = {}
    drawn: dict[str, list[Floats]] = {}
    for question, human in system.people.items():
        scale = SCALES[question]
        inside = human[(human >= scale.minimum) & (human <= scale.maximum)]
        counts = np.bincount(inside - scale.minimum, minlength=scale.levels)
        everybody = counts
        if not isinstance(humans, HumanCounts):
            known = humans.answers.get(question, np.empty(0, np.int16)).astype(np.int64)
            known = known[(known >= scale.minimum) & (known <= scale.maximum)]
            everybody = np.bincount(known - scale.minimum, minlength=scale.levels)
        values: dict[str, float | Floats] = {
            "uniform": baselines.uniform(counts, scale),
            "majority": baselines.majority(inside, scale, rules.tie),
        }
        if rules.draws and len(inside) > 1:
            rng = seeds.generator(rules.seed, "wvb people", question)
            values["split_half"] = baselines.split_half(counts, scale, rng, rules.draws)
            values["same_size"] = baselines.same_size_sample(everybody, counts, scale, rng, rules.draws)
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
                    distance=_number(middle),
                    interval=_interval(draws, middle),
                )
            )
    return [_finding(name, questions, drawn.get(name, []), 0, 0) for name, questions in found.items()]


def _finding(
    name: str, questions: list[QuestionFinding], drawn: list[Floats], rows: int, strangers: int
) -> SystemFinding:
    values = np.array([one.distance for one in questions if one.distance is not None])
    return SystemFinding(
        name=name,
        rows=rows,
        scores=sum(one.scores for one in questions),
        out_of_range=sum(one.out_of_range for one in questions),
        strangers=strangers,
        questions=tuple(questions),
        mean=float(values.mean()) if values.size else None,
        std=float(values.std()) if values.size else None,
        interval=_interval(np.mean(drawn, axis=0), float(values.mean())) if drawn else None,
        thresholds=tuple(
            Crossed(threshold=threshold, questions=int(count), share=float(count / max(values.size, 1)))
            for threshold, count in zip(PUBLISHED, met(values), strict=True)
        ),
        missing=tuple(one.question for one in questions if one.distance is None),
    )


def _gains(findings: Sequence[SystemFinding]) -> list[Gain]:
    by_name = {one.name: one for one in findings}
    gains = []
    for told in findings:
        end = next((end for end in TOLD if told.name.endswith(end)), None)
        plain = by_name.get(told.name.removesuffix(end)) if end else None
        if plain is None:
            continue
        before = {one.question: one.distance for one in plain.questions if one.distance is not None}
        changes = np.array(
            [
                one.distance - before[one.question]
                for one in told.questions
                if one.distance is not None and one.question in before
            ]
        )
        if changes.size:
            gains.append(
                Gain(
                    system=told.name,
                    without=plain.name,
                    questions=len(changes),
                    nearer=int((changes < 0).sum()),
                    mean=float(changes.mean()),
                )
            )
    return gains


def _notes(systems: Sequence[_System], humans: Humans) -> list[str]:
    notes = []
    for one in systems:
        name, finding = one.scores.name, one.finding
        if finding.strangers:
            notes.append(f"{name}: {finding.strangers:,} rows are of persons that the reference does not know.")
        far = [one.question for one in finding.questions if one.distance is not None and one.distance > 1]
        if far:
            notes.append(
                f"{name}: scores far out of range, kept as published, lift the distance above 1 on {', '.join(far)}; "
                "compare with clip or drop."
            )
        if finding.missing:
            notes.append(f"{name}: nothing to compare on {', '.join(finding.missing)}.")
    sizes = {tuple((question, len(rows)) for question, rows in sorted(one.rows.items())) for one in systems}
    if len(sizes) > 1:
        notes.append(f"The files do not have the same rows; the baselines are those of {systems[0].scores.name}.")
    if isinstance(humans, HumanCounts) and systems:
        notes.append("The reference holds counts: both sides are resampled by themselves, people from the counts.")
    return notes


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _interval(draws: Floats, value: float) -> Interval | None:
    """Central 95 % of draws, shifted so that their median is the value: resamples lie too high."""
    known = draws[np.isfinite(draws)]
    if not known.size:
        return None
    median, low, high = interval(known)
    return max(0.0, low - median + value), high - median + value
