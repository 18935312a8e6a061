"""From conditions of ours to LimeSurvey's relevance expressions."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from surveys.expressions import parse as parse_ours
from surveys.formats.logic import MIRRORED, Untranslatable


@dataclass(frozen=True)
class Written:
    """How a question of ours is called in the survey that is written."""

    name: str
    kind: str
    codes: Mapping[int, str] = field(default_factory=dict)
    """Code here -> code, or name of the subquestion, in LimeSurvey."""
    declined: tuple[int, ...] = ()
    """Codes of its nonresponse options."""


def theirs(condition: str, names: Mapping[str, Written]) -> str:
    """A relevance expression that says what a condition of ours says.

    >>> theirs("q == 2 and not answered(r)", {"q": Written("q", "single", {2: "2"}), "r": Written("r", "text")})
    '(q.NAOK == "2") and (!(!is_empty(r.NAOK)))'

    Raises
    ------
    Untranslatable
        If it asks for what LimeSurvey does not know, such as attributes of the persona.
    """
    return _written(parse_ours(condition), names)


_OPERATORS: dict[type[ast.AST], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*",
}  # fmt: skip


def _written(node: ast.expr, names: Mapping[str, Written]) -> str:
    match node:
        case ast.BoolOp():
            word = " and " if isinstance(node.op, ast.And) else " or "
            return word.join(f"({_written(part, names)})" for part in node.values)
        case ast.UnaryOp(op=ast.Not()):
            return f"!({_written(node.operand, names)})"
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compare(left, op, right, names)
        case ast.Compare():
            sides = [node.left, *node.comparators]
            tests = [_compare(sides[n], op, sides[n + 1], names) for n, op in enumerate(node.ops)]
            return " and ".join(f"({test})" for test in tests)
        case ast.Call(func=ast.Name(id="answered"), args=[ast.Name(id=name)]):
            found = _named(name, names)
            if found.kind in ("multiple", "ranking", "allocation"):
                return f"count({_boxes(found)}) > 0"
            return f"!is_empty({found.name}.NAOK)"
        case ast.Call(func=ast.Name(id="declined"), args=[ast.Name(id=name)]):
            found = _named(name, names)
            tests = [_is(found, code, "==") for code in found.declined]
            return " or ".join(f"({test})" for test in tests) or "0"
    raise Untranslatable(f"{ast.unparse(node)[:60]!r} has no counterpart in LimeSurvey")


def _compare(left: ast.expr, op: ast.cmpop, right: ast.expr, names: Mapping[str, Written]) -> str:
    if isinstance(op, ast.In | ast.NotIn):
        sign, join = ("==", " or ") if isinstance(op, ast.In) else ("!=", " and ")
        if isinstance(right, ast.Tuple | ast.List):
            tests = [_compare(left, ast.Eq() if sign == "==" else ast.NotEq(), part, names) for part in right.elts]
            return join.join(f"({test})" for test in tests)
        if isinstance(right, ast.Name):
            found, code = _named(right.id, names), _constant(left)
            if found.kind == "multiple" and isinstance(code, int) and code in found.codes:
                return f'{found.name}_{found.codes[code]}.NAOK {sign} "Y"'
        raise Untranslatable(f"{ast.unparse(right)[:60]!r} has no counterpart in LimeSurvey")
    sign = _OPERATORS[type(op)]
    if isinstance(left, ast.Constant | ast.UnaryOp) and not isinstance(right, ast.Constant):
        left, right, sign = right, left, MIRRORED.get(sign, sign)
    if isinstance(left, ast.Name) and isinstance(right, ast.Constant | ast.UnaryOp):
        return _is(_named(left.id, names), _constant(right), sign)
    return f"{_term(left, names)} {sign} {_term(right, names)}"


def _is(found: Written, value: int | float | str, sign: str) -> str:
    if found.kind == "single":
        if sign in ("==", "!="):
            if value not in found.codes:
                return "0" if sign == "==" else "1"
            return f'{found.name}.NAOK {sign} "{found.codes[int(value)]}"'
        if any(str(code) != name for code, name in found.codes.items()):
            raise Untranslatable(f"codes of {found.name!r} are compared by size, and are no numbers in LimeSurvey")
    elif found.kind == "text":
        if not isinstance(value, str) or '"' in value:
            raise Untranslatable(f"the text {str(value)[:40]!r} has quotation marks, or is none")
        return f'{found.name}.NAOK {sign} "{value}"'
    elif found.kind not in ("scale", "number"):
        raise Untranslatable(f"{found.name!r} has several answers and is compared as if it had one")
    return f"{found.name}.NAOK {sign} {value}"


def _term(node: ast.expr, names: Mapping[str, Written]) -> str:
    match node:
        case ast.Constant() | ast.UnaryOp():
            value = _constant(node)
            return f'"{value}"' if isinstance(value, str) else str(value)
        case ast.Name():
            found = _named(node.id, names)
            numeric = all(str(code) == name for code, name in found.codes.items())
            if found.kind in ("scale", "number") or (found.kind == "single" and numeric):
                return f"{found.name}.NAOK"
        case ast.BinOp():
            return f"({_term(node.left, names)} {_OPERATORS[type(node.op)]} {_term(node.right, names)})"
        case ast.Call(func=ast.Name(id="count"), args=[ast.Name(id=name)]):
            return f"count({_boxes(_named(name, names))})"
        case ast.Call(func=ast.Name(id="amount"), args=[ast.Name(id=name), place]):
            found, code = _named(name, names), _constant(place)
            if found.kind == "allocation" and isinstance(code, int) and code in found.codes:
                return f"{found.name}_{found.codes[code]}.NAOK"
    raise Untranslatable(f"{ast.unparse(node)[:60]!r} has no counterpart in LimeSurvey")


def _boxes(found: Written) -> str:
    if found.kind not in ("multiple", "allocation"):
        raise Untranslatable(f"what is counted of {found.name!r} has no counterpart in LimeSurvey")
    return ", ".join(f"{found.name}_{code}.NAOK" for code in found.codes.values())


def _named(name: str, names: Mapping[str, Written]) -> Written:
    found = names.get(name)
    if found is None:
        raise Untranslatable(f"{name!r} is no question that LimeSurvey asks before")
    return found


def _constant(node: ast.expr) -> int | float | str:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _constant(node.operand)
        if not isinstance(value, str):
            return -value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        return int(node.value) if isinstance(node.value, bool) else node.value
    raise Untranslatable(f"{ast.unparse(node)[:60]!r} is no number or text")
