"""The questions of one public: everybody in a cell or one subgroup of it, beside the real people it stands for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis import yardsticks
from analysis.bootstrap import resampled_counts
from analysis.comparison import Counts, Figures, mean
from analysis.debiased_averages import Sides, debiased_average, widened
from analysis.debiasing import Distance
from analysis.distances import jensen_shannon, kl_divergence, wasserstein
from analysis.findings import Averages, Estimate, Mean, Measure, OptionShares, QuestionSummary, Statuses
from analysis.proportions import wilson
from analysis.quantities import Chance, Quantities, means, number
from analysis.records import Cell, Endings, Respondents
from analysis.tallies import Tally, stacked
from demoscope.seeds import generator

KINDS = {"ranking": "a ranking", "allocation": "an allocation"}
"""Kinds whose answers name many options in an order or with points, in words."""

Floats = NDArray[np.float64]
HumanCounts = dict[int, dict[int | None, float]]
"""Real people by question id and code."""


@dataclass(frozen=True)
class Draws:
    """How chance is drawn: repeatable by the wave's seed and the names of what is drawn."""

    seed: int
    number: int
    """Draws of each human yardstick and of the bootstrap."""


@dataclass(frozen=True)
class Public:
    """Some simulated respondents of a cell and the real people they stand for."""

    cell: Cell
    group: tuple[str, ...]
    """Empty for everybody, else grouping and level; names the draws."""
    among: NDArray[np.bool_]
    """(n_respondents,) who of the cell belongs to it."""
    respondents: Respondents
    """All of the cell."""
    tallies: tuple[Tally, ...]
    """The answers of those who belong to it, a tally per question."""
    quantities: dict[int, Quantities]
    """Numbers, ranks and points of the whole cell, by question id."""
    endings: Endings
    """Of the whole cell."""
    human: HumanCounts | None
    """Their real counterparts; ``None`` without a human reference."""
    weighted_people: bool = False
    """Whether their counts are sums of survey weights."""

    @property
    def heard(self) -> int:
        """Respondents with a substantive answer to a question that has a distribution over options."""
        return len(_heard([t for t in self.tallies if t.single]))


@dataclass(frozen=True)
class _Compared:
    """The distances of one question with their draws; ``w1`` only where the order of options means something."""

    w1: Figures | None
    kl: Figures
    js: Figures
    sides: Sides


def compare(public: Public, draws: Draws) -> tuple[tuple[QuestionSummary, ...], Averages]:
    """Every question of a public, and the means over those that can be compared."""
    resampled = _resampled(public, draws)
    questions, distances = [], []
    for t in public.tallies:
        refusal, compared = _not_compared(t, public), None
        if refusal is None:
            counts = _counts(t, public, resampled[t.question.id], draws)
            sides = _sides(counts, t.size(public.respondents.weights))
            compared = _Compared(counts.w1() if t.question.ordinal else None, counts.kl(), counts.js(), sides)
            distances.append(compared)
        questions.append(_question(t, public, compared, refusal, draws))
    averages = _averages(questions, distances)
    if distances and not public.group:
        averages = averages.model_copy(update=_debiased(distances, public, draws))
    return tuple(questions), averages


def _people(t: Tally, public: Public) -> tuple[Floats, float]:
    return t.human((public.human or {}).get(t.question.id, {}))


def _heard(tallies: list[Tally]) -> NDArray[np.int64]:
    return np.unique(np.concatenate([np.zeros(0, np.int64), *(t.respondent for t in tallies)]))


def _resampled(public: Public, draws: Draws) -> dict[int, Floats | None]:
    """Counts of every question in the same resamples of the respondents who gave a substantive answer."""
    compared = [t for t in public.tallies if t.single]
    heard = _heard(compared)
    if len(heard) < 2:
        return {t.question.id: None for t in public.tallies}
    rng = generator(draws.seed, "bootstrap", public.cell.name, *public.group)
    chosen = stacked(compared, public.respondents)[:, heard]
    counts = resampled_counts(chosen, public.respondents.weights[heard], rng, draws.number)
    ends = np.cumsum([len(t.options) for t in compared])
    parts = np.split(counts, ends[:-1], axis=1)
    return {
        t.question.id: part if len(np.unique(t.respondent)) > 1 else None
        for t, part in zip(compared, parts, strict=True)
    }


def _not_compared(t: Tally, public: Public) -> str | None:
    if t.question.kind == "number":
        return "numbers are described, not compared"
    if t.single and len(t.answering) and not len(t.option):
        return "it was asked with another number of points, so its answers are scores and no options"
    if public.human is None and t.options:
        return "there is no human reference"
    if t.question.kind == "multiple":
        return "the reference counts choices, not people, so shares of people cannot be compared"
    if t.question.kind in KINDS:
        return f"of {KINDS[t.question.kind]} there is no one option that everybody chose"
    if not t.options:
        return "open answers are counted, not compared"
    if not t.single:
        return "it has a single substantive option"
    if not _people(t, public)[0].sum():
        return "the reference holds no real answers to it"
    return None if len(t.option) else "no simulated answer to it was understood"


