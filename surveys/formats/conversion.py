"""From one format to another: which format a file is, what is read, what is written, what was left out."""

from dataclasses import dataclass
from pathlib import Path

from demoscope.errors import DocumentError
from surveys.formats.interface import HEAD, Format, LeftOut, Reading
from surveys.formats.registry import find_format, formats
from surveys.formats.untrusted import refuse_special


@dataclass(frozen=True)
class Conversion:
    """What came of a conversion."""

    questions: int
    """Questions read."""
    read_as: str
    """Format of the file that was read."""
    written_as: str
    """Format of the file that was written."""
    not_read: tuple[LeftOut, ...]
    """What the file has and our documents have not."""
    not_written: tuple[LeftOut, ...]
    """What our documents have and the written format has not."""


def convert(source: Path, target: Path, read_as: str | None = None, write_as: str | None = None) -> Conversion:
    """Read a questionnaire in one format and write it in another.

    Raises
    ------
    DocumentError
        If a format is unknown, cannot be told or cannot be written, or if the file cannot be read.
    """
    writing = _write_format(target, write_as)
    assert writing.write is not None
    reading, found = read_questionnaire(source, read_as)
    if target.exists() and target.samefile(source):
        raise DocumentError(f"{target}: would be written over the file that is read; name another file.")
    not_written = writing.write(reading.questionnaire, target)
    asked = len(reading.questionnaire.questions)
    return Conversion(asked, found.name, writing.name, reading.left_out, not_written)


def read_questionnaire(path: Path, name: str | None = None) -> tuple[Reading, Format]:
    """Read a file in the format of this name, or in the one that it seems to be."""
    refuse_special(path)
    found = find_format(name) if name is not None else _guess(path)
    return found.read(path), found


def _guess(path: Path) -> Format:
    """The format whose ending the file has, and, where several share it, whose look it has."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except FileNotFoundError:
        raise DocumentError(f"{path}: no such file. Check the path.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DocumentError(f"{str(path)!r}: cannot be read ({why}).") from None
    named = [one for one in formats().values() if path.suffix.lower() in one.suffixes]
    if len(named) == 1:
        return named[0]
    everything = tuple(formats().values())
    alike = [one for one in named if one.recognises(head)] or [one for one in everything if one.recognises(head)]
    if len(alike) == 1:
        return alike[0]
    among = ", ".join(one.name for one in alike or named or formats().values())
    raise DocumentError(f"{path}: the format cannot be told from its name and content; say --from, one of {among}.")


def _write_format(path: Path, name: str | None) -> Format:
    able = {one.name: one for one in formats().values() if one.write is not None}
    if name is not None:
        found = find_format(name)
        if found.write is None:
            raise DocumentError(f"{found.title} is read only; --to can be {', '.join(able)}.")
        return found
    named = [one for one in able.values() if path.suffix.lower() in one.suffixes]
    if len(named) == 1:
        return named[0]
    among = ", ".join(one.name for one in named or able.values())
    raise DocumentError(f"{path}: the format cannot be told from the ending; say --to, one of {among}.")
