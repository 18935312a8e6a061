"""Waves that ask people of several populations, and some conditions that ask fewer people."""

import pytest

from analysis.reading import open_results
from analysis.summary import summarise
from demoscope.errors import DocumentError, StoreError
from simulator.loading import load_wave
from simulator.plan import make_plan
from simulator.run import run_wave
from simulator.store import Store
from tests.documents import write
from tests.stores import content

TWO = """\
conditions:
  - name: us
    protocol: def
    settings: {portrait: [sex, age]}
  - name: cn
    protocol: def
    population: cn_adults_2020
    settings: {language: zh, culture: CN}
  - name: average
    protocol: cao
    respondents: 2
"""
ONE = """\
conditions:
  - name: def
    protocol: def
    settings: {portrait: [sex, age]}
"""


def launched(path, store):
    with Store(store) as opened:
        run_wave(load_wave(path), opened, now=lambda: "2026-01-01T00:00:00+00:00")
    return content(store)


def query(store, sql):
    with Store(store) as opened:
        return opened.execute(sql)


def test_two_cultures_are_asked_in_one_wave_with_people_of_their_own(wave_file, tmp_path):
    store = tmp_path / "s.sqlite"
    launched(wave_file((ONE, TWO)), store)
    rows = query(
        store,
        """SELECT c.name, c.population, count(*), min(p.id), max(p.id), count(DISTINCT p.country), min(p.country)
        FROM respondents r JOIN cells c ON c.id = r.cell_id JOIN personas p ON p.id = r.persona_id
        GROUP BY c.id""",
    )
    assert rows == [
        ("us/uniform", "us_adults_2018", 6, 1, 6, 1, "United States"),
        ("cn/uniform", "cn_adults_2020", 6, 100_000_001, 100_000_006, 1, "China"),
        ("average/uniform", "us_adults_2018", 2, 1, 2, 1, "United States"),
    ]
    assert query(store, "SELECT count(*) FROM answers WHERE status = 'answered'") == [((6 + 6 + 2) * 3,)]


def test_people_of_a_second_population_are_those_whom_a_wave_of_their_own_asks(wave_file, tmp_path):
    both = tmp_path / "both.sqlite"
    launched(wave_file((ONE, TWO)), both)
    alone = tmp_path / "alone.sqlite"
    other = TWO.replace("    population: cn_adults_2020\n", "")
    swapped = ("us_adults_2018", "cn_adults_2020")
    launched(wave_file((ONE, other), swapped, ("{portrait: [sex, age]}", "{}")), alone)
    people = "SELECT attributes, country, state, city FROM personas WHERE country = 'China' ORDER BY id"
    assert query(both, people) == query(alone, people)


def test_a_wave_of_two_cultures_grows_and_keeps_what_it_has(wave_file, tmp_path):
    store = tmp_path / "s.sqlite"
    launched(wave_file((ONE, TWO)), store)
    before = query(store, "SELECT * FROM answers")
    third = "  - {name: other, protocol: def, population: def_us_uniform, respondents: 3}\n"
    grown = TWO.replace("conditions:\n", "conditions:\n" + third).replace("respondents: 2", "respondents: 4")
    launched(wave_file((ONE, grown), ("respondents: 6", "respondents: 8")), store)
    after = query(store, "SELECT * FROM answers")
    assert set(before) <= set(after)
    counts = dict(
        query(store, "SELECT c.name, count(*) FROM respondents r JOIN cells c ON c.id = cell_id GROUP BY 1")
    )
    assert counts == {"us/uniform": 8, "cn/uniform": 8, "average/uniform": 4, "other/uniform": 3}
    blocks = (
        "SELECT DISTINCT c.population, (persona_id - 1) / 100000000 FROM respondents JOIN cells c ON c.id = cell_id"
    )
    assert dict(query(store, blocks)) == {"us_adults_2018": 0, "cn_adults_2020": 1, "def_us_uniform": 2}


def test_running_it_again_changes_nothing(wave_file, tmp_path):
    path = wave_file((ONE, TWO))
    first = launched(path, tmp_path / "s.sqlite")
    assert launched(path, tmp_path / "s.sqlite") == first


def test_another_population_of_a_condition_is_another_wave(wave_file, tmp_path):
    store = tmp_path / "s.sqlite"
    launched(wave_file((ONE, TWO)), store)
    with pytest.raises(StoreError, match=r"conditions\.cn\.population"):
        launched(wave_file((ONE, TWO.replace("cn_adults_2020", "def_cn_uniform"))), store)


def test_the_reference_is_about_the_own_population_alone(wave_file, tmp_path):
    store = tmp_path / "s.sqlite"
    path = wave_file(
        (ONE, TWO),
        ("questionnaire: survey.yaml", "questionnaire: gss_spending\nreference: gss_spending_2018"),
    )
    launched(path, store)
    with open_results(store) as results:
        cells = {cell.condition: cell for cell in summarise(results, draws=20).cells}
    assert cells["us"].averages.questions == 19
    assert cells["cn"].averages.questions == 0
    assert cells["cn"].groupings == ()


def test_a_plan_counts_the_people_of_each_condition(wave_file):
    plan = make_plan(load_wave(wave_file((ONE, TWO))))
    assert [(cell.cell, cell.respondents, cell.answers) for cell in plan.cells] == [
        ("us/uniform", 6, 18),
        ("cn/uniform", 6, 18),
        ("average/uniform", 2, 6),
    ]


def test_two_populations_of_one_id_are_refused(wave_file, tmp_path):
    halves = {"kind": "margin", "attributes": ["sex"], "shares": {"female": 50, "male": 50}}
    write(tmp_path, [halves], places={"country": "Utopia"})
    town = (tmp_path / "town.yaml").read_text()
    (tmp_path / "town.yaml").write_text(town.replace('"id": "town"', '"id": "us_adults_2018"'))
    other = TWO.replace("cn_adults_2020", "town.yaml").replace("{language: zh, culture: CN}", "{}")
    with pytest.raises(DocumentError, match="also called 'us_adults_2018'; give it an id of its own"):
        load_wave(wave_file((ONE, other)))


def test_a_portrait_is_checked_against_the_population_of_its_condition(wave_file):
    other = TWO.replace("{language: zh, culture: CN}", "{portrait: [degree]}")
    with pytest.raises(DocumentError, match=r"condition 'cn'.*degree"):
        load_wave(wave_file((ONE, other)))


def test_stories_are_not_told_of_people_of_another_population(wave_file):
    other = TWO.replace("{language: zh, culture: CN}", "{backstory: true}")
    with pytest.raises(DocumentError, match="condition 'cn' tells stories of lives to people of another population"):
        load_wave(wave_file((ONE, other)))
