"""The protocol of IndieValueCatalog: what is shown and asked, how choices are read, when it is asked again."""

import dataclasses
import json

import pytest

from demoscope.documents import build
from demoscope.errors import DocumentError
from personas import Population
from simulator.protocols.interface import Attempt, Completion
from simulator.protocols.ivc import PROTOCOL, IvcSettings
from simulator.protocols.ivc_reading import choices_as_published, choices_in, option_as_published, option_in
from surveys import load_questionnaire
from surveys.statements import as_questionnaire
from tests.driving import driven
from tests.statement_sets import made_up, people

SETS = made_up(12, 2)
ASKED = as_questionnaire(SETS, "made_up", "Made up")
KNOWN = people(SETS, 3)
ADULTS = Population.load("us_adults_2018")
GROUPS = [["I vote", "I do not vote"], ["I pray", "I sometimes pray", "I do not pray"]]
SETUPS = {"few": ("q1", "q7")}


def respondent(settings, number=0, cell="ivc/m"):
    person = ADULTS.people(number, number + 1, seed=1)[0]
    found = PROTOCOL.respondent(person, ADULTS, settings, 7, cell)
    return dataclasses.replace(found, known=KNOWN.of(KNOWN.people[number]))


def interviewed(replies, number=0, cell="ivc/m", **settings):
    """Requests and answers of an interview whose replies come in this order; the last one stays."""
    chosen = IvcSettings(**{"setup": "few", "setups": SETUPS, "demonstrations": 4, **settings})
    run = PROTOCOL.interview(respondent(chosen, number, cell), ASKED, chosen, 7)
    replies = list(replies)

    def reply(_):
        said = replies.pop(0) if len(replies) > 1 else replies[0]
        return said if isinstance(said, Completion) else Completion((Attempt(said),))

    return driven(run, reply)


def chosen(*numbers):
    return json.dumps({f"NSG{n}": {"rationale": "so", "choice": f"NSG{n}_s{k}"} for n, k in enumerate(numbers, 1)})


def shown(request):
    return [line[2:] for line in request.messages[0].text.splitlines() if line.startswith("# ")]


def test_all_targets_are_asked_for_in_one_request_and_read_by_their_names():
    (request,), answers = interviewed([chosen(3, 2)])
    system, user = request.messages
    assert "[Known statements]\n# " in system.text and len(shown(request)) == 4
    assert '"new statement group 1 (NSG1)": [{"NSG1_s1": "Matter 1 is very important"}, {"NSG1_s2"' in user.text
    assert (request.decoding.temperature, request.decoding.top_p, request.decoding.max_tokens) == (0, 1, 4096)
    assert [(one.answer.question, one.answer.codes, one.place, one.sources) for one in answers] == [
        ("q1_refined", (3,), 0, (("answer", 0),)),
        ("q7_refined", (2,), 1, (("answer", 0),)),
    ]


def test_what_is_shown_is_true_of_the_person_on_record_and_about_no_target():
    (request,), _ = interviewed([chosen(1, 1)], demonstrations=50)
    assert [text for _, text in request.demonstrations] == shown(request)
    names = [name for name, _ in request.demonstrations]
    assert len(names) == 10 and not {"q1_refined", "q7_refined"} & set(names), "12 questions less 2 targets"
    for name, text in request.demonstrations:
        assert ASKED[name].options[KNOWN.of("p1")[name] - 1].label == text


def test_fewer_demonstrations_begin_the_same_and_cells_show_the_same():
    (few,), _ = interviewed([chosen(1, 1)], demonstrations=3)
    (more,), _ = interviewed([chosen(1, 1)], demonstrations=8, cell="other/model")
    (polar,), _ = interviewed([chosen(1, 1)], demonstrations=8, demonstration_form="polar")
    assert shown(more)[:3] == shown(few)
    assert [name.removesuffix("_polar") for name, _ in polar.demonstrations] == [
        name.removesuffix("_refined") for name, _ in more.demonstrations
    ]
    assert few.seed != more.seed


def test_forms_of_targets_and_demonstrations_are_crossed():
    (request,), answers = interviewed([chosen(1, 2)], target_form="polar")
    assert [one.answer.question for one in answers] == ["q1_polar", "q7_polar"]
    assert all(name.endswith("_refined") for name, _ in request.demonstrations)


def test_a_mixed_number_is_drawn_for_every_person_and_the_same_in_every_cell():
    numbers = {}
    for number in range(3):
        for cell in ("a/m", "b/m"):
            (request,), _ = interviewed([chosen(1, 1)], number, cell, demonstrations=(0, 10))
            numbers.setdefault(number, set()).add(len(shown(request)))
    assert all(len(found) == 1 for found in numbers.values())
    assert len(set.union(*numbers.values())) > 1


def test_demonstrations_may_come_from_some_categories_alone():
    (request,), _ = interviewed([chosen(1, 1)], demonstrations=50, categories=("c2",))
    assert {name for name, _ in request.demonstrations} == {f"q{n}_refined" for n in range(8, 13)}


