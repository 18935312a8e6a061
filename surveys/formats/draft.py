"""A questionnaire in the making: what a reader of a foreign file has understood so far, and what it left out."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from demoscope.documents import build
from demoscope.errors import DocumentError
from surveys.formats.interface import LeftOut, Reading
from surveys.formats.known import Known, resolved
from surveys.formats.languages import language_code
from surveys.formats.logic import Logic, Untranslatable, mapped, ours
from surveys.formats.wording import plain, shown
from surveys.option import LARGEST
from surveys.question import MOST_OPTIONS, Question
from surveys.questionnaire import Questionnaire

LONGEST = 50_000
"""Characters of a wording that are read; nobody reads more in one question."""

MOST_IN_ALL = 100_000
"""Options of all questions together that are read."""

MOST_LEFT_OUT = 10_000
"""Things left out that are listed one by one; a file with more is no questionnaire."""

_ID = re.compile(r"[^A-Za-z0-9_]+")
_RESERVED = frozenset(
    {"persona", "end", "item", "and", "or", "not", "in", "is", "if", "else", "true", "false", "none"}
)


@dataclass(frozen=True)
class Choice:
    """One option as a file has it."""

    value: str
    """What the file calls it."""
    label: str
    """Its wording, in plain text."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the :class:`~surveys.option.Option` it becomes."""
    code: int | None = None
    """Its code, when the file says so."""


