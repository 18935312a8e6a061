"""Portraits: how people are introduced, in every style and language, and what a template may not do."""

import json

import pytest
import yaml

from demoscope.errors import DocumentError
from personas import Persona, Place, Population, portray, statements
from personas.names import Names
from personas.statements import wvs_statements
from personas.styles import told_by, usual
from simulator.protocols.def_settings import DefSettings
from simulator.protocols.diversity_enhanced import PROTOCOL
from tests.conftest import SHARED

DEMOGRAPHICS = SHARED / "data" / "indievalue" / "demographics_meta_data.jsonl"
DOCUMENT = {
    "id": "town",
    "title": "A town",
    "source": "Written for this test",
    "attributes": {
        "sex": {"levels": {"male": {"en": "man", "zh": "男性"}, "female": {"en": "woman", "zh": "女性"}}},
        "job": {"levels": {"clerk": "clerk", "engineer": "engineer"}},
    },
    "sources": [
        {"attributes": ["sex"], "shares": {"male": 1, "female": 1}},
        {"attributes": ["job"], "shares": {"clerk": 1, "engineer": 1}},
    ],
    "phrases": [
        {
            "tells": ["sex"],
            "text": {"en": "you are {{ sex | a }}", "zh": "你是{{ sex }}"},
            "first": {"en": "I am {{ sex | a }}", "zh": "我是{{ sex }}"},
            "asked": {"en": "Are you a man or a woman?", "zh": "您的性别是？"},
        },
        {"tells": ["job"], "text": "you are {{ job | a }}", "first": "I work as {{ job | a }}"},
    ],
    "places": {"country": "Netherlands"},
}


def town(folder, **changes):
    path = folder / "town.yaml"
    path.write_text(yaml.safe_dump({**DOCUMENT, **changes}, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return Population.load(path)


def person(**attributes):
    return Persona(number=0, attributes=attributes, place=Place(country="Netherlands", city="Delft"))


ENGINEER = person(sex="female", job="engineer")


def test_the_four_styles_tell_the_same_person(tmp_path):
    population = town(tmp_path)
    both = ["job", "sex"]
    assert portray(ENGINEER, population, both) == "You are a woman; you are an engineer."
    assert (
        portray(ENGINEER, population, both, style="first_person")
        == "I am a woman. I work as an engineer. I live in Delft, the Netherlands."
    )
    assert portray(ENGINEER, population, both, style="statements") == "I work as an engineer\nI am a woman"
    assert portray(ENGINEER, population, ["sex"], style="interview") == (
        "1. Question: In which country was this interview held?\n   Answer: Netherlands\n"
        "2. Question: Are you a man or a woman?\n   Answer: Woman"
    )


def test_the_four_styles_speak_chinese(tmp_path):
    population = town(tmp_path)
    assert portray(ENGINEER, population, ["sex"], "zh") == "你是女性。"
    assert portray(ENGINEER, population, ["sex"], "zh", "first_person") == "我是女性。我住在荷兰Delft。"
    assert portray(ENGINEER, population, ["sex"], "zh", "statements") == "我是女性"
    assert portray(ENGINEER, population, ["sex"], "zh", "interview") == (
        "1. 问题：本次访谈在哪个国家进行？\n   回答：荷兰\n2. 问题：您的性别是？\n   回答：女性"
    )


def test_the_place_can_be_left_to_somebody_else(tmp_path):
    population = town(tmp_path)
    assert portray(ENGINEER, population, ["sex"], style="first_person", place=False) == "I am a woman."
    assert "country" not in portray(ENGINEER, population, ["sex"], style="interview", place=False)


def test_what_is_not_known_of_somebody_is_not_told(tmp_path):
    population = town(tmp_path)
    for style in ("second_person", "first_person", "statements", "interview"):
        told = portray(person(sex="male"), population, ["sex"], style=style)
        assert portray(person(sex="male", job="clerk"), population, ["sex"], style=style) == told
    assert portray(person(sex="male"), population, ["sex", "job"]) == "You are a man."


def test_a_portrait_of_ones_own_has_attributes_codes_and_place(tmp_path):
    text = (
        "{{ sex | capitalize }}, {{ job | upper }}{% if code.job == 'clerk' %} ({{ city }}){% endif %}, {{ country }}"
    )
    population = town(tmp_path, portraits={"card": {"text": {"en": text}}})
    assert portray(person(sex="male", job="clerk"), population, [], style="card") == "Man, CLERK (Delft), Netherlands"
    assert portray(person(sex="male"), population, [], style="card") == "Man, , Netherlands"
    assert told_by(population, ["sex"], "card") == ("sex", "job")
    assert told_by(population, ["sex"], "first_person") == ("sex",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ income }}", "portrait 'card': '{{ income }}' uses 'income', which it does not tell"),
        ("{{ code.city }}", "uses 'code.city'"),
        ("{{ sex.__class__ }}", "uses 'sex.__class__'"),
        ("{{ ''.__class__.__mro__ }}", "uses '?.__mro__'"),
        ("{{ sex['__class__'] }}", "does more than insert and choose words (Getitem)"),
        ("{{ self._TemplateReference__context }}", "uses 'self'"),
        ("{{ cycler.__init__.__globals__ }}", "uses 'cycler'"),
        ("{% for s in sex %}{{ s }}{% endfor %}", "does more than insert and choose words (For)"),
        ("{% set x = sex %}{{ x }}", "does more than insert and choose words (Assign)"),
        ("{% include '/etc/passwd' %}", "does more than insert and choose words (Include)"),
        ("{% import 'os' as os %}", "does more than insert and choose words (Import)"),
        ("{{ 'x' * 10000000000 }}", "does more than insert and choose words (Mul)"),
        ("{{ sex | attr('__class__') }}", "is not a usable template"),
        ("{{ code }}", "would print all of code"),
        ("{% if 'x' in code %}x{% endif %}", "would print all of code"),
        ("{{ (sex, job) }}", "would print a list that no `in` searches"),
        ("{{ [sex] | upper }}", "would print a list that no `in` searches"),
        ("{{ sex", "is not a usable template"),
        ("{{ " + "(" * 2000 + "sex" + ")" * 2000 + " }}", "is nested too deeply"),
        ("{% if sex %}" * 120 + "{{ sex }}" + "{% endif %}" * 120, "is nested too deeply"),
    ],
)
def test_a_template_reaches_only_the_persona(tmp_path, text, message):
    with pytest.raises(DocumentError) as caught:
        town(tmp_path, portraits={"card": {"text": text}})
    assert message in str(caught.value)


