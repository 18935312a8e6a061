"""Languages side by side in one questionnaire."""

import numpy as np
import pytest
from pydantic import ValidationError

from demoscope.errors import DocumentError
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from surveys import Questionnaire
from surveys.course import Course
from surveys.option import PRESETS

TEA = {
    "id": "tea",
    "title": {"en": "Tea", "zh": "茶"},
    "language": "en",
    "questions": [
        {
            "kind": "section",
            "id": "habits",
            "title": {"en": "Habits", "zh": "习惯"},
            "questions": [
                {"id": "drinks", "text": {"en": "Do you drink tea?", "zh": "你喝茶吗？"}, "options": "yes_no"},
                {
                    "id": "cups",
                    "kind": "number",
                    "text": {"en": "How many cups?", "zh": "几杯？"},
                    "unit": {"en": "cups", "zh": "杯"},
                },
            ],
        },
        {
            "kind": "battery",
            "id": "sorts",
            "text": {"en": "How do you like ...", "zh": "你喜欢……"},
            "items": [{"id": "green", "text": {"en": "green tea?", "zh": "绿茶？"}}],
            "options": [
                {"code": 1, "label": {"en": "not", "zh": "不"}},
                {"code": 2, "label": {"en": "much", "zh": "很"}},
            ],
        },
    ],
}


def test_wordings_side_by_side_become_one_language_and_a_translation():
    tea = Questionnaire.model_validate(TEA)
    assert tea.title == "Tea" and tea["drinks"].text == "Do you drink tea?"
    assert tea.languages == ("en", "zh")
    assert tea.translations["zh"].words["green"].text == "绿茶？"
    assert tea.missing("zh") == ()


def test_a_questionnaire_in_its_other_language_keeps_ids_and_codes():
    chinese = Questionnaire.model_validate(TEA).in_language("zh")
    assert [question.text for question in chinese.questions] == ["你喝茶吗？", "几杯？", "绿茶？"]
    assert [(option.code, option.label) for option in chinese["drinks"].options] == [(1, "是"), (2, "否")]
    assert chinese["cups"].unit == "杯" and chinese["green"].stem == "你喜欢……"
    assert chinese.language == "zh" and chinese.translations == {}


def test_what_a_translation_lacks_is_named_and_not_asked_in_two_languages():
    half = {**TEA, "questions": [{"id": "drinks", "text": "Do you drink tea?", "options": "yes_no"}]}
    tea = Questionnaire.model_validate(half)
    assert tea.missing("zh") == (("drinks", ("text",)),)
    with pytest.raises(ValueError, match="lacks wordings in 'zh': drinks: text"):
        tea.in_language("zh")


def test_a_language_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match="not there in 'fr'; it is in en, zh"):
        Questionnaire.model_validate(TEA).in_language("fr")


def test_a_wording_without_the_own_language_is_refused():
    wrong = {**TEA, "title": {"zh": "茶"}}
    with pytest.raises(ValidationError, match="lacks its own language, 'en'"):
        Questionnaire.model_validate(wrong)


def test_languages_survive_being_written_and_read():
    tea = Questionnaire.model_validate(TEA)
    assert Questionnaire.model_validate(tea.model_dump(mode="json")) == tea
    assert Questionnaire.model_validate(tea.model_dump(mode="json", exclude_defaults=True)) == tea


def test_every_usual_set_has_as_many_options_in_each_language():
    for labels in PRESETS.values():
        assert {len(words) for words in labels.values()} == {len(labels["en"])}
        assert all(len(set(words)) == len(words) for words in labels.values())


def test_levels_of_a_vignette_are_shown_in_the_other_language_and_counted_in_the_first():
    bus = {
        "id": "bus",
        "title": {"en": "Bus", "zh": "公交车"},
        "questions": [
            {
                "kind": "vignette",
                "id": "ride",
                "text": {"en": "A bus that is {{ speed }}.", "zh": "一辆{{ speed }}的公交车。"},
                "factors": {"attributes": {"speed": [{"en": "slow", "zh": "慢"}, {"en": "fast", "zh": "快"}]}},
                "questions": [{"id": "take", "text": {"en": "Take it?", "zh": "坐吗？"}, "options": "yes_no"}],
            }
        ],
    }
    chinese = Questionnaire.model_validate(bus).in_language("zh")
    asked = next(Course(chinese, lambda *key: np.random.default_rng(2)))
    assert asked.profiles in (({"speed": "slow"},), ({"speed": "fast"},))
    shown = {"slow": "慢", "fast": "快"}[asked.profiles[0]["speed"]]
    assert f"一辆{shown}的公交车。" in (asked.question.stem or "") + asked.question.text


def flats(**translated: object) -> Questionnaire:
    attributes = {"price": [{"en": "low", "zh": "低"}, {"en": "high", "zh": "高"}]}
    task = {"kind": "conjoint", "id": "flat", "text": {"en": "Which flat?", "zh": "哪套公寓？"}}
    words = {"zh": {"words": {"flat": translated}}} if translated else {"zh": {}}
    return Questionnaire.model_validate(
        {
            "id": "flats",
            "title": {"en": "Flats", "zh": "公寓"},
            "questions": [task | {"factors": {"attributes": attributes, "profiles": 2}}],
            "translations": words,
        }
    )


def test_attributes_of_a_conjoint_task_are_called_by_their_names_in_the_other_language():
    chinese = flats(attributes={"price": "价格"}).in_language("zh")
    asked = next(Course(chinese, lambda *key: np.random.default_rng(2)))
    assert all(profile["price"] in ("low", "high") for profile in asked.profiles)
    first, second = asked.question.text.splitlines()[1:]
    assert first in ("方案1（价格：低）", "方案1（价格：高）")
    assert second in ("方案2（价格：低）", "方案2（价格：高）")


def test_an_attribute_of_a_conjoint_task_without_a_name_in_the_other_language_is_missing():
    assert flats().missing("zh") == (("flat", ("attributes", "price")),)
    with pytest.raises(ValueError, match="flat: attributes price"):
        flats().in_language("zh")


def test_a_wave_asks_in_the_language_of_its_condition(wave_file, tmp_path):
    path = wave_file(
        ("questionnaire: survey.yaml", "questionnaire: values_core"),
        ("population: us_adults_2018", "population: cn_adults_2020"),
        ("{portrait: [sex, age]}", "{language: zh}"),
        ("respondents: 6", "respondents: 1"),
    )
    with Store(tmp_path / "s.sqlite") as store:
        run_wave(load_wave(path), store, now=lambda: "2026-01-01T00:00:00+00:00")
        (first,) = store.execute("SELECT text FROM interview WHERE role = 'user' ORDER BY ordinal LIMIT 1")
        (stored,) = store.execute("SELECT text FROM questions WHERE name = 'pdi_boss'")
        endings = store.execute("SELECT DISTINCT status FROM answers")
    assert "您在多大程度上同意：员工应当执行上级的决定，而不追问理由？" in first[0]
    assert stored[0].startswith("How far do you agree")
    assert endings == [("answered",)]


def test_a_wave_in_a_language_that_is_half_translated_is_refused_before_it_asks(wave_file):
    survey = 'id: half\ntitle: {en: Half, zh: 一半}\nquestions:\n  - {id: tea, text: "Tea?", options: yes_no}\n'
    path = wave_file(("{portrait: [sex, age]}", "{language: zh}"), survey=survey)
    with pytest.raises(DocumentError, match="lacks wordings in 'zh': tea: text; complete the translation"):
        load_wave(path)
