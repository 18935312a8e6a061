"""Series of models side by side: whether one is nearer to people than another, condition by condition."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal

import numpy as np

from analysis.choices import Floats
from analysis.compared import ConditionRow, SeriesFigure
from analysis.multiplicity import benjamini_hochberg, holm
from analysis.series import TTest, paired_t_test, t_test
from demoscope.errors import DemoscopeError

Test = Literal["pooled", "welch", "paired"]
TESTS: tuple[Test, ...] = ("pooled", "welch", "paired")
"""The published test, Welch's, and the one that compares each value dimension with itself."""


def read_series(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Series as typed, a name and its models.

    Raises
    ------
    DemoscopeError
        If one has no name or no model, a name comes twice, or there is only one.

    >>> read_series(["mistral=m7b,m8x7b", "llama=l8b"])
    {'mistral': ('m7b', 'm8x7b'), 'llama': ('l8b',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, _, models = (part.strip() for part in text.partition("="))
        members = tuple(model.strip() for model in models.split(",") if model.strip())
        if not name or not members or len(set(members)) < len(members):
            raise DemoscopeError(f"{text!r} is no series of models; write a name and its models: mistral=m7b,m8x7b")
        if name in found:
            raise DemoscopeError(f"The series {name!r} is there twice; put all its models into one.")
        found[name] = members
    if len(found) == 1:
        raise DemoscopeError(
            f"One series, {next(iter(found))!r}, has nothing to be compared with; add --series again."
        )
    return found


def series_tests(rows: Sequence[ConditionRow], series: Mapping[str, Sequence[str]]) -> tuple[SeriesFigure, ...]:
    """Every two series in every condition that all their models were asked under.

    A value is one model's mean KL in one value dimension, as published: 3 models and 9 dimensions are 27 values. They
    share models and questions, so p of the independent tests is optimistic. The paired test takes one value a
    dimension, the mean over the series' models.

    Parameters
    ----------
    rows : sequence of ConditionRow
        Conditions side by side. Where a model was asked twice under a condition, the first counts.
    series : mapping of str to sequence of str
        Models of each series, by the names that rows have.

    Returns
    -------
    tuple of SeriesFigure
        p-values of each test are adjusted for all comparisons made by it.

    Raises
    ------
    DemoscopeError
        If a model is in no row, or no condition gives two series two value dimensions that people answered.
    """
    known = {row.model for row in rows}
    for name, models in series.items():
        for model in models:
            if model not in known:
                raise DemoscopeError(
                    f"The series {name!r} has the model {model!r}, which was not asked; asked were "
                    f"{', '.join(sorted(known))}."
                )
    compared = []
    for condition in dict.fromkeys((row.condition, row.language, row.culture) for row in rows):
        asked: dict[str, ConditionRow] = {}
        for row in rows:
            if (row.condition, row.language, row.culture) == condition and row.dimensions:
                asked.setdefault(row.model, row)
        whole = {name: [asked[m] for m in models] for name, models in series.items() if set(models) <= asked.keys()}
        for first, second in combinations(whole, 2):
            ours, theirs = _values(whole[first], whole[second])
            if ours.shape[1] >= 2:
                compared += [(condition[0], first, second, test, ours, theirs) for test in TESTS]
    if not compared:
        raise DemoscopeError(
            "Series are compared by their distance from people in two value dimensions or more. No condition has it "
            "for all models of two series: they need a human reference and the same conditions."
        )
    tests = [_tested(ours, theirs, test) for *_, test, ours, theirs in compared]
    adjusted = [(1.0, 1.0)] * len(tests)
    for kind in TESTS:
        places = [n for n, (each, found) in enumerate(zip(compared, tests, strict=True)) if found and each[3] == kind]
        p = [found.p for found in (tests[n] for n in places) if found]
        for place, strict, rate in zip(places, holm(p).tolist(), benjamini_hochberg(p).tolist(), strict=True):
            adjusted[place] = (strict, rate)
    return tuple(
        SeriesFigure(
            condition=condition,
            first=first,
            second=second,
            test=test,
            means=(float(ours.mean()), float(theirs.mean())),
            values=(ours.shape[1],) * 2 if test == "paired" else (ours.size, theirs.size),
            t=found.t if found else None,
            df=found.df if found else None,
            standard_error=found.standard_error if found else None,
            p=found.p if found else None,
            holm=corrected[0] if found else None,
            benjamini_hochberg=corrected[1] if found else None,
        )
        for (condition, first, second, test, ours, theirs), found, corrected in zip(
            compared, tests, adjusted, strict=True
        )
    )


def _values(first: Sequence[ConditionRow], second: Sequence[ConditionRow]) -> tuple[Floats, Floats]:
    """Mean KL (n_models, n_dimensions) of both series, in the dimensions that all their models have."""
    everybody = [*first, *second]
    names = [
        name
        for name in first[0].dimensions
        if all(np.isfinite(row.dimensions.get(name, np.nan)) for row in everybody)
    ]
    ours, theirs = (np.array([[row.dimensions[name] for name in names] for row in side]) for side in (first, second))
    return ours, theirs


def _tested(ours: Floats, theirs: Floats, test: Test) -> TTest | None:
    """One test; ``None`` where values do not vary, so that nothing can be said of chance."""
    try:
        if test == "paired":
            return paired_t_test(ours.mean(axis=0), theirs.mean(axis=0))
        return t_test(ours.ravel(), theirs.ravel(), test)
    except ValueError:
        return None
