"""Batteries: item by item, all on one screen with one reply, or as a running conversation."""

import json

import pytest

from demoscope.errors import DocumentError
from simulator.backends.scripted import ScriptedBackend
from simulator.constraint import JsonConstraint
from simulator.interview import read_interview
from simulator.loading import load_wave
from simulator.protocols.def_settings import DefSettings
from simulator.protocols.diversity_enhanced import PROTOCOL
from simulator.protocols.interface import Attempt, Completion, Request
from surveys import Questionnaire
from surveys.presentation_rules import PresentationRules
from tests.stores import count, sound
from tests.test_def_protocol import SOMEONE, adults  # noqa: F401 (a fixture)
from tests.test_run import run

BATTERY = {
    "kind": "battery",
    "id": "trust",
    "text": "How far do you trust these?",
    "options": [{"code": n, "label": label} for n, label in enumerate(("not at all", "somewhat", "fully"), start=1)],
    "items": [
        {"id": "press", "text": "The press"},
        {"id": "courts", "text": "Courts"},
        {"id": "army", "text": "Army"},
    ],
}
SURVEY = Questionnaire(
    id="s",
    title="S",
    questions=[
        {"id": "tea", "text": "Tea?", "options": "yes_no"},
        BATTERY,
        {"id": "milk", "text": "Milk?", "options": "yes_no"},
    ],
)


def interview(adults, reply, questionnaire=SURVEY, **settings):  # noqa: F811
    """Requests, and what was understood, of an interview with memory off unless settings say otherwise."""
    settings["presentation"] = {"order": "fixed", **settings.get("presentation", {})}
    chosen = DefSettings(**{"memory": False, "ask_again": 0, **settings})
    respondent = PROTOCOL.respondent(SOMEONE, adults, chosen, 1, "def/m")
    steps, requests, understood, completion = PROTOCOL.interview(respondent, questionnaire, chosen, 1), [], [], None
    while True:
        try:
            step = steps.send(completion)
        except StopIteration:
            return requests, understood
        completion = None
        if isinstance(step, Request):
            requests.append(step)
            said = reply(step)
            completion = said if isinstance(said, Completion) else Completion((Attempt(said, finish_reason="stop"),))
        else:
            understood.append(step)


def agreeing(request: Request) -> str:
    return "Answer: 2\nExplanation: So."


CUT = Completion((Attempt("Answer:\nItem 1: 3\nItem 2: 1", finish_reason="length"),))
ONE_SCREEN = {"battery": "one_screen"}


def test_items_one_by_one_are_told_with_what_the_battery_says(adults):  # noqa: F811
    requests, _ = interview(adults, agreeing)
    assert [r.messages[-1].text for r in requests][1:3] == [
        "Request: How far do you trust these? The press - 1: not at all, 2: somewhat, 3: fully",
        "Request: How far do you trust these? Courts - 1: not at all, 2: somewhat, 3: fully",
    ]


def test_a_battery_on_one_screen_is_one_exchange_with_an_answer_for_each_item(adults):  # noqa: F811
    def reply(request):
        if "Item 1" not in request.messages[-1].text:
            return agreeing(request)
        return "Answer:\nItem 1: 3: fully\n- **Item 2:** not at all\nItem 3: 2\nExplanation: Mixed."

    requests, understood = interview(adults, reply, presentation=ONE_SCREEN)
    assert len(requests) == 3
    assert requests[1].messages[-1].text == (
        "Request: How far do you trust these?\nItem 1: The press\nItem 2: Courts\nItem 3: Army\n"
        "Answer each item on a line of its own that begins with its name, such as 'Item 1:'. "
        "For each - 1: not at all, 2: somewhat, 3: fully"
    )
    found = {u.answer.question: (u.answer.codes, u.sources, u.place) for u in understood}
    screen = (("answer", 1),)
    assert found["press"] == ((3,), screen, 0)
    assert found["courts"] == ((1,), screen, 1)
    assert found["army"] == ((2,), screen, 2)
    assert found["milk"] == ((2,), (("answer", 4),), 0)  # numbered as if every item had been asked by itself
    assert json.loads(understood[1].answer.presentation)["battery"] == "one_screen"


