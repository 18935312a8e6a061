"""How questions are shown, and that what leaves a presentation are canonical codes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.parsing import parse
from simulator.presentation import Presentation, present, shown_again
from surveys import Question

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
    texts = {present(SPENDING, rng(seed), shuffle=True).text for seed in range(200)}
    assert "2: about right, 1: too little, 3: too much" in texts
    assert len(texts) == 6  # 3! orders
    for text in texts:
        assert sorted(text.split(", ")) == ["1: too little", "2: about right", "3: too much"]


def test_every_order_is_equally_likely():
    generator = rng()
    first = [present(SPENDING, generator, shuffle=True).codes[0] for _ in range(6000)]
    # 2,000 expected each; four standard deviations of a binomial(6000, 1/3) are 4 * sqrt(6000 * 2 / 9) = 146.
    assert all(abs(first.count(code) - 2000) < 146 for code in (1, 2, 3))


def test_a_comma_inside_an_option_does_not_tear_it_apart():
    family = Question(
        id="q", text="?", options=[{"code": 1, "label": "yes, always"}, {"code": 2, "label": "no, never"}]
    )
    assert {present(family, rng(seed), shuffle=True).text for seed in range(50)} == {
        "1: yes, always, 2: no, never",
        "2: no, never, 1: yes, always",
    }


def test_scales_numbers_and_texts_are_not_shuffled():
    scale = Question(id="s", text="?", kind="scale", minimum=1, maximum=5)
    assert present(scale, rng(), shuffle=True).codes == (1, 2, 3, 4, 5)
    for kind in ("number", "text"):
        assert present(Question(id="n", text="?", kind=kind), rng(), shuffle=True) == Presentation()


def test_shuffling_without_a_generator_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="generator"):
        present(SPENDING, None, shuffle=True)


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
    shown = present(question, rng(seed), shuffle)
    assert sorted(shown.codes) == sorted(option.code for option in question.options)
    assert all(shown.code(shown.label(code)) == code for code in shown.codes)
    assert shown_again(shown.as_json(), question) == shown


@given(questions(), st.permutations(range(6)))
def test_relabelled_presentations_survive_json(question: Question, order: list[int]):
    labels = {"ABCDEF"[place]: option.code for place, option in zip(order, question.options, strict=False)}
    shown = Presentation(tuple(option.code for option in question.options), "", labels)
    again = shown_again(shown.as_json(), question)
    assert again.codes == shown.codes and again.labels == labels
    assert all(again.code(again.label(code)) == code for code in again.codes)
