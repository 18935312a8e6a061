"""Model series (DEF, family 5): the published t-test, Welch's, a paired one, and corrections for many."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, ttest_ind, ttest_rel

from analysis.multiplicity import benjamini_hochberg, holm
from analysis.series import compare_series, paired_t_test, t_test, t_test_from_summaries
from tests.published_def import published

N = 27  # three models times nine dimension means


@pytest.mark.parametrize("culture", ["U.S.", "Chinese"])
def test_table_3_follows_from_its_summaries(culture):
    table = published()["table3"][culture]
    llama, mistral = ((table[name]["mean"], table[name]["sd"], N) for name in ("Llama-3-series", "Mistral-series"))
    found = t_test_from_summaries(llama, mistral)
    assert found.df == table["df"] == 2 * N - 2
    assert found.standard_error == pytest.approx(table["sed"], abs=0.005)
    assert found.t == pytest.approx(table["t"], abs=0.015)  # the summaries are rounded to two places
    assert found.p == pytest.approx(table["p"], abs=0.00015)
    for name in ("Llama-3-series", "Mistral-series"):
        assert table[name]["sd"] / np.sqrt(N) == pytest.approx(table[name]["sem"], abs=0.005)


@pytest.mark.parametrize("culture", ["U.S.", "Chinese"])
def test_the_published_t_lies_among_those_that_its_rounded_summaries_allow(culture):
    table = published()["table3"][culture]
    one, other = (table[name] for name in ("Llama-3-series", "Mistral-series"))
    half = 0.005
    least = t_test_from_summaries(
        (one["mean"] - half, one["sd"] + half, N), (other["mean"] + half, other["sd"] + half, N)
    )
    most = t_test_from_summaries(
        (one["mean"] + half, one["sd"] - half, N), (other["mean"] - half, other["sd"] - half, N)
    )
    assert least.t < table["t"] < most.t
    assert most.p < table["p"] < least.p


@pytest.mark.parametrize("seed", range(20))
def test_tests_from_data_are_scipys(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(1, 1, 27), rng.normal(1.3, 2, 27)
    pooled, welch, paired = ttest_ind(a, b), ttest_ind(a, b[:9], equal_var=False), ttest_rel(a, b)
    ours = t_test(a, b, "pooled")  # equal sizes: the published formula is the pooled one
    assert (ours.t, ours.p) == pytest.approx((pooled.statistic, pooled.pvalue))
    ours = t_test(a, b[:9])
    assert (ours.t, ours.p, ours.df) == pytest.approx((welch.statistic, welch.pvalue, welch.df))
    assert ours.limits() == pytest.approx(tuple(welch.confidence_interval()))
    ours = paired_t_test(a, b)
    assert (ours.t, ours.p) == pytest.approx((paired.statistic, paired.pvalue))


def test_pairs_with_a_gap_are_left_out():
    assert paired_t_test([1.0, 2.0, np.nan, 4.0], [2.0, 2.5, 9.0, 7.0]).df == 2


def test_corrections_are_those_done_by_hand_and_scipys():
    assert holm([0.01, 0.02, 0.03, 0.9]) == pytest.approx([0.04, 0.06, 0.06, 0.9])  # 4 p, 3 p, max(2 * 0.03, 0.06), p
    assert holm([0.6, 0.7]).tolist() == [1, 1]
    p = np.random.default_rng(1).uniform(size=30)
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))
    assert (holm(p) >= benjamini_hochberg(p)).all()
    assert benjamini_hochberg([]).tolist() == holm([]).tolist() == []
    with pytest.raises(ValueError, match="from 0 to 1"):
        holm([1.2])


def test_every_pair_of_series_is_compared_and_corrected_together():
    rng = np.random.default_rng(4)
    values = {name: rng.normal(mean, 0.3, 27) for name, mean in (("llama", 1.3), ("mistral", 0.9), ("other", 0.95))}
    for kind in ("pooled", "welch", "paired"):
        found = compare_series(values, kind)  # type: ignore[arg-type]
        assert [(row.first, row.second) for row in found] == [
            ("llama", "mistral"),
            ("llama", "other"),
            ("mistral", "other"),
        ]
        assert [row.holm for row in found] == pytest.approx(holm([row.test.p for row in found]))
        assert all(row.test.p <= row.benjamini_hochberg <= row.holm for row in found)


def test_what_cannot_be_tested_is_refused():
    with pytest.raises(ValueError, match="two values"):
        t_test_from_summaries((1, 1, 1), (2, 1, 5))
    with pytest.raises(ValueError, match="spread"):
        t_test([1.0, 1.0], [2.0, 2.0])
    with pytest.raises(ValueError, match="differ"):
        paired_t_test([1.0, 2.0], [2.0, 3.0])
    with pytest.raises(ValueError, match="two series"):
        compare_series({"a": [1, 2]})
