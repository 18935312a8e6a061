"""Systems side by side: numbers of demonstrations, demographics, baselines, categories, forms."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

from analysis.individual.accuracy import Scores
from analysis.individual.effects import Difference, adjusted, difference
from analysis.individual.evaluated import Evaluated, accuracy_of, apart_from_form, number
from analysis.individual.findings import Accuracy, CrossedForms, EffectFinding, Family, Influence
from analysis.individual.intervals import Resamples
from analysis.individual.predictions import IN_ORDER, Condition


def effects(everybody: Sequence[Evaluated], resamples: Resamples | None) -> list[EffectFinding]:
    """Differences between conditions of a model, between models, and of models to baselines, with both tests."""
    models = [one for one in everybody if not one.baseline]
    pairs = [*_pairs(models), *_between_models(models), *_against_baselines(everybody)]
    found: list[EffectFinding] = []
    for family in dict.fromkeys(family for family, _, _ in pairs):
        inside = [(first, second) for name, first, second in pairs if name == family]
        tested = [
            difference((first.people, second.people), (first.by_person, second.by_person), resamples)
            for first, second in inside
        ]
        between, within = adjusted(tested)
        found += [
            _effect(family, *pair, one, float(p), float(q))
            for pair, one, p, q in zip(inside, tested, between, within, strict=True)
        ]
    return found


def _effect(
    family: Family, first: Evaluated, second: Evaluated, one: Difference, between: float, within: float
) -> EffectFinding:
    return EffectFinding(
        family=family,
        first=first.condition.name,
        second=second.condition.name,
        people=one.people,
        difference=number(one.difference),
        interval=one.interval,
        p_between=number(one.p_between),
        p_between_holm=number(between),
        p_within=number(one.p_within),
        p_within_holm=number(within),
    )


def _pairs(models: Sequence[Evaluated]) -> list[tuple[Family, Evaluated, Evaluated]]:
    """Conditions of a model that differ in the number of demonstrations, in demographics, or in which of the two."""
    pairs: list[tuple[Family, Evaluated, Evaluated]] = []
    series: dict[tuple[Any, ...], dict[tuple[tuple[int, int], bool], Evaluated]] = {}
    for one in models:
        condition = one.condition
        if condition.categories is None and condition.in_own_form:
            alike = condition.model, condition.target_form, condition.other
            series.setdefault(alike, {})[condition.demonstrations, condition.demographics] = one
    for found in series.values():
        numbers = sorted({demonstrations for demonstrations, _ in found})
        for told in (False, True):
            there = [n for n in numbers if (n, told) in found]
            pairs += [("demonstrations", found[a, told], found[b, told]) for a, b in pairwise(there)]
        pairs += [
            ("demographics", found[n, False], found[n, True]) for n in numbers if {(n, False), (n, True)} <= {*found}
        ]
        only = found.get(((0, 0), True))
        if only is not None:
            pairs += [
                ("statements or demographics", only, found[n, False]) for n in numbers if n[1] and (n, False) in found
            ]
    return pairs


def are_rivals(first: Condition, second: Condition) -> bool:
    """Whether two models were asked in the same condition."""
    return first.label == second.label and first.model != second.model


def _between_models(models: Sequence[Evaluated]) -> list[tuple[Family, Evaluated, Evaluated]]:
    """Every two models in the same condition, such as one before and after training."""
    pairs = combinations(models, 2)
    return [("model", first, second) for first, second in pairs if are_rivals(first.condition, second.condition)]


def _against_baselines(everybody: Sequence[Evaluated]) -> list[tuple[Family, Evaluated, Evaluated]]:
    """Every model beside every baseline that was given the same."""

    def given(condition: Condition) -> Condition:
        return condition.model_copy(update={"model": "", "demographics": False})

    baselines = [one for one in everybody if one.baseline]
    return [
        ("baseline", baseline, model)
        for model in everybody
        if not model.baseline
        for baseline in baselines
        if given(baseline.condition) == given(model.condition)
    ]


def influence(models: Sequence[Evaluated]) -> list[Influence]:
    """Category by category, of models whose demonstrations come from one category at a time."""
    tables: dict[tuple[Any, ...], dict[str, Evaluated]] = {}
    for one in models:
        condition = one.condition
        if condition.categories is not None and len(condition.categories) == 1:
            alike = condition.model, condition.target_form, condition.demographics, condition.other
            tables.setdefault(alike, {})[condition.categories[0]] = one
    found = []
    for (model, form, told, other), columns in tables.items():
        rows = tuple(dict.fromkeys(category for one in columns.values() for category in one.categories))
        found.append(
            Influence(
                model=model,
                condition=", ".join((form, *(["demographics"] if told else []), *([other] if other else []))),
                target_form=form,
                targets=rows,
                demonstrations=tuple(columns),
                accuracy=tuple(
                    tuple(number(_mean_in(one.categories.get(row))) for one in columns.values()) for row in rows
                ),
            )
        )
    return found


def crossed(models: Sequence[Evaluated], resamples: Resamples | None) -> list[CrossedForms]:
    """Forms of demonstrations by forms of targets, of models that were asked with both unlike."""
    tables: dict[tuple[Any, ...], dict[tuple[str, str], Evaluated]] = {}
    for one in models:
        condition = one.condition
        if condition.demonstrations[1]:
            forms = condition.demonstration_form, condition.target_form
            tables.setdefault(apart_from_form(condition), {})[forms] = one
    found = []
    for cells in tables.values():
        if all(told == asked for told, asked in cells):
            continue
        any_one = next(iter(cells.values())).condition
        label = any_one.model_copy(update={"demonstration_form": any_one.target_form}).label
        accuracy: dict[str, dict[str, Accuracy]] = {}
        setups: dict[str, dict[str, tuple[Accuracy, ...]]] = {}
        for told in IN_ORDER:
            for asked in IN_ORDER:
                if (told, asked) in cells:
                    cell = cells[told, asked]
                    accuracy.setdefault(told, {})[asked] = accuracy_of("", cell.people, cell.by_person, resamples)
                    setups.setdefault(told, {})[asked] = cell.setups(resamples)
        label = label.removeprefix(f"{any_one.target_form}, ")
        found.append(CrossedForms(model=any_one.model, condition=label, accuracy=accuracy, setups=setups))
    return found


def _mean_in(found: Scores | None) -> float:
    return float("nan") if found is None else found.mean
