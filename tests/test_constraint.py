"""Constraints: what a constrained reply may look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.constraint import Constraint

CHOICES = ("1: yes", "2: no", "10: yes; 2: no")
EXPLAINED = Constraint(("1: yes", "2: no"), prefix="Answer: ", suffix="\nExplanation: ", free_tokens=5)


@pytest.mark.parametrize(
    ("text", "obeys"),
    [
        ("Answer: 1: yes\nExplanation: because", True),
        ("Answer: 1: yes\nExplanation: ", True),
        ("Answer: 1: yes", False),
        ("Answer: 1: yes\nExplanation: a\nb", False),
        ("Answer: 3: maybe\nExplanation: because", False),
        (" Answer: 1: yes\nExplanation: because", False),
        ("1: yes\nExplanation: because", False),
        ("", False),
    ],
)
def test_prefix_choice_suffix_and_one_line_of_free_text(text: str, obeys: bool):
    assert EXPLAINED.matches(text) is obeys


@pytest.mark.parametrize(
    ("text", "obeys"),
    [
        ("1: yes", True),
        ("2: no; 1: yes", True),
        ("10: yes; 2: no; 2: no", True),  # the option with the separator in it, and another
        ("1: yes; 1: yes", False),
        ("1: yes; 2: no; 10: yes; 2: no", False),  # three are one too many
        ("1: yes; ", False),
        ("", False),
    ],
)
def test_several_different_choices_up_to_the_most(text: str, obeys: bool):
    assert Constraint(CHOICES, most=2).matches(text) is obeys


@pytest.mark.parametrize(
    ("text", "obeys"), [("18", True), ("99", True), ("17", False), ("100", False), ("20.5", False), ("１８", False)]
)
def test_whole_numbers_within_their_bounds(text: str, obeys: bool):
    assert Constraint(minimum=18, maximum=99).matches(text) is obeys


def test_an_option_may_contain_the_suffix():
    odd = Constraint(("1: say\nExplanation: no",), suffix="\nExplanation: ", free_tokens=3)
    assert odd.matches("1: say\nExplanation: no\nExplanation: so")


@given(
    st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=5, unique=True),
    st.text(max_size=10),
    st.text(max_size=10),
    st.text(st.characters(exclude_characters="\n"), max_size=20),
)
def test_what_is_put_together_by_the_rule_obeys_it(choices: list[str], prefix: str, suffix: str, free: str):
    constraint = Constraint(tuple(choices), prefix=prefix, suffix=suffix, free_tokens=9)
    assert all(constraint.matches(prefix + choice + suffix + free) for choice in choices)
    bare = Constraint(tuple(choices), prefix=prefix)
    assert all(bare.matches(prefix + choice) for choice in choices)
    assert not bare.matches(prefix + "".join(choices) + "!")


def test_an_option_may_contain_the_separator():
    # "a; b" and then "a" and "b" one by one are three different options, however the reader would cut first.
    answers = Constraint(("a; b", "a", "b"), most=3)
    assert answers.matches("a; b; a; b")
    assert answers.matches("a; b")
    assert not answers.matches("a; b; a; b; a")
    assert not Constraint(("a", "b"), most=3).matches("a; a")
