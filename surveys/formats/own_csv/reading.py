"""From the rows of the flat table to a questionnaire."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demoscope.documents import Loc, build
from demoscope.errors import DocumentError
from surveys.formats.interface import Reading
from surveys.formats.own_csv.cells import BATTERY, COLUMNS, QUESTION, SETTINGS, meant, setting
from surveys.formats.untrusted import read_text
from surveys.questionnaire import Questionnaire

DEEPEST = 20
"""Sections and loops that may be open at once."""

MOST_ROWS = 200_000
"""Rows that are read."""

_OPENING = ("section", "loop", "vignette")
_TEXTS = ("instruction", "unit", "low_label", "high_label", "none")


@dataclass(frozen=True)
class _Row:
    line: int
    cells: Mapping[str, str]
    said: dict[str, str] = field(default_factory=dict)
    """Wording by language."""

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read(path: Path) -> Reading:
    """Read the table; a cell that looks like a formula is a text like any other."""
    return Reading(_Table(path).questionnaire())


class _Table:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = list(self._read())
        self._at = 0
        self._words: dict[str, dict[str, dict[str, Any]]] = {}

    def _fail(self, line: int, message: str) -> DocumentError:
        return DocumentError(f"{self._path}:{line}: {message}.")

    def _read(self) -> Iterator[_Row]:
        text = read_text(self._path)
        head = text.split("\n", 1)[0]
        delimiter = max(",;\t", key=head.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            columns = [column.strip() for column in next(reader, [])]
            self._check(columns)
            for number, cells in enumerate(reader):
                if number >= MOST_ROWS:
                    raise self._fail(reader.line_num, f"more than {MOST_ROWS:,} rows; split the questionnaire")
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
                    raise self._fail(reader.line_num, "this row has more values than there are columns")
                by_column = dict(zip(columns, map(meant, cells), strict=False))
                said = {c[5:]: by_column[c] for c in columns if c.startswith("text:") and by_column.get(c)}
                yield _Row(reader.line_num, by_column, said)
        except csv.Error as error:
            raise DocumentError(f"{self._path}:{reader.line_num}: not a CSV table: {error}.") from None

    def _check(self, columns: list[str]) -> None:
        known = {*COLUMNS, *SETTINGS}
        for column in ("row", "id", "text"):
            if column not in columns:
                raise self._fail(1, f"the column {column!r} is missing; it needs row, id and text at least")
        for column in columns:
            if column and column not in known and not column.startswith("text:"):
                raise self._fail(1, f"unknown column {column[:60]!r}; known are {', '.join(sorted(known))}, text:xx")
            if column and columns.count(column) > 1:
                raise self._fail(1, f"the column {column[:60]!r} stands twice; keep one")

    def _peek(self) -> str:
        return self._rows[self._at]["row"].strip() if self._at < len(self._rows) else ""

    def _take(self, *kinds: str) -> Iterator[_Row]:
        """The rows that follow as long as they are of these kinds."""
        while self._at < len(self._rows) and self._peek() in kinds:
            self._at += 1
            yield self._rows[self._at - 1]

    def questionnaire(self) -> Questionnaire:
        """The whole table."""
        first = next(self._take("questionnaire"), None)
        if first is None:
            raise self._fail(2, "the first row must be the questionnaire, with its id and title")
        content: dict[str, Any] = {"id": first["id"].strip(), "title": first["text"], "splits": [], "scoring": {}}
        content["language"] = first["kind"].strip() or "en"
        for row in self._take("source"):
            content["source"] = row["text"]
        for row in self._take("split"):
            arms = {arm["id"]: self._setting(arm, "weight") for arm in self._take("arm")}
            content["splits"].append({"id": row["id"], "arms": arms})
        lines: dict[Loc, int] = {(): 1}
        content["questions"] = []
        while self._peek() not in ("", "scoring"):
            lines["questions", len(content["questions"])] = self._rows[self._at].line
            content["questions"].append(self._entry(0))
        for row in self._take("scoring"):
            items = {key["id"].strip(): self._setting(key, "polarity") for key in self._take("key")}
            content["scoring"][row["id"]] = {"items": items, **({"method": row["kind"]} if row["kind"] else {})}
        if self._at < len(self._rows):
            raise self._fail(self._rows[self._at].line, f"there is no row {self._peek()[:40]!r} at this place")
        content["translations"] = {
            language: {"title": first.said.get(language), "words": self._words.get(language, {})}
            for language in [column[5:] for column in first.cells if column.startswith("text:")]
        }
        return build(Questionnaire, content, str(self._path), lines)

    def _entry(self, depth: int) -> dict[str, Any]:
        row = self._rows[self._at]
        kind = self._peek()
        self._at += 1
        if kind == "question":
            return self._question(row)
        if kind == "battery":
            return self._battery(row)
        if kind == "conjoint":
            entry = self._settings(row, "tasks", "order") | {"kind": kind, "text": row["text"]}
            self._say(row, row["id"].strip(), "text")
            self._texts(entry)
            return entry | {"factors": self._factors(entry["id"])}
        if kind not in _OPENING:
            raise self._fail(row.line, f"there is no row {kind[:40]!r} at this place")
        if depth >= DEEPEST:
            raise self._fail(row.line, f"more than {DEEPEST} sections and loops are open at once")
        entry = self._settings(row, "order", "show_if", "over") | {"kind": kind}
        self._say(row, entry["id"], "text")
        if row["text"]:
            entry["title" if kind == "section" else "text"] = row["text"]
        if kind == "loop" and not row["over"]:
            entry["over"] = [self._listed(m, entry["id"], "over", n) for n, m in enumerate(self._take("member"))]
        if kind == "vignette":
            entry["factors"] = self._factors(entry["id"])
        entry["questions"] = []
        while self._peek() not in ("end", ""):
            entry["questions"].append(self._entry(depth + 1))
        if next(self._take("end"), None) is None:
            raise self._fail(row.line, f"the {kind} {entry['id'][:40]!r} is never closed; add a row `end`")
        return entry

    def _question(self, row: _Row) -> dict[str, Any]:
        entry = self._settings(row, *QUESTION, "kind") | {"text": row["text"]}
        self._say(row, entry["id"], "text")
        self._answers(entry)
        wordings = {}
        for wording in self._take("wording"):
            wordings[wording["id"]] = wording["text"]
            self._say(wording, entry["id"], "wordings", wording["id"])
        rules = [
            {"to": rule["id"].strip(), **({"when": rule["show_if"]} if rule["show_if"] else {})}
            for rule in self._take("go_to")
        ]
        self._exclude(entry)
        return entry | ({"wordings": wordings} if wordings else {}) | ({"go_to": rules} if rules else {})

    def _exclude(self, entry: dict[str, Any]) -> None:
        for excluded in self._take("exclude"):
            entry["exclude"] = {"reviewer": excluded["id"], "reason": excluded["text"]}

    def _battery(self, row: _Row) -> dict[str, Any]:
        entry = self._settings(row, *BATTERY) | {"kind": "battery", "text": row["text"]}
        if row["kind"]:
            entry["answers"] = row["kind"].strip()
        self._say(row, entry["id"], "text")
        self._answers(entry)
        entry["items"] = []
        for item in self._take("item"):
            made = self._settings(item, "dimension", "topic", "polarity", "show_if") | {"text": item["text"]}
            self._say(item, made["id"], "text")
            self._exclude(made)
            entry["items"].append(made)
        return entry

    def _answers(self, entry: dict[str, Any]) -> None:
        """What can be answered: instruction, unit, options and labels, in any order."""
        while self._peek() in (*_TEXTS, "option", "point"):
            self._texts(entry)
            for row in self._take("option"):
                option = self._settings(row, "code", "score", "exclusive", "pinned", "kind") | {"label": row["text"]}
                option.pop("id", None)
                if option.get("code") is None:
                    raise self._fail(row.line, "an option needs a number in the column `code`")
                entry.setdefault("options", []).append(option)
                self._say(row, entry["id"], "options", option.get("code"))
            for row in self._take("point"):
                code = self._setting(row, "code")
                entry.setdefault("point_labels", {})[code] = row["text"]
                self._say(row, entry["id"], "point_labels", code)

    def _texts(self, entry: dict[str, Any]) -> None:
        for row in self._take(*_TEXTS):
            name = row["row"].strip()
            entry[name] = row["text"]
            self._say(row, entry["id"], name)

    def _factors(self, entry: str) -> dict[str, Any]:
        factors: dict[str, Any] = {"attributes": {}}
        for row in self._take("factor"):
            settings = self._settings(row, "profiles", "identical")
            factors |= {key: value for key, value in settings.items() if key != "id"}
            self._say(row, entry, "attributes", row["id"])
            levels = enumerate(self._take("level"))
            factors["attributes"][row["id"]] = [self._listed(v, entry, f"factors.{row['id']}", n) for n, v in levels]
        return factors

    def _listed(self, row: _Row, entry: str, name: str, number: int) -> str:
        self._say(row, entry, name, number)
        return row["text"]

    def _settings(self, row: _Row, *columns: str) -> dict[str, Any]:
        entry = {column: self._setting(row, column) for column in columns if row[column] != ""}
        return {"id": row["id"].strip(), **entry}

    def _setting(self, row: _Row, column: str) -> Any:
        try:
            return setting(column, row[column])
        except ValueError as error:
            raise self._fail(row.line, str(error)) from None

    def _say(self, row: _Row, entry: str, name: str, key: object = None) -> None:
        """Note a wording in every further language."""
        for language, text in row.said.items():
            words = self._words.setdefault(language, {}).setdefault(entry, {})
            if name.startswith("factors."):
                words.setdefault("factors", {}).setdefault(name[8:], {})[key] = text
            elif key is not None:
                words.setdefault(name, {})[key] = text
            else:
                words[name] = text