def test_who_the_person_is_comes_before_what_they_said():
    (request,), _ = interviewed([chosen(1, 1)], demographics=True, demonstrations=2)
    lines = shown(request)
    assert len(lines) > 2 and lines[0].startswith("I am ") and lines[-2].startswith("Matter")
    assert [text for _, text in request.demonstrations] == lines[-2:]
    (nothing,), _ = interviewed([chosen(1, 1)], demonstrations=0)
    assert "Nothing is known about this person" in nothing.messages[0].text


def test_targets_one_by_one_share_what_is_shown_which_is_on_record_once():
    (first, second), answers = interviewed(["Option 3", "option 1."], asked="singly")
    assert first.messages[0] == second.messages[0] and first.conversation == second.conversation
    assert len(first.demonstrations) == 4 and second.demonstrations == ()
    assert first.messages[1].text.splitlines()[:2] == ["[New statements]", "Option 1: Matter 1 is very important"]
    assert "Reply with the option alone" in first.messages[1].text
    assert [(one.answer.codes, one.sources) for one in answers] == [
        ((3,), (("answer", 0),)),
        ((1,), (("answer", 1),)),
    ]


def test_excluding_the_target_alone_may_show_other_targets_and_each_list_is_on_record():
    requests, _ = interviewed(["Option 1"], asked="singly", exclude="target", demonstrations=50)
    for request, held, other in zip(requests, ("q1", "q7"), ("q7", "q1"), strict=True):
        names = {name for name, _ in request.demonstrations}
        assert len(names) == 11 and f"{held}_refined" not in names and f"{other}_refined" in names


def test_a_trained_model_is_asked_as_in_its_examples():
    (request, _), answers = interviewed(["Option 2: Matter 1 is rather important"], asked="singly", trained=True)
    assert "Reply with" not in request.messages[1].text and answers[0].answer.codes == (2,)


def test_constrained_replies_can_only_be_offered_statements():
    (request, _), _ = interviewed(["Option 2"], asked="singly", answer_format="constrained")
    assert request.constraint.choices == ("Option 1", "Option 2", "Option 3", "Option 4")
    (whole,), _ = interviewed([chosen(1, 1)], answer_format="constrained", target_form="polar")
    assert whole.constraint.matches(chosen(2, 1)) and not whole.constraint.matches(chosen(3, 1))


def test_scored_targets_are_rated_per_token_and_not_listed():
    def rated(values):
        labels = [option.label for option in ASKED["q1_refined"].options]
        return Completion((Attempt(""),), dict(zip(labels, values, strict=True)))

    # Per token: -1, -0.5, -2, -0.5; the longer one does not lose for its length, and the first of two equals counts.
    values = [(-1.0,), (-0.5, -0.5, -0.5), (-2.0,), (-0.5,)]
    requests, answers = interviewed(
        [rated(values), Completion((Attempt(error="down", error_kind="server"),))],
        asked="singly",
        answer_format="scored",
    )
    assert {request.ability for request in requests} == {"score"} and len(requests[0].labels) == 4
    assert "Matter 1" not in requests[0].messages[1].text
    first, second = (one.answer for one in answers)
    assert (first.codes, first.method, second.status) == ((2,), "sequence", "failed")
    assert sum(share.probability for share in first.shares) == pytest.approx(1)
    assert first.shares[1].probability == first.shares[3].probability > first.shares[0].probability


def test_what_was_not_read_is_asked_again_warmer_and_what_was_read_stays():
    cut = chosen(3, 2).partition('"NSG2"')[0]
    requests, answers = interviewed([cut, "no idea", chosen(1, 1)])
    assert [(one.step, one.ordinal, one.decoding.temperature) for one in requests] == [
        ("answer", 0, 0.0),
        ("again", 0, 0.6),
        ("again", 1, 0.6),
    ]
    assert [(one.answer.codes, one.sources) for one in answers] == [((3,), (("answer", 0),)), ((1,), (("again", 1),))]
    assert len({one.seed for one in requests}) == 3 and not requests[1].demonstrations


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ("I cannot choose for this person.", "refused"),
        ("As an AI language model I have no opinions.", "refused"),
        ('{"NSG1": {"choice": "NSG1_s9"}, "NSG2": {}}', "invalid"),
        ("", "invalid"),
        (Completion((Attempt(error="down", error_kind="server"),)), "failed"),
        (Completion((Attempt(error="no", error_kind="filtered"),)), "refused"),
    ],
)
def test_every_target_ends_in_one_status_after_bounded_tries(reply, status):
    requests, answers = interviewed([reply])
    assert len(requests) == 3 and [one.answer.status for one in answers] == [status, status]
    assert all(one.answer.reason and not one.answer.codes for one in answers)


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ('```json\n{"NSG1": {"rationale": "x", "choice": "NSG1_s2"}}\n```', {0: 2}),
        ('{"new statement group 2 (NSG2)": {"Choice": "s3"}}', {1: 3}),
        ('{"NSG1": "NSG1_s1", "NSG2": 2}', {0: 1, 1: 2}),
        ('{"NSG1": {"choice": "I do not vote."}}', {0: 2}),
        ('{"NSG1": {"rationale": "NSG2_s1 is like it", "choice": "NSG1_s1"}}', {0: 1}),
        ('{"NSG1": {"choice": "NSG1_s1 or NSG1_s2"}}', {0: "several statements are chosen"}),
        ('{"NSG1": {"choice": "neither"}}', {0: "no statement of the group is chosen"}),
        (
            '{"NSG1": {"choice": "NSG1_s1"}, "NSG1": {"choice": "NSG1_s2"}}',
            {0: "the group is answered twice, differently"},
        ),
        ('{"NSG9": {"choice": "NSG9_s1"}}', {}),
        ('{"NSG1": {"choice": true}}', {0: "no statement of the group is chosen"}),
        ("The person votes.", {}),
    ],
)
def test_choices_are_read_by_the_name_of_their_group_and_never_guessed(reply, found):
    assert choices_in(reply, GROUPS) == found


