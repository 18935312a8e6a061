"""The pre-test: every rule speaks where it should, and is silent where it should be."""

import io

import pytest
from rich.console import Console

from simulator.loading import load_wave
from simulator.plan import make_plan
from simulator.plan_screen import render_plan
from simulator.pretest_screen import render_pretest
from surveys import Questionnaire, load_questionnaire
from surveys.lint import RULES, Limits, pretest
from surveys.load import LIBRARY
from tests.conftest import SURVEY


def options(*labels, nonresponse=()):
    return [
        {"code": code, "label": label, "kind": "nonresponse" if label in nonresponse else "substantive"}
        for code, label in enumerate(labels, start=1)
    ]


def said(text, language="en", limits=None, **question):
    """Rules that speak about one question."""
    asked = {"id": "q", "text": text, **question}
    if asked.get("kind", "single") in ("single", "multiple") and "options" not in asked:
        asked["options"] = options("Red", "Blue")
    found = pretest(Questionnaire(id="t", title="T", language=language, questions=[asked]), limits)
    return [finding.rule for finding in found.findings]


SPEAKS = [
    ("double_barrelled", "en", "How satisfied are you with your pay and your working hours?", {}),
    ("double_barrelled", "zh", "您对工资和工作时间满意吗？", {}),
    ("double_barrelled", "en", "Are pay and hours good? Please tick one.", {"options": "yes_no"}),
    ("double_barrelled", "en", "Do you eat fruit or vegetables every day?", {"options": "yes_no"}),
    ("double_barrelled", "zh", "您喜欢喝茶或者咖啡吗？", {}),
    ("double_barrelled", "zh", "政府应该减税、增加福利吗？", {}),
    ("leading", "en", "Like most Americans, do you pray?", {}),
    ("leading", "en", "Should concerned parents vaccinate their children?", {}),
    ("leading", "en", "How much do you love our excellent service?", {}),
    ("leading", "zh", "您不觉得税太高吗？", {}),
    ("unbalanced_scale", "en", "How is it?", {"options": options("Very helpful", "Helpful", "Unhelpful")}),
    ("overlapping_ranges", "en", "Income?", {"options": options("$0-$10k", "$10k-$20k")}),
    ("overlapping_ranges", "en", "Income?", {"options": options("1 million to 2 million", "2 million to 3 million")}),
    ("overlapping_ranges", "en", "Age?", {"options": options("between 18 and 25", "between 25 and 40")}),
    ("overlapping_ranges", "zh", "收入？", {"options": options("1万-2万元", "2万-3万元")}),
    ("overlapping_ranges", "zh", "收入？", {"options": options("1-2万元", "2-3万元")}),
    ("leading", "en", "Don't you agree that taxes are a burden?", {}),
    ("leading", "en", "Most people believe that crime rises. What do you think?", {}),
    ("leading", "zh", "众所周知，吸烟有害。您怎么看？", {}),
    ("negation", "en", "The state should not raise taxes.", {"options": "agree_5"}),
    ("negation", "en", "Is it not right that nobody pays?", {}),
    ("negation", "zh", "政府不应该增税。", {"options": "agree_5"}),
    ("absolute", "en", "Do you always read the labels?", {}),
    ("absolute", "zh", "您总是看标签吗？", {}),
    ("long_wording", "en", "Thinking of last week, " + "and the days before, " * 12 + "what did you eat?", {}),
    ("reading_grade", "en", "Considering intergovernmental macroeconomic coordination, how satisfactory are "
     "multilateral institutional arrangements regarding stabilisation?", {}),
    ("unbalanced_scale", "en", "How is it?", {"options": options("Excellent", "Very good", "Good", "Poor")}),
    ("unbalanced_scale", "zh", "怎么样？", {"options": options("非常满意", "很满意", "满意", "不满意")}),
    ("overlapping_ranges", "en", "Your age?", {"options": options("18-25", "25-40", "41 or older")}),
    ("overlapping_ranges", "zh", "您的年龄？", {"options": options("18-25岁", "25-40岁", "41岁及以上")}),
    ("gap_between_ranges", "en", "Your age?", {"options": options("Under 18", "20 to 40", "Over 40")}),
    ("missing_labels", "en", "How happy are you?", {"kind": "scale", "minimum": 1, "maximum": 7}),
    ("missing_labels", "en", "How happy are you?", {"options": options("Happy", "2", "3", "Unhappy")}),
    ("agree_disagree", "en", "Work comes first.", {"options": "agree_5"}),
    ("agree_disagree", "zh", "工作第一。", {"options": "agree_5"}),
    ("scale_order", "en", "How is it?", {"options": options("Agree", "Strongly agree", "Disagree")}),
    ("scale_order", "en", "How often?", {"options": options("Never", "Often", "Sometimes")}),
    ("scale_order", "zh", "多久一次？", {"options": options("从不", "经常", "有时")}),
    ("missing_dont_know", "en", "Red or blue?", {}),
]  # fmt: skip

