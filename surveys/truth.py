"""What conditions come to, worked out from answers, the persona and its arms by a small interpreter."""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from surveys.expressions import parse
from surveys.given import Given
from surveys.question import Question

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, several: one in several,
    ast.NotIn: lambda one, several: one not in several,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a condition is worked out from."""

    questions: Mapping[str, Question]
    """Questions by id."""
    answers: Mapping[str, Given] = field(default_factory=dict)
    """Answers so far by id of the question."""
    attributes: Mapping[str, str | int | float] = field(default_factory=dict)
    """What is known of the persona."""
    arms: Mapping[str, str] = field(default_factory=dict)
    """Split -> the person's arm."""
    written: Mapping[str, Question] = field(default_factory=dict)
    """Questions in the words that ``label()`` compares, where these differ from how they are asked."""


def holds(text: str, scope: Scope) -> bool:
    """Whether a condition holds; one that hangs on something that is not known does not.

    >>> ask = Question(id="age", text="?", kind="number")
    >>> holds("age > 17", Scope({"age": ask}, {"age": Given(number=40)})), holds("age > 17", Scope({"age": ask}))
    (True, False)
    """
    return value(parse(text), scope) is True


def value(node: ast.expr, scope: Scope) -> Any:
    """What a part of a condition comes to; ``None`` when that is not known."""
    match node:
        case ast.Constant():
            return node.value
        case ast.BoolOp():
            return _together(isinstance(node.op, ast.And), (value(part, scope) for part in node.values))
        case ast.UnaryOp(op=ast.Not()):
            inner = value(node.operand, scope)
            return None if inner is None else not inner
        case ast.UnaryOp():
            inner = value(node.operand, scope)
            return -inner if _is_number(inner) else None
        case ast.BinOp():
            left, right = value(node.left, scope), value(node.right, scope)
            if not _is_number(left) or not _is_number(right):
                return None
            return _ARITHMETIC[type(node.op)](float(left), float(right))
        case ast.Compare():
            return _compared(node, scope)
        case ast.Name():
            return _named(node.id, scope)
        case ast.Attribute():
            return scope.attributes.get(node.attr)
        case ast.Tuple() | ast.List():
            return tuple(value(part, scope) for part in node.elts)
        case ast.Call():
            return _called(node, scope)
    raise AssertionError(f"{ast.dump(node)} passed the white list")


def _together(every: bool, values: Iterator[Any]) -> bool | None:
    """All or any of some truths, where one that is not known leaves the rest to decide."""
    unknown = False
    for one in values:
        if one is None:
            unknown = True
        elif one is not every:
            return not every
    return None if unknown else every


def is_declined(given: Given, question: Question) -> bool:
    """Whether a declared "don't know" or "refuse" was chosen, which tells nothing of what was asked.

    >>> vote = Question(id="q", text="?", options=[{"code": 1, "label": "Yes"}, {"code": 2, "label": "No"},
    ...                                            {"code": 9, "label": "Don't know", "kind": "nonresponse"}])
    >>> is_declined(Given((9,)), vote), is_declined(Given((1,)), vote)
    (True, False)
    """
    chosen = map(question.option, given.codes)
    return any(option is not None and option.kind == "nonresponse" for option in chosen)


def _compared(node: ast.Compare, scope: Scope) -> bool | None:
    parts = [node.left, *node.comparators]
    values = [value(part, scope) for part in parts]

    def each() -> Iterator[bool | None]:
        for place, op in enumerate(node.ops):
            left, right = values[place : place + 2]
            if left is None or right is None:
                yield _asks_for_declined(parts[place], op, parts[place + 1], scope)
                continue
            try:
                yield bool(_COMPARISONS[type(op)](left, right))
            except TypeError:  # a text and a number: what is known of a persona may be either
                yield None

    return _together(True, each())


def _asks_for_declined(left: ast.expr, op: ast.cmpop, right: ast.expr, scope: Scope) -> bool | None:
    """A comparison of something that is not known: it holds or fails only where it names the "don't know" given."""
    if not isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn):
        return None
    declined = [_declined_answer(part, scope) for part in (left, right)]
    written = [
        value(part, scope) for part in (left, right) if not isinstance(part, ast.Name | ast.Attribute | ast.Call)
    ]
    if len(written) != 1 or declined == [None, None]:
        return None
    one, other = (declined[0], written[0]) if declined[0] is not None else (written[0], declined[1])
    asks = isinstance(op, ast.Eq | ast.In)
    found = one == other if isinstance(op, ast.Eq | ast.NotEq) else one in other
    return asks if found else None


def _declined_answer(node: ast.expr, scope: Scope) -> Any:
    """The "don't know" that a part of a condition stands for: its code or its words; ``None`` when it is none."""
    of_label = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "label"
    name = node.args[0] if isinstance(node, ast.Call) and of_label else node
    given = scope.answers.get(name.id) if isinstance(name, ast.Name) else None
    if given is None or not isinstance(name, ast.Name) or not is_declined(given, scope.questions[name.id]):
        return None
    return _label(name.id, given, scope) if of_label else given.value(scope.questions[name.id])


def _label(name: str, given: Given, scope: Scope) -> str:
    return given.words(scope.written.get(name, scope.questions[name]))


def _named(name: str, scope: Scope) -> Any:
    if name in scope.arms:
        return scope.arms[name]
    given = scope.answers.get(name)
    if given is None or is_declined(given, scope.questions[name]):
        return None
    return given.value(scope.questions[name])


def _called(node: ast.Call, scope: Scope) -> Any:
    assert isinstance(node.func, ast.Name) and isinstance(node.args[0], ast.Name)
    function, name = node.func.id, node.args[0].id
    given, question = scope.answers.get(name), scope.questions[name]
    if function == "answered":
        return given is not None
    if given is None:
        return None
    declined = is_declined(given, question)
    if function == "declined":
        return declined
    if declined:
        return None
    if function == "count":
        return len(given.codes)
    if function == "label":
        return _label(name, given, scope)
    code = value(node.args[1], scope)
    if code not in given.codes:
        return None if function == "rank" else 0
    place = given.codes.index(code)
    return place + 1 if function == "rank" else (*given.amounts, *(0,) * len(given.codes))[place]


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float)
