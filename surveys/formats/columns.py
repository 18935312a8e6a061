"""Codebook and column mapping: a YAML document that says which columns of a data file answer which questions.

For surveys whose files may not be passed on: the mapping travels, the reader's own copy of the file lies beside it.
"""

import csv
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from demoscope.documents import Document, read
from demoscope.errors import DocumentError
from demoscope.tables import file_beside
from surveys.formats.codebook import read_codebook
from surveys.formats.data_file import header
from surveys.formats.draft import Draft
from surveys.formats.interface import Format, Reading
from surveys.formats.variables import Code, Variable, written
from surveys.question import Id, Kind

MOST_VALUES = 5_000
"""Different values of a column that are compared with its options."""

MOST_COLUMNS = 20_000
"""Columns of a mapping that are read."""


class Column(Document):
    """One column and the question that it answers; what is absent is taken from the file's labels."""

    column: str = Field(min_length=1)
    """Its name in the file."""
    id: Id | None = None
    """Id of the question; the column's name when absent."""
    text: str | None = None
    """Wording; that of the variable in an SPSS or Stata file or in the codebook when absent."""
    kind: Kind = "single"
    """Kind of the question."""
    options: dict[int, str] = Field(default_factory=dict)
    """Code -> label; those of the file or of the codebook when absent."""
    missing: dict[int, str] = Field(default_factory=dict)
    """Codes that mean no answer, offered as nonresponse, beside those of the whole mapping."""
    drop: tuple[int, ...] = ()
    """Codes that are never offered, such as "not asked", beside those of the whole mapping."""
    minimum: int | None = None
    """Lowest value of a scale or number."""
    maximum: int | None = None
    """Highest value of a scale or number."""
    low_label: str | None = None
    """What the lowest value of a scale means."""
    high_label: str | None = None
    """What the highest value of a scale means."""
    unit: str | None = None
    """Unit of a number."""
    instruction: str | None = None
    """How to answer."""
    dimension: str | None = None
    """Value dimension."""
    topic: str | None = None
    """Topic."""
    polarity: int | None = None
    """1 when higher codes mean more of the dimension, -1 when they mean less."""


class ColumnMapping(Document):
    """Columns of a data file as a questionnaire."""

    id: Id
    """Id of the questionnaire."""
    title: str = Field(min_length=1)
    """What people call it."""
    language: str = "en"
    """Language of the wording, as an ISO 639-1 code."""
    source: str | None = None
    """Where the questions come from and under which terms."""
    file: str | None = None
    """Data file beside the mapping: .csv, .sav, .zsav or .dta; without one the mapping says everything itself."""
    codebook: str | None = None
    """Codebook beside the mapping, as JSON: wordings and labels of columns that have none in the file."""
    missing: dict[int, str] = Field(default_factory=dict)
    """Codes that mean no answer in every column that has them among its labels, or that has no labels."""
    drop: tuple[int, ...] = ()
    """Codes that are never offered in any column."""
    columns: tuple[Column, ...] = Field(min_length=1, max_length=MOST_COLUMNS)
    """The columns, in the order in which they are asked."""

    @field_validator("file", "codebook")
    @classmethod
    def _beside(cls, name: str | None) -> str | None:
        return None if name is None else file_beside(name)


def _read(path: Path) -> Reading:
    mapping = read(ColumnMapping, path)
    draft = Draft(path, mapping.language)
    labelled, seen = _file(mapping, path)
    told = _codebook(mapping, path, labelled or seen)
    known = {
        **labelled,
        **{name: one for name, one in told.items() if name not in labelled or not labelled[name].labels},
    }
    entries = []
    for column in mapping.columns:
        content = _question(column, mapping, known.get(column.column), seen.get(column.column), draft)
        if content is not None:
            entries.append(content)
    unused = [
        name for name in (labelled or seen or known) if name not in {column.column for column in mapping.columns}
    ]
    if unused:
        named = ", ".join(unused[:8]) + (" ..." if len(unused) > 8 else "")
        draft.leave_out("the file", f"{len(unused)} columns ({named})", "the mapping does not name them")
    reading = draft.reading(mapping.id, mapping.title, entries, mapping.source)
    return Reading(reading.questionnaire.model_copy(update={"id": mapping.id}), reading.left_out)


