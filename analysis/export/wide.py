"""Wide answers: one row a respondent, one variable a question, with labels and codes for what is missing."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analysis.export.provenance import Provenance
from analysis.export.withholding import hashed
from analysis.reading import Results
from analysis.records import UNCODED, Asked

LONGEST_NAME = 32
"""Letters of a variable's name that all tools allow."""

LONGEST_TEXT = 2000
"""Characters of a text in a variable, as many as all tools hold; the tidy exports hold all of it."""

MISSING = {
    "refused": "refused: the model declined",
    "invalid": "invalid: the reply could not be read",
    "failed": "failed: no reply",
    "skipped": "skipped by routing",
    "not asked": "not asked, or not answered yet",
}
"""Why a value is missing, in the order of the missing codes."""

HIGHEST_MISSING = -91
"""Code of the first of them, where no answer has it."""


RESERVED = frozenset(
    {"all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with", "byte", "double", "float"}
    | {"if", "in", "int", "long", "str", "strl", "using"}
)
"""Words that SPSS or Stata keep for themselves."""


@dataclass
class Variable:
    """One variable with all its values, a value a row."""

    name: str
    label: str
    values: "np.ndarray[Any, Any]"
    """Numbers (NaN is empty), or texts as objects (``None`` is empty)."""
    labels: dict[int, str] = field(default_factory=dict)
    """Codes of answers with their labels, those of :attr:`nonresponse` too, without the missing codes."""
    nonresponse: tuple[int, ...] = ()
    """Codes of answers such as a "don't know"."""
    missing: dict[int, str] = field(default_factory=dict)
    """The missing codes with what they mean in it; empty where none of them may stand in it."""
    question: str | None = None
    """Wording of the question that it holds answers to."""

    @property
    def is_text(self) -> bool:
        """Whether its values are texts."""
        return bool(self.values.dtype == object)


@dataclass
class Wide:
    """All variables of a store."""

    variables: list[Variable]
    missing: dict[int, str]
    """Missing codes with why: refused, invalid, failed, skipped, not asked. Variables may say more of them."""
    rows: int


def wide_table(results: Results, provenance: Provenance, key: bytes | None) -> Wide:
    """One row for every respondent and repeat of a store: answers of the method ``text``, and their codes where it
    was opened with any (:func:`analysis.coded.open_coded`).

    A multiple choice has a variable for each option (1 named, 0 not), a ranking the rank and an allocation the points
    of each option.

    Parameters
    ----------
    provenance : Provenance
        Where the data come from.
    key : bytes, optional
        With it, what is known of people is replaced by a hash.

    Raises
    ------
    StoreError
        If the store is damaged.
    """
    repeats = (results.rows("SELECT max(replicate) FROM answers WHERE method = 'text'")[0][0] or 0) + 1
    people = results.rows(
        """SELECT r.id, c.name, c.condition, m.name, r.persona_id, p.weight, p.attributes, p.country, p.state, p.city,
        p.source_row FROM respondents r JOIN cells c ON c.id = r.cell_id JOIN models m ON m.id = c.model_id
        JOIN personas p ON p.id = r.persona_id ORDER BY r.id"""
    )
    rows = len(people) * repeats
    place = {row[0]: n * repeats for n, row in enumerate(people)}
    missing = _missing_codes(results)
    made = _about_people(people, repeats, provenance, key)
    of_question = {question.id: _Answered(question, rows, missing) for question in results.questions}
    for chunk in results.chunks(_SQL, 100_000):
        for respondent, question, replicate, status, code, rank, amount, value, text in chunk:
            if question in of_question:
                of_question[question].take(place[respondent] + replicate, status, code, rank, amount, value, text)
    for cell in results.cells:
        for one in results.coded_endings(cell):
            if one.method == "text":
                row = place[one.respondent] + one.replicate
                of_question[one.question].take(row, one.status, one.code, None, None, None, None)
    for answered in of_question.values():
        made += answered.variables()
    _name(made)
    return Wide(made, missing, rows)


_SQL = """SELECT a.respondent_id, a.question_id, a.replicate, a.status, o.code, o.rank, o.amount, a.value,
CASE WHEN q.kind = 'text' THEN a.text END
FROM answers a JOIN questions q ON q.id = a.question_id
LEFT JOIN answer_options o USING (respondent_id, question_id, method, replicate) WHERE a.method = 'text'"""


def _missing_codes(results: Results) -> dict[int, str]:
    """Five codes in a row that are nobody's answer."""
    low, high = results.rows(
        """SELECT min(v), max(v) FROM (SELECT code AS v FROM options UNION ALL SELECT amount FROM answer_options
        UNION ALL SELECT value FROM answers)"""
    )[0]
    coded = [one.code for question in results.questions if question.codes_of is not None for one in question.choices]
    known = [value for value in (low, high, *coded) if value is not None]
    first = HIGHEST_MISSING
    while known and min(known) <= first and max(known) >= first - len(MISSING):
        first -= 100
    return {first - n: why for n, why in enumerate(MISSING.values())}


