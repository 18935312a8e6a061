"""Questionnaires of the Diversity-Enhanced Framework: one question a line, ``[2] Wording- 1: No, 2: Yes``.

The number in brackets is that of the choices, and the highest code. A line without choices is a scale whose ends the
wording describes. ``[COUNTRY]`` stands for a country. A table beside the file (``NAME_types.csv``) tells what lines
cannot: the dimension of every question, which take several choices, and ids.
"""

import csv
import io
import re
from pathlib import Path
from typing import Any

from demoscope.errors import DocumentError
from demoscope.tables import read_table
from surveys.entries import Battery, Section
from surveys.formats.draft import LONGEST, Choice, Draft
from surveys.formats.interface import Format, LeftOut, Reading
from surveys.formats.losses import Losses
from surveys.formats.output import write_text
from surveys.formats.own_csv.cells import meant, neutral
from surveys.formats.untrusted import read_text
from surveys.question import Question
from surveys.questionnaire import Questionnaire

COUNTRIES = {
    "english": ("en", "United States"),
    "chinese": ("zh", "中国"),
    "en_chinese": ("en", "China"),
    "zh_english": ("zh", "美国"),
}
"""First part of a file's name -> its language, and the country that ``[COUNTRY]`` stands for."""

COLUMNS = ("question", "id", "dimension", "type", "max_select")
"""Columns of the table beside the file; ``question`` is the number of the line, from 1."""

MOST_LINES = 20_000
"""Lines that are read."""

LONGEST_LINE = 200_000
"""Characters of a line that are read."""

_ENDING = 2_000
_TOOL = "DEF's text"
_HELD = frozenset({"text", "options", "minimum", "maximum", "low_label", "high_label", "max_selections", "dimension"})
_LINE = re.compile(r"^\s*\[\s*(\d{1,9})\s*\]\s*(.*)$")
_FIRST = re.compile(r"[-–]\s+(?=-?\d{1,15}\s*[:：])")
_CODE = re.compile(r"(-?\d{1,15})\s*[:：]\s*")
_NEXT = re.compile(r"\s*[,.;，。；、]\s*(?=-?\d{1,15}\s*[:：])")
_SPAN = re.compile(r"(?<!\d)(-?\d{1,3})\s*(?:to|-|–|到|至)\s*(-?\d{1,3})(?!\d)")
_ENDS = {
    "en": re.compile(r' On a scale of (-?\d+) to (-?\d+), where \1 means "(.*?)" and \2 means "(.*?)"\.$'),
    "zh": re.compile(r"请用(-?\d+)到(-?\d+)打分，\1表示“(.*?)”，\2表示“(.*?)”。$"),
}
_COUNTRY = re.compile(r"\{\{\s*persona\.country\s*(?:\|[^{}]*)?\}\}")


def parse_choices(text: str) -> tuple[str, list[tuple[int, str]]]:
    """Wording and choices of a line; the codes increase, so punctuation inside a choice stays in it.

    >>> parse_choices("Trust?- 1: Yes, of course: always, 2: No. 3: Unsure, 1: maybe")
    ('Trust?', [(1, 'Yes, of course: always'), (2, 'No'), (3, 'Unsure, 1: maybe')])
    """
    first = _FIRST.search(text)
    if first is None:
        return text.strip(), []
    choices: list[tuple[int, str]] = []
    rest = text[first.end() :]
    start = _CODE.match(rest)
    while start is not None:
        code, begin = int(start[1]), start.end()
        following = None
        for gap in _NEXT.finditer(rest, begin):
            found = _CODE.match(rest, gap.end())
            if found is not None and int(found[1]) > code:
                following = (gap.start(), found)
                break
        choices.append((code, rest[begin : following[0] if following else len(rest)].strip()))
        start = following[1] if following else None
    return text[: first.start()].strip(), choices


