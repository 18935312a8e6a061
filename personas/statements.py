"""First-person statements for the demographic questions of the World Values Survey."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from demoscope.documents import Document, read
from personas.attributes import Attribute
from personas.persona import Persona
from personas.place_names import with_the
from personas.templates import check_template, fill

LIBRARY = Path(__file__).parent / "library"


class Statement(Document):
    """How one demographic question becomes a statement.

    >>> Statement(text="I am {{ answer }}", answers={"1": "a man", "2": "a woman"}).say("2")
    'I am a woman'
    """

    text: str
    """Template with the variable ``answer``, in English, in lower case where English allows, without a full stop."""
    answers: dict[str, str] = Field(default_factory=dict)
    """Code -> words; codes with the same words are one group. Any label serves when empty."""

    @model_validator(mode="after")
    def _says_the_answer(self) -> Self:
        check_template(self.text, ("answer",), ())
        return self

    def say(self, code: str, label: str | None = None) -> str:
        """The statement for a code, or for a label where any will do; empty for a code that is not listed."""
        answer = self.answers.get(code) if self.answers else label
        return fill(self.text, {"answer": answer}, {}) if answer else ""


class _Statements(Document):
    statements: dict[str, Statement]


@cache
def wvs_statements() -> Mapping[str, Statement]:
    """The 31 demographic questions of IndieValueCatalog, by the name of the survey's variable."""
    return read(_Statements, LIBRARY / "wvs_statements.yaml").statements


def say(name: str, code: str, label: str) -> str:
    """What a person says of one of these questions who gave this code; empty when it is not listed.

    >>> say("Q260", "2", "woman"), say("B_COUNTRY", "528", "Netherlands"), say("Q260", "-2", "no answer")
    ('I am a woman', 'I live in the Netherlands', '')
    """
    return wvs_statements()[name].say(code, with_the(label))


def statement(name: str, persona: Persona, attributes: Mapping[str, Attribute]) -> str | None:
    """What a person says of the attribute ``name`` when it is one of these questions; ``None`` when it is not.

    Empty when the answer is not known of the person, or is not one of the listed codes.
    """
    if name not in wvs_statements():
        return None
    value = persona.attributes.get(name)
    if value is None:
        return ""
    return say(name, str(value), str(attributes[name].label(value, "en") if name in attributes else value))
