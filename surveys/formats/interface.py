"""What a questionnaire format is: how its files are known, read and written, and what was lost on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from surveys.questionnaire import Questionnaire

HEAD = 65_536
"""Bytes of a file that :attr:`Format.recognises` is shown."""


@dataclass(frozen=True)
class LeftOut:
    """One thing that one side has and the other has not.

    >>> print(LeftOut("question Q3", "a timer of 30 seconds", "respondents here have no clock"))
    question Q3: a timer of 30 seconds (respondents here have no clock)
    """

    where: str
    """Place in the file it comes from, in its own terms, such as ``survey row 12`` or ``question QID3``."""
    what: str
    """What was left out, with its content where that is short."""
    why: str
    """Why, in words that follow "because"."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what} ({self.why})"


@dataclass(frozen=True)
class Reading:
    """A questionnaire as read from another tool's file."""

    questionnaire: Questionnaire
    left_out: tuple[LeftOut, ...] = ()
    """Everything the file has and the questionnaire has not."""


@dataclass(frozen=True)
class Format:
    """One format; a module of its own makes it as ``FORMAT``."""

    name: str
    """What ``--from`` and ``--to`` call it."""
    title: str
    """What people call it."""
    suffixes: tuple[str, ...]
    """Endings of its files, in lower case with the dot; several formats may share one."""
    recognises: Callable[[bytes], bool]
    """Whether a file that begins with these bytes may be of this format; never raises."""
    read: Callable[[Path], Reading]
    """Reads a file; raises :class:`~demoscope.errors.DocumentError` alone, whatever the file holds."""
    write: Callable[[Questionnaire, Path], tuple[LeftOut, ...]] | None = None
    """Writes a questionnaire, and says what the format cannot hold; ``None`` when nobody could read the file."""