def _read(path: Path) -> Reading:
    lines = read_text(path).split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > MOST_LINES:
        raise DocumentError(f"{path}: {len(lines):,} lines; at most {MOST_LINES:,} questions are read. Split it.")
    if not any(_LINE.match(line) for line in lines):
        raise DocumentError(f"{path}:1: not a line such as `[2] Wording- 1: No, 2: Yes`, and none follows.")
    kind = re.sub(r"_?question+aires?|_rephrased", "", path.stem, flags=re.IGNORECASE).lower()
    guessed = "zh" if re.search(r"[\u4e00-\u9fff]", "".join(lines[:20])) else "en"
    language, country = COUNTRIES.get(kind, (guessed, "your country" if guessed == "en" else "贵国"))
    table = _types(path)
    draft = Draft(path, language)
    entries = []
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE:
            raise DocumentError(
                f"{path}:{number}: a line of {len(line):,} characters; at most {LONGEST_LINE:,} are read."
            )
        content = _question(line, number, table.get(number, {}), country, draft)
        if content is not None:
            entries.append(content)
    if kind not in COUNTRIES and any("[COUNTRY]" in line for line in lines):
        draft.leave_out(
            "[COUNTRY]", "the country that is meant", f"the file's name does not say; it is {country!r} where unknown"
        )
    return draft.reading(path.stem, path.stem.replace("_", " "), entries, "A questionnaire text of DEF.")


def _question(line: str, number: int, row: dict[str, str], country: str, draft: Draft) -> dict[str, Any] | None:
    where = f"line {number}"
    found = _LINE.match(line)
    if found is None:
        draft.leave_out(where, repr(line[:60]), "it does not begin with the number of choices, such as [4]")
        return None
    said, choices = parse_choices(found[2])
    highest = int(found[1])
    content: dict[str, Any] = {"id": draft.new_id(row.get("id") or f"Q{number}")}
    if row.get("dimension"):
        content["dimension"] = row["dimension"]
    codes: dict[str, int] = {}
    if choices:
        listed = [Choice(str(code), draft.label(label, where), code=code) for code, label in choices]
        content["options"], codes = draft.options(listed, where)
        if highest not in (len(choices), choices[-1][0]):
            draft.leave_out(where, f"[{highest}]", f"{len(choices)} choices up to {choices[-1][0]} follow")
        if row.get("type") == "multiple":
            content["kind"] = "multiple"
            most = row.get("max_select", "")
            content |= {"max_selections": int(most)} if re.fullmatch(r"\d{1,6}", most) else {}
        elif row.get("type") == "scaling":
            draft.leave_out(where, "type: scaling", "the line has choices")
    else:
        ends = _ENDS[draft.language].search(said, max(0, len(said) - _ENDING)) if draft.language in _ENDS else None
        spread = next((span for span in _SPAN.finditer(said) if int(span[2]) == highest), None)
        if ends is not None:
            content |= {"low_label": ends[3], "high_label": ends[4]}
            said = said[: ends.start()]
        low, high = (
            (int(ends[1]), int(ends[2])) if ends else (int(spread[1]), int(spread[2])) if spread else (1, highest)
        )
        content |= {"kind": "scale", "minimum": min(low, high), "maximum": max(low, high)}
    text = draft.text(said, where)
    content["text"] = text.replace("[COUNTRY]", f"{{{{ persona.country | {country} }}}}")
    return draft.question(content["id"], where, content, codes)


def _types(path: Path) -> dict[int, dict[str, str]]:
    """The table beside the file, by the number of the line; empty where there is none."""
    beside = path.with_name(f"{path.stem}_types.csv")
    if not beside.exists():
        return {}
    found: dict[int, dict[str, str]] = {}
    for line, cells in read_table(beside, COLUMNS):
        row = {column: meant(cell) for column, cell in cells.items()}
        if not re.fullmatch(r"\d{1,9}", row["question"]):
            raise DocumentError(
                f"{beside}:{line}: question must be the number of a line, got {row['question'][:40]!r}."
            )
        if row["type"] not in ("", "single", "multiple", "scaling"):
            raise DocumentError(
                f"{beside}:{line}: type must be single, multiple or scaling, got {row['type'][:40]!r}."
            )
        found[int(row["question"])] = row
    return found


