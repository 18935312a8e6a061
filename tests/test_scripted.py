"""The scripted public: a conforming backend whose distributions are known."""

import asyncio
import json
import math

import pytest

from demoscope.errors import BackendError
from simulator.backends.conformance import check, request
from simulator.backends.offered import form, offered
from simulator.backends.scripted import FAULTS, ScriptedBackend
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Message
from simulator.protocols.wvb_prompts import prompt
from simulator.protocols.wvb_reading import score_in

ASKED = "Request: Tea, or - perhaps - coffee? - 3: tea, black, 1: coffee, 2: no - neither"
TEXTS = {1: "1: coffee", 2: "2: no - neither", 3: "3: tea, black"}


def asked(seed: int, **changes: object):
    return request(ASKED, seed=seed, decoding=Decoding(), **changes)


def chosen(backend: ScriptedBackend, n: int = 3000, **changes: object) -> dict[int, int]:
    """How often each code is answered over seeds."""
    counts = dict.fromkeys(TEXTS, 0)
    for seed in range(n):
        body = (backend.reply(asked(seed, **changes)).text or "").removeprefix("Answer: ").partition("\n")[0]
        counts[next(code for code, text in TEXTS.items() if text == body)] += 1
    return counts


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"public": "modal"},
        {"public": "persona"},
        {"public": "planted", "planted": ({"shares": {1: 0.2, 2: 0.8}},)},
    ],
)
def test_every_public_conforms(settings: dict[str, object]):
    backend = ScriptedBackend("public", obey_greedy=True, context=300, **settings)
    assert asyncio.run(check(backend, context=300)) == []


def test_the_uniform_public_chooses_every_option_equally_often():
    # 1,000 each of 3,000; four standard deviations are 4 * sqrt(3000 * 2/9) = 103.
    assert all(abs(count - 1000) < 103 for count in chosen(ScriptedBackend("uniform")).values())


def test_the_modal_public_always_takes_the_lowest_code():
    assert chosen(ScriptedBackend("modal", public="modal"), 50) == {1: 50, 2: 0, 3: 0}


def test_the_persona_public_hangs_on_the_system_turn_alone():
    backend = ScriptedBackend("persona", public="persona")
    assert sorted(chosen(backend, 50).values()) == [0, 0, 50]
    favourites = {
        (backend.reply(asked(1, messages=(Message("system", str(n)), Message("user", ASKED)))).text or "")[:9]
        for n in range(50)
    }
    assert len(favourites) == 3


def test_a_planted_public_answers_by_question_and_place():
    backend = ScriptedBackend(
        "planted",
        public="planted",
        planted=(
            {"when": "Nevada", "question": "work", "shares": {1: 1, 3: 3}},
            {"question": "work", "shares": {2: 1}},
        ),
    )
    counts = chosen(backend)
    # Reno is in Nevada: 1/4 and 3/4 of 3,000; four standard deviations are 4 * sqrt(3000 * 3/16) = 95.
    assert counts[2] == 0 and abs(counts[1] - 750) < 95
    elsewhere = (Message("system", "Fargo, North Dakota"), Message("user", ASKED))
    assert chosen(backend, 20, messages=elsewhere)[2] == 20
    assert all(count > 0 for count in chosen(backend, 60, question="other").values())  # nothing fits: all alike


def test_scores_and_labels_are_the_distribution_that_is_drawn_from():
    backend = ScriptedBackend("planted", public="planted", planted=({"shares": {1: 1, 2: 3}},))
    rated = backend.reply(asked(1, ability="label_logprobs", labels=("1", "2")))
    # 0.95 inside, of which 0.01 is spread evenly: 0.95 * (0.99 / 4 + 0.005) and 0.95 * (0.99 * 3 / 4 + 0.005).
    assert rated.outside == 0.05
    assert {label: round(math.exp(sum(values)), 6) for label, values in (rated.logprobs or {}).items()} == {
        "1": round(0.95 * (0.99 / 4 + 0.005), 6),
        "2": round(0.95 * (0.99 * 3 / 4 + 0.005), 6),
    }
    scored = backend.reply(asked(1, ability="score", labels=("2: no thanks", "1: coffee"))).logprobs or {}
    assert [len(values) for values in scored.values()] == [3, 2]
    assert math.exp(sum(scored["2: no thanks"])) == pytest.approx(0.95 * (0.99 * 3 / 4 + 0.005))


