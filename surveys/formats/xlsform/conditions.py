"""XPath as XLSForm has it, ``${age} >= 18 and selected(${likes}, 'a')``, and conditions."""

from collections.abc import Mapping
from dataclasses import dataclass

from surveys.formats.comparisons import condition, name_of, value_of
from surveys.formats.infix import Call, Node, Ref
from surveys.formats.logic import Comparison, Junction, Logic, Negation, Untranslatable, quoted, spelled

COUNT = "count of "
"""How the number of options chosen is named in a constraint."""


def read_condition(text: str) -> Logic:
    """The condition of a ``relevant`` or ``constraint``; ``.`` is the answer itself.

    >>> read_condition("selected(${likes}, 'a')")
    Comparison(name='likes', sign='has', value='a')
    """
    return condition(text, _special)


def _special(node: Call) -> Logic | None:
    if node.name == "selected" and len(node.arguments) == 2:
        return Comparison(name_of(node.arguments[0]), "has", value_of(node.arguments[1]))
    if node.name in ("==", "!=") and "" in node.arguments:
        (name,) = [name_of(part) for part in node.arguments if part != ""] or [""]
        answered = Comparison(name, "answered")
        return answered if node.name == "!=" else Negation(answered)
    if len(node.arguments) == 2 and _is_count(node.arguments[0]):
        counted = node.arguments[0]
        assert isinstance(counted, Call)
        renamed = Call(node.name, (Ref(COUNT + name_of(counted.arguments[0])), node.arguments[1]))
        return condition_of(renamed)
    if _is_length(node):
        return Comparison(name_of(_argument(node)), "answered")
    return None


def condition_of(node: Call) -> Logic | None:
    """A comparison whose left side is a name already."""
    signs = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
    if node.name not in signs:
        return None
    return Comparison(name_of(node.arguments[0]), signs[node.name], value_of(node.arguments[1]))  # type: ignore[arg-type]


def _is_count(node: Node) -> bool:
    return isinstance(node, Call) and node.name == "count-selected" and len(node.arguments) == 1


def _is_length(node: Call) -> bool:
    """``string-length(${name}) > 0``, as people ask whether there is an answer."""
    left = node.arguments[0] if node.arguments else None
    return (
        node.name == ">"
        and node.arguments[1] == 0
        and isinstance(left, Call)
        and left.name == "string-length"
        and len(left.arguments) == 1
    )


def _argument(node: Call) -> Node:
    left = node.arguments[0]
    assert isinstance(left, Call)
    return left.arguments[0]


def write_condition(logic: Logic, kinds: Mapping[str, str]) -> str:
    """The XPath of a condition; ``kinds`` are the kinds of the questions that may be asked about."""

    def comparison(test: Comparison) -> str:
        if test.name not in kinds:
            raise Untranslatable(f"{test.name!r} is no question of the form")
        name = "${" + test.name + "}"
        if test.sign == "answered":
            return f"{name} != ''"
        listed = kinds[test.name] == "single"
        if test.sign == "has":
            return f"selected({name}, '{test.value}')"
        value = f"'{test.value}'" if listed and test.sign in ("==", "!=") else quoted(test.value)
        return f"{name} {'=' if test.sign == '==' else test.sign} {value}"

    return spelled(logic, "not", comparison)


@dataclass
class Bounds:
    """What a constraint says of the least and the greatest; whatever else it says is :attr:`rest`."""

    least: int | None = None
    most: int | None = None
    rest: bool = False


def bounds(logic: Logic, name: str) -> Bounds:
    """Least and greatest whole number that a constraint leaves for ``name``.

    >>> bounds(read_condition(". >= 18 and . < 100"), ".")
    Bounds(least=18, most=99, rest=False)
    """
    found = Bounds()
    parts = logic.parts if isinstance(logic, Junction) and logic.word == "and" else (logic,)
    for part in parts:
        if not isinstance(part, Comparison) or part.name != name or not isinstance(part.value, int):
            found.rest = True
        elif part.sign in (">=", ">"):
            found.least = part.value + (part.sign == ">")
        elif part.sign in ("<=", "<"):
            found.most = part.value - (part.sign == "<")
        else:
            found.rest = True
    return found
