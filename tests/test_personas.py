"""Populations: read, refused when they cannot be, drawn from, and told in words."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from scipy import stats

from demoscope.errors import DocumentError
from personas import Persona, Place, Population, describe, load_population, location

DOCUMENT = {
    "id": "town",
    "title": "A town",
    "source": "Written for this test",
    "attributes": {
        "sex": {"levels": {"male": {"en": "man", "zh": "男性"}, "female": {"en": "woman", "zh": "女性"}}},
        "age": {"kind": "numeric", "unit": "years", "bands": {"young": [18, 19], "old": [70, 89]}},
    },
    "sources": [{"table": "town.csv", "attributes": ["sex", "age"]}],
    "phrases": [
        {"tells": ["age", "sex"], "text": {"en": "you are {{ age | a }}-year-old {{ sex }}"}},
        {"tells": ["sex"], "text": {"en": "you are {{ sex | a }}", "zh": "你是一位{{ sex }}"}},
    ],
    "places": {"country": "Utopia", "states": "states.csv"},
}
TABLE = "sex,age,count\nmale,young,10\nmale,old,0\nfemale,young,20\nfemale,old,10\n"
STATES = "code,name,population\nN,North,3\nS,South,1\n"


def write(folder: Path, table: str | bytes = TABLE, states: str = STATES, **changes: object) -> Path:
    (folder / "town.yaml").write_text(
        yaml.safe_dump({**DOCUMENT, **changes}, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    (folder / "town.csv").write_bytes(table.encode() if isinstance(table, str) else table)
    (folder / "states.csv").write_text(states, encoding="utf-8")
    return folder / "town.yaml"


def refusal(path: Path) -> str:
    with pytest.raises(DocumentError) as caught:
        Population.load(path)
    return str(caught.value)


def test_the_first_hundred_of_a_thousand_are_the_hundred():
    population = load_population("us_adults_2018")
    thousand = population.people(0, 1000, seed=3)
    assert population.people(0, 100, seed=3) == thousand[:100]
    assert population.people(437, 512, seed=3) == thousand[437:512]
    assert [person.number for person in thousand] == list(range(1000))


def test_nobody_is_drawn_from_an_empty_range_and_none_from_an_impossible_one():
    population = load_population("us_adults_2018")
    assert population.people(5, 5, seed=3) == []
    with pytest.raises(ValueError, match="0 <= start <= stop"):
        population.people(5, 4, seed=3)


def test_another_seed_or_another_population_gives_other_people(tmp_path):
    town = Population.load(write(tmp_path))
    other = Population.load(write(tmp_path, id="village"))
    people = [p.attributes for p in town.people(0, 200, seed=1)]
    assert people != [p.attributes for p in town.people(0, 200, seed=2)]
    assert people != [p.attributes for p in other.people(0, 200, seed=1)]


def test_the_order_of_attributes_and_rows_in_the_files_does_not_matter(tmp_path):
    people = Population.load(write(tmp_path)).people(0, 300, seed=5)
    turned = Population.load(
        write(
            tmp_path,
            table="count,age,sex\n10,old,female\n10,young,male\n20,young,female\n",
            states="population,code,name\n1,S,South\n3,N,North\n",
            attributes=dict(reversed(DOCUMENT["attributes"].items())),
            sources=[{"table": "town.csv", "attributes": ["age", "sex"]}],
        )
    )
    assert turned.people(0, 300, seed=5) == people


def test_draws_follow_the_counts(tmp_path):
    # Of 40 people 10 are young men, none old men, 20 young women and 10 old women: shares 1/4, 0, 1/2 and 1/4.
    people = Population.load(write(tmp_path)).people(0, 20_000, seed=11)
    cells = Counter((p.attributes["sex"], p.attributes["age"] < 20) for p in people)
    assert ("male", False) not in cells
    observed = [cells["male", True], cells["female", True], cells["female", False]]
    assert stats.chisquare(observed, [5_000, 10_000, 5_000]).pvalue > 0.01
    # Ages are uniform in their band: 2 of the young, 20 of the old.
    ages = Counter(p.attributes["age"] for p in people)
    assert sorted(ages) == [18, 19, *range(70, 90)]
    assert stats.chisquare([ages[age] for age in (18, 19)]).pvalue > 0.01
    assert stats.chisquare([ages[age] for age in range(70, 90)]).pvalue > 0.01
    # Three of four live in the north, whatever their sex.
    homes = Counter((p.place.state, p.attributes["sex"]) for p in people)
    assert (
        stats.chisquare(
            [homes["North", "male"] + homes["North", "female"], homes["South", "male"] + homes["South", "female"]],
            [15_000, 5_000],
        ).pvalue
        > 0.01
    )
    table = [[homes[state, sex] for sex in ("male", "female")] for state in ("North", "South")]
    assert stats.chi2_contingency(table).pvalue > 0.01


def test_draws_are_unbiased_over_200_seeds(tmp_path):
    # If draws are right, the 200 p-values are uniform on [0, 1]; Kolmogorov-Smirnov tests that once.
    town = Population.load(write(tmp_path))
    pvalues = []
    for seed in range(200):
        cells = Counter((p.attributes["sex"], p.attributes["age"] < 20) for p in town.people(0, 400, seed))
        observed = [cells["male", True], cells["female", True], cells["female", False]]
        pvalues.append(stats.chisquare(observed, [100, 200, 100]).pvalue)
    assert stats.kstest(pvalues, "uniform").pvalue > 0.01


def test_a_saved_population_draws_the_same_people_without_its_files():
    population = load_population("us_adults_2018")
    saved = population.as_json()
    again = Population.from_json(saved)
    assert again.people(0, 200, seed=9) == population.people(0, 200, seed=9)
    assert again.as_json() == saved
    person = again.people(0, 1, seed=9)[0]
    assert describe(person, again, ["age"]) == describe(person, population, ["age"])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"document": {}}', "nonsense"])
def test_a_text_that_is_no_saved_population_is_refused(text):
    with pytest.raises(DocumentError, match="saved population"):
        Population.from_json(text)


def test_a_saved_population_is_checked_like_a_written_one():
    content = json.loads(load_population("us_adults_2018").as_json())
    content["tables"]["us_adults_2018.csv"][0]["sex"] = "robot"
    with pytest.raises(DocumentError, match=r"1: 'sex' has no level 'robot'"):
        Population.from_json(json.dumps(content))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("sex,age,count\nmale,young,-1\n", "town.csv:2: count must be a finite number from 0 to 1e+15, got '-1'"),
        ("sex,age,count\nmale,young,inf\n", "town.csv:2: count must be a finite number from 0 to 1e+15, got 'inf'"),
        ("sex,age,count\nmale,young,nan\n", "town.csv:2: count must be a finite number from 0 to 1e+15, got 'nan'"),
        ("sex,age,count\nmale,young,\n", "town.csv:2: count must be a finite number from 0 to 1e+15, got ''"),
        ("sex,age,count\nmale,young,0\n", "town.csv: every count is zero"),
        ("sex,age,count\nfemal,young,1\n", "town.csv:2: 'sex' has no level 'femal'; did you mean 'female'?"),
        ("sex,age,count\nmale,,1\n", "town.csv:2: 'age' has no level ''; its levels are young, old"),
        (
            "sex,age,count\nmale,old,1\nmale,old,2\n",
            "town.csv:3: old x male stands here a second time (first on line 2)",
        ),
        ("sex,count\nmale,1\n", "town.csv: the column 'age' is missing; it needs sex, age, count and has sex, count"),
        ("sex,age,count\nmale,young\n", "town.csv:2: this row has more or fewer values than columns"),
        ("sex,age,count\n", "town.csv: the table is empty"),
        ("", "town.csv: the column 'sex' is missing"),
        (b"sex,age,count\n\xff,young,1\n", "town.csv: not UTF-8 text"),
    ],
)
def test_a_table_that_cannot_be_drawn_from_is_refused_with_its_line(tmp_path, table, message):
    assert message in refusal(write(tmp_path, table=table))


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ("code,name\nN,North\n", "states.csv: the column 'population' is missing"),
        ("code,name,population\nN,North,-3\n", "states.csv:2: population must be a finite number"),
        ("code,name,population\nN,North,0\n", "states.csv: every population is zero"),
        ("code,name,population\nN,North,1\nN,South,1\n", "states.csv:3: state 'N' stands here a second time"),
        ("code,name,population\n,North,1\n", "states.csv:2: a state needs its code and its name"),
    ],
)
def test_a_table_of_states_that_cannot_be_drawn_from_is_refused_with_its_line(tmp_path, states, message):
    assert message in refusal(write(tmp_path, states=states))


def attribute(**fields):
    return {**DOCUMENT["attributes"], "age": fields}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": [{"table": "town.csv", "attributes": ["sex", "age", "party"]}]}, "an attribute that nobody has"),
        ({"sources": [{"table": "town.csv", "attributes": ["sex"]}]}, "no table gives the attribute 'age'"),
        ({"sources": []}, "sources"),
        ({"sources": [{"table": "../town.csv", "attributes": ["sex", "age"]}]}, "a file beside the document"),
        (
            {"sources": [{"table": name, "attributes": ["sex", "age"]} for name in ("town.csv", "states.csv")]},
            "attribute 'sex' is given by 'town.csv' and again by 'states.csv'",
        ),
        (
            {"sources": [{"table": "town.csv", "attributes": [name]} for name in ("sex", "age")]},
            "table 'town.csv' is a source twice",
        ),
        (
            {"attributes": attribute(kind="numeric", unit="years", bands={"young": [-1, 19], "old": [70, 89]})},
            "ages lie between 0 and 120",
        ),
        (
            {"attributes": attribute(kind="numeric", unit="years", bands={"young": [18, 19], "old": [70, 121]})},
            "band 'old' is 70 to 121 years",
        ),
        (
            {"attributes": attribute(kind="numeric", unit="years", bands={"young": [18, 70], "old": [70, 89]})},
            "bands 'young' and 'old' overlap at 70",
        ),
        ({"attributes": attribute(kind="numeric", bands={"young": [19, 18]})}, "the lower end comes first"),
        ({"attributes": attribute(kind="numeric")}, "needs its bands"),
        ({"attributes": attribute(levels={"young": "young"}, unit="years")}, "a unit belongs to kind: numeric"),
        ({"phrases": [{"tells": ["party"], "text": "x"}]}, "a phrase tells 'party', an attribute that nobody has"),
        ({"places": {"country": "Utopia", "weights": "uniform"}}, "name the table of states too"),
        ({"places": {"country": "Utopia", "states": "states.csv", "cities": {"iso": "US"}}}, "no city of 15,000"),
        ({"colour": "red"}, "unknown key"),
    ],
)
def test_a_contradictory_document_is_refused(tmp_path, changes, message):
    assert message in refusal(write(tmp_path, **changes))


def test_a_missing_table_and_an_unknown_library_name_are_told(tmp_path):
    path = write(tmp_path)
    (tmp_path / "town.csv").unlink()
    assert "town.csv: the table cannot be read" in refusal(path)
    with pytest.raises(DocumentError, match="did you mean 'us_adults_2018'"):
        load_population("us_adult_2018")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("you are {{ income }}", "uses 'income', which it does not tell"),
        ("you are {{ code.income }}", "uses 'code.income'"),
        ("you are {{ sex.__class__ }}", "uses 'sex.__class__'"),
        ("you are {{ ''.__class__.__mro__ }}", "uses '?.__mro__'"),
        ("you are {{ sex.upper() }}", "does more than insert and choose words (Call)"),
        ("you are {{ sex['__class__'] }}", "does more than insert and choose words (Getitem)"),
        ("{% for x in sex %}{{ x }}{% endfor %}", "does more than insert and choose words (For)"),
        ("{{ 'x' * 1000000000 }}", "does more than insert and choose words (Mul)"),
        ("you are {{ sex", "is not a usable template"),
        ("you are {{ sex | attr('x') }}", "is not a usable template"),
    ],
)
def test_a_phrase_reaches_only_what_it_tells(tmp_path, text, message):
    assert message in refusal(write(tmp_path, phrases=[{"tells": ["sex"], "text": text}]))


def person(**attributes):
    return Persona(number=0, attributes=attributes)


def test_portraits_read_as_people_speak():
    us = load_population("us_adults_2018")
    woman = person(sex="female", age=44, degree="bachelor", race="black")
    everything = ["race", "degree", "age", "sex"]
    assert describe(woman, us, ["sex", "age", "degree"]) == (
        "You are a 44-year-old woman; your highest degree is a bachelor's degree."
    )
    assert describe(woman, us, everything) == (
        "You are a 44-year-old woman; your highest degree is a bachelor's degree; you are Black."
    )
    assert describe(woman, us, everything, "zh") == "你是一位44岁的女性；你的最高学历是大学本科；你是黑人。"
    young = person(sex="male", age=18, degree="less_than_high_school", race="other")
    assert describe(young, us, everything) == (
        "You are an 18-year-old man; you did not finish high school; you are neither white nor Black."
    )
    assert describe(young, us, ["degree", "race"], "zh") == "你没有高中毕业；你既不是白人也不是黑人。"
    assert describe(person(degree="high_school"), us, ["degree"]) == "Your highest degree is a high school diploma."
    assert describe(young, us, ["age"]) == "You are 18 years old."
    assert describe(young, us, ["sex"]) == "You are a man."
    assert describe(young, us, []) == ""


def test_every_level_of_the_library_can_be_told_in_both_languages():
    us = load_population("us_adults_2018")
    for name in us.attributes:
        for code in us.attributes[name].codes:
            value = us.attributes[name].bands[code][0] if us.attributes[name].bands else code
            for language in ("en", "zh"):
                assert describe(person(**{name: value}), us, [name], language)


def test_what_cannot_be_told_is_refused(tmp_path):
    town = Population.load(write(tmp_path))
    with pytest.raises(DocumentError, match="knows no 'party' of its people; it knows sex, age"):
        describe(person(sex="male"), town, ["party"])
    with pytest.raises(DocumentError, match="no phrase that tells 'age'"):
        describe(person(age=18), town, ["age"])
    with pytest.raises(DocumentError, match="has no text in 'zh', only in en"):
        describe(person(age=18, sex="male"), town, ["age", "sex"], "zh")
    with pytest.raises(DocumentError, match="no level 'robot'"):
        describe(person(sex="robot"), town, ["sex"])


@pytest.mark.parametrize(
    ("detail", "language", "joiner", "text"),
    [
        ("city", "en", "living in", "the United States living in Austin, Texas"),
        ("state", "en", "living in", "the United States living in Texas"),
        ("country", "en", "living in", "the United States"),
        ("city", "en", " ", "United States Austin, Texas"),
        ("state", "en", " ", "United States Texas"),
        ("country", "en", " ", "United States"),
        ("city", "zh", "living in", "美国、居住在得克萨斯州Austin"),
        ("state", "zh", " ", "美国得克萨斯州"),
        ("country", "zh", "living in", "美国"),
    ],
)
def test_locations_are_worded_as_paper_and_code_do(detail, language, joiner, text):
    someone = Persona(number=0, place=Place(country="United States", state="Texas", city="Austin"))
    assert location(someone, detail=detail, language=language, joiner=joiner) == text


def test_locations_leave_out_what_is_not_known():
    assert location(Persona(number=0, place=Place(country="Utopia", state="North"))) == "Utopia living in North"
    townsman = Persona(number=0, place=Place(country="Utopia", city="Amaurot"))
    assert location(townsman, detail="state") == "Utopia"
    with pytest.raises(DocumentError, match="Person 0 has no place"):
        location(Persona(number=0))
