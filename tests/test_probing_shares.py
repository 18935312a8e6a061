"""From raw log-probabilities, replies and percentages to shares: the arithmetic of the three published methods."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax as scipy_softmax

from surveys.probing.labels import read_label, read_label_as_published
from surveys.probing.percentages import read_percentages
from surveys.probing.shares import (
    first_token_collisions,
    fractional_shares,
    sequence_shares,
    softmax,
    token_shares,
    valid_ratio,
)

LOGPROB = st.floats(-40, 0, allow_nan=False)
TWO = {"A": "No", "B": "Yes"}


@given(st.lists(LOGPROB, min_size=1, max_size=10))
def test_softmax_is_that_of_scipy_and_sums_to_one(logits):
    found = softmax(logits)
    assert found == pytest.approx(scipy_softmax(logits))
    assert abs(found.sum() - 1) < 1e-12


@pytest.mark.parametrize("logits", [[], [np.nan, 0.0], [-np.inf, -np.inf]])
def test_softmax_refuses_what_has_no_shares(logits):
    with pytest.raises(ValueError, match="at least one finite logit"):
        softmax(logits)


def test_both_forms_of_a_label_are_added_as_in_the_published_code():
    # Published: softmax over the logits of all labels without and with a leading space, then each pair added.
    plain, spaced = [-1.0, -2.0, -3.0], [-2.5, -0.5, -4.0]
    rated = [{one: [a], f" {one}": [b]} for one, a, b in zip("ABC", plain, spaced, strict=True)]
    all_six = scipy_softmax(plain + spaced)
    assert token_shares(rated, "both") == pytest.approx(all_six[:3] + all_six[3:])
    assert token_shares(rated, "code") == pytest.approx(all_six[:3] + all_six[3:])
    assert token_shares(rated, "none") == pytest.approx(scipy_softmax(plain))
    assert token_shares(rated, "only") == pytest.approx(scipy_softmax(spaced))


def test_two_forms_that_are_one_token_count_once_and_the_published_code_counts_them_twice():
    # A has one form only: its mass is e^-1; B has two, of e^-1 each. So A : B = 1 : 2, and 2 : 2 as published.
    rated = [{"A": [-1.0], " A": [-1.0]}, {"B": [-1.0], " B": [-1.0 - 1e-12]}]
    assert token_shares(rated, "both") == pytest.approx([1 / 3, 2 / 3])
    assert token_shares(rated, "code") == pytest.approx([1 / 2, 1 / 2])


def test_a_chain_counts_as_a_whole_and_the_literal_rule_sees_its_first_token_alone():
    # " 1" and " 2" begin with the same blank: the literal rule cannot tell them apart and says so.
    rated = [{"1": [-5.0], " 1": [-0.1, -0.5]}, {"2": [-5.0], " 2": [-0.1, -1.5]}]
    assert token_shares(rated, "only") == pytest.approx(scipy_softmax([-0.6, -1.6]))
    assert token_shares(rated, "code") == pytest.approx([0.5, 0.5])
    assert first_token_collisions(rated) == [(0, 1)]
    assert first_token_collisions([{"A": [-1.0]}, {"B": [-1.5]}]) == []


def test_a_label_of_which_only_a_bound_is_known_counts_as_nothing():
    assert token_shares([{"A": [-0.2]}, {"B": -7.0}], "none").tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match="finite logit"):
        token_shares([{"A": -7.0}, {"B": -7.0}], "none")


def test_a_form_that_was_not_rated_is_no_zero():
    with pytest.raises(ValueError, match="space rule 'both' needs another"):
        token_shares([{"A": [-0.2]}, {"B": [-0.3]}], "both")


def test_sequences_are_weighed_by_inverse_perplexity():
    # Perplexities e^((1+2)/2) and e^((1+1+4)/3): shares in proportion to e^-1.5 and e^-2.
    rated = [{"A. No": [-1.0, -2.0]}, {"B. Yes, yes": [-1.0, -1.0, -4.0]}]
    weights = np.exp([-1.5, -2.0])
    assert sequence_shares(rated, "none") == pytest.approx(weights / weights.sum())
    # Without the last token: e^-1 and e^-1.
    assert sequence_shares(rated, "none", include_eot=False) == pytest.approx([0.5, 0.5])


@given(st.lists(st.tuples(LOGPROB, LOGPROB), min_size=2, max_size=10), st.sampled_from(["both", "none", "only"]))
def test_token_and_sequence_agree_when_options_are_one_token(pairs, space):
    rated = [{str(n): [plain], f" {n}": [spaced]} for n, (plain, spaced) in enumerate(pairs)]
    assert sequence_shares(rated, space).tolist() == token_shares(rated, space).tolist()
    assert abs(token_shares(rated, space).sum() - 1) < 1e-9


def test_missing_mass_is_spread_equally_and_changes_no_winner():
    # 10 replies: 5 name A, 3 name B, 2 name nothing; 0.2 is spread over four options.
    assert fractional_shares([5, 3, 0, 0], 10) == pytest.approx([0.55, 0.35, 0.05, 0.05])
    assert valid_ratio([5, 3, 0, 0], 10) == 0.8
    assert fractional_shares([0, 0], 4).tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="at most 4 together"):
        fractional_shares([3, 2], 4)


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("B", "B"),
        ("B. Yes", "B"),
        ("(B)", "B"),
        ("I would select option **B**.", "B"),
        ("A or B", None),
        ("A. No. I mean it: A.", "A"),
        ("A rather than B", None),
        ("A good question.", None),
        ("A good question. The answer is B.", None),  # perhaps an article, perhaps A: nothing is guessed
        ("A no", "A"),
        ("b", None),
        ("Yes", None),
        ("", None),
        ("Plan B's", None),
    ],
)
def test_a_reply_names_one_label_or_none(reply, label):
    assert read_label(reply, TWO) == label


def test_the_pronoun_is_no_label_and_the_label_is_no_pronoun():
    ten = {label: f"point {label}" for label in "ABCDEFGHIJ"}
    assert read_label("I think that C fits.", ten) == "C"
    assert read_label("I", ten) == "I"
    assert read_label("I. point I", ten) == "I"
    assert read_label("I is what I choose", ten) == "I"
    assert read_label("b, as that is a good thing", {"a": "No", "b": "Yes"}) == "b"
    assert read_label("10", {"1": "a", "10": "b"}) == "10"


def test_labels_in_the_wording_of_the_option_that_is_named_are_none():
    assert read_label("D. A great deal", {"A": "None at all", "D": "A great deal"}) == "D"
    assert read_label("4. 5", {str(n): str(n + 1) for n in range(10)}) == "4"
    assert read_label("45", {str(n): str(n + 1) for n in range(10)}) is None
    assert read_label("4, 5", {str(n): str(n + 1) for n in range(10)}) is None
    assert read_label("4. 5 or 7. 8", {str(n): str(n + 1) for n in range(10)}) is None


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("B. Yes", "B"),
        ("B", "B"),
        ("(B)", "B"),  # below five characters, any one capital letter
        ("Hm B", None),  # two of them
        ("(B) Yes, of course", None),  # the first character is the bracket
        ("I choose A. A, because", None),  # "A." and "A," conflict
        ("As in the USA. Clearly", "A"),  # an acronym
    ],
)
def test_the_published_pattern_reads_as_published(reply, label):
    assert read_label_as_published(reply, ["A", "B"]) == label


def test_the_published_pattern_takes_a_bare_digit_by_its_fallback_alone():
    assert read_label_as_published("2", ["1", "2"]) == "2"
    assert read_label_as_published("2.", ["1", "2"]) is None


@pytest.mark.parametrize(
    ("reply", "shares"),
    [
        ("A: 30%\nB: 70%", (0.3, 0.7)),
        ("A. No: 30 %\nB. Yes: 70 %", (0.3, 0.7)),
        ("- **A**: 30%, **B**: 60%", (1 / 3, 2 / 3)),
        ("(A) 30%; (B) 70%", (0.3, 0.7)),
        ("A 30%\nB 70%", (0.3, 0.7)),
        ("Sure! Of 100% I give\nA: 30%\nB: 70%", (0.3, 0.7)),
        ("A: 30%\nB: 30%", ()),
        ("A: 30%", ()),
        ("A: 30%, A: 20%, B: 50%", ()),
        ("30% and 70%", ()),
    ],
)
def test_percentages_are_read_when_every_option_has_one(reply, shares):
    assert read_percentages(reply, TWO).shares == pytest.approx(shares)


def test_percentages_tell_by_how_much_they_miss_the_whole():
    stated = read_percentages("0: 40%\n1: 52.5%", {"0": "up to 5%", "1": "more than 5%"})
    assert stated.missed == pytest.approx(0.075)
    assert sum(stated.shares) == pytest.approx(1)
    assert read_percentages("A: 1%\nB: 2%", TWO).reason == "the percentages add up to 3"


def test_percentages_in_the_wording_of_options_are_none_that_are_stated():
    wordings = {"A": "at most 50%", "B": "more than 50%"}
    assert read_percentages("A. at most 50%: 20%\nB. more than 50%: 80%", wordings).shares == (0.2, 0.8)
