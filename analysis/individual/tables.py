"""The tables of the paper, for any models and any people: data frames in percent and percentage points.

Numbers in the names are those of the published tables (Jiang et al. 2024, arXiv:2410.03868).
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from analysis.individual.comparisons import are_rivals
from analysis.individual.evaluated import Evaluated
from analysis.individual.findings import Evaluation, Influence, SystemFinding
from analysis.individual.predictions import IN_ORDER, Condition
from surveys.statements import FORMS, KnownAnswers

if TYPE_CHECKING:
    import pandas as pd


def table_1(known: KnownAnswers) -> "pd.Series[float]":
    """How large the catalogue is: questions, statements, people, known answers, combinations of statements."""
    import pandas as pd

    valid = known.valid()
    found: dict[str, float] = {"questions": len(known.sets.questions)}
    for form in FORMS:
        found[f"{form} statements"] = float(known.sets.sizes(form).sum())
        found[f"{form} combinations, log10"] = float(np.log10(known.sets.sizes(form)).sum())
    found["people"] = len(known)
    found["known answers"] = float(valid.sum())
    found["known answers of a person, mean"] = float(valid.mean())
    found["known answers of a person, standard deviation"] = float(valid.std())
    found["people with all answers"] = float((valid == len(known.sets.questions)).sum())
    return pd.Series(found, name="value")


def table_2(evaluation: Evaluation) -> "pd.DataFrame":
    """Sigma-inequity of every system, with what chance makes of it."""
    import pandas as pd

    rows = {
        one.name: {"sigma": one.score, "noise": one.noise, "corrected": one.corrected, "null": one.null, "p": one.p}
        for one in evaluation.inequity
    }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=float)


def table_4(evaluation: Evaluation) -> "pd.DataFrame":
    """Accuracy by setup in both forms, their averages, and over both forms (tables 4 and 15).

    A row a system, polar and refined put together; ``all`` is there when both forms are.
    """
    import pandas as pd

    rows: dict[str, dict[str, float | None]] = {}
    for one in _in_own_form(evaluation.systems):
        row = rows.setdefault(_without_form(one.condition), {})
        form = one.condition.target_form
        row |= {f"{form} {setup.name}": setup.mean for setup in one.setups}
        row[f"{form} average"] = one.overall.mean
    for both in evaluation.both:
        rows[both.name]["all"] = both.all.mean
    setups = list(dict.fromkeys(name for row in rows.values() for name in row))
    columns = [name for form in IN_ORDER for name in setups if name.startswith(form)]
    columns += ["all"] if evaluation.both else []
    return pd.DataFrame.from_dict(rows, orient="index", dtype=float).reindex(columns=columns)


def table_5(evaluation: Evaluation) -> "pd.DataFrame":
    """Models known by statements and known by demographics alone, side by side, and the mean of the two."""
    import pandas as pd

    rows: dict[str, dict[str, float | None]] = {}
    for one in _in_own_form(evaluation.systems):
        condition = one.condition
        if one.baseline or condition.categories is not None:
            continue
        row = rows.setdefault(f"{_called(condition)}, {condition.target_form}", {})
        if condition.demographics and not condition.demonstrations[1]:
            row["demographics"] = one.overall.mean
        elif condition.demonstrations[1] and not condition.demographics:
            row[f"statements ({condition.demonstrations[1]})"] = one.overall.mean
    table = pd.DataFrame.from_dict(rows, orient="index", dtype=float)
    if "demographics" not in table:
        return table.iloc[0:0]
    for name in [name for name in table if str(name).startswith("statements")]:
        table[f"mean with {name}"] = (table[name] + table["demographics"]) / 2
    return table


def table_14(evaluation: Evaluation) -> "pd.DataFrame":
    """Form of the demonstrations by form of the targets: accuracy in each setup, and over all of them."""
    import pandas as pd

    rows: dict[tuple[str, str], dict[str, float | None]] = {}
    for one in evaluation.forms:
        for told, cells in one.accuracy.items():
            row = rows.setdefault((f"{one.model}: {one.condition}", told), {})
            for asked, cell in cells.items():
                row |= {f"{asked} {setup.name}": setup.mean for setup in one.setups[told][asked]}
                row[f"{asked} average"] = cell.mean
    table = pd.DataFrame.from_dict(rows, orient="index", dtype=float)
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["system", "demonstrations"]) if rows else table.index
    return table


def table_16(evaluation: Evaluation, names: Mapping[str, str] | None = None) -> "pd.DataFrame":
    """Sigma by dimension and system, with the average over dimensions below.

    Parameters
    ----------
    names : mapping, optional
        What tables call a dimension.
    """
    import pandas as pd

    columns: dict[str, dict[str, float | None]] = {}
    for one in evaluation.inequity:
        columns[one.name] = {(names or {}).get(each.dimension, each.dimension): each.sigma for each in one.dimensions}
        columns[one.name]["Average"] = one.score
    table = pd.DataFrame(columns, dtype=float)
    return table.reindex([*(row for row in table.index if row != "Average"), "Average"])


def table_19(
    evaluation: Evaluation, first: str, second: str, names: Mapping[str, str] | None = None
) -> "pd.DataFrame":
    """Sigma by dimension of two systems, such as a model before and after training, and what changed."""
    table = table_16(evaluation, names)[[first, second]].copy()
    table["change"] = table[second] - table[first]
    return table


def inequity_changes(evaluation: Evaluation) -> "pd.DataFrame":
    """Table 19 for every two models in the same condition: a row a dimension, and the average of all."""
    import pandas as pd

    models = [one for one in evaluation.systems if not one.baseline]
    there = {one.name for one in evaluation.inequity}
    parts = {}
    for first, second in combinations(models, 2):
        if are_rivals(first.condition, second.condition) and {first.name, second.name} <= there:
            parts[first.condition.model, second.condition.model, first.condition.label] = table_19(
                evaluation, first.name, second.name
            ).set_axis(["first", "second", "change"], axis="columns")
    if not parts:
        return pd.DataFrame()
    return pd.concat(parts, names=["first model", "second model", "condition", "dimension"])


def table_20(evaluation: Evaluation) -> "pd.DataFrame":
    """Accuracy of the nearest N by setup, for every N; both forms and their mean where both are."""
    import pandas as pd

    parts: dict[tuple[str, str], Sequence[float | None]] = {}
    for one in evaluation.sweeps:
        for place, setup in enumerate(one.setups):
            parts[one.condition, setup] = [row[place] for row in one.by_setup]
        parts[one.condition, "average"] = one.mean
    table = pd.DataFrame({key: pd.Series(np.array(values, np.float64)) for key, values in parts.items()})
    table.index = pd.Index(range(1, len(table) + 1), name="N")
    return table


def figure_2(evaluation: Evaluation, form: str = "polar") -> "pd.DataFrame":
    """Accuracy by category and system in one form, with all targets below."""
    import pandas as pd

    columns = {
        one.name: {each.name: each.mean for each in one.categories} | {"Overall": one.overall.mean}
        for one in evaluation.systems
        if one.condition.target_form == form and one.condition.categories is None
    }
    table = pd.DataFrame(columns, dtype=float)
    return table.reindex([*(row for row in table.index if row != "Overall"), "Overall"])


def figure_7(evaluation: Evaluation, dimension: str) -> "pd.DataFrame":
    """Accuracy of every system among the people of each level of a dimension, such as the continent."""
    import pandas as pd

    overall = {one.name: one.overall.mean for one in evaluation.systems}
    rows = {
        one.name: {**each.groups, "All": overall[one.name]}
        for one in evaluation.inequity
        for each in one.dimensions
        if each.dimension == dimension
    }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=float)


def figure_8(found: Influence) -> "pd.DataFrame":
    """Accuracy in each category (rows) of a model that knows people by one category (columns)."""
    import pandas as pd

    return pd.DataFrame(found.accuracy, index=list(found.targets), columns=list(found.demonstrations), dtype=float)


def by_number(evaluation: Evaluation) -> "pd.DataFrame":
    """Accuracy by number of demonstrations, with its limits: a row a system (figures 4 and 6)."""
    import pandas as pd

    rows = [
        {
            "model": _called(one.condition),
            "baseline": one.baseline,
            "form": one.condition.target_form,
            "demographics": one.condition.demographics,
            "least": one.condition.demonstrations[0],
            "most": one.condition.demonstrations[1],
            "accuracy": one.overall.mean,
            "low": one.overall.normal[0] if one.overall.normal else None,
            "high": one.overall.normal[1] if one.overall.normal else None,
        }
        for one in _in_own_form(evaluation.systems)
        if one.condition.categories is None
    ]
    columns = ["model", "baseline", "form", "demographics", "least", "most", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def figure_6(evaluation: Evaluation, form: str = "polar") -> "pd.DataFrame":
    """Accuracy of every model (rows), trained as its name says, by the number of demonstrations told (columns)."""
    import pandas as pd

    rows: dict[str, dict[str, float | None]] = {}
    for one in sorted(_in_own_form(evaluation.systems), key=lambda one: one.condition.demonstrations):
        condition = one.condition
        plain = not (one.baseline or condition.demographics or condition.categories)
        if plain and condition.target_form == form:
            least, most = condition.demonstrations
            told = str(most) if least == most else f"{least}-{most}"
            rows.setdefault(_called(condition), {})[told] = one.overall.mean
    return pd.DataFrame.from_dict(rows, orient="index", dtype=float)


def by_person(everybody: Sequence[Evaluated]) -> "pd.DataFrame":
    """Accuracy of every person under every system; empty for somebody who does not count."""
    import pandas as pd

    columns = {one.condition.name: pd.Series(one.by_person, index=list(one.people), dtype=float) for one in everybody}
    return pd.DataFrame(columns).rename_axis("person")


def _in_own_form(systems: Sequence[SystemFinding]) -> list[SystemFinding]:
    return [one for one in systems if one.condition.in_own_form]


def _called(condition: Condition) -> str:
    """A model, with what else tells its conditions apart."""
    return f"{condition.model}, {condition.other}" if condition.other else condition.model


def _without_form(condition: Condition) -> str:
    return f"{condition.model}: {condition.label.removeprefix(condition.target_form + ', ')}"
