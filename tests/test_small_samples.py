"""What a wave is worth in people, and people put together with it: arithmetic, and coverage over many seeds."""

import doctest
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t

from analysis.prediction_powered import post_stratified_powered, prediction_powered
from analysis.sample_worth import largest_honest_sample, worth_in_people
from analysis.wave_tests import changed_share, independent_p, paired_p
from analysis.worth import Worths, worths
from demoscope.errors import DocumentError
from tests.results import MadeUp, split_public
from tests.test_cli import demoscope


def test_every_condition_of_a_store_is_worth_so_many_people(tmp_path):
    made = split_public(tmp_path / "m.sqlite")
    (cell,) = worths(made.path).cells
    # 2, 0 and 15 of 17 say no, perhaps and yes; people are split evenly, 200 and 200.
    p = np.array([2, 0, 15]) / 17
    squared = 2 * (p[2] - 0.5) ** 2 - (1 - (p**2).sum()) / 16 - 0.5 / 399
    assert cell.people == pytest.approx(0.5 / squared)
    assert (cell.questions, cell.respondents, cell.low) == (1, 20, None)
    done = demoscope("worth", made.path, "--json")
    assert Worths.model_validate_json(done.stdout).cells == (cell,)
    assert "honest up to" in demoscope("worth", made.path).stdout
    bare = MadeUp(tmp_path / "b.sqlite", reference=None)
    with pytest.raises(DocumentError, match="no human reference"):
        worths(bare.path)
    with pytest.raises(DocumentError, match="no condition has two answers"):
        worths(MadeUp(tmp_path / "c.sqlite").path)


def test_a_public_is_worth_the_people_whose_chance_error_equals_its_own():
    # Shares off by 0.1 on each of two options: squared distance 0.02. n people: (1 - 0.5) / n, so n = 25.
    found = worth_in_people([[6e8, 4e8]], [[5e8, 5e8]], np.random.default_rng(1))
    assert found.people == pytest.approx(25, rel=1e-4)
    assert np.isnan(found.low)


def test_a_random_sample_of_people_is_worth_about_as_many_as_it_has_in_expectation():
    # As "the model": everybody's shares shifted by a random sample of 100 people, asked without end.
    rng = np.random.default_rng(2)
    truth = rng.dirichlet(np.ones(4), size=400)
    shifted = rng.multinomial(100, truth) / 100
    simulated = rng.multinomial(5000, shifted)
    human = rng.multinomial(2000, truth)
    kept = (simulated > 0).any(axis=1)
    found = worth_in_people(simulated[kept], human[kept], rng, draws=200)
    assert found.low < 100 < found.high
    assert found.people == pytest.approx(100, rel=0.25)


def test_a_public_that_differs_by_its_own_sampling_alone_is_worth_any_number():
    rng = np.random.default_rng(3)
    truth = rng.dirichlet(np.ones(3), size=200)
    found = worth_in_people(rng.multinomial(50, truth), rng.multinomial(5000, truth), rng, draws=100)
    assert found.high == np.inf
    assert found.people > 500
    with pytest.raises(ValueError, match="two answers"):
        worth_in_people([[1, 0]], [[5, 5]], rng)


def test_intervals_of_too_many_simulated_respondents_are_dishonest():
    # All questions are off by 0.1: honest as long as 1.96 * sqrt(0.24 / k) >= 0.1, which is up to k = 92.
    off = np.full(40, 0.6)
    assert largest_honest_sample(off, np.full(40, 0.5), np.full(40, 1e9), 500) == 92
    # One in forty is allowed to be missed (2.5 %): the worst one does not count.
    one_worse = np.append(off[:-1], 0.9)
    assert largest_honest_sample(one_worse, np.full(40, 0.5), np.full(40, 1e9), 500) == 92
    assert largest_honest_sample([0.5], [0.5], [100], 300) == 300
    assert largest_honest_sample([0.0, 0.0], [0.5, 0.5], [10**6] * 2, 300) == 0
    with pytest.raises(ValueError, match="one share a side"):
        largest_honest_sample([0.5], [0.5, 0.5], [100], 300)


def drawn(rng, n, m, quality):
    """People, their twins and others: the model says what the person would with the probability ``quality``."""
    trait = rng.random(n + m)
    answers = (rng.random(n + m) < trait).astype(float)
    wrong = (rng.random(n + m) < 0.8).astype(float)  # and else says yes far too often
    said = np.where(rng.random(n + m) < quality, answers, wrong)
    return answers[:n], said[:n], said[n:]


