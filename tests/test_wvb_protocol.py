"""The protocol of WorldValuesBench: what is asked, how scores are read, when a question is asked anew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demoscope.errors import DocumentError
from personas import Population
from personas.persona import Persona
from simulator.protocols.interface import Attempt, Completion
from simulator.protocols.wvb import PROTOCOL, WvbSettings
from simulator.protocols.wvb_prompts import prompt
from simulator.protocols.wvb_reading import score_in
from surveys import Question, Questionnaire
from tests.driving import driven

TRUST = Question(id="Q122", text="On a scale of 0 to 2, ... ?", kind="scale", minimum=0, maximum=2)
ASKED = Questionnaire(id="wvb", title="Two", questions=(TRUST, TRUST.model_copy(update={"id": "Q123"})))
POPULATION = Population.load("wvb_probe")


def respondent(settings, cell="with/m"):
    person = POPULATION.people(0, 1, seed=1)[0]
    return PROTOCOL.respondent(person, POPULATION, settings, 7, cell)


def interviewed(replies, settings=WvbSettings(attributes=("settlement", "education")), cell="with/m"):  # noqa: B008
    """Requests and answers of an interview whose replies come in this order."""
    run = PROTOCOL.interview(respondent(settings, cell), ASKED, settings, 7)
    replies = iter(replies)

    def reply(_):
        said = next(replies)
        return said if isinstance(said, Completion) else Completion((Attempt(said),))

    return driven(run, reply)


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ('{"thoughtful explanation": "They are 30.", "answer as a score": 3}', 3),
        ('```json\n{"thoughtful explanation": "x", "answer as a score": "3"}\n```', 3),
        ('Sure! {"Answer as a score": "2 (rather)"} Anything else?', 2),
        ('{"thoughtful explanation": "a "quoted" word", "answer as a score": 1}', 1),
        ('{\n "thoughtful explanation": "cut", \n "answer as a score": 4', 4),
        ('"answer as a score": -1', -1),
        ('{"answer as a score": 2.5}', 2.5),
        ("I would say 7.", 7),
        ("I would say 8.", None),
        ('"answer as a score": "I say 8"', 8),
        ("Answer: 3\nExplanation: That is how it is.", 3),
        ("Between 2 and 3.", None),
        ("Nothing.", None),
        ("", None),
        ("It is 2.5", None),
        ('{"answer as a score": null}', None),
        ('{"answer as a score": true}', None),
        ('{"thoughtful explanation": "30 years", "answer as a score": "unsure"}', None),
        ("[" * 100_000, None),
    ],
)
def test_a_score_is_read_from_json_behind_its_key_or_where_it_stands_alone(reply, score):
    assert score_in(reply, 1, 7) == score


@given(st.text() | st.from_regex(r'.*"answer as a score": ("?-?[0-9]{0,400}(\.[0-9]*)?"?|NaN|Infinity|\[|\{).*'))
def test_no_reply_whatever_stops_the_reading(reply):
    score = score_in(reply, 1, 4)
    assert score is None or abs(score) < 10**15


@pytest.mark.parametrize("variant", ["alpaca", "vicuna", "mixtral", "gpt-3.5"])
@pytest.mark.parametrize("told", [True, False])
def test_prompts_follow_what_was_published_for_each_model(variant, told):
    text = prompt(TRUST.text, "1. Question: ...\n   Answer: Urban" if told else "", variant)
    # SPEC 1.4: Alpaca always gets the json sentence; Vicuna and Mixtral only without attributes; GPT-3.5 never.
    named = {"alpaca": True, "vicuna": not told, "mixtral": not told, "gpt-3.5": False}[variant]
    assert ("json format with comma separated key-value pairs" in text) is named
    assert ("upto 30 words" in text) is (variant == "gpt-3.5") and ("integer score" in text) is (variant != "gpt-3.5")
    assert ("Person X provided" in text) is told and ("assumptions" in text) is not told
    assert '"thoughtful explanation"' in text and '"answer as a score"' in text and f"Question: {TRUST.text}" in text


def test_attributes_are_told_as_a_numbered_interview_in_the_order_asked_for():
    text = respondent(WvbSettings(attributes=("education", "settlement"))).portrait
    lines = text.splitlines()
    assert lines[0].startswith("1. Question: What is the highest level of education") and "Answer: " in lines[1]
    assert lines[2].startswith("2. Question: Is the place where you live urban or rural?")
    assert respondent(WvbSettings(attributes=())).portrait == ""


def test_decoding_is_greedy_with_attributes_and_sampled_without():
    (told, *_), _ = interviewed(['{"answer as a score": 1}'] * 2)
    (untold, *_), _ = interviewed(['{"answer as a score": 1}'] * 2, WvbSettings(attributes=()))
    assert (told.decoding.temperature, untold.decoding.temperature) == (0.0, 0.7)
    assert told.stop == untold.stop == ("\n\n",)
    (warm, *_), _ = interviewed(['{"answer as a score": 1}'] * 2, WvbSettings(attributes=(), temperature=1.0))
    assert warm.decoding.temperature == 1.0


def test_without_attributes_every_pair_has_its_own_draw_of_one_prompt():
    settings = WvbSettings(attributes=(), replicates=3)
    requests, answers = interviewed(['{"answer as a score": 1}'] * 6, settings)
    assert len({request.seed for request in requests}) == 6
    assert len({request.messages[0].text for request in requests if request.question == "Q122"}) == 1
    assert [(one.answer.question, one.answer.replicate) for one in answers] == [
        (question, replicate) for replicate in range(3) for question in ("Q122", "Q123")
    ]
    assert PROTOCOL.answers_expected(settings, ASKED) == 6


def test_a_reply_without_a_score_is_asked_for_anew_within_bounds():
    requests, answers = interviewed(["Hm.", "Well.", '{"answer as a score": 2}', "?", "?", "?"])
    assert [(one.step, one.ordinal) for one in requests] == [
        *(("answer", 0), ("again", 0), ("again", 1)),
        *(("answer", 1), ("again", 100), ("again", 101)),
    ]
    # A greedy model would only say the same again.
    assert [one.decoding.temperature for one in requests[:3]] == [0.0, 0.7, 0.7]
    assert answers[0].answer.codes == (2,) and answers[0].sources == (("again", 1),)
    assert (answers[1].answer.status, answers[1].answer.codes) == ("invalid", ())
    _, once = interviewed(["?", "?"], WvbSettings(attributes=(), ask_again=0))
    assert [one.answer.status for one in once] == ["invalid", "invalid"]


def test_a_score_out_of_range_is_no_answer_but_is_kept_as_it_was():
    requests, answers = interviewed(['{"answer as a score": 3}', '{"answer as a score": 1.5}'])
    assert len(requests) == 2
    assert [(one.answer.status, one.answer.number) for one in answers] == [("invalid", 3.0), ("invalid", 1.5)]
    assert answers[0].answer.reason == "the score 3 is none of 0 to 2"


def test_refusals_and_failures_are_told_apart():
    filtered = Completion((Attempt(error="filtered", error_kind="filtered"),))
    down = Completion((Attempt(error="no reply", error_kind="timeout"),))
    settings = WvbSettings(attributes=(), ask_again=0)
    for replies, statuses in (
        ((filtered, down), ["refused", "failed"]),
        (("As an AI language model, I have none.", "I cannot answer this."), ["refused", "refused"]),
    ):
        assert [one.answer.status for one in interviewed(replies, settings)[1]] == statuses


def test_constrained_replies_can_only_hold_a_score_in_range():
    (request, *_), _ = interviewed(
        ['{"answer as a score": 1}'] * 2, WvbSettings(attributes=(), answer_format="constrained")
    )
    assert request.stop == ()
    assert request.constraint.matches('{"thoughtful explanation": "So.", "answer as a score": 2}')
    assert not request.constraint.matches('{"thoughtful explanation": "So.", "answer as a score": 3}')


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(DocumentError, match=r"here: attributes: .*'party'"):
        PROTOCOL.check(WvbSettings(attributes=("party",)), POPULATION, "here")
    choice = Question(id="Q1", text="?", options=[{"code": 1, "label": "a"}, {"code": 2, "label": "b"}])
    with pytest.raises(DocumentError, match="reads scores, and 'Q1' of 'x' is of kind 'single'"):
        PROTOCOL.answers_expected(WvbSettings(), Questionnaire(id="x", title="x", questions=(choice,)))


def test_the_store_is_told_what_was_told_and_how():
    about = PROTOCOL.describe(WvbSettings(attributes=("settlement",)), POPULATION)
    assert about.told == ("settlement",) and about.settings["temperature"] == 0.0
    assert PROTOCOL.describe(WvbSettings(attributes=()), POPULATION).settings["temperature"] == 0.7
    assert isinstance(respondent(WvbSettings()).persona, Persona)
