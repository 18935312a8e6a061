"""Conditions side by side: diversity, distance from people, validity, and what it took."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import t as student

from analysis import yardsticks
from analysis.ablation import ablation_orders
from analysis.agreements import agreements
from analysis.annotation import Annotation
from analysis.bootstrap import limits
from analysis.choices import Floats, Integers
from analysis.coded import CodedAnswers, open_coded
from analysis.compared import Comparison, ConditionRow, DiversityFigures, TopicCount
from analysis.completions import completions
from analysis.condition_data import Condition, read_conditions, topics_of
from analysis.debiased_averages import debiased_average
from analysis.def_data import CellData
from analysis.def_rules import SILENT as OPEN_FLAGS
from analysis.def_rules import DefRules
from analysis.distances import jensen_shannon
from analysis.diversity import SILENT, Digests, diversity, of_choices, rarefied
from analysis.evaluate import evaluate
from analysis.evaluated import Agreement, CellEvaluation, Completion
from analysis.findings import Estimate
from analysis.mapped import mapped
from analysis.preference import mean_known, preference, question_distances
from analysis.resolutions import Resolution
from analysis.rule_judge import Rules
from analysis.whole_people import WholePeople
from demoscope.seeds import generator


def compare_stores(
    paths: Sequence[Path],
    rules: DefRules,
    draws: int = yardsticks.DRAWS,
    *,
    details: bool = False,
    decided: Sequence[Resolution] = (),
    annotations: Sequence[Annotation] = (),
    checks: Rules | None = None,
    people: WholePeople | None = None,
    coded: Sequence[CodedAnswers] = (),
) -> Comparison:
    """Put the conditions of stores side by side.

    Parameters
    ----------
    paths : sequence of Path
        Stores, also while their waves are running.
    rules : DefRules
        How the families are computed.
    draws : int
        Resamples of the respondents; cells of one store draw the same people.
    decided : sequence of Resolution
        What people decided about replies of the first store that could not be read.
    annotations : sequence of Annotation
        What people said about replies of the first store; with them, or with details, agreement is measured.
    checks : Rules, optional
        Which questions belong together, for the rule-based checks; the markers that a protocol asks for when absent.
    people : WholePeople, optional
        Real people with all their answers, for how these hang together; with details.
    coded : sequence of CodedAnswers
        Open answers in codes, as questions of their own in the stores that hold them.
    details : bool
        Also evaluate each cell by the other families (:func:`analysis.evaluate.evaluate`), and draw the map.

    Raises
    ------
    StoreError
        If a store is missing, no store, damaged, or was written by a newer version.
    DocumentError
        If a decision fits no reply that could not be read, or an annotation no reply.
    """
    conditions: list[Condition] = []
    titles: list[str] = []
    evaluations: list[CellEvaluation] = []
    agreed: tuple[Agreement, ...] = ()
    completed: list[Completion] = []
    topics: dict[tuple[str, str], set[str]] = {}
    for number, path in enumerate(paths):
        with open_coded(path, coded) as results:
            mine = decided if number == 0 else ()
            found = read_conditions(str(path), results, draws, mine, rules)
            conditions += found
            completed += completions(results)
            for name, dimension, topic in topics_of(results):
                topics.setdefault((dimension, topic), set()).add(name)
            if details:
                evaluations += [evaluate(results, c.data.cell, rules, mine, checks, c.data, people) for c in found]
            if number == 0 and (details or annotations):
                agreed = agreements(results, annotations, rules, checks)
            if results.reference:
                titles.append(f"{results.reference.title} ({results.reference.year})")
    runs = _smallest([condition.data for condition in conditions])
    rows: list[ConditionRow] = []
    firsts: dict[str, tuple[float, Floats]] = {}
    for number, condition in enumerate(conditions):
        row, average, drawn = _row(
            condition, rules, runs, generator(condition.wave.seed, "compare", "debias", number)
        )
        if average is not None and drawn is not None:
            first, first_drawn = firsts.setdefault(condition.store, (average, drawn))
            if drawn is not first_drawn:
                row = row.model_copy(update={"kl_to_first": _estimate(average - first, drawn - first_drawn)})
        rows.append(row)
    return Comparison(
        rules=rules,
        open_flags=OPEN_FLAGS[rules.profile],
        draws=draws,
        same_runs=runs,
        references=tuple(dict.fromkeys(titles)),
        rows=tuple(rows),
        evaluations=tuple(evaluations),
        ablations=ablation_orders(rows, [condition.data for condition in conditions], runs),
        agreements=agreed,
        completions=tuple(completed),
        topics=tuple(
            TopicCount(dimension=dimension, topic=topic, questions=len(names))
            for (dimension, topic), names in sorted(topics.items())
        ),
        map=mapped([(c.data, c.resamples) for c in conditions], rules) if details else None,
        between=tuple(tuple(_between(a.data, b.data) for b in conditions) for a in conditions),
    )


def _row(
    condition: Condition, rules: DefRules, runs: int | None, rng: np.random.Generator
) -> tuple[ConditionRow, float | None, Floats | None]:
    """The row of one condition, its average KL and that of every resample."""
    data, options, usage = condition.data, condition.options, condition.usage
    row = ConditionRow(
        store=condition.store,
        wave=condition.wave.name,
        name=data.cell.name,
        condition=data.cell.condition,
        model=data.cell.model,
        protocol=data.cell.protocol,
        language=data.cell.language,
        culture=data.cell.culture,
        respondents=len(data.respondents.ids),
        runs=len(data.choices),
        statuses=condition.statuses,
        resolved=condition.resolved[0],
        unresolved=condition.resolved[1],
        finished=condition.wave.finished is not None,
        ablation=condition.ablation,
        no_people=condition.no_people,
        diversity=_diversity(data.digests, None, runs),
        choice_diversity=_diversity(of_choices(data.choices), data.scales.sizes, runs),
        calls=usage.calls,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        seconds=usage.seconds,
        cost=condition.cost,
    )
    human, counts = options.human, options.counts
    if human is None or not human.any() or not counts.any():
        return row, None, None
    drawn = options.resampled(condition.resamples)
    found, resampled = (
        # Answers that could not be read are as many in every resample.
        preference(
            side, human, rules, dimension=options.dimension, invalid=options.unread, offered=options.scales.offered
        )
        for side in (counts, drawn)
    )
    measured = {
        "kl": _estimate(float(found.average), resampled.average),
        "dimensions": dict(zip(found.dimensions, found.dimension_means.tolist(), strict=True)),
        "divergences": {
            question.name: value
            for question, value in zip(options.questions, found.questions.tolist(), strict=True)
            if np.isfinite(value)
        },
        "questions": int((human.sum(axis=1) > 0).sum()),
        "infinite": int(found.infinite),
        "missing": int(found.missing),
    }
    once = slice(len(data.closed))  # several choices of one person are no sample of people
    measured |= _shannon(counts[once], human[once], drawn[:, once], _kish(data.run_weights), rng)
    return row.model_copy(update=measured), float(found.average), resampled.average


def _shannon(
    counts: Floats, human: Floats, drawn: Floats, kish: float, rng: np.random.Generator
) -> dict[str, Estimate | None]:
    """Mean Jensen-Shannon distance, as it is and without what a small sample adds; none without common questions."""
    both = (counts.sum(axis=1) > 0) & (human.sum(axis=1) > 0)
    if not both.any():
        return {}
    js, js_drawn = (mean_known(question_distances(side, human, jensen_shannon)) for side in (counts, drawn))
    debiased = debiased_average(counts[both] * kish, human[both], jensen_shannon, rng, js_drawn)
    return {"js": _estimate(float(js), js_drawn), "js_debiased": debiased}


def _estimate(value: float, drawn: Floats) -> Estimate | None:
    if not np.isfinite(value):
        return None
    low, high = (float(limit) for limit in limits(drawn))
    return Estimate(value=value, low=low, high=high) if np.isfinite([low, high]).all() else Estimate(value=value)


def _diversity(digests: Digests, options: Integers | None, runs: int | None) -> DiversityFigures | None:
    if not (digests != SILENT).any():
        return None
    found = diversity(digests, options)
    known = found.standard_error > 0
    reach = float(student.ppf(0.975, found.runs - 1)) * found.standard_error if known else 0.0
    return DiversityFigures(
        value=found.value,
        low=max(found.value - reach, 0.0) if known else None,
        high=min(found.value + reach, found.attainable) if known else None,
        attainable=found.attainable,
        same_runs=rarefied(digests, runs) if runs else None,
    )


def _smallest(cells: Sequence[CellData]) -> int | None:
    """Fewest replies (or choices) to any question that has some, over all cells; ``None`` below two."""
    fewest: list[int] = []
    for data in cells:
        for table in (data.digests != SILENT, data.choices >= 0):
            replies = table.sum(axis=0)
            fewest += [int(replies[replies > 0].min())] if (replies > 0).any() else []
    return min(fewest) if fewest and min(fewest) >= 2 else None


def _between(a: CellData, b: CellData) -> float | None:
    """Mean Jensen-Shannon distance over the questions that both cells answered, with the same codes."""
    places = {_identity(b, column): column for column in range(len(b.closed))}
    shared = [(column, places.get(_identity(a, column))) for column in range(len(a.closed))]
    pairs = [(one, other) for one, other in shared if other is not None]
    if not pairs:
        return None
    one, other = np.array(pairs).T
    width = max(a.counts.shape[1], b.counts.shape[1])
    tables = [_widened(side.counts[columns], width) for side, columns in ((a, one), (b, other))]
    found = float(mean_known(question_distances(tables[0], tables[1], jensen_shannon)))
    return found if np.isfinite(found) else None


def _identity(data: CellData, column: int) -> tuple[str, tuple[float, ...]]:
    return data.closed[column].name, tuple(data.scales.codes[column, : data.scales.sizes[column]].tolist())


def _widened(counts: Floats, width: int) -> Floats:
    return np.pad(counts, ((0, 0), (0, width - counts.shape[1])))


def _kish(weights: Floats) -> float:
    """What counts are multiplied by to become those of as many equally weighted people as they are worth."""
    return float(weights.sum() / (weights**2).sum()) if len(weights) else 1.0
