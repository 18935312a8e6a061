"""Tidy answers: one row an answer and chosen option, as Arrow batches with dictionary columns.

Integer ids and codes are read from the store; labels, names and what is known of people are joined as dictionaries.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.export.columns import Column, texts
from analysis.export.provenance import Provenance
from analysis.export.withholding import hashed
from analysis.reading import Results
from analysis.records import STATUSES, CodedEnding

if TYPE_CHECKING:
    import pyarrow as pa

Integers = NDArray[np.int64]

AT_ONCE = 100_000
"""Rows of a batch."""

METHODS = ("text", "token", "sequence", "verbalized")
PLACES = ("country", "state", "city")


@dataclass(frozen=True)
class _Dimension:
    """A table that answers point to: its ids in order, and its columns beside them."""

    ids: Integers
    columns: dict[str, Column]

    def of(self, ids: Integers) -> Integers:
        """Places of ids, -1 for those that it does not have."""
        places = np.searchsorted(self.ids, ids).astype(np.int64)
        places[places == len(self.ids)] = 0
        return np.where(self.ids[places] == ids, places, -1) if len(self.ids) else np.full(len(ids), -1)


def tidy_batches(results: Results, provenance: Provenance, key: bytes | None) -> Iterator["pa.RecordBatch"]:
    """All answers of a store, batch by batch, and after them its open answers in codes, where it was opened with any
    (:func:`analysis.coded.open_coded`); there is one batch at least.

    Parameters
    ----------
    provenance : Provenance
        Where the data come from; its mark stands in every row.
    key : bytes, optional
        With it, what is known of people is replaced by a hash (see :mod:`analysis.export.withholding`).

    Yields
    ------
    pyarrow.RecordBatch
        The columns ``synthetic``, ``cell``, ``condition``, ``model``, ``language``, ``respondent``, ``persona``,
        ``weight``, ``question``, ``text``, ``kind``, ``method``, ``replicate``, ``status``, ``code``, ``label``,
        ``option_kind``, ``rank``, ``amount``, ``value``, ``open_answer``, ``reason``, ``country``, ``state``,
        ``city`` and one for each persona attribute (``person_...``); with a key ``person_hash`` instead of these.

    Raises
    ------
    StoreError
        If the store is damaged.
    """
    import pyarrow as pa

    joined = _Joined(results, provenance, key)
    empty = True
    for rows in results.chunks(_SQL, AT_ONCE):
        empty = False
        yield joined.batch(rows)
    coded = [_row(each) for cell in results.cells for each in results.coded_endings(cell)]
    for start in range(0, len(coded), AT_ONCE):
        yield joined.batch(coded[start : start + AT_ONCE])
    if empty:
        yield pa.RecordBatch.from_arrays(
            [array.slice(0, 0) for array in joined.batch([_NOBODY]).columns], schema=joined.batch([_NOBODY]).schema
        )


_SQL = f"""SELECT a.respondent_id, a.question_id,
CASE a.method {" ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(METHODS))} END, a.replicate,
CASE a.status {" ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(STATUSES))} END,
o.code, o.rank, o.amount, a.value, a.text, a.reason
FROM answers a LEFT JOIN answer_options o USING (respondent_id, question_id, method, replicate)"""

_NOBODY = (0, 0, 0, 0, 0, None, None, None, None, None, None)
"""A row of nobody, from which an empty batch has its types."""


def _row(coded: CodedEnding) -> tuple[Any, ...]:
    """A row as those of the query."""
    method, status = METHODS.index(coded.method), STATUSES.index(coded.status)
    about = (coded.respondent, coded.question, method, coded.replicate, status)
    return (*about, coded.code, None, None, None, None, coded.reason)


class _Joined:
    """Everything that answers are joined with, read once."""

    def __init__(self, results: Results, provenance: Provenance, key: bytes | None) -> None:
        self._mark = Column([provenance.mark])
        self._sentence = provenance.sentence
        cells = results.rows(
            """SELECT c.id, c.name, c.condition, m.name, c.language
            FROM cells c JOIN models m ON m.id = c.model_id ORDER BY c.id"""
        )
        self._cells = _dimension(cells, ("cell", "condition", "model", "language"))
        coded = [question for question in results.questions if question.codes_of is not None]
        questions = results.rows("SELECT id, name, text, kind FROM questions ORDER BY id")
        questions += [(each.id, each.name, each.text, each.kind) for each in coded]
        self._questions = _dimension(questions, ("question", "text", "kind"))
        people = results.rows(
            """SELECT r.id, r.persona_id, p.weight, r.cell_id FROM respondents r
            JOIN personas p ON p.id = r.persona_id ORDER BY r.id"""
        )
        self._people = _dimension(people, ("persona", "weight"))
        self._personas = _personas(results, key)
        self._cell_of = self._cells.of(np.array([row[3] for row in people], dtype=np.int64))
        self._persona_of = self._personas.of(np.array([row[1] for row in people], dtype=np.int64))
        options = results.rows("SELECT question_id, code, label, kind FROM options ORDER BY 1, 2")
        options += sorted((each.id, one.code, one.label, "substantive") for each in coded for one in each.choices)
        self._option_keys = np.array([row[:2] for row in options], dtype=np.int64).reshape(-1, 2)
        self._options = {
            "label": Column([row[2] for row in options]),
            "option_kind": Column([row[3] for row in options]),
        }

    def batch(self, rows: Sequence[Sequence[Any]]) -> "pa.RecordBatch":
        """Rows of the query with all that belongs to them."""
        import pyarrow as pa

        respondent, question, method, replicate, status, code, rank, amount, value, text, reason = zip(
            *rows, strict=True
        )
        who = self._people.of(np.array(respondent, dtype=np.int64))
        known = who >= 0
        cell, persona = (np.where(known, of[who], -1) if len(of) else who for of in (self._cell_of, self._persona_of))
        asked = self._questions.of(np.array(question, dtype=np.int64))
        codes = pa.array(code, pa.int64())
        option = self._option(np.array(question, dtype=np.int64), codes)
        columns: dict[str, Any] = {
            "synthetic": self._mark.at(np.zeros(len(rows), dtype=np.int64)),
            **{name: column.at(cell) for name, column in self._cells.columns.items()},
            "respondent": pa.array(respondent, pa.int64()),
            **{name: column.at(who) for name, column in self._people.columns.items()},
            **{name: column.at(asked) for name, column in self._questions.columns.items()},
            "method": pa.DictionaryArray.from_arrays(pa.array(method, pa.int32()), list(METHODS)),
            "replicate": pa.array(replicate, pa.int32()),
            "status": pa.DictionaryArray.from_arrays(pa.array(status, pa.int32()), list(STATUSES)),
            "code": codes,
            **{name: column.at(option) for name, column in self._options.items()},
            "rank": pa.array(rank, pa.int32()),
            "amount": pa.array(amount, pa.float64()),
            "value": pa.array(value, pa.float64()),
            "open_answer": texts(text),
            "reason": texts(reason),
            **{name: column.at(persona) for name, column in self._personas.columns.items()},
        }
        metadata = {"synthetic": "true", "demoscope": self._sentence}
        schema = pa.schema([(name, array.type) for name, array in columns.items()], metadata=metadata)
        return pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)

    def _option(self, question: Integers, codes: "pa.Array") -> Integers:
        """Places of chosen options, -1 where none was chosen."""
        chosen = np.asarray(codes.is_valid())
        if not len(self._option_keys) or not chosen.any():
            return np.full(len(question), -1)
        code = codes.fill_null(0).to_numpy(zero_copy_only=False)
        low, high = int(self._option_keys[:, 1].min()), int(self._option_keys[:, 1].max())
        span = high - low + 1
        keys = self._option_keys[:, 0] * span + self._option_keys[:, 1] - low
        wanted = question * span + code - low
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found = chosen & (code >= low) & (code <= high) & (keys[places] == wanted)
        return np.where(found, places, -1)


def _dimension(rows: list[Any], names: Sequence[str]) -> _Dimension:
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    return _Dimension(ids, {name: Column([row[n] for row in rows]) for n, name in enumerate(names, start=1)})


def _personas(results: Results, key: bytes | None) -> _Dimension:
    """What is known of people; with a key one hash of it."""
    rows = results.rows("SELECT id, attributes, country, state, city, source_row FROM personas ORDER BY id")
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    if key is not None:
        return _Dimension(ids, {"person_hash": Column([hashed(json.dumps(row[1:]), key) for row in rows])})
    known = [json.loads(row[1]) for row in rows]
    names = list(dict.fromkeys(name for attributes in known for name in attributes))
    columns = {name: Column([row[n] for row in rows]) for n, name in enumerate(PLACES, start=2)}
    for name in names:
        columns[f"person_{name}"] = Column([attributes.get(name) for attributes in known])
    return _Dimension(ids, columns)
