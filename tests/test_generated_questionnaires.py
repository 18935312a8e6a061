"""Questionnaires that nobody wrote: they survive YAML and the store's form, and everybody gets to their end."""

import json
import tempfile
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from demoscope.documents import read
from demoscope.errors import DocumentError
from personas import Persona, load_population
from simulator.backends.scripted import ScriptedBackend
from simulator.protocols.def_settings import DefSettings
from simulator.protocols.diversity_enhanced import PROTOCOL
from simulator.protocols.interface import Understood
from simulator.wave import questionnaire_content
from surveys import Course, Given, Question, Questionnaire, Skipped
from tests.questionnaires import asking, chance

ADULTS = load_population("us_adults_2018")
SOMEBODY: Persona = ADULTS.people(0, 1, seed=1)[0]

text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="{}"), min_size=1, max_size=20
)
wording = text.filter(str.strip)
labels = st.lists(wording, min_size=2, max_size=5, unique_by=lambda label: label.strip().casefold())


@st.composite
def options(draw) -> list[dict]:
    """Options with any codes, the last one perhaps a "don't know"."""
    said = draw(labels)
    codes = draw(st.lists(st.integers(-99, 99), min_size=len(said), max_size=len(said), unique=True))
    found = [{"code": code, "label": label} for code, label in zip(codes, said, strict=True)]
    if draw(st.booleans()):
        found[-1]["kind"] = "nonresponse"
    return found


@st.composite
def question(draw, name: str, before: list[str]) -> dict:
    """A question of any kind that may look at those before it."""
    kind = draw(st.sampled_from(["single", "multiple", "scale", "ranking", "allocation", "number", "text", "note"]))
    found = {"id": name, "text": draw(wording), "kind": kind}
    if kind in ("single", "multiple", "ranking", "allocation"):
        found["options"] = draw(options())
    if kind == "allocation":
        found["total"] = draw(st.integers(1, 1000))
    if kind == "scale":
        found.update(minimum=draw(st.integers(-5, 0)), maximum=draw(st.integers(1, 9)), low_label=draw(wording))
    if kind == "number":
        found.update(minimum=draw(st.none() | st.integers(-5, 5)), whole=draw(st.booleans()))
    if before and draw(st.booleans()):
        other = draw(st.sampled_from(before))
        forms = ["answered({})", "not answered({})", "label({}) != 'x'", "answered({}) or persona.age > 40"]
        found["show_if"] = draw(st.sampled_from(forms)).format(other)
    if before and draw(st.booleans()):
        other = draw(st.sampled_from(before))
        found["text"] += draw(st.sampled_from(["{{ %s }}", "{{ %s.code }}", "{{ %s | none }}"])) % other
    return found


@st.composite
def entries(draw, prefix: str = "q", before: tuple[str, ...] = (), deep: int = 2) -> list[dict]:
    """Questions and groups of them."""
    known, found = list(before), []
    for number in range(draw(st.integers(1, 4))):
        name = f"{prefix}{number}"
        kind = draw(st.sampled_from(["question", "question", "section", "loop", "vignette", "conjoint", "battery"]))
        factors = {"attributes": {"who": ["a", "b"], "what": ["c", "d", "e"]}}
        order = draw(st.sampled_from(["fixed", "rotated", "random"]))
        if kind == "section" and deep:
            inside = draw(entries(f"{name}_", tuple(known), deep - 1))
            found.append({"kind": kind, "id": f"s{name}", "order": order, "questions": inside})
        elif kind == "loop" and deep:
            inside = draw(entries(f"{name}_", tuple(known), deep - 1))
            found.append({"kind": kind, "id": f"l{name}", "over": draw(labels), "order": order, "questions": inside})
        elif kind == "vignette":
            situation = draw(wording) + "{{ who }}"
            inside = [draw(question(name, known))]
            told = {"text": situation, "factors": factors, "order": order}
            found.append({"kind": kind, "id": f"v{name}", **told, "questions": inside})
        elif kind == "conjoint":
            factors |= {"profiles": 2, "identical": draw(st.booleans())}
            told = {"text": draw(wording), "factors": factors, "tasks": 2, "order": order}
            found.append({"kind": kind, "id": name, **told})
        elif kind == "battery":
            items = [{"id": f"{name}_{n}", "text": draw(wording)} for n in range(2)]
            answers = draw(st.sampled_from(["single", "multiple"]))
            found.append(
                {
                    "kind": kind,
                    "id": f"b{name}",
                    "text": draw(wording),
                    "items": items,
                    "answers": answers,
                    "order": order,
                }
                | {"options": draw(options())}
            )
        else:
            one = draw(question(name, known))
            if draw(st.integers(0, 5)) == 0 and one["kind"] != "note":
                one["go_to"] = [{"to": "end", "when": f"answered({name})"}]
            found.append(one)
            if one["kind"] != "note":
                known.append(name)
    return found


