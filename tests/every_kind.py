"""Questionnaires that hold one of everything, for the tests of formats."""

from typing import Any

from surveys import Questionnaire

YES_NO = [{"code": 1, "label": "Yes"}, {"code": 2, "label": "No"}]
LIKES = [
    {"code": 1, "label": "Tea"},
    {"code": 2, "label": "Coffee"},
    {"code": 5, "label": "Neither", "exclusive": True},
]

PORTABLE: list[dict[str, Any]] = [
    {"id": "hello", "kind": "note", "text": "Welcome & thank you.\nIt is < 5 minutes."},
    {"id": "trust", "text": "Do you trust the press?", "options": YES_NO},
    {"id": "likes", "kind": "multiple", "text": "What do you like?", "options": LIKES, "ordinal": False}
    | {"min_selections": 1, "max_selections": 2},
    {"id": "age", "kind": "number", "text": "How old are you?", "minimum": 18, "maximum": 99, "whole": True},
    {"id": "why", "kind": "text", "text": "Why {{ trust }}?", "show_if": "trust == 1 and (age >= 30 or 2 in likes)"},
    {
        "kind": "section",
        "id": "papers",
        "title": "Newspapers",
        "show_if": "not (trust == 2)",
        "questions": [
            {
                "kind": "battery",
                "id": "agree",
                "text": "Do you agree?",
                "options": [{"code": 3, "label": "No"}, {"code": 2, "label": "Partly"}, {"code": 1, "label": "Yes"}],
                "items": [
                    {"id": "agree_a", "text": "Papers lie."},
                    {"id": "agree_b", "text": "Papers matter.", "show_if": "age > 40"},
                ],
            },
            {"id": "order", "kind": "ranking", "text": "Order them.", "options": YES_NO, "ordinal": False},
            {"id": "reads", "text": "Do you read one?", "options": YES_NO, "show_if": "agree_a == 1"},
        ],
    },
]
"""What SurveyJS, Qualtrics, XLSForm, YAML and CSV all hold."""

SCALE = {"id": "warm", "kind": "scale", "text": "How warm?", "minimum": 0, "maximum": 10} | {
    "low_label": "Cold",
    "high_label": "Warm",
}

FURTHER: list[dict[str, Any]] = [
    SCALE,
    {"id": "points", "kind": "scale", "text": "Rate it.", "minimum": 1, "maximum": 3, "point_labels": {2: "So so"}},
    {"id": "money", "kind": "allocation", "text": "Share it out.", "options": YES_NO, "total": 100},
    {
        "id": "worded",
        "text": "One wording",
        "options": [
            {"code": -1, "label": "Do not know", "kind": "nonresponse", "pinned": True},
            {"code": 0, "label": "=1+1", "score": 0.5},
        ],
        "wordings": {"B": "Another wording"},
        "split": "form",
        "instruction": "Choose one.",
        "dimension": "trust",
        "topic": "press",
        "polarity": -1,
        "ordinal": False,
        "go_to": [{"to": "last", "when": "worded == 0"}],
        "exclude": {"reason": "=cmd", "reviewer": "Ann"},
    },
    {
        "kind": "loop",
        "id": "drinks",
        "over": ["tea", "milk"],
        "order": "random",
        "questions": [{"id": "often", "text": "How often {{ item }}?", "kind": "number", "unit": "a week"}],
    },
    {
        "kind": "loop",
        "id": "liked",
        "over": "likes",
        "questions": [{"id": "much", "text": "{{ item }}?", "kind": "text"}],
    },
    {
        "kind": "vignette",
        "id": "story",
        "text": "A {{ who }} comes.",
        "order": "rotated",
        "factors": {"attributes": {"who": ["man", "woman"]}},
        "questions": [{"id": "help", "text": "Help?", "options": YES_NO}],
    },
    {
        "kind": "conjoint",
        "id": "choice",
        "text": "Which one?",
        "tasks": 2,
        "none": "None of them",
        "order": "random",
        "factors": {"attributes": {"price": ["low", "high"]}, "profiles": 2, "identical": True},
    },
    {
        "kind": "battery",
        "id": "warmth",
        "text": "How warm?",
        "answers": "scale",
        "minimum": 0,
        "maximum": 4,
        "low_label": "Cold",
        "point_labels": {2: "Neither"},
        "order": "random",
        "items": [
            {"id": "warm_a", "text": "A", "polarity": 1},
            {"id": "warm_b", "text": "B", "exclude": {"reason": "It needs a body.", "reviewer": "Ann"}},
        ],
    },
    {
        "kind": "battery",
        "id": "at",
        "text": "Where do you drink it?",
        "answers": "multiple",
        "options": [*LIKES[:2], {"code": 7, "label": "Milk"}],
        "min_selections": 2,
        "max_selections": 2,
        "ordinal": False,
        "items": [{"id": "at_home", "text": "At home"}],
    },
    {"id": "last", "kind": "text", "text": "Anything else?", "instruction": "In your words."},
]
"""What our own documents hold beside that."""

CHINESE = {
    "title": "所有题型",
    "words": {
        "trust": {"text": "你信任新闻界吗？", "options": {1: "是", 2: "否"}},
        "papers": {"text": "报纸"},
        "agree": {"text": "你同意吗？", "options": {3: "否", 2: "部分", 1: "是"}},
        "agree_a": {"text": "报纸说谎。"},
    },
}

OWN_CHINESE = {
    "warm": {"low_label": "冷", "high_label": "热"},
    "points": {"point_labels": {2: "一般"}},
    "worded": {"wordings": {"B": "另一种"}, "instruction": "选一个。"},
    "drinks": {"over": {0: "茶", 1: "牛奶"}},
    "often": {"unit": "每周"},
    "story": {"factors": {"who": {0: "男人", 1: "女人"}}},
    "choice": {"attributes": {"price": "价格"}},
}


def portable(translated: bool = True) -> Questionnaire:
    """A questionnaire that every two-way format holds whole."""
    return Questionnaire.model_validate(
        {
            "id": "portable",
            "title": "Every kind",
            "questions": PORTABLE,
            "translations": {"zh": CHINESE} if translated else {},
        }
    )


def everything() -> Questionnaire:
    """A questionnaire with everything that our documents know."""
    return Questionnaire.model_validate(
        {
            "id": "everything",
            "title": "Every kind, and more",
            "source": "Written for this test.",
            "splits": [{"id": "form", "arms": {"A": 1, "B": 2.5}}],
            "scoring": {"papers": {"items": {"agree_a": 1, "agree_b": -1}, "method": "sum"}},
            "questions": [*PORTABLE, *FURTHER],
            "translations": {"zh": {**CHINESE, "words": {**CHINESE["words"], **OWN_CHINESE}}},
        }
    )
