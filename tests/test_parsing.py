"""What is understood of replies: golden cases, traps, and that a constrained reply is always understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.constraint import Constraint
from simulator.parsing import ParsingRules, parse, split
from surveys import Question
from surveys.presentation import present
from tests.test_presentation import SHUFFLED, SPENDING, questions, rng

CAREFUL = ParsingRules()
PUBLISHED = ParsingRules(refusal_test="match", careful=False)
TEN = Question(id="ten", text="How happy?", kind="scale", minimum=1, maximum=10, low_label="sad", high_label="glad")
CHILD = Question(
    id="child",
    text="Which qualities matter?",
    kind="multiple",
    max_selections=5,
    options=[{"code": code, "label": f"quality {'abcdefghijkl'[code - 1]}"} for code in range(1, 12)],
)
AGES = Question(
    id="ages",
    text="How old?",
    options=[
        {"code": 1, "label": "18 to 29"},
        {"code": 2, "label": "30 to 49"},
        {"code": 3, "label": "over 50"},
        {"code": 4, "label": "over 50, retired"},
    ],
)


def read(reply: str | None, question: Question = SPENDING, rules: ParsingRules = CAREFUL, **how: bool):
    return parse(reply, question, present(question, None), rules, **how)


@pytest.mark.parametrize("rules", [CAREFUL, PUBLISHED])
@pytest.mark.parametrize(
    ("reply", "codes"),
    [
        ("Answer: 2: about right\nExplanation: It is enough.", (2,)),
        ("Answer: 2", (2,)),
        ("Let me see. Answer: 3\nExplanation: 1 or 2 would be too few.", (3,)),
        ("Answer: about right.\nExplanation: Fine.", (2,)),
        ("Answer: ABOUT RIGHT", (2,)),
        ("Answer: 1, too little for 40 years", (1,)),  # several numbers: the text decides
        ("Answer: option 2.", (2,)),
    ],
)
def test_an_answer_is_read_under_every_profile(reply: str, codes: tuple[int, ...], rules: ParsingRules):
    assert read(reply, rules=rules).codes == codes


@pytest.mark.parametrize("rules", [CAREFUL, PUBLISHED])
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Answer: Some people say 1 and others say 3", "some and what others"),
        ("Answer: 4", "out of range"),
        ("Answer: -1", "out of range"),
        ("Answer: 10", "out of range"),  # not the 1 that stands in it
        ("Answer: 1 or 3", "several numbers"),
        ("Answer: two", "no option"),
        ("Answer: it depends", "no option"),
        ("Explanation: 2 seems right to me.", "no 'Answer:'"),
        ("I am a citizen.", "no 'Answer:'"),
        ("Answer:\nExplanation: 2", "nothing stands after"),
        ("  \n ", "empty"),
    ],
)
def test_what_cannot_be_read_is_invalid_with_its_reason(reply: str, reason: str, rules: ParsingRules):
    reading = read(reply, rules=rules)
    assert (reading.status, reading.codes) == ("invalid", ())
    assert reason in (reading.reason or "")


@pytest.mark.parametrize(
    ("reply", "published"),
    [
        ("Answer: 2: too little", (2,)),  # number and words disagree
        ("Answer: not 2", (2,)),
        ("Answer: I would not say too little", (1,)),
        ("Answer: between too little and about right", (2,)),  # the longest text wins
        ("Answer: 1, 2: too little", (1,)),
    ],
)
def test_the_careful_profile_never_guesses_where_the_published_rules_do(reply: str, published: tuple[int, ...]):
    assert read(reply).status == "invalid"
    assert read(reply, rules=PUBLISHED).codes == published


def test_the_longest_option_text_is_matched_first():
    assert read("Answer: over 50, retired", AGES).codes == (4,)
    assert read("Answer: I am over 50 and 30 years married", AGES, PUBLISHED).codes == (3,)
    assert read("Answer: 18 to 29", AGES).codes == (1,)
    assert read("Answer: over 50", AGES).codes == (3,)  # 50 is no code, the words are an option


def test_words_are_matched_whole():
    knowing = Question(id="k", text="?", options=[{"code": 1, "label": "no"}, {"code": 2, "label": "yes"}])
    assert read("Answer: I know nothing about it", knowing).status == "invalid"
    assert read("Answer: yes, I know", knowing).codes == (2,)


def test_a_number_that_is_also_another_options_wording_is_ambiguous():
    children = Question(id="c", text="?", options=[{"code": 1, "label": "2"}, {"code": 2, "label": "3 or more"}])
    assert read("Answer: 2", children).status == "invalid"
    assert read("Answer: 1: 2", children).codes == (1,)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("Answer: 7", 7),
        ("Answer: 10", 10),
        ("Answer: On a scale of 1 to 10, I say 7", 7),
        ("Answer: On a scale of 1 to 10, I say 1", 1),  # one 1 and one 10 are set aside, a 1 remains
    ],
)
def test_the_ends_of_a_scale_are_set_aside(reply: str, code: int):
    assert read(reply, TEN).codes == read(reply, TEN, PUBLISHED).codes == (code,)


def test_the_ends_of_any_scale_are_set_aside():
    seven = Question(id="s", text="?", kind="scale", minimum=0, maximum=7)
    assert read("Answer: on a scale of 0 to 7: 5", seven).codes == (5,)
    assert read("Answer: 5 out of 7", seven).codes == (5,)
    assert read("Answer: glad", TEN).codes == (10,)


@pytest.mark.parametrize("half", ["2/3", "4/5", "8/9", "2 or 3", "6.5", "5-6", "0", "11", "not 5"])
def test_half_steps_and_points_off_the_scale_are_invalid(half: str):
    assert read(f"Answer: {half}", TEN).status == "invalid"


def test_multiple_choices_are_never_cut_to_fit_but_by_the_published_rules():
    assert read("Answer: 1, 3, 10", CHILD).codes == (1, 3, 10)
    assert read("Answer: 9 8 7 6 5 4 3", CHILD).reason == "7 options are named, at most 5 were asked for"
    assert read("Answer: 9 8 7 6 5 4 3", CHILD, PUBLISHED).codes == (9, 8, 7, 6, 5)
    assert read("Answer: 1, 1 and 12", CHILD).codes == (1,)
    assert read("Answer: quality a; quality c", CHILD).codes == (1, 3)
    assert read("Answer: 1 and 3 but not 2", CHILD).status == "invalid"
    assert read("Answer: 12, 13", CHILD).reason == "out of range: not offered"
    assert read("Answer: 12, 2", CHILD, PUBLISHED).codes == (2,)


def test_digits_inside_the_options_of_a_multiple_choice_are_not_codes():
    several = AGES.model_copy(update={"kind": "multiple"})
    assert read("Answer: 1: 18 to 29; 2: 30 to 49", several).codes == (1, 2)
    assert read("Answer: 4: over 50, retired; 3: over 50", several).codes == (4, 3)


@pytest.mark.parametrize(
    ("text", "number"), [("34", 34), ("34 years", 34), ("1,250", 1250), ("-3.5", -3.5), ("about 20", 20)]
)
def test_open_numbers(text: str, number: float):
    assert read(f"Answer: {text}\nExplanation: So.", Question(id="n", text="?", kind="number")).number == number


@pytest.mark.parametrize("text", ["20-25", "20 to 25", "many", "150", "-1"])
def test_open_numbers_that_are_several_none_or_out_of_bounds(text: str):
    age = Question(id="n", text="?", kind="number", minimum=0, maximum=120)
    assert read(f"Answer: {text}", age).status == "invalid"


def test_free_text_is_kept_with_or_without_a_marker():
    why = Question(id="w", text="Why?", kind="text")
    assert read("Answer: Because 2 is enough.\nExplanation: So.", why).text == "Because 2 is enough."
    assert read("Because.", why).text == "Because."
    assert read("I'd prefer not to answer. I would prefer not to say.", why).status == "refused"


@pytest.mark.parametrize(
    "reply",
    [
        "As an AI language model, I have no opinions.",
        "作为一个人工智能助手，我没有个人观点。",
        "作为一个大语言模型，我不能回答。",
        "As an artificial intelligence assistant, I cannot choose. Answer: 2",
    ],
)
def test_self_aware_replies_are_refusals_under_every_profile(reply: str):
    assert read(reply).status == read(reply, rules=PUBLISHED).status == "refused"


def test_only_the_search_finds_a_refusal_after_the_start():
    reply = "Answer: 2\nExplanation: as an AI language model I do not pay taxes."
    assert read(reply).status == "refused"
    assert read(reply, rules=PUBLISHED).codes == (2,)


@pytest.mark.parametrize(
    "reply", ["I'm sorry, but I can't help.", "对不起，我无法回答这个问题。", "Answer: 我拒绝回答"]
)
def test_declining_without_an_answer_is_a_refusal(reply: str):
    assert read(reply).status == "refused"


def test_no_reply_is_failed_and_never_invalid():
    assert read(None).status == "failed"


def test_a_reply_cut_within_its_answer_is_not_trusted():
    assert read("Answer: 1", TEN, cut=True).reason == "the reply was cut off within its answer"
    assert read("Answer: 1\nExplanation: I am", TEN, cut=True).codes == (1,)


def test_chinese_markers_and_options_are_read():
    fair = Question(id="f", text="?", options=[{"code": 1, "label": "重要"}, {"code": 2, "label": "不太重要"}])
    assert read("答案：1：重要\n解释：家庭第一。", fair).codes == (1,)
    assert read("Answer: 不太重要\nExplanation: 没时间。", fair).codes == (2,)
    assert read("Answer: 不重要", fair).status == "invalid"
    assert read("Answer: １", fair).codes == (1,)


def test_the_explanation_is_kept_beside_the_answer():
    assert read("Answer: 2\nExplanation: Fair enough. Yes.").text == "Fair enough. Yes."
    assert split("Answer: 2") == ("2", None)


def test_markdown_around_the_marker_does_not_matter():
    assert read("**Answer:** 2: about right\n**Explanation:** So.").codes == (2,)


@given(questions(), st.integers(0, 2**32), st.sampled_from(["", "Because.", "1 or 2, 3: x", "Answer: 2"]))
def test_what_a_constraint_can_produce_is_parsed_to_exactly_that_code(question: Question, seed: int, free: str):
    shown = present(question, rng(seed), SHUFFLED)
    labels = {option.code: option.label for option in question.options}
    choices = tuple(f"{code}: {labels[code]}" for code in shown.codes)
    explained = Constraint(choices, prefix="Answer: ", suffix="\nExplanation: ", free_tokens=8)
    bare = Constraint(choices, prefix="Answer: ")
    for code, choice in zip(shown.codes, choices, strict=True):
        for constraint, reply in (
            (explained, f"Answer: {choice}\nExplanation: {free}"),
            (bare, f"Answer: {choice}"),
        ):
            assert constraint.matches(reply)
            reading = parse(reply, question, shown)
            assert (reading.status, reading.codes) == ("answered", (code,)), reading


def test_options_that_are_mere_punctuation_are_named_by_their_lines_alone():
    marks = Question(
        id="m",
        text="?",
        kind="multiple",
        options=[{"code": n, "label": label} for n, label in enumerate(("0", "00", ";"))],
    )
    assert read("Answer: 0: 0; 1: 00", marks).codes == (0, 1)
    assert read("Answer: 2: ;; 0: 0", marks).codes == (2, 0)


@given(questions("multiple"), st.randoms(use_true_random=False))
def test_constrained_multiple_choices_are_parsed_to_exactly_those_codes(question: Question, random):
    shown = present(question, None)
    chosen = random.sample(question.options, random.randint(1, len(question.options)))
    reply = "Answer: " + "; ".join(f"{option.code}: {option.label}" for option in chosen)
    assert parse(reply, question, shown).codes == tuple(option.code for option in chosen)


@given(st.integers(-50, 50), st.integers(1, 100), st.data())
def test_constrained_scales_are_parsed_to_exactly_that_point(low: int, span: int, data):
    question = Question(id="s", text="?", kind="scale", minimum=low, maximum=low + span)
    point = data.draw(st.integers(low, low + span))
    reply = f"Answer: {point}\nExplanation: 1 to 10, mostly."
    constraint = Constraint(
        minimum=low, maximum=low + span, prefix="Answer: ", suffix="\nExplanation: ", free_tokens=9
    )
    assert constraint.matches(reply)
    assert parse(reply, question, present(question, None)).codes == (point,)


@given(st.text(max_size=200))
def test_any_text_ends_in_exactly_one_status(reply: str):
    for question in (SPENDING, TEN, CHILD, AGES, Question(id="n", text="?", kind="number")):
        for rules in (CAREFUL, PUBLISHED):
            reading = parse("Answer: " + reply, question, present(question, None), rules)
            understood = bool(reading.codes) or reading.number is not None
            assert understood == (reading.status == "answered")
            assert (reading.reason is None) == (reading.status == "answered")
