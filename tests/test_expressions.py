"""The expression language of conditions: what it means, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import Given, Question
from surveys.conditions import check_condition
from surveys.expressions import ExpressionError, parse, references, renamed
from surveys.holding import Names, can_hold
from surveys.truth import Scope, holds, value

OPTIONS = [{"code": n, "label": label} for n, label in enumerate(("press", "radio", "web"), start=1)]
QUESTIONS = {
    question.id: question
    for question in (
        Question(id="trust", kind="scale", text="?", minimum=1, maximum=5),
        Question(id="vote", text="?", options=[*OPTIONS, {"code": 9, "label": "?", "kind": "nonresponse"}]),
        Question(id="media", kind="multiple", text="?", options=OPTIONS),
        Question(id="order", kind="ranking", text="?", options=OPTIONS),
        Question(id="money", kind="allocation", text="?", options=OPTIONS, total=100),
        Question(id="age", kind="number", text="?", minimum=0, maximum=120),
        Question(id="town", kind="text", text="?"),
        Question(id="intro", kind="note", text="Welcome."),
    )
}
NAMES = Names(QUESTIONS, {"form": ("A", "B")})
SCOPE = Scope(
    QUESTIONS,
    {
        "trust": Given((4,)),
        "vote": Given((9,)),
        "media": Given((1, 3)),
        "order": Given((3, 1, 2)),
        "money": Given((1, 2, 3), amounts=(20.0, 80.0, 0.0)),
        "age": Given(number=41.5),
        "town": Given(text="Riverton"),
    },
    {"sex": "female", "years": 30},
    {"form": "B"},
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("trust == 4", True),
        ("trust != 4", False),
        ("2 < trust <= 4", True),
        ("trust in (1, 2)", False),
        ("trust not in [1, 2]", True),
        ("3 in media", True),
        ("2 not in media", True),
        ("count(media) == 2", True),
        ("label(media) == 'press, web'", True),
        ("declined(vote)", True),
        ("rank(order, 3) == 1", True),
        ("amount(money, 2) >= 80", True),
        ("age > 41 and age < 42", True),
        ("age * 2 - 3 == 80", True),
        ("-age + 41.5 == 0", True),
        ("town == 'Riverton'", True),
        ("'River' in town", True),
        ("persona.sex == 'female' and persona.years < 31", True),
        ("form == 'B'", True),
        ("not (trust == 4) or answered(age)", True),
        ("True", True),
    ],
)
def test_a_condition_means_what_it_says(condition, expected):
    check_condition(condition, NAMES)
    assert holds(condition, SCOPE) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("trust == 4", False),
        ("not (trust == 4)", False),  # nobody knows, so neither it nor its opposite holds
        ("trust == 4 or persona.sex == 'female'", True),
        ("trust == 4 and persona.sex == 'female'", False),
        ("answered(trust)", False),
        ("not answered(trust)", True),
        ("count(media) > 0", False),
        ("persona.height > 3", False),
        ("persona.sex > 3", False),  # a text is neither more nor less than a number
    ],
)
def test_what_was_not_answered_makes_a_comparison_unknown(condition, expected):
    assert holds(condition, Scope(QUESTIONS, {}, SCOPE.attributes)) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("vote >= 2", None),
        ("vote < 3", None),
        ("vote == 1", None),
        ("vote != 1", None),
        ("vote in (1, 2)", None),
        ("vote not in (1, 2)", None),
        ("vote + 1 == 10", None),
        ("vote == 9", True),
        ("9 == vote", True),
        ("vote != 9", False),
        ("vote in (1, 9)", True),
        ("vote not in (1, 9)", False),
        ("label(vote) == '?'", True),
        ("label(vote) == 'press'", None),
        ("1 in heard", None),
        ("9 in heard", True),
        ("9 not in heard", False),
        ("count(heard) == 1", None),
        ("amount(given, 1) == 0", None),
        ("vote == age", None),
        ("answered(vote) and declined(vote)", True),
    ],
)
def test_a_declared_dont_know_is_known_only_where_it_is_named(condition, expected):
    refusal = [*OPTIONS, {"code": 9, "label": "?", "kind": "nonresponse"}]
    more = {
        "heard": Question(id="heard", kind="multiple", text="?", options=refusal),
        "given": Question(id="given", kind="allocation", text="?", options=refusal, total=10),
    }
    answers = {"vote": Given((9,)), "heard": Given((9,)), "given": Given((9,)), "age": Given(number=9)}
    assert value(parse(condition), Scope({**QUESTIONS, **more}, answers)) is expected


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("trust = 4", r"two equals signs"),
        ("trust == 4 && age > 3", r"the words `and` and `or`"),
        ("{trust} == 4", "no condition|does not belong"),
        ("__import__('os').system('ls')", "there is no function"),
        ("trust.__class__ == 4", "attributes are written persona.age"),
        ("persona.a.b == 4", "attributes are written persona.age"),
        ("(lambda: 1)()", "there is no function"),
        ("[1 for x in (1,)] == 1", "does not belong"),
        ("f'{trust}' == 'x'", "does not belong"),
        ("trust if True else 1", "does not belong"),
        ("trust is 4", "the operators are"),
        ("trust ** 9 > 1", "the operators are"),
        ("trust / 2 > 1", "the operators are"),
        ("'%s' % town == 'a'", "the operators are"),
        ("None == 1", "no number, text"),
        ("trust == 1e400", "lies between"),
        ("trust == " + "9" * 1900, "lies between"),
        ("-" * 1900 + "1 == 1", "nested|no condition"),
        ("(" * 1900, "no condition"),
        ("not " * 450 + "answered(trust)", "nested"),
        ("count()", "write count"),
        ("count(1)", "write count"),
        ("rank(order, media) == 1", "takes a code"),
        ("trust in (age, 1)", "numbers and texts only"),
        ("trust == 4" + " " * 7_000, "characters"),
        ("trust ==\0 4", "no condition"),
    ],
)
def test_what_is_not_on_the_white_list_is_refused_with_what_would_be_right(condition, message):
    with pytest.raises(ExpressionError, match=message):
        parse(condition)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("trsut == 4", "did you mean 'trust'"),
        ("trust == 6", "its codes are 1, 2, 3, 4, 5"),
        ("trust in (1, 7)", "has no code 7"),
        ("7 in media", "has no code 7"),
        ("rank(order, 7) == 1", "has no code 7"),
        ("vote == 'press'", "1 is 'press'"),
        ("media == 1", "2 in media"),
        ("media in (1, 2)", "2 in media"),
        ("trust", "compare it"),
        ("trust and age > 3", "compare it"),
        ("not trust", "compare it"),
        ("town > 'a'", "neither more nor less"),
        ("town + 1 == 2", "only numbers are reckoned with"),
        ("count(trust) == 1", "is for the kind multiple"),
        ("rank(media, 1) == 1", "is for the kind ranking"),
        ("answered(form)", "is a split"),
        ("form == 'C'", "it has 'A', 'B'"),
        ("intro == 1", "is a note"),
        ("1 in trust", "trust in"),
        ("False", "can never hold"),
        ("trust > 5", "can never hold"),
        ("trust == 1 and trust == 2", "can never hold"),
        ("age > 120", "can never hold"),
        ("not answered(trust) and trust == 1", "can never hold"),
        ("count(media) > 3", "can never hold"),
        ("rank(order, 1) > 3", "can never hold"),
        ("rank(order, 1) == 1 and rank(order, 2) == 1", "can never hold"),
        ("persona.years > 3 and persona.years < 2", "can never hold"),
    ],
)
def test_names_sorts_codes_and_impossible_conditions_are_told(condition, message):
    with pytest.raises(ExpressionError, match=message):
        check_condition(condition, NAMES)


@pytest.mark.parametrize(
    "condition",
    [
        "age * 3 > 400",
        "amount(money, 1) > 50",
        "age > trust",
        "persona.years > age",
        "town != ''",
        "persona.x == 'q'",
    ],
)
def test_a_condition_that_may_hold_is_never_called_impossible(condition):
    assert can_hold(parse(condition), NAMES)


def test_attributes_are_checked_once_the_population_is_known():
    known = Names(QUESTIONS, {}, {"sex": "text", "years": "number"})
    check_condition("persona.years > 3", known)
    with pytest.raises(ExpressionError, match="did you mean 'years'"):
        check_condition("persona.year > 3", known)
    with pytest.raises(ExpressionError, match="is a text"):
        check_condition("persona.sex == 1", known)


def test_levels_are_checked_once_the_population_is_known():
    known = Names(QUESTIONS, {}, {"sex": "text"}, {"sex": ("female", "male")})
    check_condition("persona.sex in ('female', 'male')", known)
    with pytest.raises(ExpressionError, match="no level 'femal'; did you mean 'female'"):
        check_condition("persona.sex == 'femal'", known)
    with pytest.raises(ExpressionError, match="can never hold"):
        check_condition("persona.sex != 'female' and persona.sex != 'male'", known)


def test_references_leave_out_functions_and_the_persona():
    names, attributes = references(parse("count(media) > 1 and persona.years > 3 or form == 'A'"))
    assert (names, attributes) == ({"media", "form"}, {"years"})


def test_names_inside_a_loop_are_replaced_and_others_kept():
    assert renamed("trust == 1 and 2 in media", {"trust": "trust_3"}) == "trust_3 == 1 and 2 in media"
    assert renamed("item == 'it''s'", {}, "x'y") == "\"x'y\" == 'its'"


@given(st.text(max_size=60))
def test_no_text_ends_in_anything_but_a_condition_or_a_refusal(text):
    try:
        check_condition(text, NAMES)
    except ExpressionError:
        return
    assert holds(text, SCOPE) in (True, False)


CHOICES = st.sampled_from(
    ["trust", "vote", "media", "age", "town", "form", "persona.sex", "1", "2", "'a'", "-3", "1.5"]
)
WORDS = st.sampled_from(["==", "<", "in", "not in", "and", "or", "+", "*", "not", "(", ")", ",", "count", "answered"])


@given(st.lists(CHOICES | WORDS, max_size=14))
def test_no_string_of_its_own_words_breaks_it(words):
    text = " ".join(words)
    try:
        check_condition(text, NAMES)
    except ExpressionError:
        return
    assert holds(text, SCOPE) in (True, False)


SHARED_OUT = Question(
    id="money",
    kind="allocation",
    text="?",
    total=100,
    options=[
        {"code": 1, "label": "roads"},
        {"code": 2, "label": "parks"},
        {"code": 9, "label": "?", "kind": "nonresponse"},
    ],
)


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("amount(money, 1) > 100", False),
        ("amount(money, 1) > 99", True),
        ("amount(money, 2) == 100", True),
        ("amount(money, 1) < 0", False),
        ("declined(money)", True),
        ("count(money) == 2", True),
        ("amount(money, 1) > 60 and amount(money, 2) > 60", True),  # of two options nothing is claimed
        ("not answered(money)", True),
    ],
)
def test_points_that_nobody_can_give_make_a_condition_that_never_holds(text, possible):
    assert can_hold(parse(text), Names({"money": SHARED_OUT})) is possible


def test_what_nobody_of_a_population_is_makes_a_condition_that_never_holds(wave_file):
    from demoscope.errors import DocumentError
    from simulator.loading import load_wave

    survey = "id: s\ntitle: S\nquestions:\n- {id: q, text: '?', kind: text, show_if: persona.age > 200}\n"
    with pytest.raises(DocumentError, match=r"question 'q': 'persona.age > 200' can never hold"):
        load_wave(wave_file(survey=survey))
    load_wave(wave_file(survey=survey.replace("> 200", ">= 80")))
