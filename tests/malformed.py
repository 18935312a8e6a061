"""Files that are wrong in every way that came to mind, made from good ones; the same for the same seed."""

import io
import json
import random
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from surveys.formats.registry import formats
from tests.every_kind import portable

TRUNCATIONS = (0, 1, 3, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.999)
"""Bytes, or shares of the file, that are left."""

HUGE = ("9" * 400, "1e999", "-1", "NaN", "=1+1", "\u202e\u0301\u0301", "{{", "${", "\ud7ff\uffff", "")
"""Texts that replace other texts."""

WRONG: tuple[Any, ...] = (None, [], {}, -1, 10**30, 1.5, True, "", "x" * 100_000, [[[[]]]], {"a": {"b": []}})
"""Values that replace other values."""

STAMPS = {
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ": b"2026-01-01T00:00:00Z",  # of workbooks
    rb"[ \d]\d [A-Z][a-z]{2} \d\d\d\d:\d\d:\d\d": b"01 Jan 2600:00:00",  # of SPSS
    rb"[ \d]\d [A-Z][a-z]{2} \d{4} \d\d:\d\d": b"01 Jan 2026 00:00",  # of Stata
}
"""When a file was made, as files tell it, and what is told instead."""


def good_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """One good file of every format that can be written."""
    for name, kind in formats().items():
        if kind.write is not None:
            path = folder / f"{name}{kind.suffixes[0]}"
            kind.write(portable(), path)
            yield name, path