SILENT = [
    ("double_barrelled", "en", "How satisfied are you with your pay?", {}),
    ("double_barrelled", "en", "How much do men and women differ, between 1 and 10?", {}),
    ("double_barrelled", "en", "Which one is it: Salt and vinegar, or Plain?",
     {"options": options("Salt and vinegar", "Plain")}),
    ("double_barrelled", "zh", "您认为世界和平重要吗？", {}),
    ("double_barrelled", "en", "Which of cats and dogs do you like more?", {"options": options("Cats", "Dogs")}),
    ("double_barrelled", "zh", "您在聚会上与很多不同的人交谈吗？", {}),
    ("double_barrelled", "zh", "您和别人相处得好吗？", {}),
    ("leading", "en", "How far do you agree that taxes are high?", {}),
    ("leading", "en", "Do you agree or disagree that taxes are high?", {}),
    ("leading", "en", "A rule clearly makes no sense. What do you do?", {}),
    ("missing_labels", "en", "Age?", {"options": options("18-24", "25-34", "35+")}),
    ("unbalanced_scale", "zh", "可能吗？", {"options": options("完全不可能", "不太可能", "比较可能", "非常可能")}),
    ("scale_order", "zh", "可能吗？", {"options": options("完全不可能", "不太可能", "比较可能", "非常可能")}),
    ("scale_order", "zh", "满意吗？", {"options": options("不满意", "不怎么满意", "满意", "非常满意")}),
    ("leading", "en", "Do you think taxes are too high, too low, or about right?", {}),
    ("leading", "zh", "您认为税收太高、太低还是合适？", {}),
    ("negation", "en", "The state should lower taxes.", {"options": "agree_5"}),
    ("negation", "en", "Whether or not you pay taxes: are they fair?", {"options": "yes_no"}),
    ("negation", "zh", "您是不是纳税人？", {"options": "yes_no"}),
    ("absolute", "en", "How often do you read the labels?", {"options": "often_5"}),
    ("long_wording", "en", "What did you eat?", {}),
    ("reading_grade", "en", "On most days last week, how many hours did you sleep in the night?", {}),
    ("reading_grade", "zh", "考虑到政府间宏观经济协调，您对多边制度安排的满意程度如何？", {}),
    ("unbalanced_scale", "en", "How is it?", {"options": options("Very good", "Good", "Bad", "Very bad")}),
    ("unbalanced_scale", "en", "How satisfied?",
     {"options": options("Not at all satisfied", "Slightly satisfied", "Very satisfied")}),
    ("overlapping_ranges", "en", "Your age?", {"options": options("Under 18", "18-25", "26-40", "41 or older")}),
    ("overlapping_ranges", "en", "Income?", {"options": options("$0 to under $1,000", "$1,000 to under $2,000")}),
    ("gap_between_ranges", "en", "Your age?", {"options": options("Under 18", "18-25", "26-40", "Over 40")}),
    ("gap_between_ranges", "en", "How many?", {"options": options("0", "1", "2", "3 or more")}),
    ("missing_labels", "en", "From 1 (sad) to 7 (glad): how happy are you?",
     {"kind": "scale", "minimum": 1, "maximum": 7}),
    ("missing_labels", "en", "How happy?",
     {"kind": "scale", "minimum": 1, "maximum": 7, "low_label": "Sad", "high_label": "Glad"}),
    ("agree_disagree", "en", "How important is work?", {"options": "important_4"}),
    ("scale_order", "en", "It is.", {"options": "agree_7"}),
    ("scale_order", "en", "How often?", {"options": "often_5"}),
    ("scale_order", "zh", "多久一次？", {"options": "often_5"}),
    ("missing_dont_know", "en", "Red or blue?",
     {"options": options("Red", "Blue", "Don't know", nonresponse=("Don't know",))}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "language", "text", "question"), SPEAKS)
