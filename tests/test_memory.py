"""What respondents remember: cleaning, the three ways to cut, both ways to sample, and the capacity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.memory import Memory, MemoryRules, stored_answer

REPLY = "Sure! Answer: 2: about right\nExplanation: I pay 3.5 % tax. It hurts. 1: too little"


def filled(n: int, capacity: int, rules: MemoryRules | None = None) -> Memory:
    memory = Memory(capacity, rules or MemoryRules())
    for ordinal in range(n):
        memory = memory.after(ordinal, f"Request: question {ordinal}", f"Answer: {ordinal}\nExplanation: So.")
    return memory


def test_the_answer_and_the_first_sentence_of_the_explanation_are_kept():
    assert stored_answer(REPLY) == "Answer: 2: about right\nExplanation: I pay 3.5 % tax."
    assert (
        stored_answer("Answer: 1\nExplanation: 因为家庭第一。还有工作。") == "Answer: 1\nExplanation: 因为家庭第一。"
    )
    assert stored_answer("Answer: 1\nExplanation: no full stop") == "Answer: 1\nExplanation: no full stop"


def test_without_an_explanation_the_whole_answer_line_is_kept():
    assert stored_answer("Answer: 2: about right. Yes.\nBecause I say so.") == "Answer: 2: about right. Yes."


def test_the_paper_cuts_before_the_first_full_stop_after_the_explanation():
    assert stored_answer(REPLY, "paper") == "Answer: 2: about right\nExplanation: I pay 3"


def test_the_code_cuts_at_the_later_of_full_stop_and_line_end():
    assert stored_answer(REPLY, "code") == "Answer: 2: about right\nExplanation: I pay 3"
    # No full stop: find gives -1, and the last line end before the last character is what is left.
    assert stored_answer("Answer: 2\nExplanation: fine\nyes", "code") == "Answer: 2\nExplanation: fine"
    # Neither: the slice ends at -1 and loses the last character.
    assert stored_answer("Answer: 25", "code") == "Answer: 2"


@pytest.mark.parametrize(
    "reply",
    ["2: about right", "answer: 2", "Answer:2", "Answer: 2. As an AI language model I cannot vote.", ""],
)
def test_replies_without_an_answer_or_out_of_role_are_not_remembered(reply: str):
    assert Memory(5).after(0, "Request: ?", reply).items == ()


def test_the_code_looks_for_refusals_at_the_start_only():
    published = Memory(5, MemoryRules(refusal_test="match"))
    assert published.after(0, "Request: ?", "Answer: 2. As an AI language model I cannot vote.").ordinals == (0,)
    assert published.after(0, "Request: ?", "As an AI language model, Answer: 2").ordinals == ()


def test_the_request_is_remembered_from_its_marker_on():
    memory = Memory(5).after(3, "Act as a citizen. Request: Tea?", "Answer: 1")
    assert [(m.role, m.text) for m in memory.messages] == [("user", "Request: Tea?"), ("assistant", "Answer: 1")]


def test_sampling_without_replacement_keeps_the_order_of_time():
    for seed in range(50):
        kept = filled(8, 5).forgetting(np.random.default_rng(seed)).ordinals
        assert len(kept) == len(set(kept)) == 5
        assert list(kept) == sorted(kept)


def test_every_item_is_forgotten_equally_often():
    generator = np.random.default_rng(1)
    memory = filled(4, 3)
    kept = [ordinal for _ in range(4000) for ordinal in memory.forgetting(generator).ordinals]
    # Each stays with probability 3/4: 3,000 of 4,000; four standard deviations are 4 * sqrt(4000 * 3/16) = 110.
    assert all(abs(kept.count(ordinal) - 3000) < 110 for ordinal in range(4))


def test_the_paper_samples_without_replacement_in_any_order():
    rules = MemoryRules(keep_order=False)
    orders = {filled(4, 3, rules).forgetting(np.random.default_rng(seed)).ordinals for seed in range(500)}
    assert len(orders) == 24  # 4 * 3 * 2 ordered draws
    assert all(len(set(order)) == 3 for order in orders)


def test_the_code_may_remember_one_exchange_twice():
    rules = MemoryRules(sampling="with_replacement", keep_order=False)
    orders = {filled(3, 2, rules).forgetting(np.random.default_rng(seed)).ordinals for seed in range(300)}
    assert len(orders) == 9  # 3 * 3 ordered draws, (0, 0) among them
    assert (0, 0) in orders


def test_a_memory_of_length_zero_stays_empty():
    assert filled(10, 0).items == ()


def test_nothing_is_forgotten_up_to_the_capacity():
    memory = filled(5, 5)
    assert not memory.overfull
    assert memory.forgetting(np.random.default_rng(0)) == memory


def test_the_older_half_goes_when_a_prompt_does_not_fit():
    assert filled(5, 5).without_older_half().ordinals == (3, 4)  # the larger half, 3 of 5, is dropped
    assert filled(1, 5).without_older_half().ordinals == ()


@given(
    st.integers(0, 6),
    st.integers(0, 25),
    st.integers(0, 2**32),
    st.sampled_from(["without_replacement", "with_replacement"]),
    st.booleans(),
)
def test_memory_never_exceeds_its_capacity_and_never_recovers(capacity, questions, seed, sampling, keep_order):
    memory = Memory(capacity, MemoryRules(sampling=sampling, keep_order=keep_order))
    generator = np.random.default_rng(seed)
    for ordinal in range(questions):
        before = set(memory.ordinals)
        memory = memory.after(ordinal, "Request: ?", "Answer: 1").forgetting(generator)
        assert len(memory.items) <= capacity
        assert set(memory.ordinals) <= before | {ordinal}
