"""Best and worst configurations: scores by hand, and small cells that do not win by luck."""

import numpy as np
import pytest

from analysis.configurations import configurations, respondent_scores


def test_a_score_is_the_mean_human_probability_of_what_was_chosen():
    human = [[6, 3, 1], [0, 0, 0], [1, 1, 2]]  # nobody real answered the second question
    scores, answers = respondent_scores([[0, 2, 2], [1, 0, -1], [-1, 1, -1]], human)
    assert scores[:2] == pytest.approx([(0.6 + 0.5) / 2, 0.3])
    assert np.isnan(scores[2])
    assert answers.tolist() == [2, 1, 0]


def test_a_lucky_cell_of_one_does_not_win():
    rng = np.random.default_rng(1)
    scores = [rng.normal(0.45 + 0.01 * n, 0.1, 60) for n in range(10)]
    levels = [f"memory {n}" for n in range(10) for _ in range(60)]
    found = configurations(np.concatenate([*scores, [0.62]]), [*levels, "memory 15"])
    assert max(found, key=lambda c: c.mean).level == "memory 15"
    places = [c.level for c in found]
    assert places.index("memory 15") > 0
    assert places[0] in ("memory 7", "memory 8", "memory 9")
    lucky = found[places.index("memory 15")]
    assert (lucky.respondents, lucky.mean) == (1, 0.62)
    assert lucky.high - lucky.low > found[0].high - found[0].low  # little is known of it


def test_levels_that_differ_by_chance_alone_agree():
    rng = np.random.default_rng(3)
    shrunk, raw = [], []
    for _ in range(40):
        found = configurations(rng.normal(0.5, 0.1, 200), [str(n % 20) for n in range(200)])
        shrunk.append(np.ptp([c.estimate for c in found]))
        raw.append(np.ptp([c.mean for c in found]))
    assert np.mean(shrunk) < np.mean(raw) / 3


def test_estimates_are_nearer_to_the_truth_than_means_and_their_intervals_hold():
    rng = np.random.default_rng(5)
    errors, covered = [], []
    for _ in range(200):
        truth = rng.normal(0.5, 0.05, 12)
        sizes = rng.integers(2, 40, 12)
        levels = np.repeat([f"l{n:02}" for n in range(12)], sizes)
        found = {c.level: c for c in configurations(rng.normal(np.repeat(truth, sizes), 0.15), levels)}
        for n, true in enumerate(truth):
            c = found[f"l{n:02}"]
            errors.append(((c.mean - true) ** 2, (c.estimate - true) ** 2))
            covered.append(c.low <= true <= c.high)
    of_means, of_estimates = np.mean(errors, axis=0)
    assert of_estimates < 0.8 * of_means
    assert 0.90 < np.mean(covered) < 0.98  # 95 %, a little less because the variances are estimated


def test_luck_cannot_be_told_from_single_respondents():
    with pytest.raises(ValueError, match="luck from merit"):
        configurations([0.1, 0.2], ["a", "b"])
    with pytest.raises(ValueError, match="one level a respondent"):
        configurations([0.1, 0.2], ["a"])


def test_equal_scores_are_no_difference():
    assert {c.estimate for c in configurations([0.5] * 4, ["a", "a", "b", "b"])} == {0.5}
