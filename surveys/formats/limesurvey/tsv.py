"""LimeSurvey's tab-separated form, .txt: a row for every setting, group, question, subquestion and answer."""

import csv
import io
import re
from pathlib import Path

from demoscope.errors import DocumentError
from surveys.formats.formulas import is_formula
from surveys.formats.interface import Format, LeftOut, Reading
from surveys.formats.limesurvey.reading import MOST_GROUPS, reading
from surveys.formats.limesurvey.survey import LimeGroup, LimeQuestion, LimeSurvey, Part
from surveys.formats.limesurvey.writing import survey_of
from surveys.formats.losses import name_lost
from surveys.formats.output import write_bytes
from surveys.formats.untrusted import read_text
from surveys.questionnaire import Questionnaire

COLUMNS = (
    "id", "related_id", "class", "type/scale", "name", "relevance", "text", "help", "language", "validation",
    "mandatory", "other", "default", "same_default",
)  # fmt: skip
"""Columns that every file has; attributes of questions stand in columns of their own after them."""

MOST_ROWS = 200_000
"""Rows that are read."""

_NEEDED = ("class", "type/scale", "name", "text")

Row = dict[str, str]


def _read(path: Path) -> Reading:
    text = read_text(path)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), dialect="excel-tab", strict=False))
    except csv.Error as error:
        raise DocumentError(f"{path}: not a tab-separated table: {error}.") from None
    if len(rows) > MOST_ROWS:
        raise DocumentError(f"{path}: {len(rows):,} rows; at most {MOST_ROWS:,} are read. Split it.")
    header = [name.strip() for name in rows[0]] if rows else []
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        needed = ", ".join(_NEEDED)
        raise DocumentError(f"{path}:1: the column {missing[0]!r} is missing; LimeSurvey's table has {needed}.")
    return reading(_Table(header).survey([row for row in rows[1:] if any(row)]), path)


class _Table:
    """Rows in the order of the file; what belongs together stands together, language after language."""

    def __init__(self, header: list[str]) -> None:
        self._header = header
        self._made = LimeSurvey()
        self._groups: dict[str, LimeGroup] = {}
        self._questions: dict[str, LimeQuestion] = {}
        self._parts: dict[tuple[str, str, str, int], Part] = {}
        self._group: LimeGroup | None = None
        self._question: LimeQuestion | None = None

    def survey(self, rows: list[list[str]]) -> LimeSurvey:
        """The survey that the rows describe."""
        cells = [dict(zip(self._header, row, strict=False)) for row in rows]
        for row in cells:
            if row.get("class") == "S" and row.get("name") == "language" and row.get("text"):
                self._made.language = row["text"].strip()
        other: dict[str, int] = {}
        settings = 0
        for row in cells:
            kind = row.get("class", "").strip()
            row["language"] = row.get("language", "").strip() or self._made.language
            if kind == "S":
                settings += row.get("name", "") not in ("language", "additional_languages", "sid")
            elif kind in _ROWS:
                _ROWS[kind](self, row)
            else:
                other[kind or "without a class"] = other.get(kind or "without a class", 0) + 1
        if settings:
            self._made.further.append(("the survey", f"{settings} settings"))
        self._made.further += [("the survey", f"{count} rows of class {kind[:40]}") for kind, count in other.items()]
        return self._made

    def says(self, row: Row) -> None:
        """A text of the survey as a whole."""
        if row.get("name") == "surveyls_title":
            self._made.titles[row["language"]] = row.get("text", "")
        elif row.get("text") and re.fullmatch(
            "surveyls_(?:description|welcometext|endtext|policy_notice)", row.get("name", "")
        ):
            what = f"its {row['name'].removeprefix('surveyls_')}: {row['text'][:100]}"
            self._made.further.append((f"the survey, {row['language']}", what))

    def group(self, row: Row) -> None:
        """A group; in a further language it is known by its number."""
        language = row["language"]
        found = self._groups.get(row.get("type/scale", "") or "-")
        if language != self._made.language and found is None:
            found = next((group for group in self._made.groups[:MOST_GROUPS] if language not in group.names), None)
        if found is None or language in found.names:
            found = LimeGroup(relevance=row.get("relevance", ""), randomized=row.get("random_group", ""))
            self._made.groups.append(found)
            if row.get("type/scale"):
                self._groups[row["type/scale"]] = found
        found.names[language] = row.get("name", "")
        found.descriptions |= {language: row["text"]} if row.get("text") else {}
        self._group, self._question = found, None

    def question(self, row: Row) -> None:
        """A question; in a further language it is known by its name."""
        language, name = row["language"], row.get("name", "")
        question = self._questions.get(name)
        if question is None or language in question.texts:
            if self._group is None:
                self._group = LimeGroup({language: self._made.titles.get(language, "")})
                self._made.groups.append(self._group)
            question = LimeQuestion(name, row.get("type/scale", "").strip())
            question.relevance, question.mandatory = row.get("relevance", ""), row.get("mandatory", "")
            question.other, question.validation = row.get("other", ""), row.get("validation", "")
            question.default = row.get("default", "")
            self._questions[name] = question
            self._group.questions.append(question)
        question.texts[language] = row.get("text", "")
        question.helps |= {language: row["help"]} if row.get("help") else {}
        for attribute in self._header:
            if attribute and attribute not in COLUMNS and row.get(attribute):
                where = language if attribute in ("suffix", "prefix", "other_replace_text") else ""
                where = language if attribute.startswith("dualscale_header") else where
                question.attributes.setdefault(attribute, {})[where] = row[attribute]
        self._question = question

    def part(self, row: Row) -> None:
        """A subquestion or an answer of the question before it."""
        if self._question is None:
            self._made.further.append(("the survey", f"a row of class {row['class']} that follows no question"))
            return
        parts = self._question.subquestions if row["class"] == "SQ" else self._question.answers
        scale = 1 if row.get("type/scale", "").strip() == "1" else 0
        code = row.get("name", "").strip()
        name = (self._question.name, row["class"], code, scale)
        part = self._parts.get(name) if row["language"] != self._made.language else None
        if part is None:
            part = Part(code, scale=scale)
            condition = row.get("relevance", "")
            if row["class"] == "SQ":
                part.relevance = condition
            else:
                part.assessment = condition
            parts.append(part)
            self._parts[name] = part
        part.texts[row["language"]] = row.get("text", "")


