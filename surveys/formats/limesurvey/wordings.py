"""Wordings as LimeSurvey has them: HTML in every language, in which earlier answers are inserted in its own way."""

import html
import re
from collections.abc import Mapping
from typing import Any

from surveys.formats.limesurvey.conditions import Written
from surveys.formats.limesurvey.survey import Texts
from surveys.formats.losses import Losses

TOOL = "LimeSurvey"

_LANGUAGES = {"zh": "zh-Hans", "zh-hant": "zh-Hant-TW", "pt-br": "pt-BR"}
_PLACE = re.compile(r"\{\{\s*([^{}|]*?)\s*(?:\|\s*([^{}|]*?)\s*)?\}\}")


def language_of(code: str) -> str:
    """What the tool calls a language."""
    return _LANGUAGES.get(code, code)


class Wordings:
    """Writes wordings, and notes what of them is lost."""

    def __init__(self, language: str, losses: Losses, names: Mapping[str, Written]) -> None:
        """``names`` are the questions written so far, whose answers can be inserted; it may grow."""
        self._language, self._losses, self._names = language, losses, names

    def texts(self, entry: str, field: str, text: str, where: str = "", key: Any = None) -> Texts:
        """A wording in every language; ``field`` and ``key`` say which of the entry's it is."""
        texts = {self._language: self._text(text, where)}
        for language, said in self._losses.words(entry, field, key).items():
            texts[language_of(language)] = self._text(said, where)
        return texts

    def _text(self, text: str, where: str) -> str:
        """A wording as HTML, in which earlier answers are inserted in LimeSurvey's way."""
        parts: list[str] = []
        end = 0
        for found in _PLACE.finditer(text):
            parts.append(self._escaped(text[end : found.start()], where))
            parts.append(self._inserted(found, where))
            end = found.end()
        return "".join((*parts, self._escaped(text[end:], where)))

    def _escaped(self, text: str, where: str) -> str:
        if re.search(r"\{\S", text):
            self._losses.note(
                where, "a brace in the wording", f"{TOOL} would work out what follows; a blank is added"
            )
        shown = re.sub(r"\{(?=\S)", "{ ", text)
        return html.escape(shown, quote=False).replace("\n", "<br />\n")

    def _inserted(self, found: re.Match[str], where: str) -> str:
        name, _, part = found[1].partition(".")
        written = self._names.get(name)
        if written is None or part not in ("", "code"):
            self._losses.note(where, f"{found[0]} in the wording", f"{TOOL} knows no such thing")
            return html.escape(found[2] or found[1], quote=False)
        if found[2]:
            self._losses.note(where, f"{found[2]!r} where {name} was not answered", f"{TOOL} leaves a gap there")
        return f"{{{written.name}.{'NAOK' if part else 'shown'}}}"
