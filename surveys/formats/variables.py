"""Variables of data files and codebooks: a name, a label, labels of values, and values that count as missing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from surveys.formats.draft import Choice, Draft
from surveys.formats.losses import Losses
from surveys.option import LARGEST
from surveys.question import MEASURING, MOST_DECLINING, MOST_OPTIONS, Question
from surveys.questionnaire import Questionnaire

MOST = 50_000
"""Variables of a file that are read."""

_WIDEST_SCALE = 100

Code = int | float | str


@dataclass(frozen=True)
class Variable:
    """One variable as a data file or a codebook has it."""

    name: str
    """Its name, which becomes the question's id."""
    label: str = ""
    """Its label, which becomes the wording where there is no better one."""
    type: Literal["numeric", "string", "date"] = "numeric"
    """What its values are."""
    labels: Mapping[Code, str] = field(default_factory=dict)
    """Labels of values, in the order of the file."""
    missing: tuple[tuple[Code, Code], ...] = ()
    """Values that count as missing: lowest and highest of each range, both included."""
    graded: bool = False
    """Whether values between the labelled ones may occur, as on a scale of which only the ends have words."""
    instruction: str = ""
    """What tells the respondent or the interviewer how to answer."""
    minimum: int | None = None
    """Lowest valid value of a number."""
    maximum: int | None = None
    """Highest valid value of a number."""

    @property
    def answers(self) -> dict[Code, str]:
        """Labels of the values that do not count as missing."""
        return {code: label for code, label in self.labels.items() if not self.is_missing(code)}

    def is_missing(self, code: Code) -> bool:
        """Whether a value counts as missing."""
        return any(_within(code, low, high) for low, high in self.missing)


def _within(code: Code, low: Code, high: Code) -> bool:
    if isinstance(code, str) or isinstance(low, str) or isinstance(high, str):
        return code == low
    return low <= code <= high


def question_of(variable: Variable, draft: Draft) -> dict[str, Any] | None:
    """The question that a variable is the answer to; ``None``, and noted, when it is none."""
    where = f"variable {variable.name}"
    if variable.type == "date":
        draft.leave_out(where, "the date", "questions here ask for choices, numbers and texts")
        return None
    if len(variable.labels) > MOST_OPTIONS or len(variable.missing) > MOST_OPTIONS:
        draft.leave_out(where, "the variable", f"more than {MOST_OPTIONS:,} values of it have labels or are missing")
        return None
    text = draft.text(variable.label, where)
    if not text:
        text = variable.name
        draft.leave_out(where, "a wording", "the file has no label for it, so its name stands there")
    content: dict[str, Any] = {"id": draft.new_id(variable.name), "text": text}
    if variable.instruction:
        content["instruction"] = draft.text(variable.instruction, where) or None
    codes: dict[str, int] = {}
    valid = variable.answers
    if _is_scale(variable, valid):
        content |= _scale(valid, draft, where)
        content |= _declining(variable, content, draft, where)
    elif len(valid) >= 2:
        listed = [
            Choice(written(code), draft.label(label, where), {"kind": "nonresponse"} if code not in valid else {})
            for code, label in variable.labels.items()
        ]
        content["options"], codes = draft.options(listed, where)
        _leave_out_unlabelled(variable, draft, where)
    else:
        content["kind"] = "text" if variable.type == "string" else "number"
        for code, label in valid.items():
            draft.leave_out(where, f"the label {label!r} of {written(code)}", "a question needs two options at least")
        if content["kind"] == "number":
            content |= {"minimum": variable.minimum, "maximum": variable.maximum}
        content |= _declining(variable, content, draft, where)
    for low, high in variable.missing:
        if low != high:
            draft.leave_out(
                where, f"missing values from {written(low)} to {written(high)}", "options are single codes"
            )
    return draft.question(variable.name, where, content, codes)


def _is_scale(variable: Variable, valid: Mapping[Code, str]) -> bool:
    whole = [int(code) for code in valid if not isinstance(code, str) and float(code).is_integer()]
    if not variable.graded or len(whole) < 2 or len(whole) < len(valid):
        return False
    spread = max(whole) - min(whole)
    return len(whole) <= spread <= _WIDEST_SCALE


