"""Several options in one reply: numbers that count a list are told from numbers that name options."""

import pickle

import pytest

from simulator.parsing import Reading, parse
from simulator.reason import Reason
from surveys import Question
from surveys.presentation import present
from surveys.presentation_rules import LabelStyle, PresentationRules

JOBS, HEALTH, PEACE = 1, 2, 3
OPTIONS = [{"code": JOBS, "label": "jobs"}, {"code": HEALTH, "label": "health"}, {"code": PEACE, "label": "peace"}]
ALL = Question(id="all", kind="ranking", text="?", options=OPTIONS)
TWO = Question(id="two", kind="ranking", text="?", options=OPTIONS, max_selections=2)
SOME = Question(id="some", kind="multiple", text="?", options=OPTIONS, max_selections=2)


def read(question: Question, answer: str, labels: LabelStyle = "codes") -> Reading:
    return parse(f"Answer: {answer}", question, present(question, None, PresentationRules(labels=labels)))


@pytest.mark.parametrize(
    "answer",
    [
        "\n1. 3: peace\n2. 1: jobs\n3. 2: health",
        "1) 3: peace 2) 1: jobs 3) 2: health",
        "\n1: 3: peace\n2: 1: jobs\n3: 2: health",
        "1. 3, 2. 1, 3. 2",
        "1st: 3, 2nd: 1, 3rd: 2",
        "#1 peace, #2 jobs, #3 health",
        "\n1 - peace\n2 - jobs\n3 - health",
        "\n1. 3. peace\n2. 1. jobs\n3. 2. health",
        "\n1、3：peace\n2、1：jobs\n3、2：health",
        "peace (1), jobs (2), health (3)",
        "(1) peace (2) jobs (3) health",
        "1. Peace (3)\n2. Jobs (1)\n3. Health (2)",
        "Rank 1: 3, rank 2: 1, rank 3: 2",
        "3 > 1 > 2",
        "3-1-2",
    ],
)
def test_counters_of_a_ranked_list_are_no_codes(answer):
    assert read(ALL, answer).codes == (PEACE, JOBS, HEALTH)


def test_a_counter_may_happen_to_be_the_number_of_its_option():
    assert read(ALL, "1: jobs\n2: peace\n3: health").codes == (JOBS, PEACE, HEALTH)
    assert read(ALL, "1: jobs; 3: peace; 2: health").codes == (JOBS, PEACE, HEALTH)


@pytest.mark.parametrize("answer", ["A, C", "A and C", "A & C", "A/C", "(A), (C)", "A\nC", "1. A\n2. C"])
def test_several_letters_are_read_however_they_are_joined(answer):
    assert read(SOME, answer, "letters").codes == (JOBS, PEACE)


@pytest.mark.parametrize("labels", ["letters", "bracketed", "numbers", "from_zero", "none"])
def test_a_list_is_counted_under_any_labels(labels):
    lines = present(ALL, None, PresentationRules(labels=labels)).lines
    answer = "".join(f"\n{n}. {lines[code - 1]}" for n, code in enumerate((PEACE, JOBS, HEALTH), start=1))
    assert read(ALL, answer, labels).codes == (PEACE, JOBS, HEALTH)


@pytest.mark.parametrize(
    "answer",
    [
        "\n1. health\n2. peace",
        "* 2\n* 3",
        "2 options: 2 and 3",
        "1. 2: health\n2. 3: peace",
        "1: 2, 2: 3",
        "2: health; 3: peace",
        "health and peace",
    ],
)
def test_counters_of_a_multiple_choice_are_no_codes(answer):
    assert read(SOME, answer).codes == (HEALTH, PEACE)


def test_a_list_of_one_that_is_named_twice_is_read():
    assert read(SOME, "1. 2: health").codes == (HEALTH,)


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        (ALL, "1: 3, 2: 1, 3: 2", "ranks or options"),  # 3, 1, 2 by rank, but 2, 3, 1 if options come first
        (ALL, "1. 3: peace, 2. 1: health, 3. 2: jobs", "number and words"),
        (SOME, "1: health", "number and words"),
        (SOME, "1: jobs\n2: peace", "number and words"),
        (SOME, "1, since health comes first", "number and words"),
        (SOME, "1. 2", "only count"),
        (SOME, "1-3", "only count"),
        (SOME, "2 to 3", "range"),
        (ALL, "My ranks for all 3: 3, 1, 2", "named twice"),
        (SOME, "1, 2, 3", "3 options are named, at most 2"),
        (TWO, "2, 1, 3", "3 options are ranked, 2"),
        (TWO, "2: health, 1: jobs, 3: peace", "3 options are ranked, 2"),
    ],
)
def test_what_can_be_read_in_two_ways_or_has_to_be_cut_is_invalid(question, answer, reason):
    found = read(question, answer)
    assert (found.status, found.codes) == ("invalid", ())
    assert reason in found.reason


def test_a_denied_option_is_seen_but_not_in_the_words_of_the_one_before():
    options = [{"code": 1, "label": "重要"}, {"code": 2, "label": "不重要"}, {"code": 3, "label": "无所谓"}]
    chinese = Question(id="c", kind="multiple", text="?", options=options)
    assert read(chinese, "不重要、重要").codes == (2, 1)
    assert read(SOME, "health but not peace").status == "invalid"


def test_a_reason_is_an_english_text_that_can_also_be_told_in_chinese():
    reason = read(TWO, "2, 1, 3").reason
    assert isinstance(reason, Reason)
    assert pickle.loads(pickle.dumps(reason)).told("zh") == "排列了3项，只要求2项"
    assert reason.told("en") == reason.told("de") == "3 options are ranked, 2 were asked for"
