"""The DEF protocol: what it draws, what it asks, what it remembers, and one answer for every question."""

import dataclasses
import itertools
import json
from collections.abc import Callable

import pytest

from demoscope.errors import DocumentError
from personas.persona import Persona, Place
from personas.population import Population, load_population
from simulator.answer import Answer
from simulator.backends.scripted import ScriptedBackend
from simulator.decoding import IntegerRange
from simulator.protocols.def_settings import DefSettings
from simulator.protocols.diversity_enhanced import PROTOCOL
from simulator.protocols.interface import Attempt, Completion, Request
from simulator.protocols.registry import find_protocol
from surveys import Questionnaire

THREE = [{"code": 1, "label": "too little"}, {"code": 2, "label": "about right"}, {"code": 3, "label": "too much"}]
SPENDING = Questionnaire(
    id="spending",
    title="Spending",
    questions=[{"id": f"q{n}", "text": f"Spending on thing {n}?", "options": THREE} for n in range(12)],
)
MIXED = Questionnaire(
    id="mixed",
    title="Mixed",
    questions=[
        {"id": "one", "text": "One?", "options": THREE},
        {"id": "many", "text": "Many?", "kind": "multiple", "max_selections": 2, "options": THREE},
        {"id": "scale", "text": "Where?", "kind": "scale", "minimum": 1, "maximum": 7, "low_label": "left"},
        {"id": "number", "text": "How many?", "kind": "number", "minimum": 0, "maximum": 50, "unit": "years"},
        {"id": "why", "text": "Why?", "kind": "text"},
    ],
)
SOMEONE = Persona(
    number=4,
    attributes={"sex": "female", "age": 44, "degree": "bachelor", "race": "white"},
    place=Place(country="United States", state="Texas", city="Austin"),
)


@pytest.fixture(scope="module")
def adults() -> Population:
    return load_population("us_adults_2018")


def respond(
    adults: Population, settings: DefSettings, persona: Persona = SOMEONE, cell: str = "def/m", seed: int = 1
):
    return PROTOCOL.respondent(persona, adults, settings, seed, cell)


def interview(
    adults: Population,
    settings: DefSettings,
    complete: Callable[[Request], Completion],
    questionnaire: Questionnaire = SPENDING,
    persona: Persona = SOMEONE,
    cell: str = "def/m",
    seed: int = 1,
) -> tuple[list[Request], list[Answer]]:
    """Drive one interview by hand."""
    steps = PROTOCOL.interview(respond(adults, settings, persona, cell, seed), questionnaire, settings, seed)
    requests: list[Request] = []
    answers: list[Answer] = []
    completion = None
    while True:
        try:
            step = steps.send(completion)
        except StopIteration:
            return requests, answers
        completion = None
        if isinstance(step, Request):
            requests.append(step)
            completion = complete(step)
        else:
            assert step.sources == ((requests[-1].step, requests[-1].ordinal),)
            answers.append(step.answer)


UNIFORM = ScriptedBackend("uniform").reply


def test_the_protocol_is_found_by_its_name():
    assert find_protocol("def") is PROTOCOL
    with pytest.raises(DocumentError, match=r"no protocol 'fed'; installed are .*def"):
        find_protocol("fed")


def test_the_prompt_names_place_and_person_and_the_options_in_the_order_shown(adults):
    requests, answers = interview(adults, DefSettings(portrait=("sex", "age")), UNIFORM)
    system, user = requests[0].messages
    assert system.role == "system" and user.role == "user"
    assert "a citizen from the United States living in Austin, Texas. You are a 44-year-old woman" in system.text
    assert "'Answer:'" in system.text and "'Explanation:'" in system.text
    codes = json.loads(answers[0].presentation)["codes"]
    labels = {option["code"]: option["label"] for option in THREE}
    assert user.text == "Request: Spending on thing 0? - " + ", ".join(f"{code}: {labels[code]}" for code in codes)


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        (DefSettings(), "the United States living in Austin, Texas."),
        (DefSettings(profile="paper"), "the United States living in Austin, Texas."),
        (DefSettings(profile="code", memory=False), "United States Texas."),
        (DefSettings(profile="code"), "United States."),  # the code forgets the place when everything is on
        (DefSettings(profile="code", location=True), "United States Texas."),
        (DefSettings(location=False), "the United States."),
        (DefSettings(detail="state"), "the United States living in Texas."),
        (DefSettings(language="zh"), "美国、居住在得克萨斯州Austin。"),
    ],
)
def test_the_location_is_told_as_the_profile_says(adults, settings, place):
    assert respond(adults, settings).portrait == place


