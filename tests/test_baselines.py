"""The baselines of DEF: the average person, and collective critique with self-voting."""

import asyncio

import pytest
import yaml

from demoscope.errors import DocumentError
from personas import load_population
from simulator.drivers import drive
from simulator.loading import load_wave
from simulator.protocols.interface import Attempt, Completion
from simulator.protocols.registry import find_protocol
from simulator.run import run_wave
from simulator.store import Store
from surveys import Questionnaire

COLOURS = [{"code": code, "label": label} for code, label in ((1, "red"), (2, "green"), (3, "blue"))]
SURVEY = Questionnaire.model_validate(
    {"id": "q", "title": "Q", "questions": [{"id": "colour", "text": "Which colour?", "options": COLOURS}]}
)


class Hears:
    """Notes every exchange and answer."""

    def __init__(self):
        self.exchanges, self.answers = [], []

    def exchange(self, request, completion):
        self.exchanges.append(request)

    def answer(self, understood):
        self.answers.append(understood)


def interviewed(protocol, reply, questionnaire=SURVEY, **settings):
    """What a person says under a protocol whose model replies by ``reply(request)``; ``None`` is a failure."""
    kind = find_protocol(protocol)
    settings = kind.settings_model.model_validate(settings)
    population = load_population("def_us_uniform")
    (persona,) = population.people(0, 1, seed=3)
    respondent = kind.respondent(persona, population, settings, 3, "cell")
    heard = Hears()

    async def complete(request):
        text = reply(request)
        attempt = Attempt(text=text, error=None if text is not None else "it broke", finish_reason="stop")
        return Completion((attempt,))

    asyncio.run(drive(kind.interview(respondent, questionnaire, settings, 3), complete, heard))
    return heard


def steps(heard):
    return [(request.step, request.ordinal) for request in heard.exchanges]


def codes(heard):
    return [understood.answer.codes for understood in heard.answers]


@pytest.mark.parametrize(
    ("prompt", "words"), [(1, "Act as an average person from the United States."), (2, "Think of an average person")]
)
def test_the_average_person_is_asked_for_in_two_phrasings_greedily_and_without_a_place(prompt, words):
    heard = interviewed("cao", lambda request: "Answer: 2: green\nExplanation: So.", prompt=prompt)
    (request,) = heard.exchanges
    assert request.messages[0].text.startswith(words)
    assert "living in" not in request.messages[0].text
    assert (request.decoding.do_sample, request.decoding.num_beams) == (False, 1)
    assert codes(heard) == [(2,)]


def test_the_average_person_is_asked_for_in_chinese():
    heard = interviewed("cao", lambda request: "Answer: 2", language="zh")
    assert heard.exchanges[0].messages[0].text.startswith("请扮演一位普通人，来自美国。")


REPLIES = {
    "draft": "Answer: 1: red\nExplanation: A.",
    "critique": "It leaves out many.",
    "rewrite": "Answer: 3: blue\nExplanation: B.",
}


def test_the_published_code_drafts_criticises_and_rewrites_without_a_vote():
    heard = interviewed("ccsv-single", lambda request: REPLIES[request.step], profile="code")
    assert steps(heard) == [("draft", 0), ("critique", 0), ("rewrite", 0)]
    assert [m.role for m in heard.exchanges[2].messages] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert heard.exchanges[2].messages[2].text == REPLIES["draft"]
    assert codes(heard) == [(3,)]
    assert heard.answers[0].sources == (("rewrite", 0),)


@pytest.mark.parametrize(("vote", "expected"), [("1", (1,)), ("2", (3,)), ("neither", (3,))])
def test_the_model_votes_between_draft_and_rewrite_and_the_rewrite_stands_without_a_vote(vote, expected):
    heard = interviewed("ccsv-single", lambda request: {**REPLIES, "vote": vote}[request.step])
    assert steps(heard)[-1] == ("vote", 0)
    assert codes(heard) == [expected]


def test_several_rewrites_are_sampled_with_seeds_of_their_own_and_the_rest_is_greedy():
    heard = interviewed("ccsv-single", lambda request: {**REPLIES, "vote": "1"}[request.step], rewrites=3)
    sampled = [request for request in heard.exchanges if request.decoding.do_sample]
    assert [(request.step, request.ordinal) for request in sampled] == [
        ("rewrite", 0),
        ("rewrite", 1),
        ("rewrite", 2),
    ]
    assert len({request.seed for request in sampled}) == 3


@pytest.mark.parametrize("step", ["draft", "critique", "rewrite"])
def test_a_step_without_a_reply_fails_the_answer_and_is_named(step):
    heard = interviewed("ccsv-single", lambda request: {**REPLIES, step: None, "vote": "1"}[request.step])
    answer = heard.answers[0].answer
    assert (answer.status, answer.codes) == ("failed", ())
    assert answer.reason == f"no reply came to the {step}: it broke"


def listed(*labels):
    return "\n".join(f"{n}. {label}" for n, label in enumerate(labels, start=1))