def test_as_published_a_reply_counts_only_with_one_entry_each_taken_in_order():
    whole = '```json\n{"NSG2": {"choice": "NSG2_s1"}, "NSG1": {"choice": "NSG1_s2"}}\n```'
    assert choices_as_published(whole, GROUPS) == {0: 1, 1: 2}, "the keys do not matter"
    assert choices_in(whole, GROUPS) == {1: 1, 0: 2}
    assert choices_as_published('{"NSG1": {"choice": "NSG1_s1"}}', GROUPS) is None
    assert choices_as_published("[1, 2]", GROUPS) is None
    wrong = '{"NSG1": {"choice": "NSG1_s7"}, "NSG2": {"choice": "NSG2_s1"}}'
    assert choices_as_published(wrong, GROUPS) == {0: "the group has no statement 7", 1: 1}
    requests, answers = interviewed([chosen(1), chosen(1, 2)], profile="code")
    assert len(requests) == 2 and [one.answer.codes for one in answers] == [(1,), (2,)]


@pytest.mark.parametrize(
    ("reply", "careful", "published"),
    [
        ("Option 3: x", 3, 3),
        ("3", 3, 3),
        ("I choose option 2.", 2, 2),
        ("Option 2 or 1: x", 2, 1),
        ("Option 12", "there is no option 12", 1),
        ("I sometimes pray", 2, "no option is named"),
        ("Option 1 and Option 2", "several options are named", 1),
        ("Option 5", "there is no option 5", "there is no option 5"),
        ("none", "no option is named", "no option is named"),
    ],
)
def test_a_single_option_is_read_carefully_or_as_published(reply, careful, published):
    assert (option_in(reply, GROUPS[1]), option_as_published(reply, GROUPS[1])) == (careful, published)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"demonstrations": (5, 2)}, "5 is more than 2"),
        ({"setup": "x", "setups": {"y": ("q1",)}}, "there is no setup 'x'"),
        ({"setups": {"1": ()}}, "'1' needs one question at least"),
        ({"exclude": "target"}, "needs asked: singly"),
        ({"trained": True}, "use asked: singly"),
        ({"answer_format": "scored"}, "use asked: singly"),
        ({"demonstrations": -1}, "demonstrations"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, message):
    with pytest.raises(DocumentError, match=message):
        build(IvcSettings, settings, "ivc")


def test_setups_and_categories_that_the_survey_does_not_have_are_refused():
    with pytest.raises(DocumentError, match="'q99' is no question with statements"):
        PROTOCOL.answers_expected(IvcSettings(setups={"1": ("q99",)}), ASKED)
    with pytest.raises(DocumentError, match="there is no setup '4'; there are 1, 2, 3"):
        PROTOCOL.answers_expected(IvcSettings(setup="4"), ASKED)
    with pytest.raises(DocumentError, match="there is no category 'x'; there are 'c1', 'c2'"):
        PROTOCOL.answers_expected(IvcSettings(categories=("x",)), ASKED)
    with pytest.raises(DocumentError, match="name the table of real people's answers"):
        PROTOCOL.answers_expected(IvcSettings(), load_questionnaire("gss_spending"))
    assert PROTOCOL.answers_expected(IvcSettings(setup="2"), ASKED) == 6, "three questions of two categories"


def test_attributes_that_cannot_be_told_are_refused():
    with pytest.raises(DocumentError, match=r"here: demographics: .*'faith'"):
        PROTOCOL.check(IvcSettings(demographics=True, attributes=("faith",)), ADULTS, "here")
    PROTOCOL.check(IvcSettings(attributes=("faith",)), ADULTS, "here")


def test_results_record_the_profile_and_where_its_source_is_silent():
    about = PROTOCOL.describe(IvcSettings(profile="paper", demonstrations="mixed"), ADULTS)
    assert (about.profile, about.settings["reading"], about.settings["demonstrations"]) == (
        "paper",
        "published",
        [50, 200],
    )
    assert set(about.settings["fallbacks"]) == {"prompt", "ask_again"} and about.told == ()
    assert PROTOCOL.describe(IvcSettings(), ADULTS).settings["fallbacks"] == {}