def test_nothing_but_the_place_is_told_unless_the_wave_names_it(adults):
    assert respond(adults, DefSettings()).told == ()
    assert "44" not in interview(adults, DefSettings(), UNIFORM)[0][0].messages[0].text


@pytest.mark.parametrize(
    ("profile", "beams", "memory", "samples"),
    [
        ("demoscope", range(1, 6), range(0, 16), {True, False}),
        ("paper", range(1, 6), range(0, 16), {True, False}),
        ("code", range(1, 5), range(0, 15), {True}),
    ],
)
def test_decoding_and_memory_are_drawn_from_ranges_with_both_ends(adults, profile, beams, memory, samples):
    settings = DefSettings(profile=profile)
    drawn = [respond(adults, settings, SOMEONE.model_copy(update={"number": n})) for n in range(400)]
    assert {respondent.decoding.num_beams for respondent in drawn} == set(beams)
    assert {respondent.memory_length for respondent in drawn} == set(memory)
    assert {respondent.decoding.do_sample for respondent in drawn} == samples


def test_flags_override_the_profile():
    resolved = DefSettings(
        profile="code", memory=3, num_beams=2, do_sample=False, keep_order=True, repeats=1, stored="sentence"
    ).resolved()
    assert resolved.memory == IntegerRange(low=0, high=3)  # a length that was asked for is included
    assert (resolved.decoding.num_beams, resolved.decoding.do_sample) == (2, False)
    assert resolved.keep_order and resolved.repeats == 1 and resolved.stored == "sentence"


def test_switched_off_decoding_is_greedy_and_switched_off_memory_empty(adults):
    settings = DefSettings(decoding=False, memory=False, location=False)
    respondent = respond(adults, settings)
    assert (respondent.decoding.num_beams, respondent.decoding.do_sample, respondent.memory_length) == (1, False, 0)
    requests, answers = interview(adults, settings, UNIFORM)
    assert {len(request.messages) for request in requests} == {2}
    assert {answer.memory for answer in answers} == {()}


def test_what_a_source_leaves_open_is_listed_until_it_is_set():
    assert set(DefSettings(profile="paper").resolved().fallbacks) == {"num_beams", "refusal_test", "stored"}
    assert set(DefSettings(profile="paper", num_beams=1).resolved().fallbacks) == {"refusal_test", "stored"}
    assert DefSettings().resolved().fallbacks == {}


def test_cells_compare_the_same_people(adults):
    one, other = (
        interview(adults, DefSettings(answer_format=form), UNIFORM, cell=cell)
        for form, cell in (("text", "a/m"), ("constrained", "b/n"))
    )
    assert [answer.presentation for answer in one[1]] == [answer.presentation for answer in other[1]]
    assert one[0][0].decoding == other[0][0].decoding
    assert {request.seed for request in one[0]}.isdisjoint(request.seed for request in other[0])


def test_equal_traits_are_still_two_people(adults):
    twin = SOMEONE.model_copy(update={"number": 5})
    one, other = interview(adults, DefSettings(), UNIFORM), interview(adults, DefSettings(), UNIFORM, persona=twin)
    assert [answer.presentation for answer in one[1]] != [answer.presentation for answer in other[1]]


def test_an_interview_is_the_same_whenever_it_is_run(adults):
    assert interview(adults, DefSettings(), UNIFORM) == interview(adults, DefSettings(), UNIFORM)
    assert interview(adults, DefSettings(), UNIFORM) != interview(adults, DefSettings(), UNIFORM, seed=2)