def test_entries_of_the_list_that_was_voted_for_are_replicates():
    lists = [listed("1: red", "1: red", "2: green"), listed("3: blue", "2: green", "1: red")]

    def reply(request):
        if request.step == "rewrite":
            return lists[request.ordinal]
        return {"list": listed("1: red"), "critique": "Too alike.", "vote": "Candidate 2"}[request.step]

    heard = interviewed("ccsv-list", reply, entries=3, rewrites=2)
    assert steps(heard) == [("list", 0), ("critique", 0), ("rewrite", 0), ("rewrite", 1), ("vote", 0)]
    assert [(u.answer.replicate, u.answer.codes, u.sources, u.place) for u in heard.answers] == [
        (0, (3,), (("rewrite", 1),), 0),
        (1, (2,), (("rewrite", 1),), 1),
        (2, (1,), (("rewrite", 1),), 2),
    ]


def test_without_a_readable_vote_the_list_with_the_most_different_answers_counts():
    lists = [listed("1: red", "1: red", "1: red"), listed("1: red", "2: green", "1: red"), listed("who knows")]

    def reply(request):
        return lists[request.ordinal] if request.step == "rewrite" else "hm"

    heard = interviewed("ccsv-list", reply, entries=3, rewrites=3)
    assert codes(heard) == [(1,), (2,), (1,)]


def test_entries_that_a_list_lacks_are_invalid_and_say_so():
    heard = interviewed("ccsv-list", lambda request: listed("1: red", "purple"), entries=4, rewrites=1)
    answers = [understood.answer for understood in heard.answers]
    assert [answer.status for answer in answers] == ["answered", "invalid", "invalid", "invalid"]
    assert answers[3].reason == "the list has no entry 4; it has 2 of 4"


def test_a_list_that_can_only_hold_offered_answers_is_an_array():
    def reply(request):
        if request.step in ("list", "rewrite"):
            assert request.constraint is not None
            lines = ["2: green", "1: red", "2: green"]
            text = '{"answers": ["2: green", "1: red", "2: green"]}'
            assert request.constraint.matches(text), lines
            return text
        return "1"

    heard = interviewed("ccsv-list", reply, entries=3, rewrites=1, answer_format="constrained")
    assert codes(heard) == [(2,), (1,), (2,)]


def test_a_list_cannot_follow_what_one_person_answered():
    routed = Questionnaire.model_validate(
        {
            "id": "routed",
            "title": "R",
            "questions": [
                {"id": "colour", "text": "Which colour?", "options": COLOURS},
                {"id": "why", "text": "Why red?", "kind": "text", "show_if": "colour == 1"},
            ],
        }
    )
    kind = find_protocol("ccsv-list")
    with pytest.raises(DocumentError, match="use ccsv-single"):
        kind.answers_expected(kind.settings_model(), routed)


@pytest.mark.parametrize("protocol", ["cao", "ccsv-single", "ccsv-list"])
def test_a_wave_under_a_baseline_runs_and_resumes_to_the_same_answers(protocol, wave_file, tmp_path):
    path = wave_file(
        ("protocol: def", f"protocol: {protocol}"),
        ("{portrait: [sex, age]}", "{answer_format: constrained}"),
        ("respondents: 6", "respondents: 2"),
    )
    expected = {"cao": 6, "ccsv-single": 6, "ccsv-list": 120}[protocol]  # 2 people x 3 questions (x 20 entries)
    loaded = load_wave(path)
    rows = []
    for _ in range(2):
        with Store(tmp_path / "s.sqlite") as store:
            run_wave(loaded, store, now=lambda: "2026-01-01T00:00:00+00:00")
            rows.append(store.execute("SELECT * FROM responses ORDER BY 6, 7, 10"))
            (count,) = store.execute("SELECT count(*) FROM answers")
            (answered,) = store.execute("SELECT count(*) FROM answers WHERE status = 'answered'")
    assert rows[0] == rows[1]
    assert count[0] == expected
    assert answered[0] == expected


@pytest.mark.parametrize(
    ("protocol", "settings", "calls"),
    [
        ("ccsv-single", {}, 4),  # draft, critique, rewrite, vote
        ("ccsv-single", {"profile": "code"}, 3),  # no vote
        ("ccsv-list", {"entries": 4, "rewrites": 2}, 5),  # list, critique, two rewrites, vote
    ],
)
def test_an_answer_costs_all_that_led_to_it(tmp_path, protocol, settings, calls):
    path = tmp_path / "wave.yaml"
    wave = {
        "name": "w",
        "seed": 1,
        "questionnaire": "values_core",
        "population": "def_us_uniform",
        "respondents": 2,
        "models": [{"name": "m", "backend": "scripted"}],
        "conditions": [{"name": "c", "protocol": protocol, "settings": settings}],
        "execution": {"executor": "local"},
    }
    path.write_text(yaml.safe_dump(wave))
    with Store(tmp_path / "w.sqlite") as store:
        run_wave(load_wave(path), store, now=lambda: "now")
        store.execute("UPDATE attempts SET cost = 0.5")
        questions = store.execute("SELECT count(*) FROM questions WHERE kind <> 'note'")[0][0]
        assert store.execute("SELECT calls FROM cell_costs") == [(2 * questions * calls,)]
        assert store.execute("SELECT DISTINCT attempts FROM answer_costs") == [(calls,)]
        total = store.execute("SELECT sum(cost) FROM answer_costs")[0][0]
        assert total == pytest.approx(0.5 * 2 * questions * calls)
