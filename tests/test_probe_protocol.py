"""The protocol ``probe``: prompts as published, what is asked of which ability, and what is read off the replies."""

import dataclasses
import json

import pytest
from pydantic import TypeAdapter

from demoscope.errors import DocumentError
from personas import Population
from simulator.backends.scripted import ScriptedBackend
from simulator.protocols.interface import Attempt, Completion
from simulator.protocols.probe import PROTOCOL, ProbeSettings
from simulator.variants import begin
from surveys import Question, Questionnaire, load_questionnaire
from surveys.perturbations import Perturbation, perturb
from surveys.presentation import Presentation
from surveys.probing.variations import NAMED, Variation
from tests.driving import driven

SAID = {1: "Never", 2: "Rarely", 3: "Often", 4: "Always"}
TEA = Question(id="tea", text="Do you drink tea?", options=[{"code": c, "label": w} for c, w in SAID.items()])
POINTS = Question(
    id="points", text="How good?", kind="scale", minimum=1, maximum=10, low_label="bad", high_label="good"
)
WHY = Question(id="why", text="Why?", kind="text")
ASKED = Questionnaire(id="q", title="Q", questions=[TEA, POINTS, WHY])
COUNTRIES = Population.load("countries:China,Mexico")
TRUTH = {"Never": 0.1, "Rarely": 0.2, "Often": 0.3, "Always": 0.4}


def probed(settings, public=None, questionnaire=ASKED, population=COUNTRIES, person=0, replies=None):
    """Requests and answers of a probe of one person."""
    persona = population.people(person, person + 1, seed=1)[0]
    respondent = PROTOCOL.respondent(persona, population, settings, 7, "cell/m")
    run = PROTOCOL.interview(respondent, questionnaire, settings, 7)
    return answered(run, public.reply if public else replies)


def answered(run, reply):
    requests, understood = driven(run, reply)
    return requests, [item.answer for item in understood]


def public(**settings):
    planted = [{"wordings": TRUTH, "question": "tea"}]
    return ScriptedBackend("m", public="planted", planted=planted, **settings)


def distribution(answers, method):
    return {share.code: share.probability for answer in answers if answer.method == method for share in answer.shares}


def only_tea(**settings):
    return ProbeSettings(methods=("token", "sequence", "text", "verbalized"), **settings), Questionnaire(
        id="q", title="Q", questions=[TEA]
    )


def prompt(**settings):
    requests, _ = probed(ProbeSettings(methods=("token",), **settings), public())
    return [(message.role, message.text) for message in requests[0].messages]


def test_the_default_style_is_worded_as_published():
    assert prompt() == [
        (
            "system",
            "Instruction: Please carefully read the multiple-choice question below and select one of the listed "
            "options that best matches your beliefs. Respond with the letter corresponding to your selected answer "
            "option.",
        ),
        (
            "user",
            "Question: Do you drink tea?\nOptions:\nA. Never\nB. Rarely\nC. Often\nD. Always\nAnswer:",
        ),
    ]


def test_the_prefixed_style_continues_the_turn_of_the_assistant():
    assert prompt(style="prefixed")[2] == ("assistant", "Certainly! I would select option")


def test_the_one_shot_style_shows_a_neutral_example():
    example = (
        "\nQuestion: Which animal lives in the water?\nOptions:\nA. Dog\nB. Cat\nC. Bird\nD. Fish\nAnswer: D. Fish"
    )
    assert prompt(style="one_shot")[0][1].endswith(example)
    assert "multiple-choice questions below" in prompt(style="one_shot")[0][1]


def test_a_country_is_told_right_after_the_instruction_begins():
    assert prompt(person=True)[0][1].startswith(
        "Instruction: Imagine you are a person from China. Please carefully read"
    )


def test_any_persona_can_be_told():
    adults = Population.load("us_adults_2018")
    requests, _ = probed(ProbeSettings(person=True, attributes=("age", "sex")), public(), population=adults)
    said = adults.people(0, 1, seed=1)[0].attributes
    assert f"Imagine you are a {said['age']}-year-old" in requests[0].messages[0].text.replace("an ", "a ")


