"""JavaScript object literals, ``export const json = { title: 'A', pages: [ ... ] };``, turned into JSON."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from demoscope.errors import DocumentError

_TOKEN = re.compile(
    r"(?P<blank>\s+|//[^\n]*|/\*.*?\*/)"
    r"|(?P<text>\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|`(?:[^`\\]|\\.)*+`)"
    r"|(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,4})?)"
    r"|(?P<word>[A-Za-z_$][\w$]*)"
    r"|(?P<sign>[{}\[\]:,;])",
    re.DOTALL,
)
_BEFORE = re.compile(
    r"\s*(?:(?://[^\n]*|/\*.*?\*/|import[^\n]*|['\"]use strict['\"];?)\s*)*"
    r"(?:(?:export\s+default|(?:export\s+)?(?:const|let|var)\s+[\w$]+\s*(?::\s*\w+\s*)?=|module\.exports\s*="
    r"|[\w$]+(?:\.[\w$]+)*\s*=)\s*)?(?={)",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_LITERALS = ("true", "false", "null")


def to_json(text: str, path: Path) -> str:
    """The first object of a script as JSON text.

    >>> to_json("export const json = { title: 'A', pages: [1, 2,], };", Path("x.js"))
    '{"title":"A","pages":[1,2]}'

    Raises
    ------
    DocumentError
        If it is more than an object literal, such as a program.
    """
    start = _BEFORE.match(text)
    if start is None:
        raise DocumentError(f"{path}: expected JSON or `export const json = {{ ... }}`; programs are not run.")
    parts: list[str] = []
    for part in _parts(text, start.end(), path):
        if part in ("}", "]") and parts and parts[-1] == ",":
            parts.pop()
        parts.append(part)
    return "".join(parts)


def _parts(text: str, position: int, path: Path) -> Iterator[str]:
    depth = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            line = text.count("\n", 0, position) + 1
            raise DocumentError(
                f"{path}:{line}: {text[position : position + 20]!r} is more than data; programs are not run."
            )
        position = found.end()
        kind, token = found.lastgroup, found[0]
        if kind == "sign":
            depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token, 0)
            yield token
            if depth == 0:
                return
        elif kind == "text":
            yield json.dumps(_unquoted(token))
        elif kind == "word":
            yield token if token in _LITERALS else json.dumps(token)
        elif kind == "number":
            yield _number(token)


def _number(token: str) -> str:
    if re.fullmatch(r"-?(0|[1-9]\d*)", token):
        return token
    value = float(token)
    return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _unquoted(token: str) -> str:
    def escape(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code:
            number = int(code, 16)
            return chr(number) if number < 0x110000 else "\ufffd"
        return _ESCAPES.get(found[4], found[4])

    return re.sub(
        r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|(.))", escape, token[1:-1], flags=re.DOTALL
    )
