"""The way through a questionnaire: what is asked next, what is skipped and why, in which order and words."""

import re
from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from demoscope.documents import read
from demoscope.errors import DocumentError
from surveys import Course, Given, Questionnaire, Skipped
from surveys.perturbations import perturb
from surveys.perturbations.wording import Case
from surveys.presentation import Presenter
from surveys.presentation_rules import PresentationRules
from tests.questionnaires import YES_NO, asking, chance, refusal, single, way

YES, NO = Given((1,)), Given((2,))
MEDIA = {
    "id": "media",
    "kind": "multiple",
    "text": "Which do you use?",
    "options": [
        {"code": 1, "label": "the press"},
        {"code": 2, "label": "the radio"},
        {"code": 8, "label": "none", "exclusive": True},
        {"code": 9, "label": "don't know", "kind": "nonresponse"},
    ],
}


def steps(questionnaire: Questionnaire, answers: dict[str, Given] | None = None, **known):
    """Every step of a way, by id."""
    course = Course(questionnaire, chance(), **known)
    found = {}
    for step in course:
        found[step.question.id] = step
        if not isinstance(step, Skipped):
            course.hear(step.question.id, (answers or {}).get(step.question.id))
    return found


def test_a_question_is_asked_when_its_condition_holds_and_skipped_with_the_reason_otherwise():
    tea = asking(single("tea"), single("often", show_if="tea == 1"), single("end_"))
    assert way(tea, {"tea": YES}) == ["tea", "often", "end_"]
    assert way(tea, {"tea": NO}) == ["tea", "-often", "end_"]
    assert way(tea) == ["tea", "-often", "end_"]  # not answered: the condition does not hold
    assert steps(tea)["often"].reason == "its condition does not hold: tea == 1"


def test_conditions_look_at_the_persona_and_at_the_arm():
    q = asking(
        single("a", show_if="persona.age >= 60"),
        single("b", show_if="form == 'x'"),
        splits=[{"id": "form", "arms": {"x": 1, "y": 1}}],
    )
    assert way(q, attributes={"age": 70})[0] == "a"
    assert way(q, attributes={"age": 30})[0] == "-a"
    arms = [Course(q, chance(person)).arms["form"] for person in range(200)]
    shown = [way(q, person=person)[1] == "b" for person in range(200)]
    assert shown == [arm == "x" for arm in arms]


def test_the_first_rule_that_holds_decides_where_the_interview_goes_on():
    rules = [{"to": "c", "when": "a == 1"}, {"to": "d", "when": "answered(a)"}]
    q = asking(single("a", go_to=rules), single("b"), single("c"), single("d"))
    assert way(q, {"a": YES}) == ["a", "-b", "c", "d"]
    assert way(q, {"a": NO}) == ["a", "-b", "-c", "d"]
    assert way(q) == ["a", "b", "c", "d"]


def test_jumps_pass_questions_by_and_say_so():
    q = asking(single("a", go_to=[{"to": "d", "when": "a == 1"}]), single("b"), single("c"), single("d"))
    assert way(q, {"a": YES}) == ["a", "-b", "-c", "d"]
    assert way(q, {"a": NO}) == ["a", "b", "c", "d"]
    assert steps(q, {"a": YES})["b"].reason == "a led on to d"


def test_a_stop_rule_ends_the_interview():
    q = asking(single("a", go_to=[{"to": "end", "when": "a == 2"}]), single("b"))
    assert way(q, {"a": NO}) == ["a", "-b"]
    assert steps(q, {"a": NO})["b"].reason == "the interview ended after a"


def test_a_question_that_was_skipped_leads_nowhere():
    q = asking(single("a"), single("b", show_if="a == 1", go_to=[{"to": "end"}]), single("c"))
    assert way(q, {"a": NO}) == ["a", "-b", "c"]
    assert way(q, {"a": YES}) == ["a", "b", "-c"]