def test_a_style_of_ones_own_puts_what_it_has_places_for():
    style = {"name": "short", "user": "{question}\n{options}\n>", "system": ""}
    assert prompt(style=style, person=True) == [
        (
            "user",
            "Imagine you are a person from China.\nDo you drink tea?\nA. Never\nB. Rarely\nC. Often\nD. Always\n>",
        )
    ]


def test_what_stands_in_a_question_is_never_taken_for_a_place():
    braces = TEA.model_copy(update={"text": "Is {options} a word?"})
    requests, _ = probed(
        ProbeSettings(methods=("token",)), public(), Questionnaire(id="q", title="Q", questions=[braces])
    )
    assert "Question: Is {options} a word?\nOptions:\nA. Never" in requests[0].messages[1].text


LINES = {
    "baseline": ("A. Never", "B. Rarely", "C. Often", "D. Always"),
    "reversed_labels": ("D. Never", "C. Rarely", "B. Often", "A. Always"),
    "reversed_texts": ("A. Always", "B. Often", "C. Rarely", "D. Never"),
    "numbers": ("0. Never", "1. Rarely", "2. Often", "3. Always"),
    "lower_case": ("a. Never", "b. Rarely", "c. Often", "d. Always"),
}


@pytest.mark.parametrize("name", LINES)
def test_a_variation_lists_options_as_it_says(name):
    shown = Variation.model_validate(name).show(TEA)
    assert shown.lines == LINES[name]
    assert [SAID[code] for code in shown.codes] == [line[3:] for line in LINES[name]]
    assert all(f"{label}. {SAID[code]}" in shown.lines for label, code in (shown.labels or {}).items())