def _counts(t: Tally, public: Public, resampled: Floats | None, draws: Draws) -> Counts:
    people, _ = _people(t, public)
    key = (t.question.name, *public.group)
    size = max(1, t.size(public.respondents.weights))
    halves = None
    if np.rint(people).sum() >= 2:
        halves = yardsticks.halves(people, generator(draws.seed, "yardstick", "halves", *key), draws.number)
    return Counts(
        simulated=t.counts(public.respondents.weights),
        human=people,
        resampled=resampled,
        sample=yardsticks.same_size(people, size, generator(draws.seed, "yardstick", "sample", *key), draws.number),
        halves=halves,
        scores=t.scores,
    )


def _question(
    t: Tally, public: Public, compared: _Compared | None, refusal: str | None, draws: Draws
) -> QuestionSummary:
    weights = public.respondents.weights
    people, left_out = _people(t, public)
    multiple = t.question.kind == "multiple"
    counts = t.counts(weights)
    simulated = _divided(counts, float(counts.sum() if t.single else weights[t.answering].sum()))
    real = _divided(people, 0.0 if multiple else people.sum())
    limits = _limits(simulated, t.people_worth(weights))
    unknown = multiple or public.weighted_people
    human_limits = _limits(real, 0.0 if unknown else float(people.sum()))
    found = public.quantities.get(t.question.id)
    chance = Chance(draws.seed, (public.cell.name, t.question.name, *public.group), draws.number)
    told = found.among(public.among) if found is not None else None
    return QuestionSummary(
        id=t.question.name,
        text=t.question.text,
        kind=t.question.kind,
        ordinal=t.question.ordinal,
        statuses=Statuses(**public.endings.of(t.question.id, public.among)),
        n_simulated=len(t.answering),
        n_nonresponse=len(t.declining),
        n_human=float(people.sum()),
        n_human_left_out=left_out,
        shares=tuple(
            OptionShares(code=option.code, label=option.label, simulated=s, human=h, **ours, **theirs, **more)
            for option, s, h, ours, theirs, more in zip(
                *(t.options, simulated, real, limits, _of_people(human_limits)),
                _of_options(t, told, weights, chance),
                strict=True,
            )
        ),
        number=number(told, weights, chance) if t.question.kind in ("number", "scale") and told is not None else None,
        w1=compared.w1.measure() if compared and compared.w1 else None,
        kl=compared.kl.measure() if compared else None,
        js=compared.js.measure() if compared else None,
        not_compared=refusal,
    )


def _limits(shares: list[float | None], n: float) -> list[dict[str, float]]:
    limits = [wilson(share, n) if share is not None and n > 0 else None for share in shares]
    return [{"low": found[0], "high": found[1]} if found else {} for found in limits]


def _of_people(limits: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{f"human_{name}": value for name, value in each.items()} for each in limits]


def _of_options(
    t: Tally, found: Quantities | None, weights: Floats, chance: Chance
) -> list[dict[str, Mean | float | None]]:
    """What the ranks or points of each option come to; nothing for other kinds."""
    if found is None or t.question.kind not in KINDS:
        return [{} for _ in t.options]
    n = len(t.options)
    found = found.of_options(np.array([option.code for option in t.options], dtype=np.int64))
    if t.question.kind == "allocation":
        return [{"points": mean} for mean in means(found, n, weights, chance, everybody=True)]
    first = found.value == 1
    named = np.bincount(found.code[first], weights=weights[found.respondent[first]], minlength=n).astype(np.float64)
    shares = _divided(named, float(named.sum()))
    return [
        {"rank": rank, "first": share} for rank, share in zip(means(found, n, weights, chance), shares, strict=True)
    ]


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


def _sides(counts: Counts, effective: int) -> Sides:
    total = float(counts.simulated.sum())
    return Sides(counts.simulated * (effective / total), counts.human, counts.scores)


def _debiased(compared: list[_Compared], public: Public, draws: Draws) -> dict[str, Estimate | None]:
    """The mean distances without what the size of the sample adds."""

    def of(
        name: str, distance: Distance, chosen: list[tuple[Sides, Figures]], scaled: bool = False
    ) -> Estimate | None:
        average = mean([figures for _, figures in chosen])
        if average is None:
            return None
        simulated, human, places = widened([sides for sides, _ in chosen])
        rng = generator(draws.seed, "debias", name, public.cell.name)
        return debiased_average(simulated, human, distance, rng, average.resampled, places if scaled else None)

    finite = all(np.isfinite(c.kl.simulated) for c in compared)
    return {
        "w1_debiased": of("w1", wasserstein, [(c.sides, c.w1) for c in compared if c.w1], scaled=True),
        "kl_debiased": of("kl", kl_divergence, [(c.sides, c.kl) for c in compared]) if finite else None,
        "js_debiased": of("js", jensen_shannon, [(c.sides, c.js) for c in compared]),
    }


def _one_voice(question: QuestionSummary) -> bool:
    if question.kind not in ("single", "scale") or question.n_simulated < 2:
        return False
    return sum(share.simulated not in (None, 0.0) for share in question.shares) == 1


def _measured(figures: Figures | None) -> Measure | None:
    return None if figures is None else figures.measure()


def _divided(counts: Floats, total: float) -> list[float | None]:
    return [float(count / total) if total > 0 else None for count in counts]
