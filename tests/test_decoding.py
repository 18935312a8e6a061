"""Decodings and the ranges they are drawn from."""

import numpy as np
import pytest
from pydantic import ValidationError

from simulator.decoding import Decoding, DecodingRanges, IntegerRange


def test_both_ends_of_a_range_are_drawn_equally_often():
    generator = np.random.default_rng(0)
    drawn = [IntegerRange(low=1, high=5).draw(generator) for _ in range(5000)]
    # 1,000 each; four standard deviations of a binomial(5000, 1/5) are 4 * sqrt(800) = 113.
    assert all(abs(drawn.count(beams) - 1000) < 113 for beams in range(1, 6))
    assert set(drawn) == {1, 2, 3, 4, 5}


def test_the_same_generator_state_gives_the_same_decoding():
    ranges = DecodingRanges(num_beams=IntegerRange(low=1, high=5), do_sample=None)
    one, other = (ranges.draw(np.random.default_rng(3)) for _ in range(2))
    assert one == other


def test_plain_values_are_the_same_for_everybody():
    ranges = DecodingRanges(temperature=0.7, top_p=0.9, top_k=40, num_beams=2, do_sample=False, max_tokens=64)
    expected = Decoding(temperature=0.7, top_p=0.9, top_k=40, num_beams=2, do_sample=False, max_tokens=64)
    assert {ranges.draw(np.random.default_rng(seed)) for seed in range(20)} == {expected}


@pytest.mark.parametrize(
    ("decoding", "greedy"),
    [(Decoding(), False), (Decoding(do_sample=False), True), (Decoding(temperature=0), True)],
)
def test_no_sampling_or_no_temperature_is_greedy(decoding: Decoding, greedy: bool):
    assert decoding.greedy is greedy


def test_only_settings_that_say_something_are_stored():
    assert set(Decoding().as_dict()) == {"temperature", "top_p", "num_beams", "do_sample", "max_tokens"}
    assert Decoding(top_k=5).as_dict()["top_k"] == 5


def test_best_of_is_passed_on_and_is_one_reply_where_nothing_is_drawn():
    drawn = [DecodingRanges(best_of=4, do_sample=None).draw(np.random.default_rng(seed)) for seed in range(20)]
    assert {decoding.best_of for decoding in drawn} == {4}
    assert {(decoding.do_sample, decoding.width) for decoding in drawn} == {(True, 4), (False, 1)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1},
        {"temperature": float("nan")},
        {"top_p": 0},
        {"top_p": 1.1},
        {"top_k": 0},
        {"num_beams": 0},
        {"num_beams": {"low": 0, "high": 3}},
        {"num_beams": {"low": 3, "high": 2}},
        {"max_tokens": 0},
        {"best_of": 0},
        {"best_of": 2, "num_beams": 2},
        {"best_of": 2, "num_beams": {"low": 1, "high": 2}},
        {"best_of": 2, "do_sample": False},
        {"beams": 2},
    ],
)
def test_impossible_ranges_cannot_be_built(wrong: dict[str, object]):
    with pytest.raises(ValidationError):
        DecodingRanges.model_validate(wrong)
