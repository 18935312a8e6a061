"""From a store to a summary: how a simulated public compares with the real one, cell by cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis import yardsticks
from analysis.bootstrap import resampled_counts
from analysis.comparison import Counts, Figures, mean
from analysis.findings import (
    Averages,
    CellSummary,
    GroupingSummary,
    LevelSummary,
    Measure,
    OptionShares,
    QuestionSummary,
    Reason,
    ReferenceSummary,
    Statuses,
    Summary,
)
from analysis.opening import opening
from analysis.reading import Results
from analysis.records import STATUSES, Cell, Respondents
from analysis.tallies import Tally, stacked, tally
from demoscope.seeds import generator
from surveys.reference import Group

SMALLEST_GROUP = 10
"""Simulated respondents below which nothing is claimed about a subgroup."""

REASONS = 3
"""Reasons shown of each status."""

Floats = NDArray[np.float64]
HumanCounts = dict[int, dict[int | None, float]]


def summarise(results: Results, draws: int = yardsticks.DRAWS) -> Summary:
    """Summarise a store: statuses, shares, distances from people, subgroups.

    Random draws come from the wave's seed and the names of what is drawn, so a summary can be repeated exactly.

    Parameters
    ----------
    draws : int
        Draws of each human yardstick and of the bootstrap.

    Raises
    ------
    StoreError
        If the store is damaged.
    """
    wave, reference = results.wave, results.reference
    cells = tuple(_Cell(results, cell, draws).summary() for cell in results.cells)
    total = _total([cell.statuses for cell in cells])
    return Summary(
        wave=wave.name,
        questionnaire=wave.questionnaire,
        started=wave.started,
        finished=wave.finished,
        reference=None
        if reference is None
        else ReferenceSummary(
            id=reference.id,
            title=reference.title,
            year=reference.year,
            source=reference.source,
            note=reference.note,
            weighted=reference.weighted,
        ),
        draws=draws,
        smallest_group=SMALLEST_GROUP,
        understood=total.understood or 0.0,
        cells=cells,
    )


@dataclass(frozen=True)
class _Compared:
    """The distances of one question with their draws; ``w1`` only where the order of options means something."""

    w1: Figures | None
    kl: Figures
    js: Figures


class _Cell:
    """One cell on its way to a summary."""

    def __init__(self, results: Results, cell: Cell, draws: int) -> None:
        self.results, self.cell, self.draws = results, cell, draws
        self.respondents: Respondents = results.respondents(cell)
        self.weights = self.respondents.weights
        answers = results.answers(cell, self.respondents)
        self.heard = len(np.unique(answers.respondent))
        self.tallies = [tally(question, answers) for question in results.questions]

    def summary(self) -> CellSummary:
        """The whole cell."""
        human = self.results.human_counts() if self.results.reference else {}
        resampled = self._resampled()
        compared: dict[int, _Compared] = {}
        questions = []
        for t in self.tallies:
            refusal = self._not_compared(t, human)
            if refusal is None:
                counts = self._counts(t, human[t.question.id], resampled[t.question.id])
                compared[t.question.id] = _Compared(
                    counts.w1() if t.question.ordinal else None, counts.kl(), counts.js()
                )
            questions.append(self._question(t, human, compared.get(t.question.id), refusal))
        averages = _averages(questions, list(compared.values()))
        statuses = _total([question.statuses for question in questions])
        has_reference = self.results.reference is not None
        return CellSummary(
            **{name: getattr(self.cell, name) for name in ("name", "condition", "model", "protocol", "profile")},
            language=self.cell.language,
            opening=opening(statuses, averages, self.heard, has_reference),
            respondents=len(self.respondents.ids),
            heard=self.heard,
            weighted=self.respondents.weighted,
            statuses=statuses,
            reasons=_reasons(self.results.reasons(self.cell)),
            questions=tuple(questions),
            averages=averages,
            groupings=self._groupings([t for t in self.tallies if t.question.id in compared and t.question.ordinal]),
        )

    def _resampled(self) -> dict[int, Floats | None]:
        """Counts of every question in the same resamples of the respondents who gave a substantive answer."""
        compared = [t for t in self.tallies if t.single]
        heard = np.unique(np.concatenate([np.zeros(0, np.int64), *(t.respondent for t in compared)]))
        if len(heard) < 2:
            return {t.question.id: None for t in self.tallies}
        rng = generator(self.results.wave.seed, "bootstrap", self.cell.name)
        chosen = stacked(compared, self.respondents)[:, heard]
        counts = resampled_counts(chosen, self.weights[heard], rng, self.draws)
        ends = np.cumsum([len(t.options) for t in compared])
        parts = np.split(counts, ends[:-1], axis=1)
        return {
            t.question.id: part if len(np.unique(t.respondent)) > 1 else None
            for t, part in zip(compared, parts, strict=True)
        }

    def _not_compared(self, t: Tally, human: HumanCounts) -> str | None:
        if t.question.kind == "multiple":
            return "the reference counts choices, not people, so shares of people cannot be compared"
        if not t.options:
            return "open answers are counted, not compared"
        if not t.single:
            return "it has a single substantive option"
        if self.results.reference is None:
            return "there is no human reference"
        if not t.human(human.get(t.question.id, {}))[0].sum():
            return "the reference holds no real answers to it"
        return None if len(t.option) else "no simulated answer to it was understood"

    def _counts(
        self,
        t: Tally,
        human: dict[int | None, float],
        resampled: Floats | None,
        group: tuple[str, str] | None = None,
        among: NDArray[np.bool_] | None = None,
    ) -> Counts:
        people, _ = t.human(human)
        key = (t.question.name, *(group or ()))
        seed = self.results.wave.seed
        size = max(1, t.size(self.weights, among))
        halved = group is None and np.rint(people).sum() >= 2
        return Counts(
            simulated=t.counts(self.weights, among),
            human=people,
            resampled=resampled,
            sample=yardsticks.same_size(people, size, generator(seed, "yardstick", "sample", *key), self.draws),
            halves=yardsticks.halves(people, generator(seed, "yardstick", "halves", *key), self.draws)
            if halved
            else None,
            scores=t.scores,
        )

    def _question(
        self, t: Tally, human: HumanCounts, compared: _Compared | None, refusal: str | None
    ) -> QuestionSummary:
        counts = t.counts(self.weights)
        people, left_out = t.human(human.get(t.question.id, {}))
        multiple = t.question.kind == "multiple"
        answers = self.results.statuses.get((self.cell.id, t.question.id), {})
        simulated = _divided(counts, float(self.weights[t.answering].sum()))
        real = _divided(people, 0.0 if multiple else people.sum())
        return QuestionSummary(
            id=t.question.name,
            text=t.question.text,
            kind=t.question.kind,
            ordinal=t.question.ordinal,
            statuses=Statuses(**{status: answers.get(status, 0) for status in STATUSES}),
            n_simulated=len(t.answering),
            n_nonresponse=t.nonresponse,
            n_human=float(people.sum()),
            n_human_left_out=left_out,
            shares=tuple(
                OptionShares(code=option.code, label=option.label, simulated=s, human=h)
                for option, s, h in zip(t.options, simulated, real, strict=True)
            ),
            w1=compared.w1.measure() if compared and compared.w1 else None,
            kl=compared.kl.measure() if compared else None,
            js=compared.js.measure() if compared else None,
            not_compared=refusal,
        )

    def _groupings(self, ordered: list[Tally]) -> tuple[GroupingSummary, ...]:
        reference = self.results.reference
        if reference is None:
            return ()
        found = [self._grouping(name, group, ordered) for name, group in reference.groups.items()]
        return tuple(sorted(found, key=lambda grouping: not grouping.told))

    def _grouping(self, name: str, group: Group, ordered: list[Tally]) -> GroupingSummary:
        human = self.results.human_counts_by(name)
        levels = self.results.levels(group, self.respondents)
        names = sorted(group.bands, key=lambda band: group.bands[band]) if group.bands else list(human)  # type: ignore[index]
        names += sorted({level for level in levels if level is not None} - set(names))
        positions = np.array([names.index(level) if level is not None else -1 for level in levels], dtype=np.int64)
        summaries = [
            self._level(name, level, positions == position, human.get(level, {}), ordered)
            for position, level in enumerate(names)
        ]
        return GroupingSummary(
            name=name,
            attribute=group.attribute,
            told=group.attribute in self.cell.told,
            levels=tuple(summaries),
        )

    def _level(
        self, grouping: str, level: str, among: NDArray[np.bool_], human: HumanCounts, ordered: list[Tally]
    ) -> LevelSummary:
        said = [t.respondent[among[t.respondent]] for t in ordered]
        n = len(np.unique(np.concatenate([np.zeros(0, np.int64), *said])))
        if n < SMALLEST_GROUP:
            return LevelSummary(level=level, n=n, too_few=True)
        figures = [
            self._counts(t, human[t.question.id], None, (grouping, level), among).w1()
            for t, who in zip(ordered, said, strict=True)
            if len(who) and t.human(human.get(t.question.id, {}))[0].sum()
        ]
        return LevelSummary(level=level, n=n, too_few=False, questions=len(figures), w1=_measured(mean(figures)))


def _averages(questions: list[QuestionSummary], compared: list[_Compared]) -> Averages:
    leading = [question.leading for question in questions if question.leading]
    ordered = [c.w1 for c in compared if c.w1]
    return Averages(
        questions=len(leading),
        ordered=len(ordered),
        within_people=sum(m.within_people for m in leading),
        closer_than_uniform=sum(m.closer_than_uniform for m in leading),
        closer_than_majority=sum(m.closer_than_majority for m in leading),
        one_voice=sum(_one_voice(question) for question in questions),
        w1=_measured(mean(ordered)),
        kl=_measured(mean([c.kl for c in compared])),
        js=_measured(mean([c.js for c in compared])),
        infinite=sum(not np.isfinite(c.kl.simulated) for c in compared),
    )


def _one_voice(question: QuestionSummary) -> bool:
    if question.kind not in ("single", "scale") or question.n_simulated < 2:
        return False
    return sum(share.simulated not in (None, 0.0) for share in question.shares) == 1


def _measured(figures: Figures | None) -> Measure | None:
    return None if figures is None else figures.measure()


def _divided(counts: Floats, total: float) -> list[float | None]:
    return [float(count / total) if total > 0 else None for count in counts]


def _reasons(found: tuple[tuple[str, str, int], ...]) -> tuple[Reason, ...]:
    return tuple(
        Reason(status=status, reason=reason, count=count)
        for wanted in STATUSES
        for status, reason, count in [row for row in found if row[0] == wanted][:REASONS]
    )


def _total(parts: list[Statuses]) -> Statuses:
    return Statuses(**{status: sum(getattr(part, status) for part in parts) for status in STATUSES})
