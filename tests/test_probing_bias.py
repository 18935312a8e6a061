"""Preference for places and labels: planted, measured, and taken out again."""

import numpy as np
import pytest

from analysis.probing.calibration import calibrated
from analysis.probing.place_bias import place_bias
from analysis.probing.robustness import mean_shares

POSITION, LABEL = np.array([1.0, 0.2, -0.5, -0.7]), np.array([0.4, 0.1, -0.1, -0.4])


def layouts(rng, kind, n, k=4):
    """Positions and label ranks of the options in ``n`` layouts."""
    own = np.arange(k)
    turned = [np.roll(own, f) for f in range(n)] if kind == "rolled" else [rng.permutation(k) for _ in range(n)]
    if kind == "labels reversed":
        return np.tile(own, (n, 1)), np.array([own if f % 2 == 0 else own[::-1] for f in range(n)])
    if kind == "lines shuffled":
        return np.array(turned), np.tile(own, (n, 1))
    if kind == "both":
        return np.array(turned), np.array([rng.permutation(k) for _ in range(n)])
    return np.array(turned), np.array(turned)


def planted(rng, kind, units=30, n=6, samples=None, spread=0.0):
    """Answers with a planted bias: true shares, what is shown of them, and where options stood."""
    truth, shown, at, rank = [], [], [], []
    for _ in range(units):
        worth = rng.normal(0, 1.2, 4)
        own = POSITION + spread * rng.normal(size=4)
        positions, labels = layouts(rng, kind, n)
        logs = worth + own[positions] + (LABEL[labels] if kind in ("both", "labels reversed") else 0)
        p = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
        shown.append(rng.multinomial(samples, p) / samples if samples else p)
        truth.append(np.exp(worth) / np.exp(worth).sum())
        at.append(positions)
        rank.append(labels)
    return np.array(truth), np.array(shown), np.array(at), np.array(rank)


def test_a_planted_position_bias_is_measured_and_taken_out_to_the_truth():
    truth, shown, at, rank = planted(np.random.default_rng(1), "rolled", n=4)
    found = place_bias(shown, at, rank, np.arange(30))
    (place,) = found.effects
    assert (place.kind, place.complete, place.always) == ("place", True, False)
    assert place.values == pytest.approx(POSITION, abs=1e-5)
    assert place.p < 1e-6
    freed = mean_shares(np.moveaxis(calibrated(shown, found.added(at, rank)), 1, 0))
    assert freed == pytest.approx(truth, abs=1e-6)
    assert np.abs(shown[:, 0] - truth).max() > 0.2


def test_position_and_label_are_told_apart_where_they_move_apart():
    truth, shown, at, rank = planted(np.random.default_rng(2), "both")
    found = place_bias(shown, at, rank, np.arange(30))
    place, position, label = found.effects
    assert [each.kind for each in found.effects] == ["place", "position", "label"]
    assert place.values == pytest.approx(POSITION + LABEL, abs=1e-5)
    assert position.values == pytest.approx(POSITION, abs=1e-5)
    assert label.values == pytest.approx(LABEL, abs=1e-5)
    assert position.shares == pytest.approx(np.exp(POSITION) / np.exp(POSITION).sum(), abs=1e-5)
    assert calibrated(shown, found.added(at, rank))[:, 3] == pytest.approx(truth, abs=1e-6)


def test_what_position_and_label_cannot_share_out_is_neithers_and_still_taken_out():
    # Labels stand in order but for one layout in which they are reversed: only what turns around is told apart.
    rng = np.random.default_rng(12)
    truth, shown, at, rank = planted(rng, "rolled", n=5)
    rank[:, 4] = np.arange(4)[::-1]
    at[:, 4] = np.arange(4)
    logs = np.log(truth) + POSITION
    shown[:, 4] = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)  # no label moves anything
    found = place_bias(shown, at, rank, np.arange(30))
    place, position, label = found.effects
    assert place.complete
    assert place.values == pytest.approx(POSITION, abs=1e-5)
    assert not label.complete
    assert label.values == pytest.approx(0, abs=1e-5)
    assert label.p == 1
    turned = (POSITION - POSITION[::-1]) / 2
    assert position.values == pytest.approx(turned, abs=1e-5)
    freed = calibrated(shown, found.added(at, rank))
    assert freed == pytest.approx(np.repeat(truth[:, None], 5, axis=1), abs=1e-6)