def _file(mapping: ColumnMapping, path: Path) -> tuple[Mapping[str, Variable], Mapping[str, frozenset[str]]]:
    """Variables of an SPSS or Stata file, or the values of the mapped columns of a CSV file."""
    if mapping.file is None:
        return {}, {}
    beside = path.parent / mapping.file
    wanted = [column.column for column in mapping.columns]
    if beside.suffix.lower() in (".sav", ".zsav", ".dta"):
        found = {variable.name: variable for variable in header(beside).variables}
        _need_columns(wanted, list(found), beside, path)
        return found, {}
    if beside.suffix.lower() == ".csv":
        return {}, _values(beside, wanted, path)
    raise DocumentError(f"{path}: file: {mapping.file!r} is neither .csv nor .sav, .zsav or .dta.")


def _codebook(mapping: ColumnMapping, path: Path, there: Collection[str]) -> dict[str, Variable]:
    """Variables of the codebook, those alone that the data file has when there is one."""
    if mapping.codebook is None:
        return {}
    known = read_codebook(path.parent / mapping.codebook)
    return {name: variable for name, variable in known.items() if not there or name in there}


def _need_columns(wanted: list[str], there: list[str], beside: Path, path: Path) -> None:
    known = set(there)
    missing = [name for name in wanted if name not in known]
    if missing:
        raise DocumentError(
            f"{path}: columns: {beside.name} has no column {missing[0][:80]!r}; it has {', '.join(there[:12])}"
            f"{' ...' if len(there) > 12 else ''}."
        )


