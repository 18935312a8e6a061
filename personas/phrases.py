"""How a population says in words what it knows of a persona: small sandboxed templates."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Self

import jinja2
import jinja2.sandbox
from jinja2 import nodes
from pydantic import Field, model_validator

from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.attributes import Text, in_language
from personas.persona import Value

CODES = "code"
"""Template variable that holds the codes behind the labels: ``code.degree``."""

_WORDS = (
    *(nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Filter),
    *(
        nodes.If,
        nodes.CondExpr,
        nodes.Compare,
        nodes.Operand,
        nodes.And,
        nodes.Or,
        nodes.Not,
        nodes.Tuple,
        nodes.List,
    ),
)
"""What a phrase may consist of: it inserts words and chooses between them, and reaches nothing else."""

_AN = re.compile(r"8\d*\b|11\b|18\b|11\d{3}\b|18\d{3}\b|[aefiou]|hour|honest|heir", re.IGNORECASE)
_A = re.compile(r"uni(?!n)|use|usu|eu|one\b|once\b", re.IGNORECASE)


def with_article(words: object) -> str:
    """English words or a number after the indefinite article that they take when spoken.

    >>> [with_article(words) for words in (18, 44, 80, "engineer", "university degree", "unemployed man")]
    ['an 18', 'a 44', 'an 80', 'an engineer', 'a university degree', 'an unemployed man']
    """
    text = str(words)
    return f"an {text}" if _AN.match(text) and not _A.match(text) else f"a {text}"


def _environment() -> jinja2.Environment:
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.globals.clear()
    environment.filters = {
        name: environment.filters[name] for name in ("lower", "upper", "capitalize", "title", "trim")
    }
    environment.filters["a"] = with_article
    return environment


_ENVIRONMENT = _environment()


def _path(part: nodes.Getattr) -> tuple[str, ...]:
    return (part.node.name,) if isinstance(part.node, nodes.Name) else ("?",)


@lru_cache(maxsize=1024)
def _template(text: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(text)


class Phrase(Document):
    """One clause that tells some attributes of a persona.

    >>> phrase = Phrase(tells=("age", "sex"), text="you are {{ age | a }}-year-old {{ sex }}")
    >>> phrase.say({"age": 18, "sex": "woman"}, {"age": 18, "sex": "female"}, "en")
    'you are an 18-year-old woman'
    """

    tells: tuple[str, ...] = Field(min_length=1)
    """Attributes that the clause tells."""
    text: Text
    """Clause in lower case and without a full stop, as a Jinja template: ``{{ sex }}`` is a label,
    ``{{ code.sex }}`` its code, and the filter ``a`` sets the English indefinite article."""

    @model_validator(mode="after")
    def _reaches_only_what_it_tells(self) -> Self:
        for text in [self.text] if isinstance(self.text, str) else self.text.values():
            try:
                self._check(text, _ENVIRONMENT.parse(text))
                _template(text)  # after the check: compiling already computes what is constant
            except jinja2.TemplateError as error:
                raise ValueError(f"{text!r} is not a usable template: {error}") from None
        return self

    def _check(self, text: str, tree: nodes.Template) -> None:
        foreign = next((node for node in tree.find_all(nodes.Node) if not isinstance(node, _WORDS)), None)
        if foreign is not None:
            raise ValueError(
                f"{text!r} does more than insert and choose words ({type(foreign).__name__}); "
                "a phrase has {{ variables }}, filters and {% if %}"
            )
        used = {name.name for name in tree.find_all(nodes.Name)} - {CODES}
        unknown = sorted(used - set(self.tells)) or [
            ".".join((*_path(part), part.attr))
            for part in tree.find_all(nodes.Getattr)
            if _path(part) != (CODES,) or part.attr not in self.tells
        ]
        if unknown:
            raise ValueError(
                f"{text!r} uses {unknown[0]!r}, which it does not tell; "
                f"its variables are {', '.join(self.tells)} and {CODES}"
            )

    def say(self, labels: Mapping[str, Value], codes: Mapping[str, Value], language: str) -> str:
        """The clause in words.

        Raises
        ------
        DocumentError
            If there is no text in that language, or the template reaches for what is not there.
        """
        text = in_language(self.text, language, f"The phrase that tells {', '.join(self.tells)}")
        told = {name: labels[name] for name in self.tells}
        try:
            return _template(text).render(**told, **{CODES: {name: codes[name] for name in self.tells}}).strip()
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise DocumentError(
                f"The phrase {text!r} cannot be said: {error}. Its variables are {', '.join(self.tells)} and {CODES}."
            ) from None
