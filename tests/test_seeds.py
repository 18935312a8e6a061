import numpy as np
import pytest

from demoscope import seeds


def test_equal_keys_give_equal_draws_and_other_keys_others():
    first, again, other = (seeds.generator(1, "person", n).random(4) for n in (5, 5, 6))
    assert (first == again).all()
    assert not (first == other).any()


def test_parts_are_told_apart_by_type_and_by_length():
    assert seeds.digest(1, "ab", "c") != seeds.digest(1, "a", "bc")
    assert seeds.digest(1, "1") != seeds.digest(1, 1)
    assert seeds.digest(1, 2) != seeds.digest(12)


def test_digests_are_stable_across_machines_and_versions():
    assert seeds.digest(2018, "person", 0).hex() == "39d6e909c49d5a95d9907d882a499d91"


def test_a_seed_key_of_another_type_is_refused():
    with pytest.raises(TypeError, match="strings and integers"):
        seeds.digest(1, 0.5)  # type: ignore[arg-type]


def test_rows_do_not_depend_on_the_slice_they_are_drawn_in():
    everybody = seeds.uniforms(3, "people", start=0, stop=1000, draws=6)
    for start, stop in [(0, 100), (1, 2), (999, 1000), (500, 500)]:
        assert (seeds.uniforms(3, "people", start=start, stop=stop, draws=6) == everybody[start:stop]).all()


def test_uniforms_are_uniform_and_uncorrelated_between_neighbours():
    draws = seeds.uniforms(3, "people", start=0, stop=100_000, draws=3)
    # Mean of 300,000 uniforms: 1/2 with standard error sqrt(1/12/300000) = 0.00053; five of them are allowed.
    assert abs(draws.mean() - 0.5) < 5 * 0.00053
    neighbours = np.corrcoef(draws[:-1, 0], draws[1:, 0])[0, 1]
    assert abs(neighbours) < 5 / np.sqrt(100_000)
    assert draws.min() >= 0 and draws.max() < 1


def test_a_reversed_range_is_refused():
    with pytest.raises(ValueError, match="0 <= start <= stop"):
        seeds.uniforms(1, "x", start=2, stop=1, draws=1)