def test_attributes_called_like_methods_are_told_by_their_codes(tmp_path):
    names = ("values", "items", "keys", "get", "copy", "upper")
    attributes = {name: {"levels": {"a": "much", "b": "little"}} for name in names}
    sources = [{"attributes": [name], "shares": {"a": 1, "b": 1}} for name in names]
    text = "".join(f"{{{{ {name} }}}}={{{{ code.{name} }}}};" for name in names)
    changes = {"attributes": attributes, "sources": sources, "phrases": [], "portraits": {"card": {"text": text}}}
    everybody = dict.fromkeys(names, "b")
    assert portray(person(**everybody), town(tmp_path, **changes), [], style="card") == "little=b;" * 6
    within = "{% if code.get in ['a', 'b'] %}found{% endif %}"
    changes["portraits"] = {"card": {"text": within}}
    assert portray(person(**everybody), town(tmp_path, **changes), [], style="card") == "found"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("code", "'code' means something else in templates"),
        ("self", "'self' means something else in templates"),
        ("__class__", "'__class__' means something else in templates"),
        ("weight", "'weight' is what Demoscope calls a column of its own (person, place_country"),
        ("source_row", "give the attribute another name"),
    ],
)
def test_attributes_do_not_take_names_that_mean_something_else(tmp_path, name, message):
    attributes = {name: {"levels": {"a": "much"}}}
    sources = [{"attributes": [name], "shares": {"a": 1}}]
    with pytest.raises(DocumentError) as caught:
        town(tmp_path, attributes=attributes, sources=sources, phrases=[])
    assert message in str(caught.value)