def _values(beside: Path, wanted: list[str], path: Path) -> dict[str, frozenset[str]]:
    """Column -> its values, at most so many of each."""
    try:
        with beside.open(encoding="utf-8-sig", newline="") as file:
            start = file.read(4096)
            file.seek(0)
            rows = csv.reader(file, delimiter=";" if start.count(";") > start.count(",") else ",", strict=True)
            names = next(rows, [])
            _need_columns(wanted, names, beside, path)
            places = {name: names.index(name) for name in wanted}
            found: dict[str, set[str]] = {name: set() for name in names}
            for row in rows:
                for name, place in places.items():
                    if place < len(row) and len(found[name]) < MOST_VALUES:
                        found[name].add(row[place].strip())
    except OSError as error:
        raise DocumentError(f"{beside}: the file cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise DocumentError(f"{beside}: not UTF-8 text. Save it as UTF-8.") from None
    except csv.Error as error:
        raise DocumentError(f"{beside}: not a CSV table: {error}.") from None
    return {name: frozenset(values) for name, values in found.items()}


_TAKEN = ("minimum", "maximum", "low_label", "high_label", "unit", "instruction", "dimension", "topic", "polarity")


def _question(
    column: Column, mapping: ColumnMapping, variable: Variable | None, values: frozenset[str] | None, draft: Draft
) -> dict[str, Any] | None:
    where = f"column {column.column}"
    text = column.text or (variable.label if variable else "")
    if not text:
        draft.leave_out(where, "the column", "neither the mapping nor its file or codebook has a wording for it")
        return None
    made = draft.new_id(column.id) if column.id else draft.named(column.column, where)
    content: dict[str, Any] = {"id": made, "text": draft.text(text, where), "kind": column.kind}
    content |= {name: getattr(column, name) for name in _TAKEN if getattr(column, name) is not None}
    if variable is not None and variable.instruction:
        content.setdefault("instruction", draft.text(variable.instruction, where))
    if column.kind == "scale" and variable is not None:
        _label_ends(content, variable, draft, where)
    dropped = {*mapping.drop, *column.drop}
    away = {code: label for code, label in {**mapping.missing, **column.missing}.items() if code not in dropped}
    labels = variable.labels if variable is not None else {}
    unsaid = [code for code in labels if variable is not None and variable.is_missing(code) and code not in dropped]
    codes: dict[str, int] = {}
    if column.kind in ("single", "multiple", "ranking"):
        content["options"] = _options(column, mapping, variable, away, dropped, draft)
        codes = {str(option["code"]): option["code"] for option in content["options"]}
        allowed = {*codes, *map(str, (*away, *dropped)), ""}
        _tell_strangers(values, allowed, where, draft)
    elif column.kind in ("scale", "number"):
        _tell_outside(values, content, {*away, *dropped, *unsaid}, where, draft)
    if not codes and (lost := dict.fromkeys((*column.missing, *unsaid))):
        listed = ", ".join(map(str, lost))
        draft.leave_out(where, f"the missing values {listed}", f"a {column.kind} has no options of their own")
    return draft.question(column.column, where, content, codes)


def _label_ends(content: dict[str, Any], variable: Variable, draft: Draft, where: str) -> None:
    """Ends of a scale and what they mean, from the labels of the variable where the mapping does not say."""
    labels = {code: label for code, label in variable.labels.items() if isinstance(code, int | float)}
    points = [int(code) for code in labels if not variable.is_missing(code) and float(code).is_integer()]
    for bound, label, found in (("minimum", "low_label", min), ("maximum", "high_label", max)):
        if points:
            content.setdefault(bound, found(points))
        said = draft.label(labels.get(content.get(bound, math.nan), ""), where)
        if said and said != str(content[bound]):
            content.setdefault(label, said)


def _options(
    column: Column,
    mapping: ColumnMapping,
    variable: Variable | None,
    away: Mapping[int, str],
    dropped: set[int],
    draft: Draft,
) -> list[dict[str, Any]]:
    """Options of the mapping, or of the file's labels; then the missing codes that belong to the column."""
    where = f"column {column.column}"
    listed: dict[int, str] = dict(column.options)
    declared: set[int] = set()
    if not listed and variable is not None:
        for code, label in variable.labels.items():
            if isinstance(code, str) or not float(code).is_integer():
                draft.leave_out(where, f"the label {label!r} of {written(code)}", "codes are whole numbers")
                continue
            listed[int(code)] = label
            declared |= {int(code)} if variable.is_missing(code) else set()
        own = {code: label for code, label in away.items() if code in listed or code in column.missing}
    else:
        own = dict(away)
    listed |= {code: label for code, label in own.items() if code not in listed or code in column.missing}
    return [
        {
            "code": code,
            "label": draft.label(label, where),
            **({"kind": "nonresponse"} if code in own or code in declared else {}),
        }
        for code, label in listed.items()
        if code not in dropped
    ]


def _tell_strangers(values: frozenset[str] | None, allowed: set[str], where: str, draft: Draft) -> None:
    """Note values in the file that the mapping knows nothing of."""
    strange = sorted(
        value for value in values or () if (value[:-2] if value.endswith(".0") else value) not in allowed
    )
    if strange:
        named = ", ".join(value[:30] for value in strange[:8]) + (" ..." if len(strange) > 8 else "")
        draft.leave_out(where, f"the values {named}", "the mapping has neither an option nor a missing code for them")


def _tell_outside(
    values: frozenset[str] | None, content: dict[str, Any], missing: Collection[Code], where: str, draft: Draft
) -> None:
    """Note values in the file that are no answer on a scale or to a number, and no missing code either."""
    low, high = content.get("minimum", -math.inf), content.get("maximum", math.inf)
    kind = content["kind"]

    def fits(value: str) -> bool:
        try:
            number = float(value)
        except ValueError:
            return False
        return number in missing or (low <= number <= high and (kind == "number" or number.is_integer()))

    strange = sorted(value for value in values or () if value and not fits(value))
    if strange:
        named = ", ".join(value[:30] for value in strange[:8]) + (" ..." if len(strange) > 8 else "")
        draft.leave_out(where, f"the values {named}", f"they answer no such {kind} and are no missing code")


def _recognises(head: bytes) -> bool:
    return head.startswith(b"columns:") or b"\ncolumns:" in head


FORMAT = Format("columns", "Codebook with column mapping", (".yaml", ".yml"), _recognises, _read)