def test_lines_shuffled_with_their_labels_tell_of_position_alone():
    _, shown, at, rank = planted(np.random.default_rng(3), "lines shuffled")
    assert [each.kind for each in place_bias(shown, at, rank, np.arange(30)).effects] == ["position"]


def test_reversed_labels_tell_first_from_last_and_the_report_knows_that_it_is_no_more():
    _, shown, at, rank = planted(np.random.default_rng(4), "labels reversed", n=2)
    (label,) = place_bias(shown, at, rank, np.arange(30)).effects
    assert (label.kind, label.told, label.complete) == ("label", 2, False)
    # Known are the differences of opposite labels: 0.4 + 0.4 and 0.1 + 0.1.
    assert label.values[0] - label.values[3] == pytest.approx(0.8, abs=1e-5)
    assert label.values[1] - label.values[2] == pytest.approx(0.2, abs=1e-5)
    assert label.values[0] + label.values[3] == pytest.approx(label.values[1] + label.values[2], abs=1e-3)


def test_layouts_that_change_nothing_tell_nothing():
    own = np.tile(np.arange(3), (5, 2, 1))
    assert place_bias(np.full((5, 2, 3), 1 / 3), own, own, np.arange(5)) is None
    alone = np.full((5, 2, 3), 1 / 3)
    alone[:, 1] = np.nan
    assert place_bias(alone, own, own[:, :, ::-1], np.arange(5)) is None


@pytest.mark.parametrize(("samples", "spread"), [(10, 0.0), (None, 0.5), (10, 0.5)])
def test_intervals_cover_as_often_as_they_say(samples, spread):
    rng, covered = np.random.default_rng(5), []
    for _ in range(100):
        _, shown, at, rank = planted(rng, "shuffled", units=25, samples=samples, spread=spread)
        place = place_bias(shown, at, rank, np.arange(25)).effects[0]
        covered.append((place.low <= POSITION) & (place.high >= POSITION))
    # 400 intervals, dependent by four: 0.95 expected, four deviations of 100 are 0.087.
    assert np.mean(covered) > 0.86, np.mean(covered)


def test_without_a_bias_the_test_is_seldom_positive():
    rng, found = np.random.default_rng(6), 0
    for _ in range(100):
        p = np.repeat(rng.dirichlet(np.ones(4), size=25)[:, None], 6, axis=1)
        shown = rng.multinomial(10, p) / 10
        at = rng.permuted(np.tile(np.arange(4), (25, 6, 1)), axis=2)
        found += place_bias(shown, at, at, np.arange(25)).effects[0].p < 0.05
    assert found <= 14, found  # 5 expected; four deviations of Binomial(100, 0.05) are 8.7


def test_a_model_that_always_takes_the_first_place_is_told_as_that():
    at = np.array([[np.roll(np.arange(4), n) for n in range(4)]] * 8)
    found = place_bias((at == 0).astype(float), at, at, np.arange(8)).effects[0]
    assert found.always
    assert found.shares[0] > 0.999


def test_few_questions_give_no_interval_and_styles_of_one_question_are_one():
    _, shown, at, rank = planted(np.random.default_rng(7), "rolled", units=8)
    found = place_bias(shown, at, rank, np.arange(8) // 2)
    assert found.questions == 4
    assert np.isnan(found.effects[0].low).all()
    assert found.effects[0].p is None


def test_what_was_never_chosen_stays_at_nothing():
    freed = calibrated([[0.5, 0.5, 0.0], [np.nan] * 3], np.log([2.0, 1.0, 1.0]))
    assert freed[0] == pytest.approx([1 / 3, 2 / 3, 0])
    assert np.isnan(freed[1]).all()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="of one shape"):
        place_bias(np.ones((1, 2, 2)), np.ones((1, 2, 3)), np.ones((1, 2, 2)), [0])
    with pytest.raises(ValueError, match="two options"):
        place_bias(np.ones((1, 2, 1)), np.zeros((1, 2, 1)), np.zeros((1, 2, 1)), [0])