def test_conditions_of_groups_hold_for_what_stands_in_them():
    items = [{"id": "x", "text": "x"}, {"id": "y", "text": "y", "show_if": "b == 1"}]
    battery = {
        "kind": "battery",
        "id": "grid",
        "text": "How about",
        "items": items,
        "options": YES_NO,
        "show_if": "a == 1",
    }
    q = asking(
        single("a"),
        single("b"),
        {"kind": "section", "id": "s", "show_if": "b == 1 or a == 1", "questions": [battery]},
    )
    assert q["y"].show_if == "(b == 1 or a == 1) and (a == 1) and (b == 1)"
    assert way(q, {"a": YES, "b": NO}) == ["a", "b", "x", "-y"]
    assert way(q, {"a": NO, "b": YES}) == ["a", "b", "-x", "-y"]
    assert (q["x"].stem, q["x"].battery, q["x"].section) == ("How about", "grid", "s")


def test_excluded_questions_and_those_not_assigned_are_neither_asked_nor_skipped():
    excluded = {"reason": "Only people know.", "reviewer": "A. B."}
    q = asking(single("a", exclude=excluded), single("b"), single("c", show_if="answered(b)"))
    assert way(q, {"b": YES}) == ["b", "c"]
    assert [question.id for question in q.asked] == ["b", "c"]
    assert way(q, {"b": YES}, assigned={"c"}) == ["-c"]


def test_notes_come_with_the_next_question_of_their_section():
    note = {"id": "n1", "kind": "note", "text": "Think of {{ persona.town }}."}
    inner = {"kind": "section", "id": "s", "questions": [{"id": "n2", "kind": "note", "text": "Here."}, single("b")]}
    q = asking(note, single("a"), inner, single("c"))
    found = steps(q, attributes={"town": "Riverton"})
    assert [found[name].notes for name in "abc"] == [("Think of Riverton.",), ("Here.",), ()]
    skipped = asking(
        single("a"), {**inner, "questions": [inner["questions"][0], single("b", show_if="a == 1")]}, single("c")
    )
    assert steps(skipped, {"a": NO})["c"].notes == ()  # it belonged to a section that was left


def test_answers_and_attributes_are_inserted_into_wordings():
    q = asking(
        single("a"),
        MEDIA,
        {"id": "n", "kind": "number", "text": "How many?"},
        {"id": "t", "kind": "text", "text": "Where?"},
        single("b", text="{{ a }}/{{ a.code }}/{{ media }}/{{ n }}/{{ t }}/{{ persona.sex }}"),
        single("c", options=[{"code": 1, "label": "as {{ t }}"}, {"code": 2, "label": "no"}]),
    )
    given = {"a": YES, "media": Given((2, 1)), "n": Given(number=3.0), "t": Given(text="by {{ a }}\nthe sea")}
    found = steps(q, given, attributes={"sex": "female"}, words={"sex": "woman"})
    assert found["b"].question.text == "Yes/1/the radio, the press/3/by {{ a }} the sea/woman"
    assert found["c"].question.options[0].label == "as by {{ a }} the sea"  # what was inserted is not looked at again
    assert found["c"].question.choices == found["c"].question.options


def test_a_question_that_inserts_what_was_not_given_is_skipped_unless_it_says_otherwise():
    q = asking(single("a"), single("b", text="{{ a }}?"), single("c", text="{{ a | nothing yet }}?"))
    found = steps(q)
    assert found["b"].reason == "what its wording inserts is not known: a"
    assert found["c"].question.text == "nothing yet?"


def test_a_loop_asks_once_for_each_member_and_renames_what_it_refers_to():
    body = [single("use", text="Do you use {{ item }}?"), single("like", text="Why {{ use }}?", show_if="use == 1")]
    q = asking(
        {"kind": "loop", "id": "l", "over": ["tea", "milk"], "questions": body}, single("z", show_if="use_2 == 2")
    )
    assert [question.id for question in q.questions] == ["use_1", "like_1", "use_2", "like_2", "z"]
    assert (q["use_2"].text, q["like_2"].text) == ("Do you use milk?", "Why {{ use_2 }}?")
    assert q["like_2"].show_if == "use_2 == 1"
    assert way(q, {"use_1": YES, "use_2": NO}) == ["use_1", "like_1", "use_2", "-like_2", "z"]


