"""Preference distribution (DEF, family 1): divergences, what infinite and missing ones count as, intervals."""

import numpy as np
import pytest
from scipy.stats import entropy

from analysis.bootstrap import limits, respondent_weights, reweighted_counts
from analysis.choices import Scales, counted, one_hot
from analysis.def_rules import SILENT, DefRules, def_rules
from analysis.distances import cumulative_kl, jensen_shannon, total_variation, wasserstein
from analysis.preference import dimension_means, mean_known, preference, question_distances, with_invalid
from tests.published_def import DIMENSIONS, published, rows

GOOD = def_rules()


def test_the_average_is_the_mean_of_nine_dimensions_in_15_of_the_19_published_rows():
    noted = published()["avg_check_mean_of_9_dims"]
    fails = set()
    for name, row in rows().items():
        names, means = dimension_means([row[dimension] for dimension in DIMENSIONS], list(DIMENSIONS))
        assert names == DIMENSIONS
        average = float(mean_known(means))
        assert average == pytest.approx(noted[name][0], abs=0.0006)
        if abs(average - row["Avg"]) > 0.0101:  # nine rounded figures and a rounded mean differ by no more
            fails.add(name)
    assert fails == {name for name, (_, _, word) in noted.items() if word == "MISMATCH"}
    assert fails == {
        "T1 Mistral-7B-Instruct|Cao et al. (2023)",
        "T1 Mistral-7B-Instruct|CCSV-single",
        "T1 Dolphin-2.9.1-Llama-3-8B|CCSV-single",
        "T2|Mistral-7B-Instruct",
    }


def test_mistrals_row_of_table_2_holds_with_the_evi_of_table_1():
    row = rows()["T2|Mistral-7B-Instruct"] | {"EVI": rows()["T1 Mistral-7B-Instruct|DEF (Ours)"]["EVI"]}
    assert np.mean([row[dimension] for dimension in DIMENSIONS]) == pytest.approx(row["Avg"], abs=0.005)


@pytest.mark.parametrize("seed", range(20))
def test_every_question_has_scipys_divergence(seed):
    rng = np.random.default_rng(seed)
    p, q = rng.integers(1, 50, (7, 5)), rng.integers(1, 50, (7, 5))
    found = preference(p, q, GOOD)
    assert found.questions == pytest.approx(np.array([entropy(a, b) for a, b in zip(p, q, strict=True)]))
    assert found.average == pytest.approx(found.questions.mean())
    cumulative = [
        np.sum(a / a.sum() * np.log(np.cumsum(a) / a.sum() / (np.cumsum(b) / b.sum())))
        for a, b in zip(p, q, strict=True)
    ]
    assert preference(p, q, def_rules("paper")).questions == pytest.approx(np.array(cumulative))


def test_the_printed_divergence_may_be_negative():
    # Everybody moves up: cumulative shares 1/2, 1 against 3/4, 1, so 1/2 ln(2/3) + 0.
    assert cumulative_kl([1, 1], [3, 1]) == pytest.approx(np.log(2 / 3) / 2)
    assert cumulative_kl([1, 0], [0, 1]) == np.inf


def test_infinite_and_missing_ones_count_as_the_largest_plus_one_or_not_at_all():
    simulated = [[1, 1], [1, 1], [0, 0], [2, 2]]
    human = [[1, 0], [3, 1], [1, 1], [0, 0]]  # nobody real was asked the last one
    kl = entropy([1, 1], [3, 1])
    found = preference(simulated, human, GOOD)
    assert found.questions[0] == np.inf
    assert np.isnan(found.questions[2:]).all()
    assert (found.infinite, found.missing, found.close) == (1, 1, 1)
    assert found.question_mean == pytest.approx((kl + 2 * (kl + 1)) / 3)
    assert preference(simulated, human, def_rules(infinite="left out")).question_mean == pytest.approx(kl)
    assert preference([[1, 1]], [[1, 0]], GOOD).question_mean == 1  # nothing is finite: 0 + 1


def test_smoothing_leaves_nothing_infinite_and_touches_only_what_is_offered():
    offered = Scales.of([2, 3]).offered
    found = preference([[1, 1, 0], [1, 0, 1]], [[1, 0, 0], [0, 1, 1]], def_rules(smoothing=0.1), offered=offered)
    first = entropy([0.6, 0.6], [1.1, 0.1])
    second = entropy([0.6, 0.1, 0.6], [0.1, 0.6, 0.6])
    assert found.questions == pytest.approx(np.array([first, second]))