def test_a_rule_speaks_where_the_literature_warns(rule, language, text, question):
    assert rule in said(text, language, **question)


@pytest.mark.parametrize(("rule", "language", "text", "question"), SILENT)
def test_a_rule_is_silent_where_nothing_is_wrong(rule, language, text, question):
    assert rule not in said(text, language, **question)


def test_every_rule_is_shown_speaking_and_silent():
    assert {rule.name for rule in RULES} - {"long_option"} == {one[0] for one in SPEAKS} == {one[0] for one in SILENT}


def test_an_option_must_fit_into_the_reply():
    # 240 letters are 60 tokens, and 12 more stand around the label: 72.
    long = {"options": options("Short", "x" * 240)}
    assert "long_option" in said("Which?", limits=Limits(option_tokens=71), **long)
    assert "long_option" not in said("Which?", limits=Limits(option_tokens=72), **long)


def test_a_finding_says_what_and_why_and_where_the_rule_comes_from():
    for rule in RULES:
        assert rule.why.endswith(".")
        assert rule.source.endswith(".")
    [found] = [
        one
        for one in pretest(
            Questionnaire(id="t", title="T", questions=[{"id": "q", "text": "Tea and jam?", "options": "yes_no"}])
        ).findings
        if one.rule == "double_barrelled"
    ]
    assert found.question == "q"
    assert "Tea and jam" in found.what
    assert "Krosnick" in found.source


def test_what_the_items_of_a_battery_share_is_said_once():
    items = [{"id": f"i{n}", "text": f"Item {n}."} for n in range(5)]
    battery = {"kind": "battery", "id": "b", "text": "How far do you agree?", "items": items, "options": "agree_5"}
    findings = pretest(Questionnaire(id="t", title="T", questions=[battery])).findings
    assert [one.question for one in findings if one.rule == "agree_disagree"] == ["b"]


def test_scales_that_run_both_ways_are_told_of_the_whole():
    up = {"id": "up", "text": "One.", "options": "agree_5"}
    down = {"id": "down", "text": "Two.", "options": options("Agree", "Neutral", "Disagree")}
    assert "scale_direction" in [one.rule for one in pretest(whole(up, down)).findings]
    assert "scale_direction" not in [one.rule for one in pretest(whole(up, {**up, "id": "again"})).findings]


def test_a_long_questionnaire_is_told():
    # 40 s for each free text: 31 of them take 20 minutes and 40 seconds, reading aside.
    texts = [{"id": f"t{n}", "kind": "text", "text": "Why?"} for n in range(31)]
    assert "long_questionnaire" in [one.rule for one in pretest(whole(*texts)).findings]
    assert "long_questionnaire" not in [one.rule for one in pretest(whole(*texts[:29])).findings]


def test_length_counts_what_is_read():
    # "Is it so?" 3 words, "Yes" and "No" 2: 5 words; 14 letters and signs are 3.5 tokens, rounded to even 4.
    found = pretest(whole({"id": "q", "text": "Is it so?", "options": "yes_no"})).length
    assert (found.questions, found.words, found.tokens) == (1, 5, 4)
    assert found.minutes == pytest.approx(5 / 238 + 4 / 60)


