"""Personas that name real people are refused by default."""

import pytest

from demoscope.errors import DocumentError
from personas import load_population
from personas.real_people import check_no_real_people
from tests.documents import refusal, town

SEX = [{"attributes": ["sex"], "shares": {"female": 1, "male": 1}}]
NAMED = {"levels": {"a": "Ada Lovelace", "b": "Alan Turing"}}


def town_with(folder, name, **parts):
    sources = [{"attributes": [name], "shares": {"a": 1, "b": 1}}]
    return town(folder, sources, attributes={name: NAMED}, **parts)


@pytest.mark.parametrize("name", ["name", "Full_Name", "surname", "email", "phone_number", "passport"])
def test_an_attribute_that_identifies_people_is_refused_and_allowed_when_they_agreed(tmp_path, name):
    with pytest.raises(DocumentError, match=r"identifies real persons\. Personas stand for nobody"):
        town_with(tmp_path, name)
    assert town_with(tmp_path, name, real_people=True).document.real_people


@pytest.mark.parametrize(
    "text",
    [
        "your name is Ada Lovelace",
        "You are a woman named Ada.",
        "you are known as Ada King",
        "You are President Lincoln",
        {"en": "you are {{ sex | a }}", "zh": "你叫王小明"},
    ],
)
def test_a_phrase_or_portrait_that_names_somebody_is_refused(tmp_path, text):
    assert "real_people: true" in refusal(tmp_path, SEX, phrases=[{"tells": ["sex"], "text": text}])
    assert "a text names" in refusal(tmp_path, SEX, portraits={"card": {"text": text}})


@pytest.mark.parametrize(
    "text",
    ["your name is {{ name }}", "you live in a town called home", "you are Native American", "{{ sex }} named above"],
)
def test_texts_that_name_nobody_pass(text):
    check_no_real_people(["sex", "age"], [text])


@pytest.mark.parametrize("name", ["us_adults_2018", "cn_adults_2020"])
def test_the_library_names_nobody(name):
    assert not load_population(name).document.real_people


def test_invented_names_are_drawn_as_before(tmp_path):
    assert "name" in town(tmp_path, SEX, names="us").people(0, 1, 1)[0].attributes
