"""A codebook: the codes that open answers to a question are given."""

import hashlib

from pydantic import Field, field_validator

from demoscope.documents import Document

LARGEST = 2**31 - 1
"""Largest code."""


class CodebookCode(Document):
    """One code."""

    code: int = Field(ge=-LARGEST, le=LARGEST)
    label: str = Field(min_length=1)
    description: str | None = None
    """When it is given, with examples."""

    @property
    def line(self) -> str:
        """Code and label on one line, as a coder is told them.

        >>> CodebookCode(code=2, label="Time").line
        '2: Time'
        """
        return f"{self.code}: {' '.join(self.label.split())}"


class Codebook(Document):
    """What open answers to one question may be about; every answer gets one code."""

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    """Name of the coded question, which stands beside the open one."""
    question: str
    """Id of the question whose answers are coded; of kind ``text``."""
    codes: tuple[CodebookCode, ...] = Field(min_length=2)
    """The codes, one of them for all other answers."""

    @field_validator("codes")
    @classmethod
    def _codes_differ(cls, codes: tuple[CodebookCode, ...]) -> tuple[CodebookCode, ...]:
        numbers = [one.code for one in codes]
        twice = next((code for code in numbers if numbers.count(code) > 1), None)
        if twice is not None:
            raise ValueError(f"the code {twice} is there twice; every code is there once")
        return codes

    @property
    def digest(self) -> str:
        """BLAKE2 hash of all that it says, by which two states of it are told apart."""
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=4).hexdigest()
