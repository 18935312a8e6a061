"""Qualtrics' logic, sets of rows that each ask about one choice or value, and conditions."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from surveys.formats.logic import Comparison, Junction, Logic, Negation, Sign, Untranslatable, Value, join

MOST_ROWS = 60
"""Rows that a condition may take when it is written."""

_LOCATOR = re.compile(r"q://(?P<question>QID\w+)/(?P<what>\w+)(?:/(?P<first>[\w~]+))?(?:/(?P<second>[\w~]+))?")
_SIGNS: dict[str, Sign] = {
    **{"EqualTo": "==", "NotEqualTo": "!=", "GreaterThan": ">", "LessThan": "<"},
    **{"GreaterThanOrEqual": ">=", "LessThanOrEqual": "<="},
}
_OPPOSITE: dict[Sign, Sign] = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def read_condition(content: object) -> Logic:
    """The condition of a display, branch or skip logic; raises :class:`Untranslatable`.

    ``and`` binds more tightly than ``or``, between the rows of a set and between sets.
    """
    sets = list(_numbered(content))
    if not sets:
        raise Untranslatable("it has no rows")
    return _alternatives([(_word(rows, "Type"), _alternatives(_rows(rows))) for rows in sets])


def _numbered(content: object) -> Iterator[dict[str, Any]]:
    if isinstance(content, list):
        content = {str(number): item for number, item in enumerate(content)}
    if isinstance(content, dict):
        for key in sorted((key for key in content if str(key).isdecimal()), key=lambda key: int(str(key)[:9])):
            item = content[key]
            if isinstance(item, list):
                item = {str(number): inner for number, inner in enumerate(item)}
            if not isinstance(item, dict):
                raise Untranslatable("a row of it is no object")
            yield item


def _rows(content: dict[str, Any]) -> list[tuple[str, Logic]]:
    rows = [(_word(row, "Conjuction", "Conjunction"), _row(row)) for row in _numbered(content)]
    if not rows:
        raise Untranslatable("it has an empty set of rows")
    return rows


def _word(content: dict[str, Any], *keys: str) -> str:
    said = next((content[key] for key in keys if isinstance(content.get(key), str)), "")
    return "or" if said.lower().startswith("or") else "and"


def _alternatives(parts: list[tuple[str, Logic]]) -> Logic:
    groups: list[list[Logic]] = []
    for word, part in parts:
        if word == "or" or not groups:
            groups.append([part])
        else:
            groups[-1].append(part)
    return join("or", [join("and", group) for group in groups])


def _row(row: dict[str, Any]) -> Logic:
    kind = row.get("LogicType", "Question")
    if kind != "Question":
        raise Untranslatable(f"it asks about {str(kind)[:40]} {str(row.get('LeftOperand', ''))[:40]}".rstrip())
    locator = row.get("ChoiceLocator") or row.get("LeftOperand")
    return about(locator, row.get("Operator"), row.get("RightOperand"))


def about(locator: object, operator: object, value: object = None) -> Logic:
    """One row: what is asked about, how, and what it is compared with."""
    found = _LOCATOR.fullmatch(locator) if isinstance(locator, str) else None
    if found is None:
        raise Untranslatable(f"it asks about {str(locator)[:60]!r}")
    name, what, first, second = found["question"], found["what"], found["first"], found["second"]
    if operator in ("Selected", "NotSelected") and what in ("SelectableChoice", "SelectableAnswer") and first:
        test: Logic = Comparison(f"{name}/{first}", "has", second) if second else Comparison(name, "has", first)
        return test if operator == "Selected" else Negation(test)
    name = f"{name}/{first}" if first and what.startswith("ChoiceNumeric") else name
    if operator in ("Empty", "NotEmpty"):
        answered = Comparison(name, "answered")
        return answered if operator == "NotEmpty" else Negation(answered)
    sign = _SIGNS.get(str(operator))
    if sign is None or what not in ("ChoiceTextEntryValue", "ChoiceNumericEntryValue"):
        raise Untranslatable(f"it asks whether {what} is {str(operator)[:40]}")
    return Comparison(name, sign, value if isinstance(value, int | float | str) else "")


@dataclass(frozen=True)
class Place:
    """Where the answer to a question of ours is found in Qualtrics."""

    question: str
    """Its QID."""
    kind: str
    """single, multiple, scale, number or text."""
    row: str | None = None
    """Row of a matrix or slider."""
    choices: Mapping[Value, str] = field(default_factory=dict)
    """Code -> id of the choice."""


def write_condition(logic: Logic, places: Mapping[str, Place]) -> dict[str, Any]:
    """The logic that a condition is in Qualtrics; raises :class:`Untranslatable`.

    Conditions that all hold become sets of their own when one of them is a choice between several.
    """
    several = isinstance(logic, Junction) and logic.word == "and"
    parts = logic.parts if isinstance(logic, Junction) and several else (logic,)
    if all(isinstance(part, Comparison | Negation) for part in parts):
        parts = (logic,)
    sets: dict[str, Any] = {}
    for number, part in enumerate(parts):
        sets[str(number)] = _set(part, places) | {"Type": "AndIf" if number else "If"}
    if sum(len(rows) for rows in sets.values()) > MOST_ROWS:
        raise Untranslatable(f"it takes more than {MOST_ROWS} rows")
    return sets | {"Type": "BooleanExpression"}


def _set(logic: Logic, places: Mapping[str, Place]) -> dict[str, Any]:
    """Rows that ask about the groups of a condition, one after another."""
    rows: dict[str, Any] = {}
    for group in _groups(logic, False):
        for number, test in enumerate(group):
            row = _written(test, places)
            if rows:
                row["Conjuction"] = "And" if number else "Or"
            rows[str(len(rows))] = row
    return rows


def _groups(logic: Logic, negated: bool) -> list[list[Logic]]:
    """The condition as alternatives, each of which is a list of tests that all hold."""
    if isinstance(logic, Negation):
        return _groups(logic.part, not negated)
    if isinstance(logic, Comparison):
        return [[Negation(logic) if negated else logic]]
    parts = [_groups(part, negated) for part in logic.parts]
    if (logic.word == "or") != negated:
        return [group for part in parts for group in part]
    groups: list[list[Logic]] = [[]]
    for part in parts:
        groups = [[*group, *more] for group in groups for more in part]
        if len(groups) > MOST_ROWS:
            raise Untranslatable(f"it takes more than {MOST_ROWS} rows")
    return groups


def _written(logic: Logic, places: Mapping[str, Place]) -> dict[str, Any]:
    negated = isinstance(logic, Negation)
    test = logic.part if isinstance(logic, Negation) else logic
    assert isinstance(test, Comparison)
    place = places.get(test.name)
    if place is None:
        raise Untranslatable(f"{test.name!r} is no question of the survey")
    start = f"q://{place.question}"
    row: dict[str, Any] = {"LogicType": "Question", "QuestionID": place.question, "QuestionIsInLoop": "no"}
    if place.choices:
        if test.sign not in ("has", "==", "!=") or test.value not in place.choices:
            raise Untranslatable(
                f"Qualtrics asks which choice of {test.name!r} was selected, and not how large it is"
            )
        choice = place.choices[test.value]
        locator = f"{start}/SelectableChoice/{choice if place.row is None else f'{place.row}/{choice}'}"
        operator = "NotSelected" if negated != (test.sign == "!=") else "Selected"
        row |= {"ChoiceLocator": locator, "Operator": operator, "LeftOperand": locator}
    else:
        entry = "ChoiceTextEntryValue" if place.row is None else f"ChoiceNumericEntryValue/{place.row}"
        row |= {"ChoiceLocator": f"{start}/{entry}", "LeftOperand": f"{start}/{entry}"}
        if test.sign == "answered":
            row["Operator"] = "Empty" if negated else "NotEmpty"
        elif test.sign == "has":
            raise Untranslatable(f"{test.name!r} has no choices in Qualtrics")
        else:
            sign = _OPPOSITE[test.sign] if negated else test.sign
            row["Operator"] = next(name for name, said in _SIGNS.items() if said == sign)
            row["RightOperand"] = str(test.value)
    return row | {"QuestionIDFromLocator": place.question, "Type": "Expression"}
