"""The statements of IndieValueCatalog, read in place from its published metadata."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demoscope.errors import DocumentError
from surveys.statement_templates import capitalised
from surveys.statements.sets import FORMS, Form, Statement, StatementSet, StatementSets

FILES: Mapping[Form, str] = {
    "refined": "refined_statements_meta_data.jsonl",
    "polar": "statements_meta_data.jsonl",
}
"""Where a folder of the metadata holds the statements of each form."""

DEMOGRAPHICS = "demographics_meta_data.jsonl"
PUBLISHED = "https://github.com/liweijiang/indievalue"
LISTED = ("question_id", "question_category", "answer_ids", "converted_statements")


@dataclass(frozen=True)
class DemographicQuestion:
    """What the published metadata say of one demographic question."""

    id: str
    """Name of the record, such as ``B_COUNTRY_to_continent``."""
    column: str
    """Column of the survey's file that it is read from."""
    category: str
    """What it is about, such as ``Sex``."""
    template: str
    """Statement with the slot ``{answer_var}``."""
    answers: Mapping[int, str]
    """Code -> what the slot says."""

    def say(self, code: int) -> str | None:
        """The statement for a code; ``None`` for a code that is not listed."""
        answer = self.answers.get(code)
        return None if answer is None else capitalised(self.template.replace("{answer_var}", answer))


def read_published(folder: Path) -> StatementSets:
    """Statements of all questions in both forms.

    Parameters
    ----------
    folder : Path
        Holds ``refined_statements_meta_data.jsonl`` and ``statements_meta_data.jsonl``.

    Raises
    ------
    DocumentError
        If a file is missing or is something else; the message says which line and where the files are published.
    """
    sets = []
    for form in FORMS:
        path = folder / FILES[form]
        for line, record in enumerate(_records(path, LISTED), start=1):
            try:
                sets.append(_set(record, form))
            except (ValueError, TypeError) as error:
                raise DocumentError(
                    f"{path}:{line}: not a record of statements ({error}); see {PUBLISHED}."
                ) from None
    try:
        return StatementSets(tuple(sets))
    except ValueError as error:
        raise DocumentError(f"{folder}: {error}; the files belong together as published at {PUBLISHED}.") from None


def _set(record: Mapping[str, Any], form: Form) -> StatementSet:
    texts = [capitalised(str(text)) for text in record["converted_statements"]]
    groups = [tuple(map(int, group)) for group in record["answer_ids"]]
    statements = tuple(Statement(text, codes) for text, codes in zip(texts, groups, strict=True))
    said = (str(record.get(part) or "") for part in ("original_question", "question_vars"))
    wording = " ".join(part for part in said if part).strip()
    return StatementSet(str(record["question_id"]), form, str(record["question_category"]), statements, wording)


def read_demographics(folder: Path) -> tuple[DemographicQuestion, ...]:
    """The 31 demographic questions of the published metadata.

    Raises
    ------
    DocumentError
        If the file is missing or is something else.
    """
    path = folder / DEMOGRAPHICS
    found = []
    wanted = ("question_id", "question_id_converted", "question_category", "statement_template")
    for line, record in enumerate(_records(path, wanted), start=1):
        try:
            found.append(_demographic(record))
        except (ValueError, TypeError, KeyError) as error:
            raise DocumentError(f"{path}:{line}: not a demographic record ({error!r}); see {PUBLISHED}.") from None
    return tuple(found)


def _demographic(record: Mapping[str, Any]) -> DemographicQuestion:
    if "answer_vars_map" in record:
        answers = {int(code): str(words) for code, words in record["answer_vars_map"].items()}
    else:
        pairs = zip(record["answer_ids"], record["answer_vars"], strict=True)
        answers = {int(code): str(words) for codes, words in pairs for code in codes}
    name = str(record["question_id"])
    return DemographicQuestion(
        name,
        str(record["question_id_converted"]),
        str(record["question_category"]),
        str(record["statement_template"]),
        answers,
    )


def _records(path: Path, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Records of a file with one JSON object a line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DocumentError(f"{path}: no such file; name the folder of the files published at {PUBLISHED}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path}: cannot be read ({error}).") from None
    records: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise DocumentError(f"{path}:{number}: not valid JSON ({error}).") from None
        missing = [key for key in keys if not isinstance(record, dict) or key not in record]
        if missing:
            raise DocumentError(f"{path}:{number}: the record has no {missing[0]!r}; the files are at {PUBLISHED}.")
        records.append(record)
    if not records:
        raise DocumentError(f"{path}: the file is empty; it is published at {PUBLISHED}.")
    return records
