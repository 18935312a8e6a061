"""Diversity (DEF, family 2): D on wording and on choices, what it can reach, and cells of different sizes."""

from itertools import combinations

import numpy as np
import pytest

from analysis.diversity import SILENT, digest, diversity, diversity_gap, of_choices, rarefied


def of(texts: list[list[str]]) -> np.ndarray:
    return np.array([[digest(text) if text else SILENT for text in row] for row in texts], dtype=np.uint64)


def test_d_counts_replies_that_differ_from_the_first():
    # Question 1: a a b, 2 different; question 2: x y z, 3 different: (5 - 2) / (3 * 2)
    found = diversity(of([["a", "x"], ["a", "y"], ["b", "z"]]))
    assert found.distinct.tolist() == [2, 3]
    assert found.value == pytest.approx(3 / 6)
    assert found.attainable == pytest.approx(2 / 3)
    assert found.relative == pytest.approx(3 / 4)


def test_twenty_runs_reach_95_percent_and_not_one():
    everything = diversity(np.arange(1, 20 * 7 + 1, dtype=np.uint64).reshape(20, 7))
    assert everything.value == everything.attainable == pytest.approx(0.95)
    assert everything.standard_error == pytest.approx(0, abs=1e-12)
    nothing = diversity(np.full((20, 7), 5, dtype=np.uint64))
    assert (nothing.value, nothing.relative) == (0, 0)


def test_choices_reach_no_more_than_there_are_options():
    choices = np.array([[0, 0], [1, 1], [0, 2], [1, 0]])
    found = diversity(of_choices(choices), options=[2, 3])
    assert found.value == pytest.approx((5 - 2) / (4 * 2))
    assert found.attainable == found.value  # (2 - 1 + 3 - 1) / (4 * 2)
    assert diversity(of([["yes, surely"], ["yes"]])).value > diversity(of_choices([[0], [0]])).value


def test_silence_is_no_reply_and_a_question_without_replies_is_left_out():
    found = diversity(of([["a", ""], ["", ""], ["b", ""]]))
    assert found.distinct.tolist() == [2, 0]
    assert found.value == pytest.approx((2 - 1) / (3 * 1))
    with pytest.raises(ValueError, match="reply"):
        diversity(of([[""], [""]]))


def test_the_standard_error_is_the_jackknife_done_by_hand():
    rng = np.random.default_rng(2)
    table = rng.integers(1, 6, (12, 9)).astype(np.uint64)
    left = np.array([diversity(np.delete(table, row, axis=0)).value for row in range(12)])
    by_hand = np.sqrt(11 / 12 * ((left - left.mean()) ** 2).sum())
    assert diversity(table).standard_error == pytest.approx(by_hand)


def test_rarefied_d_is_the_mean_over_all_parts_of_that_size():
    table = np.random.default_rng(4).integers(1, 4, (7, 3)).astype(np.uint64)
    parts = [diversity(table[list(rows)]).value for rows in combinations(range(7), 4)]
    assert rarefied(table, 4) == pytest.approx(np.mean(parts))
    assert rarefied(table, 7) == pytest.approx(diversity(table).value)
    with pytest.raises(ValueError, match="8 runs"):
        rarefied(table, 8)


def test_no_text_has_the_digest_of_silence_and_different_texts_differ():
    digests = {digest(f"reply {n}") for n in range(10_000)}
    assert len(digests) == 10_000
    assert SILENT not in digests


def test_the_gap_between_two_cells_is_that_of_the_people_in_both_left_out_together():
    one, other = [[7, 7], [7, 8], [7, 8]], [[1, 4], [2, 5], [3, 6]]
    found = diversity_gap(one, other)
    assert found.value == pytest.approx((6 - 2) / 6 - (3 - 2) / 6)
    left = np.array(
        [0.5 - 0, 0.5 - 1 / 4, 0.5 - 1 / 4]
    )  # D of two runs: other (4 - 2) / 4; one without its first, ...
    assert found.standard_error == pytest.approx(np.sqrt(2 / 3 * ((left - left.mean()) ** 2).sum()))
    halved = diversity_gap([[7, 7], [7, SILENT]], [[1, 1], [2, 2]])  # the second question has one reply in both
    assert halved.value == pytest.approx((3 - 2) / 4 - 0)
    with pytest.raises(ValueError, match="No reply is in both"):
        diversity_gap([[SILENT]], [[7]])
    with pytest.raises(ValueError, match="same runs"):
        diversity_gap([[7]], [[7, 7]])
