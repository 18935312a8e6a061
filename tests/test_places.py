"""Places: countries, states, provinces, towns and villages, in two languages."""

import csv
import importlib.util
from collections import Counter
from pathlib import Path

import pytest
import yaml
from scipy import stats

import personas.gazetteer
from demoscope.errors import DocumentError
from personas import Persona, Place, Population, location
from personas.geography import TABLES
from personas.place_names import place_in
from tests.conftest import SHARED

MARGINS = SHARED / "data" / "margins"
LIBRARY = Path(__file__).resolve().parents[1] / "personas" / "library"
PROVINCE = {"levels": {"HE": "Hebei", "GS": "Gansu"}}
SETTLEMENT = {"levels": {"urban": "a town", "rural": "the countryside"}}
SHARES = {
    "province": {"attributes": ["province"], "shares": {"HE": 3, "GS": 1}},
    "settlement": {"attributes": ["settlement"], "shares": {"urban": 1, "rural": 1}},
}
CHINA = {"country": "China", "states": "cn_provinces", "state_attribute": "province"}
CITIES = {"iso": "CN", "codes": "gazetteer"}


def country(folder, places, attributes=None):
    """A population with these places."""
    known = attributes or {"province": PROVINCE, "settlement": SETTLEMENT}
    document = {
        "id": "country",
        "title": "A country",
        "source": "Written for this test",
        "attributes": known,
        "sources": [SHARES[name] for name in known if name in SHARES],
        "places": places,
    }
    path = folder / "country.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return Population.load(path)


def rows(name):
    with (LIBRARY / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_of_states_are_those_that_were_published():
    assert {name: len(rows(name)) for name in TABLES} == {
        "us_states": 51,
        "cn_provinces": 31,
        "def_us_states": 50,
        "def_cn_provinces": 23,
    }
    published = [row["name"] for row in rows("def_us_states")]
    assert published == sorted(published)
    assert "District of Columbia" not in published
    assert [row["name"] for row in rows("def_cn_provinces")] == [
        f"{name} Province"
        for name in (
            *("Hebei", "Shanxi", "Liaoning", "Jilin", "Heilongjiang", "Jiangsu", "Zhejiang", "Anhui", "Fujian"),
            *("Jiangxi", "Shandong", "Henan", "Hubei", "Hunan", "Guangdong", "Hainan", "Sichuan", "Guizhou"),
            *("Yunnan", "Shaanxi", "Gansu", "Qinghai", "Taiwan"),
        )
    ]


def test_every_place_of_def_can_be_told_in_chinese_script():
    for table, nation in (("def_us_states", "United States"), ("def_cn_provinces", "China")):
        for row in rows(table):
            told = location(Persona(number=0, place=Place(country=nation, state=row["name"])), language="zh")
            assert not any(sign.isascii() for sign in told), told


@pytest.mark.skipif(not MARGINS.is_dir(), reason="the published tables are not here")
def test_the_library_equals_a_new_reading_of_the_published_tables():
    path = Path(__file__).resolve().parents[1] / "scripts" / "build_margins.py"
    spec = importlib.util.spec_from_file_location("build_margins", path)
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    for name, table in build.tables(MARGINS).items():
        with (LIBRARY / name).open(encoding="utf-8", newline="") as file:
            assert [tuple(row) for row in csv.reader(file)] == [tuple(map(str, row)) for row in table], name


@pytest.mark.skipif(not MARGINS.is_dir(), reason="the published tables are not here")
def test_two_fifths_of_the_band_15_to_19_are_adults():
    with (MARGINS / "un_wpp2019_pop_age_sex_2020.csv").open(encoding="utf-8") as file:
        men = {
            row["age"]: float(row["pop_thousands_2020"]) * 1000
            for row in csv.DictReader(file)
            if row["country_code"] == "840" and row["sex"] == "M"
        }
    carried = {(row["sex"], row["age"]): int(row["count"]) for row in rows("us_sex_age_2020")}
    assert carried["male", "18-24"] == round(2 / 5 * men["15-19"] + men["20-24"])
    oldest = sum(men[band] for band in ("75-79", "80-84", "85-89", "90-94", "95-99", "100+"))
    assert carried["male", "75-89"] == round(oldest)


def test_states_are_drawn_by_population_or_all_alike():
    for name, uniform in (("def_us", False), ("def_us_uniform", True)):
        people = Population.load(name).people(0, 20_000, seed=3)
        states = Counter(person.place.state for person in people)
        weights = {row["name"]: 1.0 if uniform else float(row["population"]) for row in rows("def_us_states")}
        total = sum(weights.values())
        expected = [20_000 * weight / total for weight in weights.values()]
        assert stats.chisquare([states[state] for state in weights], expected).pvalue > 0.001


def test_the_province_of_a_person_is_where_the_person_lives(tmp_path):
    people = country(tmp_path, CHINA).people(0, 500, seed=1)
    assert {(p.attributes["province"], p.place.state) for p in people} == {("HE", "Hebei"), ("GS", "Gansu")}


def test_people_of_the_countryside_live_in_no_city_and_townspeople_in_one_of_their_province(tmp_path):
    places = {**CHINA, "settlement_attribute": "settlement", "cities": CITIES}
    population = country(tmp_path, places)
    cities = {code: {city.name for city in population.places.cities[code]} for code in ("HE", "GS")}
    people = population.people(0, 500, seed=1)
    assert {p.attributes["settlement"] for p in people if p.place.city is None} == {"rural"}
    for person in people:
        if person.attributes["settlement"] == "urban":
            assert person.place.city in cities[person.attributes["province"]]


def test_cities_have_the_wanted_size(tmp_path):
    # Of Gansu's cities only Lanzhou has two and a half million inhabitants or more.
    population = country(tmp_path, {**CHINA, "cities": {**CITIES, "minimum": 2_500_000}})
    assert [city.name for city in population.places.cities["GS"]] == ["Lanzhou"]


def test_any_country_is_drawn_by_its_cities():
    germany = Population.load("country:DE")
    cities = germany.places.cities[""]
    assert cities[0].name == "Berlin"
    drawn = Counter(person.place.city for person in germany.people(0, 50_000, seed=2))
    total = sum(city.population for city in cities)
    largest = cities[:40]
    expected = [50_000 * city.population / total for city in largest]
    observed = [drawn[city.name] for city in largest]
    rest = 50_000 - sum(expected)
    assert stats.chisquare([*observed, 50_000 - sum(observed)], [*expected, rest]).pvalue > 0.001


def test_a_country_may_be_an_attribute():
    people = Population.load("wvb_probe").people(0, 240, seed=4)
    labels = Population.load("wvb_probe").attributes["country"]
    assert all(person.place.country == labels.label(person.attributes["country"], "en") for person in people)
    # A frame has both: the code of the attribute and the name of the place.
    frame = Population.load("wvb_probe").draw(seed=1)
    assert {labels.label(code, "en") for code in frame["country"]} == set(frame["place_country"])
    assert set(frame["country"]) <= set(labels.codes)
    assert {person.place.country for person in people if person.attributes["continent"] == "oceania"} <= {
        *("Australia", "New Zealand", "Papua New Guinea", "Fiji", "Solomon Islands", "Vanuatu", "Samoa", "Tonga"),
        *("Micronesia", "Kiribati", "Guam", "New Caledonia", "French Polynesia", "Timor Leste"),
    }


def test_a_saved_population_needs_no_gazetteer(monkeypatch):
    for name in ("cn_adults_2020", "country:TO", "wvb_probe"):
        population = Population.load(name)
        people, saved = population.people(0, 200, seed=5), population.as_json()
        monkeypatch.setattr(personas.gazetteer, "_gazetteer", lambda: pytest.fail("the gazetteer was opened"))
        again = Population.from_json(saved)
        assert again.people(0, 200, seed=5) == people
        assert again.as_json() == saved
        monkeypatch.undo()


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({**CHINA, "state_attribute": "region"}, "state_attribute 'region' is not a categorical attribute"),
        ({**CHINA, "settlement_attribute": "province", "cities": CITIES}, "'province' has no level 'rural'"),
        ({**CHINA, "settlement_attribute": "settlement"}, "decides who lives in one of the `cities`"),
        ({**CHINA, "states": "us_states"}, "there is no state 'GS', a level of 'province'"),
        ({**CHINA, "states": "def_provinces"}, "no table 'def_provinces' comes with Demoscope; there are us_states"),
        ({**CHINA, "cities": {"iso": "CN", "codes": "geonames"}}, "the column 'geonames' is missing"),
        ({**CHINA, "cities": {**CITIES, "minimum": 100}}, "greater than or equal to 15000"),
        ({"country": "China", "country_attribute": "province"}, "name one of them"),
        ({"country_attribute": "province", "cities": CITIES}, "states and cities belong to one `country`"),
        ({"country": "Nowhere", "cities": {"iso": "XX"}}, "no city of 15,000 inhabitants or more in XX at all"),
    ],
)
def test_places_that_cannot_be_are_refused(tmp_path, places, message):
    with pytest.raises(DocumentError) as caught:
        country(tmp_path, places)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("country:XX", "there is no country with this ISO 3166 code"),
        ("country:germany", "did you mean country:DE?"),
        ("country:VA", "do not cover Vatican"),
    ],
)
def test_a_country_without_figures_is_told(name, message):
    with pytest.raises(DocumentError) as caught:
        Population.load(name)
    assert message in str(caught.value)