def test_questions_added_at_the_end_change_nothing_before(adults):
    first = SPENDING.model_copy(update={"entries": SPENDING.entries[:7]})
    assert interview(adults, DefSettings(), UNIFORM, first)[1] == interview(adults, DefSettings(), UNIFORM)[1][:7]


def test_memory_rolls_and_is_told_as_earlier_turns(adults):
    settings = DefSettings(memory=6)
    persona = next(
        someone
        for someone in (SOMEONE.model_copy(update={"number": n}) for n in range(100))
        if respond(adults, settings, someone).memory_length == 4
    )
    requests, answers = interview(adults, settings, UNIFORM, persona=persona)
    assert [len(answer.memory) for answer in answers] == [0, 1, 2, 3] + [4] * 8
    for request, answer in zip(requests, answers, strict=True):
        roles = [message.role for message in request.messages]
        assert roles == ["system"] + ["user", "assistant"] * len(answer.memory) + ["user"]
        remembered = [message.text for message in request.messages[1:-1:2]]
        assert remembered == [requests[ordinal].messages[-1].text for ordinal in answer.memory]
    assert all(
        set(later.memory) <= {*earlier.memory, n} for n, (earlier, later) in enumerate(itertools.pairwise(answers))
    )


def test_the_head_of_a_conversation_stays_the_same_unless_choices_are_counted(adults):
    requests, _ = interview(adults, DefSettings(), UNIFORM, MIXED)
    assert len({request.messages[0] for request in requests}) == 1
    counted, _ = interview(adults, DefSettings(profile="paper"), UNIFORM, MIXED)
    assert "from its 3 choices" in counted[0].messages[0].text
    assert "from its 7 choices" in counted[2].messages[0].text


def test_the_code_repeats_the_questionnaire_with_its_memory(adults):
    requests, answers = interview(adults, DefSettings(profile="code"), UNIFORM)
    assert len(answers) == 120 == PROTOCOL.answers_expected(DefSettings(profile="code"), SPENDING)
    assert [answer.replicate for answer in answers] == [replicate for replicate in range(10) for _ in range(12)]
    assert [request.ordinal for request in requests] == list(range(120))
    assert requests[0].messages[-1].text.startswith("Request: Spending on thing 0?, ")  # the marker is lost


@pytest.mark.parametrize("answer_format", ["text", "constrained"])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("base_model", [False, True])
def test_every_kind_of_question_is_asked_and_answered(adults, answer_format, language, base_model):
    settings = DefSettings(answer_format=answer_format, language=language, base_model=base_model)
    requests, answers = interview(adults, settings, UNIFORM, MIXED)
    assert [answer.status for answer in answers] == ["answered"] * 5, answers
    assert 1 <= len(answers[1].codes) <= 2 and answers[2].codes[0] in range(1, 8)
    assert 0 <= (answers[3].number or 0) <= 50 and answers[4].text
    constrained = [request.constraint is not None for request in requests]
    assert constrained == [answer_format == "constrained"] * 4 + [False]
    assert (requests[0].messages[-1].text == "Answer: ") is base_model


def test_a_constrained_reply_can_only_be_an_offered_answer(adults):
    requests, answers = interview(adults, DefSettings(answer_format="constrained"), UNIFORM, MIXED)
    shown = json.loads(answers[0].presentation)["codes"]
    first, many, scale, number = (request.constraint for request in requests[:4])
    assert [choice.partition(":")[0] for choice in first.choices] == list(map(str, shown))
    assert (first.prefix, first.suffix, first.free_tokens) == ("Answer: ", "\nExplanation: ", 24)
    assert many.most == 2
    assert (scale.minimum, scale.maximum, number.minimum, number.maximum) == (1, 7, 0, 50)
    assert not any(request.stop for request in requests[:4])


