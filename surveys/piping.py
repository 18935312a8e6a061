"""Wordings that insert what is known: ``{{ trust }}``, ``{{ trust.code }}``, ``{{ persona.age }}``, ``{{ item }}``.

``{{ trust | the press }}`` says what stands there when the answer was not given, or was a declared "don't know";
without it, a question that inserts an answer which was not given cannot be asked and is skipped.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from surveys.question import Question

_PLACE = re.compile(r"\{\{([^{}]*)\}\}")
WORDED = ("text", "stem", "instruction", "low_label", "high_label", "unit")
"""Fields of a question whose wording may insert something, beside the labels of options and points."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place in a wording where something is inserted."""

    name: str
    """What is inserted, such as ``trust``, ``trust.code`` or ``persona.age``."""
    otherwise: str | None = None
    """What stands there when it is not known; the question is skipped when absent."""


class NotKnown(LookupError):
    """What a wording inserts is not known; its text is the name."""


def places(text: str) -> tuple[Place, ...]:
    """The places in a wording where something is inserted.

    >>> places("You trust {{ trust }} as a {{ persona.job | citizen }}.")
    (Place(name='trust', otherwise=None), Place(name='persona.job', otherwise='citizen'))

    Raises
    ------
    ValueError
        If braces are left open or empty.
    """
    if "{{" not in text:
        return ()
    found = tuple(_place(match) for match in _PLACE.finditer(text))
    if "{{" in _PLACE.sub("", text) or any(not place.name for place in found):
        raise ValueError(
            f"the wording {text[:80]!r} has braces that do not close around a name; write {{{{ trust }}}}, or "
            "{{ trust | what else to say }}"
        )
    return found


def _place(match: re.Match[str]) -> Place:
    name, bar, otherwise = match[1].partition("|")
    return Place(name.strip(), otherwise.strip() if bar else None)


def filled(text: str, known: Callable[[str], str | None]) -> str:
    """The wording with everything inserted; what is inserted is never looked at again.

    >>> filled("Tea or {{ other | water }}?", {"other": "milk"}.get)
    'Tea or milk?'

    Raises
    ------
    NotKnown
        If something is not known that the wording cannot do without.
    """
    if "{{" not in text:
        return text

    def insert(match: re.Match[str]) -> str:
        place = _place(match)
        words = known(place.name)
        if words is None:
            words = place.otherwise
        if words is None:
            raise NotKnown(place.name)
        return words

    return _PLACE.sub(insert, text)


def renamed(text: str, names: Mapping[str, str], item: str | None = None) -> str:
    """The wording with ids replaced, and ``item`` by the member of a loop."""
    if "{{" not in text:
        return text

    def rename(match: re.Match[str]) -> str:
        place = _place(match)
        if place.name == "item" and item is not None:
            return item
        name, dot, part = place.name.partition(".")
        otherwise = "" if place.otherwise is None else f" | {place.otherwise}"
        return f"{{{{ {names.get(name, name)}{dot}{part}{otherwise} }}}}"

    return _PLACE.sub(rename, text)


def wordings(question: Question) -> Iterator[str]:
    """Every wording of a question that may insert something."""
    for name in WORDED:
        text = getattr(question, name)
        if text:
            yield text
    for option in question.options:
        yield option.label
    yield from question.point_labels.values()
    yield from question.wordings.values()


def inserts(question: Question) -> bool:
    """Whether some wording of a question inserts something."""
    return any("{{" in text for text in wordings(question))


def inserted_by(question: Question) -> frozenset[str]:
    """Ids of questions, and whatever else, that the wordings of a question insert.

    >>> sorted(inserted_by(Question(id="q", text="{{ tea }} or {{ milk.code | water }}?", kind="text")))
    ['milk', 'tea']
    """
    return frozenset(place.name.partition(".")[0] for text in wordings(question) for place in places(text))


def reworded(question: Question, change: Callable[[str], str]) -> Question:
    """The question with every wording changed; the question itself when nothing changes."""
    if not inserts(question):
        return question
    update: dict[str, Any] = {name: change(text) for name in WORDED if (text := getattr(question, name)) is not None}
    update["options"] = tuple(
        option.model_copy(update={"label": change(option.label)}) if "{{" in option.label else option
        for option in question.options
    )
    for name in ("point_labels", "wordings"):
        update[name] = {key: change(text) for key, text in getattr(question, name).items()}
    return question.model_copy(update=update)
