"""Writing files whole or not at all, and without what they cannot hold."""

import os
import re
import tempfile
from pathlib import Path

from demoscope.errors import DocumentError

_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8."""
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DocumentError(
            f"{path}: the questionnaire has half a character ({text[error.start]!r}) that no file can hold."
        ) from None
    write_bytes(path, content)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file beside its place, then move it there, so that nobody ever reads half of it.

    Raises
    ------
    DocumentError
        If the folder is missing or cannot be written to.
    """
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(beside).chmod(0o644)
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DocumentError(f"{str(path)!r}: cannot be written ({why}). Check the folder.") from None


def xml_text(text: str, instead: str = "") -> str:
    """The text with ``instead`` for the characters that no XML can hold.

    >>> xml_text("a\\x00b", "?")
    'a?b'
    """
    return _NOT_XML.sub(instead, text)