def test_faults_end_in_their_own_status_and_every_question_in_one_answer(adults):
    faulty = ScriptedBackend(
        "faulty", public="faulty", errors=0.2, refusals=0.2, unparsable=0.2, empty=0.1, truncated=0.1
    )
    seen = set()
    for number in range(20):
        persona = SOMEONE.model_copy(update={"number": number})
        requests, answers = interview(adults, DefSettings(ask_again=0), faulty.reply, persona=persona)
        assert [answer.question for answer in answers] == [f"q{n}" for n in range(12)]
        for request, answer in zip(requests, answers, strict=True):
            text = faulty.reply(request).text
            expected = (
                "failed"
                if text is None
                else "refused"
                if "AI language model" in text
                else "answered"
                if ": t" in text or ": a" in text
                else "invalid"
            )
            assert (answer.status, bool(answer.codes)) == (expected, expected == "answered"), text
            assert (answer.reason is None) == (expected == "answered")
            seen.add(answer.status)
    assert seen == {"answered", "refused", "invalid", "failed"}


def saying(*texts: str | None) -> Callable[[Request], Completion]:
    """Replies one after the other, the last one for ever; ``None`` is a failure of the server."""
    left = list(texts)

    def complete(request: Request) -> Completion:
        text = left.pop(0) if len(left) > 1 else left[0]
        return Completion((Attempt(text) if text is not None else Attempt(error="down", error_kind="server"),))

    return complete


def test_a_reply_that_cannot_be_understood_is_asked_again_with_the_reason(adults):
    settings = DefSettings(memory=False, shuffle=False)
    requests, answers = interview(adults, settings, saying("Answer: 9", "Answer: 1: too little"))
    assert [(request.step, request.ordinal) for request in requests[:3]] == [
        ("answer", 0),
        ("again", 0),
        ("answer", 1),
    ]
    again = requests[1].messages
    assert [message.role for message in again] == ["system", "user", "assistant", "user"]
    assert again[2].text == "Answer: 9"
    assert "9 is out of range" in again[3].text
    assert again[3].text.endswith(requests[0].messages[-1].text)
    assert requests[1].seed != requests[0].seed
    assert answers[0].status == "answered"
    assert len(requests) == len(answers) + 1


def test_no_question_hangs_on_whether_an_earlier_reply_was_understood(adults):
    settings = DefSettings(memory=False)
    straight, _ = interview(adults, settings, UNIFORM)
    unread = [f"Spending on thing {n}?" for n in (0, 3)]

    def reply(request: Request) -> Completion:
        hard = request.step == "answer" and any(text in request.messages[-1].text for text in unread)
        return Completion((Attempt("Hm."),)) if hard else UNIFORM(request)

    crooked, answers = interview(adults, settings, reply)
    assert [request for request in crooked if request.step == "answer"] == straight
    assert [(request.question, request.ordinal) for request in crooked if request.step == "again"] == [
        *(("q0", 0), ("q3", 300))  # 100 ordinals for each answer
    ]
    assert {answer.status for answer in answers} == {"answered"}


def test_asking_again_ends_after_as_often_as_was_set_and_never_in_the_published_profiles(adults):
    for settings, times in (
        (DefSettings(ask_again=3), 4),
        (DefSettings(), 2),
        (DefSettings(ask_again=0), 1),
        (DefSettings(profile="paper"), 1),
        (DefSettings(profile="code", repeats=1), 1),
    ):
        requests, answers = interview(adults, settings, saying("Answer: no idea at all"))
        assert len(requests) == times * len(answers)
        assert {answer.status for answer in answers} == {"invalid"}


def test_a_reply_that_was_not_understood_stands_when_no_second_one_comes(adults):
    _, answers = interview(adults, DefSettings(), saying("Answer: 9", None))
    assert [answer.status for answer in answers[:2]] == ["invalid", "failed"]
    assert answers[0].reason == "9 is out of range: it was not offered"


def test_a_refusal_that_the_endpoint_marks_and_a_reply_that_breaks_its_constraint_have_their_status(adults):
    for kind, text, status in (
        ("refusal", "I'm sorry.", "refused"),
        ("malformed", "gibberish", "invalid"),
        ("malformed", None, "failed"),
        ("truncated", "Answer: 1: t", "answered"),
    ):
        marked = Completion((Attempt(text, "why", kind),))
        _, answers = interview(adults, DefSettings(ask_again=0), lambda request, marked=marked: marked)
        assert answers[0].status == status, (kind, text)


