"""Rewriting and translating a questionnaire's wordings: what is asked of a model, and what its reply must keep."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from surveys import piping
from surveys.languages import Slot, texts
from surveys.question import Question
from surveys.questionnaire import Questionnaire

Purpose = Literal["paraphrase", "translate"]

LANGUAGES = {"en": "English", "zh": "Chinese", "de": "German", "es": "Spanish", "fr": "French", "ja": "Japanese"}
"""What languages are called in the instructions; others are named by their code."""

WRITE = {
    "paraphrase": "Rewrite the following wording of a survey question in {language}, in other words and with the "
    "same meaning. Keep every number and everything in double braces {{{{ }}}} as it is. {form}",
    "translate": "Translate the following wording of a survey into {language}. Keep every number and everything in "
    "double braces {{{{ }}}} as it is. {form}",
}
"""What is asked for."""
ONE = "Reply with the new wording alone."
SEVERAL = "Reply with the same numbered lines, such as [1], and nothing else."
AGAIN = "Your reply cannot be used: {problems}. Write the whole reply again and put this right."
MOST_TIMES = 4
"""How many times as long as the original a wording may be, beyond a sentence."""

_LINE = re.compile(r"^[ \t*]*\[(\d+)\][ \t*]*(.*(?:\n(?![ \t*]*\[\d+\]).*)*)", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_QUOTES = ("“”", '""', "「」", "''")


@dataclass(frozen=True, slots=True)
class Part:
    """One wording to be rewritten."""

    entry: str | None
    """Id of the entry it belongs to; ``None`` for the title of the questionnaire."""
    slot: Slot
    """Where in a :class:`~surveys.translation.Wording` it stands, such as ``("options", 2)``."""
    text: str
    """As it is now."""


def parts_to_paraphrase(question: Question) -> tuple[Part, ...]:
    """Wordings of a question that a paraphrase rewrites: the question alone, or all of a scale.

    Choices are never touched. The published method rewrites scaling items as a whole, so what the points of a scale
    mean is rewritten with the question.
    """
    parts = [Part(question.id, ("text",), question.text)]
    if question.kind == "scale":
        for name in ("low_label", "high_label"):
            if getattr(question, name):
                parts.append(Part(question.id, (name,), getattr(question, name)))
        parts += [Part(question.id, ("point_labels", point), said) for point, said in question.point_labels.items()]
    return tuple(parts)


def parts_to_translate(questionnaire: Questionnaire, language: str) -> dict[str, tuple[Part, ...]]:
    """Wordings that a translation into a language still lacks, by the question with which they are translated.

    What belongs to no question of its own, such as a title or a battery's wording, goes with the next question. What
    the questionnaire has in that language, reviewed or not, stays.
    """
    known = questionnaire.by_id
    missing = set(questionnaire.missing(language)) if language in questionnaire.translations else None
    found: dict[str, list[Part]] = {}
    waiting: list[Part] = []
    last = questionnaire.questions[-1].id
    for entry, slot, text in texts(questionnaire.model_dump(mode="json", exclude_defaults=True)):
        if missing is None or (entry, slot) in missing:
            waiting.append(Part(entry, slot, text))
        if entry in known and waiting:
            found.setdefault(entry, []).extend(waiting)
            waiting = []
    if waiting:
        found.setdefault(last, []).extend(waiting)
    return {entry: tuple(parts) for entry, parts in found.items()}


def request(parts: tuple[Part, ...], purpose: Purpose, language: str) -> str:
    """The turn that asks for other words.

    >>> print(request((Part("tea", ("text",), "Do you like tea?"),), "translate", "zh").splitlines()[-1])
    Do you like tea?
    """
    form = ONE if len(parts) == 1 else SEVERAL
    said = WRITE[purpose].format(language=LANGUAGES.get(language, language), form=form)
    if len(parts) == 1:
        return f"{said}\n\n{parts[0].text}"
    return "\n".join((said, "", *(f"[{number}] {part.text}" for number, part in enumerate(parts, start=1))))


def read_reply(reply: str, n: int) -> dict[int, str]:
    """New wordings by the number of their part, from 1.

    >>> read_reply("Sure!\\n[1] 茶？\\n[2] 是", 2)
    {1: '茶？', 2: '是'}
    """
    if n == 1:
        found = _LINE.search(reply)
        return {1: _unquoted(found[2] if found else reply)}
    return {int(found[1]): _unquoted(found[2]) for found in _LINE.finditer(reply)}


def problems(parts: tuple[Part, ...], said: Mapping[int, str], purpose: Purpose) -> tuple[str, ...]:
    """What is wrong with new wordings, for people and for the model; empty when they can be used.

    Placeholders and numbers must be those of the original, labels stay one line and apart from each other, and a
    wording may not grow beyond measure.
    """
    return tuple(_problems(parts, said, purpose))


def _problems(parts: tuple[Part, ...], said: Mapping[int, str], purpose: Purpose) -> Iterator[str]:
    for number in sorted(said.keys() - set(range(1, len(parts) + 1))):
        yield f"line [{number}] was not asked for"
    labels: dict[tuple[str | None, str], set[str]] = {}
    for number, part in enumerate(parts, start=1):
        where = f"line [{number}]" if len(parts) > 1 else "the wording"
        new = said.get(number, "")
        if not new:
            yield f"no line begins with [{number}]" if len(parts) > 1 else "the wording is missing"
            continue
        if sorted(_placeholders(new)) != sorted(_placeholders(part.text)):
            yield f"{where} does not keep what stands in double braces"
        if sorted(_numbers(new)) != sorted(_numbers(part.text)):
            yield f"{where} does not keep its numbers"
        if len(new) > MOST_TIMES * len(part.text) + 80:
            yield f"{where} is much longer than the original"
        if "\n" in new and ("\n" not in part.text or part.slot[0] != "text"):
            yield f"{where} is more than one line"
        if purpose == "paraphrase" and part.slot == ("text",) and new.casefold() == part.text.casefold():
            yield f"{where} is the original"
        if part.slot[0] == "options":
            group = labels.setdefault((part.entry, "options"), set())
            if new.casefold() in group:
                yield f"{where} is the same as another option"
            group.add(new.casefold())


def _placeholders(text: str) -> list[tuple[str, bool]]:
    """Names that are inserted, and whether something is said in their place; braces that do not close count too."""
    try:
        return [(place.name, place.otherwise is not None) for place in piping.places(text)]
    except ValueError:
        return [("{{", False)]


def _numbers(text: str) -> list[str]:
    return _NUMBER.findall(re.sub(r"\{\{.*?\}\}", " ", text))


def _unquoted(text: str) -> str:
    text = text.strip().strip("*").strip()
    for quotes in _QUOTES:
        if len(text) > 1 and text[0] == quotes[0] and text[-1] == quotes[-1] and quotes[0] not in text[1:-1]:
            return text[1:-1].strip()
    return text


def as_words(parts: Iterable[tuple[Part, str]]) -> dict[str | None, dict[str, object]]:
    """New wordings as plain data of :class:`~surveys.translation.Wording`, by entry; the title under ``None``."""
    found: dict[str | None, dict[str, object]] = {}
    for part, text in parts:
        place: dict[object, object] = found.setdefault(part.entry, {})  # type: ignore[assignment]
        for key in part.slot[:-1]:
            place = place.setdefault(key, {})  # type: ignore[assignment]
        place[part.slot[-1]] = text
    return found