def test_a_loop_over_chosen_options_asks_for_those_that_were_chosen():
    q = asking(MEDIA, {"kind": "loop", "id": "l", "over": "media", "questions": [single("much", text="{{ item }}?")]})
    assert [question.id for question in q.questions] == ["media", "much_1", "much_2"]
    assert way(q, {"media": Given((2,))}) == ["media", "-much_1", "much_2"]
    assert q["much_2"].text == "the radio?"


def test_loops_stand_in_loops():
    inner = {"kind": "loop", "id": "in", "over": ["x", "y"], "questions": [single("q", text="{{ item }}")]}
    q = asking({"kind": "loop", "id": "out", "over": ["a", "b"], "questions": [inner]})
    assert [question.id for question in q.questions] == ["q_1_1", "q_1_2", "q_2_1", "q_2_2"]


def test_a_vignette_draws_one_situation_for_all_its_questions_and_every_level_alike():
    factors = {"attributes": {"age": ["young", "old"], "job": ["nurse", "cook", "clerk"]}}
    vignette = {
        "kind": "vignette",
        "id": "v",
        "text": "A {{ age }} {{ job }} moves in.",
        "factors": factors,
        "questions": [single("fair"), single("good", text="Is the {{ job }} welcome?")],
    }
    q = asking(vignette)
    drawn = Counter()
    for person in range(1200):
        fair, good = list(Course(q, chance(person)))
        (profile,) = fair.profiles
        assert good.profiles == (profile,)
        assert fair.question.stem == f"A {profile['age']} {profile['job']} moves in."
        assert good.question.text == f"Is the {profile['job']} welcome?"
        drawn[profile["age"], profile["job"]] += 1
    assert len(drawn) == 6
    assert all(abs(count - 200) < 4.5 * 13 for count in drawn.values())  # sd of 1200 draws of 1/6 is 13


def test_every_conjoint_task_shows_its_own_profiles_and_never_what_is_excluded():
    factors = {
        "attributes": {"price": ["low", "high"], "size": ["small", "large"]},
        "profiles": 2,
        "without": [{"price": "low", "size": "large"}],
    }
    q = asking(
        {"kind": "conjoint", "id": "c", "text": "Which flat?", "factors": factors, "tasks": 3, "none": "Neither"}
    )
    assert [question.id for question in q.questions] == ["c_1", "c_2", "c_3"]
    assert [option.code for option in q["c_1"].options] == [1, 2, 0]
    tasks = list(Course(q, chance(5)))
    assert len({str(task.profiles) for task in tasks}) > 1
    one, two = tasks[0].profiles
    assert tasks[0].question.text == (
        f"Which flat?\nProfile 1 (price: {one['price']}; size: {one['size']})\n"
        f"Profile 2 (price: {two['price']}; size: {two['size']})"
    )
    shown = [p for person in range(300) for task in Course(q, chance(person)) for p in task.profiles]
    assert {(p["price"], p["size"]) for p in shown} == {("low", "small"), ("high", "small"), ("high", "large")}


def test_an_arm_decides_the_wording_and_arms_are_drawn_by_weight():
    q = asking(
        single("a", text="Welfare?", wordings={"poor": "Help for the poor?"}, split="form"),
        splits=[{"id": "form", "arms": {"welfare": 1, "poor": 3}}],
    )
    found = [next(iter(Course(q, chance(person)))) for person in range(1000)]
    assert {(step.arm, step.question.text) for step in found} == {
        ("welfare", "Welfare?"),
        ("poor", "Help for the poor?"),
    }
    poor = sum(step.arm == "poor" for step in found)
    assert abs(poor - 750) < 4.5 * 13.7  # sd of 1000 draws of 3/4