def _scale(valid: Mapping[Code, str], draft: Draft, where: str) -> dict[str, Any]:
    said = {int(code): draft.label(label, where) for code, label in valid.items() if not isinstance(code, str)}
    low, high = min(said), max(said)
    points = {code: label for code, label in said.items() if label and label != str(code)}
    content: dict[str, Any] = {"kind": "scale", "minimum": low, "maximum": high}
    content["low_label"], content["high_label"] = points.pop(low, None), points.pop(high, None)
    return {**content, "point_labels": points}


def _declining(variable: Variable, content: Mapping[str, Any], draft: Draft, where: str) -> dict[str, Any]:
    """Labelled missing values of a scale or number as what can be said instead, where no answer looks like them.

    Stata's letters become the codes above the answers.
    """
    low, high = content.get("minimum"), content.get("maximum")
    said = [content.get("low_label"), content.get("high_label"), *content.get("point_labels", {}).values()]
    taken = {label.casefold() for label in said if label}
    whole = [int(code) for code in variable.labels if not isinstance(code, str) and float(code).is_integer()]
    above = max([*whole, *([] if high is None else [high])], default=0)
    found: list[Choice] = []
    for code, label in variable.labels.items():
        if not variable.is_missing(code):
            continue
        words = draft.label(label, where)
        own = above + 1 if isinstance(code, str) and high is not None else code
        why = _why_not_offered(own, words, low, high)
        if content["kind"] not in MEASURING:
            why = f"a {content['kind']} has no options of their own"
        elif words.casefold() in taken:
            why = why or "its label stands there twice"
        elif len(found) == MOST_DECLINING:
            why = why or f"at most {MOST_DECLINING} can be offered beside numbers"
        if why:
            draft.leave_out(where, f"the missing value {written(code)} ({label})", why)
            continue
        if own != code:
            draft.leave_out(where, f"the code {code} of {label!r}", f"options go by whole numbers here, so: {own}")
            above += 1
        found.append(Choice(written(own), words, {"kind": "nonresponse"}))
        taken.add(words.casefold())
    _leave_out_unlabelled(variable, draft, where)
    return {"options": draft.options(found, where)[0]} if found else {}


def _why_not_offered(code: Code, words: str, low: int | None, high: int | None) -> str:
    """Why a missing value cannot stand beside the answers of a scale or number; nothing when it can."""
    if isinstance(code, str) or not float(code).is_integer() or abs(code) > LARGEST:
        return "options go by whole numbers here"
    if low is None and high is None:
        return "the file gives no bounds, so its code could be an answer"
    if (low is None or code >= low) and (high is None or code <= high):
        return "its code could be an answer"
    return "its label could be an answer" if not words or any(sign.isdigit() for sign in words) else ""


def _leave_out_unlabelled(variable: Variable, draft: Draft, where: str) -> None:
    for low, high in variable.missing:
        if low == high and low not in variable.labels:
            draft.leave_out(where, f"the missing value {written(low)}", "it has no label that could be offered")


def written(code: Code) -> str:
    """A value as people write it: whole numbers without a point.

    >>> written(3.0), written(2.5), written("a")
    ('3', '2.5', 'a')
    """
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)


@dataclass(frozen=True)
class Naming:
    """What names a tool allows, and how long its labels may be."""

    tool: str
    """What people call it."""
    longest_name: int
    """Characters of a name."""
    reserved: frozenset[str]
    """Names that have a meaning of their own, in lower case."""
    longest_label: int
    """Bytes of a variable's label, in UTF-8."""
    longest_value_label: int
    """Bytes of a value's label, in UTF-8."""
    holds: frozenset[str] = frozenset()
    """Further fields of a question that the tool has a place for; with ``options`` those of scales and numbers, as
    labelled missing values."""


