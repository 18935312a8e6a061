"""From a questionnaire to an XLSForm workbook."""

import io
from functools import partial
from pathlib import Path
from typing import Any

from surveys.entries import Battery, Entry, Loop, Section
from surveys.formats.inserts import apart, inserted
from surveys.formats.interface import LeftOut
from surveys.formats.languages import language_name
from surveys.formats.logic import Untranslatable, parse
from surveys.formats.losses import Losses
from surveys.formats.output import write_bytes, xml_text
from surveys.formats.workbook import need_openpyxl
from surveys.formats.xlsform.conditions import write_condition
from surveys.option import Option
from surveys.question import Question
from surveys.questionnaire import Questionnaire

TOOL = "XLSForm"

_TYPES = {"single": "select_one", "multiple": "select_multiple", "ranking": "rank", "text": "text", "note": "note"}

Row = dict[str, str]


def write(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    """Write a workbook: options keep their codes as names; lists are named after the questions they belong to."""
    writer = _Writer(questionnaire)
    openpyxl = need_openpyxl(path, "writing")
    write_bytes(path, _workbook(writer.sheets(), openpyxl.Workbook()))
    return writer.losses.all()


def _workbook(sheets: dict[str, list[Row]], book: Any) -> bytes:
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        header = list(dict.fromkeys(column for row in rows for column in row))
        for line, cells in enumerate(
            [header, *([row.get(column, "") for column in header] for row in rows)], start=1
        ):
            for column, text in enumerate(cells, start=1):
                if text:
                    cell = sheet.cell(line, column, text)
                    cell.data_type = "s"  # a text that begins with "=" stays a text
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class _Writer:
    def __init__(self, questionnaire: Questionnaire) -> None:
        self._all = questionnaire
        self.losses = Losses(questionnaire, TOOL)
        self._kinds: dict[str, str] = {}
        self._choices: list[Row] = []
        self._lists: dict[tuple[Any, ...], str] = {}

    def sheets(self) -> dict[str, list[Row]]:
        """Rows of every sheet, by column."""
        whole = self._all
        self.losses.of(whole, {"id", "title", "language", "entries", "translations"}, "questionnaire")
        for language, translation in whole.translations.items():
            if translation.title:
                self.losses.note("questionnaire", f"title in {language}: {translation.title}", "a form has one title")
        survey = [row for entry in whole.entries for row in self._entry(entry)]
        settings = {"form_title": " ".join(whole.title.split()), "form_id": whole.id}
        if whole.translations or whole.language != "en":
            settings["default_language"] = language_name(whole.language)
        header = {"type": "", "name": "", self._column("label", whole.language): ""}
        choices = {"list_name": "", "name": "", self._column("label", whole.language): ""}
        sheets = {
            "survey": [header | row for row in survey],
            "choices": [choices | row for row in self._choices] or [choices],
            "settings": [settings],
        }
        return {name: [self._shown(name, row) for row in rows] for name, rows in sheets.items()}

    def _shown(self, sheet: str, row: Row) -> Row:
        """The row without characters that a workbook cannot hold."""
        if any(xml_text(cell) != cell for cell in row.values()):
            where = f"sheet {sheet}, {row.get('name') or 'title'}"
            self.losses.note(where, "characters that no file can hold", "a sign that stands for them was put there")
        return {column: xml_text(cell, "\ufffd") for column, cell in row.items()}

    def _column(self, column: str, language: str) -> str:
        several = self._all.translations or self._all.language != "en"
        return f"{column}::{language_name(language)}" if several else column

    def _said(self, column: str, entry: str, field: str, text: str, key: object = None) -> Row:
        words = {self._all.language: text, **self.losses.words(entry, field, key)}
        return {self._column(column, language): self._piped(said, entry) for language, said in words.items()}

    def _piped(self, text: str, entry: str) -> str:
        why = f"{TOOL} inserts earlier answers alone"
        shape = lambda name: "${" + name + "}" if name in self._kinds else None  # noqa: E731
        note = partial(self.losses.note, entry)
        return inserted(text, shape, lambda what: note(what, why), lambda words: apart(words, "${", note))

    def _relevant(self, text: str | None, where: str) -> Row:
        if text is None:
            return {}
        try:
            return {"relevant": write_condition(parse(text), self._kinds)}
        except Untranslatable as error:
            self.losses.note(where, f"show_if: {text}", str(error))
            return {}

    def _entry(self, entry: Entry) -> list[Row]:
        where = f"{getattr(entry, 'kind', 'question')} {entry.id}"
        if isinstance(entry, Question):
            return self._question(entry)
        if isinstance(entry, Battery):
            return self._battery(entry)
        if isinstance(entry, Section):
            self.losses.of(entry, {"title", "show_if", "questions"}, where)
            begin = {"type": "begin group", "name": entry.id, **self._relevant(entry.show_if, where)}
            begin |= self._said("label", entry.id, "text", entry.title) if entry.title else {}
            return [begin, *(row for inner in entry.questions for row in self._entry(inner)), {"type": "end group"}]
        if isinstance(entry, Loop) and not isinstance(entry.over, str):
            return self._loop(entry, entry.over)
        self.losses.note(where, f"the {entry.kind}", f"{TOOL} has nothing like it")
        self.losses.skip(entry)
        return []

    def _loop(self, loop: Loop, over: tuple[str, ...]) -> list[Row]:
        before = set(self._kinds)
        self.losses.of(loop, {"over", "questions"}, f"loop {loop.id}")
        if list(over) != [str(number) for number in range(1, len(over) + 1)]:
            self.losses.note(
                f"loop {loop.id}", f"over: {', '.join(over)}", "the rounds of a repeat have numbers alone"
            )
        inside = [row for entry in loop.questions for row in self._entry(entry)]
        for name in set(self._kinds) - before:
            del self._kinds[name]
        begin = {"type": "begin repeat", "name": loop.id, "repeat_count": str(len(over))}
        return [begin, *inside, {"type": "end repeat"}]

    def _question(self, question: Question) -> list[Row]:
        where = f"question {question.id}"
        kind = question.kind
        if kind == "allocation":
            self.losses.note(where, "the question, an allocation", f"{TOOL} has nothing like it")
            self.losses.skip(question)
            return []
        holds = {"text", "options", "instruction", "minimum", "maximum", "whole", "show_if"}
        row: Row = {"type": _TYPES.get(kind, ""), "name": question.id}
        row |= self._said("label", question.id, "text", question.text)
        if question.instruction:
            row |= self._said("hint", question.id, "instruction", question.instruction)
        row |= self._relevant(question.show_if, where)
        if question.listed:
            row["type"] += f" {self._list(question.id, question.options)}"
            row |= _constraint("count-selected(.)", question.min_selections, question.max_selections)
            holds |= {"min_selections", "max_selections"} if kind == "multiple" else set()
            holds |= {"ordinal"} if kind != "single" else set()
        elif (
            kind == "scale"
            and question.choices[0].label.isdigit()
            and not question.point_labels
            and not question.high_label
            and not question.options
        ):
            row |= {"type": "range", "parameters": f"start={question.minimum} end={question.maximum} step=1"}
        elif kind == "scale":
            row["type"] = f"select_one {self._list(question.id, question.choices)}"
            row["appearance"] = "likert"
            self.losses.note(where, "that it is a scale", f"a range of {TOOL} has no labels, so it became a choice")
            holds |= {"low_label", "high_label", "point_labels"}
        elif kind == "number":
            row["type"] = "integer" if question.whole else "decimal"
            row |= _constraint(".", question.minimum, question.maximum)
            holds.remove("options")
        self.losses.of(question, holds, where)
        self._kinds[question.id] = "single" if row["type"].startswith("select_one") else kind
        return [row]

    def _list(self, entry: str, options: tuple[Option, ...]) -> str:
        """Name of the list with these options; a new one unless it is there in every language."""
        rows = []
        for option in options:
            self.losses.of(option, {"code", "label"}, f"{entry}, option {option.code}", said=("kind",))
            said = self._said("label", entry, "options", option.label, option.code)
            rows.append({"name": str(option.code), **said})
        key = tuple(tuple(row.items()) for row in rows)
        if key not in self._lists:
            self._lists[key] = f"{entry}_list"
            self._choices += [{"list_name": self._lists[key], **row} for row in rows]
        return self._lists[key]

    def _battery(self, battery: Battery) -> list[Row]:
        where = f"battery {battery.id}"
        holds = {"text", "items", "answers", "options", "minimum", "maximum", "low_label", "high_label", "show_if"}
        begin = {"type": "begin group", "name": battery.id, "appearance": "table-list"}
        begin |= self._said("label", battery.id, "text", battery.text) | self._relevant(battery.show_if, where)
        options = battery.options
        if battery.answers == "scale":
            low_high = {"low_label": battery.low_label, "high_label": battery.high_label}
            scale = Question(
                id=battery.id, kind="scale", text="-", minimum=battery.minimum, maximum=battery.maximum, **low_high,
                point_labels=battery.point_labels, options=battery.options,
            )  # fmt: skip
            options = scale.choices
            holds.add("point_labels")
            self.losses.note(where, "that it is a scale", f"the columns of a {TOOL} table are options")
        several = "select_multiple" if battery.answers == "multiple" else "select_one"
        kind = f"{several} {self._list(battery.id, options)}"
        inside: list[Row] = []
        for item in battery.items:
            row = {"type": kind, "name": item.id, **self._said("label", item.id, "text", item.text)}
            inside.append(row | self._relevant(item.show_if, f"item {item.id}"))
            self.losses.of(item, {"text", "show_if"}, f"item {item.id}")
        self._kinds |= {item.id: "multiple" if battery.answers == "multiple" else "single" for item in battery.items}
        self.losses.of(battery, holds, where)
        return [begin, *inside, {"type": "end group"}]


def _constraint(what: str, least: int | None, most: int | None) -> Row:
    parts = [f"{what} {sign} {value}" for sign, value in ((">=", least), ("<=", most)) if value is not None]
    return {"constraint": " and ".join(parts)} if parts else {}