@pytest.mark.parametrize(
    ("reply", "ends"),
    [
        ("Answer:\nItem 1: 3\nItem 3: 1", ["answered", "invalid", "answered"]),
        ("Answer:\nItem 1: 3\nItem 2: 1\nItem 2: 2\nItem 3: 1", ["answered", "invalid", "answered"]),
        ("Answer:\nItem 1: 3\nItem 2: 9\nItem 3: 1 or 2", ["answered", "invalid", "invalid"]),
        ("Answer: 2", ["invalid"] * 3),
        ("3, 1, 2", ["invalid"] * 3),
        ("As an AI language model, I have no trust.", ["refused"] * 3),
        ("I cannot answer this.", ["refused"] * 3),
        ("", ["invalid"] * 3),
        (Completion((Attempt(error="down", error_kind="server"),)), ["failed"] * 3),
        (
            Completion((Attempt("Answer:\nItem 1: 3\nItem 2: 1", finish_reason="length"),)),
            ["answered"] + ["invalid"] * 2,
        ),
    ],
)
def test_items_end_each_by_itself(adults, reply, ends):  # noqa: F811
    only = Questionnaire(id="s", title="S", questions=[BATTERY])
    _, understood = interview(adults, lambda _: reply, only, presentation=ONE_SCREEN)
    assert [u.answer.status for u in understood] == ends


def test_all_items_of_a_screen_list_their_options_in_one_order(adults):  # noqa: F811
    shuffled = {"order": "shuffled", "labels": "letters", **ONE_SCREEN}
    letter = "Answer:\nItem 1: A\nItem 2: (b)\nItem 3: C."
    orders = set()
    for number in range(9):
        items = [{"id": f"{item['id']}_{number}", "text": item["text"]} for item in BATTERY["items"]]
        only = Questionnaire(id="s", title="S", questions=[{**BATTERY, "id": f"trust_{number}", "items": items}])
        requests, understood = interview(adults, lambda _: letter, only, presentation=shuffled)
        order = json.loads(understood[0].answer.presentation)["codes"]
        assert [u.answer.codes for u in understood] == [(code,) for code in order]
        assert "by letter" in requests[0].messages[0].text
        orders.add(tuple(order))
    assert len(orders) > 2


def test_a_constrained_screen_is_a_json_object_of_offered_answers(adults):  # noqa: F811
    settings = {"answer_format": "constrained", "presentation": {**ONE_SCREEN, "labels": "letters"}}
    public = ScriptedBackend("u").reply
    requests, understood = interview(adults, public, memory=5, **settings)
    constraint = requests[1].constraint
    assert isinstance(constraint, JsonConstraint)
    assert constraint.matches('{"Item 1": "A. not at all", "Item 2": "C. fully", "Item 3": "B. somewhat"}')
    assert [u.answer.status for u in understood] == ["answered"] * 5
    assert "Answer: Item 1: " in "\n".join(message.text for message in requests[2].messages) or len(requests) == 3


def test_a_conversation_keeps_the_items_before_even_without_memory(adults):  # noqa: F811
    requests, understood = interview(adults, agreeing, presentation={"battery": "conversation"})
    turns = [[m.text.partition(" - ")[0] for m in r.messages[1:] if m.role == "user"] for r in requests]
    stem = "Request: How far do you trust these? The press"
    assert turns == [
        ["Request: Tea?"],
        [stem],
        [stem, "Request: Courts"],
        [stem, "Request: Courts", "Request: Army"],
        ["Request: Milk?"],
    ]
    assert [u.answer.memory for u in understood] == [(), (), (1,), (1, 2), ()]


def test_an_item_with_a_condition_of_its_own_gets_a_screen_of_its_own(adults):  # noqa: F811
    items = [*BATTERY["items"][:2], {"id": "army", "text": "Army", "show_if": "press == 3"}]
    only = Questionnaire(id="s", title="S", questions=[{**BATTERY, "items": items}])
    reply = "Answer:\nItem 1: 3\nItem 2: 2"
    requests, understood = interview(
        adults, lambda r: reply if "Item 1" in r.messages[-1].text else "Answer: 1", only, presentation=ONE_SCREEN
    )
    assert len(requests) == 2 and [u.answer.codes for u in understood] == [(3,), (2,), (1,)]


