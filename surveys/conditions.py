"""Whether a condition makes sense: its names, sorts of values and codes, and whether it can hold at all."""

import ast
import difflib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from surveys.expressions import ExpressionError, parse, references
from surveys.given import SORTS, Sort
from surveys.holding import Names, can_hold
from surveys.question import Question


def check_condition(text: str, names: Names) -> None:
    """Refuse a condition that cannot be worked out or can never hold.

    Raises
    ------
    ExpressionError
        With what is wrong and what would be right.
    """
    tree = parse(text)
    sort = _sort(tree, names)
    if sort != "truth":
        raise ExpressionError(f"{ast.unparse(tree)!r} is a {_called(sort)}; compare it, such as with == 2")
    if not can_hold(tree, names):
        raise ExpressionError(f"{cut(text)!r} can never hold, whatever is answered; mend or remove it")


def _sort(node: ast.expr, names: Names) -> Sort:
    match node:
        case ast.Constant(value=bool()):
            return "truth"
        case ast.Constant():
            return "text" if isinstance(node.value, str) else "number"
        case ast.Name():
            return _sort_of_name(node.id, names)
        case ast.Attribute():
            return _sort_of_attribute(node.attr, names)
        case ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            parts = node.values if isinstance(node, ast.BoolOp) else [node.operand]
            for part in parts:
                if (sort := _sort(part, names)) != "truth":
                    raise ExpressionError(
                        f"{ast.unparse(part)!r} is a {_called(sort)} by itself; compare it, such as with == 2"
                    )
            return "truth"
        case ast.UnaryOp() | ast.BinOp():
            operands = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]
            for part in operands:
                if (sort := _sort(part, names)) not in ("number", "any"):
                    raise ExpressionError(
                        f"{ast.unparse(part)!r} is a {_called(sort)}; only numbers are reckoned with"
                    )
            return "number"
        case ast.Compare():
            for (left, right), op in zip(pairwise([node.left, *node.comparators]), node.ops, strict=True):
                (_check_member if isinstance(op, ast.In | ast.NotIn) else _check_pair)(left, op, right, names)
            return "truth"
        case ast.Call():
            return _sort_of_call(node, names)
    raise AssertionError(f"{ast.dump(node)} passed the white list")


def _sort_of_name(name: str, names: Names) -> Sort:
    if name in names.arms:
        return "text"
    question = names.questions.get(name)
    if question is None:
        raise ExpressionError(f"there is no question {name!r}{suggestion(name, [*names.questions, *names.arms])}")
    if question.kind == "note":
        raise ExpressionError(f"{name!r} is a note, which nothing answers; ask for a question")
    return SORTS[question.kind]


def _sort_of_attribute(name: str, names: Names) -> Sort:
    if names.attributes is None:
        return "any"
    if name not in names.attributes:
        raise ExpressionError(
            f"nobody of the population has the attribute {name!r}{suggestion(name, list(names.attributes))}"
        )
    return names.attributes[name]


def _sort_of_call(node: ast.Call, names: Names) -> Sort:
    assert isinstance(node.func, ast.Name) and isinstance(node.args[0], ast.Name)
    function, name = node.func.id, node.args[0].id
    _sort_of_name(name, names)
    if name in names.arms:
        raise ExpressionError(f"{name!r} is a split, not a question; compare it with an arm")
    question = names.questions[name]
    fitting = {"count": ("multiple", "ranking", "allocation"), "rank": ("ranking",), "amount": ("allocation",)}
    if question.kind not in fitting.get(function, (question.kind,)):
        raise ExpressionError(
            f"{function}() is for the kind {' or '.join(fitting[function])}, and {name!r} is a {question.kind}"
        )
    if len(node.args) > 1:
        _check_code(question, node.args[1])
    sorts: Mapping[str, Sort] = {"answered": "truth", "declined": "truth", "label": "text"}
    return sorts.get(function, "number")


