"""From LimeSurvey's relevance expressions, ``Q1.NAOK == "A1" and !is_empty(Q2)``, to conditions of ours."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from surveys.expressions import ExpressionError
from surveys.expressions import parse as parse_ours
from surveys.formats.infix import Call, Node, Ref
from surveys.formats.infix import parse as parse_infix
from surveys.formats.logic import MIRRORED, Untranslatable

LONGEST = 2_000
"""Characters of a condition of ours."""


@dataclass(frozen=True)
class Variable:
    """What a name in an expression stands for."""

    id: str
    """Id of the question here."""
    kind: str
    """Its kind."""
    codes: Mapping[str, int] = field(default_factory=dict)
    """Code in LimeSurvey -> code here."""
    option: int | None = None
    """The option, when the name stands for one box of a multiple choice or one amount of an allocation."""
    rank: int | None = None
    """The place, when the name stands for one place of a ranking."""


_TOKEN = re.compile(
    r"(?P<text>'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\")|(?P<name>[^\W\d][\w.#]*|\d+X\d+X\w+(?:\.\w+)?)(?P<call>\s*\()?"
)
_WORDS = {"and": "&&", "or": "||", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_SUFFIX = re.compile(r"\.(?:NAOK|shown|value|valueNAOK|code)$")
_SIGNS = ("==", "!=", "<", "<=", ">", ">=")


def always(expression: str) -> bool:
    """Whether a relevance expression holds for everybody."""
    return expression.strip() in ("", "1")


def never(expression: str) -> bool:
    """Whether a relevance expression holds for nobody."""
    return expression.strip() == "0"


def plain_name(name: str) -> str:
    """A variable's name without what LimeSurvey adds, such as ``.NAOK``.

    >>> plain_name("Q1_SQ001#1.NAOK")
    'Q1_SQ001_1'
    """
    return _SUFFIX.sub("", name).replace("#", "_")


def ours(expression: str, variables: Mapping[str, Variable]) -> str:
    """A condition of ours that says the same.

    >>> ours('((Q1.NAOK == "A2"))', {"Q1": Variable("Q1", "single", {"A1": 1, "A2": 2})})
    'Q1 == 2'

    Raises
    ------
    Untranslatable
        If something in it has no counterpart, or names what is no earlier question.
    """

    def marked(found: re.Match[str]) -> str:
        if found["text"]:
            return found[0]
        word = found["name"]
        if word.lower() in _WORDS:
            return f" {_WORDS[word.lower()]} {found['call'] or ''}"
        return found[0] if found["call"] else f"{{{word}}}"

    text = _condition(parse_infix(_TOKEN.sub(marked, expression)), variables)
    if len(text) > LONGEST:
        raise Untranslatable(f"it is longer than {LONGEST:,} characters")
    try:
        parse_ours(text)
    except ExpressionError as error:
        raise Untranslatable(str(error)) from None
    return text


def _condition(node: Node, variables: Mapping[str, Variable]) -> str:
    if isinstance(node, Ref):
        return _answered(_variable(node, variables), True)
    if not isinstance(node, Call):
        raise Untranslatable(f"{str(node)[:40]!r} is no condition")
    if node.name in ("and", "or"):
        parts = [_condition(part, variables) for part in node.arguments]
        return f" {node.name} ".join(f"({part})" if re.search(r" (?:and|or) ", part) else part for part in parts)
    if node.name == "not" and len(node.arguments) == 1:
        return f"not ({_condition(node.arguments[0], variables)})"
    if node.name in ("is_empty", "empty") and len(node.arguments) == 1 and isinstance(node.arguments[0], Ref):
        return _answered(_variable(node.arguments[0], variables), False)
    if node.name in _SIGNS:
        left, right = node.arguments
        sign = node.name
        if not isinstance(left, Ref | Call) and isinstance(right, Ref | Call):
            left, right, sign = right, left, MIRRORED.get(sign, sign)
        if not isinstance(right, Ref | Call):
            if isinstance(left, Ref):
                return _compared(_variable(left, variables), sign, right)
            if isinstance(left, Call) and left.name == "count":
                return _counted(left.arguments, variables, sign, right)
    raise Untranslatable(f"{_shown(node)} has no counterpart")


def _shown(node: Node) -> str:
    if isinstance(node, Call):
        return f"a comparison by {node.name}" if node.name in _SIGNS else f"{node.name}()"
    return repr(node)


def _variable(ref: Ref, variables: Mapping[str, Variable]) -> Variable:
    found = variables.get(plain_name(ref.name))
    if found is None:
        raise Untranslatable(f"{ref.name[:60]!r} is no question before this one")
    return found


def _answered(variable: Variable, positive: bool) -> str:
    if variable.kind == "multiple" and variable.option is not None:
        return f"{variable.option} {'in' if positive else 'not in'} {variable.id}"
    return f"{'' if positive else 'not '}answered({variable.id})"


def _compared(variable: Variable, sign: str, value: int | float | str) -> str:
    said = str(value)
    if variable.kind == "multiple" and variable.option is not None:
        if sign not in ("==", "!=") or said not in ("Y", "N", ""):
            raise Untranslatable(f"the boxes of {variable.id!r} are ticked or not, and compared with {said[:40]!r}")
        return _answered(variable, (said == "Y") == (sign == "=="))
    if said == "" and sign in ("==", "!="):
        return _answered(variable, sign == "!=")
    if variable.rank is not None:
        if sign not in ("==", "!=") or said not in variable.codes:
            raise Untranslatable(f"{variable.id!r} has no option {said[:40]!r}")
        return f"rank({variable.id}, {variable.codes[said]}) {sign} {variable.rank}"
    if variable.option is not None:
        return f"amount({variable.id}, {variable.option}) {sign} {_number(value, variable)}"
    if variable.codes:
        code = variable.codes.get(said)
        if code is None:
            raise Untranslatable(f"{variable.id!r} has no option {said[:40]!r}")
        if sign not in ("==", "!=") and any(str(number) != name for name, number in variable.codes.items()):
            raise Untranslatable(f"the options of {variable.id!r} are compared by size and are no numbers")
        return f"{variable.id} {sign} {code}"
    if variable.kind == "text":
        if "\\" in said or '"' in said or "\n" in said:
            raise Untranslatable(f"the text {said[:40]!r} has quotation marks, backslashes or several lines")
        return f'{variable.id} {sign} "{said}"'
    if variable.kind not in ("scale", "number"):
        raise Untranslatable(f"{variable.id!r} has several answers and is compared as if it had one")
    return f"{variable.id} {sign} {_number(value, variable)}"


def _number(value: int | float | str, variable: Variable) -> str:
    try:
        number = float(value)
    except ValueError:
        raise Untranslatable(f"{variable.id!r} is a number, and compared with {str(value)[:40]!r}") from None
    if not abs(number) <= 1e15:
        raise Untranslatable(f"{variable.id!r} is compared with a number that is too large")
    return str(int(number)) if number.is_integer() else repr(number)


def _counted(parts: Iterable[Node], variables: Mapping[str, Variable], sign: str, value: int | float | str) -> str:
    boxes = [_variable(part, variables) for part in parts if isinstance(part, Ref)]
    if not boxes or len({box.id for box in boxes}) > 1 or any(box.option is None for box in boxes):
        raise Untranslatable("count() here is of the options of one multiple choice")
    if {box.option for box in boxes} != set(boxes[0].codes.values()):
        raise Untranslatable("count() of some options of a multiple choice has no counterpart")
    return f"count({boxes[0].id}) {sign} {_number(value, boxes[0])}"


_PLACE = re.compile(r"\{([^\W\d][\w.#]*)\}")


def piped(text: str, variables: Mapping[str, Variable]) -> tuple[str, list[str]]:
    """A wording with its ``{Q1.shown}`` as ``{{ Q1 }}``, and the expressions that stay as they were written."""
    kept: list[str] = []

    def place(found: re.Match[str]) -> str:
        variable = variables.get(plain_name(found[1]))
        if variable is None or variable.option is not None or variable.rank is not None:
            return found[0]
        coded = found[1].endswith((".NAOK", ".value", ".code", ".valueNAOK")) and variable.kind == "single"
        return f"{{{{ {variable.id}{'.code' if coded else ''} }}}}"

    filled = _PLACE.sub(place, text)
    kept += re.findall(r"(?<!\{)\{[^\s{}][^{}]*\}(?!\})", filled)
    return filled, kept
