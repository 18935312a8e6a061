"""From a questionnaire to SurveyJS JSON."""

import html
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from surveys.entries import Battery, Conjoint, Entry, Loop, Section, Vignette
from surveys.formats.inserts import apart, inserted
from surveys.formats.interface import LeftOut
from surveys.formats.logic import Untranslatable, parse
from surveys.formats.losses import Losses, name_lost
from surveys.formats.output import write_text
from surveys.formats.surveyjs.conditions import write_condition
from surveys.question import Question
from surveys.questionnaire import Questionnaire

TOOL = "SurveyJS"

_TYPES = {
    "single": "radiogroup",
    "multiple": "checkbox",
    "scale": "rating",
    "ranking": "ranking",
    "number": "text",
    "text": "comment",
    "note": "html",
}


def write(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    """Write JSON that SurveyJS reads: options keep their codes as values, ids their names."""
    writer = _Writer(questionnaire)
    content = writer.survey()
    write_text(path, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    return (*name_lost(questionnaire, path), *writer.losses.all())


class _Writer:
    def __init__(self, questionnaire: Questionnaire) -> None:
        self._all = questionnaire
        self.losses = Losses(questionnaire, TOOL)
        self._names: dict[str, str] = {}
        self._in_loop: set[str] = set()

    def survey(self) -> dict[str, Any]:
        """The whole survey."""
        whole = self._all
        titles = {lang: t.title for lang, t in whole.translations.items() if t.title}
        content: dict[str, Any] = {"title": {"default": whole.title, **titles} if titles else whole.title}
        if whole.language != "en":
            content["locale"] = whole.language
        self.losses.of(whole, {"title", "language", "entries", "translations"}, "questionnaire")
        pages: list[dict[str, Any]] = []
        loose: list[dict[str, Any]] = []
        for entry in whole.entries:
            if isinstance(entry, Section):
                pages += [{"elements": loose}] if loose else []
                loose = []
                pages.append(self._section(entry, "page"))
            else:
                loose += self._element(entry)
        content["pages"] = [*pages, *([{"elements": loose}] if loose else [])]
        return content

    def _said(self, entry: str, field: str, text: str, key: object = None) -> Any:
        words = {
            language: self._piped(word, entry) for language, word in self.losses.words(entry, field, key).items()
        }
        text = self._piped(text, entry)
        return {"default": text, **words} if words else text

    def _piped(self, text: str, entry: str) -> str:
        def shape(name: str) -> str | None:
            known = "panel.item" if name == "item" and self._in_loop else self._names.get(name)
            return None if known is None else "{" + known + "}"

        why = f"{TOOL} inserts earlier answers alone"
        note = partial(self.losses.note, entry)
        return inserted(text, shape, lambda what: note(what, why), lambda words: apart(words, "{", note))

    def _condition(self, text: str | None, where: str) -> dict[str, str]:
        if text is None:
            return {}
        try:
            return {"visibleIf": write_condition(parse(text), self._names)}
        except Untranslatable as error:
            self.losses.note(where, f"show_if: {text}", str(error))
            return {}

    def _section(self, section: Section, kind: str) -> dict[str, Any]:
        made: dict[str, Any] = {"type": "panel"} if kind == "panel" else {}
        made["name"] = section.id
        if section.title:
            made["title"] = self._said(section.id, "text", section.title)
        made |= self._condition(section.show_if, f"section {section.id}")
        if section.order == "random" and kind == "page":
            made["questionOrder"] = "random"
        if section.order == "rotated" or (section.order == "random" and kind == "panel"):
            self.losses.note(f"section {section.id}", f"order: {section.order}", f"{TOOL} has no such order here")
        made["elements"] = [element for entry in section.questions for element in self._element(entry)]
        return made

    def _element(self, entry: Entry) -> list[dict[str, Any]]:
        if isinstance(entry, Question):
            return self._question(entry)
        if isinstance(entry, Battery):
            return self._battery(entry)
        if isinstance(entry, Section):
            return [self._section(entry, "panel")]
        if isinstance(entry, Loop) and not isinstance(entry.over, str):
            return [self._loop(entry, entry.over)]
        assert isinstance(entry, Loop | Vignette | Conjoint)
        self.losses.note(f"{entry.kind} {entry.id}", f"the {entry.kind}", f"{TOOL} has nothing like it")
        self.losses.skip(entry)
        return []

    def _loop(self, loop: Loop, over: tuple[str, ...]) -> dict[str, Any]:
        before = set(self._names)
        self.losses.of(loop, {"over", "questions"}, f"loop {loop.id}")
        self._in_loop.add(loop.id)
        inside = [element for entry in loop.questions for element in self._element(entry)]
        self._in_loop.remove(loop.id)
        for name in set(self._names) - before:
            del self._names[name]
        return {
            "type": "paneldynamic",
            "name": loop.id,
            "panelCount": len(over),
            "defaultValue": [{"item": member} for member in over],
            "allowAddPanel": False,
            "allowRemovePanel": False,
            "templateElements": inside,
        }

    def _question(self, question: Question) -> list[dict[str, Any]]:
        where = f"question {question.id}"
        kind = _TYPES.get(question.kind)
        if kind is None:
            self.losses.note(where, f"the question, an {question.kind}", f"{TOOL} has nothing like it")
            self.losses.skip(question)
            return []
        made: dict[str, Any] = {"type": kind, "name": question.id}
        said = self._said(question.id, "text", question.text)
        made |= {"html": _as_html(said)} if kind == "html" else {"title": said}
        holds = {"text", "minimum", "maximum", "show_if"} | ({"options"} if question.listed else set())
        if question.instruction and kind != "html":
            made["description"] = self._said(question.id, "instruction", question.instruction)
            holds.add("instruction")
        made |= self._condition(question.show_if, where)
        made |= self._answers(question, holds)
        if question.kind in ("multiple", "ranking"):
            holds.add("ordinal")
        self.losses.of(question, holds, where)
        self._names[question.id] = f"panel.{question.id}" if self._in_loop else question.id
        return [made]

    def _answers(self, question: Question, holds: set[str]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if question.listed:
            made["choices"] = self._options(question.id, question)
            if question.min_selections:
                made["minSelectedChoices"] = question.min_selections
            if question.max_selections:
                made["maxSelectedChoices"] = question.max_selections
                made |= {"selectToRankEnabled": True} if question.kind == "ranking" else {}
            holds |= {"min_selections", "max_selections"}
        elif question.kind == "scale":
            made |= {"rateMin": question.minimum, "rateMax": question.maximum}
            if question.point_labels:
                made["rateValues"] = self._points(question)
            for end, name in (("low_label", "minRateDescription"), ("high_label", "maxRateDescription")):
                if getattr(question, end):
                    made[name] = self._said(question.id, end, getattr(question, end))
            holds |= {"low_label", "high_label", "point_labels"}
        elif question.kind == "number":
            bounds: Mapping[str, int | None] = {"min": question.minimum, "max": question.maximum}
            made = {"inputType": "number", **{name: value for name, value in bounds.items() if value is not None}}
            made |= {"step": 1} if question.whole else {}
            holds.add("whole")
        return made

    def _points(self, question: Question) -> list[Any]:
        assert question.minimum is not None and question.maximum is not None
        return [
            {"value": point, "text": self._said(question.id, "point_labels", question.point_labels[point], point)}
            if point in question.point_labels
            else point
            for point in range(question.minimum, question.maximum + 1)
        ]

    def _options(self, entry: str, source: Question | Battery) -> list[dict[str, Any]]:
        made = []
        for option in source.options:
            item = {"value": option.code, "text": self._said(entry, "options", option.label, option.code)}
            made.append(item | ({"isExclusive": True} if option.exclusive else {}))
            self.losses.of(option, {"code", "label", "exclusive"}, f"{entry}, option {option.code}", said=("kind",))
        return made

    def _battery(self, battery: Battery) -> list[dict[str, Any]]:
        where = f"battery {battery.id}"
        made: dict[str, Any] = {"type": "matrix", "name": battery.id}
        made["title"] = self._said(battery.id, "text", battery.text)
        if battery.instruction:
            made["description"] = self._said(battery.id, "instruction", battery.instruction)
        made |= self._condition(battery.show_if, where)
        if battery.answers == "multiple":
            made["cellType"] = "checkbox"
        holds = {"text", "items", "answers", "options", "instruction", "show_if"}
        if battery.answers == "scale":
            made["columns"] = self._scale(battery)
            holds |= {"minimum", "maximum", "low_label", "high_label", "point_labels"}
            holds.remove("options")
            self.losses.note(where, "that it is a scale", f"the columns of a {TOOL} matrix are options")
        else:
            made["columns"] = self._options(battery.id, battery)
        made["rows"] = []
        for item in battery.items:
            condition = self._condition(item.show_if, f"item {item.id}")
            made["rows"].append({"value": item.id, "text": self._said(item.id, "text", item.text), **condition})
            self.losses.of(item, {"text", "show_if"}, f"item {item.id}")
        for item in battery.items:
            inside = "panel." if self._in_loop else ""
            self._names[item.id] = f"{inside}{battery.id}.{item.id}"
        if battery.order == "random":
            made["rowOrder"] = "random"
            holds.add("order")
        self.losses.of(battery, holds, where)
        return [made]

    def _scale(self, battery: Battery) -> list[dict[str, Any]]:
        assert battery.minimum is not None and battery.maximum is not None
        ends = {battery.minimum: battery.low_label, battery.maximum: battery.high_label, **battery.point_labels}
        return [
            {"value": n, "text": f"{n} ({ends[n]})" if ends.get(n) else str(n)}
            for n in range(battery.minimum, battery.maximum + 1)
        ]


def _as_html(said: Any) -> Any:
    """A wording, or one in several languages, as HTML."""
    if isinstance(said, dict):
        return {language: _as_html(words) for language, words in said.items()}
    return html.escape(said, quote=False).replace("\n", "<br>\n")