@pytest.mark.parametrize("order", ["rotated", "random"])
def test_order_is_drawn_by_person_within_groups_and_places_count_on(order):
    section = {"kind": "section", "id": "s", "order": order, "questions": [single(name) for name in "abcd"]}
    q = asking(single("first"), section, single("last"))
    seen = Counter("".join(way(q, person=person)[1:-1]) for person in range(400))
    assert len(seen) == (4 if order == "rotated" else 24)
    assert all(way(q, person=person)[0] == "first" and way(q, person=person)[-1] == "last" for person in range(20))
    assert way(q, person=3) == way(q, person=3)
    assert [step.place for step in Course(q, chance(3))] == list(range(6))


def test_what_stands_in_a_group_stays_together_and_notes_move_with_what_follows():
    pair = {"kind": "section", "id": "pair", "questions": [single("p1"), single("p2")]}
    notes = [{"id": name, "kind": "note", "text": name} for name in ("top", "about_c")]
    group = {
        "kind": "section",
        "id": "s",
        "order": "random",
        "questions": [notes[0], pair, notes[1], single("c"), single("d")],
    }
    q = asking(group)
    for person in range(30):
        found = list(Course(q, chance(person)))
        names = [step.question.id for step in found]
        assert names.index("p2") == names.index("p1") + 1
        assert found[0].notes[0] == "top"
        assert found[names.index("c")].notes[-1] == "about_c"


def test_the_place_of_a_question_does_not_hang_on_what_was_skipped():
    q = asking(single("a"), single("b", show_if="a == 1"), single("c"))
    assert [steps(q, answers)["c"].place for answers in ({"a": YES}, {"a": NO})] == [2, 2]


def test_which_questions_may_be_skipped_is_known_beforehand():
    q = asking(
        single("a", go_to=[{"to": "d", "when": "a == 1"}]),
        single("b"),
        single("c", text="{{ a }}"),
        single("d"),
        single("e", show_if="persona.age > 3"),
        single("f", text="{{ a | x }}"),
    )
    assert (q.skippable.by_answers, q.skippable.by_person) == ({"b", "c"}, {"e"})
    found = steps(q, {"a": NO}, attributes={"age": 30})
    assert [name for name, step in found.items() if not step.certain] == ["b", "c"]


def test_a_jump_passes_by_what_an_order_may_put_behind_it():
    jump = single("j", go_to=[{"to": "z", "when": "j == 1"}])
    group = {"kind": "section", "id": "s", "order": "random", "questions": [single("a"), jump, single("b")]}
    q = asking(single("first"), group, single("y"), single("z"))
    assert q.skippable.by_answers == {"a", "b", "y"}
    for person in range(20):
        found = way(q, {"j": YES}, person=person)
        assert {name[1:] for name in found if name.startswith("-")} <= {"a", "b", "y"}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([single("a", show_if="b == 1"), single("b")], "'b' comes later; move it before this question"),
        ([single("a", show_if="a == 1")], "is this question itself"),
        ([single("a"), single("b", show_if="c == 1")], "there is no question 'c'"),
        ([single("a"), single("b", text="{{ c }}")], "stands for nothing"),
        ([single("a", text="{{ b }}"), single("b")], "comes later"),
        ([single("a", text="{{ item }}")], "stands for nothing"),
        ([single("a", text="{{ b")], "braces that do not close"),
        ([single("a", text="{{ }}")], "braces that do not close"),
        ([single("a"), single("b", go_to=[{"to": "a"}])], "comes earlier; go to a later question"),
        ([single("a", go_to=[{"to": "a"}])], "comes earlier"),
        ([single("a", go_to=[{"to": "q"}])], "there is no question 'q'"),
        ([single("a", go_to=[{"to": "c"}]), single("b"), single("c")], "'b' is never reached"),
        ([single("a", go_to=[{"to": "end"}]), single("b")], "'b' is never reached"),
        ([single("a", go_to=[{"to": "end"}, {"to": "b"}]), single("b")], "no rule counts after one without"),
        ([single("a", go_to=[{"to": "b", "when": "a == 3"}]), single("b")], "its codes are 1, 2"),
        ([single("a"), single("b", show_if="a == 1 and a == 2")], "can never hold"),
        ([single("a", split="form")], "there is no split 'form'"),
        ([single("a"), single("A")], "used twice"),
        ([{"kind": "section", "id": "s", "questions": [single(name)]} for name in "ab"], "used by two groups"),
        ([single("a", factors={"attributes": {"x": ["1", "2"]}})], "belong to the kinds vignette and conjoint"),
        ([single("a", exclude={"reason": "r", "reviewer": "x"}), single("b", show_if="a == 1")], "is excluded"),
        ([{"kind": "loop", "id": "l", "over": "a", "questions": [single("q")]}], "no multiple choice asked before"),
        ([single("a"), {"kind": "loop", "id": "l", "over": "a", "questions": [single("q")]}], "no multiple choice"),
    ],
)
def test_what_cannot_be_followed_is_refused_when_the_questionnaire_is_read(entries, message):
    assert message in refusal(*entries)


