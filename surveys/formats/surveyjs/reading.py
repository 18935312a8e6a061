"""From SurveyJS JSON to a questionnaire."""

import re
from pathlib import Path
from typing import Any

from demoscope.errors import DocumentError
from surveys.formats.draft import Draft
from surveys.formats.interface import Reading
from surveys.formats.known import Known
from surveys.formats.languages import language_code
from surveys.formats.logic import Untranslatable
from surveys.formats.parts import Part
from surveys.formats.surveyjs.conditions import read_condition
from surveys.formats.surveyjs.elements import KINDS, Element
from surveys.formats.surveyjs.javascript import to_json
from surveys.formats.untrusted import parse_json, read_text, refuse_depth

LOOK = frozenset(
    (
        *("showProgressBar", "progressBarType", "progressBarLocation", "completedHtml", "showQuestionNumbers"),
        *("questionTitleLocation", "questionDescriptionLocation", "questionErrorLocation", "questionStartIndex"),
        *("logoPosition", "widthMode", "width", "firstPageIsStarted", "startSurveyText", "pagePrevText"),
        *("pageNextText", "completeText", "showPrevButton", "showNavigationButtons", "showCompletedPage"),
        *("textUpdateMode", "checkErrorsMode", "headerView", "requiredText", "fitToContainer", "showTOC"),
    )
)
"""Keys of a survey about its look and its buttons."""

_PIPE = re.compile(r"\{([^{}\s][^{}\n]{0,99})\}")


def read(path: Path) -> Reading:
    """Read SurveyJS JSON, or the object literal of a script; scripts are not run."""
    text = read_text(path)
    if not text.lstrip().startswith("{") or _is_javascript(text):
        refuse_depth(text, path)
        text = to_json(text, path)
    content = parse_json(text, path)
    if not isinstance(content, dict):
        raise DocumentError(f"{path}: expected a survey, which is an object with pages or elements.")
    return _Survey(path, content).reading()


def _is_javascript(text: str) -> bool:
    return re.match(r"\s*\{\s*(?:[A-Za-z_$']|//|/\*)", text) is not None