def test_shuffles_hang_on_seed_and_question_and_keep_or_renew_labels():
    whole = {Variation.model_validate(f"shuffled_texts:{seed}").show(TEA).codes for seed in range(40)}
    assert len(whole) > 10
    texts = Variation.model_validate("shuffled_texts:3").show(TEA)
    lines = Variation.model_validate("shuffled:3").show(TEA)
    assert [line[0] for line in texts.lines] == ["A", "B", "C", "D"]
    assert sorted(lines.lines) == sorted(LINES["baseline"])  # labels travel with their texts
    assert texts.codes == lines.codes == Variation.model_validate("shuffled:3").show(TEA).codes


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"variation": "upside_down"}, "there is no variation 'upside_down'; there are baseline, "),
        ({"variation": "numbers:3"}, "a seed is a whole number behind a variation that shuffles"),
        ({"style": "polite"}, "there is no style 'polite'; there are default, prefixed, one_shot"),
        ({"style": {"name": "x", "user": "{question}"}}, "the turns have no {options}"),
        ({"methods": ["token", "token"]}, "a method is named twice"),
        ({"attributes": ["age"]}, "attributes are told of a person"),
        (
            {"style": {"name": "x", "user": "{question}{options}"}, "methods": ["verbalized"]},
            "verbalized needs a style that asks for percentages",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused_with_what_there_is(settings, said):
    with pytest.raises(ValueError, match=said.replace("{", r"\{")):
        ProbeSettings.model_validate(settings)


def test_each_method_asks_for_its_ability_with_exact_texts():
    settings, questionnaire = only_tea(samples=2, include_eot=True)
    requests, _ = probed(settings, public(), questionnaire)
    assert [request.ability for request in requests] == [
        "label_logprobs",
        "score",
        "generate",
        "generate",
        "generate",
    ]
    assert requests[0].labels == ("A", "B", "C", "D", " A", " B", " C", " D")
    assert requests[1].labels[:1] + requests[1].labels[4:5] == ("A. Never", " A. Never")
    assert requests[1].end_of_turn and not requests[0].end_of_turn
    assert len({request.messages for request in requests[:4]}) == 1  # one evaluated prefix for all of these
    assert len({request.ordinal for request in requests}) == len({request.seed for request in requests}) == 5
    assert "in percent" in requests[4].messages[0].text
    assert len({request.conversation for request in requests}) == 1


@pytest.mark.parametrize(("scored", "first"), [("line", "D. Never"), ("wording", "Never"), ("label", "D")])
def test_what_sequences_rate_can_be_chosen(scored, first):
    settings = ProbeSettings(methods=("sequence",), scored=scored, space="none", variation="reversed_labels")
    assert probed(settings, public())[0][0].labels[0] == first


@pytest.mark.parametrize("variation", [*NAMED, "shuffled_texts:5"])
def test_every_method_finds_the_planted_truth_under_every_variation(variation):
    settings, questionnaire = only_tea(variation=variation, samples=400)
    _, answers = probed(settings, public(), questionnaire)
    truth = {code: TRUTH[said] for code, said in SAID.items()}
    for method in ("token", "sequence"):
        assert distribution(answers, method) == pytest.approx(truth)
    assert distribution(answers, "verbalized") == pytest.approx(truth, abs=1e-4)
    # 400 draws: a share of 0.4 has a standard error of 0.024; text is compared by distribution.
    assert distribution(answers, "text") == pytest.approx(truth, abs=0.1)
    assert {answer.codes for answer in answers if answer.method != "text"} == {(4,)}


def test_a_planted_position_bias_is_there_in_every_method():
    # Log-odds of log 4 for the first place: 0.1 * 4 : 0.2 : 0.3 : 0.4 = 4 : 2 : 3 : 4 of 13.
    settings, questionnaire = only_tea()
    _, answers = probed(settings, public(place_bias=[1.3862943611198906]), questionnaire)
    for method in ("token", "sequence"):
        assert distribution(answers, method) == pytest.approx({1: 4 / 13, 2: 2 / 13, 3: 3 / 13, 4: 4 / 13})


def test_distributions_sum_to_one_and_carry_what_they_were_made_of():
    settings, questionnaire = only_tea(samples=7)
    _, answers = probed(settings, public(), questionnaire)
    for method in settings.methods:
        shares = [share for answer in answers if answer.method == method for share in answer.shares]
        assert abs(sum(share.probability for share in shares) - 1) < 1e-9
        assert [share.code for share in shares] == [1, 2, 3, 4]
        assert all((share.logprobs is not None) == (method in ("token", "sequence")) for share in shares)
    token = next(answer for answer in answers if answer.method == "token")
    assert set(token.shares[1].logprobs) == {"B", " B"}
    assert token.shares[0].outside == 0.05
    assert json.loads(token.presentation)["labels"] == {"A": 1, "B": 2, "C": 3, "D": 4}


def test_replies_that_name_no_label_are_invalid_and_their_mass_is_spread():
    said = iter(
        ["A. Never", "B. Rarely", "C", "A", "I cannot say.", "A or B", "As an AI language model, I do not.", "A"]
    )
    settings = ProbeSettings(methods=("text",), samples=8)
    _, answers = probed(
        settings,
        questionnaire=Questionnaire(id="q", title="Q", questions=[TEA]),
        replies=lambda _: Completion((Attempt(next(said)),)),
    )
    statuses = [answer.status for answer in answers]
    assert statuses.count("answered") == 5 and statuses[5] == "invalid" and statuses[6] == "refused"
    # 3, 1, 1 and 0 of 8; 3/8 missing, 3/32 for each of four.
    assert distribution(answers, "text") == pytest.approx({1: 15 / 32, 2: 7 / 32, 3: 7 / 32, 4: 3 / 32})
    assert answers[0].shares[0].outside == pytest.approx(3 / 8)  # one minus the valid ratio


def test_what_failed_is_no_reply_and_leaves_no_distribution():
    settings, questionnaire = only_tea(samples=2)
    failed = Completion((Attempt(error="gone", error_kind="server"),))
    _, answers = probed(settings, questionnaire=questionnaire, replies=lambda _: failed)
    assert [(answer.status, answer.reason, answer.shares) for answer in answers] == [("failed", "gone", ())] * 5


def test_a_scale_is_probed_by_its_points_and_a_free_text_is_passed_by():
    _, answers = probed(ProbeSettings(methods=("token", "text"), samples=2), public())
    by_question = {name: [answer for answer in answers if answer.question == name] for name in ("points", "why")}
    assert [share.code for share in by_question["points"][0].shares] == list(range(1, 11))
    assert [answer.status for answer in by_question["why"]] == ["skipped"] * 3
    assert "of kind text" in by_question["why"][0].reason
    assert len(answers) == PROTOCOL.answers_expected(ProbeSettings(methods=("token", "text"), samples=2), ASKED)


def test_what_hangs_on_other_answers_is_passed_by():
    more = TEA.model_copy(update={"id": "more", "show_if": "tea >= 3"})
    piped = TEA.model_copy(update={"id": "piped", "text": "You said {{ tea }}. Sure?"})
    asked = Questionnaire(id="q", title="Q", questions=[TEA, more, piped])
    _, answers = probed(ProbeSettings(methods=("token",)), public(), asked)
    assert [answer.status for answer in answers] == ["answered", "skipped", "skipped"]


def logprobs(request, values):
    return Completion((Attempt(""),), dict(zip(request.labels, values, strict=True)), 0.1)


def test_the_literal_rule_reports_collisions_and_refuses_to_rank():
    # " 0", " 1", ... begin with the same blank of log-probability -0.1.
    def collide(request):
        return logprobs(request, [(-5.0 - n,) for n in range(4)] + [(-0.1, -1.0 - n) for n in range(4)])

    tea = Questionnaire(id="q", title="Q", questions=[TEA])
    code = ProbeSettings(methods=("token",), variation="numbers", space="code")
    _, (answer,) = probed(code, questionnaire=tea, replies=collide)
    assert (answer.status, answer.codes) == ("invalid", ())
    assert "first tokens coincide ('0' and '1', '0' and '2', '0' and '3', ...)" in answer.reason
    assert len(answer.shares) == 4
    both = code.model_copy(update={"space": "both"})
    _, (answer,) = probed(both, questionnaire=tea, replies=collide)
    assert (answer.status, answer.codes) == ("answered", (1,))


def test_labels_beyond_the_likeliest_tokens_are_bounded_and_none_at_all_is_no_answer():
    def top(request):
        known = {" D": (-0.5,)}
        return Completion((Attempt(""),), known, 0.4, {label: -9.0 for label in request.labels if label not in known})

    tea = Questionnaire(id="q", title="Q", questions=[TEA])
    _, (answer,) = probed(ProbeSettings(methods=("token",)), questionnaire=tea, replies=top)
    assert answer.codes == (4,)
    assert answer.shares[0].logprobs == {"A": -9.0, " A": -9.0}
    assert answer.shares[3].logprobs == {"D": -9.0, " D": (-0.5,)}

    def nothing(request):
        return Completion((Attempt(""),), {}, 1.0, dict.fromkeys(request.labels, -9.0))

    _, (answer,) = probed(ProbeSettings(methods=("token",)), questionnaire=tea, replies=nothing)
    assert (answer.status, answer.reason) == ("invalid", "none of the labels is among the likeliest tokens")


def test_the_profile_code_settles_the_rules_and_flags_override_it():
    rules = ProbeSettings(profile="code").resolved()
    assert (rules.space, rules.include_eot, rules.parser) == ("code", True, "code")
    assert ProbeSettings(profile="code", space="none").resolved().space == "none"
    about = PROTOCOL.describe(ProbeSettings(profile="paper", style="prefixed", variation="shuffled:7"), COUNTRIES)
    assert about.profile == "paper"
    assert about.settings["fallbacks"] == {"parser": "demoscope"}
    assert about.settings["style"]["name"] == "prefixed"
    assert about.settings["variation"] == {
        "name": "shuffled:7",
        "labels": "upper",
        "label_order": "ascending",
        "order": "lines_shuffled",
        "seed": 7,
    }


@pytest.mark.parametrize(
    ("style", "form"), [("default", "A. Never"), ("prefixed", " A. Never"), ("one_shot", "A. Never")]
)
def test_the_published_code_rates_one_form_of_a_sequence(style, form):
    settings = ProbeSettings(methods=("sequence",), style=style, profile="code")
    assert probed(settings, public())[0][0].labels[0] == form


def test_of_equal_shares_the_first_of_the_questionnaire_is_chosen():
    tea = Questionnaire(id="q", title="Q", questions=[TEA])
    even = ScriptedBackend("m", public="uniform")
    _, (answer,) = probed(ProbeSettings(methods=("token",), variation="reversed_texts"), even, tea)
    assert answer.codes == (1,)


@pytest.mark.parametrize(
    "kind",
    ["typos", "letter_swaps", "spacing", "case", "synonyms", "reversed_options", "middle_option", "refusal_option"],
)
def test_under_every_perturbation_answers_lead_back_to_canonical_codes(kind):
    tea = Questionnaire(id="q", title="Q", questions=[TEA])
    asked = perturb(tea, [TypeAdapter(Perturbation).validate_python({"kind": kind})], 7, "en")
    settings = ProbeSettings(methods=("token",))
    respondent = PROTOCOL.respondent(COUNTRIES.people(0, 1, 1)[0], COUNTRIES, settings, 7, "c")
    _, (answer,) = answered(begin(PROTOCOL, respondent, asked, settings, 7), public().reply)
    added = {option.code for option in asked.back["tea"].added}
    assert {share.code for share in answer.shares} == set(SAID) | added
    assert set(json.loads(answer.presentation)["labels"].values()) == set(SAID) | added


def test_a_population_without_phrases_cannot_be_told():
    bare = Population.load("countries:China")
    document = bare.document.model_copy(update={"phrases": ()})
    with pytest.raises(DocumentError, match="has no phrase that tells anything of its people"):
        PROTOCOL.check(ProbeSettings(person=True), dataclasses.replace(bare, document=document), "wave.yaml:3")


def test_countries_are_people_in_the_order_named_and_are_named_once():
    people = COUNTRIES.people(0, 2, seed=99)
    assert [person.attributes["country"] for person in people] == ["China", "Mexico"]
    with pytest.raises(DocumentError, match="'China' is named twice"):
        Population.load("countries:China, China")
    with pytest.raises(DocumentError, match="a name is missing"):
        Population.load("countries:China,,")


def test_nobody_is_one_level_of_whom_nothing_can_be_told():
    nobody = Population.load("nobody")
    assert nobody.people(0, 1, seed=5)[0].attributes == {"who": "nobody"}
    with pytest.raises(DocumentError, match="has no phrase"):
        PROTOCOL.check(ProbeSettings(person=True), nobody, "wave.yaml:3")


def test_an_assignment_leaves_questions_out_whether_they_are_probed_or_not():
    persona = COUNTRIES.people(0, 1, seed=1)[0]
    settings = ProbeSettings(methods=("token",))
    respondent = PROTOCOL.respondent(persona, COUNTRIES, settings, 7, "c")
    only = dataclasses.replace(respondent, assigned=frozenset({"points"}))
    _, answers = answered(PROTOCOL.interview(only, ASKED, settings, 7), public().reply)
    assert [answer.question for answer in answers] == ["points"]


def test_chinese_questions_are_put_in_chinese():
    values = load_questionnaire("values_core")
    settings = ProbeSettings(language="zh", person=True, methods=("token", "verbalized"))
    requests, _ = probed(settings, public(), values)
    assert requests[0].messages[0].text.startswith("说明： 请想象：你是一个来自China的人。 请仔细阅读")
    assert "A. 非常不同意" in requests[0].messages[1].text
    assert isinstance(settings.resolved_variation.show(values.asked[0]), Presentation)