class Draft:
    """Collects what a reader understands; names of the file become ids, and all that is lost is noted."""

    def __init__(self, path: Path, language: str = "en") -> None:
        self.path = path
        self.language = language
        self.known: dict[str, Known] = {}
        self.words: dict[str, dict[str, dict[str, Any]]] = {}
        self._titles: dict[str, str] = {}
        self._left_out: list[LeftOut] = []
        self._ids: set[str] = set()
        self._used: Counter[str] = Counter()
        self._options = 0

    def leave_out(self, where: str, what: str, why: str) -> None:
        """Note one thing that the questionnaire will not have."""
        if len(self._left_out) >= MOST_LEFT_OUT:
            raise DocumentError(
                f"{self.path}: more than {MOST_LEFT_OUT:,} things cannot be read; is it a questionnaire?"
            )
        self._left_out.append(LeftOut(where, " ".join(shown(what).split())[:300], why))

    def text(self, text: object, where: str) -> str:
        """A wording in plain text; empty when there is none."""
        return _without_places(shown(self._said(text, where)))

    def label(self, text: object, where: str) -> str:
        """A wording in one line."""
        return " ".join(self.text(text, where).split())

    def hypertext(self, text: object, where: str) -> str:
        """A wording that the tool shows as HTML, as plain text."""
        found = plain(self._said(text, where))
        for kind in sorted(set(found.media)):
            self.leave_out(where, f"{found.media.count(kind)} {kind}", "respondents here are shown text alone")
        for tag in found.unknown:
            self.leave_out(where, f"the tag {tag[:80]}", "no browser knows it, so nothing of it was shown")
        return _without_places(found.text)

    def hypertext_label(self, text: object, where: str) -> str:
        """A wording that the tool shows as HTML, in one line."""
        return " ".join(self.hypertext(text, where).split())

    def _said(self, text: object, where: str) -> str:
        if text is None or isinstance(text, bool | list | dict):
            return ""
        said = str(text)
        if len(said) > LONGEST:
            raise DocumentError(
                f"{self.path}: {where[:80]} has a wording of {len(said):,} characters; at most {LONGEST:,} are read. "
                "Shorten it."
            )
        return said

    def new_id(self, name: object, otherwise: str = "q") -> str:
        """An id that resembles the file's name and that nothing else has."""
        stem = _ID.sub("_", str(name)).strip("_")[:60]
        if not stem or not stem[0].isalpha():
            stem = f"{otherwise}_{stem}".rstrip("_")
        if stem.lower() in _RESERVED:
            stem += "_"
        made = stem
        while made.casefold() in self._ids:
            self._used[stem] = max(2, self._used[stem] + 1)
            made = f"{stem}_{self._used[stem]}"
        self._ids.add(made.casefold())
        return made

    def named(self, name: object, where: str, otherwise: str = "q") -> str:
        """An id for something the file names, noted when it cannot be the same."""
        made = self.new_id(name, otherwise)
        if made != str(name):
            self.leave_out(
                where, f"the name {str(name)[:80]!r}", f"ids are letters, digits and underscores, so: {made}"
            )
        return made

    def options(self, choices: Iterable[Choice], where: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Options as our documents have them, and the code of each value of the file."""
        listed = list(choices)
        self._options += len(listed)
        if self._options > MOST_IN_ALL:
            raise DocumentError(
                f"{self.path}: more than {MOST_IN_ALL:,} options in all; no questionnaire has. Split it."
            )
        codes = self._codes(listed, where)
        unsaid = [choice.value[:40] for choice in listed if not choice.label]
        if unsaid:
            what = (
                f"the labels of {len(unsaid):,} options ({', '.join(unsaid[:5])}{' ...' if len(unsaid) > 5 else ''})"
            )
            self.leave_out(where, what, "they have none, so their values stand there")
        made: list[dict[str, Any]] = []
        seen: set[str] = set()
        for choice in listed:
            code = codes[choice.value]
            label = choice.label or choice.value.strip() or str(code)
            if label.casefold() in seen:
                self.leave_out(where, f"the label {label!r} as it is", "it stands twice, so its value was added")
                label = f"{label} ({choice.value or code})"
            while label.casefold() in seen:
                label += f" #{len(made) + 1}"
            seen.add(label.casefold())
            made.append({"code": code, "label": label, **choice.extra})
        return made, codes

    def _codes(self, choices: list[Choice], where: str) -> dict[str, int]:
        if all(choice.code is not None for choice in choices):
            given = [choice.code for choice in choices if choice.code is not None]
        else:
            given = [int(c.value) for c in choices if re.fullmatch(r"-?\d{1,15}", c.value)]
        unique = len(set(given)) == len(choices) and all(abs(code) <= LARGEST for code in given)
        if not unique and choices:
            values = ", ".join(choice.value[:40] for choice in choices[:10]) + (" ..." if len(choices) > 10 else "")
            last = len(choices)
            self.leave_out(
                where, f"the values {values}", f"options go by whole numbers here; they became 1 to {last}"
            )
            given = list(range(1, last + 1))
        return dict(zip((choice.value for choice in choices), given, strict=True)) if choices else {}

    def question(
        self, name: str, where: str, content: dict[str, Any], codes: Mapping[str, int] | None = None
    ) -> dict[str, Any] | None:
        """The question if it can be one, noted under ``name`` so that later conditions may speak of it."""
        if not self.can_be(content, where):
            return None
        self.known[name] = Known(content["id"], content.get("kind", "single"), codes or {})
        return content

    def can_be(self, content: dict[str, Any], where: str) -> bool:
        """Whether a question can be like this, noted when it cannot."""
        if len(content.get("options", ())) > MOST_OPTIONS:
            what = f"the question, which has {len(content['options']):,} options"
            self.leave_out(where, what, f"at most {MOST_OPTIONS:,} can be shown")
            return False
        if not content.get("text"):
            self.leave_out(where, "the question", "it has no wording")
            return False
        try:
            Question.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]["msg"].removeprefix("Value error, ")
            self.leave_out(where, f"the question {str(content.get('text', ''))[:60]!r}", first[:200])
            return False
        return True

    def forget(self, names: Collection[str]) -> None:
        """Names that nothing further down may speak of, such as those inside a loop."""
        for name in names:
            self.known.pop(name, None)

    def piped(self, text: str, pattern: re.Pattern[str], where: str) -> str:
        """A wording whose references, of which ``pattern`` catches the name, insert earlier answers."""

        def place(found: re.Match[str]) -> str:
            name = next((group for group in found.groups() if group is not None), "")
            known = self.known.get(name)
            if known is not None and known.kind != "note":
                return "{{ " + known.id + " }}"
            self.leave_out(where, f"{found[0][:80]} in the wording", "it is no answer to a question before this one")
            return f"[{name}]"

        return pattern.sub(place, text)

    def condition(self, logic: Logic, where: str, what: str = "the condition") -> str | None:
        """The condition in our language; ``None``, and noted, when it has no counterpart."""
        try:
            text = ours(mapped(logic, partial(resolved, self.known)))
            if len(text) <= 2000:
                return text
            raise Untranslatable("it is longer than 2,000 characters")
        except Untranslatable as error:
            self.leave_out(where, what, str(error))
        except RecursionError:
            self.leave_out(where, what, "it is nested too deeply")
        return None

    def translate(self, language: str, entry_id: str, name: str, value: object) -> None:
        """Note a wording in a further language; ``name`` is a field of :class:`~surveys.translation.Wording`."""
        code = language_code(language)
        if value and code != self.language:
            self.words.setdefault(code, {}).setdefault(entry_id, {})[name] = value

    def translate_option(self, language: str, entry_id: str, name: str, key: object, text: str) -> None:
        """Note one label of an entry in a further language; ``name`` is ``options`` or ``point_labels``."""
        code = language_code(language)
        if text and code != self.language:
            self.words.setdefault(code, {}).setdefault(entry_id, {}).setdefault(name, {})[key] = text

    def translate_title(self, language: str, title: str) -> None:
        """Note the questionnaire's title in a further language."""
        if title:
            self._titles[language_code(language)] = title

    def reading(self, name: object, title: str, entries: list[dict[str, Any]], source: str | None = None) -> Reading:
        """The questionnaire, and all that was left out.

        Raises
        ------
        DocumentError
            If nothing is left that could be asked, or the questions do not fit together.
        """
        if not entries:
            raise DocumentError(f"{self.path}: there is no question in it that can be read.{self._first_reasons()}")
        content = {
            "id": self.new_id(name, "questionnaire"),
            "title": title or shown(str(name)) or "Untitled",
            "language": self.language,
            "source": source,
            "questions": entries,
            "translations": {
                language: {"title": self._titles.get(language), "words": self.words.get(language, {})}
                for language in sorted({*self.words, *self._titles} - {self.language})
            },
        }
        return Reading(build(Questionnaire, content, str(self.path)), tuple(self._left_out))

    def _first_reasons(self) -> str:
        return "".join(f"\n{item}" for item in self._left_out[:5])


def _without_places(text: str) -> str:
    """Braces apart, so that nothing in a foreign wording looks like a place for an answer of ours."""
    return text.replace("{{", "{ {").replace("}}", "} }")