def test_a_question_whose_order_is_drawn_is_no_sure_earlier_answer():
    group = {
        "kind": "section",
        "id": "s",
        "order": "random",
        "questions": [single("a"), single("b", show_if="a == 1")],
    }
    assert "their order is drawn" in refusal(group)
    jump = {**group, "questions": [single("a", go_to=[{"to": "b", "when": "a == 1"}]), single("b")]}
    assert "their order is drawn" in refusal(jump)
    asking({**group, "questions": [single("a"), single("b")]}, single("c", show_if="a == 1 and b == 1"))


def test_the_examples_of_the_page_are_read_and_its_mistake_is_told_as_it_says(tmp_path):
    page = (Path(__file__).parents[1] / "docs" / "questionnaires.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(id: .*?)```", page, re.DOTALL)
    assert len(examples) == 3
    for example in examples:
        (tmp_path / "media.yaml").write_text(example)
        read(Questionnaire, tmp_path / "media.yaml")
    wrong = examples[0].replace("low_label: not at all,", "show_if: sources == 2, low_label: not at all,")
    (tmp_path / "media.yaml").write_text(wrong)
    with pytest.raises(DocumentError) as caught:
        read(Questionnaire, tmp_path / "media.yaml")
    assert str(caught.value).partition("media.yaml")[2] in page


def test_loops_that_would_grow_without_end_are_refused():
    entry = single("q", text="{{ item }}")
    for depth in range(4):
        entry = {"kind": "loop", "id": f"l{depth}", "over": [str(n) for n in range(40)], "questions": [entry]}
    assert "more than 20,000 questions" in refusal(entry)


def test_mistakes_are_told_by_their_own_line_also_inside_groups(tmp_path):
    path = tmp_path / "q.yaml"
    path.write_text(
        "id: q\ntitle: Q\nquestions:\n- kind: section\n  id: s\n  questions:\n"
        "  - {id: a, text: A?, options: yes_no}\n  - {id: b, text: B?, options: yes_no, show_if: a == 7}\n"
    )
    with pytest.raises(
        DocumentError, match=r"q.yaml:8: .*question 'b': show_if: 'a' has no code 7; its codes are 1, 2"
    ):
        read(Questionnaire, path)
    path.write_text(path.read_text().replace("show_if: a == 7", "shw_if: a == 1"))
    with pytest.raises(DocumentError, match=r"q.yaml:8: .*did you mean 'show_if'"):
        read(Questionnaire, path)


