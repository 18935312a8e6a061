"""Expressions as form builders write them, ``{age} >= 18 and not(selected(${likes}, 'a'))``, parsed to a tree."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from surveys.formats.logic import Untranslatable, Value

DEEPEST = 40
"""Levels of parentheses that are read."""

LONGEST = 10_000
"""Characters of an expression that are read."""


@dataclass(frozen=True)
class Ref:
    """An answer by its name; ``.`` is the answer just given."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function, or an operator under its sign, with its arguments."""

    name: str
    arguments: tuple["Node", ...]


Node: TypeAlias = Ref | Call | Value

_TOKEN = re.compile(
    r"\s*(?:"
    r"\$?\{\s*(?P<ref>[^{}]*?)\s*\}"
    r"|(?P<text>'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\")"
    r"|(?P<number>\d+(?:\.\d+)?(?![\w-]))"
    r"|(?P<sign><=|>=|!=|<>|==|&&|\|\||[=<>!+*/(),\[\]|-])"
    r"|(?P<word>[^\W\d][\w:-]*)"
    r"|(?P<self>\.)"
    r")",
    re.DOTALL,
)
_LEVELS: tuple[dict[str, str], ...] = (
    {"or": "or", "||": "or"},
    {"and": "and", "&&": "and"},
    {
        **{"=": "==", "==": "==", "equal": "==", "!=": "!=", "<>": "!=", "notequal": "!=", "<": "<", "less": "<"},
        **{"<=": "<=", "lessorequal": "<=", ">": ">", "greater": ">", ">=": ">=", "greaterorequal": ">="},
        **{word: word for word in ("contains", "notcontains", "anyof", "allof", "noneof")},
        **{"contain": "contains", "notcontain": "notcontains"},
    },
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/", "div": "/", "mod": "%"},
)
_AFTER = ("empty", "notempty")


def parse(text: str) -> Node:
    """The tree of an expression.

    >>> parse("{age} >= 18")
    Call(name='>=', arguments=(Ref(name='age'), 18))

    Raises
    ------
    Untranslatable
        If it is no expression of this kind.
    """
    if len(text) > LONGEST:
        raise Untranslatable(f"it is longer than {LONGEST:,} characters")
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise Untranslatable(f"{text[position : position + 30]!r} cannot be read")
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            position = found.end()
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self._at < len(self._tokens):
            raise Untranslatable(f"{self._tokens[self._at][1][:30]!r} stands where the expression should end")
        return node

    def _next(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, sign: str) -> bool:
        taken = self._next() == ("sign", sign)
        self._at += taken
        return taken

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._primary()
        left = self._level(level + 1)
        while True:
            kind, token = self._next()
            word = _LEVELS[level].get(token.lower()) if kind in ("sign", "word") else None
            if word is None:
                return left
            self._at += 1
            left = Call(word, (left, self._level(level + 1)))

    def _primary(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Untranslatable(f"it is nested more than {DEEPEST} levels deep")
        node = self._one()
        while self._next()[0] == "word" and self._next()[1].lower() in _AFTER:
            node = Call(self._next()[1].lower(), (node,))
            self._at += 1
        self._depth -= 1
        return node

    def _one(self) -> Node:
        kind, token = self._next()
        self._at += 1
        if kind == "ref":
            return Ref(token)
        if kind == "self":
            return Ref(".")
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if kind == "number":
            if len(token) > 18:
                raise Untranslatable(f"the number {token[:18]}... is too long")
            return float(token) if "." in token else int(token)
        if token == "-":
            inner = self._primary()
            return -inner if isinstance(inner, int | float) else Call("negative", (inner,))
        if token == "!":
            return Call("not", (self._primary(),))
        if token == "(":
            inner = self._level(0)
            self._expect(")")
            return inner
        if token == "[":
            return Call("list", self._arguments("]"))
        if kind == "word":
            return Call(token.lower(), self._arguments(")")) if self._take("(") else token
        raise Untranslatable(f"{token[:30]!r} stands where a value should" if token else "it ends too early")

    def _arguments(self, closing: str) -> tuple[Node, ...]:
        if self._take(closing):
            return ()
        arguments = [self._level(0)]
        while self._take(","):
            arguments.append(self._level(0))
        self._expect(closing)
        return tuple(arguments)

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise Untranslatable(f"{sign!r} is missing")
