"""Questionnaires that hypothesis makes up survive our own formats."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveys import Questionnaire
from surveys.formats.infix import parse as parse_infix
from surveys.formats.logic import Comparison, Junction, Logic, Negation, Untranslatable, ours, parse
from surveys.formats.registry import find_format
from surveys.formats.surveyjs.conditions import read_condition as from_surveyjs
from surveys.formats.surveyjs.conditions import write_condition as to_surveyjs

WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
    | st.sampled_from("=+-@'\",;|\n#:&*!%"),
    min_size=1,
    max_size=20,
)
WORDING = WORDS.map(lambda text: text.replace("{{", "").strip()).filter(bool)
LABEL = WORDING.map(lambda text: " ".join(text.split())).filter(bool)
CODES = st.integers(-(10**15), 10**15)
CHOSEN = ("single", "multiple", "ranking", "allocation")


@st.composite
def options(draw: Any) -> list[dict[str, Any]]:
    codes = draw(st.lists(CODES, min_size=2, max_size=5, unique=True))
    labels = draw(st.lists(LABEL, min_size=len(codes), max_size=len(codes), unique_by=str.casefold))
    made = [{"code": code, "label": label} for code, label in zip(codes, labels, strict=True)]
    for option in made[1:]:
        if draw(st.booleans()):
            option["kind"] = "nonresponse"
        if draw(st.booleans()):
            option |= {"pinned": True, "score": draw(st.integers(-5, 5)) / 2}
    return made


@st.composite
def question(draw: Any, number: int) -> dict[str, Any]:
    kind = draw(st.sampled_from((*CHOSEN, "scale", "number", "text", "note")))
    made: dict[str, Any] = {"id": f"q{number}", "kind": kind, "text": draw(WORDING)}
    if kind in CHOSEN:
        made["options"] = draw(options())
    if kind == "multiple":
        together = sum(option.get("kind") != "nonresponse" for option in made["options"])
        made |= {"min_selections": draw(st.integers(0, min(2, together))), "max_selections": 2}
    if kind == "allocation":
        made["total"] = draw(st.integers(1, 1_000_000))
    if kind in ("scale", "number"):
        low = draw(st.integers(-100, 100))
        made |= {"minimum": low, "maximum": low + draw(st.integers(1, 100))}
    if kind == "scale" and draw(st.booleans()):
        made |= {"low_label": draw(LABEL), "point_labels": {made["maximum"]: draw(LABEL)}}
    if kind == "number":
        made |= {"unit": draw(LABEL), "whole": draw(st.booleans())}
    if draw(st.booleans()):
        made |= {"instruction": draw(WORDING), "polarity": -1, "ordinal": False, "topic": draw(LABEL)}
    if number and draw(st.booleans()):
        made["show_if"] = (
            f"answered(q{draw(st.integers(0, number - 1))}) and persona.age > {draw(st.integers(0, 99))}"
        )
    return made


@st.composite
def questionnaire(draw: Any) -> Questionnaire:
    count = draw(st.integers(1, 5))
    entries = [draw(question(number)) for number in range(count)]
    for entry in entries:
        if "show_if" in entry and any(
            f"(q{n})" in entry["show_if"] and entries[n]["kind"] == "note" for n in range(count)
        ):
            del entry["show_if"]
    cut = draw(st.integers(0, count))
    if cut < count:
        title = {"title": draw(LABEL)} if draw(st.booleans()) else {}
        entries[cut:] = [{"kind": "section", "id": "part", "questions": entries[cut:]} | title]
    words = {f"q{n}": {"text": draw(WORDING)} for n in range(count) if draw(st.booleans())}
    return Questionnaire.model_validate(
        {
            "id": "made",
            "title": draw(WORDING),
            "source": draw(st.none() | WORDING),
            "questions": entries,
            "translations": {"zh": {"words": words}} if words else {},
        }
    )


@pytest.mark.parametrize("name", ["yaml", "csv"])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=questionnaire())
def test_any_questionnaire_survives_our_own_formats(name: str, made: Questionnaire, tmp_path: Path) -> None:
    kind = find_format(name)
    assert kind.write is not None
    path = tmp_path / f"made{kind.suffixes[0]}"
    assert kind.write(made, path) == ()
    assert kind.read(path).questionnaire == made


NAMES = st.sampled_from(("a", "b", "persona.age"))
TESTS = st.builds(
    Comparison,
    NAMES,
    st.sampled_from(("==", "!=", "<", "<=", ">", ">=", "has")),
    st.integers(-9, 9) | st.sampled_from(("x", "y z")),
)
LOGIC = st.recursive(
    TESTS | st.builds(Comparison, NAMES, st.just("answered")),
    lambda inner: (
        st.builds(Negation, inner)
        | st.builds(
            lambda word, parts: Junction(word, tuple(parts)),
            st.sampled_from(("and", "or")),
            st.lists(inner, min_size=2, max_size=3),
        )
    ),
    max_leaves=6,
)


def chained(logic: Logic) -> Logic:
    """The same with ``(a and b) and c`` as ``a and b and c``."""
    if isinstance(logic, Negation):
        return Negation(chained(logic.part))
    if isinstance(logic, Comparison):
        return logic
    parts = [chained(part) for part in logic.parts]
    inner = [part.parts if isinstance(part, Junction) and part.word == logic.word else (part,) for part in parts]
    return Junction(logic.word, tuple(part for several in inner for part in several))


@settings(max_examples=100, deadline=None)
@given(logic=LOGIC)
def test_a_condition_means_the_same_after_it_was_written_and_read(logic: Logic) -> None:
    assert parse(ours(logic)) == logic
    names = {"a": "a", "b": "b", "persona.age": "persona.age"}
    assert chained(from_surveyjs(to_surveyjs(logic, names))) == chained(logic)


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.sampled_from("{}$()[]'\"=<>! andor123.,selcthb\n\\"), max_size=60))
def test_any_text_is_an_expression_or_said_to_be_none(text: str) -> None:
    try:
        parse_infix(text)
        parse(text)
    except Untranslatable as error:
        assert str(error)