@pytest.mark.parametrize(
    ("language", "listed", "points"),
    [("en", "和平, 就业", "就业: 30, 和平: 70"), ("zh", "和平、就业", "就业：30、和平：70")],
)
def test_what_is_inserted_is_listed_as_the_language_lists_things(language, listed, points):
    options = [{"code": 1, "label": "就业"}, {"code": 2, "label": "和平"}]
    ranks = {"id": "ranks", "kind": "ranking", "text": "?", "options": options}
    money = {"id": "money", "kind": "allocation", "text": "?", "options": options, "total": 100}
    why = {"id": "why", "kind": "text", "text": "{{ ranks }}. {{ money }}"}
    survey = Questionnaire(id="s", title="S", language=language, questions=[ranks, money, why])
    given = {"ranks": Given((2, 1)), "money": Given((1, 2), amounts=(30.0, 70.0))}
    assert steps(survey, given)["why"].question.text == f"{listed}. {points}"


def test_options_that_read_alike_once_answers_are_inserted_skip_the_question():
    drinks = [{"code": 1, "label": "tea"}, {"code": 2, "label": "milk"}]
    both = [{"code": 1, "label": "{{ a }}"}, {"code": 2, "label": "{{ b }}"}]
    q = asking(*({"id": name, "text": "?", "options": drinks} for name in "ab"), single("keep", options=both))
    assert steps(q, {"a": YES, "b": NO})["keep"].question.options[0].label == "tea"
    reason = "two of its options read alike once answers are inserted: tea"
    assert steps(q, {"a": YES, "b": YES})["keep"].reason == reason


@pytest.mark.parametrize(("labels", "said"), [("letters", "B"), ("none", "Answer: B")])
def test_inserted_labels_that_the_rules_cannot_show_skip_the_question(labels, said):
    options = [{"code": 1, "label": "{{ a }}"}, {"code": 2, "label": "C"}]
    q = asking({"id": "a", "kind": "text", "text": "?"}, single("keep", options=options))
    found = steps(q, {"a": Given(text=said)}, rules=PresentationRules(labels=labels))["keep"]
    assert found.reason.startswith("its options cannot be told apart once answers are inserted")


def test_what_was_chosen_of_inserted_options_is_inserted_and_compared_in_its_words():
    options = [{"code": 1, "label": "{{ a }}"}, {"code": 2, "label": "water"}]
    q = asking(
        {"id": "a", "kind": "text", "text": "?"},
        single("b", options=options),
        single("c", text="Why {{ b }}?", show_if="label(b) == 'tea'"),
    )
    assert steps(q, {"a": Given(text="tea"), "b": YES})["c"].question.text == "Why tea?"


def test_only_the_wording_that_is_used_decides_whether_a_question_can_be_asked():
    q = asking(
        single("x"),
        single("p", text="Plain?", split="form", wordings={"b": "About {{ x }}?"}),
        splits=[{"id": "form", "arms": {"a": 1, "b": 1}}],
    )
    ways = {Course(q, chance(person)).arms["form"]: way(q, person=person)[1] for person in range(20)}
    assert ways == {"a": "p", "b": "-p"}  # nothing is known of x
    variant = asking(single("x"), single("p", text="Plain?", wordings={"long": "About {{ x }}?"}))
    assert way(variant)[1] == "p"
    assert way(variant, rules=PresentationRules(wording="long"))[1] == "-p"
    other = asking(single("x"), single("p", text="About {{ x }}?", wordings={"short": "Plain?"}))
    assert way(other, rules=PresentationRules(wording="short"))[1] == "p"
    asked = steps(other, {"x": YES}, rules=PresentationRules(wording="short"))["p"].question
    assert Presenter(asked, PresentationRules(wording="short")).text == "Plain?"


def test_a_declared_dont_know_is_not_inserted():
    vote = [*YES_NO, {"code": 9, "label": "Don't know", "kind": "nonresponse"}]
    q = asking(single("v", options=vote), single("w", text="{{ v }}?"), single("x", text="{{ v | That }}?"))
    assert way(q, {"v": Given((9,))}) == ["v", "-w", "x"]
    assert steps(q, {"v": Given((9,))})["x"].question.text == "That?"