@st.composite
def answer(draw, asked: Question) -> Given | None:
    """Some answer to a question, or none."""
    if draw(st.integers(0, 3)) == 0:
        return None
    if asked.kind == "number":
        return Given(number=draw(st.floats(allow_nan=False, allow_infinity=False)))
    if asked.kind == "text":
        return Given(text=draw(st.text(max_size=30)))
    codes = [option.code for option in asked.choices]
    if asked.kind in ("single", "scale"):
        return Given((draw(st.sampled_from(codes)),))
    if asked.kind == "allocation":
        return Given(tuple(codes), amounts=(1.0,) * len(codes))
    return Given(tuple(draw(st.permutations(codes))))


def built(content: list[dict]) -> Questionnaire | None:
    """The questionnaire, or ``None`` when its conditions happen to be refused."""
    try:
        return asking(*content)
    except ValidationError as error:
        told = {found["type"] for found in error.errors()}
        assert told <= {"questionnaire", "value_error", "too_long", "string_too_long"}, error
        return None


SLOW = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(entries(), st.sampled_from(["fixed", "rotated", "random"]))
def test_yaml_and_the_stores_form_give_the_same_questionnaire_again(content, order):
    made = built(content)
    if made is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "q.yaml"
        document = {"id": "test", "title": "Test", "questions": content}
        path.write_text(yaml.safe_dump(document, allow_unicode=True, width=80), encoding="utf-8")
        assert read(Questionnaire, path) == made
    kept = json.loads(json.dumps(questionnaire_content(made)))
    again = Questionnaire.model_validate(kept)
    assert again == made
    assert again.questions == made.questions
    assert questionnaire_content(again) == kept


@SLOW
@given(st.data())
def test_everybody_gets_to_the_end_and_passes_every_question_once(data):
    made = built(data.draw(entries()))
    if made is None:
        return
    course = Course(made, chance(data.draw(st.integers(0, 99))), {"age": 44})
    passed = []
    for step in course:
        passed.append(step.question.id)
        if isinstance(step, Skipped):
            assert step.reason
        else:
            assert "{{" not in step.question.text
            course.hear(step.question.id, data.draw(answer(step.question)))
    assert sorted(passed) == sorted(question.id for question in made.asked)


@SLOW
@given(entries(), st.sampled_from(["text", "constrained"]))
def test_every_interview_ends_in_one_answer_a_question_and_offered_codes_alone(content, answer_format):
    made = built(content)
    if made is None:
        return
    interview_settings = DefSettings(answer_format=answer_format)
    respondent = PROTOCOL.respondent(SOMEBODY, ADULTS, interview_settings, 1, "cell")
    public = ScriptedBackend("public")
    found, completion = [], None
    interview = PROTOCOL.interview(respondent, made, interview_settings, 1)
    try:
        while True:
            item = interview.send(completion)
            completion = None
            if isinstance(item, Understood):
                found.append(item.answer)
            else:
                completion = public.reply(item)
    except StopIteration:
        pass
    assert sorted(one.question for one in found) == sorted(question.id for question in made.asked)
    for one in found:
        assert {*one.codes} <= {option.code for option in made[one.question].choices}
        assert (one.reason is None) == (one.status == "answered")


KEYS = ["id", "kind", "text", "options", "questions", "items", "over", "show_if", "go_to", "factors", "title"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)


@SLOW
@given(ANYTHING)
def test_whatever_a_document_says_it_is_read_or_refused(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "q.yaml"
        path.write_text(yaml.safe_dump({"id": "q", "title": "Q", "questions": content}, allow_unicode=True), "utf-8")
        try:
            read(Questionnaire, path)
        except DocumentError as error:
            assert str(path) in str(error)
