"""Conditions as a small tree that every format's own notation is translated to and from."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Value: TypeAlias = int | float | str

Sign = Literal["==", "!=", "<", "<=", ">", ">=", "has", "answered"]


@dataclass(frozen=True)
class Comparison:
    """One question about an answer; ``has`` asks whether a multiple choice contains the value."""

    name: str
    sign: Sign
    value: Value = ""
    """What it is compared with; nothing when the sign is ``answered``."""


@dataclass(frozen=True)
class Junction:
    """Two conditions or more, all of which hold (``and``) or one of which does (``or``)."""

    word: Literal["and", "or"]
    parts: tuple["Logic", ...]


@dataclass(frozen=True)
class Negation:
    """The opposite of a condition."""

    part: "Logic"


Logic: TypeAlias = Comparison | Junction | Negation

MIRRORED: Mapping[str, Sign] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""What a sign becomes when its sides change places."""


class Untranslatable(ValueError):
    """A condition that has no counterpart; the message says which part, and why."""


def join(word: Literal["and", "or"], parts: list[Logic]) -> Logic:
    """One condition out of several; one alone stays as it is."""
    return parts[0] if len(parts) == 1 else Junction(word, tuple(parts))


def mapped(logic: Logic, change: Callable[[Comparison], Logic]) -> Logic:
    """The same condition with every comparison changed."""
    if isinstance(logic, Comparison):
        return change(logic)
    if isinstance(logic, Negation):
        return Negation(mapped(logic.part, change))
    return Junction(logic.word, tuple(mapped(part, change) for part in logic.parts))


def spelled(logic: Logic, no: str, comparison: Callable[[Comparison], str]) -> str:
    """A condition in a notation that negates by ``no`` and brackets, and has comparisons of its own.

    >>> spelled(Negation(Comparison("trust", "==", 1)), "!", lambda test: f"{{{test.name}}} = {test.value}")
    '!({trust} = 1)'
    """
    if isinstance(logic, Comparison):
        return comparison(logic)
    if isinstance(logic, Negation):
        return f"{no}({spelled(logic.part, no, comparison)})"
    parts = [(part, spelled(part, no, comparison)) for part in logic.parts]
    return f" {logic.word} ".join(f"({said})" if isinstance(part, Junction) else said for part, said in parts)


def quoted(value: Value) -> str:
    """A number as it is, a text in single quotation marks; raises :class:`Untranslatable` if it has its own."""
    if not isinstance(value, str):
        return repr(value)
    if "'" in value or "\\" in value:
        raise Untranslatable(f"the text {value[:40]!r} has quotation marks or backslashes")
    return f"'{value}'"


def ours(logic: Logic) -> str:
    """A condition in the language of our documents.

    >>> ours(Junction("and", (Comparison("trust", "==", 1), Negation(Comparison("likes", "has", 2)))))
    'trust == 1 and not (2 in likes)'
    """
    return spelled(logic, "not ", _our_comparison)


def _our_comparison(test: Comparison) -> str:
    if test.sign == "answered":
        return f"answered({test.name})"
    value = _literal(test.value)
    return f"{value} in {test.name}" if test.sign == "has" else f"{test.name} {test.sign} {value}"


def _literal(value: Value) -> str:
    if not isinstance(value, str):
        return repr(value)
    if "\\" in value or "\n" in value or ('"' in value and "'" in value):
        raise Untranslatable(f"the text {value[:40]!r} mixes quotation marks, or has backslashes or several lines")
    return f"'{value}'" if '"' in value else f'"{value}"'


def parse(text: str) -> Logic:
    """The tree of a condition of ours.

    >>> parse("persona.age >= 18 and 2 in likes").parts[1]
    Comparison(name='likes', sign='has', value=2)

    Raises
    ------
    Untranslatable
        If it is more than comparisons of answers or attributes with values.
    """
    try:
        return _tree(ast.parse(text.strip(), mode="eval").body, text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, Untranslatable):
            raise
        raise Untranslatable(f"the condition {text[:60]!r} cannot be read") from None


_SIGNS: dict[type[ast.cmpop], Sign] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def _tree(node: ast.expr, text: str) -> Logic:
    if isinstance(node, ast.BoolOp):
        return Junction("and" if isinstance(node.op, ast.And) else "or", tuple(_tree(v, text) for v in node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return Negation(_tree(node.operand, text))
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        tests = [_compare(sides[n], op, sides[n + 1], text) for n, op in enumerate(node.ops)]
        return join("and", tests)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "answered":
        return Comparison(_name(node.args[0]), "answered")
    raise Untranslatable(f"{ast.unparse(node)[:60]!r} is no comparison")


def _compare(left: ast.expr, op: ast.cmpop, right: ast.expr, text: str) -> Logic:
    if isinstance(op, ast.In | ast.NotIn):
        if isinstance(right, ast.List | ast.Tuple | ast.Set):
            name = _name(left)
            found: Logic = join("or", [Comparison(name, "==", _value(item)) for item in right.elts])
        else:
            found = Comparison(_name(right), "has", _value(left))
        return Negation(found) if isinstance(op, ast.NotIn) else found
    sign = _SIGNS.get(type(op))
    if sign is None:
        raise Untranslatable(f"{text[:60]!r} compares in a way that others do not have")
    if isinstance(left, ast.Constant | ast.UnaryOp):
        return Comparison(_name(right), MIRRORED[sign], _value(left))
    return Comparison(_name(left), sign, _value(right))


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    raise Untranslatable(f"{ast.unparse(node)[:60]!r} is no answer or attribute")


def _value(node: ast.expr) -> Value:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand)
        if not isinstance(value, str):
            return -value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        return int(node.value) if isinstance(node.value, bool) else node.value
    raise Untranslatable(f"{ast.unparse(node)[:60]!r} is no number or text")
