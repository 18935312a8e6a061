"""Small sandboxed templates in which documents say things: they insert words, choose between them, and no more."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import jinja2
import jinja2.sandbox
from jinja2 import nodes

from demoscope.errors import DocumentError
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
"""What a template may consist of; it reaches nothing else."""

_AN = re.compile(
    r"8\d*\b|11\b|18\b|11\d{3}\b|18\d{3}\b|[aeiou]|hour|honest|honou?r|heir|"
    r"(?-i:(?:MBA|MA|MSc|NGO|FBI|[FHLMNRSX][B-DF-HJ-NP-TV-XZ]*s?)\b)",
    re.IGNORECASE,
)
_A = re.compile(
    r"uni(?!n|m|d)|us(?:a|e|u|\b)|u\.|ukr|ugan|uru|utah|utop|uten|utili|eu\B|one\b|once\b|(?-i:U[A-Z]{1,2}\b)",
    re.IGNORECASE,
)
"""Words that begin with a vowel's sound, and those with a vowel's letter alone."""


def with_article(words: object) -> str:
    """English words or a number after the indefinite article that they take when spoken.

    >>> [with_article(words) for words in (18, 44, 80, "engineer", "university degree", "unemployed man")]
    ['an 18', 'a 44', 'an 80', 'an engineer', 'a university degree', 'an unemployed man']
    >>> [with_article(words) for words in ("farmer", "Ukrainian", "unimportant man", "MBA", "X-ray technician")]
    ['a farmer', 'a Ukrainian', 'an unimportant man', 'an MBA', 'an X-ray technician']
    >>> [with_article(words) for words in ("UK citizen", "US citizen", "EU citizen", "usher", "MAN")]
    ['a UK citizen', 'a US citizen', 'an EU citizen', 'an usher', 'a MAN']
    """
    text = str(words)
    return f"an {text}" if _AN.match(text) and not _A.match(text) else f"a {text}"


class _Environment(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """A sandbox in which ``code.sex`` is the item of that name and never a method."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return obj[attribute] if isinstance(obj, Mapping) and attribute in obj else self.undefined(name=attribute)


def _environment() -> jinja2.Environment:
    environment = _Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.globals.clear()
    environment.filters = {
        name: environment.filters[name] for name in ("lower", "upper", "capitalize", "title", "trim")
    }
    environment.filters["a"] = with_article
    return environment


_ENVIRONMENT = _environment()


@lru_cache(maxsize=1024)
def _template(text: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(text)


def check_template(text: str, variables: Collection[str], coded: Collection[str]) -> None:
    """Refuse a template that cannot be said with these variables, or that reaches for anything else.

    Parameters
    ----------
    text : str
        Jinja template: ``{{ sex }}`` is a label, ``{{ code.sex }}`` its code, and the filter ``a`` sets the English
        indefinite article.
    variables : collection of str
        What ``{{ ... }}`` may name.
    coded : collection of str
        Which of them have a code.

    Raises
    ------
    ValueError
        If it names what is not there, does more than insert and choose words, or is no template.

    >>> check_template("you are {{ sex | a }}", ["sex"], ["sex"])
    """
    try:
        tree = _ENVIRONMENT.parse(text)
        _check(text, tree, variables, coded)
        _template(text)  # after the check: compiling already computes what is constant
    except jinja2.TemplateError as error:
        raise ValueError(f"{text!r} is not a usable template: {error}") from None
    except (RecursionError, SyntaxError, MemoryError):  # of Jinja's parser, or of Python's for what Jinja made of it
        raise ValueError(f"{text[:60]!r}... is not a usable template: it is nested too deeply") from None


def _check(text: str, tree: nodes.Template, variables: Collection[str], coded: Collection[str]) -> None:
    foreign = next((node for node in tree.find_all(nodes.Node) if not isinstance(node, _WORDS)), None)
    if foreign is not None:
        raise ValueError(
            f"{text!r} does more than insert and choose words ({type(foreign).__name__}); "
            "a template has {{ variables }}, filters and {% if %}"
        )
    shown = _shown(tree)
    if shown is not None:
        raise ValueError(f"{text!r} would print {shown}; a template prints words, such as a label or code.sex")
    used = {name.name for name in tree.find_all(nodes.Name)} - {CODES}
    unknown = sorted(used - set(variables)) or [
        ".".join((*_path(part), part.attr))
        for part in tree.find_all(nodes.Getattr)
        if _path(part) != (CODES,) or part.attr not in coded
    ]
    if unknown:
        raise ValueError(
            f"{text!r} uses {unknown[0]!r}, which it does not tell; "
            f"its variables are {', '.join(variables)} and {CODES}"
        )


def _shown(tree: nodes.Template) -> str | None:
    """What the template could print that is no word: all codes, or a list that is not searched by ``in``."""
    parents = {id(child): node for node in (tree, *tree.find_all(nodes.Node)) for child in node.iter_child_nodes()}
    for node in tree.find_all((nodes.Name, nodes.Tuple, nodes.List)):
        parent = parents[id(node)]
        if isinstance(node, nodes.Name):
            if node.name == CODES and not isinstance(parent, nodes.Getattr):
                return f"all of {CODES}"
        elif not (isinstance(parent, nodes.Operand) and parent.op in ("in", "notin")):
            return "a list that no `in` searches"
    return None


def _path(part: nodes.Getattr) -> tuple[str, ...]:
    return (part.node.name,) if isinstance(part.node, nodes.Name) else ("?",)


def check_variable(name: str) -> None:
    """Refuse a name that templates hold for something else, by a :class:`ValueError`.

    >>> check_variable("self")
    Traceback (most recent call last):
    ValueError: 'self' means something else in templates; give the attribute another name
    """
    if name in (CODES, "self", "none", "true", "false", "None", "True", "False") or name.startswith("__"):
        raise ValueError(f"{name!r} means something else in templates; give the attribute another name")


def names_in(text: str) -> frozenset[str]:
    """Variables that a checked template names, by their label or their code.

    >>> sorted(names_in("{{ age | a }}-year-old{% if code.sex == 'male' %} man{% endif %}"))
    ['age', 'sex']
    """
    tree = _ENVIRONMENT.parse(text)
    named = {name.name for name in tree.find_all(nodes.Name)} - {CODES}
    return frozenset(named | {part.attr for part in tree.find_all(nodes.Getattr)})


def fill(text: str, labels: Mapping[str, Value], codes: Mapping[str, Value]) -> str:
    """The template in words, without blanks around it.

    >>> fill("{{ age | a }}-year-old {{ sex }}", {"age": 18, "sex": "woman"}, {"sex": "female"})
    'an 18-year-old woman'

    Raises
    ------
    DocumentError
        If it reaches for what is not there.
    """
    try:
        return _template(text).render(**labels, **{CODES: codes}).strip()
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise DocumentError(
            f"The template {text!r} cannot be said: {error}. Its variables are {', '.join(labels)} and {CODES}."
        ) from None