@pytest.mark.parametrize("quality", [0.0, 0.5, 0.95])
def test_people_and_wave_together_cover_however_wrong_the_model_is(quality):
    rng, covered, widths, worth, bias = np.random.default_rng(4), 0, [], [], []
    for _ in range(400):
        found = prediction_powered(*drawn(rng, 100, 2000, quality))
        covered += found.low <= 0.5 <= found.high
        widths.append((found.high - found.low) / (found.alone_high - found.alone_low))
        worth.append(found.worth)
        bias.append(found.estimate - 0.5)
    # Binomial(400, 0.95): 380 expected; four standard deviations are 17.4, and a weight tuned on 100 costs a little.
    assert covered >= 360, covered
    assert abs(np.mean(bias)) < 0.01
    assert np.mean(widths) <= 1.0
    if quality == 0.95:
        assert np.mean(worth) > 3
    if quality == 0.0:
        assert np.mean(worth) < 1.1


def test_the_whole_wave_counts_when_its_weight_is_one():
    found = prediction_powered([1, 0, 1, 1], [1, 1, 1, 1], [1, 1, 0, 1, 1], weight=1.0)
    # Others 0.8, people minus twins -0.25.
    assert found.estimate == pytest.approx(0.55)
    assert found.alone == 0.75
    variance = np.var([0, -1, 0, 0], ddof=1) / 4 + np.var([1, 1, 0, 1, 1], ddof=1) / 5
    degrees = variance**2 / (
        (np.var([0, -1, 0, 0], ddof=1) / 4) ** 2 / 3 + (np.var([1, 1, 0, 1, 1], ddof=1) / 5) ** 2 / 4
    )
    assert found.high - found.estimate == pytest.approx(t.ppf(0.975, degrees) * np.sqrt(variance), rel=1e-9)
    assert found.worth == pytest.approx(np.var([1, 0, 1, 1], ddof=1) / 4 / variance)


def test_strata_are_put_together_by_their_share_and_not_by_who_was_asked():
    rng, covered = np.random.default_rng(5), 0
    for _ in range(300):
        young, old = (rng.random(n) < p for n, p in ((80, 0.2), (20, 0.8)))  # the old are hard to reach
        twins = [np.where(rng.random(len(y)) < 0.7, y, 1 - y) for y in (young, old)]
        others = [
            np.where(rng.random(1000) < 0.7, o, 1 - o) for o in (rng.random(1000) < 0.2, rng.random(1000) < 0.8)
        ]
        found = post_stratified_powered([young, old], twins, others, [0.5, 0.5])
        covered += found.low <= 0.5 <= found.high
    assert covered >= 270, covered
    even = post_stratified_powered([[1, 1], [0, 0]], [[1, 1], [0, 0]], [[1, 1], [0, 0]], [3, 1], weight=0.0)
    assert even.alone == 0.75


def test_samples_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="simulated twin"):
        prediction_powered([1, 0], [1], [1, 0])
    with pytest.raises(ValueError, match="its share of the population"):
        post_stratified_powered([[1, 0]], [[1, 0]], [[1, 0]], [0.5, 0.5])
    with pytest.raises(ValueError, match="Shares of strata"):
        post_stratified_powered([[1, 0]], [[1, 0]], [[1, 0]], [-1.0])


def test_tests_of_two_waves_are_positive_as_often_as_they_say():
    rng, independent, paired = np.random.default_rng(6), 0, 0
    for _ in range(400):
        p = [0.5, 0.3, 0.2]
        independent += independent_p(rng.multinomial(60, p), rng.multinomial(40, p), rng, draws=199) <= 0.05
        first = rng.choice(3, size=60, p=p)
        second = np.where(rng.random(60) < 0.6, first, rng.choice(3, size=60, p=p))
        paired += paired_p(first, second, 3, rng, draws=199) <= 0.05
    # Binomial(400, 0.05): 20 expected; four standard deviations are 17.4.
    assert independent <= 37 and paired <= 37, (independent, paired)


def test_the_same_people_show_a_change_that_other_people_would_hide():
    rng = np.random.default_rng(7)
    first = rng.integers(2, size=100)
    second = first.copy()
    second[:20] = 1  # a few turn to yes, nobody back
    assert paired_p(first, second, 2, rng, draws=2000) < 0.05
    counts = [np.bincount(each, minlength=2) for each in (first, second)]
    assert independent_p(*counts, rng, draws=2000) > 0.2
    assert changed_share(first, second) == (first[:20] == 0).sum() / 100


def test_nothing_to_compare_is_no_finding():
    rng = np.random.default_rng(8)
    assert np.isnan(independent_p([0, 0], [3, 4], rng))
    assert independent_p([5, 0], [7, 0], rng, draws=20) == 1
    assert np.isnan(paired_p([-1, 0], [0, -1], 2, rng))
    assert paired_p([0, 1], [0, 1], 2, rng) == 1
    with pytest.raises(ValueError, match="same people"):
        paired_p([0, 1], [0], 2, rng)


def test_the_examples_of_the_page_do_what_it_says():
    page = Path(__file__).resolve().parents[1] / "docs" / "comparing_waves.md"
    assert doctest.testfile(str(page), module_relative=False, encoding="utf-8").failed == 0
