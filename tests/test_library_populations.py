"""The populations that come with Demoscope: official figures met, designs exact, everybody can be told."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from personas import Persona, Place, Population, portray
from personas.phrases import STYLES
from personas.styles import usual

LIBRARY = Path(__file__).resolve().parents[1] / "personas" / "library"
NAMES = (
    *("us_adults_2018", "cn_adults_2020", "def_us", "def_us_uniform", "def_cn", "def_cn_uniform", "wvb_probe"),
    *("country:DE", "country:NG", "country:TW"),
)


def table(name, *columns):
    """Shares of a table of the library by combination."""
    with (LIBRARY / name).open(encoding="utf-8", newline="") as file:
        counts = {tuple(row[column] for column in columns): float(row["count"]) for row in csv.DictReader(file)}
    total = sum(counts.values())
    return {cell: count / total for cell, count in counts.items()}


def test_every_population_of_the_library_is_tested_here():
    others = {"wvs_statements", "naming", "nobody"}  # of nobody nothing is told
    documents = {path.stem for path in LIBRARY.glob("*.yaml")} - others
    assert {name for name in NAMES if ":" not in name} == documents


@pytest.mark.parametrize("name", NAMES)
def test_every_population_names_its_source_and_year(name):
    document = Population.load(name).document
    assert document.year in (2018, 2020)
    assert "United Nations, World Population Prospects 2019" in document.source
    assert document.note


@pytest.mark.parametrize("name", NAMES)
def test_every_level_can_be_told_in_every_style_and_both_languages(name):
    population = Population.load(name)
    place = population.people(0, 1, seed=1)[0].place
    for attribute in usual(population):
        for code in population.attributes[attribute].codes:
            value = (population.attributes[attribute].bands or {code: (code,)})[code][0]
            someone = Persona(number=0, attributes={attribute: value}, place=place)
            for style in STYLES:
                for language in ("en", "zh"):
                    assert portray(someone, population, [attribute], language, style)


def test_american_adults_have_the_nations_sexes_and_ages():
    population = Population.load("us_adults_2018")
    target = table("us_sex_age_2020.csv", "sex", "age")
    assert population.shares("sex", "age") == pytest.approx(target, abs=1e-9)


def test_raking_leaves_degree_and_race_within_sex_and_age_as_they_were_counted():
    raked = Population.load("us_adults_2018").shares("sex", "age", "degree", "race")
    counted = table("us_adults_2018.csv", "sex", "age", "degree", "race")
    for shares in (raked, counted):
        cells = Counter()
        for cell, share in shares.items():
            cells[cell[:2]] += share
        for cell in list(shares):
            shares[cell] /= cells[cell[:2]]
    assert raked == pytest.approx(counted, abs=1e-9)


def test_chinese_adults_have_the_census_settlements_and_the_nations_sexes_and_ages():
    population = Population.load("cn_adults_2020")
    assert len(population.attributes["province"].codes) == 31
    settlement = table("cn_province_settlement_2020.csv", "province", "settlement")
    assert population.shares("province", "settlement") == pytest.approx(settlement, abs=1e-9)
    assert population.shares("sex", "age") == pytest.approx(table("cn_sex_age_2020.csv", "sex", "age"), abs=1e-9)
    # 126.0 of the mainland's 1,409.8 million people live in Guangdong, 74.21 % of them in towns.
    assert population.shares("province")["GD",] == pytest.approx(126.01251 / 1409.778724, abs=1e-6)
    assert settlement["GD", "urban"] / population.shares("province")["GD",] == pytest.approx(0.7421, abs=1e-4)


def test_provinces_add_up_to_the_nation_that_the_census_counted():
    # 1,411,778,724 people less 2,000,000 servicemen, who are counted in no province.
    with (LIBRARY / "cn_provinces.csv").open(encoding="utf-8", newline="") as file:
        people = {row["code"]: int(row["population"]) for row in csv.DictReader(file)}
    assert sum(people.values()) == 1_411_778_724 - 2_000_000
    assert (people["HE"], people["XJ"]) == (74_610_235, 25_852_345)
    for name, column in (("cn_province_sex_2020.csv", "sex"), ("cn_province_settlement_2020.csv", "settlement")):
        with (LIBRARY / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        split = Counter[str]()
        for row in rows:
            split[row["province"]] += int(row["count"])
        assert split == people, column
        # What the note of cn_adults_2020 says of the towns.
        urban = sum(int(row["count"]) for row in rows if row[column] == "urban")
        assert column == "sex" or urban / split.total() == pytest.approx(0.6350, abs=5e-5)


def test_people_who_name_their_city_do_not_add_that_they_live_in_one():
    population = Population.load("cn_adults_2020")
    place = Place(country="China", state="Jiangsu", city="Suzhou")
    someone = Persona(number=0, attributes={"age": 30, "sex": "male", "settlement": "urban"}, place=place)
    told = portray(someone, population, usual(population), style="first_person")
    assert told == "I am a 30-year-old man. I live in Suzhou, Jiangsu, China."
    told = portray(someone, population, usual(population), "zh", "first_person")
    assert told == "我是一位30岁的男性。我住在中国江苏省苏州市。"
    assert "I live in a town or city." in portray(someone, population, usual(population), "en", "first_person", False)
    unnamed = someone.model_copy(update={"place": place.model_copy(update={"city": "Changshu"})})
    assert "我住在城镇。我住在中国江苏省。" in portray(unnamed, population, usual(population), "zh", "first_person")


def test_provinces_keep_their_differences_in_sex():
    raked = Population.load("cn_adults_2020").shares("province", "sex")
    counted = table("cn_province_sex_2020.csv", "province", "sex")

    def odds(shares, province):
        return shares[province, "male"] / shares[province, "female"]

    for province in ("GD", "XZ", "LN"):
        assert odds(raked, province) / odds(raked, "BJ") == pytest.approx(
            odds(counted, province) / odds(counted, "BJ")
        )


def test_the_probe_has_five_people_of_each_continent_settlement_and_education():
    probe = Population.load("wvb_probe")
    people = probe.people(0, 240, seed=11)
    cells = Counter(
        (p.attributes["continent"], p.attributes["settlement"], p.attributes["education"]) for p in people
    )
    assert len(cells) == 6 * 2 * 4
    assert set(cells.values()) == {5}
    assert {person.weight for person in people} == {1.0}
    first = people[0]
    lines = portray(first, probe, ["settlement", "education"], style="interview").splitlines()
    starts = [line.split(":")[0].strip() for line in lines]
    assert starts == ["1. Question", "Answer", "2. Question", "Answer", "3. Question", "Answer"]


def test_any_countrys_adults_have_its_ages_and_sexes():
    with (LIBRARY / "un_adults_2020.csv").open(encoding="utf-8") as file:
        rows = {row["sex"]: row for row in csv.DictReader(file) if row["iso"] == "NG"}
    total = sum(float(value) for row in rows.values() for band, value in row.items() if band[0].isdigit())
    shares = Population.load("country:NG").shares("sex", "age")
    assert shares["female", "20-24"] == pytest.approx(float(rows["female"]["20-24"]) / total, abs=1e-12)
    assert len(shares) == 36


def test_there_are_two_hundred_countries():
    with (LIBRARY / "un_adults_2020.csv").open(encoding="utf-8") as file:
        codes = {row["iso"] for row in csv.DictReader(file)}
    assert len(codes) == 200
    for code in ("US", "CN", "IN", "TO"):
        assert Population.load(f"country:{code}").people(0, 3, seed=1)[2].attributes["age"] >= 18
