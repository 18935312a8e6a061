"""From parsed expressions of form builders to conditions."""

from collections.abc import Callable, Iterator
from typing import Literal

from surveys.formats.infix import Call, Node, Ref, parse
from surveys.formats.logic import MIRRORED, Comparison, Junction, Logic, Negation, Sign, Untranslatable, Value

Special = Callable[[Call], Logic | None]
"""What a tool's own functions and operators mean; ``None`` for those it does not know."""

_SIGNS: dict[str, Sign] = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WORDS: dict[str, Literal["and", "or"]] = {"and": "and", "or": "or"}


def condition(text: str, special: Special) -> Logic:
    """The condition that an expression stands for.

    Raises
    ------
    Untranslatable
        If it is no expression, or has parts without a counterpart.
    """
    try:
        return _logic(parse(text), special)
    except RecursionError:
        raise Untranslatable("it is nested too deeply") from None


def _logic(node: Node, special: Special) -> Logic:
    if not isinstance(node, Call):
        raise Untranslatable(f"{_shown(node)} alone is no condition")
    found = special(node)
    if found is not None:
        return found
    if node.name in _WORDS:
        return Junction(_WORDS[node.name], tuple(_chained(node, special)))
    if node.name == "not" and len(node.arguments) == 1:
        return Negation(_logic(node.arguments[0], special))
    if node.name in _SIGNS:
        sign, (left, right) = _SIGNS[node.name], node.arguments
        if isinstance(left, Ref):
            return Comparison(left.name, sign, value_of(right))
        if isinstance(right, Ref):
            return Comparison(right.name, MIRRORED[sign], value_of(left))
        worked_out = next((part for part in (left, right) if isinstance(part, Call)), None)
        if worked_out is not None:
            raise Untranslatable(f"{_shown(worked_out)} has no counterpart")
        raise Untranslatable(f"it compares {_shown(left)} with {_shown(right)}, and neither is an answer")
    raise Untranslatable(f"{_shown(node)} has no counterpart")


def _chained(node: Call, special: Special) -> Iterator[Logic]:
    """The parts of ``a and b and c``, which is parsed as ``(a and b) and c``."""
    for part in node.arguments:
        if isinstance(part, Call) and part.name == node.name:
            yield from _chained(part, special)
        else:
            yield _logic(part, special)


def name_of(node: Node) -> str:
    """The name of the answer that a part refers to."""
    if isinstance(node, Ref):
        return node.name
    raise Untranslatable(f"{_shown(node)} is no answer")


def value_of(node: Node) -> Value:
    """The number or text that a part is."""
    if isinstance(node, Ref):
        raise Untranslatable(
            f"it compares two answers ({node.name[:40]!r} is one); here one is compared with a value"
        )
    if isinstance(node, Call):
        raise Untranslatable(f"{_shown(node)} has no counterpart; answers are compared with written values alone")
    return node


def _shown(node: Node) -> str:
    if isinstance(node, Ref):
        return f"the answer to {node.name[:40]!r}"
    return f"{node.name[:30]}()" if isinstance(node, Call) else repr(node)[:40]
