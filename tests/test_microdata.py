"""Microdata: files of real people read in place, with weights, labels and missing values handled on purpose."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from demoscope.errors import DocumentError
from personas import Attribute, Population
from tests.documents import CLASS, SEX, refusal, town

NONVOTERS = Path(__file__).resolve().parents[2] / "shared" / "data" / "nonvoters" / "fte_nonvoters_2020_items.csv"

FILE = """id,gender,years,status,w,country
a,1,20,low,2,US
b,2,45,high,1,US
c,1,90,,1.5,US
d,2,30,low,0,US
e,2,33,low,1,CN
"""
SOURCE = {
    "kind": "microdata",
    "file": "people.csv",
    "attributes": {
        "sex": {"column": "gender", "codes": {"1": "female", "2": "male"}},
        "age": "years",
        "class": {"column": "status", "missing": "unknown"},
    },
    "weight": "w",
    "row": "id",
    "only": {"country": ["US"]},
}


def people(folder, source=SOURCE, file=FILE, **parts):
    population = town(folder, [source], {"people.csv": file}, **{"design": {"kind": "every_row"}, **parts})
    return population.people(0, population.size, seed=1)


def reading(variable, **changes):
    """The source with one variable read another way."""
    name, how = next(iter(variable.items()))
    return {**SOURCE, "attributes": {**SOURCE["attributes"], name: how}, **changes}


def test_rows_are_read_with_codes_weights_and_identifiers(tmp_path):
    # d weighs nothing and e lives elsewhere; c's class is not known, and nothing is put in its place.
    assert [(p.source_row, p.weight, p.attributes) for p in people(tmp_path)] == [
        ("a", 2.0, {"age": 20, "sex": "female", "class": "low"}),
        ("b", 1.0, {"age": 45, "sex": "male", "class": "high"}),
        ("c", 1.5, {"age": 90, "sex": "female"}),
    ]


def test_missing_values_are_handled_on_purpose(tmp_path):
    dropped = people(tmp_path, reading({"class": {"column": "status", "missing": "drop"}}))
    assert [p.source_row for p in dropped] == ["a", "b"]
    lost = {"class": {"column": "status", "missing": "level", "missing_level": "high"}}
    assert [p.attributes["class"] for p in people(tmp_path, reading(lost))] == ["low", "high", "high"]
    declared = {"class": {"column": "status", "missing": "unknown", "missing_values": ["low"]}}
    assert [p.attributes.get("class") for p in people(tmp_path, reading(declared))] == [None, "high", None]
    told = refusal(tmp_path, [reading({"class": "status"})], {"people.csv": FILE})
    assert "people.csv: row 3 has no value in 'status' (class), as 1 of 3 rows" in told
    assert "`missing: drop`, `level` or `unknown`" in told


def test_what_is_not_known_is_empty_in_a_frame(tmp_path):
    frame = town(tmp_path, [SOURCE], {"people.csv": FILE}, design={"kind": "every_row"}).draw(seed=1)
    assert frame["class"].isna().tolist() == [False, False, True]
    unaged = {"age": {"column": "years", "missing": "unknown", "missing_values": ["45"]}}
    frame = town(tmp_path, [reading(unaged)], {"people.csv": FILE}, design={"kind": "every_row"}).draw(seed=1)
    assert frame["age"].isna().tolist() == [False, True, False]


def test_a_band_in_the_file_is_drawn_from_and_a_number_kept(tmp_path):
    banded = FILE.replace(",20,", ",young,").replace(",90,", ",90+,")
    source = reading({"age": {"column": "years", "codes": {"90+": "90"}}})
    population = town(tmp_path, [source], {"people.csv": banded}, design={"kind": "every_row"})
    ages = {tuple(population.draw(seed=seed)["age"]) for seed in range(20)}
    assert all(18 <= young <= 39 and rest == (45, 90) for young, *others in ages for rest in [tuple(others)])
    assert len(ages) > 5


def test_rows_outside_the_bands_are_dropped_when_asked(tmp_path):
    told = refusal(tmp_path, [SOURCE], {"people.csv": FILE.replace(",45,", ",17,")})
    assert "row b: 'age' is 17, which lies in no band (young, old)" in told
    source = reading({"age": {"column": "years", "outside": "drop"}})
    assert [p.source_row for p in people(tmp_path, source, FILE.replace(",45,", ",17,"))] == ["a", "c"]


@pytest.mark.parametrize("kind", ["parquet", "sav", "zsav", "dta"])
def test_parquet_spss_and_stata_files_give_the_same_people_as_csv(tmp_path, kind):
    frame = pd.DataFrame(
        {
            "id": ["a", "b", "c", "d", "e"],
            "gender": [1.0, 2.0, 1.0, 2.0, 2.0],
            "years": [20.0, 45.0, 90.0, 30.0, 33.0],
            "status": [1.0, 2.0, np.nan, 1.0, 1.0],
            "w": [2.0, 1.0, 1.5, 0.0, 1.0],
            "country": ["US", "US", "US", "US", "CN"],
        }
    )
    labels = {"gender": {1: "female", 2: "male"}, "status": {1: "low", 2: "high"}}
    path = tmp_path / f"people.{kind}"
    if kind == "parquet":
        frame.assign(
            gender=frame["gender"].map(labels["gender"]), status=frame["status"].map(labels["status"])
        ).to_parquet(path)
    elif kind == "dta":
        pyreadstat.write_dta(frame, path, variable_value_labels=labels)
    else:
        pyreadstat.write_sav(frame, path, variable_value_labels=labels, compress=kind == "zsav")
    labelled = reading({"sex": "gender"}, file=path.name)
    assert people(tmp_path, labelled) == people(tmp_path)
    if kind != "parquet":
        codes = {"column": "status", "codes": {"1": "low", "2": "high"}, "missing": "unknown"}
        raw = reading({"class": codes}, file=path.name, labels=False)
        assert people(tmp_path, raw) == people(tmp_path)


def test_what_spss_declares_missing_is_missing(tmp_path):
    frame = pd.DataFrame({"gender": [1.0, 2.0, 9.0], "years": [20.0, 45.0, 50.0]})
    pyreadstat.write_sav(frame, tmp_path / "people.sav", missing_ranges={"gender": [9]})
    sex = {"column": "gender", "codes": {"1": "female", "2": "male"}, "missing": "drop"}
    source = {"kind": "microdata", "file": "people.sav", "attributes": {"sex": sex, "age": "years"}}
    assert [p.source_row for p in people(tmp_path, source)] == ["1", "2"]


def test_weights_are_raked_to_margins_with_a_cap(tmp_path):
    rng = np.random.default_rng(3)
    rows = "gender,years,w\n" + "".join(
        f"{rng.choice(['female', 'male'], p=[0.9, 0.1])},{rng.integers(18, 91)},{rng.lognormal():.4f}\n"
        for _ in range(800)
    )
    source = {
        "kind": "microdata",
        "file": "people.csv",
        "attributes": {"sex": "gender", "age": "years"},
        "weight": "w",
    }
    margins = [
        {"kind": "margin", "attributes": ["sex"], "shares": {"female": 0.75, "male": 0.25}},
        {"kind": "margin", "attributes": ["age"], "shares": {"young": 0.4, "old": 0.6}},
    ]
    population = town(tmp_path, [source, *margins], {"people.csv": rows}, raking={"cap": 5})
    assert population.shares("sex")["female",] == pytest.approx(0.75)
    assert population.shares("age")["young",] == pytest.approx(0.4)
    weights = population.composition.parts[0].weights
    assert weights.max() <= 5 * weights.mean() * (1 + 1e-6)
    unraked = town(tmp_path, [source], {"people.csv": rows}).composition.parts[0].weights
    assert weights.sum() == pytest.approx(unraked.sum())  # raked weights keep the scale of the file's


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        (FILE.replace("gender", "sex"), {}, "people.csv: there is no column 'gender'"),
        (FILE.replace("a,1,20,low,2", "a,1,20,low,-2"), {}, "row 1 has the weight '-2' in 'w'"),
        (FILE.replace("a,1,20,low,2", "a,1,20,low,inf"), {}, "row 1 has the weight 'inf' in 'w'"),
        (FILE.replace("a,1,20,low,2", "a,1,20,low,"), {}, "row 1 has the weight '' in 'w'"),
        (FILE.replace("a,1,20", "a,3,20"), {}, "row a: 'sex' has no level '3'"),
        (FILE.replace("a,1,20", "a,1,121"), {}, "row a: 'age' is 121 years; ages lie between 0 and 120"),
        (FILE.replace("a,1,20", "a,1,-1"), {}, "row a: 'age' is -1 years; ages lie between 0 and 120"),
        (FILE.replace("a,1,20", "a,1,20.5"), {}, "row a: 'age' is '20.5', neither a whole number nor a band"),
        (FILE.replace("a,1,20", "a,1,nan"), {}, "'nan', neither a whole number nor a band"),
        (FILE, {"only": {"country": ["FR"]}}, "no row is left of 5"),
        (FILE, {"file": "other.csv"}, "other.csv: no such file"),
        (FILE, {"file": "people.xls"}, "microdata are .csv, .parquet, .sav, .zsav or .dta files"),
        (FILE, {"attributes": {"sex": {"column": "gender", "missing": "level"}}}, "belong together"),
        ("id\n", {}, "there is no column 'gender'"),
        ("", {}, "cannot be read as .csv"),
    ],
)
def test_microdata_that_cannot_be_used_are_refused(tmp_path, file, changes, message):
    assert message in refusal(tmp_path, [{**SOURCE, **changes}], {"people.csv": file})


def test_what_is_not_known_cannot_be_raked_or_depended_on(tmp_path):
    margin = {"kind": "margin", "attributes": ["class"], "shares": {"low": 1, "high": 1}}
    told = refusal(tmp_path, [SOURCE, margin], {"people.csv": FILE})
    assert "shares of class: 'class' is not known of everybody, so it cannot be raked" in told
    jobs = {"kind": "conditional", "table": "jobs.csv", "attributes": ["job"], "given": ["class"]}
    shares = "class,job,share\nlow,none,1\nhigh,paid,1\n"
    told = refusal(tmp_path, [SOURCE, jobs], {"people.csv": FILE, "jobs.csv": shares})
    assert "jobs.csv: job depends on 'class', which is not known of all" in told


def test_two_files_of_microdata_are_refused(tmp_path):
    one = {**SOURCE, "attributes": {"sex": "gender"}}
    two = {**SOURCE, "file": "more.csv", "attributes": {"age": "years"}}
    assert "are both microdata; a persona is taken from one row" in refusal(tmp_path, [one, two])


def test_microdata_are_saved_with_the_population(tmp_path):
    population = town(tmp_path, [SOURCE], {"people.csv": FILE})
    (tmp_path / "people.csv").unlink()
    again = Population.from_json(population.as_json())
    assert again.people(0, 50, seed=2) == population.people(0, 50, seed=2)
    assert again.as_json() == population.as_json()
    assert not again.restricted
    assert town(tmp_path, [{**SOURCE, "restricted": True}], {"people.csv": FILE}).restricted


def test_a_frame_goes_in_and_a_frame_comes_out():
    frame = pd.DataFrame({"sex": ["female", "male", None], "age": [44, 18, 70], "w": [2.0, 1.0, 1.0]})
    population = Population.from_frame(frame, "three", weight="w", missing="drop")
    drawn = population.draw(100, seed=1)
    assert list(drawn) == ["person", "sex", "age", "weight", "source_row"]
    assert set(zip(drawn["sex"], drawn["age"], strict=True)) == {("female", 44), ("male", 18)}
    restored = Population.from_json(population.as_json())
    pd.testing.assert_frame_equal(restored.draw(100, seed=1), drawn)
    again = Population.from_frame(drawn[["sex", "age"]], "hundred")
    assert again.shares("sex")["female",] == pytest.approx((drawn["sex"] == "female").mean())
    with pytest.raises(DocumentError, match="row 3 has no value in 'sex'"):
        Population.from_frame(frame, "three")
    with pytest.raises(DocumentError, match=r"row 1 has the weight '-2.0' in 'w'"):
        Population.from_frame(frame.assign(w=-frame["w"]), "three", weight="w", missing="drop")
    with pytest.raises(DocumentError, match="no column 'party'"):
        Population.from_frame(frame, "three", attributes={"party": Attribute(levels={"a": "a"})})


@pytest.mark.skipif(not NONVOTERS.is_file(), reason="the file of the nonvoters is not here")
def test_a_weighted_cross_tabulation_of_a_real_survey_is_met(tmp_path):
    education = ["High school or less", "Some college", "College"]
    attributes = {
        "sex": SEX,
        "age": {
            "kind": "numeric",
            "unit": "years",
            "bands": {"18-34": (18, 34), "35-64": (35, 64), "65+": (65, 120)},
        },
        "education": {"levels": {level: level for level in education}},
        "class": CLASS,
    }
    income = {"Less than $40k": "low", "$40-75k": "low", "$75-125k": "high", "$125k or more": "high"}
    source = {
        "kind": "microdata",
        "file": str(NONVOTERS),
        "attributes": {
            "sex": {"column": "gender", "codes": {"Female": "female", "Male": "male"}},
            "age": "ppage",
            "education": "educ",
            "class": {"column": "income_cat", "codes": income},
        },
        "weight": "weight",
        "row": "RespId",
    }
    population = town(tmp_path, [source], attributes=attributes)
    # By hand, with nothing of the program: sums of weights by sex, education and income.
    table, total = defaultdict(float), 0.0
    with NONVOTERS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            table[row["gender"].lower(), row["educ"], income[row["income_cat"]]] += float(row["weight"])
            total += float(row["weight"])
    expected = {cell: weight / total for cell, weight in table.items()}
    assert population.shares("sex", "education", "class") == pytest.approx(expected, rel=1e-12)
    # Every row once, with its weight, gives the same table.
    frame = town(tmp_path, [source], attributes=attributes, design={"kind": "every_row"}).draw(seed=1)
    assert len(frame) == 5836
    tabulated = frame.groupby(["sex", "education", "class"], observed=True)["weight"].sum() / frame["weight"].sum()
    assert tabulated.to_dict() == pytest.approx(expected, rel=1e-12)
    # And so do 50,000 people drawn by weight, within four standard errors of each of the twelve cells.
    drawn = population.draw(50_000, seed=1).groupby(["sex", "education", "class"], observed=True).size() / 50_000
    for cell, share in expected.items():
        assert abs(drawn[cell] - share) < 4 * (share * (1 - share) / 50_000) ** 0.5


def test_a_value_of_a_frame_that_is_no_level_is_told_once():
    frame = pd.DataFrame({"party": ["a", "x"]})
    with pytest.raises(DocumentError, match=r"^three: frame: row 2: 'party' has no level 'x'"):
        Population.from_frame(frame, "three", attributes={"party": Attribute(levels={"a": "a"})})
