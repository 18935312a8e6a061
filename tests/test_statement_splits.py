"""Who and what is held out: probe setups, the balanced people, halves; and the survey's own file read for it."""

import numpy as np
import pytest

from demoscope.columns import Column
from demoscope.errors import DocumentError
from surveys.statements import balanced_people, halves, pool, probe_setups
from tests.statement_sets import made_up, people


def column(values):
    texts = sorted(set(values))
    return Column.of(texts, np.array([texts.index(value) for value in values]))


def test_setups_go_around_the_end_of_a_category():
    setups = probe_setups({"a": ["a1", "a2", "a3", "a4", "a5", "a6"], "b": ["b1", "b2", "b3", "b4"]})
    assert setups["1"] == ("a1", "a2", "a3", "b1", "b2", "b3")
    assert setups["2"] == ("a4", "a5", "a6", "b4", "b1", "b2")
    assert setups["3"] == ("a1", "a2", "a3", "b3", "b4", "b1")
    assert pool(["a1", "a2", "b1"], setups["1"]) == ()
    assert pool(["a1", "a4", "b4"], setups["1"]) == ("a4", "b4")


def survey():
    """4,000 people on six continents; Oceania is small, one religion is large, some have gaps."""
    sets = made_up(10, 2)
    known = people(sets, 4_000)
    others = ("Africa", "Asia", "Europe", "North America", "South America")
    continents = ["Oceania"] * 50 + [others[n % 5] for n in range(3_950)]
    religions = ["5" if n % 2 else str(n % 9) for n in range(4_000)]
    demographics = np.full(4_000, 30)
    demographics[1_000:1_100] = 23
    known.numbers["refined"][2_000:2_100, 0] = -1
    return known, column(continents), column(religions), demographics


def held_out(seed=1, size=800):
    known, continents, religions, demographics = survey()
    rows = balanced_people(
        known,
        ["q1", "q2"],
        continents=continents,
        religions=religions,
        demographics=demographics,
        seed=seed,
        size=size,
        least_valid=9,
    )
    return known, rows, continents, religions, demographics


def test_the_balanced_people_meet_the_published_conditions():
    known, rows, continents, religions, demographics = held_out()
    assert len(rows) == len(set(rows.tolist())) == 800
    assert (known.numbers["refined"][rows][:, :2] != -1).all(), "all probe questions are answered"
    where = np.array(continents.texts)[continents.positions[rows]]
    # int((800 - 50) / 5) + 1 = 151 of each continent but Oceania, of these and the 50 again 800 are sampled.
    assert all(135 <= (where == name).sum() <= 151 for name in set(where) - {"Oceania"})
    assert 40 <= (where == "Oceania").sum() <= 50
    assert (demographics[rows[where != "Oceania"]] >= 24).all()
    for name in set(where) - {"Oceania"}:
        faith = np.array(religions.texts)[religions.positions[rows[where == name]]]
        assert max(np.unique(faith, return_counts=True)[1]) <= 80


def test_the_balanced_people_come_from_the_seed_and_too_few_are_refused():
    assert held_out()[1].tolist() == held_out()[1].tolist() != held_out(seed=2)[1].tolist()
    with pytest.raises(
        DocumentError, match="people meet the conditions of the balanced sample, and 3,900 are wanted"
    ):
        held_out(size=3_900)


def test_halves_are_disjoint_and_whole():
    first, second = halves(801)
    assert (len(first), len(second)) == (400, 401) and sorted([*first, *second]) == list(range(801))
    assert halves(801)[0].tolist() == first.tolist() != halves(801, seed=1)[0].tolist()