def test_one_unreadable_answer_makes_the_codes_divergence_infinite():
    simulated, human = [[5, 5], [5, 5]], [[50, 50], [50, 50]]
    code = preference(simulated, human, def_rules("code"), invalid=[1, 0])
    assert code.questions.tolist() == [np.inf, 0.0]
    assert preference(simulated, human, GOOD, invalid=[1, 0]).questions.tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="invalid"):
        preference(simulated, human, def_rules("code"))
    assert with_invalid([[5, 5]], [1]).tolist() == [[5, 5, 1]]


def test_dimensions_count_the_same_however_many_questions_they_have():
    values = [1.0, 1.0, 1.0, 4.0]
    human = np.full((4, 2), 0.5)
    simulated = [[np.exp(0), 0]] * 4
    found = preference(simulated, human, GOOD, dimension=["EVI", "EVI", "EVI", None])
    assert found.dimensions == ("EVI",)
    assert dimension_means(values, ["EVI", "EVI", "EVI", "PDI"])[1].tolist() == [1, 4]
    by_questions = preference(simulated, human, def_rules(average="questions"), dimension=["EVI"] * 3 + ["PDI"])
    assert by_questions.average == by_questions.question_mean


def test_all_resamples_are_measured_at_once():
    rng = np.random.default_rng(3)
    choices, human = rng.integers(-1, 4, (60, 8)), rng.integers(0, 30, (8, 4))
    weights = respondent_weights(np.ones(60), rng, draws=25)
    counts = reweighted_counts(one_hot(choices, 4), weights).reshape(25, 8, 4)
    at_once = preference(counts, human, GOOD, dimension=list("aabbccdd"))
    singly = [preference(c, human, GOOD, dimension=list("aabbccdd")) for c in counts]
    assert at_once.average == pytest.approx(np.array([one.average for one in singly]))
    assert at_once.infinite.tolist() == [int(one.infinite) for one in singly]
    low, high = limits(at_once.questions)
    assert low.shape == (8,)
    assert (low <= high).all()


def test_other_distances_go_question_by_question_with_scales_of_their_own():
    scales = Scales.of([2, 3])
    simulated, human = [[1, 1, 0], [0, 0, 2]], [[1, 0, 0], [2, 0, 0]]
    assert question_distances(simulated, human, total_variation).tolist() == [0.5, 1.0]
    w1 = question_distances(simulated, human, lambda p, q: wasserstein(p, q, scales.codes))
    assert w1.tolist() == [0.5, 1.0]  # half of the way on two options, all of it on three
    js = question_distances([[0, 0], [1, 1]], [[1, 1], [1, 1]], jensen_shannon)
    assert np.isnan(js[0])
    assert js[1] == 0
    with pytest.raises(ValueError, match="without a score"):
        wasserstein([[1, 1, 1]], [[1, 0, 0]], scales.codes[:1])


def test_choices_are_counted_with_weights():
    choices = [[0, 1], [0, -1], [1, 1]]
    assert counted(choices, 2, [1, 2, 5]).tolist() == [[3, 5], [0, 6]]
    with pytest.raises(ValueError, match="column from 0 to 1"):
        counted([[2]], 2)


def test_resampled_weights_keep_people_whole_and_every_draw_as_large_as_the_sample():
    weights = respondent_weights([1.0, 2.0, 4.0], np.random.default_rng(1), draws=50)
    assert ((weights / [1, 2, 4]).sum(axis=1) == 3).all()
    with pytest.raises(ValueError, match="one respondent"):
        respondent_weights([], np.random.default_rng(1))


def test_limits_are_drawn_values_and_leave_out_what_is_not_known():
    draws = np.arange(1.0, 1001)[:, None].repeat(2, axis=1)
    draws[500:, 1] = np.nan
    low, high = limits(draws)
    assert (low.tolist(), high.tolist()) == ([25, 13], [975, 488])
    assert np.isnan(limits(np.full((5, 1), np.nan))[0]).all()


def test_profiles_are_their_flags_and_flags_override_them():
    assert def_rules("paper").kl == "cumulative"
    assert def_rules("paper", kl="ordinary").kl == "ordinary"
    assert def_rules("code").model_dump(exclude={"profile"}) != def_rules().model_dump(exclude={"profile"})
    assert all(set(flags) <= set(DefRules.model_fields) for flags in SILENT.values())
    with pytest.raises(ValueError, match="paper, code"):
        def_rules("paperr")  # type: ignore[arg-type]
