"""How questions are shown, and that what leaves a presentation are canonical codes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.parsing import ParsingRules, parse
from simulator.protocols.def_prompts import request
from simulator.protocols.def_settings import DefSettings
from surveys import Question
from surveys.presentation import Presentation, Presenter, present, shown_again
from surveys.presentation_rules import PresentationRules

SHUFFLED = PresentationRules(order="shuffled")
SPENDING = Question(
    id="spending",
    text="Are we spending too much, too little or about the right amount?",
    options=[
        {"code": 1, "label": "too little"},
        {"code": 2, "label": "about right"},
        {"code": 3, "label": "too much"},
    ],
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@st.composite
def questions(draw: st.DrawFn, kind: str = "single") -> Question:
    labels = draw(
        st.lists(
            st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12),
            min_size=2,
            max_size=6,
            unique_by=lambda label: label.strip().casefold(),
        )
    )
    codes = draw(st.lists(st.integers(-20, 120), min_size=len(labels), max_size=len(labels), unique=True))
    options = [{"code": code, "label": label} for code, label in zip(codes, labels, strict=True)]
    return Question(id="q", text="?", kind=kind, options=options)


def test_codes_travel_with_their_texts():
    texts = {present(SPENDING, rng(seed), SHUFFLED).text for seed in range(200)}
    assert "2: about right, 1: too little, 3: too much" in texts
    assert len(texts) == 6  # 3! orders
    for text in texts:
        assert sorted(text.split(", ")) == ["1: too little", "2: about right", "3: too much"]


def test_every_order_is_equally_likely():
    generator = rng()
    first = [present(SPENDING, generator, SHUFFLED).codes[0] for _ in range(6000)]
    # 2,000 expected each; four standard deviations of a binomial(6000, 1/3) are 4 * sqrt(6000 * 2 / 9) = 146.
    assert all(abs(first.count(code) - 2000) < 146 for code in (1, 2, 3))


def test_a_comma_inside_an_option_does_not_tear_it_apart():
    family = Question(
        id="q", text="?", options=[{"code": 1, "label": "yes, always"}, {"code": 2, "label": "no, never"}]
    )
    assert {present(family, rng(seed), SHUFFLED).text for seed in range(50)} == {
        "1: yes, always, 2: no, never",
        "2: no, never, 1: yes, always",
    }


def test_scales_numbers_and_texts_are_not_shuffled():
    scale = Question(id="s", text="?", kind="scale", minimum=1, maximum=5)
    assert present(scale, rng(), SHUFFLED).codes == (1, 2, 3, 4, 5)
    for kind in ("number", "text"):
        assert present(Question(id="n", text="?", kind=kind), rng(), SHUFFLED) == Presentation()


def test_shuffling_without_a_generator_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="generator"):
        present(SPENDING, None, SHUFFLED)


def test_labels_shown_instead_of_codes_are_mapped_back():
    shown = shown_again('{"codes":[3,1,2],"labels":{"A":3,"B":1,"C":2}}', SPENDING)
    assert shown.text == "A: too much, B: too little, C: about right"
    assert shown.code("C") == 2 and shown.code("2") is None
    assert parse("Answer: C: about right", SPENDING, shown).codes == (2,)
    assert parse("Answer: (B)", SPENDING, shown).codes == parse("Answer: B.", SPENDING, shown).codes == (1,)
    assert parse("Answer: A good question indeed", SPENDING, shown).status == "invalid"


def test_zero_based_labels_are_not_taken_for_codes():
    shown = shown_again('{"codes":[1,2,3],"labels":{"0":1,"1":2,"2":3}}', SPENDING)
    assert parse("Answer: 1", SPENDING, shown).codes == (2,)
    assert parse("Answer: 3", SPENDING, shown).status == "invalid"


def test_a_presentation_of_another_question_is_refused():
    with pytest.raises(ValueError, match="does not show question 'spending'"):
        shown_again('{"codes":[1,2]}', SPENDING)


@given(questions(), st.integers(0, 2**32), st.booleans())
def test_what_is_shown_always_maps_back(question: Question, seed: int, shuffle: bool):
    shown = present(question, rng(seed), SHUFFLED if shuffle else PresentationRules())
    assert sorted(shown.codes) == sorted(option.code for option in question.options)
    assert all(shown.code(shown.label(code)) == code for code in shown.codes)
    assert shown_again(shown.as_json(), question) == shown


@given(questions(), st.permutations(range(6)))
def test_relabelled_presentations_survive_json(question: Question, order: list[int]):
    labels = {"ABCDEF"[place]: option.code for place, option in zip(order, question.options, strict=False)}
    shown = Presentation(tuple(option.code for option in question.options), (), labels)
    again = shown_again(shown.as_json(), question)
    assert again.codes == shown.codes and again.labels == labels
    assert all(again.code(again.label(code)) == code for code in again.codes)


def styled(**rules) -> PresentationRules:
    return PresentationRules(**rules)


@st.composite
def rules(draw: st.DrawFn) -> PresentationRules:
    return PresentationRules(
        order=draw(st.sampled_from(["fixed", "shuffled", "reversed", "rotated"])),
        labels=draw(st.sampled_from(["codes", "numbers", "letters", "bracketed", "from_zero", "none"])),
        scale=draw(st.sampled_from(["ascending", "descending", "drawn"])),
        scale_labels=draw(st.sampled_from(["given", "ends", "all"])),
    )


@given(questions(), rules(), st.integers(0, 2**32))
def test_whatever_the_rules_what_is_shown_maps_back_exactly(question: Question, how: PresentationRules, seed: int):
    try:
        shown = present(question, rng(seed), how)
    except ValueError:
        return  # refused at load
    assert sorted(shown.codes) == sorted(option.code for option in question.options)
    assert shown_again(shown.as_json(), question) == shown
    for code, line in zip(shown.codes, shown.lines, strict=True):
        assert parse(f"Answer: {line}\nExplanation: 1 or (b).", question, shown).codes == (code,)
        if how.labels != "none":
            assert shown.code(shown.label(code)) == code
            reading = parse(f"Answer: {shown.label(code)}", question, shown)
            assert reading.codes in ((code,), ()), reading  # what could be read two ways is not read


@given(questions(), rules(), st.integers(0, 2**32), st.text(max_size=12), st.booleans())
def test_bare_wordings_never_lead_to_another_option(question, how, seed, around, careful):
    try:
        shown = present(question, rng(seed), how)
    except ValueError:
        return
    for option in question.options:
        reading = parse(f"Answer: {option.label}", question, shown, ParsingRules("search", careful))
        if careful:
            assert reading.codes in ((option.code,), ()), reading
        parse(f"Answer: {around}{option.label}", question, shown)  # anything may stand there


@given(st.integers(-5, 5), st.integers(1, 12), rules(), st.integers(0, 99))
def test_scales_keep_their_points_in_either_direction(low: int, span: int, how: PresentationRules, seed: int):
    scale = Question(id="s", text="?", kind="scale", minimum=low, maximum=low + span, low_label="left")
    shown = present(scale, rng(seed), how)
    assert shown.codes in (tuple(range(low, low + span + 1)), tuple(range(low + span, low - 1, -1)))
    assert shown_again(shown.as_json(), scale) == shown
    assert parse(f"Answer: {low}", scale, shown).codes == (low,)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ("codes", "1: too little, 2: about right, 3: too much"),
        ("numbers", "1. too little, 2. about right, 3. too much"),
        ("letters", "A. too little, B. about right, C. too much"),
        ("bracketed", "(a) too little, (b) about right, (c) too much"),
        ("from_zero", "0. too little, 1. about right, 2. too much"),
        ("none", "too little / about right / too much"),
    ],
)
def test_labels_look_as_their_style_says_and_are_read_back(labels, text):
    shown = present(SPENDING, None, styled(labels=labels))
    assert shown.text == text
    for code, option in enumerate(text.replace(" / ", ", ").split(", "), start=1):
        label, _, wording = option.partition(" ") if labels != "none" else ("", "", option)
        replies = [option, wording, f"I say {wording}", *([label, label.strip("().:")] if label else [])]
        for reply in replies:
            assert parse(f"Answer: {reply}\nExplanation: So.", SPENDING, shown).codes == (code,), reply


def test_numbers_count_places_and_not_codes():
    backwards = PresentationRules(order="reversed", labels="numbers")
    shown = next(s for s in (present(SPENDING, rng(n), backwards) for n in range(20)) if s.codes[0] == 3)
    assert shown.text == "1. too much, 2. about right, 3. too little"
    assert parse("Answer: 1", SPENDING, shown).codes == (3,)
    assert parse("Answer: 1. too little", SPENDING, shown).status == "invalid"  # number and words disagree
    assert '"labels":{"1":3,"2":2,"3":1},"style":"numbers"' in shown.as_json()


def test_letters_leave_out_the_one_that_people_say_of_themselves():
    many = Question(id="q", text="?", options=[{"code": n, "label": f"thing {n}"} for n in range(30)])
    shown = present(many, None, styled(labels="letters"))
    assert "I" not in shown.labels and list(shown.labels)[24:27] == ["Z", "AA", "AB"]
    assert parse("Answer: I, for one, like thing 3", many, shown).codes == (3,)


WITH_ENDS = Question(
    id="q",
    text="?",
    options=[
        {"code": 1, "label": "red"},
        {"code": 2, "label": "green"},
        {"code": 3, "label": "blue"},
        {"code": 8, "label": "another colour", "pinned": True},
        {"code": 9, "label": "don't know", "kind": "nonresponse"},
    ],
)


@pytest.mark.parametrize(
    ("order", "seen"),
    [
        ("fixed", {(1, 2, 3)}),
        ("reversed", {(1, 2, 3), (3, 2, 1)}),
        ("rotated", {(1, 2, 3), (2, 3, 1), (3, 1, 2)}),
        ("shuffled", {(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)}),
    ],
)
def test_orders_move_what_may_move_and_keep_the_rest(order, seen):
    shown = [present(WITH_ENDS, rng(seed), styled(order=order)).codes for seed in range(300)]
    assert {codes[:3] for codes in shown} == seen
    assert {codes[3:] for codes in shown} == {(8, 9)}
    for codes in seen:  # 300 / len(seen) expected; five standard deviations are below 5 * sqrt(300 / 4) = 44
        assert abs(sum(s[:3] == codes for s in shown) - 300 / len(seen)) < 44


@pytest.mark.parametrize(
    ("labels", "wordings"),
    [
        ("letters", ("B", "other")),
        ("numbers", ("2", "1")),
        ("from_zero", ("1", "many")),
        ("bracketed", ("(b)", "other")),
        ("none", ("Yes", "yes.")),
        ("none", ("fair", "fair Explanation: none")),
    ],
)
def test_a_label_that_could_be_read_two_ways_is_refused(labels, wordings):
    question = Question(id="q", text="?", options=[{"code": n, "label": w} for n, w in enumerate(wordings)])
    with pytest.raises(ValueError, match="question 'q'"):
        styled(labels=labels).check(question)


def test_an_option_worded_like_its_own_label_is_fine_in_a_fixed_order():
    children = Question(id="q", text="How many?", options=[{"code": n, "label": str(n)} for n in range(3)])
    styled(labels="from_zero").check(children)
    with pytest.raises(ValueError, match="cannot be told from it"):
        styled(labels="from_zero", order="shuffled").check(children)


def test_all_points_of_a_scale_are_told_with_what_they_mean():
    scale = Question(
        id="s",
        text="?",
        kind="scale",
        minimum=1,
        maximum=3,
        low_label="no",
        point_labels={2: "maybe"},
        high_label="yes",
    )
    told = [
        request(scale, present(scale, None, styled(**how)), "en").removeprefix("Request: ? - on a scale of ")
        for how in (
            {},
            {"scale_labels": "ends", "scale": "descending"},
            {"scale_labels": "all", "scale": "descending"},
        )
    ]
    assert told == [
        "1 to 3, where 1 means no, where 2 means maybe and where 3 means yes",
        "3 to 1, where 3 means yes and where 1 means no",
        "3 to 1, 3: yes, 2: maybe, 1: no",
    ]
    assert parse("Answer: maybe", scale, present(scale, None)).codes == (2,)


def test_wording_and_instruction_follow_the_rules_and_are_written_down():
    ask = Question(
        id="q",
        text="The press?",
        stem="How far do you trust it?",
        instruction="Take your time.",
        wordings={"short": "Press?"},
        options=SPENDING.options,
    )
    assert Presenter(ask, styled()).text == "How far do you trust it? The press? Take your time."
    brief = Presenter(ask, styled(wording="short", instruction=False))
    assert brief.text == "How far do you trust it? Press?"
    assert brief.show(None).as_json() == '{"codes":[1,2,3],"wording":"short","instruction":""}'
    assert Presenter(ask, styled(wording="long", instruction="Be quick.")).text.endswith("The press? Be quick.")


def test_shuffle_is_the_short_form_of_an_order():
    assert DefSettings().resolved().presentation.order == "shuffled"
    assert DefSettings(shuffle=False).resolved().presentation.order == "fixed"
    letters = {"labels": "letters"}
    assert DefSettings(presentation=letters).resolved().presentation.order == "shuffled"
    assert DefSettings(presentation={"order": "fixed"}).resolved().presentation.order == "fixed"
    with pytest.raises(ValidationError, match="leave one of them out"):
        DefSettings(shuffle=True, presentation={"order": "fixed"})


@given(questions("multiple"), rules(), st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_several_options_as_they_were_shown_are_never_taken_for_others(question, how, seed, random):
    try:
        shown = present(question, rng(seed), how)
    except ValueError:
        return
    chosen = random.sample(range(len(shown.codes)), random.randint(1, len(shown.codes)))
    reading = parse("Answer: " + "; ".join(shown.lines[place] for place in chosen), question, shown)
    wanted = tuple(shown.codes[place] for place in chosen)
    assert set(reading.codes) == set(wanted) or not reading.codes, (reading, wanted)