def test_a_wave_with_screens_is_stored_with_the_place_of_every_answer(wave_file, tmp_path):
    survey = "id: s\ntitle: S\nquestions:\n- " + json.dumps(BATTERY)
    settings = "{answer_format: constrained, presentation: {battery: one_screen, labels: bracketed}}"
    run(wave_file(("{portrait: [sex, age]}", settings), survey=survey), tmp_path / "a.sqlite")
    # Six people, one exchange each, three answers from it.
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM exchanges") == 6
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM answers WHERE status = 'answered'") == 18
    assert count(tmp_path / "a.sqlite", "SELECT sum(place) FROM answer_sources") == 6 * (0 + 1 + 2)
    assert sound(tmp_path / "a.sqlite")
    (turn,) = read_interview(tmp_path / "a.sqlite", 1).turns
    assert turn.status == "answered" and len(turn.chosen) == 3


@pytest.mark.parametrize("labels", ["codes", "numbers", "letters", "bracketed", "from_zero", "none"])
@pytest.mark.parametrize("battery", ["one_by_one", "one_screen", "conversation"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_free_replies_are_read_under_any_labels_and_on_any_screen(adults, labels, battery, language):  # noqa: F811
    rules = {"labels": labels, "battery": battery, "order": "shuffled"}
    requests, understood = interview(
        adults, ScriptedBackend("u").reply, presentation=rules, language=language, memory=3, ask_again=1
    )
    assert [u.answer.status for u in understood] == ["answered"] * 5
    assert len(requests) == (3 if battery == "one_screen" else 5)  # nothing had to be asked again


def test_a_questionnaire_says_how_it_is_shown_where_the_condition_does_not(adults):  # noqa: F811
    own = {"order": "fixed", "labels": "letters", "battery": "one_screen"}
    told = SURVEY.model_copy(update={"presentation": PresentationRules(**own)})

    def asked(**settings):
        chosen = DefSettings(memory=False, **settings)
        respondent = PROTOCOL.respondent(SOMEONE, adults, chosen, 1, "def/m")
        return next(PROTOCOL.interview(respondent, told, chosen, 1)).messages[-1].text

    assert asked() == "Request: Tea? - A. Yes, B. No"
    assert asked(presentation={"labels": "none"}) == "Request: Tea? - Yes / No"
    assert {asked(shuffle=True, presentation={"wording": f"v{n}"}) for n in range(3)} <= {
        "Request: Tea? - A. Yes, B. No",
        "Request: Tea? - A. No, B. Yes",
    }


QUOTED = [
    {"code": 1, "label": 'the "new" roads'},
    {"code": 2, "label": "学校"},
    {"code": 9, "label": "don't know", "kind": "nonresponse"},
]
MONEY = Questionnaire(
    id="s",
    title="S",
    questions=[{"id": "money", "kind": "allocation", "text": "Divide.", "options": QUOTED, "total": 10}],
)


@pytest.mark.parametrize("labels", ["codes", "letters", "bracketed", "none"])
@pytest.mark.parametrize(
    ("points", "codes", "amounts"), [((4, 6, 0), (1, 2), (4, 6)), ((0, 0, 10), (9,), ()), ((4, 0, 10), (), ())]
)
def test_constrained_points_are_read_whatever_json_escapes(adults, labels, points, codes, amounts):  # noqa: F811
    settings = {"answer_format": "constrained", "presentation": {"labels": labels}}

    def reply(request):
        said = json.dumps(dict(zip((name for name, _ in request.constraint.root.properties), points, strict=True)))
        assert "\\" in said  # the quotes and the Chinese are escaped
        assert request.constraint.matches(said)
        return said

    requests, (understood,) = interview(adults, reply, MONEY, **settings)
    assert "as a JSON object" in requests[0].messages[-1].text
    assert (understood.answer.codes, understood.answer.amounts) == (codes, amounts)
    assert (understood.answer.status == "answered") == bool(codes)


def test_the_scripted_public_divides_points_among_what_is_no_refusal(adults):  # noqa: F811
    _, (understood,) = interview(adults, ScriptedBackend("u").reply, MONEY, answer_format="constrained")
    assert (understood.answer.codes, sum(understood.answer.amounts)) == ((1, 2), 10)


@pytest.mark.parametrize(
    ("language", "why"),
    [
        ("en", "(Item 1, Item 3: no option is named; Item 2: the reply has no answer to this item)"),
        ("zh", "（项目1、项目3：没有写出任何选项；项目2：回答中没有此项的答案）"),
    ],
)
def test_what_was_wrong_is_told_of_every_item_in_the_language_of_the_prompt(adults, language, why):  # noqa: F811
    only = Questionnaire(id="s", title="S", language=language, questions=[BATTERY])
    name = "项目" if language == "zh" else "Item "

    def reply(request):
        return f"Answer:\n{name}1: eh\n{name}3: eh"

    settings = {"ask_again": 1, "language": language, "presentation": ONE_SCREEN}
    requests, _ = interview(adults, reply, only, **settings)
    assert why in requests[-1].messages[-1].text


def test_a_chinese_prompt_says_nothing_of_an_english_reason(adults):  # noqa: F811
    refused = Completion((Attempt("1", error="not as the form prescribes", error_kind="malformed"),))
    only = Questionnaire(id="s", title="S", language="zh", questions=[BATTERY["items"][0] | {"options": "yes_no"}])
    requests, _ = interview(adults, lambda _: refused, only, ask_again=1, language="zh")
    again = requests[-1].messages[-1].text
    assert again.startswith("无法理解你刚才的回答（")
    assert "form" not in again


def test_an_item_that_inserts_an_answer_of_its_screen_begins_another(adults):  # noqa: F811
    items = [
        {"id": "first", "text": "First"},
        {"id": "second", "text": "You said {{ first }}; second"},
        {"id": "third", "text": "Third"},
    ]
    survey = Questionnaire(id="s", title="S", questions=[{**BATTERY, "items": items}])

    def reply(request):
        return "Answer:\nItem 1: 2\nItem 2: 1" if "Item 1" in request.messages[-1].text else agreeing(request)

    requests, understood = interview(adults, reply, survey, presentation=ONE_SCREEN)
    assert [u.answer.status for u in understood] == ["answered"] * 3
    assert len(requests) == 2
    assert "Item 1: You said somewhat; second\nItem 2: Third" in requests[1].messages[-1].text


@pytest.mark.parametrize("battery", ["one_by_one", "conversation", "one_screen"])
@pytest.mark.parametrize("order", ["shuffled", "rotated"])
def test_items_of_a_battery_list_their_options_in_one_order_in_every_mode(adults, battery, order):  # noqa: F811
    shown = presentations(adults, [BATTERY], {"order": order, "battery": battery})
    assert len(set(shown)) == 1
    assert shown == presentations(adults, [BATTERY], {"order": order, "battery": "one_screen"})


def test_a_direction_is_drawn_for_each_person_and_not_for_each_question(adults):  # noqa: F811
    several = [{**TEA, "id": f"tea{n}"} for n in range(12)]
    assert len({shown == (1, 2) for shown in presentations(adults, several, {"order": "reversed"})}) == 1
    scales = [{"id": f"s{n}", "kind": "scale", "text": "?", "minimum": 1, "maximum": 5} for n in range(12)]
    shown = [presentations(adults, scales, {"scale": "drawn"}, number) for number in range(20)]
    assert all(len(set(one)) == 1 for one in shown)
    assert len({one[0] for one in shown}) == 2  # both directions occur


TEA = {"id": "tea", "text": "Tea?", "options": "yes_no"}


def presentations(adults, entries, rules, seed=1):  # noqa: F811
    """Codes of every question in the order in which one person is shown them."""
    settings = DefSettings(memory=False, ask_again=0, presentation=rules, answer_format="constrained")
    respondent = PROTOCOL.respondent(SOMEONE, adults, settings, seed, "def/m")
    survey = Questionnaire(id="s", title="S", questions=entries)
    interview = PROTOCOL.interview(respondent, survey, settings, seed)
    public, found, completion = ScriptedBackend("u"), [], None
    while True:
        try:
            step = interview.send(completion)
        except StopIteration:
            return found
        completion = public.reply(step) if isinstance(step, Request) else None
        if completion is None:
            found.append(tuple(json.loads(step.answer.presentation)["codes"]))


def test_a_wording_that_no_question_has_is_refused(wave_file):
    asks = ("{portrait: [sex, age]}", "{portrait: [sex, age], presentation: {wording: plian}}")
    with pytest.raises(DocumentError, match=r"presentation: no question has a wording 'plian'; none has `wordings`"):
        load_wave(wave_file(asks))
