"""Small sandboxed templates in which documents say things: they insert words, choose between them, and no more."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

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


def _check(text: str, tree: nodes.Template, variables: Collection[str], coded: Collection[str]) -> None:
    foreign = next((node for node in tree.find_all(nodes.Node) if not isinstance(node, _WORDS)), None)
    if foreign is not None:
        raise ValueError(
            f"{text!r} does more than insert and choose words ({type(foreign).__name__}); "
            "a template has {{ variables }}, filters and {% if %}"
        )
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


def _path(part: nodes.Getattr) -> tuple[str, ...]:
    return (part.node.name,) if isinstance(part.node, nodes.Name) else ("?",)


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
