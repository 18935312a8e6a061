"""Designs: who is taken, how many of each, with which weights, and what happens when it cannot be."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from demoscope.errors import DocumentError
from personas import Population
from personas.designs import Factorial, Panel, Quota, Quotas, Stratified
from personas.drawing import CHUNK
from tests.documents import AGE, CLASS, SEX, refusal, town

COUNTS = "sex,age,class,count\n" + "".join(
    f"{sex},{age},{social},{count}\n"
    for (sex, age, social), count in {
        ("female", "young", "low"): 30, ("female", "young", "high"): 10, ("female", "old", "low"): 15,
        ("female", "old", "high"): 5, ("male", "young", "low"): 8, ("male", "young", "high"): 12,
        ("male", "old", "low"): 17, ("male", "old", "high"): 3,
    }.items()
)  # fmt: skip
JOINT = {"table": "joint.csv", "attributes": ["sex", "age", "class"]}
JOBS = {"kind": "conditional", "table": "jobs.csv", "attributes": ["job"], "given": ["sex"]}
TABLES = {"joint.csv": COUNTS, "jobs.csv": "sex,job,share\nfemale,none,1\nfemale,paid,3\nmale,none,2\nmale,own,2\n"}
ROWS = pd.DataFrame(
    {
        "sex": ["female"] * 6 + ["male"] * 4,
        "class": ["low", "low", "low", "high", "high", "high", "low", "low", "high", "high"],
        "age": [20, 30, 40, 50, 60, 70, 25, 35, 45, 55],
        "w": [1.0, 2.0, 3.0, 1.0, 1.0, 2.0, 4.0, 1.0, 0.5, 0.5],
        "id": [f"r{n}" for n in range(10)],
    }
)


def rows(design=None, **how):
    known = {"sex": SEX, "class": CLASS, "age": AGE}
    frame = how.pop("frame", ROWS)
    return Population.from_frame(frame, "rows", attributes=known, weight="w", row="id", design=design, **how)


def under(tmp_path, design, sources=(JOINT,)):
    return town(tmp_path, list(sources), TABLES, design=design)


def band(frame):
    return np.where(frame["age"] < 40, "young", "old")


@pytest.mark.parametrize("design", [{"kind": "weighted"}, {"kind": "random"}])
def test_the_first_hundred_of_a_thousand_are_the_hundred(tmp_path, design):
    for population in (under(tmp_path, design, [JOINT, JOBS]), rows(design)):
        thousand = population.people(0, 1000, seed=3)
        assert population.people(0, 100, seed=3) == thousand[:100]
        assert population.people(437, 512, seed=3) == thousand[437:512]
        assert population.size is None
        assert population.sized(5) is population


def test_weighted_draws_take_rows_by_weight_and_weigh_them_alike():
    frame = rows().draw(16_000, seed=5)
    assert (frame["weight"] == 1).all()
    taken = frame["source_row"].value_counts()
    # The weights add up to 16, so r6 with 4 is drawn in a quarter of all cases.
    assert stats.chisquare([taken[r] for r in ROWS["id"]], 1_000 * ROWS["w"]).pvalue > 0.01
    assert frame.groupby("source_row")["age"].nunique().eq(1).all()


def test_random_draws_take_rows_alike_and_keep_their_weights():
    frame = rows({"kind": "random"}).draw(10_000, seed=5)
    assert stats.chisquare(frame["source_row"].value_counts()).pvalue > 0.01
    weights = dict(zip(ROWS["id"], ROWS["w"], strict=True))
    assert (frame["weight"] == frame["source_row"].map(weights)).all()


def test_every_row_is_taken_once_in_order_with_its_weight():
    population = rows({"kind": "every_row"})
    people = population.people(0, population.size, seed=1)
    assert [p.source_row for p in people] == ROWS["id"].tolist()
    assert [p.weight for p in people] == ROWS["w"].tolist()
    assert [p.attributes["age"] for p in people] == ROWS["age"].tolist()
    assert population.people(3, 6, seed=1) == people[3:6]


def test_quotas_of_one_crossing_are_exact(tmp_path):
    quota = {"attributes": ["age", "sex"], "counts": {"young x female": 7, "old x male": 5}}
    population = under(tmp_path, {"kind": "quota", "quotas": [quota]})
    frame = population.draw(seed=1)
    assert Counter(zip(band(frame), frame["sex"], strict=True)) == {("young", "female"): 7, ("old", "male"): 5}
    assert not frame["sex"].eq(frame["sex"].sort_values().to_numpy()).all()  # in random order


@pytest.mark.parametrize("size", [1, 7, 50, 333, 1000])
def test_several_quotas_are_exact_at_once(tmp_path, size):
    quotas = [{"attributes": ["sex", "age"]}, {"attributes": ["class"]}, {"attributes": ["job"]}]
    population = under(tmp_path, {"kind": "quota", "quotas": quotas}, [JOINT, JOBS]).sized(size)
    frame = population.draw(seed=2)
    assert len(frame) == size
    frame["band"] = band(frame)
    for attributes in (["sex", "age"], ["class"], ["job"]):
        shares = population.shares(*attributes)
        names = [name if name != "age" else "band" for name in attributes]
        seen = Counter(frame[names].itertuples(index=False, name=None))
        assert all(abs(seen[cell] - size * share) < 1 for cell, share in shares.items()), attributes
    assert not set(zip(frame["sex"], frame["job"], strict=True)) & {("female", "own"), ("male", "paid")}


def test_three_quotas_by_count_are_exact_where_rounding_each_cell_is_not_enough(tmp_path):
    quotas = [
        {"attributes": ["sex"], "counts": {"female": 50, "male": 50}},
        {"attributes": ["age"], "counts": {"young": 10, "old": 90}},
        {"attributes": ["class"], "counts": {"low": 99, "high": 1}},
    ]
    frame = under(tmp_path, {"kind": "quota", "quotas": quotas}).draw(100, seed=3)
    assert frame["sex"].value_counts().to_dict() == {"female": 50, "male": 50}
    assert Counter(band(frame)) == {"young": 10, "old": 90}
    assert frame["class"].value_counts().to_dict() == {"low": 99, "high": 1}


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_quotas_in_proportion_may_overlap(size):
    adults = Population.load("us_adults_2018")
    quotas = (Quota(attributes=("sex", "age")), Quota(attributes=("sex",)), Quota(attributes=("age", "degree")))
    frame = adults.under(Quotas(kind="quota", quotas=quotas, size=size)).draw(seed=1)
    seen = frame["sex"].value_counts()
    assert len(frame) == size
    assert all(abs(seen[sex] - size * share) < 1 for (sex,), share in adults.shares("sex").items())


def test_quotas_that_differ_about_the_same_people_contradict(tmp_path):
    counted = {"attributes": ["sex"], "counts": {"female": 10, "male": 90}}
    population = under(tmp_path, {"kind": "quota", "quotas": [{"attributes": ["sex", "age"]}, counted]})
    with pytest.raises(DocumentError, match=r"contradict each other.*leaves room for those with counts"):
        population.draw(seed=1)


def test_behind_two_quotas_every_combination_gets_on_average_what_it_should_have(tmp_path):
    quotas = [{"attributes": ["sex"]}, {"attributes": ["class"]}]
    population = under(tmp_path, {"kind": "quota", "size": 7, "quotas": quotas})
    # 7 people: 3.15 women of low class, 1.05 of high, 1.75 and 1.05 men.
    shares = population.shares("sex", "class")
    draws = 1_500
    seen = [population.draw(seed=seed).value_counts(["sex", "class"]) for seed in range(draws)]
    for cell, share in shares.items():
        counts = np.array([one.get(cell, 0) for one in seen])
        low, fraction = divmod(7 * share, 1)
        assert set(counts) <= {low, low + 1}
        assert abs(counts.mean() - 7 * share) < 4 * np.sqrt(fraction * (1 - fraction) / draws), cell


def test_stratified_people_are_equally_many_and_weigh_what_they_stand_for(tmp_path):
    design = {"kind": "stratified", "by": ["sex", "class"], "each": 5}
    population = under(tmp_path, design)
    frame = population.draw(seed=4)
    assert frame.groupby(["sex", "class"], observed=True).size().tolist() == [5, 5, 5, 5]
    assert frame["weight"].mean() == pytest.approx(1)
    # 45 of 100 are women of low class, 1.8 times the quarter that they have here.
    woman = frame[(frame["sex"] == "female") & (frame["class"] == "low")]
    assert woman["weight"].tolist() == pytest.approx([0.45 / 0.25] * 5)
    equal = population.under(Stratified(kind="stratified", by=("sex", "class"), each=5, weights="equal"))
    assert (equal.draw(seed=4)["weight"] == 1).all()


def test_the_worldvaluesbench_probe_takes_five_of_each_of_48_cells():
    population = Population.load("wvb_probe")
    frame = population.draw(seed=1)
    cells = frame.groupby(["continent", "settlement", "education"], observed=False).size()
    assert len(cells) == 6 * 2 * 4
    assert (cells == 5).all()


def test_rows_of_a_stratum_are_taken_once_and_by_weight():
    design = {"kind": "stratified", "by": ["sex", "class"], "each": 2}
    frame = rows(design).draw(seed=1)
    assert frame["source_row"].is_unique
    three = {**design, "each": 3}
    with pytest.raises(DocumentError, match=r"wants 3 of high x male, and the microdata has 2 such rows"):
        rows(three)
    again = rows({**three, "repeat": True}).draw(seed=1)
    assert again.groupby(["sex", "class"], observed=True).size().tolist() == [3] * 4
    # One woman of low class in each draw: r0, r1 and r2 by their weights of 1, 2 and 3.
    one = rows({"kind": "stratified", "by": ["sex", "class"], "each": 1})
    taken = Counter(row for seed in range(1_200) for row in one.draw(seed=seed)["source_row"])
    assert stats.chisquare([taken["r0"], taken["r1"], taken["r2"]], [200, 400, 600]).pvalue > 0.01


def test_rows_of_a_stratum_keep_their_weights_among_themselves():
    frame = pd.DataFrame(
        {"sex": ["female"] * 4, "class": ["low", "low", "high", "high"], "age": 30, "w": [1, 9, 5, 5]}
    )
    frame["id"] = ["a", "b", "c", "d"]
    design = {"kind": "stratified", "by": ["class"], "each": 2}
    drawn = rows(design, frame=frame).draw(seed=1)
    # Half of the 20 are of low class: two people of a mean weight of 1, of whom one weighs nine times the other.
    assert drawn.set_index("source_row")["weight"].to_dict() == pytest.approx({"a": 0.2, "b": 1.8, "c": 1, "d": 1})
    assert (rows({**design, "weights": "equal"}, frame=frame).draw(seed=1)["weight"] == 1).all()
    # With more rows than are wanted, each is taken as often as the other.
    two = rows({"kind": "stratified", "by": ["sex"], "each": 2, "empty": "skip"}, frame=frame)
    taken = Counter(row for seed in range(600) for row in two.draw(seed=seed)["source_row"])
    assert stats.chisquare([taken[row] for row in "abcd"]).pvalue > 0.01


def test_empty_strata_are_refused_or_skipped(tmp_path):
    design = {"kind": "stratified", "by": ["sex", "job"], "each": 2}
    told = refusal(tmp_path, [JOINT, JOBS], TABLES, design=design)
    assert (
        "wants 2 of own x female (job x sex), and nobody in the population is: 2 of 6 combinations are empty" in told
    )
    population = under(tmp_path, {**design, "empty": "skip"}, [JOINT, JOBS])
    assert population.size == 8
    assert population.draw(seed=1)["weight"].mean() == pytest.approx(1)


def test_a_full_factorial_has_every_combination_even_those_that_do_not_occur(tmp_path):
    population = under(tmp_path, {"kind": "factorial", "each": 2}, [JOINT, JOBS])
    frame = population.draw(seed=1)
    cells = Counter(zip(frame["sex"], band(frame), frame["class"], frame["job"], strict=True))
    assert len(frame) == population.size == 2 * 2 * 2 * 3 * 2
    assert len(cells) == 24 and set(cells.values()) == {2}


def test_the_order_of_attributes_changes_nobody_in_a_factorial(tmp_path):
    design = {"kind": "factorial"}
    (tmp_path / "turned").mkdir()
    people = under(tmp_path, design).people(0, 8, seed=1)
    known = {"class": CLASS, "age": AGE, "sex": SEX}
    assert town(tmp_path / "turned", [JOINT], TABLES, design=design, attributes=known).people(0, 8, seed=1) == people


def test_integerised_weights_make_whole_people(tmp_path):
    design = {"kind": "integerised", "size": 250}
    frame = under(tmp_path, design).draw(seed=1)
    seen = Counter(zip(frame["sex"], band(frame), frame["class"], strict=True))
    # 30 of 100 make 75 of 250; 5 make 12 or 13.
    assert seen["female", "young", "low"] == 75
    assert seen["female", "old", "high"] in (12, 13)
    rows_taken = rows({"kind": "integerised", "size": 32}).draw(seed=1)["source_row"].value_counts()
    assert rows_taken.to_dict() == dict(zip(ROWS["id"], (2 * ROWS["w"]).astype(int), strict=True))


@pytest.mark.parametrize(
    "design",
    [{"kind": "weighted"}, {"kind": "stratified", "by": ["sex"], "each": 9}, {"kind": "integerised", "size": 18}],
)
def test_a_matched_panel_is_the_same_people_in_a_later_wave(tmp_path, design):
    first = under(tmp_path, design).people(0, 18, seed=2020)
    later = under(tmp_path, {"kind": "panel", "seed": 2020, "design": design})
    assert later.people(0, 18, seed=2024) == first
    assert later.people(0, 18, seed=1) == first


def test_many_people_drawn_at_once_are_those_drawn_in_slices(tmp_path):
    people = rows({"kind": "random"}, missing="unknown").columns(0, CHUNK + 40, seed=6)
    slices = rows({"kind": "random"}, missing="unknown").columns(CHUNK - 30, CHUNK + 40, seed=6)
    last = people.frame().iloc[CHUNK - 30 :].reset_index(drop=True)
    pd.testing.assert_frame_equal(last, slices.frame())
    assert len(people) == CHUNK + 40


def test_equal_seeds_take_equal_people_and_others_take_others(tmp_path):
    for design in (
        {"kind": "stratified", "by": ["sex"], "each": 50},
        {"kind": "quota", "quotas": [{"attributes": ["sex"]}]},
    ):
        population = under(tmp_path, design).sized(100)
        people = population.people(0, 100, seed=1)
        assert under(tmp_path, design).sized(100).people(0, 100, seed=1) == people
        assert Population.from_json(population.as_json()).people(0, 100, seed=1) == people
        assert population.people(20, 30, seed=1) == people[20:30]
        assert population.people(0, 100, seed=2) != people


def test_a_design_of_fixed_size_does_not_grow(tmp_path):
    population = under(tmp_path, {"kind": "stratified", "by": ["sex"], "each": 5})
    with pytest.raises(DocumentError, match=r"\(stratified\) of population 'town' has 10 people, and 20 are wanted"):
        population.sized(20)
    with pytest.raises(DocumentError, match=r"has 10 people; number 10 is not among them"):
        population.people(0, 11, seed=1)
    quotas = Quotas(kind="quota", quotas=(Quota(attributes=("sex",)),))
    open_ = population.under(quotas)
    with pytest.raises(DocumentError, match="does not say how many people; pass n"):
        open_.draw(seed=1)
    with pytest.raises(DocumentError, match="give it a `size`"):
        open_.people(0, 1, seed=1)
    assert open_.sized(40).size == 40
    assert population.under(Panel(kind="panel", seed=1, design=quotas)).sized(40).size == 40


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ({"kind": "stratified", "by": ["party"], "each": 1}, "the design takes people by 'party'"),
        ({"kind": "quota", "quotas": [{"attributes": ["sex"], "counts": {"x": 1}}]}, "the quota of 'sex' names 'x'"),
        (
            {"kind": "quota", "quotas": [{"attributes": ["sex", "age"], "counts": {"male": 1}}]},
            "'male' must name one level of each of sex, age",
        ),
        (
            {"kind": "quota", "size": 3, "quotas": [{"attributes": ["sex"], "counts": {"male": 1}}]},
            "do not add up to the same number of people (sex: 1; size: 3)",
        ),
        ({"kind": "every_row"}, "takes every row of the microdata, and the population has no microdata"),
        ({"kind": "snowball"}, "there is no such kind of design; there are weighted, random, quota"),
        ({"kind": "panel", "seed": -1}, "greater than or equal to 0"),
        ({"kind": "stratified", "by": ["sex"], "each": 0}, "greater than or equal to 1"),
    ],
)
def test_designs_that_cannot_be_are_refused(tmp_path, design, message):
    assert message in refusal(tmp_path, [JOINT], TABLES, design=design)


def test_quotas_that_nobody_or_no_whole_numbers_meet_are_refused(tmp_path):
    def told(*quotas):
        with pytest.raises(DocumentError) as caught:
            under(tmp_path, {"kind": "quota", "quotas": list(quotas)}, [JOINT, JOBS]).draw(seed=1)
        return str(caught.value)

    assert "The quota of sex, job asks for own x female, whom nobody here is" in told(
        {"attributes": ["sex", "job"], "counts": {"female x own": 1}}
    )
    assert "The quotas contradict each other" in told(
        {"attributes": ["sex"], "counts": {"female": 10}}, {"attributes": ["job"], "counts": {"own": 10}}
    )


def test_a_factorial_too_large_to_be_is_refused(tmp_path):
    many = town(tmp_path, [JOINT], TABLES).under(Factorial(kind="factorial", each=10_000_000))
    with pytest.raises(DocumentError, match="has 80,000,000 people; the most is 10,000,000"):
        many.people(0, 1, seed=1)


def pvalues(population, n, cells, expected):
    """Chi-square of 200 draws: how many of ``n`` people are of each of ``cells``, against how many should be."""
    found = []
    for seed in range(200):
        frame = population.draw(n, seed=seed)
        seen = Counter(frame[["sex", "class"]].itertuples(index=False, name=None))
        found.append(stats.chisquare([seen[cell] for cell in cells], expected).pvalue)
    return found


@pytest.mark.parametrize(
    ("design", "expected"),
    [
        # Of 100 people 45 are women of low class, 15 of high, 25 men of low and 15 of high.
        ({"kind": "weighted"}, [180, 60, 100, 60]),
        ({"kind": "random"}, [180, 60, 100, 60]),
    ],
)
def test_independent_draws_are_unbiased_over_200_seeds(tmp_path, design, expected):
    # If draws are right, the 200 p-values are uniform on [0, 1]; Kolmogorov-Smirnov tests that once for all of them.
    cells = [("female", "low"), ("female", "high"), ("male", "low"), ("male", "high")]
    found = pvalues(under(tmp_path, design), 400, cells, expected)
    assert stats.kstest(found, "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    "design",
    [
        {"kind": "quota", "quotas": [{"attributes": ["sex"], "counts": {"female": 400, "male": 1}}]},
        {"kind": "stratified", "by": ["sex"], "each": 400},
    ],
)
def test_draws_within_a_quota_or_a_stratum_are_unbiased_over_200_seeds(tmp_path, design):
    # Three of four women are of low class: 300 of 400, whatever the design does with the men.
    population = under(tmp_path, design)
    found = pvalues(population, population.size, [("female", "low"), ("female", "high")], [300, 100])
    # With two cells p-values come in steps, so their mean is tested: 1/2 and a variance of 1/12 for each.
    assert abs(np.mean(found) - 0.5) < 3 * (1 / 12 / 200) ** 0.5
    seen = sum((population.draw(seed=seed)["sex"] == "female").sum() for seed in range(3))
    assert seen == 1_200


def test_a_sample_of_people_is_seeded_and_keeps_everything_of_each():
    people = rows({"kind": "every_row"}).columns(0, 10, seed=1)
    some = people.sample(4, np.random.default_rng(3))
    frame, whole = some.frame(), people.frame().set_index("source_row")
    assert len(some) == 4
    assert frame["source_row"].is_monotonic_increasing
    for row in frame.to_dict("records"):
        kept = whole.loc[row["source_row"]]
        assert (row["age"], row["sex"], row["weight"]) == (kept["age"], kept["sex"], kept["weight"])
    assert people.sample(4, np.random.default_rng(3)).frame().equals(frame)
    assert people.sample(10, np.random.default_rng(3)) is people
