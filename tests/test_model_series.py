"""Series of models in `compare`: values by model and dimension, tests condition by condition."""

import numpy as np
import pytest
from scipy.stats import ttest_ind, ttest_rel

from analysis.compared import ConditionRow
from analysis.model_series import read_series, series_tests
from analysis.multiplicity import holm
from demoscope.errors import DemoscopeError
from tests.results import MadeUp
from tests.test_cli import demoscope

NAMES = ("EVI", "IDV", "PDI")
KL = {"a": (0.4, 0.6, 0.9), "b": (0.5, 0.8, 1.1), "c": (0.2, 0.5, 0.6), "d": (0.3, 0.4, 0.8)}


def row(model: str, condition: str = "us", values: tuple[float, ...] | None = None) -> ConditionRow:
    known = dict(zip(NAMES, values or KL[model], strict=True)) if values != () else {}
    return ConditionRow.model_construct(
        model=model, condition=condition, language="en", culture=None, dimensions=known
    )


def test_values_are_those_of_every_model_and_dimension_and_pairs_are_dimensions():
    found = series_tests([row(model) for model in KL], {"one": ("a", "b"), "other": ("c", "d")})
    assert [each.test for each in found] == ["pooled", "welch", "paired"]
    pooled, welch, paired = found
    one, other = (np.array([KL[model] for model in models]) for models in ("ab", "cd"))
    assert (pooled.values, paired.values) == ((6, 6), (3, 3))
    by_scipy = ttest_ind(one.ravel(), other.ravel())
    assert (pooled.t, pooled.df, pooled.p) == pytest.approx((by_scipy.statistic, 10, by_scipy.pvalue))
    assert welch.p == pytest.approx(ttest_ind(one.ravel(), other.ravel(), equal_var=False).pvalue)
    assert paired.p == pytest.approx(ttest_rel(one.mean(axis=0), other.mean(axis=0)).pvalue)
    assert pooled.means == pytest.approx((4.3 / 6, 2.8 / 6))


def test_each_test_is_corrected_for_all_conditions_it_was_made_in():
    rows = [row(model) for model in KL] + [row(model, "cn", tuple(2 * v for v in KL[model])) for model in KL]
    rows.append(row("a", "us", (9.0, 9.0, 9.0)))  # a second one of the same model under the same condition
    found = [each for each in series_tests(rows, {"one": ("a", "b"), "other": ("c", "d")}) if each.test == "paired"]
    assert [each.condition for each in found] == ["us", "cn"]
    assert [each.holm for each in found] == pytest.approx(holm([each.p or 0 for each in found]).tolist())


def test_a_dimension_that_one_model_lacks_and_values_that_do_not_vary_are_told_apart():
    rows = [row("a", values=(0.5, 0.5, float("nan"))), row("c", values=(0.5, 0.5, 0.7))]
    for each in series_tests(rows, {"one": ("a",), "other": ("c",)}):
        assert (each.t, each.p, each.holm) == (None, None, None)
        assert each.values == (2, 2)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["mistral"], "write a name and its models"),
        (["a=x,x", "b=y"], "no series of models"),
        (["a=x", "a=y"], "there twice"),
        (["a=x"], "nothing to be compared with"),
    ],
)
def test_a_series_that_is_none_is_told(texts, said):
    with pytest.raises(DemoscopeError, match=said):
        read_series(texts)


def test_unknown_models_and_missing_people_are_told():
    with pytest.raises(DemoscopeError, match="'z', which was not asked; asked were a, c"):
        series_tests([row("a"), row("c")], {"one": ("a",), "other": ("z",)})
    with pytest.raises(DemoscopeError, match="need a human reference"):
        series_tests([row("a", values=()), row("c", values=())], {"one": ("a",), "other": ("c",)})


def test_compare_takes_series_from_the_command_line(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite")
    made.insert("models", [(2, "second", "scripted", "{}", None, None, None)])
    made.cell(1)
    made.insert("cells", [(2, "def x second", "def", 2, "def", "demoscope", "en", None, None, "{}", "[]", None)])
    for number, dimension in enumerate(NAMES, start=1):
        made.question(number, ["No", "Yes"])
        made.change("UPDATE questions SET dimension = ? WHERE id = ?", dimension, number)
        made.humans(number, {1: 10 * number, 2: 40})
    made.people([{}] * 4)
    made.insert("respondents", [(who + 4, 2, who, "", "{}", 0) for who in range(1, 5)])
    made.answers([(who, q, "answered", [1 if who <= q else 2]) for who in range(1, 5) for q in (1, 2, 3)])
    made.answers([(who, q, "answered", [1 if who <= 5 else 2]) for who in range(5, 9) for q in (1, 2, 3)])
    shown = demoscope("compare", made.path, "--series", "one=model", "--series", "two=second")
    assert shown.returncode == 0, shown.stderr
    assert "one and two · def" in shown.stdout
    assert "paired (n 3, 3): t " in shown.stdout
    refused = demoscope("compare", made.path, "--series", "one=model")
    assert refused.returncode == 2