class _Answered:
    """The answers to one question as they come in."""

    def __init__(self, question: Asked, rows: int, missing: dict[int, str]) -> None:
        self._question = question
        self._codes = dict(zip(MISSING, missing, strict=True))
        self._missing = missing if question.codes_of is None else missing | {self._codes["skipped"]: UNCODED}
        self._labels = {choice.code: choice.label for choice in question.choices}
        self._each = question.kind in ("multiple", "ranking", "allocation")
        self._whole = np.full(rows, None, dtype=object) if question.kind == "text" else self._empty(rows)
        self._columns = {choice.code: self._empty(rows) for choice in question.choices} if self._each else {}

    def _empty(self, rows: int) -> "np.ndarray[Any, Any]":
        return np.full(rows, self._codes["not asked"], dtype=np.float64)

    def take(
        self,
        row: int,
        status: str,
        code: int | None,
        rank: int | None,
        amount: float | None,
        value: float | None,
        text: str | None,
    ) -> None:
        """One row of the store."""
        kind = self._question.kind
        columns = list(self._columns.values()) if self._each else [self._whole]
        if status != "answered":
            for column in columns:
                column[row] = None if kind == "text" else self._codes[status]
        elif kind == "text":
            self._whole[row] = text
        elif not self._each:
            self._whole[row] = code if code is not None else np.nan if value is None else value
        else:
            blank = np.nan if kind == "ranking" else 0.0
            for column in columns:
                if column[row] == self._codes["not asked"]:
                    column[row] = blank
            if code in self._columns:
                self._columns[code][row] = rank if rank is not None else amount if amount is not None else 1.0

    def variables(self) -> Iterable[Variable]:
        """What came in."""
        q = self._question
        away = tuple(choice.code for choice in q.choices if not choice.substantive)
        if not self._each:
            label, asked = (q.text, q.text) if q.codes_of is None else (f"{q.codes_of} in codes: {q.text}", None)
            labels, missing = (self._labels, self._missing) if q.kind != "text" else ({}, {})
            yield Variable(q.name, label, self._whole, labels, away, missing, question=asked)
        for code, values in self._columns.items():
            labels = {0: "not named", 1: "named"} if q.kind == "multiple" else {}
            name, label = f"{q.name}_{code}".replace("-", "m"), f"{self._labels[code]} ({q.text})"
            yield Variable(name, label, values, labels, missing=self._missing, question=q.text)


def _about_people(people: Sequence[Any], repeats: int, provenance: Provenance, key: bytes | None) -> list[Variable]:
    """Who answers, and what is known of them."""
    rows = len(people) * repeats
    fixed = [
        Variable("synthetic", "Synthetic data: 1 in every row; answers of a model, not of a person", np.ones(rows)),
        _texts("wave", "Wave", [provenance.mark] * rows),
        _numbers("respondent", "Number of the respondent", [row[0] for row in people], repeats),
        Variable(
            "replicate", "Repeat of the questionnaire, from 0", np.tile(np.arange(repeats, dtype=float), len(people))
        ),
    ]
    fixed[0].labels = {1: "synthetic"}
    for name, label, place in (("cell", "Cell", 1), ("condition", "Condition", 2), ("model", "Model", 3)):
        fixed.append(_texts(name, label, _repeated([row[place] for row in people], repeats)))
    fixed.append(_numbers("persona", "Number of the persona, shared by cells", [row[4] for row in people], repeats))
    fixed.append(_numbers("weight", "How many people the persona stands for", [row[5] for row in people], repeats))
    if key is not None:
        hashes = [hashed(json.dumps(row[6:]), key) for row in people]
        return [*fixed, _texts("person_hash", "Keyed hash of a restricted person", _repeated(hashes, repeats))]
    for name, label, place in (("country", "Country", 7), ("state", "State", 8), ("city", "City", 9)):
        fixed.append(_texts(name, label, _repeated([row[place] for row in people], repeats)))
    known = [json.loads(row[6]) for row in people]
    for name in dict.fromkeys(name for attributes in known for name in attributes):
        values = [attributes.get(name) for attributes in known]
        if all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
            fixed.append(_numbers(f"person_{name}", f"Person: {name}", values, repeats))
        else:
            said = [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
            fixed.append(_texts(f"person_{name}", f"Person: {name}", _repeated(said, repeats)))
    return fixed


def _repeated(values: Sequence[Any], repeats: int) -> list[Any]:
    return [value for value in values for _ in range(repeats)]


def _numbers(name: str, label: str, values: Sequence[float | None], repeats: int) -> Variable:
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return Variable(name, label, np.repeat(numbers, repeats))


def _texts(name: str, label: str, values: Sequence[str | None]) -> Variable:
    found = np.full(len(values), None, dtype=object)
    found[:] = values
    return Variable(name, label, found)


def _name(variables: list[Variable]) -> None:
    """Give every variable a name that SPSS and Stata allow, unlike all others in either case."""
    taken: set[str] = set()
    for variable in variables:
        plain = re.sub(r"[^A-Za-z0-9_]", "_", variable.name)
        plain = plain if re.match(r"[A-Za-z]", plain) and plain.lower() not in RESERVED else f"v_{plain}"
        name, number = plain[:LONGEST_NAME], 2
        while name.lower() in taken:
            name, number = f"{plain[: LONGEST_NAME - len(str(number)) - 1]}_{number}", number + 1
        taken.add(name.lower())
        variable.name = name