def test_places_are_named_in_chinese_where_they_have_a_name():
    suzhou = Place(country="China", state="Jiangsu", city="Suzhou")
    assert place_in(suzhou, "zh") == Place(country="中国", state="江苏省", city="苏州市")
    assert place_in(suzhou.model_copy(update={"state": "Anhui"}), "zh").city == "宿州市"
    assert place_in(Place(country="China", state="Jiangsu Province", city="Suzhou"), "zh").city == "苏州市"
    assert place_in(Place(country="Germany", city="Berlin"), "zh") == Place(country="德国", city="Berlin")
    assert place_in(suzhou, "en") == suzhou
    # Nobody writes Changshu in Latin letters there: the province alone is told.
    unknown = Persona(number=0, place=suzhou.model_copy(update={"city": "Changshu"}))
    assert location(unknown, language="zh") == "中国、居住在江苏省"
    assert location(unknown) == "China living in Changshu, Jiangsu"
    assert place_in(suzhou.model_copy(update={"city": "Huilong"}), "zh").city == "启东市"


@pytest.mark.parametrize("name", ["cn_adults_2020", "def_cn"])
def test_no_city_of_china_is_told_in_latin_letters_or_lies_in_macao(name):
    population = Population.load(name)
    told = [location(person, language="zh") for person in population.people(0, 2000, seed=1)]
    assert not [place for place in told if place.isascii() or any(sign.isascii() for sign in place)]
    cities = {city.name for city in population.places.cities["GD"]}
    assert not cities & {"Santo António", "Nossa Senhora de Fátima", "São Lourenço", "São Lázaro", "Luohu District"}
    assert "Xiuying" not in {city.name for city in population.places.cities["HI"]}


def test_a_city_that_is_its_own_province_is_told_once():
    beijing = Persona(number=0, place=Place(country="China", state="Beijing", city="Beijing"))
    assert location(beijing) == "China living in Beijing"
    assert location(beijing, language="zh") == "中国、居住在北京市"