def test_labels_that_stand_twice_are_refused():
    reply = ScriptedBackend("s").reply(asked(1, ability="label_logprobs", labels=("1", "1")))
    assert reply.last.error_kind == "rejected"


def test_faults_come_in_their_shares():
    backend = ScriptedBackend("faulty", public="faulty")
    kinds = dict.fromkeys((*FAULTS, "fine"), 0)
    for seed in range(4000):
        last = backend.reply(asked(seed)).last
        kind = "fine"
        if last.text is None:
            kind = "errors"
        elif not last.text:
            kind = "empty"
        elif "AI language model" in last.text:
            kind = "refusals"
        elif last.finish_reason == "length":
            kind = "truncated"
        elif "depends" in last.text:
            kind = "unparsable"
        kinds[kind] += 1
    # 5 % each of 4,000 are 200; four standard deviations are 4 * sqrt(4000 * 0.05 * 0.95) = 56.
    assert all(abs(kinds[fault] - 200) < 56 for fault in FAULTS), kinds


def test_a_share_that_is_set_overrides_the_usual_one():
    backend = ScriptedBackend("errors", errors=1)
    assert {backend.reply(asked(seed)).last.error_kind for seed in range(20)} == {"server"}


def test_constraints_are_obeyed_by_every_kind():
    backend = ScriptedBackend("uniform")
    for seed in range(200):
        for constraint in (
            Constraint(tuple(TEXTS.values()), most=2, prefix="Answer: ", suffix="\nExplanation: ", free_tokens=3),
            Constraint(minimum=5),
            Constraint(maximum=-200),
        ):
            assert constraint.matches(backend.reply(asked(seed, constraint=constraint)).text or "")


def test_long_replies_are_cut_and_say_so():
    reply = ScriptedBackend("uniform").reply(request(ASKED, decoding=Decoding(max_tokens=2)))
    assert reply.last.finish_reason == "length" and (reply.text or "").count(" ") == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"public": "martian"}, "public"),
        ({"speed": 3}, "unknown key"),
        ({"errors": 0.7, "empty": 0.7}, "more than 1"),
        ({"planted": ({"shares": {1: 1}},)}, "public: planted"),
        ({"public": "planted", "planted": ({"shares": {1: 0}},)}, "all zero"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], message: str):
    with pytest.raises(BackendError, match=message):
        ScriptedBackend("odd", **settings)


TELLS = "1. Question: Which school did you attend?\n   Answer: Early childhood education (ISCED 0) / no education"


@pytest.mark.parametrize("variant", ["alpaca", "vicuna", "mixtral", "gpt-3.5"])
def test_what_is_told_of_a_person_offers_nothing_and_scores_come_in_the_form_that_is_asked_for(variant):
    turn = prompt("On a scale of 0 to 2, 0 meaning 'no' and 2 meaning 'yes', tea?", TELLS, variant)
    assert [code for code, _ in offered(turn)] == [0, 1, 2]
    assert form(turn) == ("thoughtful explanation", "answer as a score")
    replies = [ScriptedBackend("m").reply(request(turn, seed=seed, decoding=Decoding())).text for seed in range(60)]
    assert all(set(json.loads(reply)) == set(form(turn)) for reply in replies)
    assert {score_in(reply, 0, 2) for reply in replies} == {0.0, 1.0, 2.0}


def test_a_line_with_a_slash_before_the_last_question_is_no_list_of_options():
    assert offered("Answer: one / two\nQuestion: On a scale of 1 to 3, tea?") == ((1, "1"), (2, "2"), (3, "3"))
    assert form("Question: Tea? - yes / no") is None