def _write(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    losses = Losses(questionnaire, _TOOL)
    _note_groups(questionnaire, losses)
    lines: list[str] = []
    rows: list[list[str]] = []
    for question in questionnaire.questions:
        if question.kind not in ("single", "multiple", "scale"):
            losses.note(f"question {question.id}", f"the {question.kind}", "lines hold choices and scales")
            continue
        lines.append(_line(question, questionnaire.language, losses))
        kind = {"scale": "scaling"}.get(question.kind, question.kind)
        most = "" if question.max_selections is None else str(question.max_selections)
        rows.append([str(len(lines)), question.id, question.dimension or "", kind, most])
    if not lines:
        raise DocumentError(
            f"{path}: no question of {questionnaire.id!r} is a choice or a scale; nothing is written."
        )
    write_text(path, "\n".join(lines) + "\n")
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([list(COLUMNS), *(list(map(neutral, row)) for row in rows)])
    write_text(path.with_name(f"{path.stem}_types.csv"), table.getvalue())
    return losses.all()


def _line(question: Question, language: str, losses: Losses) -> str:
    where = f"question {question.id}"
    losses.of(question, _HELD if question.listed else _HELD - {"options"}, where)
    for option in question.listed:
        losses.of(option, {"code", "label"}, f"{where}, option {option.code}", said=("kind",))
    wording = f"{question.stem} {question.text}" if question.stem else question.text
    said = _COUNTRY.sub("[COUNTRY]", wording)
    if "\n" in said or "\t" in said:
        said = " ".join(said.split())
        losses.note(where, "the line breaks and tabs of its wording", "a question is one line")
    if len(said) > LONGEST:
        said = said[:LONGEST]
        losses.note(where, "the end of a long wording", f"at most {LONGEST:,} characters are read")
    if question.kind == "scale":
        low, high = question.low_label, question.high_label
        if low and high:
            said += _ends(language, question.minimum, question.maximum, low, high)
        elif low or high:
            losses.note(where, f"the label {low or high!r}", "both ends are told, or none")
        return f"[{question.maximum}] {said}"
    labels = ", ".join(f"{option.code}: {' '.join(option.label.split())}" for option in question.options)
    line = f"{said}- {labels}"
    if parse_choices(line) != (said, [(option.code, option.label) for option in question.options]):
        losses.note(where, "where its choices begin and end", "its wording or codes would be read differently")
    return f"[{len(question.options)}] {line}"


def _ends(language: str, minimum: int | None, maximum: int | None, low: str, high: str) -> str:
    if language == "zh":
        return f"请用{minimum}到{maximum}打分，{minimum}表示“{low}”，{maximum}表示“{high}”。"
    return f' On a scale of {minimum} to {maximum}, where {minimum} means "{low}" and {maximum} means "{high}".'


def _note_groups(questionnaire: Questionnaire, losses: Losses) -> None:
    """Note what belongs to groups of questions or to the whole."""
    losses.of(questionnaire, {"title", "language", "source", "entries", "translations"}, "questionnaire")
    for entry in questionnaire.entries:
        if isinstance(entry, Battery):
            losses.note(f"battery {entry.id}", "that its items belong together", "every question is a line")
        elif isinstance(entry, Section):
            losses.note(f"section {entry.id}", f"the section {entry.title or entry.id!r}", "there are lines only")
        elif not isinstance(entry, Question):
            losses.note(f"{entry.kind} {entry.id}", "how its questions vary", "there are lines only")


def _recognises(head: bytes) -> bool:
    return re.match(rb"(?:\xef\xbb\xbf)?\s*\[\s*\d{1,9}\s*\]\s*[^\s,\]]", head) is not None


FORMAT = Format("def", "DEF questionnaire text", (".txt",), _recognises, _read, _write)