def test_labels_are_compared_in_the_words_that_were_written():
    q = asking(single("x"), single("y", show_if="label(x) == 'Yes'"))
    loud = perturb(q, [Case(kind="case", style="upper", of="both")], 1).questionnaire
    assert loud["x"].options[0].label == "YES"
    assert way(loud, {"x": YES}) == ["x", "y"]
    words = {
        "x": {"text": "x吗？", "options": {1: "是", 2: "否"}},
        "y": {"text": "y吗？", "options": {1: "是", 2: "否"}},
    }
    chinese = asking(
        single("x"),
        single("y", show_if="label(x) == 'Yes'"),
        translations={"zh": {"title": "题", "words": words}},
    ).in_language("zh")
    assert chinese["x"].options[0].label == "是"
    assert way(chinese, {"x": YES}) == ["x", "y"]


def test_wordings_belong_to_the_arms_of_the_split():
    split = {"splits": [{"id": "form", "arms": {"plain": 1, "public": 1}}]}
    message = refusal(single("p", split="form", wordings={"publc": "Pay a public fee?"}), **split)
    assert "the split 'form' has no arm 'publc'; did you mean 'public'?" in message


@pytest.mark.parametrize(
    ("kind", "key", "asked"), [("multiple", "min_selections", 3), ("ranking", "max_selections", 3)]
)
def test_no_more_is_asked_for_than_can_be_named_together(kind, key, asked):
    options = [*YES_NO, {"code": 9, "label": "don't know", "kind": "nonresponse"}]
    message = f"{key} asks for 3 options, and only 2 can be named"
    assert message in refusal({"id": "q", "kind": kind, "text": "?", "options": options, key: asked})
    assert asking({"id": "q", "kind": kind, "text": "?", "options": options, key: 2})["q"].selections == (2, 2)


def test_going_to_a_section_says_to_name_its_first_question():
    yes_no = {"text": "?", "options": "yes_no"}
    section = {"kind": "section", "id": "rest", "questions": [{"id": "b", **yes_no}]}
    first = {"id": "a", **yes_no, "go_to": [{"to": "rest"}]}
    with pytest.raises(ValidationError, match="'rest' groups questions; name the first question in it"):
        Questionnaire.model_validate({"id": "q", "title": "Q", "questions": [first, section]})


CHAIN = (single("a"), single("y", show_if="a == 1"))
STOP = single("w", go_to=[{"to": "end", "when": "w == 1"}])


@pytest.mark.parametrize(
    "entries",
    [
        (*CHAIN, single("never", show_if="a == 2 and y == 1")),
        (*CHAIN, single("z", show_if="y == 2"), single("never", show_if="z == 1 and a == 2")),
        (STOP, single("never", show_if="w == 1")),
        (STOP, single("b", show_if="w == 2"), single("never", show_if="b == 1 and w == 1")),
    ],
)
def test_conditions_that_contradict_those_of_the_questions_they_name_are_refused(entries):
    with pytest.raises(ValueError, match=r"'never': show_if: .* can never hold when this question is reached"):
        asking(*entries)


def test_conditions_that_some_way_meets_are_not_refused():
    asking(*CHAIN, single("silent", show_if="a == 2 and not answered(y)"))
    asking(*CHAIN, single("either", show_if="a == 2 or y == 1"))
    asking(single("w", go_to=[{"to": "q", "when": "w == 1"}]), single("m"), single("q", show_if="w == 1"))
    # The rule of a question that was passed by leads nowhere, so who was not asked w gets to the last question.
    passing = single("w", show_if="a == 1", go_to=[{"to": "end", "when": "not answered(w)"}])
    asking(single("a"), passing, single("last", show_if="not answered(w)"))


def test_a_wrong_condition_is_told_where_it_stands_though_later_conditions_hang_on_its_question():
    said = refusal(single("a"), single("b", show_if="no"), single("c", show_if="b == 1 or a == 2"))
    assert "question 'b': show_if: " in said
    assert "question 'c'" not in said
