"""Scenes in English and Chinese side by side: complete, about the same, and rated in the language asked in."""

import json
import re

import pytest

from demoscope.errors import DocumentError
from personas import Population
from simulator.probing import ProbeRequest, probe_wave
from simulator.protocols.interface import Attempt, Completion, Understood
from simulator.protocols.rate import PROTOCOL, RateSettings
from surveys import load_questionnaire
from surveys.scene_writing import RATE, rating, read_rating
from surveys.scenes import POLES, SOMEBODY, Scene, SceneSet, load_scenes, problems

NOBODY = Population.load("nobody")
SET = load_scenes("values_core_scenes")
CHINESE = SET.worded_in("zh")
TIDY = {
    "question": "tidy",
    "text": {
        "en": "Friends call PersonX on Sunday morning and say that they will drop in soon.",
        "zh": "星期天早上，朋友打电话给PersonX，说马上就到。",
    },
    "first": {
        "en": "PersonX puts the kettle on and pushes the newspapers aside for them.",
        "zh": "PersonX烧上水，把报纸推到一边。",
    },
    "last": {
        "en": "PersonX vacuums all the rooms until the moment the doorbell rings.",
        "zh": "PersonX把每个房间都打扫到门铃响。",
    },
}


def made(*scenes, **further):
    return SceneSet(id="s", questionnaire="home", source="x", scenes=scenes, **further)


def without(part, language):
    texts = {code: text for code, text in TIDY[part].items() if code != language}
    return {**TIDY, part: texts}


def test_every_scene_of_the_library_is_worded_in_english_and_chinese():
    assert SET.languages == ("en", "zh")
    assert len(SET.scenes) == len(CHINESE) == 117
    for english, chinese in zip(SET.scenes, CHINESE, strict=True):
        assert english.question == chinese.question
        for part in ("text", *POLES):
            said, told = getattr(english, part), getattr(chinese, part)
            assert SOMEBODY in said
            assert SOMEBODY in told
            assert not re.search(r"[一-鿿]", said)
            assert len(re.findall(r"[一-鿿]", told)) >= 10
            assert not re.search(r"[A-Za-z]", told.replace(SOMEBODY, ""))
            assert told.endswith("。")


def test_the_chinese_keeps_the_limits_names_no_value_and_never_repeats_itself():
    assert [problems(scene, "zh") for scene in CHINESE] == [()] * 117
    texts = [text for scene in CHINESE for text in (scene.text, scene.first, scene.last)]
    assert len(set(texts)) == 3 * 117
    named = Scene(
        question="q", text="PersonX在选举中很看重民主与自由。", first="PersonX去了。", last="PersonX没有去。"
    )
    assert "the situation names a value (民主, 自由) and should show it" in problems(named, "zh")


def test_numbers_in_a_scene_are_the_same_in_both_languages():
    def digits(scene):
        return [re.findall(r"\d+", getattr(scene, part)) for part in ("text", *POLES)]

    assert [digits(scene) for scene in SET.scenes] == [digits(scene) for scene in CHINESE]


def test_the_phrasings_of_ratings_are_there_in_both_languages_with_the_same_places():
    assert set(RATE) == {"en", "zh"}
    for language, phrasings in RATE.items():
        assert set(phrasings) == {1, 2, 3}, language
        for said in phrasings.values():
            assert re.findall(r"\{\w+\}", said) == ["{text}", "{action}"]
            assert "10" in said


def test_a_condition_in_chinese_asks_in_chinese_and_numbers_the_scenes_as_english_does():
    asked = load_questionnaire("values_core")
    persona = NOBODY.people(0, 1, seed=1)[0]
    shown, prompts = {}, {}
    for language in ("en", "zh"):
        settings = RateSettings(scenes=SET, language=language, phrasings=(1,))
        PROTOCOL.check(settings, NOBODY, "here")
        assert PROTOCOL.describe(settings, NOBODY).language == language
        run = PROTOCOL.interview(PROTOCOL.respondent(persona, NOBODY, settings, 7, "c/m"), asked, settings, 7)
        sent, shown[language], prompts[language] = None, [], []
        for _ in range(2 * 2 * 117):  # a request and an answer for either action
            item = run.send(sent)
            sent = None
            if isinstance(item, Understood):
                shown[language].append((item.answer.question, json.loads(item.answer.presentation)))
            else:
                prompts[language].append(item.messages[-1].text)
                sent = Completion((Attempt("8分"),))
    assert shown["en"] == shown["zh"]
    assert len(prompts["zh"]) == 2 * 117
    assert prompts["zh"][0] == rating(CHINESE[0], "first", 1, "zh")
    assert prompts["en"][0] == rating(SET.scenes[0], "first", 1)


def test_a_language_that_the_scenes_lack_is_refused_with_what_to_do():
    english = made({part: text if part == "question" else text["en"] for part, text in TIDY.items()})
    with pytest.raises(DocumentError, match="'s' is in en, and ratings are asked for in zh; set `language`"):
        PROTOCOL.check(RateSettings(scenes=english, language="zh"), NOBODY, "wave.yaml:3")
    with pytest.raises(ValueError, match="are in en, not in 'zh'"):
        english.worded_in("zh")


def test_languages_stand_side_by_side_and_a_set_survives_being_written_out():
    found = made(TIDY)
    assert found.languages == ("en", "zh")
    assert found.worded_in("zh")[0].last == TIDY["last"]["zh"]
    assert SceneSet.model_validate(found.model_dump(mode="json")) == found


@pytest.mark.parametrize("part", ["text", "first", "last"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_text_that_lacks_a_language_of_the_others_is_named(part, language):
    with pytest.raises(ValueError, match=f"scene 1, of 'tidy': '{part}' lacks '{language}'"):
        made(without(part, language))


def test_translations_about_other_questions_or_given_twice_are_refused():
    chinese = {part: text if part == "question" else text["zh"] for part, text in TIDY.items()}
    english = {part: text if part == "question" else text["en"] for part, text in TIDY.items()}
    with pytest.raises(ValueError, match="the scenes in zh are not about the same questions"):
        made(english, translations={"zh": [{**chinese, "question": "other"}]})
    with pytest.raises(ValueError, match="not in both places"):
        made(TIDY, translations={"zh": [chinese]})
    with pytest.raises(ValueError, match="scene 1, of 'tidy' in zh: the action 'last' has 6 characters"):
        made(english, translations={"zh": [{**chinese, "last": "去看电影了。"}]})


@pytest.mark.parametrize(
    ("reply", "rated"),
    [
        ("8", 8),
        ("8分", 8),
        ("我给8分。", 8),
        ("满分10分，我给7分。", 7),
        ("从1到10，我选3。", 3),
        ("在1至10分之间，我给9分", 9),
        ("10分制的话是6分", 6),
        ("6/10", 6),
        ("10分", 10),
        ("打10分", 10),
        ("这个行为很好。", None),
    ],
)
def test_a_rating_is_read_from_a_chinese_reply(reply, rated):
    assert read_rating(reply) == rated


def test_a_probe_in_chinese_rates_its_scenes_in_chinese():
    wave = probe_wave(ProbeRequest("values_core", ("embedded",), scenes="values_core_scenes", language="zh"))
    assert wave["conditions"][-1]["settings"] == {"scenes": "values_core_scenes", "language": "zh"}
    wave = probe_wave(ProbeRequest("values_core", ("embedded",), scenes="values_core_scenes"))
    assert wave["conditions"][-1]["settings"] == {"scenes": "values_core_scenes"}
