"""The bundled questionnaires: complete in both languages, free to use, and scored."""

from collections import Counter

import pytest

from surveys import load_questionnaire
from surveys.load import LIBRARY

NAMES = sorted(
    path.stem for path in LIBRARY.glob("*.yaml") if "\nquestionnaire:" not in path.read_text(encoding="utf-8")
)
DIMENSIONS = {"EVI", "IDV", "IVR", "LTO", "MAS", "PDI", "TDI", "UAI", "USI"}


def test_the_library_has_values_spending_and_personality():
    assert {"values_core", "gss_spending", "ipip_mini", "backstory"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_english_and_chinese_are_complete(name):
    questionnaire = load_questionnaire(name)
    assert set(questionnaire.languages) == {"en", "zh"}
    assert questionnaire.missing("zh") == ()
    chinese = questionnaire.in_language("zh")
    for english, translated in zip(questionnaire.questions, chinese.questions, strict=True):
        assert english.id == translated.id
        assert [option.code for option in english.choices] == [option.code for option in translated.choices]
        assert english.text != translated.text
        assert any("\u4e00" <= letter <= "\u9fff" for letter in translated.text)


@pytest.mark.parametrize("name", NAMES)
def test_every_questionnaire_says_where_it_comes_from(name):
    assert load_questionnaire(name).source


def test_values_core_has_four_items_or_more_for_each_of_the_nine_dimensions():
    questions = load_questionnaire("values_core").questions
    counts = Counter(question.dimension for question in questions)
    assert len(questions) >= 36
    assert set(counts) == DIMENSIONS
    assert min(counts.values()) >= 4


def test_every_item_of_values_core_has_a_polarity_and_a_topic():
    for question in load_questionnaire("values_core").questions:
        assert question.polarity in (-1, 1) and question.topic
        assert question.ordinal or all(option.score is not None for option in question.options)


def test_each_personality_trait_has_four_phrases_and_reversed_ones_among_them():
    questionnaire = load_questionnaire("ipip_mini")
    assert len(questionnaire.scoring) == 5
    for name, key in questionnaire.scoring.items():
        assert len(key.items) == 4 and -1 in key.items.values()
        for item, sign in key.items.items():
            assert (questionnaire[item].dimension, questionnaire[item].polarity) == (name, sign)
