"""From an XLSForm workbook to a questionnaire."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demoscope.errors import DocumentError
from surveys.formats.draft import Choice, Draft
from surveys.formats.interface import Reading
from surveys.formats.languages import language_code
from surveys.formats.logic import Logic, Untranslatable
from surveys.formats.workbook import read_workbook
from surveys.formats.xlsform.conditions import COUNT, bounds, read_condition
from surveys.formats.xlsform.table import Row, columns, kind_of, rows

DEEPEST = 20
"""Groups that may be open at once."""

_PIPE = re.compile(r"\$\{\s*([^{}]{1,200}?)\s*\}")
_ASKED_AS_TEXT = ("date", "time", "datetime", "barcode")
_CHOICES = {"select_one": "single", "select_multiple": "multiple", "rank": "ranking"}
_PARAMETER = re.compile(r"(\w+)\s*=\s*([^\s,;]+)")


@dataclass
class _Group:
    row: Row
    kind: str
    entry: dict[str, Any]
    before: set[str]
    entries: list[dict[str, Any]] = field(default_factory=list)
    table: bool = False
    lists: set[tuple[str, str]] = field(default_factory=set)


def read(path: Path) -> Reading:
    """Read the sheets ``survey``, ``choices`` and ``settings`` of a workbook."""
    book = read_workbook(path)
    if "survey" not in book:
        raise DocumentError(
            f"{path}: there is no sheet `survey` in it; it has {', '.join(list(book)[:8]) or 'none'}."
        )
    names = {column for column, _ in columns(book["survey"])}
    if not {"type", "name"} <= names:
        raise DocumentError(f"{path}: the sheet `survey` needs the columns `type` and `name`.")
    settings = next(rows(book.get("settings", []), "settings"), Row("settings", {}, {}))
    spoken = [language for column, language in columns(book["survey"]) if column == "label" and language]
    main = settings.take("default_language") or next(iter(spoken), "en")
    form = _Form(path, main)
    for sheet in sorted(set(book) - {"survey", "choices", "settings"}):
        form.draft.leave_out(f"sheet {sheet}", f"its {len(book[sheet])} rows", "it is no sheet that is read")
    for row in rows(book.get("choices", []), "choices"):
        form.choice(row)
    for row in rows(book["survey"], "survey"):
        form.row(row)
    return form.reading(settings)


class _Form:
    def __init__(self, path: Path, main: str) -> None:
        self.draft = Draft(path, language_code(main))
        self._main = main
        self._lists: dict[str, list[Row]] = {}
        self._groups = [_Group(Row("survey", {}, {}), "", {}, set())]
        self._required = 0

    def choice(self, row: Row) -> None:
        """Note one row of the sheet ``choices``."""
        self._lists.setdefault(row.take("list_name"), []).append(row)

    def reading(self, settings: Row) -> Reading:
        if len(self._groups) > 1:
            raise DocumentError(f"{self.draft.path}: {self._groups[-1].row.where}: this group is never ended.")
        title, name = settings.take("form_title"), settings.take("form_id")
        settings.close(self.draft, "it is about the form and not about what is asked")
        for listed in self._lists.values():
            for row in listed:
                row.take("list_name")
                row.take("name")
                row.words("label")
                row.close(self.draft, "options are offered to everybody, as text")
        if self._required:
            what = f"that {self._required} questions must be answered"
            self.draft.leave_out("survey", what, "respondents here answer every question that they are asked")
        title = self.draft.label(title, "settings") or self.draft.label(name, "settings")
        return self.draft.reading(name or self.draft.path.stem, title, self._groups[0].entries)

    def row(self, row: Row) -> None:
        """Read one row of the sheet ``survey``."""
        kind, listed, other = kind_of(row.take("type"))
        name = row.take("name")
        row.where = f"{row.where} ({name[:60]})" if name else row.where
        if kind in ("begin group", "begin repeat"):
            self._begin(row, kind, name)
        elif kind in ("end group", "end repeat"):
            self._end(row, kind)
        elif kind:
            self._required += row.take("required").lower() in ("yes", "true", "1", "true()")
            for entry in self._question(row, kind, name, listed, other):
                self._groups[-1].entries.append(entry)
        row.close(self.draft)

    def _begin(self, row: Row, kind: str, name: str) -> None:
        if len(self._groups) > DEEPEST:
            raise DocumentError(f"{self.draft.path}: {row.where}: more than {DEEPEST} groups are open at once.")
        word = "section" if kind == "begin group" else "loop"
        made = self.draft.named(name, row.where, word)
        entry: dict[str, Any] = {"kind": word, "id": made}
        title = self._said(row, "label", made, "text")
        condition = self._condition(row)
        group = _Group(row, kind, entry, set(self.draft.known))
        if word == "section":
            entry |= {"title": title} if title else {}
            entry |= {"show_if": condition} if condition else {}
            if row.cells.get("appearance", "").strip() == "table-list":
                group.table = bool(row.take("appearance"))
        else:
            count = row.take("repeat_count")
            entry["over"] = [str(n) for n in range(1, min(int(count[:6]), 100) + 1)] if count.isdigit() else []
            if count and not entry["over"]:
                self.draft.leave_out(row.where, f"repeat_count: {count}", "it is no number")
            if condition:
                self.draft.leave_out(row.where, f"relevant: {condition}", "a loop has no condition of its own")
            if title:
                self.draft.leave_out(row.where, f"label: {title}", "a loop has no title")
        self._groups.append(group)

    def _end(self, row: Row, kind: str) -> None:
        if len(self._groups) == 1 or self._groups[-1].kind[6:] != kind[4:]:
            raise DocumentError(f"{self.draft.path}: {row.where}: `{kind}` ends nothing that is open.")
        group = self._groups.pop()
        entry, entries = group.entry, group.entries
        if group.kind == "begin repeat":
            self.draft.forget(set(self.draft.known) - group.before)
            if not entry["over"]:
                why = "how often it is repeated is up to the respondent"
                self.draft.leave_out(group.row.where, f"the repeat with its {len(entries)} entries", why)
                return
        if entries and group.table:
            entries = self._table(group, entries)
        elif entries:
            entries = [entry | {"questions": entries}]
        self._groups[-1].entries += entries

    def _table(self, group: _Group, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A group shown as a table: a battery when its questions are of one kind and list."""
        entry = group.entry
        same = len(group.lists) == 1 and all(
            set(one) <= {"id", "kind", "text", "options", "show_if", "ordinal"} for one in entries
        )
        if not same or "title" not in entry or any(one["kind"] not in ("single", "multiple") for one in entries):
            self.draft.leave_out(group.row.where, "appearance: table-list", "its questions have no answers in common")
            return [entry | {"questions": entries}]
        battery = {key: value for key, value in entry.items() if key != "title"} | {
            "kind": "battery",
            "text": entry["title"],
        }
        battery |= {"answers": entries[0]["kind"], "options": entries[0]["options"]}
        for words in self.draft.words.values():
            options = words.get(entries[0]["id"], {}).get("options")
            for one in entries:
                words.get(one["id"], {}).pop("options", None)
            if options:
                words.setdefault(battery["id"], {})["options"] = options
        kept = ("id", "text", "show_if")
        return [battery | {"items": [{key: one[key] for key in kept if key in one} for one in entries]}]

    def _question(self, row: Row, kind: str, name: str, listed: str, other: bool) -> list[dict[str, Any]]:
        draft = self.draft
        asked = kind in (*_CHOICES, "integer", "decimal", "range", "text", "note", *_ASKED_AS_TEXT)
        if not asked:
            label = self._wording(row.words("label").get(self._main, row.words("label").get("", "")), row.where)
            draft.leave_out(
                row.where, f"a row of type {kind[:40]}: {label}".rstrip(": "), "nobody is asked this here"
            )
            return []
        made = draft.named(name, row.where, "note" if kind == "note" else "q")
        text = self._said(row, "label", made, "text")
        content: dict[str, Any] = {"id": made, "kind": "text", "text": text or (name if kind != "note" else "")}
        hint = self._said(row, "hint", made, "instruction")
        content |= {"instruction": hint} if hint else {}
        condition = self._condition(row)
        codes: dict[str, int] = {}
        if kind in _CHOICES:
            content["kind"] = _CHOICES[kind]
            content["options"], codes = self._options(made, listed, other, row)
            content |= {"ordinal": False} if kind != "select_one" else {}
            self._groups[-1].lists.add((kind, listed))
        elif kind in ("integer", "decimal"):
            content |= {"kind": "number"} | ({"whole": True} if kind == "integer" else {})
        elif kind == "range":
            content |= self._range(row)
        elif kind == "note":
            content["kind"] = "note"
        elif kind in _ASKED_AS_TEXT:
            draft.leave_out(row.where, f"the type {kind}", "it is asked as a text")
        content |= self._constraint(row, content["kind"])
        content |= {"show_if": condition} if condition else {}
        found = draft.question(name, row.where, content, codes)
        return [] if found is None else [found]

    def _options(self, entry: str, listed: str, other: bool, row: Row) -> tuple[list[dict[str, Any]], dict[str, int]]:
        choices = []
        for item in self._lists.get(listed, []):
            words = item.words("label")
            label = self._wording(
                words.get(self._main) or words.get("") or next(iter(words.values()), ""), item.where
            )
            choices.append(Choice(item.take("name"), " ".join(label.split())))
        if listed not in self._lists:
            self.draft.leave_out(row.where, f"the list {listed[:60]!r}", "it is not in the sheet `choices`")
        if other:
            choices.append(Choice("other", "Other", {"pinned": True}))
            self.draft.leave_out(row.where, "the text beside 'other'", "an option has no text of its own")
        options, codes = self.draft.options(choices, row.where)
        for item in self._lists.get(listed, []):
            for language, text in item.words("label").items():
                if language and language != self._main:
                    code = codes[item.take("name")]
                    self.draft.translate_option(language, entry, "options", code, self._wording(text, item.where))
        return options, codes

    def _range(self, row: Row) -> dict[str, Any]:
        said = dict(_PARAMETER.findall(row.take("parameters")))
        numbers = {
            key: int(v) if re.fullmatch(r"-?\d{1,9}", v := said.get(key, usual)) else None for key, usual in _RANGE
        }
        start, end, step = numbers["start"], numbers["end"], numbers["step"]
        if start is None or end is None or step != 1 or not 0 < end - start <= 100:
            known = {"minimum": start, "maximum": end}
            self.draft.leave_out(row.where, f"parameters: {row.take('parameters')}", "it is asked as a number")
            return {"kind": "number"} | {key: value for key, value in known.items() if value is not None}
        return {"kind": "scale", "minimum": start, "maximum": end}

    def _constraint(self, row: Row, kind: str) -> dict[str, Any]:
        """Bounds of a number, or of how many options are chosen; what else is constrained is left out."""
        text = row.take("constraint")
        if not text:
            return {}
        try:
            logic: Logic = read_condition(text)
        except Untranslatable as error:
            self.draft.leave_out(row.where, f"constraint: {text}", str(error))
            return {}
        found = bounds(logic, "." if kind == "number" else f"{COUNT}.")
        names = {"number": ("minimum", "maximum"), "multiple": ("min_selections", "max_selections")}.get(kind)
        if found.rest or names is None:
            self.draft.leave_out(row.where, f"constraint: {text}", "answers have bounds alone here")
        if names is None:
            return {}
        return {key: value for key, value in zip(names, (found.least, found.most), strict=True) if value is not None}

    def _condition(self, row: Row) -> str | None:
        text = row.take("relevant")
        if not text:
            return None
        try:
            return self.draft.condition(read_condition(text), row.where, f"relevant: {text}")
        except Untranslatable as error:
            self.draft.leave_out(row.where, f"relevant: {text}", str(error))
            return None

    def _said(self, row: Row, column: str, entry: str, name: str) -> str:
        """A wording in the form's language; the others are noted for the entry."""
        words = row.words(column)
        for language, text in words.items():
            if language and language != self._main:
                self.draft.translate(language, entry, name, self._wording(text, row.where))
        text = words.get(self._main) or words.get("") or ""
        if not text and words and column == "label":
            language, text = next(iter(words.items()))
            self.draft.leave_out(row.where, f"that its {column} is in {language}", f"it has none in {self._main}")
        return self._wording(text, row.where)

    def _wording(self, text: str, where: str) -> str:
        return self.draft.piped(self.draft.text(text, where), _PIPE, where)


_RANGE = (("start", "0"), ("end", "10"), ("step", "1"))
"""Parameters of a range, and what they are when they are not given."""
