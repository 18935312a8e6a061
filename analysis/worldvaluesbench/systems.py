"""One model against people: its questions one after the other, whole and within groups."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.worldvaluesbench.distances import MISSING, Floats, Ints, of_answers, whole
from analysis.worldvaluesbench.findings import Crossed, LevelFinding, QuestionFinding, SystemFinding
from analysis.worldvaluesbench.intervals import MeanDraws, Resamples, limits, mean_of
from analysis.worldvaluesbench.people import HumanAnswers, Humans
from analysis.worldvaluesbench.rules import Rules
from analysis.worldvaluesbench.scores import Scores
from analysis.worldvaluesbench.subgroups import Demographics, GroupDistances, Subgroups, crossed, places_of
from analysis.worldvaluesbench.thresholds import ALL, met
from demoscope import seeds
from demoscope.errors import DocumentError
from surveys.formats.wvs.wave7 import SCALES

NOBODY = np.empty(0, np.int32)
"""Places of no rows."""

MOST_LEVELS = 24
"""Levels that a grouping may have for intervals within them to be drawn."""


class System:
    """The findings of one model, and what baselines need of its rows."""

    def __init__(self, scores: Scores, humans: Humans, rules: Rules, demographics: Demographics | None) -> None:
        self.scores = scores
        self.rows = scores.rows()
        self.people: dict[str, Ints] = {}
        """Human answers to each question, in the order of its rows."""
        self.demographics = demographics
        self.subgroups = _subgroups(demographics, rules)
        """Groupings that results are broken down by."""
        self.groups: dict[str, Mapping[str, GroupDistances]] = {}
        """Question -> grouping -> what came out within its levels."""
        self.in_groups = places_of(scores.people, demographics.people) if demographics else NOBODY
        """(n_rows,) place of each row's person in the groupings; -1 when it is not known."""
        self.first: dict[str, NDArray[np.intp]] = {}
        """Question -> which of its rows are the first of their person, in order."""
        self._resamples = None
        if rules.draws and rules.aggregate == "pooled":
            rng = seeds.generator(rules.seed, "wvb resamples")  # the same people are drawn for every model
            paired = isinstance(humans, HumanAnswers)
            self._resamples = Resamples(scores.people, rng, paired=paired, draws=rules.draws)
        self._drawn: dict[str, MeanDraws] = {}
        places = places_of(scores.people, humans.people) if isinstance(humans, HumanAnswers) else NOBODY
        strangers = int((places < 0).sum())
        if strangers == len(scores):
            raise DocumentError(
                f"{scores.name}: {humans.name} knows none of its persons; identifiers are those of the survey's "
                "column D_INTERVIEW."
            )
        questions, drawn = [], []
        for question, rows in self.rows.items():
            scale = SCALES[question]
            model, outside = whole(scores.values[rows], scale, rules.out_of_range)
            human = humans.of(question, places[rows]) if isinstance(humans, HumanAnswers) else humans.of(question)
            self.people[question] = human
            self.first[question] = _first(scores.people[rows])
            value = of_answers(model, human, scale)
            if self.subgroups is not None:
                self.groups[question] = self.subgroups.of(model, human, scale, self.in_groups[rows])
                self._draw_within(question, model, human, self.subgroups)
            if rules.aggregate == "group_mean":
                value = list(self.groups[question].values())[-1].mean
            draws = np.empty(0)
            if self._resamples is not None and np.isfinite(value):
                draws = self._resamples.distances(model, human, scale, rows)[:, 0]
                drawn.append(draws)
            questions.append(
                QuestionFinding(
                    question=question,
                    category=scale.category,
                    rows=len(rows),
                    scores=int((model != MISSING).sum()),
                    out_of_range=outside,
                    people=int((human != MISSING).sum()),
                    distance=number(value),
                    interval=limits(draws, value),
                )
            )
        self.finding = finding_of(scores.name, questions, drawn, len(scores), strangers)
        if not any(one.distance is not None for one in questions):
            raise DocumentError(
                f"{scores.name}: {humans.name} has no human answers for its questions; nothing can be compared."
            )

    def _draw_within(self, question: str, model: Ints, human: Ints, subgroups: Subgroups) -> None:
        """Resample the people of every level, of groupings with few of them."""
        rows = self.rows[question]
        for place, grouping in enumerate(subgroups.groupings):
            levels = len(grouping.levels)
            known = np.isfinite(self.groups[question][grouping.name].distances)
            if self._resamples is None or levels > MOST_LEVELS or not known.any():
                continue
            level = subgroups.levels(place, self.in_groups[rows])
            draws = self._resamples.distances(model, human, SCALES[question], rows, level, levels)
            self._drawn.setdefault(grouping.name, MeanDraws()).add(draws)

    @property
    def levels(self) -> list[LevelFinding]:
        """Means over questions within every level."""
        found = []
        for grouping in self.subgroups.groupings if self.subgroups else ():
            groups = [by_name[grouping.name] for by_name in self.groups.values()]
            distances = np.stack([group.distances for group in groups])
            model = np.sum([group.model for group in groups], axis=0)
            human = np.sum([group.human for group in groups], axis=0)
            draws = self._drawn[grouping.name].mean if grouping.name in self._drawn else None
            for place, level in enumerate(grouping.levels):
                counts = {"scores": int(model[place]), "people": int(human[place])}
                drawn = np.empty(0) if draws is None else draws[:, place]
                found.append(level_of(grouping.name, level, self.scores.name, counts, distances[:, place], drawn))
        return found


def level_of(
    grouping: str, level: str, name: str, counts: Mapping[str, int], distances: Floats, draws: Floats
) -> LevelFinding:
    """One model or baseline within one level, from its distances on every question (NaN where there is none)."""
    known = distances[np.isfinite(distances)]
    mean = float(known.mean()) if known.size else None
    return LevelFinding(
        grouping=grouping,
        level=level,
        system=name,
        questions=len(known),
        scores=counts["scores"],
        people=counts["people"],
        mean=mean,
        std=float(known.std()) if known.size else None,
        interval=None if mean is None else limits(draws, mean),
    )


def _first(people: Ints) -> NDArray[np.intp]:
    """Places of the rows that are the first of their person, ascending."""
    if (people[1:] > people[:-1]).all():
        return np.arange(len(people))
    return np.sort(np.unique(people, return_index=True)[1])


def _subgroups(demographics: Demographics | None, rules: Rules) -> Subgroups | None:
    """The groupings, with all their combinations last where means over these are wanted."""
    if demographics is None or not demographics.groupings:
        return None
    if rules.aggregate == "group_mean":
        return Subgroups((*demographics.groupings, crossed(demographics.groupings)))
    return Subgroups(demographics.groupings)


def finding_of(
    name: str, questions: Sequence[QuestionFinding], drawn: list[Floats], rows: int, strangers: int
) -> SystemFinding:
    """One model or baseline on all its questions."""
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
        interval=limits(mean_of(drawn), float(values.mean())) if drawn else None,
        thresholds=tuple(
            Crossed(threshold=threshold, questions=int(count), share=float(count / max(values.size, 1)))
            for threshold, count in zip(ALL, met(values, ALL), strict=True)
        ),
        missing=tuple(one.question for one in questions if one.distance is None),
    )


def number(value: float) -> float | None:
    """The value; ``None`` when it is no number."""
    return float(value) if np.isfinite(value) else None