_ROWS = {"SL": _Table.says, "G": _Table.group, "Q": _Table.question, "SQ": _Table.part, "A": _Table.part}


def _write(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    survey, lost = survey_of(questionnaire)
    write_bytes(path, "\ufeff".encode() + as_tsv(survey).encode("utf-8", "replace"))
    return (*name_lost(questionnaire, path), *lost)


def as_tsv(survey: LimeSurvey) -> str:
    """The survey as LimeSurvey's tab-separated form."""
    names = {name for group in survey.groups for question in group.questions for name in question.attributes}
    columns = (*COLUMNS, *sorted(names))
    spoken = survey.languages
    rows: list[Row] = [
        {"class": "S", "name": "language", "text": survey.language},
        {"class": "S", "name": "additional_languages", "text": " ".join(spoken[1:])},
    ]
    for language in spoken:
        title = survey.titles.get(language) or survey.titles.get(survey.language, "")
        rows.append({"class": "SL", "name": "surveyls_title", "text": title, "language": language})
    for language in spoken:
        number = 0
        for place, group in enumerate(survey.groups, start=1):
            said = group.names.get(language) or group.names.get(survey.language, "")
            row = {"id": str(place), "class": "G", "type/scale": str(place), "name": said, "language": language}
            rows.append({**row, "relevance": group.relevance})
            for question in group.questions:
                number += 1
                rows += _question_rows(question, str(number), language, survey.language)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, dialect="excel-tab", lineterminator="\r\n", restval="")
    writer.writeheader()
    writer.writerows({name: _shown(cell) for name, cell in row.items()} for row in rows)
    return out.getvalue()


def _shown(cell: str) -> str:
    """The cell as a spreadsheet shows it: a blank goes before a formula, which neither browsers nor readers show."""
    return f" {cell}" if is_formula(cell) else cell


def _question_rows(question: LimeQuestion, number: str, language: str, base: str) -> list[Row]:
    def said(texts: dict[str, str]) -> str:
        return texts.get(language) or texts.get(base, "")

    row = {"id": number, "class": "Q", "type/scale": question.type, "name": question.name}
    row |= {"relevance": question.relevance or "1", "text": said(question.texts), "help": said(question.helps)}
    row |= {"language": language, "mandatory": "N", "other": "N"}
    row |= {name: values.get(language) or values.get("", "") for name, values in question.attributes.items()}
    rows = [row]
    for kind, parts in (("SQ", question.subquestions), ("A", question.answers)):
        for part in parts:
            condition = part.relevance or "1" if kind == "SQ" else part.assessment or "0"
            own = {"id": number, "class": kind, "type/scale": str(part.scale), "name": part.code}
            rows.append({**own, "relevance": condition, "text": said(part.texts), "language": language})
    return rows


def _recognises(head: bytes) -> bool:
    first = head.split(b"\n", 1)[0]
    return b"class\t" in first and b"type/scale" in first


FORMAT = Format("limesurvey_tsv", "LimeSurvey tab-separated", (".txt", ".tsv"), _recognises, _read, _write)
