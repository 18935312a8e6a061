"""One model against people: its questions one after the other, whole and within groups."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.worldvaluesbench.distances import MISSING, Floats, Ints, of_answers, whole
from analysis.worldvaluesbench.findings import Crossed, Interval, LevelFinding, QuestionFinding, SystemFinding
from analysis.worldvaluesbench.intervals import resampled
from analysis.worldvaluesbench.people import HumanAnswers, Humans
from analysis.worldvaluesbench.rules import Rules
from analysis.worldvaluesbench.scores import Scores
from analysis.worldvaluesbench.subgroups import Demographics, GroupDistances, Subgroups, crossed, places_of
from analysis.worldvaluesbench.thresholds import ALL, met
from analysis.yardsticks import interval
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
        self._rules = rules
        self._paired = isinstance(humans, HumanAnswers)
        self._subgroups = _subgroups(demographics, rules)
        self._groups: dict[str, Mapping[str, GroupDistances]] = {}
        self._drawn: dict[tuple[str, int], list[Floats]] = {}
        places = places_of(scores.people, humans.people) if isinstance(humans, HumanAnswers) else NOBODY
        strangers = int((places < 0).sum())
        if strangers == len(scores):
            raise DocumentError(
                f"{scores.name}: {humans.name} knows none of its persons; identifiers are those of the survey's "
                "column D_INTERVIEW."
            )
        in_groups = places_of(scores.people, demographics.people) if demographics else NOBODY
        questions, drawn = [], []
        for question, rows in self.rows.items():
            scale = SCALES[question]
            model, outside = whole(scores.values[rows], scale, rules.out_of_range)
            human = humans.of(question, places[rows]) if isinstance(humans, HumanAnswers) else humans.of(question)
            self.people[question] = human
            value = of_answers(model, human, scale)
            if self._subgroups is not None:
                self._groups[question] = self._subgroups.of(model, human, scale, in_groups[rows])
                self._draw_within(question, model, human, self._subgroups, in_groups[rows])
            if rules.aggregate == "group_mean":
                value = list(self._groups[question].values())[-1].mean
            draws = self._draws(question, model, human, value, "")
            drawn += [draws] if draws.size else []
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

    def _draws(self, question: str, model: Ints, human: Ints, value: float, level: str) -> Floats:
        """Distances in resamples of these rows; none where none are wanted, or there is no distance."""
        if not (self._rules.draws and np.isfinite(value) and self._rules.aggregate == "pooled"):
            return np.empty(0)
        rng = seeds.generator(self._rules.seed, "wvb interval", self.scores.name, question, level)
        return resampled(model, human, SCALES[question], rng, paired=self._paired, draws=self._rules.draws)

    def _draw_within(
        self, question: str, model: Ints, human: Ints, subgroups: Subgroups, people: NDArray[np.integer]
    ) -> None:
        """Resample the rows of every level, of groupings with few of them."""
        for place, grouping in enumerate(subgroups.groupings):
            if len(grouping.levels) > MOST_LEVELS or not self._rules.draws:
                continue
            level_of = subgroups.levels(place, people)
            for level, value in enumerate(self._groups[question][grouping.name].distances.tolist()):
                inside = level_of == level
                name = f"{grouping.name}: {grouping.levels[level]}"
                draws = self._draws(question, model[inside], human[inside], value, name)
                if draws.size:
                    self._drawn.setdefault((grouping.name, level), []).append(draws)

    @property
    def levels(self) -> list[LevelFinding]:
        """Means over questions within every level."""
        found = []
        for grouping in self._subgroups.groupings if self._subgroups else ():
            groups = [by_name[grouping.name] for by_name in self._groups.values()]
            distances = np.stack([group.distances for group in groups])
            model = np.sum([group.model for group in groups], axis=0)
            human = np.sum([group.human for group in groups], axis=0)
            for place, level in enumerate(grouping.levels):
                known = distances[:, place][np.isfinite(distances[:, place])]
                mean = float(known.mean()) if known.size else None
                drawn = self._drawn.get((grouping.name, place), [])
                found.append(
                    LevelFinding(
                        grouping=grouping.name,
                        level=level,
                        system=self.scores.name,
                        questions=len(known),
                        scores=int(model[place]),
                        people=int(human[place]),
                        mean=mean,
                        std=float(known.std()) if known.size else None,
                        interval=limits(_mean(drawn), mean) if drawn and mean is not None else None,
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
        interval=limits(_mean(drawn), float(values.mean())) if drawn else None,
        thresholds=tuple(
            Crossed(threshold=threshold, questions=int(count), share=float(count / max(values.size, 1)))
            for threshold, count in zip(ALL, met(values, ALL), strict=True)
        ),
        missing=tuple(one.question for one in questions if one.distance is None),
    )


def _mean(drawn: Sequence[Floats]) -> Floats:
    """Mean over questions of each resample, those left out that leave a side with nobody."""
    draws = np.stack(drawn)
    known = np.isfinite(draws)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, draws, 0.0).sum(axis=0) / known.sum(axis=0))


def number(value: float) -> float | None:
    """The value; ``None`` when it is no number."""
    return float(value) if np.isfinite(value) else None


def limits(draws: Floats, value: float) -> Interval | None:
    """Central 95 % of draws, shifted so that their median is the value: resamples lie too high."""
    known = draws[np.isfinite(draws)]
    if not known.size:
        return None
    median, low, high = interval(known)
    return max(0.0, low - median + value), high - median + value
