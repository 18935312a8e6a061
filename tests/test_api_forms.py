"""Constraints and ratings as endpoints that know their tokens are asked for them, and what is made of the answers."""

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.backends.conformance import request
from simulator.backends.openai_api.abilities import Proven
from simulator.backends.openai_api.answer_forms import LARGEST_SETS, different, numbers
from simulator.backends.openai_api.bodies import text_call
from simulator.backends.openai_api.forms import gbnf, regex
from simulator.backends.openai_api.labels import label_logprobs
from simulator.backends.openai_api.replies import Failure
from simulator.backends.openai_api.settings import OpenAISettings
from simulator.backends.openai_api.token_ids import next_body, read_next, read_prompt
from simulator.constraint import Constraint
from simulator.protocols.interface import Message

SETTINGS = OpenAISettings.model_validate({"endpoints": [{"url": "http://localhost/v1"}]})
ENDS = st.none() | st.integers(-(10**6), 10**6)


@given(ENDS, ENDS, st.integers(-2 * 10**6, 2 * 10**6))
def test_a_number_is_in_the_expression_exactly_when_it_lies_between_the_ends(
    one: int | None, other: int | None, number: int
) -> None:
    low, high = (one, other) if one is None or other is None else (min(one, other), max(one, other))
    held = Constraint(minimum=low, maximum=high)
    for tried in {number, low, high, *(end + step for end in (low, high) if end is not None for step in (-1, 1))}:
        if tried is not None:
            assert bool(re.fullmatch(regex(held), str(tried))) == held.matches(str(tried)), tried


def test_a_number_without_ends_has_at_most_fifteen_digits() -> None:
    anything = "|".join(numbers(None, None))
    assert re.fullmatch(anything, "-" + "9" * 15) and re.fullmatch(anything, "0")
    assert not re.fullmatch(anything, "9" * 16) and not re.fullmatch(anything, "-0")


def test_several_choices_are_different_ones_as_long_as_that_can_be_written() -> None:
    held = Constraint(("a", "b", "c", "d"), least=2, most=3)
    for text in ("a; b", "d; a; c", "b; b", "a", "a; b; a", "a; b; c; d"):
        assert bool(re.fullmatch(regex(held), text)) == held.matches(text), text
    # 11 * 10 * 9 * 8 * 7 orders of five are too many to write down, so a reply is checked when it has come.
    many = Constraint(tuple("abcdefghijk"), most=5)
    assert different(many.choices, 1, 5, "; ", str) is None and math.perm(11, 5) > LARGEST_SETS
    assert re.fullmatch(regex(many), "a; a") and not many.matches("a; a")


def test_grammars_of_llama_cpp_say_the_same_as_regular_expressions() -> None:
    llama_cpp = pytest.importorskip("llama_cpp", reason="needs the extra `local`")
    for held in (
        Constraint(minimum=-5, maximum=4000, prefix='"A": ', suffix="\nSo: ", free_tokens=9),
        Constraint(("a", "b", "c"), most=2, alone=("none",)),
        Constraint(),
    ):
        assert llama_cpp.LlamaGrammar.from_string(gbnf(held), verbose=False)


def test_words_before_the_answer_begin_the_reply_where_it_is_continued() -> None:
    wanted = request(constraint=Constraint(("yes", "no"), prefix="Answer: "))
    call = text_call(wanted, 1, SETTINGS, Proven(structured="structured_outputs", continues=True))
    assert call.body["messages"][-1] == {"role": "assistant", "content": "Answer:"}
    assert (call.begun, call.applied["begun"]) == ("Answer:", "Answer:")
    assert call.body["structured_outputs"] == {"regex": " (yes|no)"}
    whole = text_call(wanted, 1, SETTINGS, Proven(structured="structured_outputs"))
    assert (whole.begun, whole.body["structured_outputs"]) == ("", {"regex": "Answer: (yes|no)"})
    thinking = SETTINGS.model_copy(update={"reasoning": SETTINGS.reasoning.model_copy(update={"budget": 99})})
    assert text_call(wanted, 1, thinking, Proven(structured="regex", continues=True)).begun == ""


def test_words_before_the_answer_follow_what_the_reply_has_begun_with_already() -> None:
    turns = (Message("user", "Tea?"), Message("assistant", "Well, "))
    wanted = request(messages=turns, constraint=Constraint(("yes", "no"), prefix="I say "))
    call = text_call(wanted, 1, SETTINGS, Proven(structured="regex", continues=True))
    assert [turn["content"] for turn in call.body["messages"]] == ["Tea?", "Well, I say"]


def test_a_rare_token_that_was_drawn_bounds_nothing() -> None:
    # vLLM shows as many tokens as were asked for, the drawn one among them: here 2, B and the rare one. What is not
    # shown can be as likely as B is, whatever the drawn one's 0.001 may be.
    top = [("rare", math.log(0.001)), ("B", math.log(0.4))]
    _, bounds, _ = label_logprobs(top, ["A"], 2, math.log(0.001))
    assert math.exp(bounds["A"]) == pytest.approx(0.4)
    # Where the likeliest one was drawn, all that is shown are the likeliest.
    assert math.exp(label_logprobs(top, ["A"], 2, math.log(0.4))[1]["A"]) == pytest.approx(0.001)
    # Completions show the drawn one beside those asked for.
    more = [*top, ("C", math.log(0.3))]
    assert math.exp(label_logprobs(more, ["A"], 2, math.log(0.001))[1]["A"]) == pytest.approx(0.299)


def test_log_probabilities_are_read_by_the_ids_of_tokens_and_by_nothing_else() -> None:
    shown = [{"token": f"token_id:{name}", "logprob": value} for name, value in ((5, -9.0), (7, -0.5), (8, -1.5))]
    chat = {"prompt_token_ids": [1, 2], "choices": [{"logprobs": {"content": [{"top_logprobs": shown}]}}]}
    plain = {"choices": [{"prompt_token_ids": [1, 2], "logprobs": {"top_logprobs": [{"token_id:7": -0.5}]}}]}
    assert read_next(chat, [8, 7]) == {8: -1.5, 7: -0.5}
    assert read_prompt(chat) == read_prompt(plain) == (1, 2)
    ignored: list[dict[str, Any]] = [{"logprobs": None}, {"logprobs": {"top_logprobs": [{" A": -0.5}]}}, {}]
    for choice in ignored:
        with pytest.raises(Failure, match="did not come back"):
            read_next({"choices": [choice]}, [7])
    with pytest.raises(Failure, match="did not come back"):
        read_next(plain, [7, 9])
    assert next_body((1, 2), [7])["logprob_token_ids"] == [7]