def test_what_a_population_has_no_words_for_is_told(tmp_path):
    population = town(tmp_path, portraits={"card": {"text": {"en": "{{ sex }}"}}})
    with pytest.raises(DocumentError, match=r"no portrait 'poem'; there are second_person, .*, interview, card"):
        portray(ENGINEER, population, ["sex"], style="poem")
    with pytest.raises(DocumentError, match="no question for 'job'; add `asked`"):
        portray(ENGINEER, population, ["job"], style="interview")
    with pytest.raises(DocumentError, match="every population has one of this name"):
        town(tmp_path, portraits={"interview": {"text": "{{ sex }}"}})
    with pytest.raises(DocumentError, match="The portrait 'card' has no text in 'zh'"):
        portray(ENGINEER, population, [], "zh", "card")
    bare = town(tmp_path, phrases=[{"tells": ["sex"], "text": "you are {{ sex | a }}"}])
    with pytest.raises(DocumentError, match="no clause in the first person; add `first`"):
        portray(ENGINEER, bare, ["sex"], style="first_person")
    with pytest.raises(DocumentError, match="a question asks for one attribute"):
        town(tmp_path, phrases=[{"tells": ["sex", "job"], "text": "x", "asked": "Who are you?"}])


def test_there_is_a_statement_for_each_of_the_31_demographic_questions():
    assert len(wvs_statements()) == 31
    assert wvs_statements()["Q271"].say("3") == wvs_statements()["Q271"].say("2")
    assert wvs_statements()["Q271"].say("1") != wvs_statements()["Q271"].say("2")
    assert wvs_statements()["Q274"].say("-2") == ""


@pytest.mark.skipif(not DEMOGRAPHICS.exists(), reason="the published statements are not here")
def test_codes_are_grouped_into_statements_as_published():
    records = [json.loads(line) for line in DEMOGRAPHICS.read_text(encoding="utf-8").splitlines()]
    assert {record["question_id"] for record in records} == wvs_statements().keys()
    for record in records:
        ours = wvs_statements()[record["question_id"]]
        if "answer_vars_map" in record:  # filled from a table of codes: countries, languages, ethnic groups
            assert not ours.answers
            continue
        assert {int(code) for code in ours.answers} == set(record["all_answer_ids"])
        groups = record["answer_ids_to_grouped_answer_ids"]
        for one in groups:
            for other in groups:
                together = ours.answers[one] == ours.answers[other]
                assert together == (groups[one] == groups[other]), (record["question_id"], one, other)


def test_statements_begin_with_a_capital_and_leave_out_what_is_not_listed(tmp_path):
    attributes = {
        "Q260": {"levels": {"1": "Male", "2": "Female"}},
        "Q264": {"levels": {"1": "No", "2": "Yes", "9": "Odd"}},
        "Q266": {"levels": {"528": "Netherlands"}},
    }
    sources = [
        {"attributes": [name], "shares": dict.fromkeys(levels["levels"], 1)} for name, levels in attributes.items()
    ]
    population = town(tmp_path, attributes=attributes, sources=sources, phrases=[])
    someone = Persona(number=0, attributes={"Q260": "2", "Q264": "2", "Q266": "528"})
    assert statements(someone, population, ["Q266", "Q260", "Q264"]) == [
        "I was born in the Netherlands",
        "I am a woman",
        "My mother is an immigrant to this country",
    ]
    odd = Persona(number=0, attributes={"Q260": "1", "Q264": "9"})
    assert statements(odd, population, ["Q266", "Q260", "Q264"]) == ["I am a man"]


def test_names_follow_sex_and_culture_and_are_told_when_asked(tmp_path):
    population = town(tmp_path, names="cn")
    people = population.people(0, 400, seed=3)
    assert people == population.people(0, 400, seed=3)
    given = {
        sex: {p.attributes["name"].split()[1] for p in people if p.attributes["sex"] == sex}
        for sex in ("male", "female")
    }
    assert not given["male"] & given["female"]
    first = people[0].model_copy(update={"attributes": {"name": "Wang Haiyan", "sex": "female", "job": "clerk"}})
    assert portray(first, population, ["sex"]) == "You are a woman."
    assert portray(first, population, ["name", "sex"]) == "Your name is Wang Haiyan; you are a woman."
    assert portray(first, population, ["name", "sex"], "zh") == "你叫王海燕；你是女性。"
    assert portray(first, population, ["name"], style="statements") == "My name is Wang Haiyan"
    assert usual(population) == ("name", "sex", "job")