def variables_of(questionnaire: Questionnaire, naming: Naming) -> tuple[list[Variable], Losses]:
    """The variables that hold the answers, and what they cannot say of the questions."""
    made: list[Variable] = []
    losses = Losses(questionnaire, naming.tool)
    losses.of(questionnaire, {"title", "language", "entries", "translations"}, "questionnaire")
    names: set[str] = set()
    for question in questionnaire.questions:
        where = f"question {question.id}"
        if question.kind == "note":
            losses.note(where, "the note", "nothing answers it")
            continue
        for variable in _variables(question, "options" in naming.holds):
            name = _fitting_name(variable.name, naming, names)
            if name != variable.name:
                losses.note(where, f"the name {variable.name}", f"{naming.tool} cannot have it; it is {name}")
            label = _cut(variable.label, naming.longest_label)
            labels = {code: _cut(text, naming.longest_value_label) for code, text in variable.labels.items()}
            if label != variable.label or labels != variable.labels:
                losses.note(where, "the end of a long label", f"{naming.tool} has no room for it")
            made.append(replace(variable, name=name, label=label, labels=labels))
        _note_what_is_lost(question, where, naming, losses)
    return made, losses


def _variables(question: Question, declining: bool) -> list[Variable]:
    """The variables of a question; of a scale or number with what can be said instead, when ``declining``."""
    text = " ".join(f"{question.stem} {question.text}".split()) if question.stem else " ".join(question.text.split())
    instruction = question.instruction or ""
    kept = question.options if declining or question.kind == "single" else ()
    labels: dict[Code, str] = {option.code: option.label for option in kept}
    away = tuple((option.code, option.code) for option in kept if option.kind == "nonresponse")
    if question.kind in ("multiple", "ranking", "allocation"):
        marks: dict[Code, str] = {0: "Not chosen", 1: "Chosen"} if question.kind == "multiple" else {}
        return [
            Variable(f"{question.id}_{str(option.code).replace('-', 'm')}", f"{text} {option.label}", labels=marks)
            for option in question.options
        ]
    if question.kind == "scale":
        assert question.minimum is not None and question.maximum is not None
        said: dict[Code, str] = {
            question.minimum: question.low_label or str(question.minimum),
            **dict(sorted(question.point_labels.items())),
            question.maximum: question.high_label or str(question.maximum),
        }
        return [Variable(question.id, text, labels=said | labels, missing=away, graded=True, instruction=instruction)]
    if question.kind == "single":
        return [Variable(question.id, text, labels=labels, missing=away, instruction=instruction)]
    kind: Literal["numeric", "string"] = "string" if question.kind == "text" else "numeric"
    return [
        Variable(
            name=question.id,
            label=text,
            type=kind,
            labels=labels,
            missing=away,
            instruction=instruction,
            minimum=question.minimum,
            maximum=question.maximum,
        )
    ]


_HELD = {
    "single": {"text", "options"},
    "scale": {"text", "minimum", "maximum", "low_label", "high_label", "point_labels"},
    "number": {"text"},
    "text": {"text"},
}


def _note_what_is_lost(question: Question, where: str, naming: Naming, losses: Losses) -> None:
    losses.of(question, naming.holds | _HELD.get(question.kind, {"text", "options"}), where)
    if question.stem:
        losses.note(where, "where the battery's wording ends", "a variable has one label")
    if question.kind in ("multiple", "ranking", "allocation"):
        losses.note(where, f"the {question.kind} as one question", "every option is a variable of its own")
    for option in question.options if "options" in naming.holds else question.listed:
        losses.of(option, {"code", "label"}, f"{where}, option {option.code}")
    if question.kind == "scale" and len(question.choices) - len(question.options) == len(question.point_labels) + 2:
        losses.note(where, "that it is a scale", "every point has a label, as options have")


def _fitting_name(name: str, naming: Naming, taken: set[str]) -> str:
    stem = re.sub(r"[^A-Za-z0-9_]", "_", name).rstrip("_")[: naming.longest_name - 4] or "v"
    made = name if len(name) <= naming.longest_name and name.rstrip("_") == name else stem
    number = 2
    while made.lower() in naming.reserved or made.lower() in taken:
        made, number = f"{stem}_{number}", number + 1
    taken.add(made.lower())
    return made


def _cut(text: str, longest: int) -> str:
    return text.encode("utf-8")[:longest].decode("utf-8", "ignore")