def _check_member(left: ast.expr, op: ast.cmpop, right: ast.expr, names: Names) -> None:
    one = _sort(left, names)
    if isinstance(right, ast.Tuple | ast.List):
        if one == "codes":
            raise ExpressionError(f"{ast.unparse(left)!r} is several codes; write `2 in {ast.unparse(left)}`")
        for part in right.elts:
            _check_pair(left, ast.Eq(), part, names)
        return
    several = _sort(right, names)
    if several == "codes" and one in ("number", "any"):
        if isinstance(right, ast.Name):
            _check_code(names.questions[right.id], left)
    elif not (several in ("text", "any") and one in ("text", "any")):
        raise ExpressionError(
            f"{ast.unparse(left)!r} is a {_called(one)} and {ast.unparse(right)!r} a {_called(several)}; "
            "write `trust in (1, 2)`, or `2 in media` for a multiple choice"
        )


def _check_pair(left: ast.expr, op: ast.cmpop, right: ast.expr, names: Names) -> None:
    one, other = _sort(left, names), _sort(right, names)
    for node, sort in ((left, one), (right, other)):
        if sort == "codes":
            said = ast.unparse(node)
            raise ExpressionError(f"{said!r} is several codes; write `2 in {said}`, or `count({said}) > 1`")
    orders = not isinstance(op, ast.Eq | ast.NotEq)
    if "any" not in (one, other) and one != other:
        raise ExpressionError(f"{_mismatch(left, one, right, other, names)}")
    for sort in (one, other):
        if orders and sort not in ("number", "any"):
            raise ExpressionError(
                f"{ast.unparse(left)!r}, {ast.unparse(right)!r}: a {_called(sort)} is neither more nor less; use =="
            )
    for node, constant in ((left, right), (right, left)):
        if isinstance(node, ast.Attribute) and isinstance(constant, ast.Constant):
            _check_level(node.attr, constant.value, names)
        if orders or not isinstance(node, ast.Name):
            continue
        if node.id in names.arms:
            if isinstance(constant, ast.Constant) and constant.value not in names.arms[node.id]:
                arms = ", ".join(map(repr, names.arms[node.id]))
                raise ExpressionError(f"the split {node.id!r} has no arm {constant.value!r}; it has {arms}")
        elif names.questions[node.id].kind in ("single", "scale"):
            _check_code(names.questions[node.id], constant)


def _check_level(attribute: str, level: Any, names: Names) -> None:
    """Refuse a written level that nobody of the population has."""
    levels = names.levels.get(attribute)
    if levels is not None and level not in levels:
        known = suggestion(str(level), list(levels)) or f"; it has {', '.join(levels[:12])}"
        raise ExpressionError(f"the attribute {attribute!r} has no level {level!r}{known}")


def _check_code(question: Question, node: ast.expr) -> None:
    """Refuse a written number that is no code of the question."""
    number = _written(node)
    if number is not None and (number != int(number) or question.option(int(number)) is None):
        codes = [option.code for option in question.choices]
        some = ", ".join(map(str, codes[:12])) + (" and so on" if len(codes) > 12 else "")
        raise ExpressionError(f"{question.id!r} has no code {number:g}; its codes are {some}")


def _written(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _written(node.operand)
        return None if inner is None else -inner
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int | float) else None


def _mismatch(left: ast.expr, one: Sort, right: ast.expr, other: Sort, names: Names) -> str:
    said = f"{ast.unparse(left)!r} is a {_called(one)} and {ast.unparse(right)!r} a {_called(other)}"
    for node in (left, right):
        question = names.questions.get(node.id) if isinstance(node, ast.Name) else None
        if question is not None and question.choices:
            some = ", ".join(f"{option.code} is {option.label!r}" for option in question.choices[:4])
            return f"{said}; answers are compared by code: {some}"
    return f"{said}; compare two of a sort"


def suggestion(name: str, known: list[str]) -> str:
    """What may have been meant by a name that is not known, as the end of a sentence."""
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _called(sort: Sort) -> str:
    return {"codes": "set of codes", "truth": "condition", "any": "value"}.get(sort, sort)


def cut(text: str) -> str:
    """A condition as a message shows it."""
    return text if len(text) <= 120 else text[:117] + "..."


def named_questions(text: str, names: Names) -> Iterator[str]:
    """Ids of the questions that a condition looks at."""
    yield from (name for name in references(parse(text))[0] if name in names.questions and name not in names.arms)
