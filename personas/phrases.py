"""How a population says in words what it knows of a persona: clauses, and whole portraits of one's own."""

from collections.abc import Iterable, Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.attributes import Text, in_language
from personas.persona import Value
from personas.templates import check_template, fill

PLACE = ("country", "state", "city")
"""Variables of a portrait that tell where the person lives; empty where it is not known."""

STYLES = ("second_person", "first_person", "statements", "interview")
"""Portraits that every population has; a document's own `portraits` add theirs by name."""

Voice = Literal["text", "first"]
"""Which clause of a phrase: the second person, or the first."""


class Phrase(Document):
    """One clause that tells some attributes of a persona.

    >>> phrase = Phrase(tells=("age", "sex"), text="you are {{ age | a }}-year-old {{ sex }}")
    >>> phrase.say({"age": 18, "sex": "woman"}, {"age": 18, "sex": "female"}, "en")
    'you are an 18-year-old woman'
    """

    tells: tuple[str, ...] = Field(min_length=1)
    """Attributes that the clause tells."""
    text: Text
    """Clause in the second person, in lower case and without a full stop, as a Jinja template: ``{{ sex }}`` is a
    label, ``{{ code.sex }}`` its code, and the filter ``a`` sets the English indefinite article."""
    first: Text | None = None
    """The same clause in the first person, for portraits in which the person speaks."""
    asked: Text | None = None
    """Question to which the label is the answer, for portraits that list an interview; of one attribute."""

    @model_validator(mode="after")
    def _reaches_only_what_it_tells(self) -> Self:
        for text in (self.text, self.first):
            for template in texts_of(text):
                check_template(template, self.tells, self.tells)
        if self.asked is not None and len(self.tells) > 1:
            raise ValueError(f"a question asks for one attribute; this phrase tells {', '.join(self.tells)}")
        return self

    def say(
        self, labels: Mapping[str, Value], codes: Mapping[str, Value], language: str, voice: Voice = "text"
    ) -> str:
        """The clause in words.

        Raises
        ------
        DocumentError
            If there is no text in that language or voice, or the template reaches for what is not there.
        """
        what = f"The phrase that tells {', '.join(self.tells)}"
        written = getattr(self, voice)
        if written is None:
            raise DocumentError(f"{what} has no clause in the first person; add `first` to it.")
        text = in_language(written, language, what)
        return fill(text, {name: labels[name] for name in self.tells}, {name: codes[name] for name in self.tells})


class PortraitTemplate(Document):
    """A portrait in one's own words: a whole text, with the attributes and the place as variables."""

    text: Text
    """Jinja template: attributes, ``country``, ``state`` and ``city`` are variables, ``{{ code.sex }}`` is a code."""


def check_portraits(portraits: Mapping[str, PortraitTemplate], attributes: Iterable[str]) -> None:
    """Refuse portraits that name what nobody has; a :class:`ValueError` names portrait and variable."""
    names = tuple(attributes)
    for style, portrait in portraits.items():
        if style in STYLES:
            raise ValueError(f"portrait {style!r}: every population has one of this name; call yours otherwise")
        for template in texts_of(portrait.text):
            try:
                check_template(template, (*names, *PLACE), names)
            except ValueError as error:
                raise ValueError(f"portrait {style!r}: {error}") from None


def texts_of(text: Text | None) -> tuple[str, ...]:
    """A text in every language that it is written in.

    >>> texts_of({"en": "woman", "zh": "女性"}), texts_of("woman"), texts_of(None)
    (('woman', '女性'), ('woman',), ())
    """
    return () if text is None else (text,) if isinstance(text, str) else tuple(text.values())
