"""What a format cannot hold of our documents, so that a writer drops nothing silently."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from demoscope.documents import Document
from surveys.entries import Battery, Entry
from surveys.formats.interface import LeftOut
from surveys.questionnaire import Questionnaire

_SAID_ELSEWHERE = frozenset({"kind", "id", "section", "battery", "stem", "experiment", "factors"})


class Losses:
    """Notes what a writer leaves out: fields it does not hold, and translations it never asked for."""

    def __init__(self, questionnaire: Questionnaire, tool: str) -> None:
        self._tool = tool
        self._noted: list[LeftOut] = []
        self._words = {
            language: {name: wording.model_dump(exclude_defaults=True) for name, wording in translation.words.items()}
            for language, translation in questionnaire.translations.items()
        }

    def note(self, where: str, what: str, why: str) -> None:
        """Note one thing."""
        self._noted.append(LeftOut(where, what[:300], why))

    def of(self, entry: Document, holds: Collection[str], where: str, said: Collection[str] = ()) -> None:
        """Note the fields of an entry that differ from their defaults and are not among those the tool holds.

        ``said`` names fields that other entries say in another way, such as the kind of an option.
        """
        for name, field in type(entry).model_fields.items():
            value = getattr(entry, name)
            elsewhere = name in _SAID_ELSEWHERE and name not in said
            if name in holds or elsewhere or value == field.get_default(call_default_factory=True):
                continue
            self.note(where, f"{name}: {_short(value)}", f"{self._tool} has nothing like it")

    def words(self, entry: str, field: str, key: object = None) -> dict[str, str]:
        """A wording in every further language, and from now on not left out; ``key`` is a code or a name."""
        found: dict[str, str] = {}
        for language, entries in self._words.items():
            wording = entries.get(entry, {})
            holder = wording.get(field, {}) if key is not None else wording
            name: Any = field if key is None else key
            if name in holder:
                found[language] = holder.pop(name)
        return found

    def skip(self, entry: Entry) -> None:
        """Translations of an entry that is left out itself."""
        for language in self._words.values():
            for name in _ids(entry):
                language.pop(name, None)

    def all(self) -> tuple[LeftOut, ...]:
        """Everything noted, and the translations that nobody asked for."""
        for language, entries in self._words.items():
            for name, wording in entries.items():
                for field, rest in wording.items():
                    if rest:
                        why = f"{self._tool} has no place for it"
                        self.note(f"translation {language} of {name}", f"{field}: {_short(rest)}", why)
        self._words = {}
        return tuple(self._noted)


def name_lost(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    """The id of a questionnaire that another program knows by the name of its file, when that is another."""
    if path.stem == questionnaire.id:
        return ()
    return (
        LeftOut(
            "questionnaire", f"id: {questionnaire.id}", f"it is read again as {path.stem[:80]!r}, the file's name"
        ),
    )


def _ids(entry: Any) -> list[str]:
    inside: tuple[Any, ...] = entry.items if isinstance(entry, Battery) else getattr(entry, "questions", ())
    return [
        entry.id,
        *(name for inner in inside for name in (_ids(inner) if not isinstance(entry, Battery) else [inner.id])),
    ]


def _short(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_short(one) for one in value)[:100]
    return str(value.model_dump(exclude_defaults=True) if isinstance(value, Document) else value)[:100]