def malformed(path: Path, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """What was done to the good file, and what came of it."""
    content = _undated(path.read_bytes())
    for left in TRUNCATIONS:
        size = left if isinstance(left, int) else int(len(content) * left)
        yield f"cut to {left}", content[:size]
    for number in range(12):
        yield f"flipped {number}", _flipped(content, rng, 1 if number < 6 else 40)
    yield "doubled", content * 2
    yield "nothing but zeros", b"\0" * len(content)
    yield "zero at the end", content + b"\0"
    yield "noise", rng.randbytes(4096)
    yield "a long line", content + b"x" * 3_000_000
    yield "many brackets", b"[" * 200_000
    yield "many braces", b'{"pages":' * 100_000
    yield "too large", b" " * 20_000_001
    if zipfile.is_zipfile(path):
        yield from _packed(content, rng)
    elif b"\0" in content:
        for number in range(20):
            yield f"flipped further {number}", _flipped(content, rng, 1 + number)
    else:
        yield from _texts(content, rng)
    if content.lstrip()[:1] == b"{":
        yield from _objects(json.loads(content), rng)


def _flipped(content: bytes, rng: random.Random, times: int) -> bytes:
    flipped = bytearray(content)
    for _ in range(times):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return bytes(flipped)


def _texts(content: bytes, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    text = content.decode("utf-8-sig")
    for encoding in ("utf-16", "utf-16-le", "utf-32", "gb18030", "cp500"):
        yield f"in {encoding}", text.encode(encoding, errors="replace")
    yield "with a wrong mark", b"\xff\xfe" + content
    yield "with a null in the middle", text.replace("trust", "tr\0ust").encode()
    yield "with overlong bytes", content.replace(b"a", b"\xc0\xaf", 3)
    lines = text.splitlines(keepends=True)
    for number in range(8):
        shuffled = lines.copy()
        place = rng.randrange(len(shuffled))
        del shuffled[place : place + 1 + number]
        yield f"without lines from {place}", "".join(shuffled).encode()
    words = sorted({word for word in text.replace('"', " ").split() if len(word) > 2})
    for number in range(20):
        word, other = rng.choice(words), HUGE[number % len(HUGE)]
        yield f"{word} replaced by {other[:10]}", text.replace(word, other).encode(errors="surrogatepass")
    yield "with 10,000 repeated lines", (text + "".join(lines[-3:]) * 10_000).encode()
    yield "entities", b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY c "&b;&b;">]><a>&c;</a>' + content
    yield "aliases", b"a: &a [x, x]\nb: &b [*a, *a]\nquestions: [*b, *b]\n"


def _objects(whole: Any, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """A JSON document with values of other types, without keys, and with far too much."""
    places = list(_places(whole))
    for number in range(44):
        path = rng.choice(places)
        changed = json.loads(json.dumps(whole))
        holder = changed
        for part in path[:-1]:
            holder = holder[part]
        if number % 4 == 0:
            del holder[path[-1]]
        else:
            holder[path[-1]] = WRONG[number % len(WRONG)]
        yield f"{'/'.join(map(str, path))} changed ({number})", json.dumps(changed).encode()
    for value in ("1e400", "-Infinity", "NaN", "9" * 5000, '"\\ud800"'):
        yield f"a number {value[:10]}", json.dumps(whole).replace("1", value, 1).encode()
    yield "no object", b"[]"
    yield "a text", b'"pages"'


def _places(whole: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inside = whole.items() if isinstance(whole, dict) else enumerate(whole) if isinstance(whole, list) else ()
    for key, value in inside:
        yield from _places(value, (*path, key))


def _undated(content: bytes) -> bytes:
    """A file that says of no day that it was made then, so that what is done to its bytes is the same every day."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        parts = parts_in(content)
        return packed({name: _undated(part) for name, part in parts.items()})
    for stamp, other in STAMPS.items():
        content = re.sub(stamp, other, content)
    return content


def parts_in(content: bytes) -> dict[str, bytes]:
    """Parts of a zip archive by their names."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _packed(content: bytes, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """A workbook whose parts are missing, broken, hostile or far too large."""
    parts = parts_in(content)
    for name in parts:
        yield f"without {name}", packed({key: value for key, value in parts.items() if key != name})
        yield f"{name} cut", packed(parts | {name: parts[name][: len(parts[name]) // 2]})
        yield f"{name} flipped", packed(parts | {name: _flipped(parts[name], rng, 5)})
        yield f"{name} empty", packed(parts | {name: b""})
    sheet = next(name for name in parts if name.startswith("xl/worksheets/"))
    laughs = b"<!DOCTYPE a [" + b"".join(
        b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"ha") for n in range(10)
    )
    yield "billion laughs", packed(parts | {sheet: laughs + b"]>" + parts[sheet].replace(b"<row", b"&l9;<row", 1)})
    outside = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield "external entity", packed(parts | {sheet: outside + parts[sheet]})
    yield from hostile_workbooks(parts, sheet)
    yield "zip bomb", packed(parts | {"xl/media/bomb": b"\0" * 100_000_000})
    yield "many files", packed(parts | {f"xl/media/{n}": b"" for n in range(3_000)})
    yield "far cell", packed(parts | {sheet: parts[sheet].replace(b'r="A1"', b'r="XFD1048576"')})
    yield (
        "far dimension",
        packed(parts | {sheet: parts[sheet].replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')}),
    )


def hostile_workbooks(parts: dict[str, bytes], sheet: str) -> Iterator[tuple[str, bytes]]:
    """Small workbooks that would take gigabytes, or minutes, to build a tree of."""
    begin = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    end = b"</sheetData></worksheet>"
    cell = b'<c t="inlineStr"><is><t>a</t></is></c>'
    yield "deep cells", packed(parts | {sheet: begin + b"<a>" * 10_000_000 + end})
    yield "a wide row", packed(parts | {sheet: begin + b"<row>" + cell * 1_400_000 + b"</row>" + end})
    styles = parts["xl/styles.xml"].replace(
        b"</styleSheet>", b"<extLst>" + b"<a/>" * 10_000_000 + b"</extLst></styleSheet>"
    )
    yield "many styles", packed(parts | {"xl/styles.xml": styles})


def large_matrix() -> bytes:
    """A small SurveyJS file whose rows and columns are 20 million options."""
    matrix = {"type": "matrix", "name": "m", "columns": list(range(999)), "rows": [f"r{n}" for n in range(20_000)]}
    return json.dumps({"elements": [matrix]}).encode()


def many_options(questions: int = 200, each: int = 900) -> bytes:
    """A table of questions with hundreds of options each."""
    options = "".join(f"option,,,{code},L{code}\n" for code in range(each))
    rows = "".join(f"question,q{number},single,,T\n{options}" for number in range(questions))
    return f"row,id,kind,code,text\nquestionnaire,a,,,A\n{rows}".encode()


def packed(parts: dict[str, bytes]) -> bytes:
    """A zip archive of these parts, dated 1980."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED, compresslevel=1)
    return out.getvalue()
