"""Conditions: a small expression language, parsed against a white list and worked out without Python's ``eval``.

``trust >= 3 and persona.age < 30`` compares the answer to the question ``trust`` with a code and an attribute of the
persona with a number. A question that was not answered makes a comparison unknown, as in SQL: neither it nor its
opposite holds. So does a declared "don't know", unless the comparison names just that option. docs/questionnaires.md
tells the language.
"""

import ast
import operator
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from surveys.given import Given
from surveys.question import Question

LONGEST = 6_000
"""Characters of a condition, those of all groups that a question stands in taken together."""

DEEPEST = 40
"""Levels of nesting in a condition."""

LARGEST_NUMBER = 1e15
"""Largest number that a condition may name."""

ALWAYS = "True"
"""A condition that holds for everybody."""

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
FUNCTIONS: Mapping[str, int] = {"answered": 1, "declined": 1, "count": 1, "label": 1, "rank": 2, "amount": 2}
"""Functions and how many arguments each takes; the first is always the id of a question."""

_PARTS = (ast.BoolOp, ast.UnaryOp, ast.Compare, ast.BinOp, ast.Name, ast.Attribute, ast.Constant, ast.Call)
_OPERATORS: tuple[type[ast.AST], ...] = (ast.And, ast.Or, ast.Not, ast.USub, ast.Load, *_COMPARISONS, *_ARITHMETIC)


class ExpressionError(ValueError):
    """A condition that cannot be used; its text says why and what would be right."""


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