def test_names_leave_everything_else_as_it_was(tmp_path):
    nameless = town(tmp_path).people(0, 100, seed=3)
    named = town(tmp_path, names="ng").people(0, 100, seed=3)
    assert [{**p.attributes, "name": ""} for p in nameless] == [{**p.attributes, "name": ""} for p in named]


@pytest.mark.parametrize(
    ("culture", "people"),
    [
        ("us", "Paula Yates, Brian Sandoval, Brian Harmon, Kelly Harmon, Gary Keller, Keith Ellison, Joan Bennett"),
        ("in", "Rakesh Sharma, Mahesh Bhatt, Deepa Mehta, Vinod Mehta, Usha Mehta, Nitin Desai, Anjali Nair"),
        ("ng", "Emeka Okafor, Abdullahi Sule, Musa Bello, Musa Usman, Zainab Balogun, Halima Abubakar"),
        ("mx", "Manuel Ponce, Patricia Medina, Luis Fuentes, Victor Espinoza, Beatriz Zamora, Claudia Rivas"),
        ("de", "Martina Voss, Jens Fiedler, Lars Brandt"),
        ("cn", "王立军, 陈建国, 王建国, 王志刚, 陈德明, 王凤英"),
    ],
)
def test_names_of_well_known_people_are_not_drawn(culture, people):
    attribute = Names(culture=culture).attribute()
    drawn = {attribute.label(name, language) for name in attribute.codes for language in ("en", "zh")}
    assert not drawn & set(people.split(", "))


@pytest.mark.parametrize("culture", ["us", "cn", "de", "mx", "in", "ng"])
def test_every_culture_has_names_for_women_and_men(culture):
    # 12 given names of each sex and 16 family names make 2 x 12 x 16 = 384 names.
    assert len(Names(culture=culture).attribute().levels) == 384


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": "klingon"}, "names.culture"),
        ({"names": {"culture": "us", "sex": "gender"}}, "names follow 'gender', which is no attribute"),
        ({"names": {"culture": "us", "sex": "job"}}, "names follow 'job', which is no attribute"),
    ],
)
def test_names_that_cannot_be_given_are_refused(tmp_path, changes, message):
    with pytest.raises(DocumentError) as caught:
        town(tmp_path, **changes)
    assert message in str(caught.value)


def test_a_declared_name_is_told_like_any_attribute(tmp_path):
    attributes = {**DOCUMENT["attributes"], "name": {"levels": {"a": "Ann", "b": "Bob"}}}
    sources = [*DOCUMENT["sources"], {"attributes": ["name"], "shares": {"a": 1, "b": 1}}]
    phrases = [{"tells": ["name"], "text": "you are called {{ name }}"}]
    population = town(tmp_path, attributes=attributes, sources=sources, phrases=phrases, real_people=True)
    assert portray(person(name="b"), population, ["name"]) == "You are called Bob."
    with pytest.raises(DocumentError, match="which the population declares itself"):
        town(tmp_path, attributes=attributes, sources=sources, phrases=phrases, names="us")


@pytest.mark.parametrize(
    ("style", "told"),
    [
        ("second_person", "You are a woman."),
        ("first_person", "I am a woman."),
        ("interview", "1. Question: Are you a man or a woman?"),
        ("card", "Woman of Delft"),
    ],
)
def test_the_def_protocol_introduces_people_in_the_wanted_style(tmp_path, style, told):
    population = town(tmp_path, portraits={"card": {"text": "{{ sex | capitalize }} of {{ city }}"}})
    settings = DefSettings(portrait=() if style == "card" else ("sex",), style=style)
    PROTOCOL.check(settings, population, "here")
    respondent = PROTOCOL.respondent(ENGINEER, population, settings, 7, "cell")
    assert respondent.portrait.startswith(f"the Netherlands living in Delft. {told}")
    assert respondent.told == PROTOCOL.describe(settings, population).told == ("sex",)


def test_a_style_that_a_population_lacks_is_refused_before_anything_is_asked(tmp_path):
    with pytest.raises(DocumentError, match=r"here: portrait: .* has no portrait 'poem'"):
        PROTOCOL.check(DefSettings(portrait=("sex",), style="poem"), town(tmp_path), "here")
