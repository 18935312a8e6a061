"""Conditions: a small expression language, parsed against a white list; :mod:`surveys.truth` works them out.

``trust >= 3 and persona.age < 30`` compares the answer to the question ``trust`` with a code and an attribute of the
persona with a number. A question that was not answered makes a comparison unknown, as in SQL: neither it nor its
opposite holds. So does a declared "don't know", unless the comparison names just that option. docs/questionnaires.md
tells the language.
"""

import ast
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

LONGEST = 6_000
"""Characters of a condition, those of all groups that a question stands in taken together."""

DEEPEST = 40
"""Levels of nesting in a condition."""

LARGEST_NUMBER = 1e15
"""Largest number that a condition may name."""

ALWAYS = "True"
"""A condition that holds for everybody."""

FUNCTIONS: Mapping[str, int] = {"answered": 1, "declined": 1, "count": 1, "label": 1, "rank": 2, "amount": 2}
"""Functions and how many arguments each takes; the first is always the id of a question."""

_PARTS = (ast.BoolOp, ast.UnaryOp, ast.Compare, ast.BinOp, ast.Name, ast.Attribute, ast.Constant, ast.Call)
_OPERATORS: tuple[type[ast.AST], ...] = (
    *(ast.And, ast.Or, ast.Not, ast.USub, ast.Load),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn),
    *(ast.Add, ast.Sub, ast.Mult),
)


class ExpressionError(ValueError):
    """A condition that cannot be used; its text says why and what would be right."""


@lru_cache(maxsize=16384)
def parse(text: str) -> ast.expr:
    """The condition as a tree that holds nothing but what is allowed.

    Raises
    ------
    ExpressionError
        If it is no condition; the message says what was found and what would be right.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"the condition has {len(text):,} characters, more than {LONGEST:,}; ask for less")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, about spellings such as `1or 2`
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"{_short(text)} is no condition; write one such as {_hint(text)}") from None
    _check_allowed(tree, 0)
    return tree


def references(tree: ast.expr) -> tuple[frozenset[str], frozenset[str]]:
    """Names of questions, splits and ``item``, and attributes of the persona, that a condition looks at.

    >>> names, attributes = references(parse("answered(tea) and persona.age > 20"))
    >>> sorted(names), sorted(attributes)
    (['tea'], ['age'])
    """
    names, attributes = set(), set()
    for node in _walk(tree):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            attributes.add(node.attr)
    return frozenset(names), frozenset(attributes)


def renamed(text: str, names: Mapping[str, str], item: str | None = None) -> str:
    """The condition with ids replaced, and ``item`` by the member of a loop.

    >>> renamed("often == 1 and item != 'Tea'", {"often": "often_2"}, "Milk")
    "often_2 == 1 and 'Milk' != 'Tea'"
    """
    tree = parse(text)
    if not references(tree)[0] & {*names, *(("item",) if item is not None else ())}:
        return text
    return ast.unparse(_renamed(tree, names, item))


def _check_allowed(node: ast.AST, depth: int) -> None:
    """Refuse whatever is not on the white list."""
    if depth > DEEPEST:
        raise ExpressionError(f"the condition is nested more than {DEEPEST} levels deep; ask for less")
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, str | int | float):
            raise ExpressionError(f"{_said(node)} is no number, text, True or False")
        if isinstance(node.value, int | float) and not abs(node.value) <= LARGEST_NUMBER:
            raise ExpressionError(f"a number in a condition lies between -{LARGEST_NUMBER:g} and {LARGEST_NUMBER:g}")
        return
    op_of = node.op if isinstance(node, ast.BinOp | ast.UnaryOp) else None
    for op in node.ops if isinstance(node, ast.Compare) else (op_of,):
        if op is not None and not isinstance(op, _OPERATORS):
            raise ExpressionError(f"{_said(node)}: the operators are ==, !=, <, <=, >, >=, in, not in, +, - and *")
    if isinstance(node, ast.Compare):
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(right, ast.Tuple | ast.List) and isinstance(op, ast.In | ast.NotIn):
                for part in right.elts:
                    if not isinstance(part, ast.Constant | ast.UnaryOp):
                        raise ExpressionError(f"{_said(right)} may list numbers and texts only")
                    _check_allowed(part, depth + 2)
            else:
                _check_allowed(right, depth + 1)
        _check_allowed(node.left, depth + 1)
        return
    if isinstance(node, ast.Call):
        _check_call(node, depth)
        return
    if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "persona"):
        raise ExpressionError(f"{_said(node)} is nothing; attributes are written persona.age")
    if not isinstance(node, (*_PARTS, *_OPERATORS)):
        raise ExpressionError(
            f"{_said(node)} does not belong in a condition; there are comparisons, and, or, not, in, "
            f"+, -, *, numbers, texts, ids, persona.age and {', '.join(f'{name}()' for name in FUNCTIONS)}"
        )
    if not isinstance(node, ast.Attribute):
        for child in ast.iter_child_nodes(node):
            _check_allowed(child, depth + 1)


def _check_call(node: ast.Call, depth: int) -> None:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in FUNCTIONS:
        known = ", ".join(f"{function}()" for function in FUNCTIONS)
        raise ExpressionError(f"there is no function {_said(node.func)}; there are {known}")
    if node.keywords or len(node.args) != FUNCTIONS[name] or not isinstance(node.args[0], ast.Name):
        example = f"{name}(question)" if FUNCTIONS[name] == 1 else f"{name}(question, 2)"
        raise ExpressionError(f"{_said(node)} is not how {name} is used; write {example}")
    for part in node.args[1:]:
        if not isinstance(part, ast.Constant | ast.UnaryOp):
            raise ExpressionError(f"{name} takes a code as its second part, such as {name}(question, 2)")
        _check_allowed(part, depth + 1)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a condition that name something; names of functions and ``persona`` are none."""
    if isinstance(node, ast.Name | ast.Attribute):
        yield node
        return
    for part in node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node):
        yield from _walk(part)


def _renamed(node: Any, names: Mapping[str, str], item: str | None) -> Any:
    """A copy of the tree; the original is kept and shared."""
    if isinstance(node, ast.Name):
        if node.id == "item" and item is not None:
            return ast.Constant(item)
        return ast.Name(names.get(node.id, node.id), ast.Load())
    if isinstance(node, ast.Call):
        return ast.Call(node.func, [_renamed(part, names, item) for part in node.args], [])
    if isinstance(node, ast.Attribute) or not isinstance(node, ast.AST):
        return node
    fields = {
        name: [_renamed(part, names, item) for part in held]
        if isinstance(held, list)
        else _renamed(held, names, item)
        for name, held in ast.iter_fields(node)
    }
    return type(node)(**fields)


def _hint(text: str) -> str:
    if "&&" in text or "||" in text:
        return "`a == 1 and b == 2`, with the words `and` and `or`"
    if "{" in text or "$" in text:
        return "`trust == 2`, with the id alone"
    return "`trust == 2` (two equals signs) or `persona.age >= 18 and 3 in media`"


def _said(node: ast.AST) -> str:
    try:
        return _short(ast.unparse(node))
    except RecursionError:
        return "this condition"


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
