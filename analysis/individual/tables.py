"""The tables of the paper, for any models and any people: data frames in percent and percentage points.

Numbers in the names are those of the published tables (Jiang et al. 2024, arXiv:2410.03868).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.individual.evaluated import Evaluated
from analysis.individual.findings import Evaluation, SystemFinding
from analysis.individual.predictions import IN_ORDER, Condition
from demoscope.errors import DocumentError
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
        row = rows.setdefault(f"{condition.model}, {condition.target_form}", {})
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
    """Form of the demonstrations by form of the targets."""
    import pandas as pd

    rows = {
        (f"{one.model}: {one.condition}", told): {f"{asked} targets": cell.mean for asked, cell in row.items()}
        for one in evaluation.forms
        for told, row in one.accuracy.items()
    }
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


def figure_8(evaluation: Evaluation, model: str, form: str = "polar") -> "pd.DataFrame":
    """Accuracy in each category (rows) of a model that knows people by one category (columns)."""
    import pandas as pd

    found = [one for one in evaluation.influence if one.model == model and one.target_form == form]
    if not found:
        return pd.DataFrame()
    return pd.DataFrame(
        found[0].accuracy, index=list(found[0].targets), columns=list(found[0].demonstrations), dtype=float
    )


def by_number(evaluation: Evaluation) -> "pd.DataFrame":
    """Accuracy by number of demonstrations, with its limits: a row a system (figures 4 and 6)."""
    import pandas as pd

    rows = [
        {
            "model": one.condition.model,
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
    return pd.DataFrame(rows)


def by_person(everybody: Sequence[Evaluated]) -> "pd.DataFrame":
    """Accuracy of every person under every system; empty for somebody who does not count."""
    import pandas as pd

    columns = {one.condition.name: pd.Series(one.by_person, index=list(one.people), dtype=float) for one in everybody}
    return pd.DataFrame(columns).rename_axis("person")


def tables(evaluation: Evaluation, everybody: Sequence[Evaluated]) -> "Iterator[tuple[str, pd.DataFrame]]":
    """Name of a file -> every table that there is something for."""
    yield "accuracy", table_4(evaluation)
    yield "people", by_person(everybody)
    for form in IN_ORDER:
        yield f"categories_{form}", figure_2(evaluation, form)
    yield "number_of_demonstrations", by_number(evaluation)
    yield "statements_and_demographics", table_5(evaluation)
    if evaluation.inequity:
        yield "inequity", table_2(evaluation)
        yield "inequity_by_dimension", table_16(evaluation)
        dimensions = dict.fromkeys(each.dimension for one in evaluation.inequity for each in one.dimensions)
        for dimension in dimensions:
            yield f"groups_{file_name(dimension)}", figure_7(evaluation, dimension)
    if evaluation.forms:
        yield "crossed_forms", table_14(evaluation)
    for one in evaluation.influence:
        yield f"influence_{file_name(one.model)}_{one.target_form}", figure_8(evaluation, one.model, one.target_form)
    if evaluation.sweeps:
        yield "neighbours", table_20(evaluation)


def write_tables(evaluation: Evaluation, everybody: Sequence[Evaluated], folder: Path) -> list[Path]:
    """Write every table into a folder, as CSV; returns the files.

    Raises
    ------
    DocumentError
        If the folder cannot be written to.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables(evaluation, everybody):
            if table.size:
                table.to_csv(folder / f"{name}.csv", lineterminator="\n")
                written.append(folder / f"{name}.csv")
    except OSError as error:
        raise DocumentError(f"{folder}: the tables cannot be written ({error.strerror or error}).") from None
    return written


def file_name(text: str) -> str:
    """A text as part of the name of a file.

    >>> file_name("Qwen/Qwen2-72B: x")
    'Qwen_Qwen2-72B_x'
    """
    return "_".join("".join(letter if letter.isalnum() or letter in "-." else " " for letter in text).split())


def _in_own_form(systems: Sequence[SystemFinding]) -> list[SystemFinding]:
    return [one for one in systems if one.condition.in_own_form]


def _without_form(condition: Condition) -> str:
    return f"{condition.model}: {condition.label.removeprefix(condition.target_form + ', ')}"
