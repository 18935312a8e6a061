"""Files from elsewhere, read within limits: whatever they hold, the end is content or a :class:`DocumentError`."""

import codecs
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from demoscope.errors import DocumentError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST = 20_000_000
"""Bytes of a file that are read."""

DEEPEST = 100
"""Levels of nesting that are read."""

MOST_ELEMENTS = 1_000_000
"""Elements of an XML document that are read."""

_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def refuse_special(path: Path) -> None:
    """Refuse pipes, devices and whatever else could be read without end; a file that is missing is not refused."""
    try:
        special = path.exists() and not path.is_file()
    except (OSError, ValueError):  # whoever opens it says why it cannot be read
        return
    if special:
        raise DocumentError(f"{path}: cannot be read (not a file). Check the path.")


def read_bytes(path: Path) -> bytes:
    """Content of a file that is not too large."""
    refuse_special(path)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise DocumentError(f"{path}: no such file. Check the path.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DocumentError(f"{str(path)!r}: cannot be read ({why}).") from None
    if len(content) > LARGEST:
        raise DocumentError(f"{path}: larger than {LARGEST:,} bytes; no questionnaire is. Split it.")
    if not content.strip():
        raise DocumentError(f"{path}: the file is empty.")
    return content


def read_text(path: Path) -> str:
    """Text of a file in UTF-8, or in UTF-16 when it begins with a mark of that."""
    content = read_bytes(path)
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}: not {encoding.upper()} text (byte {error.start}). Save it as UTF-8.") from None


def read_json(path: Path) -> Any:
    """Content of a JSON file."""
    return parse_json(read_text(path), path)


def parse_json(text: str, path: Path) -> Any:
    """Content of a JSON text that stands in the file ``path``."""

    def no_number(name: str) -> NoReturn:
        raise ValueError(f"{name} is no number")

    refuse_depth(text, path)
    try:
        return json.loads(text, parse_constant=no_number)
    except json.JSONDecodeError as error:
        raise DocumentError(f"{path}:{error.lineno}: not valid JSON: {error.msg}.") from None
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{path}: not valid JSON: {str(error)[:200]}.") from None


def refuse_depth(text: str, path: Path) -> None:
    """Refuse JSON, or JavaScript that is like it, with more brackets open at once than any questionnaire has."""
    depth = 0
    for token in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > DEEPEST:
            raise DocumentError(f"{path}: nested more than {DEEPEST} levels deep; no questionnaire needs that.")


def read_xml(path: Path) -> "Element":
    """Root of an XML file without a document type, entities or links to elsewhere."""
    return parse_xml(read_bytes(path), str(path))


def parse_xml(content: bytes, where: str) -> "Element":
    """Root of an XML document; ``where`` names it in errors."""
    import io
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    root: Element | None = None
    depth = count = 0
    try:
        for event, element in iterparse(io.BytesIO(content), ("start", "end"), forbid_dtd=True):
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            count += event == "start"
            if depth > DEEPEST or count > MOST_ELEMENTS:
                raise DocumentError(f"{where}: nested more than {DEEPEST} levels deep, or more than a million parts.")
    except DefusedXmlException:
        raise DocumentError(f"{where}: declares a document type or entities; remove them.") from None
    except ParseError as error:
        raise DocumentError(f"{where}:{error.position[0]}: not valid XML: {str(error).split(':')[0]}.") from None
    except (ValueError, LookupError, UnicodeError) as error:
        raise DocumentError(f"{where}: not valid XML: {error}.") from None
    assert root is not None
    return root