class _Survey:
    def __init__(self, path: Path, content: dict[str, Any]) -> None:
        self._part = Part(content, "survey")
        self._draft = Draft(path, language_code(self._part.word("locale") or "en"))
        self._required = 0
        self._loops = 0

    def reading(self) -> Reading:
        part, draft = self._part, self._draft
        title = self.said(part.any("title"), "survey", None, "title")
        description = self.said(part.any("description"), "survey", None, "description")
        entries: list[dict[str, Any]] = []
        if description:
            note = {"id": draft.new_id("description"), "kind": "note", "text": description}
            entries.append(note)
        for number, page in enumerate(part.listed("pages"), start=1):
            entries += self._page(Part(page, f"page {number}"))
        for element in part.listed("elements", "questions"):
            entries += self._element(element)
        part.ignore("$schema")
        for key in sorted(LOOK):
            if part.any(key) is not None:
                draft.leave_out("survey", key, "it is about the look of the form")
        part.close(draft)
        if self._required:
            what = f"that {self._required} questions must be answered"
            draft.leave_out("survey", what, "respondents here answer every question that they are asked")
        return draft.reading(draft.path.stem, title, entries)

    def _page(self, part: Part) -> list[dict[str, Any]]:
        name = part.word("name")
        if not part.content:
            self._draft.leave_out(part.where, "the page", "it is no object")
        return self._group(part, name, "section" if name else "")

    def _group(self, part: Part, name: str, kind: str) -> list[dict[str, Any]]:
        """The elements of a page or panel: a section when it has anything of its own, else only the elements."""
        draft = self._draft
        named = name or part.where.replace(" ", "_")
        group_id = draft.named(name, part.where, "section") if name else draft.new_id(named)
        title = self.said(part.any("title"), part.where, group_id, "text")
        description = self.said(part.any("description"), part.where, None, "description")
        order = part.word("questionOrder", "questionsOrder")
        show_if = self.condition(part)
        hidden = part.content.get("visible") is False and not show_if
        entries = [entry for element in part.listed("elements", "questions") for entry in self._element(element)]
        if description:
            entries.insert(0, {"id": draft.new_id(f"{group_id}_description"), "kind": "note", "text": description})
        part.ignore("type", "name")
        part.close(draft)
        if hidden:
            part.any("visible")
            draft.leave_out(part.where, f"its {len(entries)} entries", "they are hidden from everybody")
            return []
        if not entries or not (kind or title or show_if or order == "random"):
            return entries
        section: dict[str, Any] = {"kind": "section", "id": group_id, "questions": entries}
        if title:
            section["title"] = title
        if order == "random":
            section["order"] = "random"
        if show_if:
            section["show_if"] = show_if
        return [section]

    def _element(self, content: object) -> list[dict[str, Any]]:
        part = Part(content, "element")
        kind, name = part.word("type"), part.word("name")
        part.where = f"{kind or 'element'} {name[:80]}".strip()
        if not kind or not part.content:
            self._draft.leave_out(part.where, str(content)[:80], "it has no type")
            return []
        if kind == "panel":
            return self._group(part, name, "section")
        if kind == "paneldynamic":
            return self._loop(part, name)
        make = KINDS.get(kind)
        if make is None:
            self._draft.leave_out(
                part.where, f"an element of type {kind[:40]}", "there is no such kind of question here"
            )
            return []
        self._required += part.flag("isRequired")
        if part.content.get("visible") is False and "visibleIf" not in part:
            self._draft.leave_out(part.where, "the question", "it is hidden from everybody")
            return []
        condition = self.condition(part)
        entries = make(Element(part, name or kind, self._draft, self.said, self.condition))
        part.ignore("type", "name", "visible", "isRequired")
        part.close(self._draft)
        if condition:
            for entry in entries:
                own = entry.get("show_if")
                entry["show_if"] = f"({condition}) and ({own})" if own else condition
        return entries

    def _loop(self, part: Part, name: str) -> list[dict[str, Any]]:
        draft = self._draft
        members = [item.get("item") for item in part.listed("defaultValue") if isinstance(item, dict)]
        count = part.whole("panelCount", "minPanelCount")
        over = [draft.label(member, part.where) for member in members if isinstance(member, str)]
        if len(over) < len(members) or not over:
            over = [str(number) for number in range(1, min(count or 0, 100) + 1)]
        before = set(draft.known)
        loop_id = draft.named(name, part.where, "loop")
        condition = self.condition(part)
        self._loops += 1
        draft.known["item"] = Known("item", "text")
        inside = [entry for element in part.listed("templateElements") for entry in self._element(element)]
        self._loops -= 1
        title = self.said(part.any("title"), part.where, None, "title")
        part.ignore("type", "name", "templateTitle", "allowAddPanel", "allowRemovePanel")
        part.close(draft)
        names = set(draft.known) - before
        draft.forget(names)
        if not over or not inside:
            draft.leave_out(part.where, "the dynamic panel", "how often it is repeated is up to the respondent")
            return []
        loop: dict[str, Any] = {"kind": "loop", "id": loop_id, "over": over, "questions": inside}
        if not condition and not title:
            return [loop]
        section: dict[str, Any] = {"kind": "section", "id": draft.new_id(f"{loop_id}_section"), "questions": [loop]}
        return [section | ({"title": title} if title else {}) | ({"show_if": condition} if condition else {})]

    def condition(self, part: Part) -> str | None:
        """The condition of a ``visibleIf``; what else depends on conditions is left out."""
        text = part.any("visibleIf")
        if not text:
            return None
        what = f"visibleIf: {text}"
        try:
            if not isinstance(text, str):
                raise Untranslatable("it is no expression")
            return self._draft.condition(read_condition(self._without_panel(text)), part.where, what)
        except Untranslatable as error:
            self._draft.leave_out(part.where, what, str(error))
            return None

    def said(self, value: object, where: str, entry: str | None, name: str, key: object = None) -> str:
        """A wording, which may stand there in several languages; the others are noted for the entry."""
        if not isinstance(value, dict):
            return self._wording(value, where)
        draft = self._draft
        default = value.get("default", value.get(draft.language, next(iter(value.values()), "")))
        for language, text in value.items():
            words = self._wording(text, where)
            if language == "default" or language_code(str(language)) == draft.language or not words:
                continue
            if entry is None and name == "title" and where == "survey":
                draft.translate_title(str(language), words)
            elif entry is None:
                draft.leave_out(where, f"{name} in {language}: {words[:60]}", "it has no place of its own here")
            elif key is None:
                draft.translate(str(language), entry, name, words)
            else:
                draft.translate_option(str(language), entry, name, key, words)
        return self._wording(default, where)

    def _wording(self, text: object, where: str) -> str:
        words = self._draft.text(text, where)
        if "{" not in words:
            return words
        return self._draft.piped(self._without_panel(words), _PIPE, where)

    def _without_panel(self, text: str) -> str:
        """References to the same round of a loop, ``{panel.tea}``, as references to any question."""
        return text.replace("{panel.", "{") if self._loops else text
