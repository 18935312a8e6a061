"""Batteries: what their items share, and what one item has of its own."""

import pytest

from demoscope import seeds
from surveys import Course, Questionnaire

WARMTH = {
    "kind": "battery",
    "id": "warmth",
    "text": "How warm do you feel?",
    "answers": "scale",
    "minimum": 0,
    "maximum": 4,
    "low_label": "cold",
    "high_label": "warm",
    "point_labels": {2: "neither"},
    "items": [
        {"id": "press", "text": "The press"},
        {"id": "body", "text": "Your body", "exclude": {"reason": "It needs a body.", "reviewer": "Ann"}},
        {"id": "town", "text": "Your town"},
    ],
}
DRINKS = {
    "kind": "battery",
    "id": "drinks",
    "text": "What do you drink?",
    "answers": "multiple",
    "options": [{"code": n, "label": label} for n, label in enumerate(("tea", "milk", "water"), start=1)],
    "min_selections": 1,
    "max_selections": 2,
    "ordinal": False,
    "items": [{"id": "morning", "text": "In the morning"}],
}


def opened(*entries):
    return Questionnaire.model_validate({"id": "q", "title": "Q", "questions": entries})


def test_every_item_has_the_labels_and_bounds_of_its_battery():
    q = opened(WARMTH, DRINKS)
    said = ["0 (cold)", "1", "2 (neither)", "3", "4 (warm)"]
    assert [[option.label for option in q[item].choices] for item in ("press", "town")] == [said, said]
    assert (q["morning"].selections, q["morning"].ordinal) == ((1, 2), False)


def test_one_item_can_be_excluded_and_stays_in_the_document():
    q = opened(WARMTH)
    steps = Course(q, lambda what, name: seeds.generator(1, what, name), {})
    assert [step.question.id for step in steps] == ["press", "town"]
    assert q["body"].exclude.reviewer == "Ann"


def test_an_excluded_item_cannot_be_spoken_of():
    with pytest.raises(ValueError, match="body"):
        opened(WARMTH, {"id": "why", "kind": "text", "text": "Why?", "show_if": "body == 2"})


@pytest.mark.parametrize(
    ("battery", "changed", "message"),
    [
        (WARMTH, {"point_labels": {7: "hot"}}, "no point of the scale"),
        (WARMTH, {"max_selections": 2}, "max_selections belongs to"),
        (DRINKS, {"max_selections": 4}, "between 1 and 3"),
    ],
)
def test_what_a_battery_cannot_share_is_refused(battery, changed, message):
    with pytest.raises(ValueError, match=message):
        opened({**battery, **changed})