def test_a_content_filter_is_a_refusal(adults):
    filtered = Completion((Attempt(error="content filter", error_kind="filtered"),))
    _, answers = interview(adults, DefSettings(), lambda request: filtered)
    assert {(answer.status, answer.reason) for answer in answers} == {("refused", "content filter")}


def long_memory(adults: Population) -> Persona:
    people = (SOMEONE.model_copy(update={"number": n}) for n in range(500))
    return next(one for one in people if respond(adults, DefSettings(), one).memory_length == 15)


def test_memory_is_shortened_when_the_prompt_does_not_fit(adults):
    persona = long_memory(adults)
    plain, _ = interview(adults, DefSettings(), UNIFORM, persona=persona)
    words = [sum(message.text.count(" ") + 1 for message in request.messages) for request in plain]
    tight = ScriptedBackend("tight", context=words[6])  # seven questions fit, the eighth does not
    requests, answers = interview(adults, DefSettings(), tight.reply, persona=persona)
    assert [answer.status for answer in answers] == ["answered"] * 12
    assert [request.ordinal for request in requests if request.step == "answer"] == list(range(12))
    shortened = [request for request in requests if request.step == "again"]
    assert (shortened[0].question, shortened[0].ordinal) == ("q7", 700)
    eighth = answers[7]
    assert eighth.memory == (4, 5, 6)  # of 0 to 6 the older half, 0 to 3, is gone
    assert [request.question for request in requests[7:9]] == ["q7", "q7"]


def test_a_prompt_that_can_never_fit_is_a_failed_answer_with_its_reason(adults):
    hopeless = ScriptedBackend("hopeless", context=5)
    requests, answers = interview(adults, DefSettings(), hopeless.reply)
    assert len(requests) == 12  # without memory there is nothing to shorten
    assert {answer.status for answer in answers} == {"failed"}
    assert "the context holds 5" in (answers[0].reason or "")


def test_after_three_exchanges_a_question_is_given_up(adults):
    def complete(request: Request) -> Completion:
        if request.question == "q5":
            return Completion((Attempt(error="too long", error_kind="context"),))
        return UNIFORM(request)

    requests, answers = interview(adults, DefSettings(), complete, persona=long_memory(adults))
    turns = [len(request.messages) for request in requests if request.question == "q5"]
    assert turns == [12, 6, 2]  # five remembered, then two, then none
    assert answers[5].status == "failed" and answers[5].memory == ()
    assert answers[6].memory == ()  # what was dropped never comes back


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"portrait": ("shoe_size",)}, "knows no 'shoe_size'"),
    ],
)
def test_a_portrait_the_population_cannot_tell_is_refused(adults, settings, message):
    with pytest.raises(DocumentError, match=f"wave.yaml: portrait: .*{message}"):
        PROTOCOL.check(DefSettings(**settings), adults, "wave.yaml")


def test_a_population_without_places_is_refused(adults):
    nowhere = dataclasses.replace(adults, places=None)
    with pytest.raises(DocumentError, match="has no places"):
        PROTOCOL.check(DefSettings(), nowhere, "wave.yaml")


@pytest.mark.parametrize(
    "wrong",
    [
        {"memory": -1},
        {"portrait": ("sex", "sex")},
        {"num_beams": 0},
        {"num_beams": {"low": 0, "high": 5}},
        {"best_of": 3},
        {"best_of": 3, "num_beams": 1, "do_sample": False},
        {"best_of": 3, "num_beams": 1, "decoding": False},
        {"location": False, "joiner": " "},
        {"profile": "best"},
        {"beams": 3},
    ],
)
def test_impossible_settings_cannot_be_built(wrong):
    with pytest.raises(ValueError):
        DefSettings.model_validate(wrong)


def test_the_cell_records_every_setting_as_it_is_applied(adults):
    about = PROTOCOL.describe(DefSettings(profile="code", portrait=("sex",), culture="US"), adults)
    assert (about.profile, about.language, about.culture, about.told) == ("code", "en", "US", ("sex",))
    assert about.settings["memory_sampling"] == "with_replacement"
    assert json.loads(json.dumps(about.settings)) == about.settings | {"portrait": ["sex"]}