def test_a_grade_is_told_from_a_hundred_words_on():
    # 33 times "Is it so?" are 99 words; one time more, 102: of 2 letters a word and 33.33 sentences a hundred words,
    # 0.0588 * 200 - 0.296 * 33.33 - 15.8 = -13.9: short words are easy, however many there are.
    questions = [{"id": f"q{n}", "text": "Is it so?", "options": "yes_no"} for n in range(34)]
    assert pretest(whole(*questions[:33])).length.grade is None
    assert pretest(whole(*questions)).length.grade == pytest.approx(-13.907, abs=0.001)
    assert "for a person, below grade 1 (Coleman-Liau)." in shown(*questions)


def test_one_of_a_thing_is_told_in_the_singular():
    # "Is it so?" takes 5/238 + 4/60 = 0.09 minutes, a free text 40 s: two of them with their words 1.35 minutes.
    one = {"id": "q", "text": "Is it so?", "options": "yes_no"}
    assert "1 question, 5 words, about 4 tokens without memory, less than a minute for a person." in shown(one)
    why = [{"id": f"why_{n}", "kind": "text", "text": "Why is it so?"} for n in range(2)]
    assert "about 1 minute for a person." in shown(*why)


def shown(*questions):
    console = Console(width=200, record=True, file=io.StringIO())
    render_pretest(pretest(whole(*questions)), console)
    return console.export_text()


def test_other_languages_are_looked_at_for_numbers_and_labels_only():
    ages = {"id": "q", "text": "Wie alt und wie gross sind Sie nicht?", "options": options("18-30", "30-50")}
    found = pretest(Questionnaire(id="t", title="T", language="de", questions=[ages])).findings
    assert [one.rule for one in found] == ["overlapping_ranges", "missing_dont_know"]


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in LIBRARY.glob("*.yaml") if "\nquestions:" in path.read_text())
)
def test_no_bundled_questionnaire_has_a_grave_mistake(name):
    findings = pretest(load_questionnaire(name)).findings
    assert [one for one in findings if one.severity == "error"] == []


def test_translations_and_further_wordings_are_looked_at():
    asked = {
        "id": "q", "text": {"en": "Is tea good?", "zh": "茶和咖啡好吗？"}, "options": "yes_no",
        "wordings": {"b": {"en": "Are tea and jam good?", "zh": "茶好吗？"}},
    }  # fmt: skip
    told = Questionnaire(id="t", title={"en": "T", "zh": "题"}, questions=[asked])
    found = [one for one in pretest(told).findings if one.severity == "warning"]
    assert [(one.language, one.what) for one in found] == [
        ("en", "wording 'b': it asks about two things in one: 'tea and jam'"),
        ("zh", "it asks about two things in one: '茶和咖啡'"),
    ]
    assert [one.language for one in pretest(told).findings if one.rule == "missing_dont_know"] == ["en"]


@pytest.mark.parametrize("name", ["backstory", "ipip_mini", "values_core"])
def test_the_projects_own_questionnaires_are_warned_of_in_no_language(name):
    assert [one for one in pretest(load_questionnaire(name)).findings if one.severity == "warning"] == []


def whole(*questions):
    return Questionnaire(id="t", title="T", questions=list(questions))


def test_the_plan_pretests_when_asked(wave_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = load_wave(wave_file(survey=SURVEY.replace("And on roads?", "And on roads and bridges?")))
    assert make_plan(loaded).pretest is None
    made = make_plan(loaded, lint=True)
    assert made.pretest == pretest(loaded.questionnaire, Limits(option_tokens=512))
    console = Console(width=160, record=True, file=io.StringIO())
    render_plan(made, console)
    shown = console.export_text()
    assert "double_barrelled" in shown
    assert "roads: it asks about two things in one: 'roads and bridges'" in shown
    assert "parks, roads: there is no option for" in shown
    assert "Krosnick & Presser (2010)" in shown
