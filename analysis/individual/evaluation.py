"""Models and baselines on the same people, evaluated together."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.individual.accuracy import of_both_forms
from analysis.individual.baselines import Sweep, accuracy_by_n
from analysis.individual.comparisons import crossed, effects, influence
from analysis.individual.dimensions import Grouping
from analysis.individual.evaluated import Evaluated, accuracy_of, apart_from_form, number
from analysis.individual.findings import (
    Accuracy,
    BothForms,
    DimensionFinding,
    Evaluation,
    InequityFinding,
    Rules,
    SweepFinding,
    SystemFinding,
)
from analysis.individual.inequity import Inequity, inequity
from analysis.individual.intervals import Resamples
from analysis.individual.predictions import IN_ORDER, Condition, Floats, Predictions
from demoscope import seeds


def evaluate(
    systems: Sequence[Predictions],
    baselines: Sequence[Predictions] = (),
    rules: Rules | None = None,
    grouping: Grouping | None = None,
    sweeps: Sequence[tuple[Condition, Sweep, tuple[str, ...]]] = (),
) -> Evaluation:
    """Accuracies, both forms, inequity, effects, influence of categories, forms crossed.

    Parameters
    ----------
    systems, baselines : sequence of Predictions
        What was predicted; baselines enter the comparisons with models of the same condition.
    rules : Rules
        What the evaluation leaves open.
    grouping : Grouping, optional
        Attributes of people, for inequity.
    sweeps : sequence
        Condition, sweep and names of the setups of every baseline that asked neighbours.
    """
    rules = rules or Rules()
    everybody = [Evaluated(one, rules, True) for one in baselines] + [Evaluated(one, rules, False) for one in systems]
    people = tuple(dict.fromkeys(person for one in everybody for person in one.people))
    rng = seeds.generator(rules.seed, "ivc resamples")  # the same people are drawn for every system
    resamples = Resamples.draw(people, rng, rules.draws) if rules.draws else None
    models = [one for one in everybody if not one.baseline]
    chosen = [one for one in everybody if one.predictions.expected is None]  # guesses favour nobody
    return Evaluation(
        rules=rules,
        systems=tuple(_system(one, resamples) for one in everybody),
        both=tuple(_both(everybody, resamples)),
        inequity=tuple(_inequity(one, grouping, rules) for one in chosen) if grouping and grouping.names else (),
        effects=tuple(effects(everybody, resamples)),
        influence=tuple(influence(models)),
        forms=tuple(crossed(models, resamples)),
        sweeps=tuple(_swept(*one) for one in sweeps),
        notes=(*(note for one in everybody for note in one.predictions.notes), *(grouping.notes if grouping else ())),
    )


def _system(one: Evaluated, resamples: Resamples | None) -> SystemFinding:
    predictions = one.predictions

    def found(name: str, values: Floats) -> Accuracy:
        return accuracy_of(name, one.people, values, resamples)

    return SystemFinding(
        name=one.condition.name,
        condition=one.condition,
        baseline=one.baseline,
        people=len(one.people),
        targets=len(predictions),
        counted=int(one.scores.counted.sum()),
        unanswered=dict(predictions.unanswered),
        unknown=predictions.unknown,
        overall=found("", one.by_person),
        setups=one.setups(resamples),
        categories=tuple(found(name, each.by_person) for name, each in one.categories.items()),
    )


def _both(everybody: Sequence[Evaluated], resamples: Resamples | None) -> list[BothForms]:
    pairs: dict[tuple[Any, ...], dict[str, Evaluated]] = {}
    for one in everybody:
        if one.condition.in_own_form:
            pairs.setdefault(apart_from_form(one.condition), {})[one.condition.target_form] = one
    found = []
    for pair in pairs.values():
        if len(pair) < len(IN_ORDER):
            continue
        polar, refined = (pair[form] for form in IN_ORDER)
        of_refined = dict(zip(refined.people, refined.by_person.tolist(), strict=True))
        matched = np.array([of_refined.get(person, np.nan) for person in polar.people])
        label = polar.condition.label.removeprefix("polar, ")
        found.append(
            BothForms(
                name=f"{polar.condition.model}: {label}",
                model=polar.condition.model,
                condition=label,
                polar=number(polar.scores.mean),
                refined=number(refined.scores.mean),
                all=accuracy_of("", polar.people, of_both_forms(polar.by_person, matched), resamples),
            )
        )
    return found


def _inequity(one: Evaluated, grouping: Grouping, rules: Rules) -> InequityFinding:
    rng = seeds.generator(rules.seed, "ivc inequity")
    found = inequity(
        one.scores.by_setup,
        grouping.of(one.people),
        rng,
        ddof=rules.ddof,
        min_group=rules.min_group,
        draws=rules.draws,
    )
    return inequity_finding(one.condition.name, found)


def inequity_finding(name: str, found: Inequity) -> InequityFinding:
    """What was found, as a document."""
    return InequityFinding(
        name=name,
        score=number(found.score),
        interval=found.interval,
        noise=number(found.noise),
        corrected=number(found.corrected),
        null=number(found.null),
        p=number(found.p),
        dimensions=tuple(
            DimensionFinding(
                dimension=one.dimension,
                groups=dict(zip(one.groups, one.means, strict=True)),
                people=dict(zip(one.groups, one.people, strict=True)),
                sigma=one.sigma,
                interval=one.interval,
                noise=number(one.noise),
                corrected=number(one.corrected),
                corrected_interval=one.corrected_interval,
                null=number(one.null),
                p=number(one.p),
                p_holm=number(one.p_holm),
            )
            for one in found.dimensions
        ),
        skipped=dict(found.skipped),
    )


def _swept(condition: Condition, sweep: Sweep, setups: tuple[str, ...]) -> SweepFinding:
    return SweepFinding(
        condition=condition.label,
        target_form=condition.target_form,
        setups=setups,
        by_setup=tuple(tuple(map(number, row)) for row in accuracy_by_n(sweep).tolist()),
        mean=tuple(number(one.mean) for one in sweep.scores),
        chosen=(sweep.chosen.first, sweep.chosen.second),
        chosen_on_everybody=sweep.chosen.everybody,
    )
